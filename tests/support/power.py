"""Cuts the power of a server: what it wrote since the last sync is gone. See `faults/power_loss.c`."""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from support.server import PATIENCE_SECONDS, REPOSITORY, Server

SOURCE = REPOSITORY / "tests" / "faults" / "power_loss.c"
POWER_IS_OFF = 137


def compiled(directory: Path) -> Path:
    """The library to be preloaded."""
    library = directory / "power_loss.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-pthread"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, f"{SOURCE.name} cannot be compiled:\n{made.stderr}"
    return library


@dataclass
class FileReport:
    """What happened to one file, by number of calls, and how many of its writes were undone."""

    writes: int
    syncs: int
    lies: int
    undone: int


@dataclass
class Report:
    files: dict[str, FileReport] = field(default_factory=dict)
    # Names whose coming, going or moving was undone.
    entries: list[str] = field(default_factory=list)


class PowerSwitch:
    """Belongs to one server, whose next starts are on this supply until `restore`."""

    def __init__(self, server: Server, library: Path) -> None:
        self.server = server
        self.library = library
        self.report_path = server.data.parent / "power_loss.report"
        self.graveyard = server.data.parent / "graveyard"
        self.graveyard.mkdir(exist_ok=True)

    def supply(
        self, *, keep_seed: int = 0, calls: int = 0, among: str | None = None, lie: str | None = None,
        at_start: bool = False,
    ) -> None:
        """The power will fail at the call after `calls` more, of all or of those for files that end in `among`.

        `keep_seed`: of what is not synced, a random first part reaches the disk, unless it is 0.
        `lie`: syncs of files that end so do nothing. `at_start`: nobody needs to `cut`.
        """
        self.report_path.unlink(missing_ok=True)
        shutil.rmtree(self.graveyard)
        self.graveyard.mkdir()
        self.server.additions = {
            "LD_PRELOAD": str(self.library),
            "POWER_LOSS_DIRECTORY": str(self.server.data.resolve()),
            "POWER_LOSS_GRAVEYARD": str(self.graveyard.resolve()),
            "POWER_LOSS_REPORT": str(self.report_path.resolve()),
            "POWER_LOSS_KEEP": str(keep_seed),
            "POWER_LOSS_CALLS": str(calls),
        }
        if among:
            self.server.additions["POWER_LOSS_AMONG"] = among
        if at_start:
            self.server.additions["POWER_LOSS_AT_START"] = "yes"
        if lie:
            self.server.additions["POWER_LOSS_LIE"] = lie

    def restore(self) -> None:
        self.server.additions = {}

    def cut(self) -> Report:
        """The process ends with one of its next writes or syncs."""
        process = self.server.process
        assert process is not None and process.poll() is None, self.server.log()
        process.send_signal(signal.SIGUSR2)
        try:
            code = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.server.kill()
            raise AssertionError("nothing was written after the cut: there was no load") from None
        self.server.process = None
        return self._report(code)

    def start_and_lose(self) -> Report | None:
        """Starts on a supply that fails at the start. None when the start needs fewer calls than that."""
        try:
            self.server.start()
        except RuntimeError:
            assert self.server.exit_code is not None
            return self._report(self.server.exit_code)
        self.server.kill()
        return None

    def _report(self, code: int) -> Report:
        lines = self.report_path.read_text().splitlines() if self.report_path.exists() else []
        assert code == POWER_IS_OFF and lines[-1:] == ["cut"], (code, lines, self.server.log())
        report = Report()
        for kind, *rest in map(str.split, lines):
            if kind == "file":
                report.files[rest[0]] = FileReport(*map(int, rest[1:]))
            elif kind == "entry":
                report.entries.append(rest[0])
        return report
