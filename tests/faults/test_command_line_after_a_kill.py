"""The command line, when the server is killed after the commit and before the answer, or before it heard anything: the
same request again, under the same key, after the restart. And what a terminal is shown."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest

from support.books import check_books, rows
from support.proxy import FaultProxy
from support.server import Server, binary
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

PATIENCE_SECONDS = 60.0
GRANT = ["grant", "--name", "Gift", "--type", "promotional", "--amount", "12.500000001"]
CONSUME = ["consume", "--amount", "2.500000001"]
COMMANDS = [(GRANT, "/api/v1/credits/grants", "12.500000001"), (CONSUME, "/api/v1/credits/consumption", "-2.500000001")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Killed and restarted again and again, and verified at the end."""
    server = Server(tmp_path_factory.mktemp("killed"))
    try:
        server.start()
        yield server
        server.end_and_verify()
    finally:
        server.kill()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.port) as started:
        yield started


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.production_key)
    yield client
    client.close()


@pytest.fixture
def wallet(wire: Wire) -> Wallet:
    return Wallet(new_customer(wire), new_currency(wire))


def of(wallet: Wallet) -> list[str]:
    return ["--customer", wallet.customer, "--currency", wallet.currency]


def variables(url: str, server: Server) -> dict[str, str]:
    return {"SCRIP_URL": url, "SCRIP_API_KEY": server.production_key}


def ask(url: str, server: Server, words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binary()), *words], env=variables(url, server), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )


@pytest.mark.parametrize("is_whole", [False, True], ids=["answer", "request"])
@pytest.mark.parametrize(("words", "path", "effect"), COMMANDS, ids=["grant", "consume"])
def test_once(
    server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet, words: list[str], path: str, effect: str,
    is_whole: bool,
) -> None:
    lose = proxy.lose_request_of if is_whole else proxy.lose_answer_of
    lose("POST", path, server.restart_after_kill)
    done = ask(proxy.url, server, [*words, *of(wallet)])
    assert done.returncode == 0, done.stderr
    assert proxy.lost_answers + proxy.lost_requests == 1
    assert "asking again under the same key, attempt 2 of 6" in done.stderr
    first, second = (request.raw for request in proxy.requests if request.path == path)
    assert first == second
    assert json.loads(done.stdout)["amount"] == effect.removeprefix("-")
    (row,) = rows(wire, wallet.customer)
    assert str(row["amount"]) == effect
    check_books(wire, wallet.customer)


def test_a_server_that_stays_away(server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet) -> None:
    """Whoever gives up is told the key that finds out."""
    proxy.lose_answer_of("POST", "/api/v1/credits/consumption")
    done = ask(proxy.url, server, [*CONSUME, "--retries", "0", *of(wallet)])
    assert done.returncode == 5, done.stderr
    server.restart_after_kill()
    told, again = re.findall(r"--idempotency-key (\S+)", done.stderr)
    assert told == again
    done = ask(server.url, server, [*CONSUME, "--idempotency-key", told, *of(wallet)])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["credit"]["currentUsage"] == "2.500000001"
    assert len(rows(wire, wallet.customer)) == 1


def test_a_terminal_gets_a_table(server: Server, wallet: Wallet) -> None:
    assert ask(server.url, server, [*GRANT, *of(wallet)]).returncode == 0
    words = [str(binary()), "balance", "--customer", wallet.customer]
    for more, is_table in [([], True), (["--json"], False)]:
        ours, theirs = pty.openpty()
        subprocess.run([*words, *more], env=variables(server.url, server), stdout=theirs, timeout=60, check=True)
        os.close(theirs)
        shown = os.read(ours, 65_536).decode()
        os.close(ours)
        assert shown.startswith("Currency" if is_table else "{"), shown
        assert "12.500000001" in shown
