"""A customer is erased, and the server is killed meanwhile: the next start finishes it. What was anchored before holds,
and so does a copy in a database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from support.bulk import PATH as BATCHES
from support.postgres import Postgres
from support.server import Server
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.signer import Signer, scrip
from support.wire import Wire

PATIENCE_SECONDS = 120.0
WORD = "unmistakable"
# Rows enough for a kill to come in the middle.
ROWS, SIZE = 20_000, 1_000

pytestmark = pytest.mark.embedded


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)
    return found


def customer_with_words(wire: Wire, currency: str, word: str) -> Wallet:
    """A customer of many rows, whose every word is one."""
    metadata = {"note": word}
    wallet = Wallet(new_customer(wire, name=word, email=f"{word}@example.com", metadata=metadata), currency)
    granted = wallet.grant_body(1_000_000, displayName=word, comment=word, metadata=metadata)
    created(wire.post("/api/v1/credits/grants", granted))
    return wallet


def consume(wire: Wire, wallet: Wallet, rows: int, word: str) -> None:
    for _ in range(0, rows, SIZE):
        one = wallet.body() | {"amount": 1, "dimensions": {"who": word}}
        items = [one | {"idempotencyKey": fresh("key")} for _ in range(SIZE)]
        assert wire.post(BATCHES, {"consumptions": items}).status_code == 202


def told(wire: Wire, wallet: Wallet) -> list[Any]:
    """What does not change."""
    balance = wire.get("/api/v1/credits/balances/explain", **wallet.body())
    rows = wire.get("/api/v1/credits/ledger", **wallet.body(), limit=100)
    assert (balance.status_code, rows.status_code) == (200, 200), balance.text + rows.text
    return [balance.json()["data"]["available"], [(row["amount"], row["hash"]) for row in rows.json()["data"]]]


def files_with(data: Path, word: str) -> list[str]:
    return [str(file) for file in data.rglob("*") if file.is_file() and word.encode() in file.read_bytes()]


def test_a_kill_in_the_middle(directory: Path, postgres: Postgres) -> None:
    signer = Signer(directory)
    server = Server(directory, arguments=signer.arguments()).start()
    wire = Wire(server.url, server.production_key, timeout=PATIENCE_SECONDS)
    currency = new_currency(wire)
    wallet = customer_with_words(wire, currency, WORD)
    other = customer_with_words(wire, currency, "neighbourly")
    consume(wire, wallet, ROWS, WORD)
    consume(wire, other, SIZE, "neighbourly")
    before = told(wire, wallet)
    until(lambda: covers(wire, wallet, signer))

    failed: list[Exception] = []

    def erase() -> None:
        asking = Wire(server.url, server.production_key, timeout=PATIENCE_SECONDS)
        try:
            asking.post(f"/api/v1/customers/{wallet.customer}/erase")
        except httpx.TransportError as error:
            failed.append(error)

    asking = threading.Thread(target=erase)
    asking.start()
    until(lambda: created(wire.get(f"/api/v1/customers/{wallet.customer}"), 200)["name"] is None)
    server.kill()
    asking.join(PATIENCE_SECONDS)
    assert failed, "it was done before the kill"
    assert files_with(server.data, WORD), "it was done before the kill"

    server.start()
    until(lambda: "erasures that were left were finished" in server.log())
    wire = Wire(server.url, server.production_key)
    assert told(wire, wallet) == before
    grouped = created(wire.get("/api/v1/credits/usage", **wallet.body(), timeRange="LAST_DAY", groupBy="who"), 200)
    assert WORD not in str(grouped)
    assert files_with(server.data, WORD) == []
    assert files_with(server.data, "neighbourly"), "somebody else was erased"
    assert server.stop() == 0
    anchors = [argument for file in signer.files() for argument in ("--anchor", str(file))]
    verdict = scrip("verify", "--data", str(server.data), *anchors, "--anchor-public-key", signer.public_key)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    copied = scrip("copy", "--from-data", str(server.data), "--to-url", url := postgres.new_database())
    assert copied.returncode == 0 and "Both hold the same" in copied.stdout, copied.stdout + copied.stderr
    with psycopg.connect(url) as client:
        tables = client.execute("select tablename from pg_tables where schemaname = 'scrip'").fetchall()
        texts = "\n".join(
            str(client.execute(f'select string_agg(t::text, \'\') from scrip."{name}" t').fetchone())
            for (name,) in tables
        )
    assert WORD not in texts and WORD.encode().hex() not in texts
    assert "neighbourly" in texts


def covers(wire: Wire, wallet: Wallet, signer: Signer) -> bool:
    """Whether the wallet's newest row is under an anchor."""
    newest = wire.get("/api/v1/credits/ledger", **wallet.body(), limit=1).json()["data"][0]
    proof = wire.get("/api/v1/credits/ledger/proof", **wallet.body(), sequence=newest["sequence"])
    return proof.status_code == 200 and bool(signer.files())
