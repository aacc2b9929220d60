"""SIGTERM while many clients write: what was applied was answered, and the end is a clean one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.books import check_books, rows
from support.load import Load, in_threads
from support.server import Server
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def wallets(server: Server) -> list[Wallet]:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire)
    wallets = [Wallet(new_customer(wire), currency) for _ in range(3)]
    for wallet in wallets:
        body = wallet.grant_body(10**9, priority=0, displayName="purse")
        assert wire.post("/api/v1/credits/grants", body).status_code == 201
    wire.close()
    return wallets


def test_what_was_applied_was_answered(server: Server, wallets: list[Wallet]) -> None:
    with Load(server, wallets, threads=8) as load:
        time.sleep(1.0)
        started = time.monotonic()
        code = server.stop()
        took = time.monotonic() - started
    assert code == 0, server.log()
    assert took < 15, f"SIGTERM took {took:.1f} s"
    # A request on a connection that was being closed may fail, but it may not be refused half-way.
    assert not load.diary.failures, load.diary.failures[:3]
    assert load.acknowledged() >= 50, "too little load to prove anything"

    server.start()
    wire = Wire(server.url, server.production_key)
    for wallet in wallets:
        told = {work.amount for work in load.diary.of("consume", wallet) if work.acknowledged}
        found = {-row["amount"] for row in rows(wire, wallet.customer, eventType="CREDITS_CONSUMED")}
        assert found == told, "applied without an answer, or answered without being applied"
        granted = {work.amount for work in load.diary.of("grant", wallet) if work.acknowledged} | {10**9}
        assert {row["amount"] for row in rows(wire, wallet.customer, eventType="CREDITS_GRANTED")} == granted
        check_books(wire, wallet.customer)
    wire.close()
    server.end_and_verify()


def test_large_batches_in_flight_are_answered(server: Server, wallets: list[Wallet]) -> None:
    bodies = [{"consumptions": [wallets[n % 3].consume_body() for _ in range(1000)]} for n in range(6)]
    clients = [Wire(server.url, server.production_key) for _ in bodies]
    for client in clients:
        # Connected beforehand, so that what follows is on its way at once.
        assert client.get("/readyz").status_code == 200

    def send(n: int) -> object:
        if n == len(bodies):
            time.sleep(0.05)
            server.signal_stop()
            return None
        return clients[n].post("/api/v1/credits/consumption/async", bodies[n])

    answers = in_threads(len(bodies) + 1, send)[:-1]
    assert server.wait() == 0
    server.start()
    wire = Wire(server.url, server.production_key)
    accepted = sum(getattr(answer, "status_code", None) == 202 for answer in answers)
    applied = sum(len(rows(wire, wallet.customer, eventType="CREDITS_CONSUMED")) for wallet in wallets)
    assert applied == 1000 * accepted, [repr(answer) for answer in answers]
    wire.close()
    server.end_and_verify()


def test_an_idle_connection_does_not_delay_the_end(server: Server) -> None:
    idle = Wire(server.url, server.production_key)
    assert idle.get("/readyz").status_code == 200
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5
    idle.close()
