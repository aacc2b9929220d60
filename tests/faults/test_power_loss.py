"""The power fails under load: what was acknowledged was synced, so it is there; the rest is found out by its key.

A longer run by hand: `SCRIP_POWER_CUTS=200 pytest faults/test_power_loss.py -s`.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.load import Diary, Load
from support.outcomes import check_everything_happened_once, check_nothing_lost_or_doubled, new_wallets, settle
from support.power import PowerSwitch, Report, compiled
from support.server import Server
from support.shop import Wallet, new_customer
from support.wire import Wire

pytestmark = pytest.mark.embedded

THREADS = 6
CUTS = int(os.environ.get("SCRIP_POWER_CUTS", "6"))
LOG, TABLES = "ledger.db-wal", "ledger.db"
# Files in whose midst the power fails, in turn, and among how many calls for them. None stands for any file.
PLACES = ((LOG, 40), (TABLES, 80), (None, 200))
# How far apart the calls of a start are, at most, at which its power fails.
START_STEP_MAX = 8


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("power"))


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def switch(server: Server, library: Path) -> PowerSwitch:
    return PowerSwitch(server, library)


def cut_under_load(
    server: Server, switch: PowerSwitch, wallets: list[Wallet], diary: Diary, *, first: int, seconds: float = 0.0
) -> Report:
    known = sum(work.acknowledged for work in diary.works)
    with Load(server, wallets, threads=THREADS, diary=diary, first=first) as load:
        deadline = time.monotonic() + 20
        while load.acknowledged() < known + 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(seconds)
        report = switch.cut()
    assert not diary.failures, diary.failures[:3]
    assert load.acknowledged() >= known + 30, "too little load to prove anything"
    return report


@pytest.mark.parametrize("some_reaches_the_disk", [False, True], ids=["nothing-unsynced", "some-unsynced"])
def test_what_was_acknowledged_outlives_the_power(
    server: Server, switch: PowerSwitch, some_reaches_the_disk: bool
) -> None:
    switch.supply()
    wallets = new_wallets(server.start())
    diary = Diary()
    undone: Counter[str] = Counter()
    for cut in range(CUTS):
        seed = random.randrange(1, 2**31) if some_reaches_the_disk else 0
        among, calls_max = PLACES[cut % len(PLACES)]
        # The first life began on this supply, so that also the making of the directory is seen.
        if cut > 0:
            switch.supply(keep_seed=seed, calls=random.randrange(calls_max), among=among)
            server.start()
        seconds = random.uniform(0, 1.0)
        report = cut_under_load(server, switch, wallets, diary, first=10**7 * (cut + 1), seconds=seconds)
        print(f"cut {cut + 1}: seed {seed}, {len(diary.works)} works, {report}")
        assert report.files[LOG].writes > 100 and report.files[LOG].syncs > 10, "the library sees nothing"
        undone.update({name: file.undone for name, file in report.files.items()})
        switch.restore()
        server.start()
        check_nothing_lost_or_doubled(server, diary, wallets)
        assert server.stop() == 0, server.log()
        verdict = server.verify()
        assert verdict.returncode == 0, f"seed {seed}: {verdict.stdout}\n{verdict.stderr}"
    assert undone[LOG] or undone[TABLES], "at every cut everything was synced: they prove nothing"

    server.start()
    assert any(not work.acknowledged for work in diary.works), "every request was answered: the cuts hit nothing"
    settle(server, diary, again=300)
    check_everything_happened_once(server, diary, wallets)
    server.end_and_verify()


@pytest.mark.parametrize("some_reaches_the_disk", [False, True], ids=["nothing-unsynced", "some-unsynced"])
def test_a_start_that_loses_power_can_be_repeated(
    server: Server, switch: PowerSwitch, some_reaches_the_disk: bool
) -> None:
    """While the directory is made, at any of its calls; what was made is finished or made anew."""
    calls, cuts = 0, 0
    while True:
        shutil.rmtree(server.data, ignore_errors=True)
        seed = random.randrange(1, 2**31) if some_reaches_the_disk else 0
        switch.supply(keep_seed=seed, calls=calls, at_start=True)
        report = switch.start_and_lose()
        if report is None:
            break
        cuts += 1
        switch.restore()
        server.start()
        wire = Wire(server.url, server.production_key)
        new_customer(wire)
        wire.close()
        assert server.stop() == 0, (calls, seed, server.log())
        verdict = server.verify()
        assert verdict.returncode == 0, f"{calls} calls, seed {seed}: {verdict.stdout}\n{verdict.stderr}"
        calls += random.randrange(1, START_STEP_MAX)
    assert cuts >= 5, "the library sees nothing of a start"


def test_an_answer_before_the_sync_would_be_found(server: Server, switch: PowerSwitch) -> None:
    """The deliberate defect: the log's syncs do nothing. So the tests above can fail."""
    wallets = new_wallets(server.start())
    assert server.stop() == 0
    switch.supply(lie=LOG)
    server.start()
    diary = Diary()
    report = cut_under_load(server, switch, wallets, diary, first=0)
    assert report.files[LOG].lies > 10 and report.files[LOG].undone > 10
    switch.restore()
    server.start()
    with pytest.raises(AssertionError, match="acknowledged and lost"):
        check_nothing_lost_or_doubled(server, diary, wallets)
