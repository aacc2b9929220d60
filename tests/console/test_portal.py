"""A customer's own page in a real browser: alone, in a frame of a site that may, and of one that may not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from console.look import DESKTOP, PHONE, picture
from console.story import CURRENCY, CUSTOMER, told
from support.server import Server, running
from support.wire import Wire

SERIOUS = {"serious", "critical"}


class Host(http.server.BaseHTTPRequestHandler):
    """A site that shows in a frame what its address asks for."""

    def do_GET(self) -> None:
        _, _, framed = self.path.partition("?framed=")
        page = f'<!doctype html><title>Host</title><iframe src="{framed}" width="900" height="600"></iframe>'
        body = page.encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def friend() -> Iterator[str]:
    """A site that may frame the portal."""
    with site() as url:
        yield url


@pytest.fixture(scope="module")
def portal(friend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Wire]]:
    directory: Path = tmp_path_factory.mktemp("portal")
    with running(directory, arguments=("--portal-origins", friend)) as server:
        wire = Wire(server.url, server.sandbox_key)
        told(wire)
        soon = (datetime.now(UTC) + timedelta(days=9)).isoformat()
        wire.post("/api/v1/credits/grants", {
            "customerId": CUSTOMER, "currencyId": CURRENCY, "displayName": "Trial week", "amount": 40,
            "grantType": "PROMOTIONAL", "priority": 99, "expireAt": soon,
        }).raise_for_status()
        yield server, wire
        wire.close()


def link(portal: tuple[Server, Wire], **body: object) -> str:
    server, wire = portal
    answer = wire.post(f"/api/v1/customers/{CUSTOMER}/portal-tokens", body)
    assert answer.status_code == 201, answer.text
    return server.url + answer.json()["data"]["path"]


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab of somebody who is nobody here. Whatever the browser complains of is a failure."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_the_page(portal: tuple[Server, Wire], tab: Page, scheme: str, name: str, size: dict) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size(size)
    tab.goto(link(portal))
    for section in ["Acme", "Expiring soon", "Usage", "Credits received", "Auto-recharge"]:
        expect(tab.get_by_role("heading", name=section, exact=True)).to_be_visible()
    wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    found = Axe().run(tab).response["violations"]
    assert [each["id"] for each in found if each["impact"] in SERIOUS] == []
    picture(tab, f"portal-{name}-{scheme}")


def test_a_theme_is_applied(portal: tuple[Server, Wire], tab: Page) -> None:
    tab.goto(link(portal, theme={"accentColor": "#aa0055", "colorScheme": "DARK"}))
    used = tab.locator(".bar .used").first
    assert used.evaluate("it => getComputedStyle(it).fill") == "rgb(170, 0, 85)"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 20)"
    picture(tab, "portal-themed")


def test_a_choice_stays_on_the_page(portal: tuple[Server, Wire], tab: Page) -> None:
    tab.goto(link(portal))
    tab.get_by_role("link", name="support-desk").click()
    tab.get_by_label("Range").select_option("LAST_YEAR")
    tab.get_by_role("button", name="Show").click()
    tab.wait_for_url("**timeRange=LAST_YEAR**")
    expect(tab.locator("h2.chosen")).to_have_text("AI tokens · support-desk")
    expect(tab.get_by_role("rowheader", name="For the support desk")).to_be_visible()
    expect(tab.get_by_label("Range")).to_have_value("LAST_YEAR")


def test_a_friend_may_frame_it(portal: tuple[Server, Wire], friend: str, tab: Page) -> None:
    tab.goto(f"{friend}/?framed={link(portal)}")
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Acme")).to_be_visible()
    # The choices work there too: no cookie is needed.
    frame.get_by_label("Range").select_option("LAST_DAY")
    frame.get_by_role("button", name="Show").click()
    frame.locator("option[value=LAST_DAY][selected]").wait_for(state="attached")
    expect(frame.get_by_role("heading", name="Acme")).to_be_visible()


def test_nobody_else_may(portal: tuple[Server, Wire], browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    with site() as stranger:
        page.goto(f"{stranger}/?framed={link(portal)}")
        page.wait_for_timeout(500)
    assert page.frame_locator("iframe").get_by_role("heading", name="Acme").count() == 0
    assert any("frame-ancestors" in text for text in refused), refused
    context.close()


ASKED = """async ([url, headers]) => {
    try {
        const answer = await fetch(url, {headers});
        return [answer.status, answer.headers.get("x-trace-id") !== null, (await answer.json()).data?.length ?? null];
    } catch (refused) {
        return refused.name;
    }
}"""


def test_a_page_of_a_friend_reads_with_a_token(portal: tuple[Server, Wire], friend: str, browser: Browser) -> None:
    server, wire = portal
    token = link(portal).partition("?token=")[2]
    balances = f"{server.url}/api/v1/credits/balances?customerId={CUSTOMER}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(friend)
    assert page.evaluate(ASKED, [balances, {"x-customer-token": token}]) == [200, True, 2]
    # What is refused can be read too, so that a page can get another token.
    assert page.evaluate(ASKED, [balances, {"x-customer-token": "over"}]) == [401, True, None]
    # A key is not for pages: the browser does not even send it.
    assert page.evaluate(ASKED, [balances, {"x-api-key": server.sandbox_key}]) == "TypeError"
    with site() as stranger:
        page.goto(stranger)
        assert page.evaluate(ASKED, [balances, {"x-customer-token": token}]) == "TypeError"
    context.close()
