"""Backups of a server under load, and what is left of one that is killed: all of it, or nothing that looks like one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.bulk import Bulk
from support.hooks import Happenings, Owner, impatient
from support.load import Diary, Load
from support.outcomes import check_everything_happened_once, check_nothing_lost_or_doubled, new_wallets, replay
from support.receiver import receiving
from support.server import PATIENCE_SECONDS, Server, binary
from support.shop import Wallet, new_currency, new_customer
from support.stores import STATS, done, need, well
from support.wire import Wire

pytestmark = pytest.mark.embedded

EXPORT = "/api/v1/credits/ledger/export"
EVENTS = "/api/v1/events-log"

# Each of 500 rows: together more than are copied as of one moment.
BATCHES = 60
# Kills, spread over the time that a backup or a restore takes.
KILLS = 6


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def restored(directory: Path, server: Server) -> Iterator[Server]:
    """Another server, not running yet, for whoever has the keys of the first."""
    home = directory / "restored"
    home.mkdir()
    other = Server(home)
    other.production_key = server.production_key
    try:
        yield other
    finally:
        other.kill()


def command(*arguments: str) -> list[str]:
    return [str(binary()), *arguments]


def run(*arguments: str, code: int = 0) -> str:
    # Nothing of the caller's own configuration may leak into it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SCRIP_")}
    answer = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=120, check=False, env=inherited
    )
    assert answer.returncode == code, (arguments, answer.returncode, answer.stdout, answer.stderr)
    return answer.stdout + answer.stderr


def back_up(server: Server, to: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run("backup", "--json", "--data", str(server.data), "--to", str(to)))
    return told


def restore(backup: Path, server: Server) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run("restore", "--json", "--from", str(backup), "--data", str(server.data)))
    return told


def lines_of_export(server: Server) -> list[dict[str, Any]]:
    headers = {"x-api-key": server.production_key}
    answer = httpx.get(server.url + EXPORT, headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1].get("end"), lines[-1]
    return lines


def exported(server: Server) -> list[dict[str, Any]]:
    """Every row in the order in which they were recorded, but for the cursors, which are each store's own."""
    lines = lines_of_export(server)
    return [{name: value for name, value in line.items() if name != "cursor"} for line in lines[:-1]]


def last_cursor(server: Server) -> str:
    """Behind the last row, for whoever goes on with an export."""
    cursor: str = lines_of_export(server)[-1]["cursor"]
    return cursor


def check_cursors_end(server: Server, *, export: str, event: str) -> None:
    """Numbers are given out again, so what was seen of the lost stretch must not be taken for what comes now."""
    wire = Wire(server.url, server.production_key)
    for path, cursor in ((EXPORT, export), (EVENTS, event)):
        answer = wire.get(path, after=cursor)
        assert answer.status_code == 400, (path, answer.text)
    wire.close()


