"""What somebody does to a store at rest who knows how rows are packed, hashed and sealed.

Rows are changed and all hashes behind them made anew, so that every chain holds. What is made of the rows (snapshots,
names, the mark, usage) is taken away: it is made again at the next start. In a database wallets lie beside their rows,
and are made to fit them.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

HASH_BYTES = 32
CHECKSUM_BYTES = 8
COLUMNS = "position, wallet, sequence, previous, previous_notable, skip, types, related, name, row"


def number(value: int) -> bytes:
    return value.to_bytes(16, "little")


def measured(content: bytes) -> bytes:
    return number(len(content)) + content


def seal_of(columns: tuple[object, ...]) -> int:
    """The checksum of a row of `entries`."""
    *numbers, name, row = columns
    parts = [measured(b"entries"), *(number(int(str(value))) for value in numbers)]
    parts.append(number(0) if name is None else number(1) + measured(name))  # type: ignore[arg-type]
    return zlib.crc32(b"".join([*parts, measured(row)]))  # type: ignore[arg-type]


def split(row: bytes) -> tuple[bytes, bytes, bytes]:
    """The content with its header, the texts, and the hash."""
    end = 5 + int.from_bytes(row[1:5], "little")
    return row[:end], row[end:-HASH_BYTES], row[-HASH_BYTES:]


def hash_of(before: bytes, content: bytes, texts: bytes) -> bytes:
    # None, or salt and words, of which the digest counts.
    digest = b"" if texts == b"\0" else hashlib.sha256(texts[1:]).digest()
    return hashlib.sha256(before + content + digest).digest()


def digest_of(environment: int, *names: str) -> bytes:
    """What the first row of a wallet follows on."""
    named = b"\0".join(name.encode() for name in names)
    return hashlib.sha256(b"scrip wallet 1\0" + environment.to_bytes(4, "big") + named).digest()


class Store(ABC):
    """A store that somebody changes."""

    @abstractmethod
    def positions(self, customer: str) -> list[int]:
        """Of all rows of a customer's wallet."""

    @abstractmethod
    def row(self, position: int) -> bytes: ...

    @abstractmethod
    def before_first(self, customer: str) -> bytes: ...

    @abstractmethod
    def put(self, position: int, row: bytes) -> None:
        """Another row in the place of one, sealed."""

    @abstractmethod
    def cut(self, rows: int) -> None:
        """The newest rows go."""

    @abstractmethod
    def remove(self, customer: str) -> None:
        """A wallet goes, with its rows."""

    @abstractmethod
    def forget_anchors(self) -> None: ...

    @abstractmethod
    def finish(self) -> None:
        """Takes away what would tell of it."""

    def rewrite(self, customer: str, change: Callable[[int, bytes], bytes]) -> None:
        """Gives each row of a customer other texts, as they are packed, and chains the rows anew."""
        positions = self.positions(customer)
        content, texts, stated = split(self.row(positions[0]))
        before = None
        for position in positions:
            content, texts, stated = split(self.row(position))
            if before is None:
                before = self.before_first(customer)
                assert hash_of(before, content, texts) == stated, "rows are not hashed as this file believes"
            texts = change(position, texts)
            before = hash_of(before, content, texts)
            self.put(position, content + texts + before)
        self.follow(customer, stated, before or stated)

    def follow(self, customer: str, old: bytes, new: bytes) -> None:
        """What knows the hash of a wallet's last row knows the new one."""


