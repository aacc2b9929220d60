"""Clients that do not give up: each repeats a request under its key, at one node or another, until it is answered."""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx

from support.crew import Crew
from support.deeds import KINDS, Deed, Request, essence, make
from support.server import Server
from support.shop import Wallet
from support.wire import Wire

# How long a single request may go without its answer, whatever happens to the ledger meanwhile.
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.05
STILL_RUNNING = "ObjectAlreadyBeingUsedByAnotherRequestError"


class Steady(Crew):
    """Threads that do one piece of work after the other, until the block ends or there were `most` of them.

    A server may be busy, gone, or say that it cannot answer now, which is a 503 that invites to come again; any
    other answer than the one that is due is a finding.
    """

    hangs_after_seconds = 2 * PATIENCE_SECONDS

    def __init__(
        self, nodes: Sequence[Server], wallets: Sequence[Wallet], *, threads: int, most: int = 20_000,
        kinds: Sequence[str] = KINDS,
    ) -> None:
        self.nodes = nodes
        self.wallets = wallets
        self.kinds = kinds
        self.deeds: list[Deed] = []
        self.failures: list[str] = []
        # How often an answer was a 503, and how often there was none.
        self.refused = 0
        self.broken = 0
        self._most = most
        super().__init__(threads)

    def done(self) -> int:
        return sum(deed.done for deed in list(self.deeds))

    def wait_for(self, more: int, *, seconds: float = PATIENCE_SECONDS) -> float:
        """Waits until so many more pieces of work are done. Gives how long that took."""
        begun, wanted = time.monotonic(), self.done() + more
        while self.done() < wanted:
            assert not self.failures, self.failures[:3]
            assert time.monotonic() < begun + seconds, f"no {more} pieces of work were done in {seconds} s"
            time.sleep(0.02)
        return time.monotonic() - begun

    def _next(self) -> Deed | None:
        with self._lock:
            if self._stop.is_set() or len(self.deeds) >= self._most:
                return None
            self.deeds.append(make(len(self.deeds), self.wallets, self.kinds))
            return self.deeds[-1]

    def _work(self, n: int) -> None:
        wires = [Wire(node.url, node.production_key) for node in self.nodes]
        # Each thread begins at another node, and goes on to the next with each request.
        wires = wires[n % len(wires) :] + wires[: n % len(wires)]
        try:
            while deed := self._next():
                for request in deed.requests():
                    deed.answers.append(essence(deed.kind, self._settle(wires, request)))
                deed.done = True
        except Exception as error:  # noqa: BLE001 - any other end of a request is a finding
            with self._lock:
                self.failures.append(f"{deed}: {error!r}")
        for wire in wires:
            wire.close()

    def _settle(self, wires: list[Wire], request: Request) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        told: object = None
        while time.monotonic() < deadline:
            wires.append(wires.pop(0))
            try:
                answer = request.send(wires[0])
            except httpx.TransportError as error:
                told = error
                with self._lock:
                    self.broken += 1
            else:
                if answer.status_code == request.status:
                    return answer
                told = answer.text
                check_invitation(answer)
                with self._lock:
                    self.refused += answer.status_code == 503
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"not answered in {PATIENCE_SECONDS} s; at last: {told!r}")


def check_invitation(answer: httpx.Response) -> None:
    """An answer that says nothing has gone wrong for good, and when to come again."""
    status, headers = answer.status_code, answer.headers
    passes = status == 503 or (status == 409 and answer.json()["code"] == STILL_RUNNING)
    assert passes and headers.get("x-should-retry") != "false", (status, answer.text)
    assert headers.keys() & {"retry-after", "retry-after-ms"}, f"{status} does not say when to come again"
