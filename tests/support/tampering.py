"""What somebody does to a data directory at rest who knows how rows are packed, hashed and sealed.

Rows are changed and all hashes behind them made anew, so that every chain holds. What is made of the rows (snapshots,
names, the mark) is taken away: it is made again at the next start.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

HASH_BYTES = 32
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


class Tampered:
    """A data directory that somebody changes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ledger = sqlite3.connect(data / "ledger.db", isolation_level=None)

    def positions(self, customer: str) -> list[int]:
        sql = """select position from entries join wallets on number = wallet where customer = ? order by position"""
        return [position for (position,) in self.ledger.execute(sql, [customer])]

    def row(self, position: int) -> bytes:
        (row,) = self.ledger.execute("select row from entries where position = ?", [position]).fetchone()
        return row

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

    def before_first(self, customer: str) -> bytes:
        sql = "select environment, customer, currency, resource from wallets where customer = ?"
        ((environment, *names),) = self.ledger.execute(sql, [customer]).fetchall()
        named = b"\0".join((name or "").encode() for name in names)
        return hashlib.sha256(b"scrip wallet 1\0" + environment.to_bytes(4, "big") + named).digest()

    def put(self, position: int, row: bytes) -> None:
        self.ledger.execute("update entries set row = ? where position = ?", [row, position])
        columns = self.ledger.execute(f"select {COLUMNS} from entries where position = ?", [position]).fetchone()
        self.ledger.execute("update entries set seal = ? where position = ?", [seal_of(columns), position])

    def cut(self, rows: int) -> None:
        """The newest rows go."""
        (last,) = self.ledger.execute("select max(position) from entries").fetchone()
        self.ledger.execute("delete from entries where position > ?", [last - rows])

    def remove(self, customer: str) -> None:
        """A wallet goes, whose rows are the newest of all."""
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
        """Takes away what would tell of it."""
        self.ledger.execute("pragma wal_checkpoint(truncate)")
        self.ledger.close()
        for name in ("snapshots.db", "snapshots.db-wal", "snapshots.db-shm", "mark"):
            (self.data / name).unlink(missing_ok=True)
        shutil.rmtree(self.data / "keys", ignore_errors=True)
