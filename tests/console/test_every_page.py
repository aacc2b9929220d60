"""Every page: no serious finding of axe, light and dark, nothing wider than a phone, no complaint of the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from console.accessible import findings
from console.look import DESKTOP, PHONE, picture
from console.pages import every_page
from console.story import Story
from support.server import Server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_every_page(
    page: Page, sandbox_console: str, console_server: Server, story: Story, scheme: str, name: str, size: dict
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size(size)
    wrong: list[str] = []
    for title, path in every_page(story).items():
        root = console_server.url if path.startswith("/console/") else sandbox_console
        answer = page.goto(root + path)
        assert answer is not None and answer.status == 200, f"{title}: {answer and answer.status}"
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{title}: {wide} pixels too wide")
        # Colours depend on the scheme, the rest on the size: one axe for each is enough.
        if (name == "desktop") == (scheme == "light"):
            wrong += [f"{title}: {finding}" for finding in findings(page)]
        picture(page, f"{title}-{name}-{scheme}")
    assert wrong == []
