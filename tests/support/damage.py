"""What disks, crashes and people do to the files of a stopped store."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from pathlib import Path

PAGE_BYTES = 4096
LOG_HEADER_BYTES = 32
FRAME_BYTES = 24 + PAGE_BYTES


def copy_store(source: Path, target: Path) -> Path:
    """A store that nobody has open, file by file."""
    shutil.copytree(source, target)
    return target


def remove(path: Path) -> None:
    """A file that must be there, or a directory with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def truncate(path: Path, to: int) -> None:
    assert path.stat().st_size > to, f"{path.name} has only {path.stat().st_size} bytes"
    with path.open("r+b") as file:
        file.truncate(to)


def halve(path: Path) -> None:
    truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    truncate(path, 0)


def zero(path: Path) -> None:
    """As long as before, and nothing in it."""
    path.write_bytes(bytes(path.stat().st_size))


def flip_byte(path: Path, offset: int, *, bits: int = 0xFF) -> None:
    """Turns bits of one byte round. A negative offset counts from the end."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        offset = offset if offset >= 0 else size + offset
        assert 0 <= offset < size, f"{path.name} has only {size} bytes"
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ bits]))


def flip_every(path: Path, distance: int) -> None:
    """Turns a byte round in each stretch of so many bytes."""
    content = bytearray(path.read_bytes())
    for offset in range(distance // 2, len(content), distance):
        content[offset] ^= 0xFF
    path.write_bytes(content)


def append_garbage(path: Path, size: int = 3 * FRAME_BYTES) -> None:
    """As a write leaves it that never came to its end."""
    with path.open("ab") as file:
        file.write(random.randbytes(size))


def files_of(database: Path) -> list[Path]:
    """A database and what belongs to it: its write-ahead log and the log's index."""
    every = [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]
    return [path for path in every if path.exists()]


def remove_database(database: Path) -> None:
    for path in files_of(database):
        path.unlink()


def replace_database(database: Path, other: Path) -> None:
    """By one of another day or of another store. The index is left out: it is made anew from the log."""
    remove_database(database)
    for path in files_of(other):
        if not path.name.endswith("-shm"):
            shutil.copyfile(path, database.with_name(path.name))


def replace_file(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


def frames(log: Path) -> int:
    """How many frames at the head of a write-ahead log are of its present turn; behind them lie older ones."""
    content = log.read_bytes()
    salts = content[16:24]
    count = 0
    for start in range(LOG_HEADER_BYTES, len(content) - FRAME_BYTES + 1, FRAME_BYTES):
        if content[start + 8 : start + 16] != salts:
            break
        count += 1
    return count


def frame_offset(number: int) -> int:
    """Where a frame begins; the first is number 0."""
    return LOG_HEADER_BYTES + number * FRAME_BYTES


def drop_frames(log: Path, count: int) -> None:
    """Cuts the newest frames off a write-ahead log."""
    present = frames(log)
    assert present > count, f"{log.name} has only {present} frames"
    truncate(log, frame_offset(present - count))


def last_position(ledger: Path) -> int:
    """How far a ledger reaches, as its database understands itself. Read from a copy, for a look changes files."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / ledger.name
        replace_database(copy, ledger)
        connection = sqlite3.connect(copy)
        (position,) = connection.execute("select coalesce(max(position), 0) from entries").fetchone()
        connection.close()
    return int(position)


def row_offset(ledger: Path, position: int) -> int:
    """Where a row's packed bytes begin in the database's file, after the log is folded into it."""
    connection = sqlite3.connect(ledger)
    connection.execute("pragma wal_checkpoint(truncate)")
    (row,) = connection.execute("select row from entries where position = ?", (position,)).fetchone()
    connection.close()
    content = ledger.read_bytes()
    offset = content.find(row)
    assert offset >= 0 and content.find(row, offset + 1) < 0, "a row is in one place"
    return offset + len(row) // 2
