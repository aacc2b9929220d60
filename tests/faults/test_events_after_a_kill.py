"""`kill -9` while a reader follows the events log: what was acknowledged was told, once and in order.

Events are written in the commit of what brings them. So a reader that goes on behind its last event, in
whatever life of the server, finds no gap, no repeat, and nothing that the server has forgotten.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from support.books import check_books
from support.server import Server
from support.shop import Wallet, fresh, new_currency, new_customer
from support.told import Reader, of
from support.wire import Wire

CLIENTS = 6
LIVES = 4
SECONDS_OF_LIFE = 0.6
# So much must have been acknowledged, and so much told to each reader, before a life may end.
ENOUGH = 40

# What the four requests of a round bring, in this order.
A_ROUND = [
    ["credit_grant.created"],
    ["credit_grant.balance.low", "credit_balance.low"],
    ["credit_grant.depleted", "credit_balance.depleted"],
    ["credit_grant.voided"],
]


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


@dataclass
class Shopper:
    """A client with a wallet to itself, so that the order of what happens there is known.

    It repeats a request whose answer it did not see under the same key, before it sends another.
    """

    wallet: Wallet
    grants: list[str] = field(default_factory=list)
    acknowledged: int = 0
    key: str = field(default_factory=lambda: fresh("step"))
    failures: list[str] = field(default_factory=list)

    def shop(self, server: Server, stop: threading.Event) -> None:
        wire = Wire(server.url, server.production_key)
        with contextlib.suppress(httpx.TransportError):
            while not stop.is_set():
                self.step(wire)
        wire.close()

    def step(self, wire: Wire) -> None:
        place = self.acknowledged % len(A_ROUND)
        if place == 0:
            body = self.wallet.grant_body(10)
            answer = wire.post("/api/v1/credits/grants", body, Idempotency_Key=self.key)
        elif place < 3:
            body = self.wallet.consume_body({1: 9, 2: 1}[place], idempotencyKey=self.key)
            answer = wire.post("/api/v1/credits/consumption", body)
        else:
            answer = wire.post(f"/api/v1/credits/grants/{self.grants[-1]}/void", Idempotency_Key=self.key)
        if answer.status_code not in (200, 201):
            self.failures.append(answer.text)
            raise httpx.TransportError("a request was refused")
        if place == 0:
            self.grants.append(answer.json()["data"]["id"])
        self.acknowledged += 1
        self.key = fresh("step")

    def expected(self) -> list[tuple[str, str | None]]:
        """The events of what was acknowledged: (type, grant)."""
        told = []
        for number in range(self.acknowledged):
            grant = self.grants[number // len(A_ROUND)]
            for name in A_ROUND[number % len(A_ROUND)]:
                told.append((name, grant if name.startswith("credit_grant.") else None))
        return told


def follow(server: Server, reader: Reader, stop: threading.Event) -> None:
    wire = Wire(server.url, server.production_key)
    with contextlib.suppress(httpx.TransportError):
        while not stop.is_set():
            reader.page(wire)
    wire.close()


def live(server: Server, shoppers: list[Shopper], readers: list[Reader]) -> None:
    """One life of the server, ended while everybody is at it."""
    stop = threading.Event()

    def done() -> list[int]:
        return [sum(shopper.acknowledged for shopper in shoppers), *(len(reader.events) for reader in readers)]

    wanted = [count + ENOUGH for count in done()]
    threads = [threading.Thread(target=shopper.shop, args=(server, stop)) for shopper in shoppers]
    threads += [threading.Thread(target=follow, args=(server, reader, stop)) for reader in readers]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS_OF_LIFE)
    deadline = time.monotonic() + 30
    while any(count < least for count, least in zip(done(), wanted, strict=True)):
        assert time.monotonic() < deadline, "too little load to prove anything"
        time.sleep(0.02)
    server.kill()
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a client hangs"


def test_a_reader_that_resumes_finds_each_once_and_in_order(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire)
    shoppers = [Shopper(Wallet(new_customer(wire), currency)) for _ in range(CLIENTS)]
    readers = [Reader(), Reader(limit=3), Reader(type="credit_grant.created,credit_balance.depleted")]
    for _ in range(LIVES):
        live(server, shoppers, readers)
        server.start()
        told = Reader().catch_up(wire).events
        for shopper in shoppers:
            assert not shopper.failures, shopper.failures
            seen = [(event["type"], event.get("grant", {}).get("id")) for event in of(told, shopper.wallet)]
            certain = shopper.expected()
            # At most the one request whose answer nobody saw is told of besides.
            assert seen[: len(certain)] == certain
            rest = [name for name, _ in seen[len(certain) :]]
            assert rest in ([], A_ROUND[shopper.acknowledged % len(A_ROUND)])

    # Whatever was unknown is repeated and acknowledged: it adds nothing to what was told of it.
    for shopper in shoppers:
        shopper.step(wire)
    told = Reader().catch_up(wire).events
    for shopper in shoppers:
        seen = [(event["type"], event.get("grant", {}).get("id")) for event in of(told, shopper.wallet)]
        assert seen == shopper.expected()
        check_books(wire, shopper.wallet.customer)
    assert len({event["messageId"] for event in told}) == len(told)

    # Those who followed through all lives were told exactly what the log says now.
    for reader in readers:
        reader.catch_up(wire)
    assert readers[0].events == readers[1].events == told
    chosen = ("credit_grant.created", "credit_balance.depleted")
    assert readers[2].events == [event for event in told if event["type"] in chosen]
    wire.close()
    server.end_and_verify()
