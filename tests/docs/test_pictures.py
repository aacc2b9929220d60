"""The pictures of the concepts are as they are drawn."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from support.server import REPOSITORY

PICTURES = REPOSITORY / "docs" / "pictures"


def test_they_are_as_they_are_drawn() -> None:
    command = [sys.executable, str(PICTURES / "draw.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_is_shown_and_says_what_it_shows() -> None:
    text = (REPOSITORY / "docs" / "concepts.md").read_text()
    pictures = sorted(PICTURES.glob("*.svg"))
    assert len(pictures) == 5
    for picture in pictures:
        assert f"(pictures/{picture.name})" in text
        root = ElementTree.parse(picture).getroot()
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None and title.text
        assert "prefers-color-scheme: dark" in picture.read_text()
