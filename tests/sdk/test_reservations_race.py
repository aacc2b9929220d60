"""Twenty clients for six places: what is free is given once, and who is denied was denied for a reason."""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest
import stigg

from support.books import ZERO, Row, check_books, credit, rows
from support.load import in_threads
from support.server import Server
from support.shop import Wallet
from support.wire import Wire

CLIENTS = 20
PLACES = 6
ROUNDS = 12
SIZE = 75
PATH = "/api/v1/credits/reservations"


@pytest.fixture(scope="module")
def clients(server: Server) -> Iterator[list[Wire]]:
    """With connections of their own that are open already, so that requests meet in the server."""
    clients = [Wire(server.url, server.production_key) for _ in range(CLIENTS)]
    for client in clients:
        assert client.get("/readyz").status_code == 200
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def till(wire: Wire, wallet: Wallet) -> Wallet:
    assert wire.post("/api/v1/credits/grants", wallet.grant_body(500)).status_code == 201
    return wallet


def reserve(client: Wire, wallet: Wallet, name: str) -> bool:
    query = {"currencyId": wallet.currency, "reserveAmount": SIZE, "reservationId": name}
    answer = client.get(f"/api/v1/customers/{wallet.customer}/entitlements/check", **query)
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]
    granted: bool = told["isGranted"]
    assert told["accessDeniedReason"] == (None if granted else "InsufficientCredits")
    assert ("reservation" in told) is granted
    return granted


def release(client: Wire, wallet: Wallet, name: str, consumed: float) -> None:
    answer = client.post(f"{PATH}/{name}/release", wallet.body() | {"consumedAmount": consumed})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["reservation"]["consumedAmount"] == consumed


@dataclass
class Attempt:
    """A reserve, and between which instants of the machine's clock it was decided, in milliseconds."""

    name: str
    granted: bool
    begin: float
    end: float


def churn(clients: list[Wire], wallet: Wallet, consumed: float) -> list[Attempt]:
    """Everybody reserves, and releases what was granted, again and again."""

    def go(n: int) -> list[Attempt]:
        attempts = []
        for number in range(ROUNDS):
            name, begin = f"{n}-{number}", time.time() * 1000
            granted = reserve(clients[n], wallet, name)
            attempts.append(Attempt(name, granted, begin, time.time() * 1000))
            if granted:
                release(clients[n], wallet, name, consumed)
        return attempts

    results = in_threads(len(clients), go)
    assert all(isinstance(result, list) for result in results), results
    return [attempt for result in results for attempt in result]


def history(wire: Wire, wallet: Wallet) -> list[Row]:
    """The rows, oldest first. None of them leaves less than nothing, and each adds to what was there."""
    told = rows(wire, wallet.customer)[::-1]
    balance = ZERO
    for row in told:
        balance += row["amount"]
        assert row["balanceAfter"] == balance >= 0, row
    return told


def free_after(told: list[Row]) -> tuple[list[float], list[Decimal]]:
    """When rows were recorded, in milliseconds, and what was free from then on."""
    instants = [datetime.fromisoformat(row["recordedAt"]).timestamp() * 1000 for row in told]
    assert instants == sorted(instants)
    return instants, [row["balanceAfter"] for row in told]


def was_short(attempt: Attempt, instants: list[float], free: list[Decimal]) -> bool:
    """At some instant while it was decided, what it asked for was not there. Rows tell whole milliseconds."""
    first = max(bisect.bisect_left(instants, attempt.begin - 1) - 1, 0)
    last = bisect.bisect_right(instants, attempt.end + 1)
    return min(free[first:last]) < SIZE


@pytest.mark.parametrize(("count", "consumed"), [(20, 0), (20, 1.5), (9, 0)])
def test_denied_only_when_it_was_short(
    wire: Wire, clients: list[Wire], till: Wallet, count: int, consumed: float
) -> None:
    attempts = churn(clients[:count], till, consumed)
    told = history(wire, till)
    names = [row["reservationId"] for row in told if row["eventType"] == "CREDITS_RESERVED"]
    granted = [attempt for attempt in attempts if attempt.granted]
    assert sorted(names) == sorted(attempt.name for attempt in granted)
    denied = [attempt for attempt in attempts if not attempt.granted]
    # A few who all find a place would prove nothing, but it may happen.
    assert (denied or count < CLIENTS) and len(granted) >= PLACES, "they did not meet"
    instants, free = free_after(told)
    for attempt in denied:
        assert was_short(attempt, instants, free), attempt
    now = credit(wire, till.customer, till.currency)
    assert now["currentUsage"] == Decimal(str(consumed)) * len(granted)
    assert not now.get("reserved")
    check_books(wire, till.customer)


def test_six_again_after_the_race(wire: Wire, clients: list[Wire], till: Wallet) -> None:
    churn(clients, till, 0)
    outcomes = in_threads(CLIENTS, lambda n: reserve(clients[n], till, f"last-{n}"))
    assert outcomes.count(True) == PLACES and outcomes.count(False) == CLIENTS - PLACES
    assert history(wire, till)[-1]["balanceAfter"] == 500 - PLACES * SIZE
    check_books(wire, till.customer)


def test_six_while_others_are_released(wire: Wire, clients: list[Wire], till: Wallet) -> None:
    """Six are held and come back at once with twenty who ask: those who are denied ask until all are back."""
    held = [f"held-{n}" for n in range(PLACES)]
    assert all(reserve(wire, till, name) for name in held)

    def go(n: int) -> bool:
        if n < PLACES:
            release(clients[n], till, held[n], 0)
            return False
        return any(reserve(clients[n], till, f"{n}-{number}") for number in range(ROUNDS))

    outcomes = in_threads(CLIENTS, go)
    more = [reserve(wire, till, f"more-{n}") for n in range(PLACES + 1)]
    assert outcomes.count(True) + more.count(True) == PLACES
    assert history(wire, till)[-1]["balanceAfter"] == 50
    check_books(wire, till.customer)


def test_six_through_the_extension(wire: Wire, clients: list[Wire], till: Wallet) -> None:
    def go(n: int) -> int:
        return clients[n].post(PATH, till.body() | {"reservationId": f"r{n}", "amount": SIZE}).status_code

    assert sorted(in_threads(CLIENTS, go)) == [200] * PLACES + [402] * (CLIENTS - PLACES)
    check_books(wire, till.customer)


def test_six_of_twenty_official_clients(server: Server, wire: Wire, till: Wallet) -> None:
    async def ask(n: int) -> bool:
        async with stigg.AsyncStigg(
            base_url=server.url, api_key=server.production_key, max_retries=0,
            _strict_response_validation=True,
        ) as client:
            answer = await client.v1.customers.check_entitlement(
                till.customer, currency_id=till.currency, reserve_amount=SIZE, reservation_id=f"r{n}"
            )
            return answer.data.is_granted

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(ask(n) for n in range(CLIENTS)))

    assert asyncio.run(all_at_once()).count(True) == PLACES
    check_books(wire, till.customer)
