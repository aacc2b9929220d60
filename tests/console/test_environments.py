"""Environments and accounts are made, reset and archived by an owner: each form says what will be, and does it once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.server import Server
from support.wire import Wire

from console.dialogs import looked_at, see_what_changes, twice
from console.keyboard import enter, focus
from console.story import Story


@pytest.fixture(scope="module")
def wire(console_server: Server, story: Story) -> Iterator[Wire]:
    wire = Wire(console_server.url, console_server.production_key)
    yield wire
    wire.close()


@pytest.fixture
def console(console_server: Server) -> str:
    return f"{console_server.url}/console"


def environment(wire: Wire, called: str) -> dict:
    answer = wire.get("/api/v1/environments")
    answer.raise_for_status()
    (found,) = [each for each in answer.json()["data"] if each["id"] == called]
    return found


def customers(wire: Wire) -> list[str]:
    answer = wire.get("/api/v1/customers")
    answer.raise_for_status()
    return [each["id"] for each in answer.json()["data"]]


def test_one_is_made_with_the_keyboard_alone(page: Page, console: str, console_server: Server, wire: Wire) -> None:
    page.goto(f"{console}/production")
    focus(page, "Environments")
    enter(page)
    focus(page, "New environment")
    enter(page)
    focus(page, "Id")
    page.keyboard.type("stage-one")
    focus(page, "Name")
    page.keyboard.type("The first stage")
    enter(page)
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    looked_at(page, "environment-plan")
    focus(page, "Make the environment")
    enter(page)
    expect(page.get_by_role("status")).to_contain_text("The environment stage-one was made")
    looked_at(page, "environment-done")
    secret = page.locator("code.secret").inner_text()
    theirs = Wire(console_server.url, secret)
    assert customers(theirs) == []
    theirs.close()
    page.get_by_role("link", name="To its overview").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(f"{console}/production/environments")
    expect(page.get_by_role("row", name="The first stage")).to_contain_text("Sandbox")
    assert secret not in page.content()


def test_one_is_reset_from_within(page: Page, console: str, console_server: Server, wire: Wire) -> None:
    made = wire.post("/api/v1/environments", {"id": "stage-two", "type": "SANDBOX"})
    made.raise_for_status()
    theirs = Wire(console_server.url, made.json()["data"]["apiKey"]["secret"])
    theirs.post("/api/v1/customers", {"id": "fleeting"}).raise_for_status()
    page.goto(f"{console}/stage-two/environments")
    page.get_by_role("link", name="Reset stage-two").click()
    page.get_by_label("Environment id, once more").fill("stage-tow")
    page.get_by_role("button", name="See what will change").click()
    expect(page.get_by_role("alert")).to_contain_text("environmentId must be stage-two")
    page.get_by_label("Environment id, once more").fill("stage-two")
    see_what_changes(page, "environment-reset")
    expect(page.locator("main")).to_contain_text("It cannot be taken back")
    page.get_by_role("button", name="Reset the environment").dblclick()
    expect(page.get_by_role("status")).to_contain_text("The environment stage-two was reset")
    looked_at(page, "environment-reset-done")
    first = environment(wire, "stage-two")["resetAt"]
    assert first is not None
    assert customers(theirs) == []
    # What is made afterwards stays, however often the same form is sent.
    theirs.post("/api/v1/customers", {"id": "lasting"}).raise_for_status()
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("not done a second time")
    assert environment(wire, "stage-two")["resetAt"] == first
    assert customers(theirs) == ["lasting"]
    page.get_by_role("link", name="To all environments").click()
    expect(page.get_by_role("heading", name="Environments")).to_be_visible()
    page.get_by_role("link", name="Customers").click()
    expect(page.get_by_role("link", name="lasting")).to_be_visible()
    theirs.close()


def test_one_is_archived_from_within(page: Page, console: str, console_server: Server, wire: Wire) -> None:
    made = wire.post("/api/v1/environments", {"id": "stage-three", "type": "PRODUCTION"})
    made.raise_for_status()
    theirs = Wire(console_server.url, made.json()["data"]["apiKey"]["secret"])
    theirs.post("/api/v1/customers", {"id": "kept"}).raise_for_status()
    page.goto(f"{console}/stage-three/environments")
    expect(page.get_by_role("link", name="Reset stage-three")).to_have_count(0)
    page.get_by_role("link", name="Archive stage-three").click()
    page.get_by_label("Environment id, once more").fill("stage-three")
    see_what_changes(page, "environment-archive")
    twice(page, "Archive the environment", "The environment stage-three was archived", "environment-archive")
    assert environment(wire, "stage-three")["status"] == "ARCHIVED"
    assert theirs.get("/api/v1/customers").status_code == 401
    theirs.close()
    page.get_by_role("link", name="Customers").click()
    expect(page.locator("main")).to_contain_text("it can be read, and nothing in it changes")
    expect(page.get_by_role("link", name="New customer")).to_have_count(0)
    page.get_by_role("link", name="kept").click()
    looked_at(page, "customer-of-an-archived-environment")
    page.goto(f"{console}/production")
    bar = page.get_by_role("navigation", name="Environment")
    expect(bar.get_by_role("link", name="stage-three")).to_have_count(0)


def test_an_account_is_made_and_archived(page: Page, console: str, console_server: Server, wire: Wire) -> None:
    page.goto(f"{console}/production/environments")
    page.get_by_role("link", name="Accounts").click()
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Id").fill("Acme")
    page.get_by_role("button", name="See what will change").click()
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("alert")).to_contain_text("id must be 1 to")
    page.get_by_label("Id").fill("acme-two")
    page.get_by_label("Name").fill("Acme, Inc.")
    see_what_changes(page, "account")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("status")).to_contain_text("The account acme-two was made")
    looked_at(page, "account-done")
    secret = page.locator("code.secret").inner_text()
    theirs = Wire(console_server.url, secret)
    assert customers(theirs) == []
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("not done a second time")
    page.get_by_role("link", name="To all accounts").click()
    assert secret not in page.content()
    page.get_by_role("link", name="Archive acme-two").click()
    page.get_by_label("Account id, once more").fill("acme-two")
    see_what_changes(page, "account-archive")
    twice(page, "Archive the account", "The account acme-two was archived", "account-archive")
    assert theirs.get("/api/v1/customers").status_code == 401
    theirs.close()
