"""Credits that are given anew each period."""

from __future__ import annotations

from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, fresh, from_now, iso
from support.wire import Wire

PATH = "/api/v1/credits/recurring-grants"


def body(wallet: Wallet, **fields: Any) -> dict[str, Any]:
    return wallet.body() | {"amount": 100, "cadence": "MONTH", "displayName": "Basic"} | fields


def put(wire: Wire, wallet: Wallet, name: str, **fields: Any) -> dict[str, Any]:
    return created(wire.put(f"{PATH}/{name}", body(wallet, **fields)), 200)


def test_a_period_begins_at_once(api: Api, wire: Wire, wallet: Wallet) -> None:
    told = put(wire, wallet, fresh("basic"))
    (made,) = api.grants.list(customer_id=wallet.customer)
    assert (made.grant_type, made.amount, made.source_type, made.display_name) == ("RECURRING", 100, None, "Basic")
    assert (iso(made.effective_at), iso(made.expire_at)) == (told["anchor"], told["nextPeriodAt"])
    credit = consume(api, wallet, 30).credit
    assert (credit.usage_limit, iso(credit.usage_period_end)) == (100, told["nextPeriodAt"])
    check_books(wire, wallet.customer)


def test_a_future_anchor_begins_there(api: Api, wire: Wire, wallet: Wallet) -> None:
    anchor = iso(from_now(days=3))
    assert put(wire, wallet, fresh("basic"), anchor=anchor)["nextPeriodAt"] == anchor
    assert list(api.grants.list(customer_id=wallet.customer)) == []


def test_put_again_get_delete(api: Api, wire: Wire, wallet: Wallet) -> None:
    name = fresh("basic")
    made = put(wire, wallet, name)
    assert put(wire, wallet, name) == made == created(wire.get(f"{PATH}/{name}"), 200)
    changed = put(wire, wallet, name, amount=7, displayName="Plus", priority=3)
    assert (changed["amount"], changed["nextPeriodAt"], changed["anchor"]) == (7, made["nextPeriodAt"], made["anchor"])
    assert len(list(api.grants.list(customer_id=wallet.customer))) == 1
    ended = created(wire.delete(f"{PATH}/{name}"), 200)
    assert (ended["nextPeriodAt"], ended["endedAt"] is None) == (None, False)
    check_refusal(wire.get(f"{PATH}/{name}"), 404, "CreditRecurringGrantNotFound", name)
    check_refusal(wire.delete(f"{PATH}/{name}"), 404, "CreditRecurringGrantNotFound", name)
    assert api.balance(wallet.customer, wallet.currency) == 100
    put(wire, wallet, name, amount=1)
    assert api.balance(wallet.customer, wallet.currency) == 101


def test_lists(wire: Wire, wallet: Wallet) -> None:
    names = [fresh("basic") for _ in range(5)]
    for name in names:
        put(wire, wallet, name)
    listed = created(wire.get(PATH, customerId=wallet.customer), 200)
    assert [each["id"] for each in listed] == names[::-1]
    first = wire.get(PATH, customerId=wallet.customer, limit=3).json()
    second = wire.get(PATH, customerId=wallet.customer, limit=3, after=first["pagination"]["next"]).json()
    assert first["data"] + second["data"] == listed
    assert (first["pagination"]["prev"], second["pagination"]["next"]) == (None, None)
    assert created(wire.get(PATH, customerId=wallet.customer, resourceId="r"), 200) == []


@pytest.mark.parametrize(
    ("fields", "naming"),
    [
        ({"amount": 0}, "amount"), ({"amount": "1"}, "amount"), ({"cadence": "DAY"}, "cadence"),
        ({"cadence": None}, "cadence"), ({"anchor": "soon"}, "anchor"), ({"priority": -1}, "priority"),
        ({"displayName": None}, "displayName"), ({"displayName": "x" * 256}, "displayName"), ({"more": 1}, "more"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input(api: Api, wire: Wire, wallet: Wallet, fields: dict[str, Any], naming: str) -> None:
    name = fresh("basic")
    check_refusal(wire.put(f"{PATH}/{name}", body(wallet, **fields)), 400, "BadUserInput", naming)
    check_refusal(wire.get(f"{PATH}/{name}"), 404, "CreditRecurringGrantNotFound", name)


def test_it_stays_in_its_wallet(wire: Wire, wallet: Wallet) -> None:
    name = fresh("basic")
    put(wire, wallet, name)
    other = Wallet(wallet.customer, wallet.currency, "site")
    check_refusal(wire.put(f"{PATH}/{name}", body(other)), 400, "BadUserInput", "resourceId")
