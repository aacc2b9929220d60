"""A store that is copied into a database and back, while what copies it is killed.

Wherever it goes, every wallet says the same, every key is known, and the copy proves it. A copy that was not
finished is served by nobody.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from support.bulk import Bulk
from support.outcomes import new_wallets, replay
from support.postgres import Postgres
from support.server import Server, binary
from support.load import Work
from support.shop import Wallet
from support.stores import Told, refusal, told, work
from support.wire import Wire

# Enough for a copy to be killed before it ends.
BATCHES = 40
KILLS = 4
PATIENCE_SECONDS = 120.0

pytestmark = pytest.mark.embedded


def copying(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(binary()), "copy", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def copy_while_killed(*arguments: str) -> tuple[str, int]:
    """What the run says that is not killed, and how many were."""
    killed = 0
    for n in range(KILLS):
        process = copying(*arguments)
        time.sleep(0.15 * (n + 1))
        if process.poll() is None:
            process.kill()
            killed += 1
        process.communicate(timeout=PATIENCE_SECONDS)
    process = copying(*arguments)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    if killed and "not empty" in said:
        # The last kill hit it after the copy, while it proved it.
        return prove(arguments), killed
    assert process.returncode == 0, said
    return said, killed


def prove(arguments: tuple[str, ...]) -> str:
    """What `scrip copy` does at its end: each side is well, and both come to the same."""
    options = {
        "--from-data": "--data", "--to-data": "--data",
        "--from-url": "--database-url", "--to-url": "--database-url",
    }
    told = []
    for option, place in zip(arguments[::2], arguments[1::2], strict=True):
        verdict = subprocess.run(
            [str(binary()), "verify", options[option], place],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )
        assert verdict.returncode == 0, verdict.stdout + verdict.stderr
        told += re.findall(r"come to ([0-9a-f]{32})", verdict.stdout)
    assert len(told) == 2 and told[0] == told[1], told
    return "Both hold the same"


def refused(*arguments: str) -> str:
    process = copying(*arguments)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode != 0, said
    return said


def begun(url: str) -> bool:
    """Something was copied into a database, and not yet all."""
    with psycopg.connect(url, autocommit=True) as client, contextlib.suppress(psycopg.errors.UndefinedTable):
        return client.execute("select from scrip.meta where name = 'copy'").fetchone() is not None
    return False


def place(directory: Path, name: str, like: Server | None = None, database_url: str | None = None) -> Server:
    """A server that is not running, with the keys of another."""
    (directory / name).mkdir()
    server = Server(directory / name, database_url=database_url)
    if like is not None:
        server.production_key, server.sandbox_key = like.production_key, like.sandbox_key
    return server


def test_a_store_moves_and_moves_back(directory: Path, postgres: Postgres) -> None:
    server = place(directory, "first").start()
    wallets = new_wallets(server)
    works: list[Work] = []
    bulk = Bulk(server)
    bulk.consume(BATCHES)
    work(server, wallets, works, 60)
    wire = Wire(server.url, server.production_key)
    body = wallets[0].consume_body(3)
    answer = wire.post("/api/v1/credits/consumption", body, **{"Idempotency-Key": "moving"})
    said = told(server, wallets)
    wire.close()
    url = postgres.new_database()
    there = ("--from-data", str(server.data), "--to-url", url)
    assert "in use" in refused(*there), "a server has it open"
    assert server.stop() == 0

    printed, killed = copy_while_killed(*there)
    assert "Both hold the same" in printed, printed
    assert killed > 0, "no kill hit a copy"
    assert "not empty" in refused(*there)
    node = place(directory, "node", server, url).start()
    check(node, said, wallets, works, bulk)
    wire = Wire(node.url, node.production_key)
    again = wire.post("/api/v1/credits/consumption", body, **{"Idempotency-Key": "moving"})
    assert (again.status_code, again.content) == (answer.status_code, answer.content), "a claim was lost"
    wire.close()
    work(node, wallets, works, 20)
    said = told(node, wallets)
    node.end_and_verify()

    back = place(directory, "second", server)
    printed, _ = copy_while_killed("--from-url", url, "--to-data", str(back.data))
    assert "Both hold the same" in printed, printed
    back.start()
    check(back, said, wallets, works, bulk)
    back.end_and_verify()


def check(server: Server, said: Told, wallets: list[Wallet], works: list[Work], bulk: Bulk) -> None:
    assert told(server, wallets) == said
    replay(server, works)
    assert told(server, wallets) == said, "a key was not known again"
    assert bulk.used(server) == bulk.size * BATCHES
    assert bulk.statuses(server, bulk.batches[::8]) == {202}
    assert bulk.used(server) == bulk.size * BATCHES, "a key was not known again"


def test_an_unfinished_copy_is_served_by_nobody(directory: Path, postgres: Postgres) -> None:
    server = place(directory, "first").start()
    bulk = Bulk(server)
    bulk.consume(BATCHES)
    assert server.stop() == 0
    url = postgres.new_database()
    process = copying("--from-data", str(server.data), "--to-url", url)
    while not begun(url):
        assert process.poll() is None, "it was too fast"
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    node = place(directory, "node", server, url)
    assert "scrip copy" in refusal(node)
    verdict = node.verify()
    assert verdict.returncode != 0 and "scrip copy" in verdict.stderr, verdict