def until(load: Load, acknowledged: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while load.acknowledged() < acknowledged:
        assert time.monotonic() < deadline, "too little load to prove anything"
        time.sleep(0.02)


def test_a_backup_under_load(server: Server, restored: Server, directory: Path) -> None:
    wallets, diary, backup = new_wallets(server), Diary(), directory / "backup"
    bulk = Bulk(server)
    bulk.consume(BATCHES)
    with bulk, Load(server, wallets, threads=4, diary=diary) as load:
        until(load, 100)
        batches = sum(batch.acknowledged for batch in bulk.batches)
        before = [work for work in list(diary.works) if work.acknowledged]
        told = back_up(server, backup)
        # Nobody had to wait for it: as many again were answered meanwhile, or are now.
        meanwhile = load.acknowledged() - len(before)
        until(load, load.acknowledged() + 100)
    assert not diary.failures and not bulk.failures, (diary.failures[:3], bulk.failures)
    assert meanwhile > 0, "the backup held up everybody"
    whole, export = exported(server), last_cursor(server)
    wire = Wire(server.url, server.production_key)
    event = wire.get(EVENTS, limit=1).json()["data"][0]["messageId"]
    for path, cursor in ((EXPORT, export), (EVENTS, event)):
        assert wire.get(path, after=cursor).status_code == 200
    wire.close()
    server.end_and_verify()

    assert restore(backup, restored)["rows"] == told["rows"]
    well(restored)
    restored.start()
    # A beginning of what happened, with everything that was acknowledged before it was asked for.
    rows = exported(restored)
    assert rows == whole[: len(rows)]
    assert len(rows) < len(whole), "nothing happened after the backup: it proves little"
    check_cursors_end(restored, export=export, event=event)
    check_nothing_lost_or_doubled(restored, replace_works(diary, before), wallets)
    used = bulk.used(restored)
    assert used % bulk.size == 0, "half a batch"
    assert batches * bulk.size <= used
    # What is there is known by its key, what is lost can be done again, and it serves.
    works = Diary([replace(work, grant_id=None, acknowledged=False) for work in diary.works])
    replay(restored, works.works)
    check_everything_happened_once(restored, works, wallets)
    bulk.check_everything_happened_once(restored)
    restored.end_and_verify()
    assert "restored: from the backup of " in done(restored, *STATS)


def replace_works(diary: Diary, known: list[Any]) -> Diary:
    """The same requests, of which only some are known to have been answered."""
    keys = {work.key for work in known}
    return Diary([replace(work, acknowledged=work.key in keys) for work in diary.works])


def test_a_stopped_and_a_killed_store_are_backed_up_too(server: Server, restored: Server, directory: Path) -> None:
    wallets, diary = new_wallets(server), Diary()
    with Load(server, wallets, threads=2, diary=diary) as load:
        until(load, 50)
        server.kill()
    log = (server.data / "ledger.db-wal").read_bytes()
    back_up(server, directory / "killed")
    assert (server.data / "ledger.db-wal").read_bytes() == log, "the store was changed"
    restore(directory / "killed", restored)
    check_nothing_lost_or_doubled(restored.start(), diary, wallets)
    restored.end_and_verify()

    assert server.start().stop() == 0
    shutil.rmtree(restored.data)
    back_up(server, directory / "stopped")
    restore(directory / "stopped", restored)
    check_nothing_lost_or_doubled(restored.start(), diary, wallets)
    restored.end_and_verify()


def test_no_event_is_taken_for_one_that_was_seen(server: Server, restored: Server, directory: Path) -> None:
    """Receivers know events by their names, and so do those who read the log."""
    arguments = impatient(",".join(["1"] * 60))
    assert server.stop() == 0
    server.arguments = restored.arguments = arguments
    wire = Wire(server.start().url, server.production_key)
    wallet = Wallet(new_customer(wire), new_currency(wire))
    happenings, owner = Happenings(wire, wallet), Owner(wire)
    is_well = False
    with receiving() as steady, receiving(lambda _told, _number: 200 if is_well else 500) as moody:
        endpoint, refusing = owner.tell(steady), owner.tell(moody)
        before = happenings.grants(2)
        endpoint.wait_until(before[-1], "DELIVERED")
        refusing.wait_until(before[0], "PENDING")
        back_up(server, directory / "backup")
        lost = happenings.grants(3)
        endpoint.wait_until(lost[-1], "DELIVERED")
        wire.close()
        assert server.stop() == 0
        assert steady.taken == [*before, *lost] and not moody.taken

        restore(directory / "backup", restored)
        is_well = True
        wire = Wire(restored.start().url, restored.production_key)
        new = Happenings(wire, wallet).grants(5)
        replace(endpoint, wire=wire).wait_until(new[-1], "DELIVERED")
        replace(refusing, wire=wire).wait_until(new[-1], "DELIVERED")
        assert not set(new) & {*before, *lost}
        assert steady.taken == [*before, *lost, *new]
        # What waited for another attempt has the name under which it was tried before.
        replace(refusing, wire=wire).wait_until(before[0], "DELIVERED")
        assert before[0] in moody.taken
        wire.close()
    restored.end_and_verify()


@pytest.fixture
def filled(server: Server) -> tuple[Bulk, list[Wallet]]:
    bulk = Bulk(server)
    bulk.consume(BATCHES)
    return bulk, bulk.wallets


def killed(seconds: float, *arguments: str) -> bool:
    """Whether a command was killed before its end."""
    process = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(seconds) < 0
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(PATIENCE_SECONDS) < 0


def moments(took: float) -> list[float]:
    return [took * (n + random.random()) / KILLS for n in range(KILLS)]


def test_a_killed_backup_is_none(
    server: Server, restored: Server, directory: Path, filled: tuple[Bulk, list[Wallet]]
) -> None:
    backup, unfinished = directory / "backup", directory / "backup.unfinished"
    words = ("backup", "--data", str(server.data), "--to", str(backup))
    began = time.monotonic()
    run(*words)
    took = time.monotonic() - began
    shutil.rmtree(backup)
    kills = 0
    for moment in moments(took):
        if not killed(moment, *words):
            # It was quicker this time.
            shutil.rmtree(backup)
            continue
        kills += 1
        if backup.exists():
            # Killed between the last rename and the end of the process: it must be whole.
            run("restore", "--from", str(backup), "--data", str(restored.data))
            shutil.rmtree(restored.data)
            shutil.rmtree(backup)
            continue
        # With its last file it is whole, and lacks only its name.
        if unfinished.exists() and not (unfinished / "backup.json").exists():
            refusal = run("restore", "--from", str(unfinished), "--data", str(restored.data), code=1)
            assert "is no backup, or none that was finished" in refusal, refusal
            assert not restored.data.exists()
    assert kills >= KILLS // 2, "the kills hit nothing"
    # The next one begins anew.
    run(*words)
    assert not unfinished.exists()
    restore(backup, restored)
    bulk, _ = filled
    bulk.check_everything_happened_once(restored.start())
    restored.end_and_verify()
    server.end_and_verify()


def test_a_killed_restore_is_served_by_nobody(
    server: Server, restored: Server, directory: Path, filled: tuple[Bulk, list[Wallet]]
) -> None:
    backup = directory / "backup"
    back_up(server, backup)
    words = ("restore", "--from", str(backup), "--data", str(restored.data))
    began = time.monotonic()
    run(*words)
    took = time.monotonic() - began
    kills = 0
    for moment in moments(took):
        shutil.rmtree(restored.data)
        if not killed(moment, *words):
            continue
        kills += 1
        if (restored.data / "restoring").exists():
            refusal = run("serve", "--listen", f"127.0.0.1:{restored.port}", "--data", str(restored.data), code=1)
            assert "was not finished: run scrip restore again" in refusal, refusal
            run(*words)
        elif (restored.data / "ledger.db").exists():
            well(restored)
        else:
            # Nothing was begun.
            run(*words)
    assert kills >= KILLS // 2, "the kills hit nothing"
    need(restored.data / "mark")
    bulk, _ = filled
    bulk.check_everything_happened_once(restored.start())
    restored.end_and_verify()
