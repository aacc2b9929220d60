"""A key for anchors that lies outside the data."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.server import binary


def scrip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary()), *arguments], capture_output=True, text=True, timeout=120, check=False)


class Signer:
    """A key outside the data, and a directory for what it signs."""

    def __init__(self, directory: Path) -> None:
        self.key = directory / "anchor.pem"
        self.kept = directory / "anchors"
        self.kept.mkdir()
        made = scrip("anchor", "key", str(self.key))
        assert made.returncode == 0, made.stderr
        self.public_key = made.stdout.strip()

    def arguments(self, every: int = 1) -> tuple[str, ...]:
        named = ("--anchor-key-file", str(self.key), "--anchor-every-seconds", str(every))
        return (*named, "--anchor-directory", str(self.kept))

    def files(self) -> list[Path]:
        return sorted(self.kept.glob("anchor-*.jsonl"))