class Tampered(Store):
    """A data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ledger = sqlite3.connect(data / "ledger.db", isolation_level=None)

    def positions(self, customer: str) -> list[int]:
        sql = """select position from entries join wallets on number = wallet where customer = ? order by position"""
        return [position for (position,) in self.ledger.execute(sql, [customer])]

    def row(self, position: int) -> bytes:
        (row,) = self.ledger.execute("select row from entries where position = ?", [position]).fetchone()
        return row

    def before_first(self, customer: str) -> bytes:
        sql = "select environment, customer, currency, resource from wallets where customer = ?"
        ((environment, *names),) = self.ledger.execute(sql, [customer]).fetchall()
        return digest_of(environment, *(name or "" for name in names))

    def put(self, position: int, row: bytes) -> None:
        self.ledger.execute("update entries set row = ? where position = ?", [row, position])
        columns = self.ledger.execute(f"select {COLUMNS} from entries where position = ?", [position]).fetchone()
        self.ledger.execute("update entries set seal = ? where position = ?", [seal_of(columns), position])

    def cut(self, rows: int) -> None:
        (last,) = self.ledger.execute("select max(position) from entries").fetchone()
        self.ledger.execute("delete from entries where position > ?", [last - rows])

    def remove(self, customer: str) -> None:
        """Its rows must be the newest of all."""
        positions = self.positions(customer)
        (last,) = self.ledger.execute("select max(position) from entries").fetchone()
        assert positions == list(range(last - len(positions) + 1, last + 1)), "other rows lie between"
        self.ledger.execute("delete from entries where position >= ?", [positions[0]])
        self.ledger.execute("delete from wallets where customer = ?", [customer])
        self.ledger.execute("delete from grants where customer = ?", [customer])

    def forget_anchors(self) -> None:
        self.ledger.execute("delete from records where kind in (21, 24)")
        self.ledger.execute("delete from record_keys where kind in (21, 24)")

    def finish(self) -> None:
        self.ledger.execute("pragma wal_checkpoint(truncate)")
        self.ledger.close()
        for name in ("snapshots.db", "snapshots.db-wal", "snapshots.db-shm", "mark"):
            (self.data / name).unlink(missing_ok=True)
        shutil.rmtree(self.data / "keys", ignore_errors=True)


class TamperedDatabase(Store):
    """A database that no node is on, and its wallets as they were at some moment before."""

    def __init__(self, url: str, before: dict[int, tuple[int, int | None, bytes]]) -> None:
        self.before = before
        self.database = psycopg.connect(url, autocommit=True, options="-c search_path=scrip")

    @staticmethod
    def wallets(url: str) -> dict[int, tuple[int, int | None, bytes]]:
        """All wallets as they are now: rows, when something is due, and what is decided on."""
        with psycopg.connect(url, options="-c search_path=scrip") as database:
            rows = database.execute("select number, sequence, due_at, slot from wallets").fetchall()
            return {number: (sequence, due_at, slot) for number, sequence, due_at, slot in rows}

    def positions(self, customer: str) -> list[int]:
        sql = "select position from entries join wallets on number = wallet where customer = %s order by position"
        return [position for (position,) in self.run(sql, customer).fetchall()]

    def row(self, position: int) -> bytes:
        (row,) = self.first("select row from entries where position = %s", position)
        return row

    def before_first(self, customer: str) -> bytes:
        return digest_of(*self.first("select environment, customer, currency, resource from wallets "
                                     "where customer = %s", customer))

    def put(self, position: int, row: bytes) -> None:
        self.run("update entries set row = %s where position = %s", row, position)
        columns = self.first(f"select {COLUMNS} from entries where position = %s", position)
        seal = int.from_bytes(seal_of(columns).to_bytes(4, "big"), "big", signed=True)
        self.run("update entries set seal = %s where position = %s", seal, position)

    def follow(self, customer: str, old: bytes, new: bytes) -> None:
        environment, *names, slot = self.first(
            "select environment, customer, currency, resource, slot from wallets where customer = %s", customer)
        assert slot.count(old) == 1, "a wallet does not say what this file believes"
        content = slot[:-CHECKSUM_BYTES].replace(old, new)
        key = environment.to_bytes(4, "big") + b"\0".join(name.encode() for name in names)
        checksum = hashlib.sha256(key + content).digest()[:CHECKSUM_BYTES]
        self.run("update wallets set slot = %s where customer = %s", content + checksum, customer)

    def cut(self, rows: int) -> None:
        newest = self.run("select position, wallet from entries order by position desc limit %s", rows).fetchall()
        for position, _ in newest:
            self.run("delete from names where position = %s", position)
            self.run("delete from entries where position = %s", position)
        for wallet in {wallet for _, wallet in newest}:
            sequence, due_at, slot = self.before[wallet]
            (last,) = self.first("select max(sequence) from entries where wallet = %s", wallet)
            assert last == sequence, "the wallet is not known as it was then"
            self.run("update wallets set sequence = %s, due_at = %s, slot = %s where number = %s",
                     sequence, due_at, slot, wallet)

    def remove(self, customer: str) -> None:
        for position in self.positions(customer):
            self.run("delete from names where position = %s", position)
            self.run("delete from entries where position = %s", position)
        self.run("delete from wallets where customer = %s", customer)
        self.run("delete from grants where customer = %s", customer)

    def forget_anchors(self) -> None:
        self.run("delete from records where kind in (21, 24)")
        self.run("delete from record_keys where kind in (21, 24)")

    def finish(self) -> None:
        self.run("delete from usage_days")
        self.run("delete from meta where name = 'usage_reach'")
        self.database.close()

    def run(self, sql: str, *values: object) -> psycopg.Cursor[Any]:
        return self.database.execute(sql, values)  # type: ignore[arg-type]

    def first(self, sql: str, *values: object) -> tuple[Any, ...]:
        found = self.run(sql, *values).fetchone()
        assert found is not None, sql
        return found
