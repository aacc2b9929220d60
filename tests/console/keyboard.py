"""Going through a page with the keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Page


def focus(page: Page, what: str) -> None:
    """Goes with the tabulator to what is called so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate("""() => {
            const it = document.activeElement;
            return (it.labels && it.labels.length ? it.labels[0].innerText : it.innerText || "").trim();
        }""")
        if name.startswith(what):
            return
    raise AssertionError(f"the tabulator does not reach {what!r}")


def enter(page: Page) -> None:
    """Goes where that leads."""
    with page.expect_navigation():
        page.keyboard.press("Enter")
