"""Somebody who is told of events: an HTTP server that checks signatures with the official package, and may misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

PATIENCE_SECONDS = 30.0

# What a receiver does with a request: a status, or one of these.
HALFWAY = "halfway"
HANG = "hang"
LONG = "long"
INWARD = "inward"


@dataclass(frozen=True)
class Told:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> None:
        """Raises unless the official package takes it."""
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What came, in order, and what is done with what comes."""

    port: int
    told: list[Told] = field(default_factory=list)
    # Says what to do with a request, by the number of requests before it.
    behaviour: Callable[[Told, int], int | str] = lambda told, number: 200
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def events(self) -> list[dict[str, Any]]:
        with self.lock:
            return [told.event for told in self.told]

    def wait_for(self, count: int) -> list[Told]:
        """So many requests, or more."""
        self.wait_until(lambda: len(self.told) >= count, f"{count} requests")
        with self.lock:
            return list(self.told)

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"not {what}: {[told.event['type'] for told in self.told]}"
            time.sleep(0.02)


@contextmanager
def receiving(behaviour: Callable[[Told, int], int | str] | None = None) -> Iterator[Receiver]:
    """A receiver for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.take()

        def do_POST(self) -> None:
            self.take()

        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.path, headers, body)
            with receiver.lock:
                number = len(receiver.told)
                receiver.told.append(told)
            self.act(receiver.behaviour(told, number))

        def act(self, action: int | str) -> None:
            if action == HANG:
                receiver.released.wait(PATIENCE_SECONDS)
                self.close_connection = True
            elif action == HALFWAY:
                self.send_response(200)
                self.send_header("content-length", "100")
                self.end_headers()
                self.wfile.write(b"half")
                self.close_connection = True
            elif action == LONG:
                self.send_response(200)
                self.send_header("content-length", str(8 << 20))
                self.end_headers()
                try:
                    self.wfile.write(b"x" * (8 << 20))
                except OSError:
                    self.close_connection = True
            elif action == INWARD:
                self.answer(302, location=f"http://127.0.0.1:{receiver.port}/inward")
            else:
                self.answer(int(action))

        def answer(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"done")

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    if behaviour is not None:
        receiver.behaviour = behaviour
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
