"""Somebody who is told of events: an HTTP server that checks with the official package, and may misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

PATIENCE_SECONDS = 30.0
LONG_BYTES = 8 << 20

# What a receiver does with a request: a status, an answer, or one of these.
DROP = "drop"
HALFWAY = "halfway"
HANG = "hang"
LONG = "long"
NO_HTTP = "no http"
TRICKLE = "trickle"


@dataclass(frozen=True)
class Answer:
    """A whole one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"done"


Action = int | str | Answer


@dataclass(frozen=True)
class Told:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    at: float = field(default_factory=time.monotonic)

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """Raises unless the official package takes it."""
        Webhook(secret).verify(self.body, self.headers)


Behaviour = Callable[[Told, int], Action]


@dataclass
class Receiver:
    """What came, in order, and what is done with what comes."""

    port: int
    told: list[Told] = field(default_factory=list)
    # The names of what was answered with a 2xx, in order.
    taken: list[str] = field(default_factory=list)
    # Answers that nobody read to their end.
    unread: int = 0
    # Says what to do with a request, by the number of requests before it.
    behaviour: Behaviour = lambda told, number: 200
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def events(self) -> list[dict[str, Any]]:
        with self.lock:
            return [told.event for told in self.told]

    def ids(self) -> list[str]:
        """The name of each request, in order."""
        with self.lock:
            return [told.id for told in self.told]

    def of(self, message_id: str) -> list[Told]:
        """Each request of this name."""
        with self.lock:
            return [told for told in self.told if told.id == message_id]

    def wait_for(self, count: int) -> list[Told]:
        """So many requests, or more."""
        self.wait_until(lambda: len(self.told) >= count, f"{count} requests")
        with self.lock:
            return list(self.told)

    def wait_for_all(self, message_ids: list[str]) -> None:
        """Each of these was taken."""
        self.wait_until(lambda: set(message_ids) <= set(self.taken), f"all of {len(message_ids)} taken")

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"not {what}: {[(told.id, told.event['type']) for told in self.told]}"
            time.sleep(0.02)


def firsts(ids: list[str]) -> list[str]:
    """Each once, where it came first."""
    return list(dict.fromkeys(ids))


class Listener(ThreadingHTTPServer):
    """An HTTP server whose end is also that of the connections that clients keep."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self._connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiving(behaviour: Behaviour | None = None, *, port: int = 0) -> Iterator[Receiver]:
    """A receiver for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are two writes: the second would wait for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.take()

        def do_POST(self) -> None:
            self.take()

        def take(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                # Whoever sent it is gone.
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.path, headers, body, self.command)
            with receiver.lock:
                number = len(receiver.told)
                receiver.told.append(told)
            self.act(receiver.behaviour(told, number), told)

        def act(self, action: Action, told: Told) -> None:
            if isinstance(action, int):
                action = Answer(action)
            if isinstance(action, Answer):
                if action.status // 100 == 2:
                    with receiver.lock:
                        receiver.taken.append(told.id)
                self.answer(action)
                return
            self.close_connection = True
            if action == HANG:
                receiver.released.wait(PATIENCE_SECONDS)
            elif action == NO_HTTP:
                self.wfile.write(b"220 mail.example ready\r\n")
            elif action == HALFWAY:
                self.begin(100)
                self.wfile.write(b"half")
            elif action == TRICKLE:
                self.begin(1_000)
                self.until_nobody_reads(lambda: receiver.released.wait(0.1) or self.wfile.write(b"x"))
            elif action == LONG:
                # Little of it fits between the two.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
                self.begin(LONG_BYTES)
                self.until_nobody_reads(lambda: self.wfile.write(b"x" * (LONG_BYTES >> 3)), times=8)
            else:
                assert action == DROP, action

        def begin(self, length: int) -> None:
            self.send_response(200)
            self.send_header("content-length", str(length))
            self.end_headers()

        def until_nobody_reads(self, write: Callable[[], object], *, times: int = 1_000) -> None:
            try:
                for _ in range(times):
                    write()
            except OSError:
                with receiver.lock:
                    receiver.unread += 1

        def answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if answer.status != 204:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = Listener(port, Handler)
    receiver = Receiver(server.server_address[1])
    if behaviour is not None:
        receiver.behaviour = behaviour
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.end()
