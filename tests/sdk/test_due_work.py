"""What is due happens within a second of its instant, though nobody asks for the wallet.

The events log is the only witness: it is read without bringing anything about, and tells when it happened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.books import check_books
from support.server import Server
from support.shop import Wallet, created, fresh, from_now, iso, new_currency, new_customer
from support.told import Event, Reader, behind_the_last, of
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"
SOON = 1.5
WITHIN = timedelta(seconds=1)


@pytest.fixture(scope="module")
def idle(own_server: Server) -> Iterator[Wire]:
    """A production environment, whose clock is everybody's, and in which nothing else is going on."""
    client = Wire(own_server.url, own_server.production_key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def money(idle: Wire) -> str:
    return new_currency(idle)


@pytest.fixture
def wallet(idle: Wire, money: str) -> Wallet:
    return Wallet(new_customer(idle), money)


def wait(idle: Wire, reader: Reader, wallet: Wallet, due: datetime, count: int) -> list[Event]:
    """The events that time brings at an instant; each was there within a second of it."""
    while datetime.now(UTC) < due + WITHIN:
        told = of(reader.catch_up(idle).events, wallet)
        found = [event for event in told if event["traceId"] is None]
        if len(found) >= count:
            break
        time.sleep(0.02)
    assert len(found) == count, [event["type"] for event in found]
    assert {event["timestamp"] for event in found} == {iso(due)}
    assert datetime.now(UTC) >= due, "sooner than it was due"
    check_books(idle, wallet.customer)
    return found


def types(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def test_a_grant_begins_and_settles_a_debt(idle: Wire, wallet: Wallet) -> None:
    created(idle.post(CONSUMPTION, wallet.consume_body(10)), 200)
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    created(idle.post(GRANTS, wallet.grant_body(30, effectiveAt=iso(due))))
    found = wait(idle, reader, wallet, due, 4)
    # It becomes usable, the debt moves to it, and is settled.
    assert types(found) == ["credit_grant.updated"] * 3 + ["credit_grant.voided"]
    assert [event["grant"]["remainingBalance"] for event in found] == [30, 0, 20, 0]


def test_a_grant_ends_and_the_balance_is_low(idle: Wire, wallet: Wallet) -> None:
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    created(idle.post(GRANTS, wallet.grant_body(30, expireAt=iso(due))))
    created(idle.post(GRANTS, wallet.grant_body(10, priority=1)))
    created(idle.post(CONSUMPTION, wallet.consume_body(9)), 200)
    # Of forty credits thirty-one were left; of ten it is one.
    (ended, low) = wait(idle, reader, wallet, due, 2)
    assert types([ended, low]) == ["credit_grant.expired", "credit_balance.low"]
    assert (low["totalGranted"], low["remainingBalance"]) == (10, 1)


def test_the_last_grant_ends_and_nothing_is_left(idle: Wire, wallet: Wallet) -> None:
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    created(idle.post(GRANTS, wallet.grant_body(30, expireAt=iso(due))))
    found = wait(idle, reader, wallet, due, 3)
    assert types(found) == ["credit_grant.expired", "credit_balance.low", "credit_balance.depleted"]


def test_a_grant_ends_in_a_week(idle: Wire, wallet: Wallet) -> None:
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    body = wallet.grant_body(30, expireAt=iso(due + timedelta(days=7)))
    made = created(idle.post(GRANTS, body))
    (soon,) = wait(idle, reader, wallet, due, 1)
    assert (soon["type"], soon["grant"]["id"]) == ("credit_grant.expiring", made["id"])
    assert soon["grant"]["expireAt"] == iso(due + timedelta(days=7))


def test_a_hold_times_out_and_settles_a_debt(idle: Wire, wallet: Wallet) -> None:
    created(idle.post(GRANTS, wallet.grant_body(10)))
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    hold = wallet.body() | {"reservationId": "job", "amount": 10, "expiresAt": iso(due)}
    created(idle.post("/api/v1/credits/reservations", hold), 200)
    created(idle.post(CONSUMPTION, wallet.consume_body(4)), 200)
    found = wait(idle, reader, wallet, due, 3)
    assert types(found) == ["credit_grant.updated"] * 2 + ["credit_grant.voided"]
    ended = {"customerId": wallet.customer, "eventType": "CREDITS_RESERVATION_EXPIRED"}
    rows = idle.get("/api/v1/credits/ledger", **ended).json()["data"]
    assert [row["timestamp"] for row in rows] == [iso(due)]


def test_an_expiry_recharges(idle: Wire, wallet: Wallet) -> None:
    setting: dict[str, Any] = wallet.body() | {
        "isEnabled": True, "thresholdValue": 20, "targetBalance": 50,
        "unitCost": {"amount": 1, "currency": "usd"},
    }
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    created(idle.post(GRANTS, wallet.grant_body(30, expireAt=iso(due))))
    created(idle.put("/api/v1/credits/auto-recharge", setting), 200)
    found = wait(idle, reader, wallet, due, 3)
    assert types(found) == [
        "credit_grant.expired", "automatic_recharge.operation.attempted", "credit_grant.created",
    ]
    assert found[1]["amount"] == 50


def test_a_period_begins(idle: Wire, wallet: Wallet) -> None:
    reader, due = behind_the_last(idle), from_now(seconds=SOON)
    body = wallet.body() | {"amount": 7, "cadence": "YEAR", "displayName": "Basic", "anchor": iso(due)}
    created(idle.put(f"/api/v1/credits/recurring-grants/{fresh('basic')}", body), 200)
    (began,) = wait(idle, reader, wallet, due, 1)
    assert (began["type"], began["grant"]["grantType"]) == ("credit_grant.created", "RECURRING")
    assert began["grant"]["effectiveAt"] == iso(due)


def test_what_fell_due_while_it_was_down(own_server: Server, idle: Wire, money: str) -> None:
    """It is brought about at the start, and carries the instant at which it was due."""
    wallets = [Wallet(new_customer(idle), money) for _ in range(20)]
    reader = behind_the_last(idle)
    due = from_now(seconds=0.8)
    for wallet in wallets:
        created(idle.post(GRANTS, wallet.grant_body(5, expireAt=iso(due))))
    own_server.kill()
    time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
    own_server.start()
    again = Wire(own_server.url, own_server.production_key)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        told = reader.catch_up(again).events
        if sum(event["type"] == "credit_balance.depleted" for event in told) == len(wallets):
            break
        time.sleep(0.02)
    for wallet in wallets:
        found = [event for event in of(told, wallet) if event["traceId"] is None]
        assert types(found) == ["credit_grant.expired", "credit_balance.low", "credit_balance.depleted"]
        assert {event["timestamp"] for event in found} == {iso(due)}
    again.close()
