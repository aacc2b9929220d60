"""A loopback proxy that can lose an answer at the worst moment: after the commit and before the client has it.

Each request travels on a connection of its own (`connection: close` is added), so that the end of an answer is the
end of the stream and nothing has to be re-framed.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

HEAD_END = b"\r\n\r\n"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def retry_count(self) -> str | None:
        return self.headers.get("x-stainless-retry-count")


@dataclass(frozen=True)
class Fault:
    method: str
    path: re.Pattern[str]
    act: Callable[[], None]
    # The request is lost, and not only its answer.
    is_whole: bool = False

    def concerns(self, request: Request) -> bool:
        return request.method == self.method and self.path.fullmatch(request.path) is not None


class FaultProxy:
    """Forwards to `upstream_port`; `lose_answer_of` and `lose_request_of` arm one fault, which is used up by the first
    request it fits."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.requests: list[Request] = []
        self.lost_answers = 0
        self.lost_requests = 0
        self._fault: Fault | None = None
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def lose_answer_of(self, method: str, path: str, act: Callable[[], None] = lambda: None) -> None:
        """The next `method` request whose path is `path` (a regular expression) runs; when its answer begins to
        arrive, `act` is called (kill and restart the server, say) and the client's connection is reset."""
        self._arm(Fault(method, re.compile(path), act))

    def lose_request_of(self, method: str, path: str, act: Callable[[], None] = lambda: None) -> None:
        """As above, but such a request reaches nobody: `act` is called instead of forwarding it."""
        self._arm(Fault(method, re.compile(path), act, is_whole=True))

    def _arm(self, fault: Fault) -> None:
        with self._lock:
            assert self._fault is None, "a fault is still armed"
            self._fault = fault

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        # Closing alone does not wake a thread that is blocked in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE_SECONDS)
        with client, contextlib.suppress(OSError):
            request = read_request(client)
            if request is None:
                return
            # While the server is being restarted its clients wait here instead of being refused.
            self._open.wait(PATIENCE_SECONDS)
            fault = self._take_fault(request)
            if fault is not None and fault.is_whole:
                self._open.clear()
                try:
                    fault.act()
                    self.lost_requests += 1
                    reset(client)
                finally:
                    self._open.set()
                return
            with socket.create_connection(("127.0.0.1", self.upstream_port), PATIENCE_SECONDS) as upstream:
                upstream.sendall(request.raw)
                if fault is None:
                    self.pass_on(request, upstream, client)
                    return
                # The first byte of an answer proves that its effect is durable. It is looked at, never forwarded.
                arrived = upstream.recv(1, socket.MSG_PEEK)
                self._open.clear()
                try:
                    if arrived:
                        fault.act()
                        self.lost_answers += 1
                    reset(client)
                finally:
                    self._open.set()

    def pass_on(self, request: Request, upstream: socket.socket, client: socket.socket) -> None:
        """The answer, of a request that nothing happens to."""
        for chunk in chunks(upstream):
            client.sendall(chunk)

    def _take_fault(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            fault = self._fault
            if fault is None or not fault.concerns(request):
                return None
            self._fault = None
            return fault


def read_request(client: socket.socket) -> Request | None:
    received = b""
    while HEAD_END not in received:
        chunk = client.recv(65_536)
        if not chunk:
            return None
        received += chunk
    head, body = received.split(HEAD_END, 1)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    assert "transfer-encoding" not in headers, "the SDK sends every body with its length"
    while len(body) < int(headers.get("content-length", "0")):
        chunk = client.recv(65_536)
        if not chunk:
            return None
        body += chunk
    kept = [line for line in lines if not line.lower().startswith("connection:")]
    raw = "\r\n".join([first, *kept, "connection: close"]).encode("latin-1") + HEAD_END + body
    return Request(method, target.split("?", 1)[0], headers, raw)


def chunks(source: socket.socket) -> Iterator[bytes]:
    while chunk := source.recv(65_536):
        yield chunk


def reset(connection: socket.socket) -> None:
    """Close with RST, as a machine that lost its power would look to its peer, rather than with a polite FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
