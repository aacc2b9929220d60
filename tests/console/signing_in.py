"""The first owner, who signs in by the link that the server tells at its first start, and later by the password."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect
from support.server import Server

EMAIL = "ann@example.com"
PASSWORD = "correct horse battery staple"


def signed_in(browser: Browser, server: Server) -> dict:
    """Cookies of the owner of a new store."""
    context = browser.new_context()
    page = context.new_page()
    link = re.search(r"\S+/console/sign-in/link\?token=\S+", server.log())
    assert link, server.log()
    page.goto(link.group())
    if page.get_by_label("Name").count() > 0:
        become_the_owner(page)
    else:
        by_password(page, server)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    state = context.storage_state()
    context.close()
    return dict(state)


def become_the_owner(page: Page) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Name").fill("Ann Okafor")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()


def by_password(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/console")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
