"""When a wallet recharges, for how much, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.books import check_books
from support.shop import Wallet, created, fresh, new_customer
from support.wire import Wire

PATH = "/api/v1/credits/auto-recharge"
GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"
RESERVATIONS = "/api/v1/credits/reservations"


@pytest.fixture(scope="module")
def box(box: Wire) -> Wire:
    assert box.post("/api/v1/test-clock", {"now": "2031-01-31T10:00:00Z"}).status_code == 200
    return box


@pytest.fixture
def wallet(box: Wire, money: str) -> Wallet:
    return Wallet(new_customer(box), money)


def save(box: Wire, wallet: Wallet, **fields: Any) -> dict[str, Any]:
    """Below 20 up to 50, at a dollar each."""
    setting = wallet.body() | {
        "isEnabled": True, "thresholdValue": 20, "targetBalance": 50, "grantExpirationPeriod": "1_MONTH",
        "unitCost": {"amount": 1, "currency": "usd"},
    }
    return created(box.put(PATH, setting | fields), 200)


def give(box: Wire, wallet: Wallet, amount: float = 25, **fields: Any) -> str:
    made: str = created(box.post(GRANTS, wallet.grant_body(amount, **fields)))["id"]
    return made


def take(box: Wire, wallet: Wallet, amount: float) -> None:
    created(box.post(CONSUMPTION, wallet.consume_body(amount)), 200)


def hold(box: Wire, wallet: Wallet, amount: float) -> None:
    body = wallet.body() | {"reservationId": fresh("job"), "amount": amount}
    created(box.post(RESERVATIONS, body), 200)


def made(box: Wire, wallet: Wallet) -> list[float]:
    """What was recharged, oldest first."""
    scope = {"resourceId": wallet.resource} if wallet.resource else {}
    listed = box.get(GRANTS, customerId=wallet.customer, limit="100", **scope).json()["data"]
    own = [one for one in listed if "automaticRechargeConfigurationId" in one]
    return [one["amount"] for one in reversed(own)]


def is_on(box: Wire, wallet: Wallet) -> bool:
    told: bool = created(box.get(PATH, **wallet.body()), 200)["isEnabled"]
    return told


class TestReasons:
    """Available credits below the threshold, not at it, after whatever takes them away."""

    @pytest.mark.parametrize(("amount", "expected"), [(5, []), (5.000000001, [30.000000001])])
    @pytest.mark.parametrize("taking", [take, hold], ids=["consumption", "hold"])
    def test_below_and_not_at(
        self, box: Wire, wallet: Wallet, taking: Callable[..., None], amount: float, expected: list[float]
    ) -> None:
        give(box, wallet)
        save(box, wallet)
        taking(box, wallet, amount)
        assert made(box, wallet) == expected
        check_books(box, wallet.customer)

    def test_a_void(self, box: Wire, wallet: Wallet) -> None:
        given = give(box, wallet)
        save(box, wallet)
        created(box.post(f"{GRANTS}/{given}/void"), 200)
        assert made(box, wallet) == [50]

    def test_a_release_beyond_its_hold(self, box: Wire, wallet: Wallet) -> None:
        give(box, wallet)
        save(box, wallet)
        body = wallet.body() | {"reservationId": "job", "amount": 5}
        created(box.post(RESERVATIONS, body), 200)
        assert made(box, wallet) == []
        created(box.post(f"{RESERVATIONS}/job/release", wallet.body() | {"consumedAmount": 6}), 200)
        assert made(box, wallet) == [31]

    def test_an_overdraft_is_part_of_the_gap(self, box: Wire, wallet: Wallet) -> None:
        take(box, wallet, 30)
        save(box, wallet)
        assert made(box, wallet) == [80]
        (told,) = box.get("/api/v1/credits/balances", customerId=wallet.customer).json()["data"]
        assert (told["available"], told["overdraft"]) == (50, 0)
        check_books(box, wallet.customer)

    def test_a_raised_threshold(self, box: Wire, wallet: Wallet) -> None:
        give(box, wallet)
        save(box, wallet)
        save(box, wallet, thresholdValue=25)
        assert made(box, wallet) == []
        save(box, wallet, thresholdValue=25.5)
        assert made(box, wallet) == [25]

    def test_dollars(self, box: Wire, wallet: Wallet) -> None:
        give(box, wallet, 100)
        price = {"amount": 0.25, "currency": "usd"}
        save(box, wallet, thresholdType="DOLLAR_AMOUNT", thresholdValue=20, targetBalance=90, unitCost=price)
        take(box, wallet, 20)
        assert made(box, wallet) == []
        take(box, wallet, 0.01)
        assert made(box, wallet) == [10.01]

    def test_another_resource_is_another_wallet(self, box: Wire, wallet: Wallet) -> None:
        site = Wallet(wallet.customer, wallet.currency, "site")
        give(box, wallet, 100)
        give(box, site, 100)
        save(box, site)
        take(box, wallet, 95)
        assert made(box, wallet) == made(box, site) == []
        assert (is_on(box, wallet), is_on(box, site)) == (False, True)
        take(box, site, 95)
        assert (made(box, wallet), made(box, site)) == ([], [45])


class TestTheCap:
    def test_never_passed_and_never_in_part(self, box: Wire, wallet: Wallet) -> None:
        save(box, wallet, maxSpendLimit=90)
        take(box, wallet, 31)
        assert (made(box, wallet), is_on(box, wallet)) == ([50, 31], True)
        # Nine are left of the cap; the gap is 31.
        take(box, wallet, 31)
        assert (made(box, wallet), is_on(box, wallet)) == ([50, 31], False)
        # It rests, also when a smaller gap would fit.
        give(box, wallet, 60)
        take(box, wallet, 60)
        assert made(box, wallet) == [50, 31]

    def test_raised_it_goes_on_at_once(self, box: Wire, wallet: Wallet) -> None:
        save(box, wallet, maxSpendLimit=50)
        assert (made(box, wallet), is_on(box, wallet)) == ([50], False)
        take(box, wallet, 40)
        assert save(box, wallet, maxSpendLimit=100)["currentMonthlySpend"] == 90
        assert (made(box, wallet), is_on(box, wallet)) == ([50, 40], True)

    def test_set_below_what_was_spent(self, box: Wire, wallet: Wallet) -> None:
        save(box, wallet, maxSpendLimit=100)
        told = save(box, wallet, maxSpendLimit=40)
        assert (told["isEnabled"], told["currentMonthlySpend"], told["maxSpendLimit"]) == (False, 50, 40)
        take(box, wallet, 45)
        assert made(box, wallet) == [50]
        told = save(box, wallet, maxSpendLimit=95)
        assert (told["currentMonthlySpend"], made(box, wallet)) == (95, [50, 45])

    def test_a_voided_recharge_was_spent_all_the_same(self, box: Wire, wallet: Wallet) -> None:
        save(box, wallet, maxSpendLimit=80)
        listed = box.get(GRANTS, customerId=wallet.customer).json()["data"]
        created(box.post(f"{GRANTS}/{listed[0]['id']}/void"), 200)
        assert (made(box, wallet), is_on(box, wallet)) == ([50], False)

    @pytest.mark.parametrize(
        ("price", "currency", "cost"), [(0.015, "usd", 0.77), (0.0149, "usd", 0.76), (0.5, "jpy", 26)]
    )
    def test_costs_are_whole_minor_units(
        self, box: Wire, wallet: Wallet, price: float, currency: str, cost: float
    ) -> None:
        unit_cost = {"amount": price, "currency": currency}
        told = save(box, wallet, targetBalance=51, unitCost=unit_cost)
        (one,) = box.get(GRANTS, customerId=wallet.customer).json()["data"]
        assert one["cost"] == {"amount": cost, "currency": currency}
        assert told["currentMonthlySpend"] == cost

    def test_a_new_month(self, box: Wire, money: str) -> None:
        """The instant at which it begins, and not before. A setting that its owner turned off stays off."""
        wallets = [Wallet(new_customer(box), money) for _ in range(2)]
        for wallet in wallets:
            save(box, wallet, maxSpendLimit=50)
            take(box, wallet, 50)
        resting, off = wallets
        save(box, off, maxSpendLimit=50, isEnabled=False)
        box.post("/api/v1/test-clock", {"now": "2031-01-31T23:59:59.999Z"})
        assert (made(box, resting), is_on(box, resting)) == ([50], False)
        box.post("/api/v1/test-clock", {"now": "2031-02-01T00:00:00Z"})
        assert made(box, resting) == [50, 50]
        assert (made(box, off), is_on(box, off)) == ([50], False)
        row = box.get("/api/v1/credits/ledger", customerId=resting.customer).json()["data"][0]
        assert (row["eventType"], row["timestamp"]) == ("CREDITS_GRANTED", "2031-02-01T00:00:00.000Z")
        # A month from the last day of January ends with February.
        listed = box.get(GRANTS, customerId=resting.customer).json()["data"]
        ends = [one["expireAt"] for one in listed if one["displayName"] == "Automatic recharge"]
        assert ends == ["2031-03-01T00:00:00.000Z", "2031-02-28T10:00:00.000Z"]
