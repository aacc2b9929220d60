"""Which ledger the suite's servers are run on, and the databases that they have when it is PostgreSQL.

`SCRIP_TEST_LEDGER` chooses: `embedded`, which is what is meant when it is not set, or `postgres`. The databases are
made on the server of `SCRIP_TEST_DATABASE_URL`, which `scripts/postgres` provides.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

LEDGERS = ("embedded", "postgres")
# A directory's database is named in it, so that whoever starts the directory again finds what was in it.
NAME_FILE = "database"

_made: list[str] = []


def ledger() -> str:
    name = os.environ.get("SCRIP_TEST_LEDGER") or LEDGERS[0]
    if name not in LEDGERS:
        raise ValueError(f"SCRIP_TEST_LEDGER is {name!r}; it may be one of {LEDGERS}")
    return name


def clients() -> list[str]:
    """The official SDK's clients that tests run with. They differ in nothing that a ledger sees, so that the second
    ledger is asked through one of them."""
    return ["sync", "async"] if ledger() == LEDGERS[0] else ["sync"]


def administration_url() -> str:
    url = os.environ.get("SCRIP_TEST_DATABASE_URL")
    if not url:
        raise ValueError("SCRIP_TEST_DATABASE_URL is not set: run the tests under `scripts/postgres -- …`")
    return url


def check_configuration() -> None:
    """A suite that cannot run on what it was asked to run on says so before it begins."""
    if ledger() == "postgres":
        with psycopg.connect(administration_url(), connect_timeout=10):
            pass


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def create(url: str) -> str:
    """A fresh database on a server. Gives its name."""
    name = f"scrip_{secrets.token_hex(8)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return name


def url_for(directory: Path) -> str | None:
    """The database of a server's directory, made when there is none yet; None for the embedded ledger."""
    if ledger() == "embedded":
        return None
    file = directory / NAME_FILE
    if not file.exists():
        name = create(administration_url())
        _made.append(name)
        file.write_text(name)
    return with_database(administration_url(), file.read_text())


def drop_all() -> None:
    """Drops what `url_for` made, whoever may still be connected."""
    if not _made:
        return
    with psycopg.connect(administration_url(), autocommit=True) as connection:
        while _made:
            connection.execute(f"drop database if exists {_made.pop()} with (force)")
