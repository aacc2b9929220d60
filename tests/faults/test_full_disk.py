"""A disk without room: writes are refused with 507 and leave nothing behind, reads go on, and room is taken at once.

The disk is a small file system in memory. Who may not mount one runs the test in a user namespace, where one may;
where that is forbidden too the test fails, because then nothing was checked.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.books import check_books, credit, rows
from support.bulk import Bulk
from support.nodes import nodes_running
from support.postgres import USER, postgres_running
from support.server import PATIENCE_SECONDS, REPOSITORY, Server, binary, running
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

pytestmark = pytest.mark.embedded

DISK_BYTES = 32 * 2**20
# Left to the server by what else lies on the disk: its log takes four MiB before it begins anew.
ROOM_BYTES = 8 * 2**20
BATCH = 200
REQUESTS_MAX = 2_000
IN_A_NAMESPACE = "FULL_DISK_IN_A_NAMESPACE"


def mounted(disk: Path) -> str | None:
    """Mounts a small disk. Says why not."""
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        return str(missing)
    return None if done.returncode == 0 else done.stderr.strip()


@pytest.fixture
def disk(directory: Path, request: pytest.FixtureRequest) -> Iterator[Path | None]:
    """A small disk, or None when the test has passed in a namespace of its own instead."""
    path = directory / "disk"
    refusal = mounted(path)
    if refusal is None:
        yield path
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    elif IN_A_NAMESPACE in os.environ:
        pytest.fail(f"NOT CHECKED: no disk could be mounted, not even in a user namespace: {refusal}")
    else:
        run_in_a_namespace(request.node.name, refusal)
        yield None


def run_in_a_namespace(test: str, refusal: str) -> None:
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", "pytest", "-x",
               "-p", "no:cacheprovider", f"{Path(__file__)}::{test}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS * 4,
            cwd=REPOSITORY / "tests", env={**os.environ, IN_A_NAMESPACE: "yes"},
        )
    except FileNotFoundError as missing:
        pytest.fail(f"NOT CHECKED: no disk could be mounted ({refusal}), and {missing}")
    told = f"{done.stdout}\n{done.stderr}"
    if done.returncode != 0 and "1 failed" not in told and "1 error" not in told:
        pytest.fail(f"NOT CHECKED: no disk could be mounted ({refusal}), nor a user namespace made: {told}")
    assert done.returncode == 0 and "1 passed" in told, told


class Ballast:
    """A file that takes all room of a disk but some, and gives it back."""

    def __init__(self, disk: Path, room: int) -> None:
        self.path = disk / "ballast"
        free = os.statvfs(disk)
        size = free.f_bavail * free.f_frsize - room
        assert size > 0, "the disk is too small for this test"
        with self.path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def drop(self) -> None:
        self.path.unlink()


class Client:
    """Consumes one credit at a time, many times in a request, and knows how many were accepted."""

    def __init__(self, wire: Wire, wallet: Wallet) -> None:
        self.wire = wire
        self.wallet = wallet
        self.accepted = 0
        self.refused: list[dict[str, Any]] = []

    def send(self, body: dict[str, Any]) -> httpx.Response:
        answer = self.wire.post("/api/v1/credits/consumption/async", body)
        if answer.status_code == 202:
            self.accepted += len(body["consumptions"])
        else:
            self.refused.append(body)
        return answer

    def consume_until_full(self, size: int) -> None:
        for _ in range(REQUESTS_MAX):
            answer = self.send({"consumptions": [self.wallet.consume_body(1) for _ in range(size)]})
            if answer.status_code != 202:
                assert answer.status_code == 507, answer.text
                assert answer.json()["code"] == "InsufficientStorage", answer.text
                assert answer.headers.get("x-should-retry") == "false", "an SDK that retries at once helps nobody"
                return
        raise AssertionError("the disk never became full")

    def check(self) -> None:
        """Reads of every kind are answered, and show what was accepted and nothing else."""
        assert self.wire.get("/readyz").status_code == 200
        used = credit(self.wire, self.wallet.customer, self.wallet.currency)["currentUsage"]
        assert used == self.accepted, "a refused write left something behind, or an accepted one did not"
        found = rows(self.wire, self.wallet.customer, eventType="CREDITS_CONSUMED")
        assert [row["amount"] for row in found] == [-1] * self.accepted
        assert self.wire.get(f"/api/v1/customers/{self.wallet.customer}").status_code == 200
        check_books(self.wire, self.wallet.customer)


@pytest.fixture
def server(disk: Path | None, directory: Path) -> Iterator[Server | None]:
    if disk is None:
        yield None
        return
    # Its log lies elsewhere: what people read must not take the room.
    server = Server(disk)
    server.log_path = directory / "server.log"
    try:
        yield server.start()
    finally:
        server.kill()


def test_a_full_disk_refuses_writes_until_there_is_room(disk: Path | None, server: Server | None) -> None:
    if disk is None or server is None:
        return
    wire = Wire(server.url, server.production_key)
    client = Client(wire, Wallet(new_customer(wire), new_currency(wire)))
    assert wire.post("/api/v1/credits/grants", client.wallet.grant_body(10**6)).status_code == 201
    ballast = Ballast(disk, ROOM_BYTES)

    # Where there is no room for many there may be some for one, until there is none at all.
    client.consume_until_full(BATCH)
    client.check()
    client.consume_until_full(1)
    client.check()

    # Room, and no restart: what was refused is accepted under the same keys.
    ballast.drop()
    refused, client.refused = client.refused, []
    assert len(refused) == 2
    for body in refused:
        assert client.send(body).status_code == 202
    client.check()
    wire.close()
    assert server.log().count("panicked") == 0
    server.end_and_verify()


def test_killed_on_a_full_disk(disk: Path | None, server: Server | None) -> None:
    """What was accepted before is there, as soon as there is room to start."""
    if disk is None or server is None:
        return
    wire = Wire(server.url, server.production_key)
    client = Client(wire, Wallet(new_customer(wire), new_currency(wire)))
    assert wire.post("/api/v1/credits/grants", client.wallet.grant_body(10**6)).status_code == 201
    ballast = Ballast(disk, ROOM_BYTES)
    client.consume_until_full(BATCH)
    client.consume_until_full(1)
    wire.close()
    server.kill()
    ballast.drop()
    server.start()
    client.wire = Wire(server.url, server.production_key)
    client.check()
    for body in client.refused:
        assert client.send(body).status_code == 202
    client.check()
    client.wire.close()
    server.end_and_verify()


def test_a_backup_without_room_leaves_nothing(disk: Path | None, directory: Path) -> None:
    """Neither does a restore. The server, whose own disk has room, does not notice."""
    if disk is None:
        return
    backup, data = disk / "backup", disk / "data"
    with running(directory) as server:
        Bulk(server).consume(10)
        restore = [str(binary()), "restore", "--from", str(backup), "--data", str(data)]
        ballast = Ballast(disk, 2**19)
        full = server.command("backup", "--to", str(backup))
        assert full.returncode == 1 and "is full" in full.stderr, (full.stdout, full.stderr)
        assert os.listdir(disk) == ["ballast"]
        ballast.drop()
        done = server.command("backup", "--to", str(backup))
        assert done.returncode == 0, (done.stdout, done.stderr)
        ballast = Ballast(disk, 2**19)
        full = subprocess.run(restore, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
        assert full.returncode == 1 and "is full" in full.stderr, (full.stdout, full.stderr)
        assert sorted(os.listdir(disk)) == ["backup", "ballast"]
        ballast.drop()
        subprocess.run(restore, capture_output=True, check=True, timeout=PATIENCE_SECONDS)


def test_a_full_disk_of_a_database_server(directory: Path) -> None:
    """The tables lie on a small disk, the server's own log elsewhere: without room for that it stops by itself."""
    with postgres_running() as postgres:
        disk = postgres.directory / "disk"
        refusal = mounted(disk)
        if refusal is not None:
            pytest.fail(f"NOT CHECKED: no disk could be mounted: {refusal}")
        try:
            if os.geteuid() == 0:
                shutil.chown(disk, USER, USER)
            url = postgres.new_database()
            with postgres.connect() as administrator:
                administrator.execute(f"create tablespace small location '{disk}'")
                administrator.execute(f"alter database {url.rpartition('/')[2]} set tablespace small")
            with nodes_running(directory, url, 1) as [server]:
                wire = Wire(server.url, server.production_key)
                client = Client(wire, Wallet(new_customer(wire), new_currency(wire)))
                assert wire.post("/api/v1/credits/grants", client.wallet.grant_body(10**6)).status_code == 201
                ballast = Ballast(disk, ROOM_BYTES)
                client.consume_until_full(BATCH)
                client.check()
                ballast.drop()
                for body in client.refused:
                    assert client.send(body).status_code == 202
                client.check()
                wire.close()
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
