"""A sandbox's clock is moved over months of many wallets, and the server is killed or the caller leaves.

The move works in slices, so a kill leaves some wallets further than others. Whoever asks for the same instant
again gets what one move would have brought: in the ledger and in the events, each once, in order.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.books import check_books, rows
from support.load import in_threads
from support.server import Server, running
from support.shop import Wallet, created, new_currency, new_customer
from support.told import Event, Reader
from support.wire import Wire

# More than are brought up to date in one go.
WALLETS = 600
CLOCK = "/api/v1/test-clock"
BEGIN = "2031-01-01T00:00:00.000Z"
# Each of these moves is killed.
STAGES = ["2031-04-30T00:00:00.000Z", "2031-08-31T00:00:00.000Z", "2031-12-31T00:00:00.000Z"]
FIRSTS = [f"2031-{month:02}-01T00:00:00.000Z" for month in range(1, 13)]
# The ends that are announced: seven days before the first of February to December, and of January.
NOTICES = [
    "01-25", "02-22", "03-25", "04-24", "05-25", "06-24",
    "07-25", "08-25", "09-24", "10-25", "11-24", "12-25",
]


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory) as server:
        yield server


def furnish(server: Server, currency: str) -> list[Wallet]:
    """Wallets that are given ten credits a month."""

    def make(n: int) -> list[Wallet]:
        wire, wallets = Wire(server.url, server.sandbox_key), []
        for _ in range(WALLETS // 5):
            wallet = Wallet(new_customer(wire), currency)
            body = wallet.body() | {"amount": 10, "cadence": "MONTH", "displayName": "Basic"}
            created(wire.put(f"/api/v1/credits/recurring-grants/{wallet.customer}", body), 200)
            wallets.append(wallet)
        wire.close()
        return wallets

    return [wallet for wallets in in_threads(5, make) for wallet in wallets]


def expected_rows() -> list[tuple[str, str, int]]:
    told = [("GRANTED", FIRSTS[0], 10)]
    for first in FIRSTS[1:]:
        told += [("GRANTED", first, 10), ("EXPIRED", first, -10)]
    return told


def expected_events() -> list[tuple[str, str]]:
    told = [("created", FIRSTS[0])]
    for first, notice in zip([*FIRSTS[1:], None], NOTICES, strict=True):
        told.append(("expiring", f"2031-{notice}T00:00:00.000Z"))
        # A balance that is renewed at the instant at which it ends is never low.
        told += [("created", first), ("expired", first)] if first else []
    return told


def ledger(wire: Wire, wallet: Wallet) -> list[tuple[str, str, Any]]:
    return [
        (row["eventType"].removeprefix("CREDITS_"), row["timestamp"], row["amount"])
        for row in reversed(rows(wire, wallet.customer))
    ]


def stories(told: list[Event]) -> dict[str, list[tuple[str, str]]]:
    """What happened to the grants of each customer."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for event in told:
        if "customer" in event:
            what = event["type"].removeprefix("credit_grant."), event["timestamp"]
            found[event["customer"]["id"]].append(what)
    return found


def test_a_move_whose_caller_leaves(server: Server) -> None:
    """It goes on without anybody who waits for it."""
    wire = Wire(server.url, server.sandbox_key)
    assert created(wire.post(CLOCK, {"now": BEGIN}), 200) == {"now": BEGIN}
    wallets = furnish(server, new_currency(wire))
    reader = Reader().catch_up(wire)
    hasty = Wire(server.url, server.sandbox_key, timeout=0.05)
    with pytest.raises(httpx.TimeoutException):
        hasty.post(CLOCK, {"now": STAGES[-1]})
    hasty.close()
    deadline = time.monotonic() + 30
    wanted = len(wallets) * len(expected_events())
    while sum(len(one) for one in stories(reader.events).values()) < wanted:
        assert time.monotonic() < deadline, "the move has ended with its caller"
        reader.catch_up(wire)
    told = stories(reader.events)
    assert all(told[wallet.customer] == expected_events() for wallet in wallets)
    wire.close()
    server.end_and_verify()


def test_a_year_with_kills_in_it(server: Server) -> None:
    wire = Wire(server.url, server.sandbox_key)
    assert created(wire.post(CLOCK, {"now": BEGIN}), 200) == {"now": BEGIN}
    wallets = furnish(server, new_currency(wire))
    reader = Reader().catch_up(wire)

    def move(target: str, answers: list[httpx.Response]) -> None:
        mover = Wire(server.url, server.sandbox_key)
        with contextlib.suppress(httpx.TransportError):
            answers.append(mover.post(CLOCK, {"now": target}))
        mover.close()

    unanswered = 0
    for target in STAGES:
        answers: list[httpx.Response] = []
        mover = threading.Thread(target=move, args=(target, answers))
        mover.start()
        # As soon as something has happened, which is before all has.
        deadline = time.monotonic() + 20
        while not reader.page(wire) and not answers:
            assert time.monotonic() < deadline, "the clock does not move"
        server.kill()
        mover.join(60)
        unanswered += not answers
        server.start()
        # What a wallet has lived through so far is the beginning of its year.
        reader.catch_up(wire)
        told = stories(reader.events)
        for wallet in wallets:
            seen = told[wallet.customer]
            assert seen == expected_events()[: len(seen)]
        assert created(wire.post(CLOCK, {"now": target}), 200) == {"now": target}
        # All that was due has been done when the answer is there.
        reader.catch_up(wire)
        due = [event for event in expected_events() if event[1] <= target]
        told = stories(reader.events)
        assert all(told[wallet.customer] == due for wallet in wallets)
    assert unanswered, "no kill hit a move"

    for wallet in wallets[::5]:
        assert ledger(wire, wallet) == expected_rows()
    for wallet in wallets[::50]:
        check_books(wire, wallet.customer)
    assert reader.events == Reader().catch_up(wire).events
    wire.close()
    server.end_and_verify()
