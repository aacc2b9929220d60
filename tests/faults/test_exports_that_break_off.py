"""Exports over connections that break, servers that stop, clients that stall: gone on with, each row comes once."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.bulk import Bulk
from support.load import Load
from support.server import Server
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

EXPORT = "/api/v1/credits/ledger/export"
# More than any socket's buffers take, so that a server that writes has to wait for its client.
ROWS = 30_000
STALLED_SECONDS = 2


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory, arguments=("--stalled-seconds", str(STALLED_SECONDS)))
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def wallet(server: Server) -> Wallet:
    """A wallet with many rows."""
    wire = Wire(server.url, server.production_key)
    wallet = Wallet(new_customer(wire), new_currency(wire))
    for batch in range(ROWS // 1_000):
        items = [wallet.body() | {"amount": 1, "idempotencyKey": f"{batch}-{n}"} for n in range(1_000)]
        assert wire.post("/api/v1/credits/consumption/async", {"consumptions": items}).status_code == 202
    wire.close()
    return wallet


class Reader:
    """A client that keeps the lines that arrived whole, and goes on behind the last of them."""

    def __init__(self, server: Server, **query: str) -> None:
        self.server = server
        self.query = query
        self.rows: list[dict[str, Any]] = []
        self.ended = False
        self.cursor: str | None = None

    def read(self, bytes_max: int = 1 << 40) -> None:
        """Reads on, and breaks off after so many bytes."""
        rest, taken = b"", 0
        query = self.query | ({"after": self.cursor} if self.cursor else {})
        headers = {"x-api-key": self.server.production_key}
        with httpx.stream("GET", self.server.url + EXPORT, params=query, headers=headers, timeout=30) as answer:
            assert answer.status_code == 200, answer.read()
            for piece in answer.iter_raw(65_536):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self.take(json.loads(line))
                taken += len(piece)
                if taken >= bytes_max:
                    return
        assert not rest and self.ended, "the server ended an answer that is not whole"

    def take(self, line: dict[str, Any]) -> None:
        self.cursor = line["cursor"]
        if line.get("end"):
            self.ended = True
        else:
            self.rows.append(line)

    def keys(self) -> list[str]:
        return [row["idempotencyKey"] for row in self.rows if row["eventType"] == "CREDITS_CONSUMED"]


@pytest.mark.parametrize("of_one_customer", [False, True], ids=["everything", "one customer"])
def test_it_goes_on_behind_the_last_whole_line(server: Server, wallet: Wallet, of_one_customer: bool) -> None:
    query = {"customerId": wallet.customer} if of_one_customer else {}
    reader = Reader(server, **query)
    times = 0
    while not reader.ended:
        reader.read(bytes_max=2_000_000)
        times += 1
    assert times >= 5, f"{times} connections broke off too few times"
    assert sorted(reader.keys()) == sorted(f"{batch}-{n}" for batch in range(ROWS // 1_000) for n in range(1_000))
    assert sum(row["amount"] for row in reader.rows) == -ROWS
    assert reader.rows[-1]["balanceAfter"] == -ROWS
    server.end_and_verify()


def test_a_stop_breaks_it_off(server: Server, wallet: Wallet) -> None:
    """It does not wait for a long export; what it gave is whole lines, and the next process gives the rest."""
    reader = Reader(server)
    query: dict[str, str] = {}
    headers = {"x-api-key": server.production_key}
    with httpx.stream("GET", server.url + EXPORT, params=query, headers=headers, timeout=30) as answer:
        pieces = answer.iter_raw(1_000)
        got = next(pieces)
        server.signal_stop()
        time.sleep(0.5)
        with pytest.raises(httpx.RemoteProtocolError):
            for piece in pieces:
                got += piece
    started = time.monotonic()
    assert server.wait() == 0
    assert time.monotonic() - started < 5, "the stop waited for the export"
    *lines, _ = got.split(b"\n")
    for line in lines:
        reader.take(json.loads(line))
    assert not reader.ended and len(reader.rows) < ROWS
    server.start()
    reader.read()
    assert len(set(reader.keys())) == len(reader.keys()) == ROWS
    server.end_and_verify()


def test_it_meets_each_row_once_while_others_write(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire)
    wallets = [Wallet(new_customer(wire), currency) for _ in range(3)]
    for wallet in wallets:
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(10**9)).status_code == 201
    everything, one = Reader(server), Reader(server, customerId=wallets[0].customer)
    deadline = time.monotonic() + 3
    with Load(server, wallets, threads=4) as load, Bulk(server, wallets=5, size=200):
        while time.monotonic() < deadline:
            for reader in (everything, one):
                reader.read()
    for reader in (everything, one):
        reader.read()
        cursors = [row["cursor"] for row in reader.rows]
        assert len(set(cursors)) == len(cursors) and cursors == sorted(cursors)
    assert not load.diary.failures
    for wallet in wallets:
        told = {work.amount for work in load.diary.of("consume", wallet) if work.acknowledged}
        for reader in (everything, one) if wallet is wallets[0] else (everything,):
            rows = [row for row in reader.rows if row["customerId"] == wallet.customer]
            found = [-row["amount"] for row in rows if row["eventType"] == "CREDITS_CONSUMED"]
            assert len(found) == len(told) and {str(amount) for amount in found} == {str(amount) for amount in told}
    wire.close()
    server.end_and_verify()


def test_clients_that_do_not_read_are_let_go(server: Server, wallet: Wallet) -> None:
    """They hold the places of all exports, and lose them; others are served meanwhile."""
    head = f"GET {EXPORT} HTTP/1.1\r\nhost: x\r\nx-api-key: {server.production_key}\r\n\r\n".encode()
    wire = Wire(server.url, server.production_key)
    with ExitStack() as held:
        for _ in range(8):
            client = held.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(head)
            assert client.recv(12) == b"HTTP/1.1 200"
        refused = wire.get(EXPORT)
        assert refused.status_code == 503 and "exports" in refused.json()["message"]
        assert wire.post("/api/v1/credits/consumption", wallet.consume_body()).status_code == 200
        deadline = time.monotonic() + 10 * STALLED_SECONDS
        while wire.get(EXPORT, customerId=wallet.customer).status_code == 503:
            assert time.monotonic() < deadline, "nobody was let go"
            time.sleep(0.2)
    wire.close()
    server.end_and_verify()
