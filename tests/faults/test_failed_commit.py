"""A disk that fails to write: the process ends instead of answering from what it could not make durable."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.books import check_books, rows
from support.server import Server
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

pytestmark = pytest.mark.embedded

# Room for some hundred consumptions more; then every write of the process fails.
ROOM_BYTES = 300_000
EXIT_FAILED = 70


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


def test_a_failed_write_ends_the_process_and_loses_nothing(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    wallet = Wallet(new_customer(wire), new_currency(wire))
    assert wire.post("/api/v1/credits/grants", wallet.grant_body(10**6)).status_code == 201
    assert server.process is not None
    sizes = [path.stat().st_size for path in server.data.iterdir()]
    limit = max(sizes) + ROOM_BYTES
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limit))

    acknowledged, unknown = set(), None
    for number in range(20_000):
        body = wallet.body() | {"amount": number + 1, "idempotencyKey": f"key-{number}"}
        try:
            answer = wire.post("/api/v1/credits/consumption", body)
        except httpx.TransportError:
            unknown = number + 1
            break
        if answer.status_code != 200:
            assert answer.status_code in (500, 503), answer.text
            assert "disk" not in answer.text, "a 5xx says nothing of the inside"
            unknown = number + 1
            break
        acknowledged.add(number + 1)
    wire.close()
    assert acknowledged, "the limit came before the first consumption"
    assert unknown is not None, "the limit was never reached"
    assert server.wait() == EXIT_FAILED, server.log()

    # The new process has no limit.
    server.start()
    wire = Wire(server.url, server.production_key)
    found = {-row["amount"] for row in rows(wire, wallet.customer, eventType="CREDITS_CONSUMED")}
    assert found - {unknown} == acknowledged
    # The key of the unknown one finds out, and settles it.
    body = wallet.body() | {"amount": unknown, "idempotencyKey": f"key-{unknown - 1}"}
    assert wire.post("/api/v1/credits/consumption", body).status_code == 200
    found = [-row["amount"] for row in rows(wire, wallet.customer, eventType="CREDITS_CONSUMED")]
    assert sorted(found) == sorted(acknowledged | {unknown})
    check_books(wire, wallet.customer)
    wire.close()
    server.end_and_verify()
