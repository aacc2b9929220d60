"""Damaged key files of a store that has a slice: made anew from the rows, and no old key is forgotten.

A slice holds 917,504 names, so the store is large; it is made once. The names of files are listed in
`support/stores.py`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import damage
from support.bulk import Bulk
from support.server import PATIENCE_SECONDS, Server
from support.stores import ADVICE, COLUMNS, KEYS, LEDGER, RECENT_KEYS, SLICES, Store, keep_only, need, need_any, refusal

pytestmark = pytest.mark.embedded

SIZE = 1_000
# Before the copy of an early ledger, and in all: a slice and some names more.
BATCHES_EARLY, BATCHES = 5, 925


@dataclass
class Large:
    store: Store
    early: Store
    bulk: Bulk


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    directory = tmp_path_factory.mktemp("large")
    server = Server(directory)

    def at_rest(name: str) -> Store:
        assert server.stop() == 0, server.log()
        data = damage.copy_store(server.data, directory / name)
        return Store(data, server.production_key, bulk.wallets, [], None, damage.last_position(data / LEDGER))

    try:
        bulk = Bulk(server.start(), size=SIZE)
        bulk.consume(BATCHES_EARLY)
        early = at_rest("early")
        server.start()
        bulk.consume(BATCHES - BATCHES_EARLY)
        # A slice is written behind.
        deadline = time.monotonic() + PATIENCE_SECONDS / 2
        while not [*server.data.glob(SLICES)] and time.monotonic() < deadline:
            time.sleep(0.1)
        need_any(server.data, SLICES)
        yield Large(at_rest("store"), early, bulk)
    finally:
        server.kill()
        shutil.rmtree(directory)


@pytest.fixture
def server(large: Large, directory: Path) -> Iterator[Server]:
    """Not running, on a copy."""
    server = large.store.copy_to(directory)
    yield server
    server.kill()
    shutil.rmtree(server.data)


def check(server: Server, large: Large, *, every: int) -> None:
    """One in so many requests is repeated, and the files are whole again."""
    large.bulk.check_everything_happened_once(server.start(), large.bulk.batches[::every])
    assert server.stop() == 0, server.log()
    need(server.data / RECENT_KEYS)
    need_any(server.data, SLICES)
    need_any(server.data, COLUMNS)


def remove_all(data: Path) -> None:
    damage.remove(need(data / KEYS))


def each(pattern: str, change: Callable[[Path], None]) -> Callable[[Path], None]:
    def damaged(data: Path) -> None:
        for path in need_any(data, pattern):
            change(path)

    return damaged


def both(data: Path) -> None:
    each(SLICES, damage.remove)(data)
    each(COLUMNS, damage.remove)(data)


# Which names a damaged place is about is the store's secret. When places are damaged all over, many names are
# concerned, and some of them are in every quarter of the requests.
@pytest.mark.parametrize(
    ("change", "every"),
    [
        pytest.param(each(SLICES, damage.remove), 100, id="slice-removed"),
        pytest.param(each(SLICES, damage.halve), 100, id="slice-halved"),
        pytest.param(each(SLICES, lambda path: damage.flip_byte(path, 5)), 100, id="slice-flipped-at-its-head"),
        pytest.param(each(COLUMNS, damage.remove), 100, id="column-removed"),
        pytest.param(each(COLUMNS, damage.halve), 100, id="column-halved"),
        pytest.param(each(COLUMNS, lambda path: damage.flip_every(path, 4096)), 4, id="column-flipped-all-over"),
        pytest.param(both, 100, id="slice-and-column-removed"),
        pytest.param(remove_all, 100, id="all-removed"),
    ],
)
def test_damaged_key_files_are_made_anew(
    server: Server, large: Large, change: Callable[[Path], None], every: int
) -> None:
    change(server.data)
    check(server, large, every=every)


def test_wrong_records_of_a_slice_burn_nothing_twice(server: Server, large: Large) -> None:
    """Behind its head, where a start need not look: a name that cannot be found out is not taken for a new one."""
    slices = need_any(server.data, SLICES)
    for path in slices:
        damage.flip_every(path, 4096)
    batches = large.bulk.batches[::4]
    used = large.bulk.used(server.start())
    assert large.bulk.statuses(server, batches) <= {202, 500, 503}
    assert large.bulk.used(server) == used == SIZE * BATCHES, "a name was taken for new"
    assert server.stop() == 0, server.log()
    for path in slices:
        path.unlink(missing_ok=True)
    check(server, large, every=100)


@pytest.mark.parametrize("pattern", [SLICES, COLUMNS], ids=["slice", "column"])
def test_verify_names_a_wrong_key_file(server: Server, pattern: str) -> None:
    (path, *_) = need_any(server.data, pattern)
    damage.flip_byte(path, path.stat().st_size // 2)
    verdict = server.verify()
    assert verdict.returncode != 0 and path.name in verdict.stdout + verdict.stderr, (verdict.stdout, verdict.stderr)


def test_a_slice_ahead_of_the_ledger_is_refused(server: Server, large: Large) -> None:
    keep_only(server.data, KEYS)
    damage.remove(need(server.data / RECENT_KEYS))
    damage.replace_database(server.data / LEDGER, large.early.data / LEDGER)
    for _ in range(2):
        assert ADVICE in refusal(server)
