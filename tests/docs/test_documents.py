"""Every document that shows commands: they are run, in a directory of their own, and print what it says they print."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from support.documents import check_document
from support.server import REPOSITORY, running
from support.stripe import collects, standing_in

# How many blocks each has: one that is not found is not run.
DOCUMENTS = {
    "docs/quick-start.md": 6,
    "docs/recipes/ai-gateway.md": 5,
    "docs/recipes/trial-credits.md": 5,
    "docs/recipes/per-seat-pools.md": 5,
    "docs/moving-from-stigg.md": 3,
    "docs/moving-from-lago.md": 3,
    "docs/moving-from-stripe.md": 3,
}
# What the documents about moving import.
EXPORTS = REPOSITORY / "tests" / "docs" / "exports"
STRIPE = "docs/recipes/prepaid-packs-with-stripe.md"
STRIPE_BLOCKS = 6


def prepare(directory: Path) -> None:
    shutil.copytree(EXPORTS, directory / "exports")
    (directory / "scrip-data").symlink_to(directory / "data")


@pytest.mark.embedded
@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_shown_is_so(directory: Path, name: str) -> None:
    prepare(directory)
    with running(directory, own_keys=False) as server:
        assert check_document(name, directory, server.url) == DOCUMENTS[name]


@pytest.mark.embedded
def test_packs_that_are_charged(directory: Path) -> None:
    prepare(directory)
    with standing_in() as stand_in, running(directory, own_keys=False, arguments=collects(stand_in)) as server:
        assert check_document(STRIPE, directory, server.url) == STRIPE_BLOCKS


def test_links_lead_somewhere() -> None:
    """Of all documents, to files of the repository, and to titles in them."""
    dead = []
    documents = [REPOSITORY / "README.md", REPOSITORY / "ARCHITECTURE.md", *(REPOSITORY / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            path, _, title = target.partition("#")
            if "://" in path:
                continue
            found = (document.parent / path).resolve() if path else document
            if not found.exists():
                dead.append(f"{document.relative_to(REPOSITORY)}: {target}")
            elif title and title not in titles(found.read_text()):
                dead.append(f"{document.relative_to(REPOSITORY)}: {target}")
    assert not dead


def titles(text: str) -> set[str]:
    """As links name them."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}
