"""A move of a sandbox's clock, whatever it brings, delays no other environment (decision 40)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.load import in_threads
from support.server import Server, running
from support.shop import Wallet, created, new_currency, new_customer
from support.wire import Wire

CLOCK = "/api/v1/test-clock"


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory) as server:
        yield server


@pytest.mark.parametrize(("wallets", "recurring"), [(1600, 1), (200, 20)])
def test_a_year_of_renewals(server: Server, wallets: int, recurring: int) -> None:
    box, production = Wire(server.url, server.sandbox_key), Wire(server.url, server.production_key)
    created(box.post(CLOCK, {"now": "2031-01-01T00:00:00Z"}), 200)
    currency = new_currency(box)

    def furnish(n: int) -> None:
        wire = Wire(server.url, server.sandbox_key)
        for _ in range(wallets // 5):
            wallet = Wallet(new_customer(wire), currency)
            body = wallet.body() | {"amount": 10, "cadence": "MONTH", "displayName": "Basic"}
            for number in range(recurring):
                created(wire.put(f"/api/v1/credits/recurring-grants/{wallet.customer}-{number}", body), 200)
        wire.close()

    in_threads(5, furnish)
    busy = Wallet(new_customer(production), new_currency(production))

    def consume() -> float:
        started = time.monotonic()
        created(production.post("/api/v1/credits/consumption", busy.consume_body()), 200)
        return time.monotonic() - started

    for _ in range(20):
        consume()
    answers: list[int] = []

    def move() -> None:
        mover = Wire(server.url, server.sandbox_key, timeout=120)
        answers.append(mover.post(CLOCK, {"now": "2031-12-31T00:00:00Z"}).status_code)
        mover.close()

    mover = threading.Thread(target=move)
    started = time.monotonic()
    mover.start()
    slowest = 0.0
    while not answers:
        slowest = max(slowest, consume())
    mover.join()
    moved = time.monotonic() - started
    assert answers == [200]
    # In slices: whoever waits for one of them waits for a small part of the whole, which is long enough
    # that the moods of a machine do not decide it.
    assert slowest < moved / 5, f"a consumption of another environment took {slowest:.2f} s of {moved:.2f} s"
