"""A client that consumes in large batches, for state in quantity. What it did is checked by sums."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from support import books
from support.outcomes import PURSE
from support.server import Server
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.wire import Wire

PATH = "/api/v1/credits/consumption/async"


@dataclass
class Batch:
    """Consumptions that happen together or not at all, each under a key of its own."""

    body: dict[str, Any]
    size: int
    acknowledged: bool = False


class Bulk:
    """Wallets of which each consumption is 1, and a thread that consumes from them while a block runs."""

    def __init__(self, server: Server, *, wallets: int = 20, size: int = 500) -> None:
        self.server = server
        self.size = size
        self.batches: list[Batch] = []
        self.failures: list[str] = []
        wire = Wire(server.url, server.production_key)
        currency = new_currency(wire)
        self.wallets = [Wallet(new_customer(wire), currency) for _ in range(wallets)]
        for wallet in self.wallets:
            created(wire.post("/api/v1/credits/grants", wallet.grant_body(int(PURSE))))
        wire.close()

    def __enter__(self) -> Bulk:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "a client hangs"

    def consume(self, wire: Wire) -> None:
        count = len(self.batches) * self.size
        consumptions = [
            self.wallets[(count + n) % len(self.wallets)].consume_body(1, idempotencyKey=fresh("bulk"))
            for n in range(self.size)
        ]
        self.batches.append(Batch({"consumptions": consumptions}, self.size))
        send(wire, self.batches[-1])

    def _work(self) -> None:
        wire = Wire(self.server.url, self.server.production_key)
        while not self._stop.is_set():
            try:
                self.consume(wire)
            except httpx.TransportError:
                break
            except AssertionError as refused:
                self.failures.append(str(refused))
                break
        wire.close()

    def used(self) -> Decimal:
        wire = Wire(self.server.url, self.server.production_key)
        used = sum(books.credit(wire, each.customer, each.currency)["currentUsage"] for each in self.wallets)
        wire.close()
        return Decimal(used)

    def check_nothing_lost_or_doubled(self) -> None:
        assert not self.failures, self.failures
        told = sum(batch.size for batch in self.batches if batch.acknowledged)
        sent = sum(batch.size for batch in self.batches)
        assert told <= self.used() <= sent, (told, sent)

    def check_everything_happened_once(self) -> None:
        """Repeats every batch that was ever sent: each key is still known."""
        wire = Wire(self.server.url, self.server.production_key)
        for batch in self.batches:
            send(wire, batch)
        wire.close()
        assert self.used() == sum(batch.size for batch in self.batches)


def send(wire: Wire, batch: Batch) -> None:
    answer = wire.post(PATH, batch.body)
    assert answer.status_code == 202, answer.text
    batch.acknowledged = True
