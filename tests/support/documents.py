"""Runs what a document shows, and compares what comes with what it says comes.

Of a document's fenced blocks, those of `sh` and `python` are run in their order: `sh` in one shell for the whole
document, `python` each as a program of its own, which finds what the shell exported. A block of `text` right after one
is what it prints; `…` there stands for anything within a line. A block after a comment `<!-- not run: why -->` is left
out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.server import REPOSITORY, binary

MARK = "the-block-ended-here"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = re.compile(r"<!-- not run: \S[^>]*-->\s*\Z")
PUBLISHED_URL = "http://127.0.0.1:8787"


@dataclass
class Block:
    """What a reader copies, and what it then prints, if the document says so."""

    language: str
    code: str
    line: int
    output: str | None = None


def blocks(document: Path) -> list[Block]:
    """Those that are run."""
    text = document.read_text()
    found: list[Block] = []
    end = 0
    for match in FENCE.finditer(text):
        language, body = match.groups()
        if language in ("sh", "python") and not LEFT_OUT.search(text[end : match.start()]):
            found.append(Block(language, body, text.count("\n", 0, match.start()) + 1))
        elif language == "text" and found and not text[end : match.start()].strip():
            found[-1].output = body
        end = match.end()
    return found


class Shell:
    """A shell in which the document's commands go to the server under test."""

    def __init__(self, directory: Path, url: str, **variables: str) -> None:
        self.directory = directory
        self.url = url
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SCRIP_", "STIGG_"))}
        tools = directory / "tools"
        tools.mkdir()
        (tools / "scrip").symlink_to(binary())
        (tools / "python3").symlink_to(sys.executable)
        # A link to an interpreter does not know its packages; this does.
        (tools / "python3").unlink()
        (tools / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (tools / "python3").chmod(0o755)
        inherited["PATH"] = f"{tools}:{inherited['PATH']}"
        self.process = subprocess.Popen(
            ["bash", "--norc", "-o", "pipefail"], cwd=directory, env=inherited | {"SCRIP_URL": url} | variables, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def run(self, block: Block) -> str:
        """What a block prints; both streams, as a terminal shows them."""
        code = block.code.replace(PUBLISHED_URL, self.url)
        if block.language == "python":
            program = self.directory / f"line_{block.line}.py"
            program.write_text(code)
            code = f"python3 {program.name}"
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{code}\nprintf '\\n{MARK} %s\\n' $?\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                printed = "".join(lines)[:-1]
                assert line.split()[1] == "0", f"line {block.line} ended with {line}:\n{code}\n{printed}"
                return printed
            lines.append(line)
        raise AssertionError(f"the shell ended in line {block.line}:\n{''.join(lines)}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def check_output(block: Block, printed: str) -> None:
    if block.output is None:
        return
    patterns = [".*".join(map(re.escape, line.rstrip().split("…"))) for line in block.output.rstrip().splitlines()]
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    shown = f"line {block.line} prints:\n{printed}"
    assert len(patterns) == len(lines), shown
    for pattern, line in zip(patterns, lines, strict=True):
        assert re.fullmatch(pattern, line), f"{pattern!r} is not {line!r}; {shown}"


def check_document(name: str, directory: Path, url: str, **variables: str) -> int:
    """Runs a document, and gives how many blocks it has."""
    document = REPOSITORY / name
    shell = Shell(directory, url, **variables)
    try:
        found = blocks(document)
        for block in found:
            check_output(block, shell.run(block))
        return len(found)
    finally:
        shell.close()
