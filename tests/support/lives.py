"""Lives of a server that end by `kill -9` while clients are at work, each of which knows what it did."""

from __future__ import annotations

import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import httpx

from support.load import Diary, Load
from support.outcomes import check_everything_happened_once, check_nothing_lost_or_doubled, replay
from support.server import Server
from support.shop import Wallet, fresh
from support.told import Reader
from support.wire import Wire

SECONDS_OF_LIFE = 0.6
# So much more must have been done by all clients, and told to each reader, before a life may end.
ENOUGH = 40

Work = Callable[[Server, threading.Event], None]


class Client(ABC):
    """Sends one request after the other, until the server goes away.

    It repeats a request whose answer it did not see under the same key, before it sends another: so it is
    known what has happened, in which order, but for at most one request.
    """

    def __init__(self) -> None:
        self.acknowledged = 0
        self.key = fresh("step")
        self.failures: list[str] = []

    @abstractmethod
    def send(self, wire: Wire) -> httpx.Response:
        """The next request, by how many have been acknowledged, under the key."""

    def learn(self, answer: httpx.Response) -> None:  # noqa: B027 - most need not
        """Something from an answer that later requests need."""

    def step(self, wire: Wire) -> None:
        answer = self.send(wire)
        if answer.status_code not in (200, 201):
            self.failures.append(answer.text)
            raise httpx.TransportError("a request was refused")
        self.learn(answer)
        self.acknowledged += 1
        self.key = fresh("step")

    def work(self, server: Server, stop: threading.Event) -> None:
        wire = Wire(server.url, server.production_key)
        with contextlib.suppress(httpx.TransportError):
            while not stop.is_set():
                self.step(wire)
        wire.close()


def following(reader: Reader) -> Work:
    def follow(server: Server, stop: threading.Event) -> None:
        wire = Wire(server.url, server.production_key)
        with contextlib.suppress(httpx.TransportError):
            while not stop.is_set():
                reader.page(wire)
        wire.close()

    return follow


def live(server: Server, clients: Sequence[Client], readers: Sequence[Reader] = ()) -> None:
    """One life of the server, ended while everybody is at it, and the beginning of the next."""
    stop = threading.Event()
    works = [*(client.work for client in clients), *(following(reader) for reader in readers)]
    threads = [threading.Thread(target=work, args=(server, stop)) for work in works]

    def done() -> list[int]:
        return [sum(client.acknowledged for client in clients), *(len(reader.events) for reader in readers)]

    wanted = [count + ENOUGH for count in done()]
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
    server.start()
    for client in clients:
        assert not client.failures, client.failures


def killed_under_load(server: Server, wallets: list[Wallet], *, rounds: int = 3, threads: int = 8) -> None:
    """Some lives under parallel load. What was acknowledged is there after each, and in the end everything is, once."""
    diary = Diary()
    for round_ in range(rounds):
        # Amounts of different rounds must differ too.
        with Load(server, wallets, threads=threads, diary=diary, first=10**7 * (round_ + 1)) as load:
            deadline = time.monotonic() + 20
            known = load.acknowledged()
            time.sleep(2 * SECONDS_OF_LIFE)
            while load.acknowledged() < known + 100 and time.monotonic() < deadline:
                time.sleep(0.05)
            server.kill()
        assert not diary.failures, diary.failures[:3]
        assert load.acknowledged() >= known + 100, "too little load to prove anything"
        server.start()
        check_nothing_lost_or_doubled(server, diary, wallets)

    unknown = [work for work in diary.works if not work.acknowledged]
    assert unknown, "every request was answered: the kill hit nothing"
    # The second time nothing moves any more.
    for _ in range(2):
        replay(server, diary.works)
        check_everything_happened_once(server, diary, wallets)
