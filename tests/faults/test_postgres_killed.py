"""Scrip on PostgreSQL, and either of the two killed under load, the connections between them ended, or a standby
promoted.

Whatever happens, each piece of work that was acknowledged is there once, and scrip goes on by itself as soon as
the database does. Nobody is ever told that something went wrong for good: at most, to come again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.deeds import check_everywhere
from support.lives import killed_under_load
from support.nodes import nodes_running
from support.outcomes import new_wallets
from support.postgres import Postgres, postgres_running, standby_running, terminate_connections
from support.server import PATIENCE_SECONDS, Server
from support.shop import Wallet
from support.steady import Steady, check_invitation
from support.wire import Wire

THREADS = 8
KILLS = 3
# So much is done before each blow, and after the last of them without any help.
ENOUGH = 100
SECONDS_DOWN = 1.5
SECONDS_OF_TERMINATIONS = 4.0
SECONDS_BETWEEN = 0.05


@pytest.fixture(params=[1, 3], ids=["one node", "three nodes"])
def nodes(directory: Path, postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[list[Server]]:
    with nodes_running(directory, postgres.new_database(), request.param) as nodes:
        yield nodes


def survived(nodes: list[Server], processes: list[int], steady: Steady, wallets: list[Wallet]) -> None:
    """The same processes are at it, and everything that was asked for has happened once."""
    print(f"{steady.done()} pieces of work, {steady.refused} times 503, {steady.broken} times no answer")
    assert not steady.failures, steady.failures[:3]
    assert ids(nodes) == processes, "a node was started again"
    wait_until_ready(nodes)
    check_everywhere(nodes, steady.deeds, wallets)


def ids(nodes: list[Server]) -> list[int]:
    for node in nodes:
        assert node.process is not None and node.process.poll() is None, f"a node ended:\n{node.log()}"
    return [node.process.pid for node in nodes if node.process is not None]


def wait_until_ready(nodes: list[Server]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for node in nodes:
        while httpx.get(f"{node.url}/readyz", timeout=PATIENCE_SECONDS).status_code != 200:
            assert time.monotonic() < deadline, f"not ready again:\n{node.log()}"
            time.sleep(0.05)


def check_what_is_told_meanwhile(node: Server, wallet: Wallet) -> None:
    """Without its database a node answers a question, or says when to come again, or takes its time."""
    wire = Wire(node.url, node.production_key, timeout=1.0)
    with contextlib.suppress(httpx.TimeoutException):
        answer = wire.get("/api/v1/credits/ledger", customerId=wallet.customer)
        if answer.status_code != 200:
            check_invitation(answer)
    wire.close()


def test_scrip_is_killed(directory: Path, postgres: Postgres) -> None:
    server = Server(directory, database_url=postgres.new_database())
    try:
        server.start()
        killed_under_load(server, new_wallets(server))
        server.end_and_verify()
    finally:
        server.kill()


def test_nodes_are_killed_in_turn(nodes: list[Server]) -> None:
    """What a dead node leaves open keeps nobody waiting: the others go on, and answer for it."""
    wallets = new_wallets(nodes[0])
    with Steady(nodes, wallets, threads=THREADS) as steady:
        for node in nodes:
            steady.wait_for(ENOUGH)
            node.kill()
            if len(nodes) > 1:
                steady.wait_for(ENOUGH, seconds=PATIENCE_SECONDS)
            node.start()
        steady.wait_for(ENOUGH, seconds=PATIENCE_SECONDS)
    assert steady.broken > 0, "the kills hit nothing"
    survived(nodes, ids(nodes), steady, wallets)


def test_postgres_is_killed(postgres: Postgres, nodes: list[Server]) -> None:
    wallets, processes = new_wallets(nodes[0]), ids(nodes)
    with Steady(nodes, wallets, threads=THREADS) as steady:
        for _ in range(KILLS):
            steady.wait_for(ENOUGH)
            postgres.kill()
            begun = time.monotonic()
            for node in nodes:
                check_what_is_told_meanwhile(node, wallets[0])
            time.sleep(max(0.0, begun + SECONDS_DOWN - time.monotonic()))
            postgres.start()
        took = steady.wait_for(ENOUGH, seconds=PATIENCE_SECONDS)
    # Whoever asked meanwhile was refused, or waited and was answered late: a node may do either.
    print(f"{ENOUGH} pieces of work {took:.2f} s after the last start; {steady.refused} were refused before")
    survived(nodes, processes, steady, wallets)


def test_connections_are_terminated(postgres: Postgres, nodes: list[Server]) -> None:
    wallets, processes = new_wallets(nodes[0]), ids(nodes)
    database_url = nodes[0].database_url
    assert database_url is not None
    ended = rounds = 0
    with Steady(nodes, wallets, threads=THREADS) as steady, postgres.connect() as administrator:
        steady.wait_for(ENOUGH)
        deadline = time.monotonic() + SECONDS_OF_TERMINATIONS
        while time.monotonic() < deadline:
            now = terminate_connections(administrator, database_url)
            ended, rounds = ended + now, rounds + (now > 0)
            time.sleep(SECONDS_BETWEEN)
        meanwhile = steady.done() - ENOUGH
        steady.wait_for(ENOUGH, seconds=PATIENCE_SECONDS)
    print(f"{ended} connections ended in {rounds} rounds, about {meanwhile} pieces of work meanwhile")
    assert rounds >= 10, "there were hardly any connections to end"
    survived(nodes, processes, steady, wallets)


def test_a_standby_takes_over(directory: Path) -> None:
    """Nodes name both servers, and go to whichever takes writes. With synchronous replication nothing that was
    acknowledged is lost, and nothing that was in doubt happens twice."""
    with postgres_running() as primary, standby_running(primary) as standby:
        primary.replicate_synchronously()
        name = primary.new_database().rpartition("/")[2]
        both = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        url = f"postgres://scrip@{both}/{name}?target_session_attrs=read-write"
        with nodes_running(directory, url, 3) as nodes:
            wallets, processes = new_wallets(nodes[0]), ids(nodes)
            with Steady(nodes, wallets, threads=THREADS) as steady:
                steady.wait_for(ENOUGH)
                primary.kill()
                standby.promote()
                took = steady.wait_for(ENOUGH, seconds=PATIENCE_SECONDS)
            print(f"{ENOUGH} pieces of work {took:.2f} s after the promotion; {steady.refused} were refused before")
            survived(nodes, processes, steady, wallets)
