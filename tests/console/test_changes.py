"""What is changed of what is there: each dialog shows it before and after, does it once, and can be read by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.server import Server
from support.wire import Wire

from console.dialogs import looked_at, see_what_changes, twice
from console.keyboard import enter, focus
from console.look import PHONE
from console.story import CURRENCY, Story

CUSTOMER = "new"
"""Nobody is kept from being called like an address of the console."""


@dataclass(frozen=True)
class Shop:
    """A customer of these tests' own."""

    wire: Wire
    grant: str
    invoice: str

    def data(self, path: str, **query: str) -> dict | list:
        answer = self.wire.get(f"/api/v1{path}", **query)
        answer.raise_for_status()
        return answer.json()["data"]

    def available(self) -> float:
        (wallet,) = self.data("/credits/balances", customerId=CUSTOMER)
        return wallet["available"]

    def logged(self, operation: str) -> int:
        """How often a person did it to the customer, as the audit log knows."""
        entries = self.data("/audit-log", limit="100")
        return sum(entry["operation"] == operation and entry["actor"].startswith("person:") for entry in entries)


@pytest.fixture(scope="module")
def shop(console_server: Server, story: Story) -> Iterator[Shop]:
    wire = Wire(console_server.url, console_server.sandbox_key)
    wire.post("/api/v1/customers", {"id": CUSTOMER, "name": "Newton & Co"}).raise_for_status()

    def granted(**members: object) -> dict:
        answer = wire.post("/api/v1/credits/grants", {"customerId": CUSTOMER, "currencyId": CURRENCY} | members)
        answer.raise_for_status()
        return answer.json()["data"]

    gift = granted(displayName="Gift", amount=500, grantType="PROMOTIONAL", comment="A welcome",
                   metadata={"source": "import"})
    pack = granted(displayName="Pack", amount=100, grantType="PAID", cost={"amount": 30, "currency": "usd"},
                   paymentCollectionMethod="INVOICE")
    wire.post(f"/api/v1/invoices/{pack['invoiceId']}/mark-paid").raise_for_status()
    yield Shop(wire, gift["id"], pack["invoiceId"])
    wire.close()


@pytest.fixture
def customer(sandbox_console: str, shop: Shop) -> str:
    return f"{sandbox_console}/customers/{CUSTOMER}"


@pytest.fixture
def scriptless(browser: Browser, session: dict) -> Iterator[Page]:
    """A tab of somebody who is signed in, on a phone that runs no script."""
    context: BrowserContext = browser.new_context(viewport=PHONE, storage_state=session, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_customer_who_is_called_new(page: Page, sandbox_console: str, shop: Shop) -> None:
    page.goto(f"{sandbox_console}/customers?search={CUSTOMER}")
    page.get_by_role("link", name="Newton & Co").click()
    expect(page.get_by_role("heading", name="Newton & Co")).to_be_visible()
    page.goto(f"{sandbox_console}/customers")
    page.get_by_role("link", name="New customer").click()
    expect(page.get_by_role("heading", name="New customer")).to_be_visible()


def test_a_recurring_grant_with_the_keyboard_alone(page: Page, customer: str, shop: Shop) -> None:
    before = shop.available()
    page.goto(customer)
    focus(page, "Recurring")
    enter(page)
    focus(page, "New recurring grant")
    enter(page)
    focus(page, "Amount")
    page.keyboard.type("20")
    focus(page, "Name")
    page.keyboard.type("Monthly plan")
    enter(page)
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    looked_at(page, "recurring-plan")
    focus(page, "Make the recurring grant")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("The recurring grant was made.")
    looked_at(page, "recurring-done")
    assert shop.available() == before + 20
    page.get_by_role("link", name="To the recurring grants").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Monthly plan")


def test_a_recurring_grant_is_changed_and_stopped(page: Page, customer: str, shop: Shop) -> None:
    before, puts, stops = shop.available(), shop.logged("put-recurring-grant"), shop.logged("remove-recurring-grant")
    page.goto(f"{customer}/recurring-grants")
    page.get_by_role("link", name="Change Monthly plan").click()
    page.get_by_label("Amount").fill("none")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("amount must be a number greater than 0")
    expect(page.get_by_label("Amount")).to_have_value("none")
    assert page.get_by_label("Amount").get_attribute("aria-invalid") == "true"
    page.get_by_label("Amount").fill("35")
    see_what_changes(page, "recurring-change")
    expect(page.locator("main")).to_contain_text("It holds from the next period on")
    twice(page, "Change the recurring grant", "was changed", "recurring-change")
    assert shop.available() == before
    page.goto(f"{customer}/recurring-grants")
    page.get_by_role("link", name="Stop Monthly plan").click()
    twice(page, "Stop the recurring grant", "was stopped", "recurring-stopped")
    assert shop.data("/credits/recurring-grants", customerId=CUSTOMER) == []
    assert shop.available() == before, "what it gave stays"
    assert shop.logged("put-recurring-grant") == puts + 1
    assert shop.logged("remove-recurring-grant") == stops + 1


def test_a_grant_is_edited_without_a_script(scriptless: Page, customer: str, shop: Shop) -> None:
    page = scriptless
    page.goto(f"{customer}/grants/{shop.grant}")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Name").fill("Welcome gift")
    page.get_by_label("Priority").fill("7")
    page.get_by_label("Metadata").fill("source=import\nticket=42")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("region", name="Burn order")).to_contain_text("Welcome gift (this grant)")
    page.get_by_role("button", name="Change the grant").dblclick()
    expect(page.get_by_role("status")).to_contain_text("The grant was changed")
    grant = shop.data(f"/credits/grants/{shop.grant}")
    assert (grant["displayName"], grant["priority"], grant["comment"]) == ("Welcome gift", 7, "A welcome")
    assert grant["metadata"] == {"source": "import", "ticket": "42"}
    assert shop.logged("update-grant") == 1


