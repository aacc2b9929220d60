"""Clients that go away half-way: they get nothing, leave nothing half done, and harm nobody else."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.books import check_books, grants
from support.proxy import reset
from support.server import Server
from support.shop import Wallet
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 10)


def request(server: Server, body: dict[str, object], *, length: int | None = None) -> tuple[bytes, bytes]:
    """Head and body of a POST that would create a grant."""
    content = json.dumps(body).encode()
    head = (
        f"POST {GRANTS} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\nx-api-key: {server.production_key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content) if length is None else length}\r\n\r\n"
    )
    return head.encode(), content


def alive(wire: Wire, wallet: Wallet) -> None:
    assert wire.get("/readyz").status_code == 200
    assert wire.post("/api/v1/credits/consumption", wallet.consume_body()).status_code == 200
    check_books(wire, wallet.customer)


@pytest.mark.parametrize("rudely", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_body_that_never_ends(server: Server, wire: Wire, wallet: Wallet, part: float, rudely: bool) -> None:
    head, content = request(server, wallet.grant_body())
    connection = connect(server)
    connection.sendall(head + content[: int(len(content) * part)])
    time.sleep(0.05)
    if rudely:
        reset(connection)
    else:
        connection.close()
    time.sleep(0.1)
    assert grants(wire, wallet.customer) == []
    alive(wire, wallet)


@pytest.mark.parametrize("part", [5, 40, 100])
def test_a_head_that_never_ends(server: Server, wire: Wire, wallet: Wallet, part: int) -> None:
    head, _ = request(server, wallet.grant_body())
    connection = connect(server)
    connection.sendall(head[:part])
    connection.close()
    alive(wire, wallet)


def test_a_body_that_is_shorter_than_announced(server: Server, wire: Wire, wallet: Wallet) -> None:
    """A whole JSON object, but not all the bytes: it is not a request yet, and never becomes one."""
    head, content = request(server, wallet.grant_body(), length=5_000)
    connection = connect(server)
    connection.sendall(head + content)
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(10)
    answer = connection.recv(65_536)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    connection.close()
    assert grants(wire, wallet.customer) == []
    alive(wire, wallet)


def test_a_client_that_does_not_wait_for_its_answer(server: Server, wire: Wire, wallet: Wallet) -> None:
    """The request was complete, so it may have run: wholly or not at all, and each once."""
    head, content = request(server, wallet.grant_body())
    for n in range(20):
        connection = connect(server)
        connection.sendall(head + content)
        if n % 2:
            reset(connection)
        else:
            connection.close()
    previous = -1
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (count := len(grants(wire, wallet.customer))) != previous:
        previous = count
        time.sleep(0.3)
    assert 0 <= previous <= 20
    alive(wire, wallet)


def test_many_that_only_hold_the_line(server: Server, wire: Wire, wallet: Wallet, held: ExitStack) -> None:
    """A hundred half requests are open; others are served as if they were not."""
    head, content = request(server, wallet.grant_body())
    for n in range(100):
        connection = held.enter_context(connect(server))
        connection.sendall(head[: len(head) // 2] if n % 2 else head + content[:10])
    started = time.monotonic()
    for _ in range(20):
        assert wire.post("/api/v1/credits/consumption", wallet.consume_body()).status_code == 200
    assert time.monotonic() - started < 10
    assert [each["grantType"] for each in grants(wire, wallet.customer)] == ["OVERDRAFT"]


def test_what_is_not_http_at_all(server: Server, wire: Wire, wallet: Wallet) -> None:
    tls = b"\x16\x03\x01\x02\x00\x01\x00"
    for noise in (tls, b"\x00" * 4_096, b"GET\r\n\r\n", b"\r\n" * 100, b"PRI * HTTP/2.0\r\n\r\n"):
        with connect(server) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            # It answers or hangs up, but it does not leave the line open.
            while connection.recv(65_536):
                pass
    alive(wire, wallet)


def test_two_lengths_are_no_length(server: Server, wire: Wire, wallet: Wallet) -> None:
    """Where two readers could disagree about the end of a request, it is refused."""
    head, content = request(server, wallet.grant_body())
    for extra in (b"content-length: 3\r\n", b"transfer-encoding: chunked\r\n"):
        with connect(server) as connection:
            connection.sendall(head[:-2] + extra + b"\r\n" + content)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
            assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert grants(wire, wallet.customer) == []
    alive(wire, wallet)
