"""`kill -9` while readers follow the events log: what was acknowledged was told, once and in order.

Events are written in the commit of what brings them. So a reader that goes on behind its last event, in
whatever life of the server, finds no gap, no repeat, and nothing that the server has forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.books import check_books
from support.lives import Client, live
from support.server import Server, running
from support.shop import Wallet, new_currency, new_customer
from support.told import Event, Reader, of
from support.wire import Wire

CLIENTS = 6
LIVES = 4

# What the four requests of a round bring, in this order.
A_ROUND = [
    ["credit_grant.created"],
    ["credit_grant.balance.low", "credit_balance.low"],
    ["credit_grant.depleted", "credit_balance.depleted"],
    ["credit_grant.voided"],
]


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory) as server:
        yield server


class Shopper(Client):
    """Has a wallet to itself: is given ten credits, takes nine, takes one, gives back the empty grant."""

    def __init__(self, wallet: Wallet) -> None:
        super().__init__()
        self.wallet = wallet
        self.grants: list[str] = []

    def send(self, wire: Wire) -> httpx.Response:
        place = self.acknowledged % len(A_ROUND)
        if place == 0:
            body = self.wallet.grant_body(10)
            return wire.post("/api/v1/credits/grants", body, Idempotency_Key=self.key)
        if place < 3:
            body = self.wallet.consume_body({1: 9, 2: 1}[place], idempotencyKey=self.key)
            return wire.post("/api/v1/credits/consumption", body)
        return wire.post(f"/api/v1/credits/grants/{self.grants[-1]}/void", Idempotency_Key=self.key)

    def learn(self, answer: httpx.Response) -> None:
        if self.acknowledged % len(A_ROUND) == 0:
            self.grants.append(answer.json()["data"]["id"])

    def expected(self) -> list[tuple[str, str | None]]:
        """The events of what was acknowledged: (type, grant)."""
        told = []
        for number in range(self.acknowledged):
            grant = self.grants[number // len(A_ROUND)]
            for name in A_ROUND[number % len(A_ROUND)]:
                told.append((name, grant if name.startswith("credit_grant.") else None))
        return told

    def seen(self, told: list[Event]) -> list[tuple[str, str | None]]:
        return [(event["type"], event.get("grant", {}).get("id")) for event in of(told, self.wallet)]


def test_a_reader_that_resumes_finds_each_once_and_in_order(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire)
    shoppers = [Shopper(Wallet(new_customer(wire), currency)) for _ in range(CLIENTS)]
    readers = [Reader(), Reader(limit=3), Reader(type="credit_grant.created,credit_balance.depleted")]
    for _ in range(LIVES):
        live(server, shoppers, readers)
        told = Reader().catch_up(wire).events
        for shopper in shoppers:
            seen, certain = shopper.seen(told), shopper.expected()
            assert seen[: len(certain)] == certain
            # At most the one request whose answer nobody saw is told of besides.
            rest = [name for name, _ in seen[len(certain) :]]
            assert rest in ([], A_ROUND[shopper.acknowledged % len(A_ROUND)])

    # Whatever was unknown is repeated and acknowledged: it adds nothing to what was told of it.
    for shopper in shoppers:
        shopper.step(wire)
    told = Reader().catch_up(wire).events
    for shopper in shoppers:
        assert shopper.seen(told) == shopper.expected()
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
