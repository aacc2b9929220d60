"""Stores of which everything is known, to be copied, damaged and started again."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support import books
from support.damage import copy_store, last_position
from support.load import Diary, Work
from support.outcomes import check_everything_happened_once, replay
from support.server import Server
from support.shop import Wallet, fresh
from support.wire import Wire

# The names that the tests of damage go by: files of a data directory, commands, and what they say.
LEDGER = "ledger.db"
LEDGER_LOG = "ledger.db-wal"
SNAPSHOTS = "snapshots.db"
MARK = "mark"
KEYS = "keys"
RECENT_KEYS = "keys/recent.keys"
SLICES = "keys/[0-9]*.keys"
COLUMNS = "keys/[0-9]*.column"
REBUILD = ("rebuild",)
RECOVER = ("recover", "--accept-loss")
STATS = ("stats",)
# A refused start and `stats` name a loss by its number of rows and by the position up to which they were.
ADVICE = "scrip recover --accept-loss"


@dataclass(frozen=True)
class Told:
    """All that a server says of some wallets."""

    balances: dict[Wallet, tuple[Decimal, Decimal]]
    rows: dict[str, list[books.Row]]
    grants: dict[str, list[books.Row]]


def told(server: Server, wallets: list[Wallet]) -> Told:
    wire = Wire(server.url, server.production_key)
    balances = {}
    for wallet in wallets:
        credit = books.credit(wire, wallet.customer, wallet.currency, wallet.resource)
        balances[wallet] = (credit["usageLimit"], credit["currentUsage"])
    customers = {wallet.customer for wallet in wallets}
    for customer in customers:
        books.check_books(wire, customer)
    said = Told(
        balances,
        {customer: books.rows(wire, customer) for customer in customers},
        {customer: books.grants(wire, customer) for customer in customers},
    )
    wire.close()
    return said


@dataclass
class Store:
    """A data directory at rest, what it would say, and every request that made it."""

    data: Path
    production_key: str
    wallets: list[Wallet]
    works: list[Work]
    said: Told | None
    last_position: int

    def copy_to(self, directory: Path) -> Server:
        """A server that is not running, on a copy."""
        server = Server(directory)
        server.production_key = self.production_key
        copy_store(self.data, server.data)
        return server

    def check(self, server: Server) -> None:
        """A running server says what this store said, knows every key, and its books are well."""
        assert self.said is not None
        assert told(server, self.wallets) == self.said
        replay(server, self.works)
        assert told(server, self.wallets) == self.said, "a key was not known again"

    def check_by_repeating(self, server: Server) -> None:
        """What a server has of this store is right, and repeating all requests brings the rest, each once."""
        # A grant that was lost is made again, under another id.
        works = [replace(work, grant_id=None) for work in self.works]
        replay(server, works)
        check_everything_happened_once(server, Diary(works), self.wallets)


def at_rest(server: Server, directory: Path, name: str, wallets: list[Wallet], works: list[Work], said: Told) -> Store:
    """Keeps a copy of a server's directory. Nobody has it open."""
    assert server.process is None
    data = copy_store(server.data, directory / name)
    return Store(data, server.production_key, wallets, list(works), said, last_position(data / LEDGER))


def work(server: Server, wallets: list[Wallet], works: list[Work], count: int) -> None:
    """Requests one after the other, each acknowledged: a commit for each, and nothing is unknown."""
    first = len(works) + 1
    more = []
    for number in range(first, first + count):
        kind = "grant" if number % 10 == 0 else "consume"
        wallet = wallets[number % len(wallets)]
        more.append(Work(kind, fresh(kind), wallet, 1 + Decimal(number) / 10**9))
    replay(server, more)
    works += more


def need(path: Path) -> Path:
    """A file that the store under test must have, or else the test means nothing."""
    if not path.exists():
        pytest.fail(f"the store has no {path.name}; it has {sorted(each.name for each in path.parent.glob('*'))}")
    return path


def need_any(data: Path, pattern: str) -> list[Path]:
    found = sorted(data.glob(pattern))
    if not found:
        pytest.fail(f"the store has no {pattern}; it has {sorted(str(p.relative_to(data)) for p in data.rglob('*'))}")
    return found


def done(server: Server, *arguments: str) -> str:
    """A command that must succeed. Gives what it printed."""
    answer = server.command(*arguments)
    assert answer.returncode == 0, (arguments, answer.returncode, answer.stdout, answer.stderr)
    return answer.stdout + answer.stderr


def refusal(server: Server) -> str:
    """What a server says that must refuse to start."""
    before = len(server.log_path.read_text()) if server.log_path.exists() else 0
    try:
        server.start()
    except RuntimeError:
        assert server.exit_code, f"it ended with {server.exit_code}: {server.log()}"
        return server.log_path.read_text()[before:]
    server.kill()
    pytest.fail("it started, as if nothing were missing")


def names(text: str, *numbers: int) -> bool:
    """Whether a text names numbers, however it groups their digits."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", text)
    plain = re.sub(r"(?<=\d)[,_'\u202f ](?=\d{3}\b)", "", text)
    return all(re.search(rf"(?<!\d){number}(?!\d)", plain) for number in numbers)


def keep_only(data: Path, kept: str) -> None:
    """Leaves, beside the ledger, one witness of how far it must reach."""
    for witness in (SNAPSHOTS, MARK, KEYS):
        for path in data.glob(f"{witness}*"):
            if witness != kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    need(data / kept)


def well(server: Server) -> subprocess.CompletedProcess[Any] | None:
    """`scrip verify` finds nothing in a store at rest."""
    verdict = server.verify()
    assert verdict.returncode == 0, f"scrip verify: {verdict.stdout}\n{verdict.stderr}"
    return verdict
