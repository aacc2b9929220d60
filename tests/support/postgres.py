"""A PostgreSQL server that a test owns: durable as one in use is, killed with all its processes, started again.

`scripts/postgres` is for a server that only has to be there.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from support import databases
from support.server import free_port

PATIENCE_SECONDS = 60.0
ROLE = "scrip"
# PostgreSQL refuses to run as root; Debian's package makes this user.
USER = "postgres"
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
"""


def binaries() -> Path:
    """The newest server of Debian's layout, or else the one in PATH. A missing one is an error, not a skip."""
    def version(path: Path) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", path.parent.name)]

    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    for candidate in candidates:
        if (candidate / "postgres").is_file() and (candidate / "initdb").is_file():
            return candidate
    raise FileNotFoundError("PostgreSQL's server is missing (Debian: apt-get install postgresql)")


class Postgres:
    """A cluster in a directory of its own, and most of the time the process that serves it, always on one port."""

    def __init__(self) -> None:
        # Not where pytest keeps what tests write: no other user may enter there.
        self.directory = Path(tempfile.mkdtemp(prefix="scrip-postgres."))
        self.data = self.directory / "data"
        self.log_path = self.directory / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.directory, USER, USER)
            self._as_user = {"user": USER, "group": USER, "extra_groups": []}

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@127.0.0.1:{self.port}/postgres"

    def make(self) -> Postgres:
        options = [f"--pgdata={self.data}", f"--username={ROLE}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        made = subprocess.run(
            [str(binaries() / "initdb"), *options, "--data-checksums"], cwd=self.directory,
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, **self._as_user,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        lines = [f"host {database} all 127.0.0.1/32 trust\n" for database in ("all", "replication")]
        (self.data / "pg_hba.conf").write_text("".join(lines))
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION)
        return self

    def copy_of(self, primary: Postgres) -> Postgres:
        """A standby instead of a cluster of its own: it follows the primary from where that is."""
        options = ["--pgdata", str(self.data), "--host", "127.0.0.1", "--port", str(primary.port), "--username", ROLE]
        copied = subprocess.run(
            [str(binaries() / "pg_basebackup"), *options, "--write-recovery-conf", "--checkpoint", "fast"],
            cwd=self.directory, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
            # Nobody's own certificates: that directory is closed to the server's user.
            env={**os.environ, "HOME": str(self.directory)}, **self._as_user,
        )
        assert copied.returncode == 0, copied.stdout + copied.stderr
        return self

    def replicate_synchronously(self) -> None:
        """Commits wait from now on until the standby has them on its disk; returns when one is there."""
        with self.connect() as administrator:
            administrator.execute("alter system set synchronous_standby_names = '*'")
            administrator.execute("select pg_reload_conf()")
            deadline = time.monotonic() + PATIENCE_SECONDS
            sql = "select count(*) from pg_stat_replication where sync_state = 'sync'"
            while administrator.execute(sql).fetchone() != (1,):
                assert time.monotonic() < deadline, f"no standby is synchronous:\n{self.log()}"
                time.sleep(0.05)

    def promote(self) -> None:
        """A standby takes writes from now on, and waits for no other."""
        with self.connect() as administrator:
            administrator.execute("alter system set synchronous_standby_names = ''")
            administrator.execute("select pg_reload_conf()")
            promoted = administrator.execute("select pg_promote(true, 60)").fetchone()
            assert promoted == (True,), self.log()

    def start(self) -> Postgres:
        """Starts it, and after a kill also lets it recover what was committed."""
        assert self.process is None, "already running"
        # Should the tests be killed outright, it ends by itself.
        command = ["setpriv", "--pdeathsig", "QUIT", str(binaries() / "postgres")]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "-D", str(self.data), "-p", str(self.port)], cwd=self.directory, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_user,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise RuntimeError(f"PostgreSQL ended at once with {code}:\n{self.log()}")
            with contextlib.suppress(OSError):
                lines = (self.data / "postmaster.pid").read_text().splitlines()
                if lines[0] == str(self.process.pid) and lines[7:8] and lines[7].strip() == "ready":
                    return
            time.sleep(0.02)
        self.kill()
        raise TimeoutError(f"PostgreSQL is not ready after {PATIENCE_SECONDS} s:\n{self.log()}")

    def kill(self) -> None:
        """kill -9 of the postmaster and of every process that it has: nobody finishes or says anything."""
        if self.process is None:
            return
        # Held first, so that it starts no other meanwhile.
        self.process.send_signal(signal.SIGSTOP)
        processes = [self.process.pid, *children(self.process.pid)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)
        self.process = None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(runs(process) for process in processes):
            assert time.monotonic() < deadline, "a process of PostgreSQL outlives kill -9"
            time.sleep(0.01)

    def stop(self) -> None:
        """An end without ceremony, for a server whose data nobody needs any more."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(PATIENCE_SECONDS)
                self.process = None
            except subprocess.TimeoutExpired:
                self.kill()

    def new_database(self) -> str:
        """A fresh database. Gives its URL."""
        return databases.with_database(self.url, databases.create(self.url))

    def copied_database(self, url: str) -> str:
        """Another database with what is in one, which nobody is connected to. Gives its URL."""
        name = f"scrip_{secrets.token_hex(8)}"
        source = urlsplit(url).path.removeprefix("/")
        with self.connect() as administrator:
            administrator.execute(f"create database {name} template {source}")
        return databases.with_database(self.url, name)

    def connect(self) -> psycopg.Connection[Any]:
        """As an administrator, who is not in the database of any test."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-4_000:] if self.log_path.exists() else ""


def state(process: int) -> tuple[str, int] | None:
    """The state of a process and whose child it is; None when there is none."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1])


def runs(process: int) -> bool:
    # One that ended and was not asked for its status yet holds nothing any more.
    found = state(process)
    return found is not None and found[0] not in "ZX"


def children(process: int) -> list[int]:
    everybody = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [each for each in everybody if (found := state(each)) is not None and found[1] == process]


def terminate_connections(administrator: psycopg.Connection[Any], database_url: str) -> int:
    """Ends every connection to a database from the server's side. Gives how many there were."""
    ended = administrator.execute(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s",
        [database_url.rpartition("/")[2]],
    ).fetchone()
    assert ended is not None
    return int(ended[0])


@contextlib.contextmanager
def postgres_running() -> Iterator[Postgres]:
    """A server for the length of a block; leaves no process and no file behind."""
    server = Postgres()
    try:
        yield server.make().start()
    finally:
        server.stop()
        shutil.rmtree(server.directory)


@contextlib.contextmanager
def standby_running(primary: Postgres) -> Iterator[Postgres]:
    """A standby of a server for the length of a block."""
    standby = Postgres()
    try:
        yield standby.copy_of(primary).start()
    finally:
        standby.stop()
        shutil.rmtree(standby.directory)
