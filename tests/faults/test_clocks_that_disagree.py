"""Nodes on machines whose clocks are hours apart go by the database's time, all of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.books import credit
from support.postgres import Postgres
from support.server import Server
from support.shop import Wallet, created, from_now, iso, new_currency, new_customer
from support.wire import Wire

# What the machines' clocks are off by.
HOURS = [0, 2, -2]
SECONDS_TO_LIVE = 3.0
TOLERANCE = timedelta(seconds=2)

pytestmark = pytest.mark.embedded


def library() -> Path:
    """What stands between a process and the machine's clock. A missing one is an error, not a skip."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        raise FileNotFoundError("libfaketime is missing (Debian: apt-get install faketime)")
    return found[0]


@pytest.fixture
def nodes(directory: Path, postgres: Postgres) -> Iterator[list[Server]]:
    url = postgres.new_database()
    nodes = []
    for n, hours in enumerate(HOURS):
        (directory / str(n)).mkdir()
        node = Server(directory / str(n), database_url=url)
        # Time passes at the right pace: a wrong clock is not a wrong watch.
        node.additions = {
            "LD_PRELOAD": str(library()), "FAKETIME": f"{hours:+d}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        if nodes:
            node.production_key, node.sandbox_key = nodes[0].production_key, nodes[0].sandbox_key
        nodes.append(node)
    try:
        yield [node.start() for node in nodes]
        for node in nodes:
            node.end_and_verify()
    finally:
        for node in nodes:
            node.kill()


def check_its_clock_is_wrong(node: Server, hours: int) -> None:
    """What it writes into its log is the machine's own time: otherwise the test shows nothing."""
    logged = re.findall(r"(\d{4}-\d\d-\d\dT[\d:.]+Z)", node.log())
    ahead = datetime.fromisoformat(logged[-1]) - datetime.now(UTC)
    assert abs(ahead - timedelta(hours=hours)) < timedelta(minutes=5), f"{ahead} ahead"


def test_all_go_by_the_time_of_the_database(nodes: list[Server]) -> None:
    for node, hours in zip(nodes, HOURS, strict=True):
        check_its_clock_is_wrong(node, hours)
    wires = [Wire(node.url, node.production_key) for node in nodes]
    wallet = Wallet(new_customer(wires[0]), new_currency(wires[0]))
    ends = from_now(seconds=SECONDS_TO_LIVE)
    created(wires[1].post("/api/v1/credits/grants", wallet.grant_body(100, expireAt=iso(ends))))
    for wire in wires:
        answer = wire.post("/api/v1/credits/consumption", wallet.consume_body(1))
        assert answer.status_code == 200, answer.text
    rows = wires[2].get("/api/v1/credits/ledger", customerId=wallet.customer).json()["data"]
    assert [row["eventType"] for row in rows] == ["CREDITS_CONSUMED"] * 3 + ["CREDITS_GRANTED"]
    now = datetime.now(UTC)
    for row in rows:
        written = datetime.fromisoformat(row["recordedAt"])
        assert abs(now - written) < TOLERANCE, f"{written} is what a node's own clock says; it is {now}"
    left = [credit(wire, wallet.customer, wallet.currency) for wire in wires]
    assert [each["usageLimit"] - each["currentUsage"] for each in left] == [97] * 3
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()) + 0.5)
    for wire in wires:
        told = credit(wire, wallet.customer, wallet.currency)
        assert told["usageLimit"] - told["currentUsage"] == 0, "it has ended for all"
        wire.close()
