"""The process around the API: health, its own documents, one owner of a data directory, `verify`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from support.server import PATIENCE_SECONDS, Server, binary, free_port
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_open_to_everyone(server: Server, path: str) -> None:
    assert httpx.get(server.url + path, follow_redirects=True).status_code == 200


def test_the_document_is_openapi_31(server: Server) -> None:
    answer = httpx.get(f"{server.url}/openapi.json")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["openapi"].startswith("3.1")


def test_the_reference_loads_nothing_from_elsewhere(server: Server) -> None:
    answer = httpx.get(f"{server.url}/docs", follow_redirects=True)
    assert answer.headers["content-type"].startswith("text/html")
    tags = r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)\s*=\s*["']?([^"'\s>]+)"""
    loaded = re.findall(tags, answer.text)
    loaded += re.findall(r"""(?:url\(|@import\s|\bimport\s*\(|\bfetch\s*\()\s*["']?([^"')\s]+)""", answer.text)
    elsewhere = [address for address in loaded if re.match(r"(?:[a-z]+:)?//", address)]
    assert elsewhere == []
    scripts = [answer.text]
    for address in loaded:
        if not address.startswith(("data:", "#")):
            part = httpx.get(answer.url.join(address))
            assert part.status_code == 200, address
            if address.endswith(".js"):
                scripts.append(part.text)
    # It shows what this server serves.
    assert any("openapi.json" in script or "/api/v1/credits/grants" in script for script in scripts)
    if any("SwaggerUIBundle" in script for script in scripts):
        # Left alone, this viewer asks a validator on the Internet about every document that is not on localhost.
        assert any(re.search(r"""["']?validatorUrl["']?\s*:\s*(null|["']none["'])""", script) for script in scripts)


def test_every_answer_can_be_traced(wire: Wire, customer: str) -> None:
    first = wire.get(f"/api/v1/customers/{customer}").headers["x-trace-id"]
    second = wire.get(f"/api/v1/customers/{customer}").headers["x-trace-id"]
    assert first and second and first != second


@pytest.mark.embedded
def test_two_processes_never_share_a_directory(server: Server) -> None:
    intruder = subprocess.run(
        [str(binary()), "serve", "--listen", f"127.0.0.1:{free_port()}", "--data", str(server.data)],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=server.environment(), check=False,
    )
    assert intruder.returncode != 0
    assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_what_was_written_is_read_after_a_restart(directory: Path) -> None:
    server = Server(directory).start()
    try:
        wire = Wire(server.url, server.production_key)
        wallet = Wallet(new_customer(wire, name="Kept"), new_currency(wire), "site")
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(0.3)).status_code == 201
        assert wire.post("/api/v1/credits/consumption", wallet.consume_body(0.5)).status_code == 200

        def everything() -> list[object]:
            client = Wire(server.url, server.production_key)
            scope = {"customerId": wallet.customer}
            read = [
                client.get(f"/api/v1/customers/{wallet.customer}").json(),
                client.get("/api/v1/credits/custom-currencies").json(),
                client.get("/api/v1/credits/grants", resourceId="site", **scope).json()["data"],
                client.get("/api/v1/credits/ledger", **scope).json()["data"],
                client.get(f"/api/v1/customers/{wallet.customer}/resources").json()["data"],
                client.get(f"/api/v1/customers/{wallet.customer}/entitlements", resourceId="site").json(),
            ]
            client.close()
            return read

        before = everything()
        assert server.stop() == 0
        server.start()
        assert everything() == before
        server.restart_after_kill()
        assert everything() == before
        server.end_and_verify()
    finally:
        server.kill()


@pytest.mark.embedded
def test_verify_finds_a_changed_amount(directory: Path) -> None:
    """A check that cannot fail proves nothing: change one stored grant amount by hand and it must."""
    server = Server(directory).start()
    try:
        wire = Wire(server.url, server.production_key)
        wallet = Wallet(new_customer(wire), new_currency(wire))
        for _ in range(5):
            assert wire.post("/api/v1/credits/grants", wallet.grant_body(7)).status_code == 201
        server.end_and_verify()
        database = server.data / "ledger.db"
        content = database.read_bytes()
        assert b"SQLite format 3" in content[:16]
        damage(database)
        verdict = server.verify()
        assert verdict.returncode == 1, verdict.stdout + verdict.stderr
        assert verdict.stdout + verdict.stderr
    finally:
        server.kill()


def damage(database: Path) -> None:
    """Flip one byte inside the content of the newest ledger entry, leaving the database itself well formed."""
    import sqlite3

    with sqlite3.connect(database) as connection:
        columns = [row[1:3] for row in connection.execute("pragma table_info(entries)")]
        blobs = [name for name, kind in columns if kind.upper() == "BLOB"]
        assert blobs, columns
        rowid, *values = connection.execute(
            f"select rowid, {', '.join(blobs)} from entries order by rowid desc limit 1"
        ).fetchone()
        name, value = max(zip(blobs, values, strict=True), key=lambda pair: len(pair[1] or b""))
        middle = len(value) // 2
        changed = value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
        connection.execute(f"update entries set {name} = ? where rowid = ?", (changed, rowid))
    connection.close()
