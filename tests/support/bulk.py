"""A client that consumes in large batches, for state in quantity. What it did is checked by sums."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

import httpx

from support import books
from support.load import in_threads
from support.outcomes import PURSE
from support.server import Server
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.wire import Wire

PATH = "/api/v1/credits/consumption/async"


@dataclass
class Batch:
    """Consumptions that happen together or not at all, each of 1 and under a key of its own."""

    number: int
    acknowledged: bool = False


class Bulk:
    """Wallets of its own, and a thread that consumes from them while a block runs."""

    def __init__(self, server: Server, *, wallets: int = 20, size: int = 500) -> None:
        self.server = server
        self.size = size
        self.batches: list[Batch] = []
        self.failures: list[str] = []
        self._name = fresh("bulk")
        wire = Wire(server.url, server.production_key)
        currency = new_currency(wire)
        self.wallets = [Wallet(new_customer(wire), currency) for _ in range(wallets)]
        self._wallet_bodies = [wallet.body() for wallet in self.wallets]
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

    def _work(self) -> None:
        wire = Wire(self.server.url, self.server.production_key)
        while not self._stop.is_set():
            self.batches.append(Batch(len(self.batches)))
            try:
                self._send(wire, self.batches[-1])
            except httpx.TransportError:
                break
            except AssertionError as refused:
                self.failures.append(str(refused))
                break
        wire.close()

    def _send(self, wire: Wire, batch: Batch) -> None:
        answer = self._post(wire, batch)
        assert answer.status_code == 202, answer.text
        batch.acknowledged = True

    def _post(self, wire: Wire, batch: Batch) -> httpx.Response:
        first = batch.number * self.size
        consumptions = [
            self._wallet_bodies[n % len(self.wallets)] | {"amount": 1, "idempotencyKey": f"{self._name}-{n}"}
            for n in range(first, first + self.size)
        ]
        return wire.post(PATH, {"consumptions": consumptions})

    def statuses(self, server: Server, batches: list[Batch]) -> set[int]:
        """What batches that were accepted long ago are answered."""
        wire = Wire(server.url, server.production_key)
        found = {self._post(wire, batch).status_code for batch in batches}
        wire.close()
        return found

    def consume(self, count: int) -> None:
        """So many batches more, all of which must be accepted."""
        more = [Batch(len(self.batches) + n) for n in range(count)]
        self.batches += more
        self.send(self.server, more)

    def send(self, server: Server, batches: list[Batch], *, threads: int = 3) -> None:
        def run(thread: int) -> None:
            wire = Wire(server.url, server.production_key)
            for batch in batches[thread::threads]:
                self._send(wire, batch)
            wire.close()

        in_threads(threads, run)
        assert all(batch.acknowledged for batch in batches), "a batch was not accepted"

    def used(self, server: Server) -> Decimal:
        wire = Wire(server.url, server.production_key)
        used = sum(books.credit(wire, each.customer, each.currency)["currentUsage"] for each in self.wallets)
        wire.close()
        return Decimal(used)

    def check_nothing_lost_or_doubled(self) -> None:
        assert not self.failures, self.failures
        told = self.size * sum(batch.acknowledged for batch in self.batches)
        assert told <= self.used(self.server) <= self.size * len(self.batches)

    def check_everything_happened_once(self, server: Server, repeated: list[Batch] | None = None) -> None:
        """Repeats every batch that was ever sent, or those that are named: each key is still known."""
        batches = self.batches if repeated is None else repeated
        for batch in batches:
            batch.acknowledged = False
        self.send(server, batches)
        assert self.used(server) == self.size * len(self.batches), "a key was not known again"
