"""The log of events: oldest first, each once, and a reader that resumes misses none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, consume, from_now, grant, iso, new_currency, new_customer
from support.told import PATH, Event, Reader, behind_the_last, of
from support.wire import Wire


def read(wire: Wire, after: str | None, limit: int = 100, **query: str) -> list[Event]:
    """Everything behind an event, page by page, as a consumer reads."""
    return Reader(after=after, limit=limit, **query).catch_up(wire).events


def last(wire: Wire) -> str | None:
    return behind_the_last(wire).after


def test_what_is_told(api: Api, wire: Wire, wallet: Wallet) -> None:
    before = last(wire)
    made = grant(api, wallet, 100)
    consume(api, wallet, 85)
    consume(api, wallet, 15)
    told = of(read(wire, before), wallet)
    assert [event["type"] for event in told] == [
        "credit_grant.created", "credit_grant.balance.low", "credit_balance.low", "credit_grant.depleted",
        "credit_balance.depleted",
    ]
    created, low, balance, _, depleted = told
    assert created["grant"]["id"] == low["grant"]["id"] == made.id
    assert (created["grant"]["grantType"], created["grant"]["remainingBalance"]) == ("PROMO", 100)
    assert (low["remainingBalancePercentage"], low["thresholdPercentage"], low["consumedPercentage"]) == (15, 20, 85)
    assert (balance["totalGranted"], balance["remainingBalance"]) == (100, 15)
    assert (depleted["remainingBalance"], depleted["consumedPercentage"]) == (0, 100)
    assert created["creditCurrency"]["id"] == wallet.currency
    assert len({event["messageId"] for event in told}) == len(told)
    # The same read twice says the same.
    assert of(read(wire, before), wallet) == told
    assert [event["type"] for event in of(read(wire, before, type="credit_balance.low"), wallet)] == ["credit_balance.low"]


def test_an_idle_server_tells_of_an_expiry(api: Api, wire: Wire, wallet: Wallet) -> None:
    before = last(wire)
    end = from_now(seconds=1)
    grant(api, wallet, 5, expire_at=end)
    deadline = time.monotonic() + 10
    # The wallet itself is not asked for: that would write what is due.
    while len(told := of(read(wire, before), wallet)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [event["type"] for event in told[:2]] == ["credit_grant.created", "credit_grant.expired"]
    assert told[1]["timestamp"] == iso(end)


def test_a_reader_misses_none_while_others_write(api: Api, wire: Wire, own_server: Server) -> None:
    """A consumer that resumes behind its last event, while four threads make grants."""
    box = Wire(own_server.url, own_server.production_key)
    wallet = Wallet(new_customer(box), new_currency(box))
    before = last(box)
    done = threading.Event()

    def write() -> None:
        client = Wire(own_server.url, own_server.production_key)
        for _ in range(25):
            assert client.post("/api/v1/credits/grants", wallet.grant_body(1)).status_code == 201
        client.close()

    seen: list[str] = []

    def consume_all() -> None:
        after = before
        while True:
            is_last = done.is_set()
            events = read(box, after, limit=7)
            seen.extend(event["messageId"] for event in of(events, wallet))
            after = events[-1]["messageId"] if events else after
            if is_last:
                return

    reader = threading.Thread(target=consume_all)
    writers = [threading.Thread(target=write) for _ in range(4)]
    for thread in [reader, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen == [event["messageId"] for event in of(read(box, before), wallet)]
    assert len(seen) == 100
    box.close()


@pytest.fixture(scope="module")
def quiet(own_server: Server) -> Iterator[Wire]:
    """An environment in which nobody else makes currencies."""
    client = Wire(own_server.url, own_server.production_key)
    yield client
    client.close()


def test_environments_are_apart(own_server: Server, quiet: Wire) -> None:
    """Neither its events nor its cursors mean anything to another environment."""
    box = Wire(own_server.url, own_server.sandbox_key)
    mine, other = last(quiet), last(box)
    made, foreign = new_currency(quiet), new_currency(box)
    told = [read(quiet, mine)[0], read(box, other)[0]]
    assert [event["creditCurrency"]["id"] for event in told] == [made, foreign]
    check_refusal(quiet.get(PATH, after=told[1]["messageId"]), 400, "BadUserInput", "after")
    box.close()


def test_pages_in_both_directions(quiet: Wire) -> None:
    start = last(quiet)
    made = [new_currency(quiet) for _ in range(7)]

    def names(page: Any) -> list[str]:
        return [event["creditCurrency"]["id"] for event in page["data"]]

    query = {"type": "credit_type.created", "limit": 3} | ({"after": start} if start else {})
    first = quiet.get(PATH, **query).json()
    second = quiet.get(PATH, **query | {"after": first["pagination"]["next"]}).json()
    third = quiet.get(PATH, **query | {"after": second["pagination"]["next"]}).json()
    assert names(first) + names(second) + names(third) == made
    assert third["pagination"]["next"] is None
    back = {"type": "credit_type.created", "limit": 3, "before": third["pagination"]["prev"]}
    assert quiet.get(PATH, **back).json()["data"] == second["data"]
    # A cursor is good for other types too: a reader may widen what it reads.
    wider = quiet.get(PATH, after=first["pagination"]["next"], limit=3).json()
    assert names(wider) == names(second)


@pytest.mark.parametrize(
    ("query", "naming"),
    [
        ({"type": "credit_grant.eaten"}, "type"), ({"type": ""}, "type"), ({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"),
        ({"after": "x"}, "after"), ({"before": "550cc6dd-ac03-86bc-b5d6-e28c447b4376"}, "before"),
        ({"after": "x", "before": "y"}, "after"),
    ],
    ids=str,
)
def test_bad_queries(wire: Wire, query: dict[str, str], naming: str) -> None:
    check_refusal(wire.get(PATH, **query), 400, "BadUserInput", naming)
