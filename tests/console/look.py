"""How large pages are looked at, and pictures of them where SCRIP_SCREENSHOTS names a directory for them."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def picture(page: Page, name: str) -> None:
    """Keeps what is seen, if somebody wants to look at it."""
    directory = os.environ.get("SCRIP_SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{directory}/{name}.png", full_page=True)
