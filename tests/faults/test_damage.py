"""Damaged files, each with its outcome: made anew when they can be, refused when acknowledged rows are missing.

The names of files and commands are listed in `support/stores.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import damage
from support.load import Work
from support.outcomes import new_wallets
from support.server import Server
from support.stores import (
    ADVICE, KEYS, LEDGER, LEDGER_LOG, MARK, REBUILD, RECENT_KEYS, RECOVER, SNAPSHOTS, STATS,
    Store, at_rest, done, keep_only, names, need, refusal, told, well, work,
)

pytestmark = pytest.mark.embedded

STEP = 60
# Of the log of a killed server: some twenty commits.
FRAMES_LOST = 100


@dataclass
class History:
    """One ledger on four days, and a store that has nothing to do with it."""

    yesterday: Store
    today: Store
    # Yesterday's, gone on otherwise, and further than today's.
    fork: Store
    # Today's, gone on, and killed while its last commits were only in the log.
    killed: Store
    other: Store


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    directory = tmp_path_factory.mktemp("history")
    servers: list[Server] = []

    def server_of(name: str, store: Store | None = None) -> Server:
        server = store.copy_to(directory / name) if store else Server(make(directory / name))
        servers.append(server)
        return server.start()

    def stopped(server: Server, name: str, works: list[Work], *, kill: bool = False) -> Store:
        said = told(server, wallets)
        if kill:
            server.kill()
        else:
            assert server.stop() == 0, server.log()
        return at_rest(server, directory, name, wallets, works, said)

    try:
        server = server_of("main")
        wallets, works = new_wallets(server), []
        work(server, wallets, works, STEP)
        yesterday = stopped(server, "yesterday", works)
        work(server.start(), wallets, works, STEP)
        today = stopped(server, "today", works)
        work(server.start(), wallets, works, STEP)
        killed = stopped(server, "killed", works, kill=True)

        server, works = server_of("forked", yesterday), list(yesterday.works)
        work(server, wallets, works, 2 * STEP)
        fork = stopped(server, "fork", works)

        server, works = server_of("stranger"), []
        wallets = new_wallets(server)
        work(server, wallets, works, STEP)
        yield History(yesterday, today, fork, killed, stopped(server, "other", works))
    finally:
        for server in servers:
            server.kill()


def make(directory: Path) -> Path:
    directory.mkdir()
    return directory


@pytest.fixture
def started(directory: Path) -> Iterator[Callable[[Store], Server]]:
    """Makes servers, not running yet, on copies of stores."""
    servers: list[Server] = []

    def of(store: Store) -> Server:
        servers.append(store.copy_to(make(directory / f"store-{len(servers)}")))
        return servers[-1]

    yield of
    for server in servers:
        server.kill()


Stores = Callable[[Store], Server]
Damage = Callable[[Path], None]


def alone(change: Damage) -> Damage:
    """Damages a database that has no log beside it to mend it."""

    def damaged(database: Path) -> None:
        content = database.read_bytes()
        damage.remove_database(database)
        database.write_bytes(content)
        change(database)

    return damaged


DAMAGES: dict[str, Damage] = {
    "halved": damage.halve,
    "emptied": damage.empty,
    "zeroed": damage.zero,
    "flipped at its head": lambda path: damage.flip_byte(path, 5),
    "flipped all over": lambda path: damage.flip_every(path, 512),
    "garbage behind it": damage.append_garbage,
}


def test_undamaged_stores_say_the_same(history: History, started: Stores) -> None:
    for store in (history.yesterday, history.today, history.fork, history.killed):
        server = started(store).start()
        store.check(server)
        server.end_and_verify()


@pytest.mark.parametrize("change", [damage.remove_database, *map(alone, DAMAGES.values())], ids=["removed", *DAMAGES])
def test_damaged_snapshots_are_made_anew(history: History, started: Stores, change: Damage) -> None:
    server = started(history.today)
    change(need(server.data / SNAPSHOTS))
    history.today.check(server.start())
    server.end_and_verify()


@pytest.mark.parametrize("day", ["yesterday", "other"])
def test_snapshots_of_another_day_or_store_are_made_anew(history: History, started: Stores, day: str) -> None:
    server = started(history.today)
    damage.replace_database(need(server.data / SNAPSHOTS), need(getattr(history, day).data / SNAPSHOTS))
    history.today.check(server.start())
    server.end_and_verify()


@pytest.mark.parametrize("change", [damage.remove_database, alone(damage.zero)], ids=["removed", "zeroed"])
def test_rebuild_makes_snapshots_anew(history: History, started: Stores, change: Damage) -> None:
    server = started(history.today)
    change(need(server.data / SNAPSHOTS))
    done(server, *REBUILD)
    need(server.data / SNAPSHOTS)
    well(server)
    history.today.check(server.start())
    server.end_and_verify()


@pytest.mark.parametrize("change", [damage.remove, *DAMAGES.values()], ids=["removed", *DAMAGES])
def test_damaged_recent_keys_are_read_from_the_rows(history: History, started: Stores, change: Damage) -> None:
    server = started(history.today)
    change(need(server.data / RECENT_KEYS))
    history.today.check(server.start())
    server.end_and_verify()


@pytest.mark.parametrize("day", ["yesterday", "other"])
def test_recent_keys_of_another_day_or_store_are_read_from_the_rows(
    history: History, started: Stores, day: str
) -> None:
    server = started(history.today)
    damage.replace_file(need(server.data / RECENT_KEYS), need(getattr(history, day).data / RECENT_KEYS))
    history.today.check(server.start())
    server.end_and_verify()


def test_all_that_can_be_made_anew_is_gone(history: History, started: Stores) -> None:
    """The ledger alone is the whole store."""
    server = started(history.today)
    damage.remove_database(need(server.data / SNAPSHOTS))
    damage.remove(need(server.data / KEYS))
    history.today.check(server.start())
    server.end_and_verify()


def test_garbage_behind_the_log_is_harmless(history: History, started: Stores) -> None:
    server = started(history.killed)
    damage.append_garbage(need(server.data / LEDGER_LOG))
    history.killed.check(server.start())
    server.end_and_verify()


def check_refused_and_recovered(server: Server, whole: Store, *, missing: int, said: Store | None = None) -> None:
    """Refused as often as it is tried; accepted once its owner says so; and the loss stays on record."""
    log = (server.data / LEDGER_LOG).read_bytes()
    for _ in range(2):
        text = refusal(server)
        assert (server.data / LEDGER_LOG).read_bytes() == log, "behind what cannot be read there may be more to save"
        assert names(text, missing, whole.last_position), (missing, whole.last_position, text)
        assert ADVICE in text, text
    done(server, *RECOVER)
    server.start()
    if said is not None and said.said is not None:
        assert told(server, said.wallets) == said.said
    assert server.stop() == 0
    well(server)
    assert names(done(server, *STATS), missing, whole.last_position), "the loss is forgotten"
    # Whoever still has the requests can repeat them: what is lost is not taken for known.
    whole.check_by_repeating(server.start())
    server.end_and_verify()
    assert names(done(server, *STATS), missing, whole.last_position), "the loss is forgotten"


@pytest.mark.parametrize("witness", [None, MARK, SNAPSHOTS, KEYS])
def test_a_ledger_of_yesterday_is_refused(history: History, started: Stores, witness: str | None) -> None:
    """Every file beside it, and each alone, says how far it must reach."""
    server = started(history.today)
    if witness is not None:
        keep_only(server.data, witness)
    damage.replace_database(server.data / LEDGER, history.yesterday.data / LEDGER)
    missing = history.today.last_position - history.yesterday.last_position
    check_refused_and_recovered(server, history.today, missing=missing, said=history.yesterday)


def test_a_cut_log_is_refused(history: History, started: Stores) -> None:
    server = started(history.killed)
    damage.drop_frames(need(server.data / LEDGER_LOG), FRAMES_LOST)
    rest = damage.last_position(server.data / LEDGER)
    assert history.today.last_position < rest < history.killed.last_position, "the cut is not where it was meant"
    check_refused_and_recovered(server, history.killed, missing=history.killed.last_position - rest)


def test_a_removed_log_is_refused(history: History, started: Stores) -> None:
    """All of this young ledger is in its log. A new one is not made in its place."""
    server = started(history.killed)
    damage.remove(need(server.data / LEDGER_LOG))
    refusal(server)


def test_a_bit_flipped_in_the_log_is_refused(history: History, started: Stores) -> None:
    """The database stops at the first frame that is wrong and calls the rest well. The marks know better."""
    server = started(history.killed)
    log = need(server.data / LEDGER_LOG)
    damage.flip_byte(log, damage.frame_offset(damage.frames(log) - FRAMES_LOST) + 1000, bits=0x10)
    rest = damage.last_position(server.data / LEDGER)
    assert history.today.last_position < rest < history.killed.last_position, "the flip is not where it was meant"
    check_refused_and_recovered(server, history.killed, missing=history.killed.last_position - rest)


@pytest.mark.parametrize("witness", [None, MARK, SNAPSHOTS, KEYS])
def test_a_ledger_that_went_on_otherwise_is_refused(history: History, started: Stores, witness: str | None) -> None:
    """It is long enough, but its rows are not those that were acknowledged."""
    assert history.fork.last_position >= history.today.last_position
    server = started(history.today)
    if witness is not None:
        keep_only(server.data, witness)
    damage.replace_database(server.data / LEDGER, history.fork.data / LEDGER)
    for _ in range(2):
        assert ADVICE in refusal(server)
    done(server, *RECOVER)
    history.fork.check(server.start())
    server.end_and_verify()


def test_a_ledger_of_another_store_is_refused(history: History, started: Stores) -> None:
    server = started(history.today)
    damage.replace_database(server.data / LEDGER, history.other.data / LEDGER)
    need(server.data / MARK)
    refusal(server)


@pytest.mark.parametrize("change", [damage.remove, *DAMAGES.values()], ids=["removed", *DAMAGES])
def test_a_damaged_mark_is_made_anew(history: History, started: Stores, change: Damage) -> None:
    """The other witnesses agree with the ledger: nothing is missing."""
    server = started(history.today)
    change(need(server.data / MARK))
    history.today.check(server.start())
    server.end_and_verify()
    need(server.data / MARK)


@pytest.mark.parametrize("position", [1, 40, -1], ids=["first", "middle", "last"])
def test_a_byte_flipped_in_a_row_is_named(history: History, started: Stores, position: int) -> None:
    server = started(history.today)
    position = position if position > 0 else history.today.last_position
    ledger = server.data / LEDGER
    damage.flip_byte(ledger, damage.row_offset(ledger, position), bits=0x01)
    verdict = server.verify()
    assert verdict.returncode != 0 and f"entries {position}:" in verdict.stdout, (verdict.stdout, verdict.stderr)
