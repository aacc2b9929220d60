"""Clients that work in parallel and remember exactly what they were told, and what they were not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import stigg

from support.crew import Crew
from support.server import Server
from support.shop import Wallet, fresh


@dataclass
class Work:
    """One request that may be repeated under its key, and what became of it."""

    kind: str
    key: str
    wallet: Wallet
    amount: Decimal
    acknowledged: bool = False
    grant_id: str | None = None


@dataclass
class Diary:
    works: list[Work] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def of(self, kind: str, wallet: Wallet) -> list[Work]:
        return [work for work in self.works if (work.kind, work.wallet) == (kind, wallet)]


class Load(Crew):
    """Threads that consume and grant until they are told to stop or the server goes away.

    Every amount is different, so that the books show which request each row belongs to.
    """

    def __init__(
        self, server: Server, wallets: list[Wallet], *, threads: int, diary: Diary | None = None, first: int = 0
    ) -> None:
        self.server = server
        self.wallets = wallets
        self.diary = diary if diary is not None else Diary()
        self._count = first
        super().__init__(threads)

    def acknowledged(self) -> int:
        return sum(work.acknowledged for work in list(self.diary.works))

    def _next(self, n: int) -> Work:
        with self._lock:
            self._count += 1
            count = self._count
        wallet = self.wallets[count % len(self.wallets)]
        # One request in eight is a grant. The ninth digit is the finest that is kept.
        kind = "grant" if count % 8 == 0 else "consume"
        work = Work(kind, fresh(f"{kind}-{n}"), wallet, 1 + Decimal(count) / 10**9)
        with self._lock:
            self.diary.works.append(work)
        return work

    def _work(self, n: int) -> None:
        client = stigg.Stigg(base_url=self.server.url, api_key=self.server.production_key, max_retries=0, timeout=30)
        while not self._stop.is_set():
            work = self._next(n)
            try:
                do(client, work)
            except stigg.APIConnectionError:
                # Nobody knows whether it happened. The key will tell.
                break
            except stigg.InternalServerError as error:
                # A server that is stopping may say so; then nothing has happened, and the books will show it.
                if error.status_code != 503:
                    with self._lock:
                        self.diary.failures.append(f"{work}: {error!r}")
                break
            except Exception as error:  # noqa: BLE001 - any other end of a request is a finding
                with self._lock:
                    self.diary.failures.append(f"{work}: {error!r}")
                break
        client.close()


def do(client: stigg.Stigg, work: Work) -> None:
    """The request of a piece of work. Fit to be repeated."""
    if work.kind == "consume":
        answer = client.v1.credits.consumption.consume(
            **work.wallet.ids(), amount=float(work.amount), idempotency_key=work.key
        )
        assert answer.data.amount == float(work.amount)
    else:
        made = client.v1.credits.grants.create(
            **work.wallet.ids(), amount=float(work.amount), display_name=work.key, grant_type="PROMOTIONAL",
            extra_headers={"Idempotency-Key": work.key},
        )
        assert work.grant_id in (None, made.data.id), f"{work} has become {made.data.id}"
        work.grant_id = made.data.id
    work.acknowledged = True


def in_threads(count: int, run: Callable[[int], Any]) -> list[Any]:
    """`run(0)` to `run(count - 1)` at the same time. Exceptions are results, too."""
    results: list[Any] = [None] * count
    start = threading.Barrier(count)

    def one(n: int) -> None:
        start.wait()
        try:
            results[n] = run(n)
        except (httpx.HTTPError, OSError) as error:
            results[n] = error

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results
