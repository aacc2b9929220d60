"""The entitlement check of a currency: how a balance is read, and when access is granted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, from_now, grant, new_customer
from support.wire import Wire, exact


def check_path(customer: str) -> str:
    return f"/api/v1/customers/{customer}/entitlements/check"


def test_a_balance(api: Api, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    grant(api, wallet, 50)
    consume(api, wallet, 12.5)
    credit = api.credit(wallet.customer, wallet.currency, x_account_id="a", x_environment_id="e")
    assert (credit.type, credit.is_granted, credit.access_denied_reason) == ("CREDIT", True, None)
    assert (credit.usage_limit, credit.current_usage) == (150, 12.5)
    assert (credit.currency.currency_id, credit.currency.display_name) == (wallet.currency, "Credits")
    assert (credit.currency.unit_singular, credit.currency.unit_plural) == ("token", "tokens")
    assert credit.reservation is None
    assert not credit.reserved and not credit.reserved_on_expired_grants


def test_the_currency_is_described(api: Api, customer: str) -> None:
    currency = api.currencies.create(
        id=f"d-{customer}", display_name="Described", description="for models", metadata={"a": "b"}
    ).data.id
    shown = api.credit(customer, currency).currency
    assert (shown.display_name, shown.description, shown.metadata) == ("Described", "for models", {"a": "b"})
    api.currencies.archive(currency)
    # An archived currency still has its balances.
    assert api.credit(customer, currency).currency.display_name == "Described"


def test_usage_updated_at_is_the_last_change(api: Api, wallet: Wallet) -> None:
    for change in (lambda: grant(api, wallet, 10), lambda: consume(api, wallet, 1)):
        time.sleep(0.005)
        change()
        newest = api.ledger(wallet.customer).data[0].timestamp
        assert api.credit(wallet.customer, wallet.currency).usage_updated_at == newest


def test_valid_until_is_the_next_change_that_time_alone_brings(api: Api, wallet: Wallet) -> None:
    first, second = from_now(days=2), from_now(days=1)
    assert api.credit(wallet.customer, wallet.currency).valid_until is None
    grant(api, wallet, 10, expire_at=first)
    assert api.credit(wallet.customer, wallet.currency).valid_until == first
    grant(api, wallet, 10, effective_at=second)
    assert api.credit(wallet.customer, wallet.currency).valid_until == second


@pytest.mark.parametrize(
    ("balance", "requested", "granted"),
    [
        (10, None, True), (10, 10, True), (10, 11, False), (10, 0, True),
        (0, None, False), (-5, None, False), (-5, 1, False),
    ],
)
def test_access(api: Api, wallet: Wallet, balance: float, requested: int | None, granted: bool) -> None:
    grant(api, wallet, 100)
    consume(api, wallet, 100 - balance)
    options = {} if requested is None else {"requested_usage": requested}
    credit = api.credit(wallet.customer, wallet.currency, **options)
    assert credit.is_granted is granted
    assert credit.access_denied_reason == (None if granted else "InsufficientCredits")
    assert credit.usage_limit - credit.current_usage == balance
    # Asking is not taking.
    assert api.balance(wallet.customer, wallet.currency) == balance


@pytest.mark.parametrize(
    ("requested", "granted"),
    [("0.5", True), ("0.500000001", False), ("5e-1", True), ("5E0", False), ("0.5000000001", True)],
)
def test_a_requested_usage_may_be_a_fraction(
    wire: Wire, api: Api, wallet: Wallet, requested: str, granted: bool
) -> None:
    grant(api, wallet, 0.5)
    answer = wire.get(check_path(wallet.customer), currencyId=wallet.currency, requestedUsage=requested)
    assert answer.json()["data"]["isGranted"] is granted


@pytest.mark.parametrize("requested", ["-1", "x", "1e400", "NaN", "9" * 400])
def test_a_requested_usage_that_is_none(wire: Wire, wallet: Wallet, requested: str) -> None:
    answer = wire.get(check_path(wallet.customer), currencyId=wallet.currency, requestedUsage=requested)
    check_refusal(answer, 400, {"BadUserInput", "AmountTooLarge"}, "requestedUsage")


class TestNotGranted:
    def empty(self, credit: Any, reason: str) -> None:
        assert (credit.type, credit.is_granted, credit.access_denied_reason) == ("CREDIT", False, reason)
        assert (credit.usage_limit, credit.current_usage) == (0, 0)

    def test_unknown_customer(self, api: Api, currency: str) -> None:
        credit = api.credit("nobody", currency)
        self.empty(credit, "CustomerNotFound")
        assert abs((credit.usage_updated_at - datetime.now(UTC)).total_seconds()) < 60

    def test_unknown_currency(self, api: Api, customer: str) -> None:
        credit = api.credit(customer, "nothing")
        self.empty(credit, "EntitlementNotFound")
        assert (credit.currency.currency_id, credit.currency.display_name) == ("nothing", "nothing")

    def test_no_wallet_yet(self, api: Api, customer: str, currency: str) -> None:
        credit = api.credit(customer, currency)
        self.empty(credit, "InsufficientCredits")
        assert credit.usage_updated_at == api.customers.retrieve(customer).data.created_at

    def test_unknown_resource(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        self.empty(api.credit(wallet.customer, wallet.currency, resource_id="unknown"), "CustomerResourceNotFound")
        # Asking has not made it known.
        assert api.customers.list_resources(wallet.customer).data == []

    def test_features_do_not_exist_yet(self, api: Api, customer: str) -> None:
        answer = api.customers.check_entitlement(customer, feature_id="seats", requested_values=["a", "b"]).data
        assert (answer.type, answer.is_granted, answer.access_denied_reason) == ("FEATURE", False, "FeatureNotFound")


def test_one_thing_at_a_time(api: Api, customer: str, currency: str) -> None:
    with refuses(400, "BadUserInput", naming="currencyId"):
        api.customers.check_entitlement(customer)
    with refuses(400, "BadUserInput", naming="featureId"):
        api.customers.check_entitlement(customer, currency_id=currency, feature_id="seats")


def test_a_resource_has_a_balance_of_its_own(api: Api, customer: str, currency: str) -> None:
    grant(api, Wallet(customer, currency), 10)
    grant(api, Wallet(customer, currency, "site"), 3)
    assert api.balance(customer, currency) == 10
    assert api.balance(customer, currency, resource_id="site") == 3


class TestList:
    def test_one_entry_for_each_wallet_in_scope(
        self, api: Api, customer: str, currency: str, other_currency: str
    ) -> None:
        grant(api, Wallet(customer, currency), 10)
        consume(api, Wallet(customer, other_currency), 4)
        grant(api, Wallet(customer, currency, "site"), 3)
        own = api.customers.retrieve_entitlements(customer, x_account_id="a", x_environment_id="e").data
        assert own.access_denied_reason is None
        told = {
            each.currency.currency_id: (each.is_granted, each.usage_limit, each.current_usage)
            for each in own.entitlements
        }
        assert told == {currency: (True, 10, 0), other_currency: (False, 0, 4)}
        assert len(own.entitlements) == 2
        (site,) = api.customers.retrieve_entitlements(customer, resource_id="site").data.entitlements
        assert (site.type, site.currency.currency_id, site.usage_limit) == ("CREDIT", currency, 3)

    def test_an_entry_says_what_the_check_says(self, wire: Wire, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 10, expire_at=from_now(days=1))
        consume(api, wallet, 2)
        (entry,) = exact(wire.get(f"/api/v1/customers/{wallet.customer}/entitlements"))["data"]["entitlements"]
        assert entry == exact(wire.get(check_path(wallet.customer), currencyId=wallet.currency))["data"]

    def test_nobody_and_nothing(self, api: Api, wire: Wire) -> None:
        unknown = api.customers.retrieve_entitlements("nobody").data
        assert (unknown.entitlements, unknown.access_denied_reason) == ([], "CustomerNotFound")
        known = api.customers.retrieve_entitlements(new_customer(wire)).data
        assert (known.entitlements, known.access_denied_reason) == ([], None)
