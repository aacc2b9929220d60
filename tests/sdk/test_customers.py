"""Customers: every field in and out, changes, archiving, resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.paging import check_paging, ids
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, created, fresh, from_now, grant
from support.wire import Wire

FIELDS = set(
    "id archivedAt createdAt updatedAt billingCurrency billingId couponId defaultPaymentMethod email integrations "
    "language metadata name passthrough timezone".split()
)

EVERYTHING: dict[str, Any] = {
    "billing_currency": "chf",
    "billing_id": "cus_123",
    "coupon_id": "",
    "default_payment_method": {
        "billing_id": "pm_1", "card_expiry_month": 12, "card_expiry_year": 2031, "card_last4_digits": "4242",
        "type": "CARD",
    },
    "email": "someone@example.com",
    "integrations": [{"id": "int-1", "synced_entity_id": "cus_123", "vendor_identifier": "STRIPE"}],
    "language": "de",
    "metadata": {"tier": "gold"},
    "name": "Someone AG",
    "passthrough": {
        "stripe": {
            "billing_address": {
                "city": "Basel", "country": "CH", "line1": "Rheingasse 1", "line2": "b", "postal_code": "4058",
                "state": "BS",
            },
            "customer_name": "Someone",
            "invoice_custom_fields": {"po": "17"},
            "metadata": {"a": "b"},
            "payment_method_id": "pm_1",
            "shipping_address": {
                "city": "Bern", "country": "CH", "line1": "1", "line2": "2", "postal_code": "3000", "state": "BE",
            },
            "tax_ids": [{"type": "ch_vat", "value": "CHE-1"}],
        },
        "zuora": {
            "billing_address": {
                "city": "Bern", "country": "CH", "line1": "1", "line2": "2", "postal_code": "3000", "state": "BE",
            },
            "currency": "eur",
            "metadata": {"c": "d"},
            "payment_method_id": "pm_2",
        },
    },
    "timezone": "Europe/Zurich",
}


def test_the_least_that_can_be_said_of_a_customer(api: Api) -> None:
    customer = fresh("customer")
    answer = api.customers.with_raw_response.provision(id=customer)
    assert answer.status == 201
    data = json.loads(answer.text)["data"]
    assert data.keys() >= FIELDS
    assert (data["id"], data["archivedAt"], data["name"], data["email"]) == (customer, None, None, None)
    assert (data["metadata"], data["createdAt"]) == ({}, data["updatedAt"])


def test_every_argument_of_the_sdk_is_kept(api: Api) -> None:
    customer = fresh("customer")
    made = api.customers.provision(id=customer, **EVERYTHING, x_account_id="a", x_environment_id="e").data
    check_everything(made)
    read = api.customers.retrieve(customer, x_account_id="a", x_environment_id="e").data
    assert read == made


def check_everything(customer: Any) -> None:
    assert (customer.billing_currency, customer.billing_id, customer.language) == ("chf", "cus_123", "de")
    assert customer.coupon_id in (None, "")
    method = customer.default_payment_method
    assert (method.billing_id, method.card_last4_digits, method.type) == ("pm_1", "4242", "CARD")
    assert (method.card_expiry_month, method.card_expiry_year) == (12, 2031)
    assert (customer.email, customer.name) == ("someone@example.com", "Someone AG")
    (link,) = customer.integrations
    assert (link.id, link.synced_entity_id, link.vendor_identifier) == ("int-1", "cus_123", "STRIPE")
    assert (customer.metadata, customer.timezone) == ({"tier": "gold"}, "Europe/Zurich")
    stripe, zuora = customer.passthrough.stripe, customer.passthrough.zuora
    assert stripe.billing_address.postal_code == "4058" and stripe.shipping_address.city == "Bern"
    assert (stripe.customer_name, stripe.invoice_custom_fields) == ("Someone", {"po": "17"})
    assert (stripe.metadata, stripe.payment_method_id) == ({"a": "b"}, "pm_1")
    assert [(tax.type, tax.value) for tax in stripe.tax_ids] == [("ch_vat", "CHE-1")]
    assert (zuora.currency, zuora.metadata, zuora.payment_method_id) == ("eur", {"c": "d"}, "pm_2")
    assert zuora.billing_address.state == "BE"


def test_every_id_that_is_allowed(api: Api) -> None:
    for customer in (fresh("c"), fresh("9") + "_a|b.c@d-e", ("x" + fresh("long")).ljust(255, "z")):
        assert api.customers.provision(id=customer).data.id == customer
        assert api.customers.retrieve(customer).data.id == customer


@pytest.mark.parametrize("bad", ["", " ", "-a", "_a", "a b", "a/b", "ä", "a\n", "x" * 256, 5, None, ["a"]])
def test_ids_outside_the_pattern(wire: Wire, bad: Any) -> None:
    check_refusal(wire.post("/api/v1/customers", {"id": bad}), 400, "BadUserInput", "id")


def test_an_id_is_taken_once(api: Api) -> None:
    customer = fresh("customer")
    first = api.customers.provision(id=customer, name="first").data
    with refuses(409, "DuplicatedEntityNotAllowed", naming="id"):
        api.customers.provision(id=customer, name="second")
    assert api.customers.retrieve(customer).data == first


def test_unknown_customers(api: Api) -> None:
    for call in (
        lambda: api.customers.retrieve("nobody"),
        lambda: api.customers.update("nobody", name="x"),
        lambda: api.customers.archive("nobody"),
        lambda: api.customers.unarchive("nobody"),
        lambda: api.customers.list_resources("nobody"),
    ):
        with refuses(404, "CustomerNotFound"):
            call()


class TestUpdate:
    def test_only_what_is_sent_is_changed(self, api: Api) -> None:
        customer = api.customers.provision(id=fresh("customer"), **EVERYTHING).data
        changed = api.customers.update(customer.id, name="Renamed", x_account_id="a", x_environment_id="e").data
        assert changed.name == "Renamed"
        assert changed.updated_at >= customer.updated_at
        same = {"name": "Someone AG", "updated_at": customer.updated_at}
        assert changed.model_copy(update=same) == customer
        assert api.customers.retrieve(customer.id).data == changed

    def test_every_argument_of_the_sdk(self, api: Api) -> None:
        given = dict(EVERYTHING)
        # The one field that the SDK can set at creation only.
        customer = api.customers.provision(
            id=fresh("customer"), default_payment_method=given.pop("default_payment_method")
        ).data
        check_everything(api.customers.update(customer.id, **given).data)

    def test_metadata_is_replaced_whole(self, api: Api) -> None:
        customer = api.customers.provision(id=fresh("customer"), metadata={"a": "1", "b": "2"}).data
        assert api.customers.update(customer.id, metadata={"c": "3"}).data.metadata == {"c": "3"}
        assert api.customers.update(customer.id, name="x").data.metadata == {"c": "3"}
        assert api.customers.update(customer.id, metadata={}).data.metadata == {}

    def test_null_clears(self, api: Api) -> None:
        customer = api.customers.provision(id=fresh("customer"), **EVERYTHING).data
        names = ("billing_currency", "billing_id", "email", "language", "name", "timezone")
        changed = api.customers.update(customer.id, coupon_id=None, **dict.fromkeys(names)).data
        assert [getattr(changed, name) for name in names] == [None] * len(names)
        assert changed.metadata == {"tier": "gold"}

    def test_an_empty_change_changes_nothing(self, api: Api) -> None:
        customer = api.customers.provision(id=fresh("customer"), **EVERYTHING).data
        changed = api.customers.update(customer.id).data
        assert changed.model_copy(update={"updated_at": customer.updated_at}) == customer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5), ("email", []), ("billingCurrency", "CHF"), ("billingCurrency", "xyz"), ("metadata", []),
        ("metadata", {"a": 1}), ("metadata", {"a": None}), ("integrations", {}), ("integrations", [{"id": "x"}]),
        ("passthrough", []), ("passthrough", {"stripe": 1}), ("language", 1), ("timezone", {}), ("unknownField", 1),
        ("defaultPaymentMethod", "card"),
    ],
)
def test_wrong_types_create_and_change_nothing(wire: Wire, customer: str, field: str, value: Any) -> None:
    before = wire.get(f"/api/v1/customers/{customer}").json()
    refused_id = fresh("customer")
    check_refusal(wire.post("/api/v1/customers", {"id": refused_id, field: value}), 400, "BadUserInput", field)
    check_refusal(wire.get(f"/api/v1/customers/{refused_id}"), 404, "CustomerNotFound")
    check_refusal(wire.patch(f"/api/v1/customers/{customer}", {"name": "no", field: value}), 400, "BadUserInput")
    assert wire.get(f"/api/v1/customers/{customer}").json() == before


@pytest.mark.parametrize("metadata", [{str(n): "" for n in range(51)}, {"k" * 256: ""}, {"k": "v" * 2001}])
def test_too_much_metadata(wire: Wire, metadata: dict[str, str]) -> None:
    customer = fresh("customer")
    answer = wire.post("/api/v1/customers", {"id": customer, "metadata": metadata})
    check_refusal(answer, 400, "InvalidMetadataError", "metadata")
    check_refusal(wire.get(f"/api/v1/customers/{customer}"), 404, "CustomerNotFound")


def test_coupons_are_not_served(api: Api) -> None:
    customer = fresh("customer")
    with refuses(501, "UnsupportedParameter", naming="couponId"):
        api.customers.provision(id=customer, coupon_id="summer")
    with refuses(404, "CustomerNotFound"):
        api.customers.retrieve(customer)
    known = api.customers.provision(id=fresh("customer")).data
    with refuses(501, "UnsupportedParameter", naming="couponId"):
        api.customers.update(known.id, coupon_id="summer")


class TestArchived:
    def test_archive_and_back(self, api: Api, customer: str) -> None:
        archived = api.customers.archive(customer, x_account_id="a", x_environment_id="e").data
        assert archived.archived_at is not None
        assert api.customers.retrieve(customer).data == archived
        assert api.customers.archive(customer).data.archived_at == archived.archived_at
        back = api.customers.unarchive(customer, x_account_id="a", x_environment_id="e").data
        assert back.archived_at is None
        assert api.customers.unarchive(customer).data.archived_at is None

    def test_nothing_new_is_granted_or_consumed(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        api.customers.archive(wallet.customer)
        with refuses(400, "EntityIsArchivedError", naming="customerId"):
            grant(api, wallet, 10)
        with refuses(400, "EntityIsArchivedError", naming="customerId"):
            consume(api, wallet, 1)
        with refuses(400, "EntityIsArchivedError", naming="customerId"):
            api.consumption.consume_async(consumptions=[{**wallet.ids(), "amount": 1, "idempotency_key": "k"}])
        assert len(api.ledger(wallet.customer).data) == 1
        api.customers.unarchive(wallet.customer)
        consume(api, wallet, 1)
        check_books(wire, wallet.customer)

    def test_reads_voids_and_edits_go_on(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        made = grant(api, wallet, 10)
        consume(api, wallet, 4)
        api.customers.archive(wallet.customer)
        changed = created(wire.patch(f"/api/v1/credits/grants/{made.id}", {"comment": "kept"}), 200)
        assert changed["comment"] == "kept"
        assert api.grants.void(made.id).data.status == "VOIDED"
        assert [row.event_type for row in api.ledger(wallet.customer)] == [
            "CREDITS_VOIDED", "CREDITS_UPDATED", "CREDITS_CONSUMED", "CREDITS_GRANTED",
        ]
        assert ids(api.grants.list(customer_id=wallet.customer).data) == [made.id]
        api.customers.unarchive(wallet.customer)
        check_books(wire, wallet.customer)

    def test_checks_say_so(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        api.customers.archive(wallet.customer)
        credit = api.credit(wallet.customer, wallet.currency)
        assert (credit.is_granted, credit.access_denied_reason) == (False, "CustomerIsArchived")
        assert (credit.usage_limit, credit.current_usage) == (0, 0)
        listed = api.customers.retrieve_entitlements(wallet.customer).data
        assert (listed.entitlements, listed.access_denied_reason) == ([], "CustomerIsArchived")
        api.customers.unarchive(wallet.customer)
        assert api.balance(wallet.customer, wallet.currency) == 10


class TestResources:
    def test_in_pages_both_ways(self, api: Api, customer: str, currency: str) -> None:
        named = [f"r{n}" for n in range(7)]
        for resource in named:
            consume(api, Wallet(customer, currency, resource), 1)
        check_paging(
            lambda **paging: api.customers.list_resources(customer, x_account_id="a", x_environment_id="e", **paging),
            named[::-1],
        )

    def test_a_resource_is_listed_once_and_belongs_to_its_customer(
        self, api: Api, wire: Wire, customer: str, currency: str, other_currency: str
    ) -> None:
        for money in (currency, other_currency):
            grant(api, Wallet(customer, money, "site"), 1, effective_at=from_now(days=1))
        (resource,) = api.customers.list_resources(customer).data
        assert resource.id == "site" and resource.updated_at >= resource.created_at
        check_books(wire, customer)

    def test_none_yet(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 1)
        assert api.customers.list_resources(wallet.customer).data == []
