"""A browser, a server and a store with something in it: what the tests of the console share.

The browser is Debian's Chromium.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from support.server import Server, running
from support.wire import Wire

from console.look import DESKTOP
from console.signing_in import signed_in
from console.story import Story, told

CHROMIUM = os.environ.get("SCRIP_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for longer: while it is there, other tests of this process cannot run loops of their own.
    with sync_playwright() as playwright:
        # As root there is no sandbox to be had; every page that is opened is our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def console_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("console")) as started:
        yield started


@pytest.fixture(scope="session")
def story(console_server: Server) -> Iterator[Story]:
    """What happened in the sandbox before anybody looks."""
    client = Wire(console_server.url, console_server.sandbox_key)
    yield told(client)
    client.close()


@pytest.fixture(scope="module")
def session(browser: Browser, console_server: Server) -> dict:
    """Cookies of an owner who is signed in."""
    return signed_in(browser, console_server)


@pytest.fixture
def context(browser: Browser, session: dict) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, storage_state=session, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, console_server: Server, story: Story) -> Iterator[Page]:
    """A tab of somebody who is signed in. Whatever the browser complains of is a failure."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(f"asked elsewhere: {request.url}")
            if not request.url.startswith((console_server.url, "data:")) else None)
    yield page
    # A refusal is shown as a page with its status, which the browser notes as an error of loading.
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@pytest.fixture(scope="session")
def sandbox_console(console_server: Server) -> str:
    return f"{console_server.url}/console/sandbox"