def test_a_grant_is_edited(page: Page, customer: str, shop: Shop) -> None:
    page.goto(f"{customer}/grants/{shop.grant}/edit")
    page.get_by_label("Counts until").fill("tomorrow")
    page.get_by_label("Reason").fill("Two\nlines")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("expireAt must be an instant")
    expect(page.get_by_label("Reason")).to_have_value("Two\nlines")
    page.get_by_label("Counts until").fill("2099-01-01T00:00:00Z")
    see_what_changes(page, "grant-edit")
    twice(page, "Change the grant", "The grant was changed", "grant-edit")
    grant = shop.data(f"/credits/grants/{shop.grant}")
    assert (grant["comment"], grant["expireAt"]) == ("Two\nlines", "2099-01-01T00:00:00.000Z")


def test_a_currency_is_edited(page: Page, sandbox_console: str, shop: Shop) -> None:
    shop.wire.post("/api/v1/credits/custom-currencies", {"id": "minutes", "displayName": "Minutes"}).raise_for_status()
    page.goto(f"{sandbox_console}/currencies")
    page.get_by_role("link", name="Edit Minutes").click()
    page.get_by_label("Name").fill("Call minutes")
    page.get_by_label("When the balance is short").select_option("DENY")
    page.get_by_label("Price of a credit").fill("0.05")
    see_what_changes(page, "currency-edit")
    twice(page, "Change the currency", "The currency was changed", "currency-edit")
    (minutes,) = [each for each in shop.data("/credits/custom-currencies") if each["id"] == "minutes"]
    assert (minutes["displayName"], minutes["overdraft"]) == ("Call minutes", "DENY")
    assert minutes["unitCost"] == {"amount": 0.05, "currency": "usd"}


def test_a_currency_is_archived_and_comes_back(page: Page, sandbox_console: str, shop: Shop) -> None:
    shop.wire.post("/api/v1/credits/custom-currencies", {"id": "calls", "displayName": "Calls"}).raise_for_status()
    page.goto(f"{sandbox_console}/currencies")
    page.get_by_role("link", name="Archive Calls").click()
    twice(page, "Archive the currency", "The currency was archived", "currency-archive")
    page.goto(f"{sandbox_console}/currencies")
    page.get_by_role("link", name="Bring back Calls").click()
    looked_at(page, "currency-unarchive-plan")
    # Somebody makes another one of the same id, while this page is open.
    shop.wire.post("/api/v1/credits/custom-currencies", {"id": "calls", "displayName": "Rings"}).raise_for_status()
    page.get_by_role("button", name="Bring the currency back").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    looked_at(page, "currency-unarchive-refused")
    page.goto(f"{sandbox_console}/currencies")
    expect(page.get_by_role("link", name="Bring back Calls")).to_have_count(0)
    shop.wire.post("/api/v1/credits/custom-currencies/calls/archive").raise_for_status()
    page.goto(f"{sandbox_console}/currencies")
    page.get_by_role("link", name="Bring back Rings").click()
    twice(page, "Bring the currency back", "The currency was brought back", "currency-unarchive")


