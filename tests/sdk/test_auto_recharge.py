"""Wallets that buy themselves credits: read through the official SDK, set through the extension."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, consume, created, grant, iso, new_currency, new_customer
from support.wire import Wire

PATH = "/api/v1/credits/auto-recharge"


def setting(wallet: Wallet, **fields: Any) -> dict[str, Any]:
    return wallet.body() | {
        "isEnabled": True, "thresholdValue": 20, "targetBalance": 50, "grantExpirationPeriod": "1_MONTH",
        "unitCost": {"amount": 0.01, "currency": "usd"},
    } | fields


def save(wire: Wire, wallet: Wallet, **fields: Any) -> dict[str, Any]:
    return created(wire.put(PATH, setting(wallet, **fields)), 200)


def recharges(api: Api, wallet: Wallet) -> list[Any]:
    listed = api.grants.list(customer_id=wallet.customer, limit=100)
    return [made for made in reversed(list(listed)) if made.display_name == "Automatic recharge"]


def test_the_defaults(api: Api, wallet: Wallet) -> None:
    told = api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id=wallet.currency).data
    assert told.to_dict() == {
        "id": None, "customerId": wallet.customer, "currencyId": wallet.currency, "isEnabled": False,
        "thresholdType": "CREDIT_AMOUNT", "thresholdValue": 0, "targetBalance": 0, "maxSpendLimit": None,
        "grantExpirationPeriod": "1_YEAR", "createdAt": None, "updatedAt": None,
    }


def test_what_was_saved_is_read(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    saved = save(wire, wallet, thresholdType="DOLLAR_AMOUNT", thresholdValue=0.2, maxSpendLimit=7)
    told = api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id=wallet.currency).data
    assert (told.id, told.is_enabled, told.threshold_type, told.threshold_value) == (
        saved["id"], True, "DOLLAR_AMOUNT", 0.2,
    )
    assert (told.target_balance, told.max_spend_limit, told.grant_expiration_period) == (50, 7, "1_MONTH")
    assert iso(told.created_at) == iso(told.updated_at) == saved["createdAt"]
    assert saved["currentMonthlySpend"] == 0


def test_one_recharge_closes_the_gap(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    saved = save(wire, wallet)
    assert consume(api, wallet, 80).credit.current_usage == 80
    assert recharges(api, wallet) == []
    credit = consume(api, wallet, 120).credit
    assert credit.usage_limit - credit.current_usage == 50
    (made,) = recharges(api, wallet)
    assert (made.amount, made.grant_type, made.priority, made.cost.amount, made.cost.currency) == (
        150, "PAID", 50, 1.5, "usd",
    )
    assert made.to_dict()["automaticRechargeConfigurationId"] == saved["id"]
    check_books(wire, wallet.customer)


def test_a_burst_recharges_as_often_as_it_must(api: Api, wire: Wire, wallet: Wallet) -> None:
    """The cap holds whoever comes first: 5 + 9 x 4 = 41 of 41 is charged, and then it rests."""
    save(wire, wallet, thresholdValue=10, targetBalance=50, unitCost={"amount": 0.1, "currency": "usd"}, maxSpendLimit=41)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: consume(api, wallet, 41), range(24)))
    made = recharges(api, wallet)
    spent = sum(each.cost.amount for each in made)
    assert spent <= 41
    told = api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id=wallet.currency).data
    assert not told.is_enabled
    check_books(wire, wallet.customer)


def test_off_and_on_again(api: Api, wire: Wire, wallet: Wallet) -> None:
    save(wire, wallet, isEnabled=False)
    assert api.balance(wallet.customer, wallet.currency) == 0
    assert save(wire, wallet)["currentMonthlySpend"] == 0.5
    assert api.balance(wallet.customer, wallet.currency) == 50
    save(wire, wallet, isEnabled=False)
    consume(api, wallet, 60)
    assert api.balance(wallet.customer, wallet.currency) == -10


def test_the_price_of_the_currency(api: Api, wire: Wire, customer: str) -> None:
    currency = new_currency(wire, unitCost={"amount": 2, "currency": "eur"})
    wallet = Wallet(customer, currency)
    save(wire, wallet, unitCost=None)
    (made,) = recharges(api, wallet)
    assert (made.cost.amount, made.cost.currency) == (100, "eur")
    with refuses(400, "BadUserInput"):
        api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id="a@b")


@pytest.mark.parametrize(
    ("fields", "naming"),
    [
        ({"isEnabled": None}, "isEnabled"), ({"thresholdType": "PERCENT"}, "thresholdType"),
        ({"thresholdValue": -1}, "thresholdValue"), ({"thresholdValue": "20"}, "thresholdValue"),
        ({"targetBalance": 20}, "targetBalance"), ({"targetBalance": -5}, "targetBalance"),
        ({"maxSpendLimit": -1}, "maxSpendLimit"), ({"grantExpirationPeriod": "1_DAY"}, "grantExpirationPeriod"),
        ({"unitCost": None}, "unitCost"), ({"unitCost": {"amount": -1, "currency": "usd"}}, "unitCost"),
        ({"unitCost": {"amount": 1, "currency": "xyz"}}, "unitCost"), ({"unitCost": []}, "unitCost"),
        ({"more": 1}, "more"), ({"resourceId": "a b"}, "resourceId"),
    ],
    ids=str,
)
def test_bad_settings(api: Api, wire: Wire, wallet: Wallet, fields: dict[str, Any], naming: str) -> None:
    check_refusal(wire.put(PATH, setting(wallet, **fields)), 400, "BadUserInput", naming)
    told = api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id=wallet.currency).data
    assert told.id is None


def test_unknown_ids(wire: Wire, wallet: Wallet) -> None:
    check_refusal(wire.put(PATH, setting(wallet, customerId="nobody")), 404, "CustomerNotFound", "customerId")
    check_refusal(wire.put(PATH, setting(wallet, currencyId="nothing")), 404, "CustomCurrencyNotFound", "currencyId")
    check_refusal(wire.get(PATH, customerId="nobody", currencyId=wallet.currency), 404, "CustomerNotFound")


class TestAMonth:
    """The sandbox's clock: recharges, the cap, expiries and renewals of a month in one move."""

    @pytest.fixture
    def box(self, own_server: Server) -> Iterator[Wire]:
        client = Wire(own_server.url, own_server.sandbox_key)
        yield client
        client.close()

    @pytest.fixture
    def api(self, own_server: Server) -> Iterator[Api]:
        client = Api("sync", own_server.url, own_server.sandbox_key)
        yield client
        client.close()

    def test_passes_in_one_move(self, box: Wire, api: Api) -> None:
        def move(to: str) -> None:
            assert created(box.post("/api/v1/test-clock", {"now": to}), 200)["now"] == to.replace("Z", ".000Z")

        move("2031-01-01T00:00:00Z")
        wallet = Wallet(new_customer(box), new_currency(box))
        price = {"amount": 1, "currency": "usd"}
        save(box, wallet, unitCost=price, maxSpendLimit=120)
        move("2031-01-10T00:00:00Z")
        grant(api, wallet, 10, expire_at=datetime(2031, 1, 25, tzinfo=UTC))
        consume(api, wallet, 45)
        consume(api, wallet, 45)
        told = api.v1.credits.get_auto_recharge(customer_id=wallet.customer, currency_id=wallet.currency).data
        assert not told.is_enabled
        recurring = wallet.body() | {"amount": 5, "cadence": "MONTH", "displayName": "Basic"}
        created(box.put(f"/api/v1/credits/recurring-grants/{wallet.customer}", recurring), 200)
        move("2031-03-02T00:00:00Z")
        rows = list(api.ledger(wallet.customer, limit=100))
        told = [(iso(row.timestamp)[:10], row.event_type.removeprefix("CREDITS_"), row.amount) for row in reversed(rows)]
        assert told == [
            ("2031-01-01", "GRANTED", 50),
            ("2031-01-10", "GRANTED", 10), ("2031-01-10", "CONSUMED", -10), ("2031-01-10", "CONSUMED", -35),
            ("2031-01-10", "GRANTED", 35),
            ("2031-01-10", "CONSUMED", -15), ("2031-01-10", "CONSUMED", -30),
            ("2031-01-10", "GRANTED", 5),
            ("2031-01-25", "EXPIRED", 0),
            ("2031-02-01", "EXPIRED", 0), ("2031-02-01", "GRANTED", 40),
            ("2031-02-10", "GRANTED", 5), ("2031-02-10", "EXPIRED", -5), ("2031-02-10", "EXPIRED", -5),
            ("2031-03-01", "EXPIRED", -40), ("2031-03-01", "GRANTED", 45),
        ]
        assert api.balance(wallet.customer, wallet.currency) == 50
        for row in rows:
            recorded = row.to_dict()["recordedAt"]
            told = created(box.get("/api/v1/credits/balances", customerId=wallet.customer, at=recorded), 200)
            assert told, recorded
        check_books(box, wallet.customer)
