"""What people do: with the keyboard alone, twice by accident, and without a script."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from console.keyboard import enter, focus
from console.look import DESKTOP, picture
from console.story import CURRENCY, CUSTOMER, Story
from support.server import Server
from support.wire import Wire


def available(server: Server, customer: str = CUSTOMER) -> float:
    client = Wire(server.url, server.sandbox_key)
    answer = client.get("/api/v1/credits/balances", customerId=customer)
    answer.raise_for_status()
    client.close()
    return sum(wallet["available"] for wallet in answer.json()["data"] if wallet["resourceId"] is None)


def adds_of(server: Server, grant: str) -> float:
    """What a grant adds to its wallet's balance."""
    client = Wire(server.url, server.sandbox_key)
    answer = client.get("/api/v1/credits/balances/explain", customerId=CUSTOMER, currencyId=CURRENCY)
    answer.raise_for_status()
    client.close()
    return next(each["available"] for each in answer.json()["data"]["grants"] if each["id"] == grant)


def test_a_grant_with_the_keyboard_alone(page: Page, sandbox_console: str, console_server: Server) -> None:
    before = available(console_server)
    page.goto(sandbox_console)
    focus(page, "Customers")
    enter(page)
    focus(page, "Acme")
    enter(page)
    focus(page, "Grant credits")
    enter(page)
    focus(page, "Amount")
    page.keyboard.type("25")
    focus(page, "Name")
    page.keyboard.type("Keyboard gift")
    enter(page)
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    expect(page.get_by_role("region", name="Burn order")).to_contain_text("Keyboard gift (this grant)")
    picture(page, "grant-plan")
    focus(page, "Grant the credits")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("The credits were granted.")
    picture(page, "grant-done")
    assert available(console_server) == before + 25


def test_the_skip_link_is_first(page: Page, sandbox_console: str) -> None:
    page.goto(f"{sandbox_console}/customers")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to contents")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_refusal_is_read_out_and_stands_beside_its_field(page: Page, sandbox_console: str) -> None:
    page.goto(f"{sandbox_console}/customers/{CUSTOMER}/grants/new")
    page.get_by_label("Amount").fill("much")
    page.get_by_label("Name").fill("Gift")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    amount = page.get_by_label("Amount")
    assert amount.get_attribute("aria-invalid") == "true"
    expect(amount).to_have_value("much")
    expect(page.get_by_label("Name")).to_have_value("Gift")
    picture(page, "grant-refused")


def test_a_double_click_consumes_once(page: Page, sandbox_console: str, console_server: Server) -> None:
    before = available(console_server)
    page.goto(f"{sandbox_console}/customers/{CUSTOMER}/consumption/new")
    page.get_by_label("Amount").fill("1.5")
    page.get_by_role("button", name="See what will change").click()
    page.get_by_role("button", name="Consume the credits").dblclick()
    expect(page.get_by_role("status")).to_contain_text("1.5 were consumed")
    # The browser sends the same form again.
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("not done a second time")
    assert available(console_server) == before - 1.5


def test_everything_works_without_a_script(
    browser: Browser, session: dict, sandbox_console: str, console_server: Server, story: Story
) -> None:
    context = browser.new_context(viewport=DESKTOP, storage_state=session, java_script_enabled=False)
    page = context.new_page()
    before, adds = available(console_server), adds_of(console_server, story.voidable)
    page.goto(f"{sandbox_console}/customers/{CUSTOMER}/grants/{story.voidable}/void")
    page.get_by_role("button", name="Void the grant").dblclick()
    expect(page.get_by_role("status")).to_contain_text("was voided")
    assert adds > 0
    assert available(console_server) == before - adds
    page.goto(f"{sandbox_console}/customers/{CUSTOMER}/ledger")
    page.get_by_label("What happened").select_option("CREDITS_VOIDED")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(2)
    context.close()


def test_an_invoice_is_marked_paid(page: Page, sandbox_console: str, story: Story, console_server: Server) -> None:
    before = available(console_server)
    page.goto(f"{sandbox_console}/invoices")
    page.get_by_role("link", name="Mark paid").click()
    page.get_by_role("button", name="Mark it paid").click()
    expect(page.get_by_role("status")).to_contain_text("The invoice is paid")
    picture(page, "invoice-paid")
    assert available(console_server) == before + 5_000


def test_a_key_is_shown_once(page: Page, sandbox_console: str, console_server: Server) -> None:
    page.goto(f"{sandbox_console}/new/api-key")
    page.get_by_label("Name").fill("Gateway")
    page.get_by_label("read: everything but API keys").check()
    page.get_by_role("button", name="See what will change").click()
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("code.secret").inner_text()
    picture(page, "api-key-done")
    client = Wire(console_server.url, secret)
    assert client.get("/api/v1/customers").status_code == 200
    client.close()
    page.goto(f"{sandbox_console}/api-keys")
    assert secret not in page.content()


def test_the_last_moves_the_clock(page: Page, sandbox_console: str, console_server: Server) -> None:
    """At the end of all tests of this module: afterwards it stands still, and credits have expired."""
    page.goto(f"{sandbox_console}/settings")
    page.get_by_role("link", name="Move the clock").click()
    year = int(page.get_by_label("To").input_value()[:4]) + 1
    page.get_by_label("To").fill(f"{year}-01-15T00:00:00Z")
    page.get_by_role("button", name="See what will change").click()
    page.get_by_role("button", name="Move the clock").click()
    expect(page.get_by_role("status")).to_contain_text("The clock was moved")
    page.goto(f"{sandbox_console}/settings")
    expect(page.locator("main")).to_contain_text(f"{year}-01-15 00:00")