def test_a_reservation_is_extended_and_released(page: Page, customer: str, shop: Shop) -> None:
    before = shop.available()
    shop.wire.post("/api/v1/credits/reservations", {
        "customerId": CUSTOMER, "currencyId": CURRENCY, "reservationId": "../job/ü?", "amount": 30, "ttlSeconds": 60,
    }).raise_for_status()
    page.goto(f"{customer}/reservations")
    looked_at(page, "reservations-with-one")
    page.get_by_role("link", name="Extend").click()
    ends = page.get_by_label("Ends by itself at").input_value()
    later = datetime.fromisoformat(ends) + timedelta(minutes=5)
    page.get_by_label("Ends by itself at").fill(later.isoformat())
    see_what_changes(page, "extend")
    twice(page, "Change its end", "ends at another instant", "extend")
    page.goto(f"{customer}/reservations")
    page.get_by_role("link", name="Release").click()
    page.get_by_label("Amount used").fill("12.5")
    see_what_changes(page, "release")
    twice(page, "Release the reservation", "12.5 of it were consumed", "release")
    assert shop.available() == before - 12.5
    assert shop.logged("release") == 1


def test_money_of_an_invoice_goes_back(page: Page, sandbox_console: str, shop: Shop) -> None:
    before = shop.available()
    page.goto(f"{sandbox_console}/invoices/{shop.invoice}")
    page.get_by_role("link", name="Record a refund").click()
    expect(page.get_by_label("Amount")).to_have_value("30")
    page.get_by_label("Amount").fill("31")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("amount must be 30 USD at most")
    page.get_by_label("Amount").fill("15")
    see_what_changes(page, "refund")
    twice(page, "Record the refund", "The refund was recorded", "refund")
    assert shop.available() == before - 50
    assert shop.logged("refund-invoice") == 1


def test_a_payment_provider_is_set_and_removed(page: Page, sandbox_console: str, shop: Shop) -> None:
    page.goto(f"{sandbox_console}/settings")
    page.get_by_role("link", name="Collect with Stripe").click()
    secret = "rk_test_0123456789abcdef"
    page.get_by_label("Secret key").fill(secret)
    assert page.get_by_label("Secret key").get_attribute("type") == "password"
    see_what_changes(page, "provider")
    twice(page, "Save the provider", "Stripe collects payments", "provider")
    assert secret not in page.content()
    page.goto(f"{sandbox_console}/settings")
    looked_at(page, "settings-with-provider")
    assert secret not in page.content()
    page.get_by_role("link", name="Remove").click()
    twice(page, "Remove the provider", "The payment provider was removed", "provider-removed")
    assert shop.data("/payment-provider")["provider"] == "MANUAL"


def test_a_month_is_closed(page: Page, sandbox_console: str, shop: Shop) -> None:
    page.goto(f"{sandbox_console}/revenue")
    page.get_by_role("link", name="Closed months").click()
    page.get_by_role("link", name="Close a month").click()
    month = page.get_by_label("Month").input_value()
    page.get_by_label("Month").fill("2099-01")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("month: 2099-01 is not over")
    page.get_by_label("Month").fill(month)
    see_what_changes(page, "month")
    expect(page.locator("main")).to_contain_text("It cannot be taken back")
    page.get_by_role("button", name="Close the month").dblclick()
    expect(page.get_by_role("status")).to_contain_text("The month is closed")
    looked_at(page, "month-done")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("The month is closed")
    page.get_by_role("link", name="To the closed months").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text(month)
    looked_at(page, "months-with-one")
    assert [each["month"] for each in shop.data("/credits/reports/months")] == [month]


def test_a_portal_link_is_made_and_ends(page: Page, customer: str, console_server: Server, shop: Shop) -> None:
    page.goto(customer)
    page.get_by_role("link", name="Make a link").click()
    expect(page.get_by_label("Usage")).to_be_checked()
    page.get_by_label("Usage").uncheck()
    page.get_by_label("It is good for so many seconds").fill("30")
    page.get_by_role("button", name="See what will change").click()
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("alert")).to_contain_text("ttlSeconds must be")
    page.get_by_label("It is good for so many seconds").fill("600")
    see_what_changes(page, "portal-link")
    page.get_by_role("button", name="Make the link").dblclick()
    expect(page.get_by_role("status")).to_contain_text("The link was made")
    looked_at(page, "portal-link-done")
    link = console_server.url + page.locator("code.secret").inner_text()
    page.get_by_role("link", name="Open it").click()
    expect(page.get_by_role("heading", name="Newton & Co")).to_be_visible()
    page.goto(customer)
    page.get_by_role("link", name="End all links").click()
    looked_at(page, "portal-links-end-plan")
    twice(page, "End the links", "The customer's links have ended", "portal-links-end")
    answer = page.goto(link)
    assert answer is not None and answer.status == 401
