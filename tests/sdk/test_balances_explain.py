"""Explaining a balance: the numbers, the rows and the grants that add up to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, from_now, grant, iso
from support.wire import Wire, exact

PATH = "/api/v1/credits/balances/explain"


def explain(wire: Wire, wallet: Wallet, **query: Any) -> Any:
    answer = wire.get(PATH, **wallet.body(), **query)
    assert answer.status_code == 200, answer.text
    told = exact(answer)["data"]
    rows = sum((row["amount"] for row in told["rows"]), Decimal(0))
    assert told["opening"] + rows == told["available"], told
    assert sum((made["available"] for made in told["grants"]), Decimal(0)) == told["available"], told
    assert told["granted"] - told["consumed"] - told["reserved"] == told["available"], told
    return told


def test_a_wallet_that_never_changed(wire: Wire, wallet: Wallet) -> None:
    told = explain(wire, wallet)
    assert (told["grants"], told["rows"], told["granted"], told["resourceId"]) == ([], [], 0, None)


def test_awkward_numbers_add_up_at_every_step(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 0.1, expire_at=from_now(days=1))
    grant(api, wallet, 0.2)
    steps = [explain(wire, wallet)]
    for amount in (0.15, 1.000000001, 0.7):
        consume(api, wallet, amount)
        steps.append(explain(wire, wallet))
    grant(api, wallet, 5, grant_type="PAID")
    told = explain(wire, wallet)
    assert told["available"] == Decimal("3.449999999")
    (made,) = [made for made in told["grants"] if made["grantType"] == "PAID"]
    assert (made["status"], made["amount"], made["available"]) == ("ACTIVE", 5, Decimal("3.449999999"))
    for step in steps:
        assert explain(wire, wallet, at=step["at"])["rows"][: len(step["rows"])] == step["rows"]


def test_rows_are_those_of_the_ledger_oldest_first(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 10)
    consume(api, wallet, 3)
    listed = exact(wire.get("/api/v1/credits/ledger", customerId=wallet.customer))["data"]
    assert explain(wire, wallet)["rows"] == listed[::-1]


def test_an_overdraft_is_below_zero(api: Api, wire: Wire, customer: str, currency: str) -> None:
    site = Wallet(customer, currency, "site")
    consume(api, site, 4)
    told = explain(wire, site)
    (made,) = told["grants"]
    assert (made["grantType"], made["consumed"], made["available"], told["available"]) == ("OVERDRAFT", 4, -4, -4)
    assert explain(wire, Wallet(customer, currency))["available"] == 0


@pytest.mark.parametrize(
    ("query", "naming"),
    [
        ({"customerId": "-"}, "customerId"), ({"currencyId": "a@b"}, "currencyId"), ({"resourceId": ""}, "resourceId"),
        ({"at": "soon"}, "at"), ({"at": "2999-01-01T00:00:00Z"}, "at"),
    ],
    ids=str,
)
def test_bad_queries(wire: Wire, wallet: Wallet, query: dict[str, str], naming: str) -> None:
    check_refusal(wire.get(PATH, **(wallet.body() | query)), 400, "BadUserInput", naming)


def test_ids_that_are_missing_or_unknown(wire: Wire, wallet: Wallet) -> None:
    check_refusal(wire.get(PATH, currencyId=wallet.currency), 400, "BadUserInput", "customerId")
    check_refusal(wire.get(PATH, customerId=wallet.customer), 400, "BadUserInput", "currencyId")
    check_refusal(wire.get(PATH, **Wallet("nobody", wallet.currency).body()), 404, "CustomerNotFound", "customerId")
    answer = wire.get(PATH, **Wallet(wallet.customer, "nothing").body())
    check_refusal(answer, 404, "CustomCurrencyNotFound", "currencyId")
