"""Consumed credits that are given back, by the consumption's key or by the reservation."""

from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, fresh, grant
from support.wire import Wire

PATH = "/api/v1/credits/consumption/refund"


def body(wallet: Wallet, **fields: Any) -> dict[str, Any]:
    return wallet.body() | {"idempotencyKey": fresh("refund")} | fields


def refund(wire: Wire, wallet: Wallet, **fields: Any) -> dict[str, Any]:
    return created(wire.post(PATH, body(wallet, **fields)), 200)


def test_all_of_it(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    key = fresh("key")
    consume(api, wallet, 30, idempotency_key=key)
    told = refund(wire, wallet, consumptionKey=key)
    assert (told["amount"], told["refundedAmount"], told["credit"]["currentUsage"]) == (30, 30, 0)
    assert told["consumptionKey"] == key
    check_refusal(wire.post(PATH, body(wallet, consumptionKey=key)), 400, "InvalidArgumentError")
    rows = [(row.event_type, row.amount) for row in api.ledger(wallet.customer)]
    assert rows[:2] == [("CREDITS_CONSUMED", 30), ("CREDITS_CONSUMED", -30)]
    # The consumption's key is still taken.
    assert consume(api, wallet, 30, idempotency_key=key).credit.current_usage == 0
    check_books(wire, wallet.customer)


def test_in_parts_and_once_for_each_key(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 10)
    key, own = fresh("key"), fresh("refund")
    consume(api, wallet, 9, idempotency_key=key)
    first = refund(wire, wallet, consumptionKey=key, amount=2, idempotencyKey=own)
    second = refund(wire, wallet, consumptionKey=key, amount=3)
    again = refund(wire, wallet, consumptionKey=key, amount=2, idempotencyKey=own)
    assert {name: again[name] for name in ("amount", "refundedAmount", "timestamp")} == {
        name: first[name] for name in ("amount", "refundedAmount", "timestamp")
    }
    assert again["credit"] == second["credit"]
    other = body(wallet, consumptionKey=key, amount=1, idempotencyKey=own)
    check_refusal(wire.post(PATH, other), 409, "DuplicatedEntityNotAllowed", "idempotencyKey")
    check_refusal(wire.post(PATH, body(wallet, consumptionKey=key, amount=5)), 400, "InvalidArgumentError", "4")
    check_books(wire, wallet.customer)


def test_what_was_overdrawn(api: Api, wire: Wire, wallet: Wallet) -> None:
    key = fresh("key")
    consume(api, wallet, 50, idempotency_key=key)
    refund(wire, wallet, consumptionKey=key, amount=10)
    assert api.balance(wallet.customer, wallet.currency) == -40
    grant(api, wallet, 60)
    assert refund(wire, wallet, consumptionKey=key)["amount"] == 40
    assert api.balance(wallet.customer, wallet.currency) == 60
    check_books(wire, wallet.customer)


def test_a_release(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    api.credit(
        wallet.customer, wallet.currency, reserve_amount=20, reservation_id="job", reservation_ttl_seconds=600
    )
    check_refusal(wire.post(PATH, body(wallet, reservationId="job")), 400, "InvalidArgumentError")
    api.v1.credits.reservations.release("job", consumed_amount=25, **wallet.ids())
    assert refund(wire, wallet, reservationId="job", amount=10)["refundedAmount"] == 10
    assert refund(wire, wallet, reservationId="job")["amount"] == 15
    assert api.balance(wallet.customer, wallet.currency) == 100
    check_books(wire, wallet.customer)


def test_many_at_once_give_back_no_more_than_was_taken(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    key = fresh("key")
    consume(api, wallet, 50, idempotency_key=key)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: wire.post(PATH, body(wallet, consumptionKey=key, amount=7)), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [400] * 13
    assert api.balance(wallet.customer, wallet.currency) == 99
    check_books(wire, wallet.customer)


def test_unknown(wire: Wire, wallet: Wallet) -> None:
    check_refusal(wire.post(PATH, body(wallet, consumptionKey="none")), 404, "CreditConsumptionNotFound", "consumptionKey")
    check_refusal(wire.post(PATH, body(wallet, reservationId="none")), 404, "CreditReservationNotFound", "reservationId")
    nobody = body(wallet, consumptionKey="none", customerId="nobody")
    check_refusal(wire.post(PATH, nobody), 404, "CustomerNotFound", "customerId")


@pytest.mark.parametrize(
    ("fields", "naming"),
    [
        ({}, "consumptionKey"), ({"consumptionKey": "a", "reservationId": "b"}, "reservationId"),
        ({"consumptionKey": ""}, "consumptionKey"), ({"reservationId": "a\n"}, "reservationId"),
        ({"consumptionKey": "a", "amount": 0}, "amount"), ({"consumptionKey": "a", "amount": -1}, "amount"),
        ({"consumptionKey": "a", "amount": "1"}, "amount"), ({"consumptionKey": "a", "idempotencyKey": ""}, "idempotencyKey"),
        ({"consumptionKey": "a", "more": 1}, "more"),
    ],
    ids=str,
)
def test_bad_input(wire: Wire, wallet: Wallet, fields: dict[str, Any], naming: str) -> None:
    check_refusal(wire.post(PATH, body(wallet, **fields)), 400, "BadUserInput", naming)
