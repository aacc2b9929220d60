"""An invoice whose payment was declined is collected again, once, from its page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.server import Server
from support.stripe import DECLINED, GOOD, StandIn, attach, paid_body
from support.wire import Wire

from console.dialogs import looked_at, twice
from console.look import DESKTOP
from console.signing_in import signed_in


@pytest.fixture
def buyer(browser: Browser, collecting: Server) -> Iterator[Page]:
    """A tab of an owner there."""
    context = browser.new_context(
        viewport=DESKTOP, storage_state=signed_in(browser, collecting), reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_a_declined_payment_is_collected_again(buyer: Page, collecting: Server, stripe: StandIn) -> None:
    page, wire = buyer, Wire(collecting.url, collecting.production_key)
    wire.post("/api/v1/credits/custom-currencies", {"id": "tokens", "displayName": "AI tokens"}).raise_for_status()
    wire.post("/api/v1/customers", {"id": "acme", "name": "Acme", "email": "a@acme.example"}).raise_for_status()
    attach(wire, "acme", DECLINED)
    made = wire.post("/api/v1/credits/grants", {"customerId": "acme", "currencyId": "tokens"} | paid_body())
    made.raise_for_status()
    grant = made.json()["data"]
    assert grant["paymentCollection"] == "FAILED"
    page.goto(f"{collecting.url}/console/production/invoices/{grant['invoiceId']}")
    looked_at(page, "invoice-that-failed")
    attach(wire, "acme", GOOD)
    page.get_by_role("link", name="Collect again").click()
    looked_at(page, "invoice-retry-plan")
    twice(page, "Collect it again", "Its payment was tried again", "invoice-retry")
    expect(page.get_by_role("row", name="Invoice")).to_contain_text("Paid")
    assert stripe.charges(grant["id"]) == (1, 4950)
    page.get_by_role("link", name="To the invoice").click()
    expect(page.get_by_role("link", name="Collect again")).to_have_count(0)
    wire.close()
