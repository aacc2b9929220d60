"""Closed months move with their store, also where rows are numbered otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.postgres import Postgres
from support.server import Server, binary
from support.shop import Wallet, created, new_currency, new_customer
from support.wire import Wire

pytestmark = pytest.mark.embedded

MONTHS = "/api/v1/credits/reports/months"


def reports(wire: Wire) -> list[Any]:
    """The month as it was kept, as it is added up anew, and the one behind it."""
    january, february = ("2031-01-01", "2031-02-01"), ("2031-02-01", "2031-02-03")
    return [
        created(wire.get(f"/api/v1/credits/reports/revenue?from={begin}T00:00:00Z&to={end}T00:00:00Z{detail}"), 200)
        for (begin, end), detail in ((january, ""), (january, "&detail=GRANTS"), (february, "&detail=GRANTS"))
    ]


def sandbox(server: Server) -> Wire:
    return Wire(server.url, server.sandbox_key)


def test_closed_months_move(directory: Path, postgres: Postgres) -> None:
    url = postgres.new_database()
    (directory / "first").mkdir()
    server = Server(directory / "first", database_url=url).start()
    box = sandbox(server)
    created(box.post("/api/v1/test-clock", {"now": "2031-01-10T00:00:00Z"}), 200)
    wallet = Wallet(new_customer(box), new_currency(box))
    paid = {"grantType": "PAID", "cost": {"amount": 10, "currency": "usd"}, "paymentCollectionMethod": "NONE"}
    created(box.post("/api/v1/credits/grants", wallet.grant_body(100, **paid)))
    # Positions that nothing has: transactions that did not commit leave them.
    with psycopg.connect(url, autocommit=True) as client:
        client.execute("select nextval('scrip.entry_position') from generate_series(1, 7)")
    for amount in (10, 15):
        created(box.post("/api/v1/credits/consumption", wallet.consume_body(amount)), 200)
    created(box.post("/api/v1/test-clock", {"now": "2031-02-03T00:00:00Z"}), 200)
    month = created(box.post(f"{MONTHS}/2031-01/close"), 200)
    late = wallet.consume_body(20) | {"createdAt": "2031-01-20T00:00:00Z"}
    created(box.post("/api/v1/credits/consumption", late), 200)
    said = reports(box)
    assert said[0]["totals"] == said[1]["totals"] == month["totals"]
    assert (said[0]["totals"][0]["recognised"], said[2]["totals"][0]["recognised"]) == (2.5, 2)
    box.close()
    assert server.stop() == 0

    (directory / "moved").mkdir()
    moved = Server(directory / "moved")
    moved.production_key, moved.sandbox_key = server.production_key, server.sandbox_key
    copy = [str(binary()), "copy", "--from-url", url, "--to-data", str(moved.data)]
    copied = subprocess.run(copy, capture_output=True, text=True, timeout=60, check=False)
    assert copied.returncode == 0, copied.stdout + copied.stderr
    moved.start()
    box = sandbox(moved)
    assert reports(box) == said
    assert created(box.get(MONTHS), 200) == [month]
    assert created(box.post(f"{MONTHS}/2031-01/close"), 200) == month
    box.close()
    assert moved.stop() == 0
