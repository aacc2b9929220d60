"""Going through a dialog: what will change, then what changed, once; looked at as people see it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from console.accessible import findings
from console.look import DESKTOP, PHONE, picture


def see_what_changes(page: Page, name: str) -> None:
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    looked_at(page, f"{name}-plan")


def twice(page: Page, verb: str, said: str, name: str) -> None:
    """Does it by a double click, and once more by sending the same form again."""
    page.get_by_role("button", name=verb).dblclick()
    expect(page.get_by_role("status")).to_contain_text(said)
    looked_at(page, f"{name}-done")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("not done a second time")


def looked_at(page: Page, name: str) -> None:
    assert findings(page) == []
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size(viewport)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{name}: {wide} pixels too wide on a {size}"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture(page, f"{name}-{size}-{scheme}")
