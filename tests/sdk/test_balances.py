"""Balances: what they say, whose they are, and that the past stays as it was answered."""

from __future__ import annotations

import time
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, from_now, grant, iso
from support.wire import Wire

PATH = "/api/v1/credits/balances"


def balances(wire: Wire, customer: str, **query: Any) -> Any:
    return created(wire.get(PATH, customerId=customer, **query), 200)


def test_what_a_balance_says(api: Api, wire: Wire, wallet: Wallet) -> None:
    end = from_now(days=3)
    grant(api, wallet, 10, expire_at=end)
    grant(api, wallet, 5)
    consume(api, wallet, 4)
    (told,) = balances(wire, wallet.customer)
    assert told.pop("at") > iso(from_now(minutes=-1))
    assert told == {
        "customerId": wallet.customer, "currencyId": wallet.currency, "resourceId": None, "granted": 15, "consumed": 4,
        "reserved": 0, "available": 11, "overdraft": 0, "nextExpiry": {"at": iso(end), "amount": 6},
    }
    consume(api, wallet, 13)
    (told,) = balances(wire, wallet.customer)
    assert (told["consumed"], told["available"], told["overdraft"], told["nextExpiry"]) == (17, -2, 2, None)
    assert api.balance(wallet.customer, wallet.currency) == told["available"]


def test_all_wallets_in_order(api: Api, wire: Wire, customer: str, currency: str, other_currency: str) -> None:
    for wallet in (Wallet(customer, other_currency, "a"), Wallet(customer, currency, "b"), Wallet(customer, currency)):
        consume(api, wallet, 1)
    own, site, other = (currency, None), (currency, "b"), (other_currency, "a")

    def named(**query: Any) -> list[tuple[str, str | None]]:
        return [(row["currencyId"], row["resourceId"]) for row in balances(wire, customer, **query)]

    assert named() == sorted([own, site, other], key=lambda name: (name[0], name[1] or ""))
    assert named(currencyId=currency) == [own, site]
    assert named(resourceId="a") == [other]
    assert named(resourceId="unknown") == []


def test_the_past_is_what_was_answered(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 10, expire_at=from_now(seconds=1))
    seen = []
    for n in range(1, 6):
        consume(api, wallet, n)
        time.sleep(0.3)
        seen.append(balances(wire, wallet.customer))
    assert len({told[0]["available"] for told in seen}) > 3
    for told in seen:
        assert balances(wire, wallet.customer, at=told[0]["at"]) == told
    assert balances(wire, wallet.customer, at=iso(from_now(days=-1))) == []


@pytest.mark.parametrize(
    ("query", "naming"),
    [
        ({"customerId": "-"}, "customerId"), ({"currencyId": "a@b"}, "currencyId"), ({"resourceId": ""}, "resourceId"),
        ({"at": "soon"}, "at"), ({"at": ""}, "at"), ({"at": "2999-01-01T00:00:00Z"}, "at"),
    ],
    ids=str,
)
def test_bad_queries(wire: Wire, customer: str, query: dict[str, str], naming: str) -> None:
    check_refusal(wire.get(PATH, **({"customerId": customer} | query)), 400, "BadUserInput", naming)


def test_unknown_ids(wire: Wire, customer: str) -> None:
    check_refusal(wire.get(PATH), 400, "BadUserInput", "customerId")
    check_refusal(wire.get(PATH, customerId="nobody"), 404, "CustomerNotFound", "customerId")
    answer = wire.get(PATH, customerId=customer, currencyId="nothing")
    check_refusal(answer, 404, "CustomCurrencyNotFound", "currencyId")
