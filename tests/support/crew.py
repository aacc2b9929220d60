"""Threads that work until they are told to stop."""

from __future__ import annotations

import threading
from typing import Self


class Crew:
    """Its threads work for the length of a block. Whoever derives from it says in `_work` what the n-th of them does until
    `_stop` is set."""

    # Longer than any answer takes that comes at all.
    hangs_after_seconds = 60.0

    def __init__(self, threads: int) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(threads)]

    def _work(self, n: int) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(self.hangs_after_seconds)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
