"""Which grant is burnt first. Each case is a table of grants and the order in which they are used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.shop import Wallet, consume, from_now, grant, story
from support.wire import Wire

SOON, LATER = from_now(days=10), from_now(days=20)
LONG_AGO, RECENTLY = from_now(days=-20), from_now(days=-10)


@dataclass(frozen=True)
class G:
    name: str
    amount: float = 10
    priority: int = 50
    kind: str = "PROMOTIONAL"
    expire: datetime | None = None
    effective: datetime | None = None


def make(api: Api, wallet: Wallet, wanted: G) -> str:
    options: dict[str, Any] = {"priority": wanted.priority, "grant_type": wanted.kind, "display_name": wanted.name}
    if wanted.expire:
        options["expire_at"] = wanted.expire
    if wanted.effective:
        options["effective_at"] = wanted.effective
    made_id: str = grant(api, wallet, wanted.amount, **options).id
    return made_id


@pytest.mark.parametrize(
    ("grants", "order"),
    [
        pytest.param([G("b", priority=2), G("a", priority=1), G("c", priority=3)], "abc", id="priority first"),
        pytest.param([G("c"), G("b", expire=LATER), G("a", expire=SOON)], "abc", id="then the sooner expiry"),
        pytest.param([G("b", priority=2, expire=SOON), G("a", priority=1)], "ab", id="priority before expiry"),
        pytest.param([G("b", kind="PAID"), G("a")], "ab", id="then promotional before paid"),
        pytest.param([G("b", expire=LATER), G("a", kind="PAID", expire=SOON)], "ab", id="expiry before category"),
        pytest.param(
            [G("c"), G("b", effective=RECENTLY), G("a", effective=LONG_AGO)], "abc", id="then the earlier effect"
        ),
        pytest.param(
            [G("b", kind="PAID", effective=LONG_AGO), G("a", effective=RECENTLY)], "ab", id="category before effect"
        ),
        pytest.param(
            [G(name, effective=LONG_AGO) for name in "abcd"], "abcd", id="then the order of creation"
        ),
    ],
)
def test_order(api: Api, wire: Wire, wallet: Wallet, grants: list[G], order: str) -> None:
    ids = {wanted.name: make(api, wallet, wanted) for wanted in grants}
    names = {made: name for name, made in ids.items()}
    # One consumption over everything shows the whole order: one row per grant touched.
    consume(api, wallet, sum(wanted.amount for wanted in grants))
    burnt = [(names[made], amount) for event, amount, made in story(api, wallet) if event == "CREDITS_CONSUMED"]
    assert burnt == [(name, -10) for name in order]
    check_books(wire, wallet.customer)


def test_the_documented_example(api: Api, wire: Wire, wallet: Wallet) -> None:
    ids = [
        make(api, wallet, G("A", 50, 1, "PAID", LATER)),
        make(api, wallet, G("B", 20, 1, "PROMOTIONAL", LATER)),
        make(api, wallet, G("C", 100, 2, "PROMOTIONAL", SOON)),
    ]
    consume(api, wallet, 60)
    used = {made.id: made.consumed_amount for made in api.grants.list(customer_id=wallet.customer)}
    assert [used[made] for made in ids] == [40, 20, 0]
    assert story(api, wallet)[-2:] == [("CREDITS_CONSUMED", -20, ids[1]), ("CREDITS_CONSUMED", -40, ids[0])]
    check_books(wire, wallet.customer)


def test_a_scheduled_grant_is_not_touched(api: Api, wire: Wire, wallet: Wallet) -> None:
    later = make(api, wallet, G("later", 10, 0, effective=SOON))
    now = make(api, wallet, G("now", 10, 99))
    consume(api, wallet, 4)
    assert story(api, wallet)[-1] == ("CREDITS_CONSUMED", -4, now)
    used = {made.id: made.consumed_amount for made in api.grants.list(customer_id=wallet.customer)}
    assert used == {later: 0, now: 4}
    check_books(wire, wallet.customer)


def test_wallets_of_resources_do_not_help_each_other(api: Api, wire: Wire, customer: str, currency: str) -> None:
    own, site = Wallet(customer, currency), Wallet(customer, currency, "site")
    grant(api, own, 10)
    grant(api, site, 3)
    consume(api, site, 5)
    assert api.balance(customer, currency, resource_id="site") == -2
    assert api.balance(customer, currency) == 10
    consume(api, own, 11)
    assert api.balance(customer, currency, resource_id="site") == -2
    assert api.balance(customer, currency) == -1
    check_books(wire, customer)


def test_currencies_do_not_help_each_other(
    api: Api, wire: Wire, customer: str, currency: str, other_currency: str
) -> None:
    grant(api, Wallet(customer, currency), 10)
    consume(api, Wallet(customer, other_currency), 5)
    assert api.balance(customer, currency) == 10
    assert api.balance(customer, other_currency) == -5
    check_books(wire, customer)
