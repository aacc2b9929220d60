"""`kill -9` while many clients write: nothing acknowledged is lost, nothing is applied twice.

A longer run by hand: `SCRIP_KILL_ROUNDS=500 SCRIP_KILL_SECONDS=3 pytest faults/test_killed_under_load.py -s`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bulk import Bulk
from support.lives import killed_under_load
from support.load import Diary, Load
from support.outcomes import check_everything_happened_once, check_nothing_lost_or_doubled, new_wallets, settle
from support.server import Server
from support.shop import Wallet

# How often one directory is killed, and how long each of its lives is at most.
MANY_ROUNDS = int(os.environ.get("SCRIP_KILL_ROUNDS", "12"))
SECONDS_OF_LIFE = float(os.environ.get("SCRIP_KILL_SECONDS", "1.5"))


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def wallets(server: Server) -> list[Wallet]:
    return new_wallets(server)


def test_kill_9_under_parallel_load(server: Server, wallets: list[Wallet]) -> None:
    killed_under_load(server, wallets)
    server.end_and_verify()


def test_many_short_lives_of_one_directory(server: Server, wallets: list[Wallet]) -> None:
    """Killed at any moment, also while it writes behind what it did in earlier lives."""
    diary, bulk = Diary(), Bulk(server)
    for round_ in range(MANY_ROUNDS):
        with bulk, Load(server, wallets, threads=2, diary=diary, first=10**6 * round_) as load:
            time.sleep(random.uniform(0.2, 1.0) * SECONDS_OF_LIFE)
            server.kill()
        assert not diary.failures, diary.failures[:3]
        started = time.monotonic()
        server.start()
        took = time.monotonic() - started
        print(f"life {round_ + 1}: {len(diary.works)} works, {len(bulk.batches)} batches, start {took:.2f} s")
        check_nothing_lost_or_doubled(server, diary, wallets)
        bulk.check_nothing_lost_or_doubled()
    assert load.acknowledged() >= 10 * MANY_ROUNDS, "too little load to prove anything"
    assert any(not one.acknowledged for one in [*diary.works, *bulk.batches]), "the kills hit nothing"

    settle(server, diary, again=500)
    check_everything_happened_once(server, diary, wallets)
    bulk.check_everything_happened_once(server)
    server.end_and_verify()
