"""Creating a grant: every argument, every field of the answer, what is filled in, and how it may be paid."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from support.books import check_books, resources
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, created, from_now, grant, iso, story
from support.wire import Wire

# The members of the documented response; `syncStates` came with a later version of the API.
FIELDS = set(
    "id displayName amount consumedAmount grantType sourceType priority effectiveAt expireAt voidedAt metadata cost "
    "comment customerId resourceId currencyId invoiceId latestInvoice paymentCollection status createdAt updatedAt "
    "syncStates".split()
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_the_least_that_can_be_said_of_a_grant(api: Api, wallet: Wallet) -> None:
    answer = api.grants.with_raw_response.create(
        **wallet.ids(), amount=1000, display_name="Monthly credits", grant_type="PROMOTIONAL"
    )
    assert answer.status == 201
    data = json.loads(answer.text)["data"]
    assert data.keys() >= FIELDS
    assert re.fullmatch(r"cred-grant-[0-9A-Za-z]{12}", data["id"])
    expected = {
        "displayName": "Monthly credits", "amount": 1000, "consumedAmount": 0, "grantType": "PROMOTIONAL",
        "sourceType": None, "priority": 50, "expireAt": None, "voidedAt": None, "metadata": {},
        "cost": {"amount": 0, "currency": "usd"}, "comment": None, "customerId": wallet.customer, "resourceId": None,
        "currencyId": wallet.currency, "invoiceId": None, "latestInvoice": None,
        "paymentCollection": "NOT_REQUIRED", "status": "ACTIVE", "syncStates": [],
    }
    assert {name: data[name] for name in expected} == expected
    for name in ("effectiveAt", "createdAt", "updatedAt"):
        assert INSTANT.fullmatch(data[name]), data[name]
    assert data["createdAt"] == data["updatedAt"]
    assert abs(answer.value.data.effective_at - answer.value.data.created_at) < timedelta(seconds=1)


def test_every_argument_of_the_sdk(api: Api, wire: Wire, customer: str, currency: str) -> None:
    wallet = Wallet(customer, currency, "workspace-1")
    effective, expire = from_now(hours=-1), from_now(days=30)
    made = api.grants.create(
        **wallet.ids(),
        amount=1000.5,
        display_name="Top-up",
        grant_type="PAID",
        await_payment_confirmation=False,
        billing_information={
            "is_invoice_paid": False,
            "invoice_days_until_due": 14,
            "billing_address": {
                "city": "Basel", "country": "CH", "line1": "Rheingasse 1", "line2": "2nd floor",
                "postal_code": "4058", "state": "BS",
            },
        },
        comment="as agreed",
        cost={"amount": 49, "currency": "eur"},
        effective_at=effective,
        expire_at=expire,
        metadata={"order": "A-17", "empty": ""},
        payment_collection_method="NONE",
        priority=7,
        x_account_id="ignored",
        x_environment_id="ignored",
    ).data
    assert (made.amount, made.display_name, made.grant_type, made.priority) == (1000.5, "Top-up", "PAID", 7)
    assert (made.effective_at, made.expire_at, made.status) == (effective, expire, "ACTIVE")
    assert (made.cost.amount, made.cost.currency) == (49, "eur")
    assert (made.comment, made.metadata) == ("as agreed", {"order": "A-17", "empty": ""})
    assert (made.resource_id, made.payment_collection) == ("workspace-1", "NOT_REQUIRED")
    # A resource exists from the first grant that names it.
    assert resources(wire, customer) == ["workspace-1"]
    # An effect in the past is usable now, and its row says now: the past is not rewritten.
    (row,) = list(api.ledger(customer))
    assert (row.event_type, row.amount, row.resource_id) == ("CREDITS_GRANTED", 1000.5, "workspace-1")
    assert row.timestamp > effective + timedelta(minutes=30)
    check_books(wire, customer)


def test_a_future_effect_is_scheduled_and_counts_for_nothing(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 70, effective_at=from_now(days=1))
    assert made.status == "SCHEDULED"
    assert api.credit(wallet.customer, wallet.currency).usage_limit == 0
    assert story(api, wallet) == []
    check_books(wire, wallet.customer)


def test_null_is_the_same_as_absent(wire: Wire, wallet: Wallet) -> None:
    optional = ("priority effectiveAt expireAt metadata cost comment resourceId paymentCollectionMethod "
                "awaitPaymentConfirmation billingInformation").split()
    made = created(wire.post("/api/v1/credits/grants", wallet.grant_body(5, **dict.fromkeys(optional))))
    assert (made["priority"], made["expireAt"], made["metadata"]) == (50, None, {})
    assert (made["cost"], made["comment"], made["resourceId"]) == ({"amount": 0, "currency": "usd"}, None, None)
    assert made["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2097-05-06", "2097-05-06T00:00:00.000Z"),
        ("2097-05-06T07:08:09", "2097-05-06T07:08:09.000Z"),
        ("2097-05-06T07:08:09Z", "2097-05-06T07:08:09.000Z"),
        ("2097-05-06T07:08:09.1234567Z", "2097-05-06T07:08:09.123Z"),
        ("2097-05-06T07:08:09.9999Z", "2097-05-06T07:08:09.999Z"),
        ("2097-05-06T07:08:09+02:00", "2097-05-06T05:08:09.000Z"),
        ("2097-05-06T00:30:00.5-01:30", "2097-05-06T02:00:00.500Z"),
    ],
)
def test_instants_are_read_leniently_and_cut_to_milliseconds(wire: Wire, wallet: Wallet, sent: str, kept: str) -> None:
    made = created(wire.post("/api/v1/credits/grants", wallet.grant_body(expireAt=sent)))
    assert made["expireAt"] == kept


def test_the_longest_texts_and_the_fullest_metadata(api: Api, wallet: Wallet) -> None:
    # Lengths are characters, not bytes.
    metadata = {f"{n:03d}".ljust(255, "ä"): "ß" * 2000 for n in range(50)}
    made = grant(api, wallet, 1, display_name="ö" * 255, comment="ü" * 255, metadata=metadata)
    assert (made.display_name, made.comment, made.metadata) == ("ö" * 255, "ü" * 255, metadata)


@pytest.mark.parametrize("priority", [0, 100])
def test_the_ends_of_priority(api: Api, wallet: Wallet, priority: int) -> None:
    assert grant(api, wallet, 1, priority=priority).priority == priority


def test_a_whole_number_may_be_written_with_a_point(wire: Wire, wallet: Wallet) -> None:
    body = json.dumps(wallet.grant_body()).replace('"amount"', '"priority": 5.0, "amount"')
    assert created(wire.post("/api/v1/credits/grants", body))["priority"] == 5


# Payment. Invoices that are not paid yet have a file of their own.


def test_what_is_to_be_charged_needs_a_provider_that_can(api: Api, wire: Wire, wallet: Wallet) -> None:
    with refuses(400, "BillingIntegrationMissing", naming="manual provider"):
        grant(api, wallet, 10, grant_type="PAID", cost={"amount": 5, "currency": "usd"},
              payment_collection_method="CHARGE")
    assert wire.get("/api/v1/credits/grants", customerId=wallet.customer).json()["data"] == []


@pytest.mark.parametrize("method", ["CHARGE", "INVOICE", "NONE"])
@pytest.mark.parametrize("cost", [None, {"amount": 0, "currency": "usd"}])
def test_without_a_cost_the_method_is_ignored(api: Api, wallet: Wallet, method: str, cost: Any) -> None:
    options = {"cost": cost} if cost else {}
    made = grant(api, wallet, 10, grant_type="PAID", payment_collection_method=method, **options)
    assert (made.status, made.payment_collection, made.latest_invoice) == ("ACTIVE", "NOT_REQUIRED", None)


def test_an_invoice_that_is_already_paid_is_kept_here(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(
        api, wallet, 10, grant_type="PAID", cost={"amount": 49.5, "currency": "usd"},
        payment_collection_method="INVOICE", billing_information={"is_invoice_paid": True},
    )
    assert made.status == "ACTIVE"
    assert made.invoice_id and made.latest_invoice.billing_id == made.invoice_id
    invoice = made.latest_invoice
    assert (invoice.status, invoice.total, invoice.currency) == ("PAID", 49.5, "usd")
    assert invoice.requires_action is False
    assert api.balance(wallet.customer, wallet.currency) == 10
    # The documented response lists every member of an invoice as required.
    shown = wire.get("/api/v1/credits/grants", customerId=wallet.customer).json()["data"][0]["latestInvoice"]
    assert shown.keys() >= set(
        "billingId status createdAt updatedAt dueDate requiresAction billingReason paymentUrl errorMessage pdfUrl "
        "currency subTotal total tax".split()
    )


def test_a_cost_must_say_how_it_is_paid(api: Api, wallet: Wallet) -> None:
    with refuses(400, "BadUserInput", naming="paymentCollectionMethod"):
        grant(api, wallet, 10, grant_type="PAID", cost={"amount": 5, "currency": "usd"})


def test_promotional_credits_cost_nothing(api: Api, wallet: Wallet) -> None:
    with refuses(400, "BadUserInput", naming="cost"):
        grant(api, wallet, 10, cost={"amount": 5, "currency": "usd"}, payment_collection_method="NONE")


# Times that cannot be.


def test_expiry_must_come_after_effect(api: Api, wallet: Wallet) -> None:
    with refuses(400, "ExpireAtMustBeLaterThanEffectiveAtError", naming="expireAt"):
        grant(api, wallet, 10, effective_at=from_now(days=2), expire_at=from_now(days=1))
    same = from_now(days=2)
    with refuses(400, "ExpireAtMustBeLaterThanEffectiveAtError", naming="expireAt"):
        grant(api, wallet, 10, effective_at=same, expire_at=same)


def test_a_grant_cannot_be_born_expired(api: Api, wallet: Wallet) -> None:
    with refuses(400, "BadUserInput", naming="expireAt"):
        grant(api, wallet, 10, effective_at=from_now(hours=-2), expire_at=from_now(hours=-1))
    # Both faults at once: the one about the order of the two is told.
    with refuses(400, "ExpireAtMustBeLaterThanEffectiveAtError", naming="expireAt"):
        grant(api, wallet, 10, effective_at=from_now(hours=-1), expire_at=from_now(hours=-2))


def test_a_refused_grant_leaves_nothing_behind(wire: Wire, customer: str, currency: str) -> None:
    body = Wallet(customer, currency, "never").grant_body(expireAt=iso(from_now(hours=-1)), effectiveAt="2020-01-01")
    check_refusal(wire.post("/api/v1/credits/grants", body), 400, "BadUserInput", "expireAt")
    assert resources(wire, customer) == []
    assert wire.get("/api/v1/credits/grants", customerId=customer, resourceId="never").json()["data"] == []
    assert wire.get("/api/v1/credits/ledger", customerId=customer).json()["data"] == []
