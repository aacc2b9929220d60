"""Grants that Stripe's stand-in collects: charged or sent an invoice, declined, confirmed, tried again and given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.load import in_threads
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, consume, created, fresh, grant, new_currency, new_customer, read_grant, story
from support.stripe import (
    CONFIRMED, DECLINED, GOOD, INVOICES, Ear, StandIn, attach, paid_body, wait_until, wait_until_paid,
)
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"


def give_card(buyer: Api, purse: Wallet, card: str = GOOD) -> Any:
    return buyer.customers.payment_method.attach(
        purse.customer, integration_id="stripe", payment_method_id=card, vendor_identifier="STRIPE"
    ).data


def buy(
    buyer: Api, purse: Wallet, cost: float = 49.5, currency: str = "usd", method: str = "CHARGE", **options: Any
) -> Any:
    return grant(
        buyer, purse, 100, grant_type="PAID", cost={"amount": cost, "currency": currency},
        payment_collection_method=method, **options,
    )


def retry(till: Wire, made: Any) -> dict[str, Any]:
    return created(till.post(f"{INVOICES}/{made.invoice_id}/retry", None), 200)


def check_unusable(buyer: Api, till: Wire, purse: Wallet) -> None:
    """Whoever consumes meanwhile owes it."""
    before = buyer.balance(purse.customer, purse.currency)
    consume(buyer, purse, 3)
    assert buyer.balance(purse.customer, purse.currency) == before - 3 < 0
    check_books(till, purse.customer)


def test_it_is_paid_in_its_answer(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    assert give_card(buyer, purse).billing_id.startswith("cus_")
    made = buy(buyer, purse)
    assert (made.status, made.payment_collection) == ("ACTIVE", "NOT_REQUIRED")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.total, invoice.currency, invoice.error_message) == ("PAID", 49.5, "usd", None)
    assert invoice.payment_url and invoice.pdf_url and not invoice.requires_action
    (state,) = made.sync_states
    assert (state.vendor_identifier, state.status, state.synced_entity_id) == ("STRIPE", "SUCCESS", invoice.billing_id)
    assert stripe.charges(made.id) == (1, 4950)
    assert stripe.status(invoice.billing_id) == "paid"
    assert buyer.balance(purse.customer, purse.currency) == 100
    assert story(buyer, purse) == [("CREDITS_GRANTED", 100, made.id)]
    told = created(till.get(f"{INVOICES}/{made.invoice_id}"), 200)
    assert (told["status"], told["provider"], told["attemptCount"]) == ("PAID", "STRIPE", 1)
    assert told["providerInvoiceId"] == invoice.billing_id
    check_refusal(till.post(f"{INVOICES}/{made.invoice_id}/retry", None), 400, "BillingInvoiceStatusError", "paid")
    check_books(till, purse.customer)


def test_who_does_not_wait(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    give_card(buyer, purse)
    stripe.fault("slow", milliseconds=400)
    made = buy(buyer, purse, await_payment_confirmation=False)
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    assert (made.latest_invoice.status, made.latest_invoice.billing_id) == ("OPEN", made.invoice_id)
    check_unusable(buyer, till, purse)
    assert wait_until_paid(till, made.id)["latestInvoice"]["status"] == "PAID"
    assert (stripe.charges(made.id), buyer.balance(purse.customer, purse.currency)) == ((1, 4950), 97)
    check_books(till, purse.customer)


def test_declined_until_there_is_a_better_card(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    give_card(buyer, purse, DECLINED)
    made = buy(buyer, purse)
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "FAILED")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.error_message) == ("OPEN", "Your card was declined.")
    assert invoice.payment_url and not invoice.requires_action
    check_unusable(buyer, till, purse)
    again = retry(till, made)
    assert (again["status"], again["attemptCount"]) == ("OPEN", 2)
    assert again["errorMessage"] == "Your card was declined."
    check_unusable(buyer, till, purse)
    give_card(buyer, purse)
    paid = retry(till, made)
    assert (paid["status"], paid["attemptCount"], paid["errorMessage"]) == ("PAID", 3, None)
    now = read_grant(till, made.id)
    assert (now["status"], now["paymentCollection"], now["consumedAmount"]) == ("ACTIVE", "NOT_REQUIRED", 6)
    assert (stripe.charges(made.id), buyer.balance(purse.customer, purse.currency)) == ((1, 4950), 94)
    check_books(till, purse.customer)


def test_declined_and_given_up(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    give_card(buyer, purse, DECLINED)
    made = buy(buyer, purse)
    voided = buyer.grants.void(made.id).data
    assert voided.status == "VOIDED"
    ended = wait_until(till, made.id, lambda now: now["latestInvoice"]["status"] == "CANCELED")
    assert (ended["status"], ended["paymentCollection"]) == ("VOIDED", "FAILED")
    assert stripe.status(ended["latestInvoice"]["billingId"]) == "void"
    give_card(buyer, purse)
    check_refusal(till.post(f"{INVOICES}/{made.invoice_id}/retry", None), 400, "BillingInvoiceStatusError", "canceled")
    assert stripe.charges(made.id) == (0, 0)
    check_unusable(buyer, till, purse)


def test_the_payer_must_confirm(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    give_card(buyer, purse, CONFIRMED)
    stripe.requests()
    made = buy(buyer, purse)
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "ACTION_REQUIRED")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.requires_action) == ("OPEN", True)
    assert invoice.billing_id in invoice.payment_url
    assert "authentication" in invoice.error_message
    check_unusable(buyer, till, purse)
    ear = Ear(stripe)
    stripe.control("pay", invoice=invoice.billing_id)
    ear.tell(till)
    now = read_grant(till, made.id)
    assert (now["status"], now["paymentCollection"]) == ("ACTIVE", "NOT_REQUIRED")
    assert (now["latestInvoice"]["status"], now["latestInvoice"]["requiresAction"]) == ("PAID", False)
    # He was asked once, and not again behind his back.
    assert sum(request.endswith("/pay") for request in stripe.requests()) == 1
    assert (stripe.charges(made.id), buyer.balance(purse.customer, purse.currency)) == ((1, 4950), 97)
    check_books(till, purse.customer)


def test_an_invoice_is_sent(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    address = {"city": "Berlin", "country": "DE", "line1": "Allee 1", "postal_code": "10115"}
    ear = Ear(stripe)
    made = buy(buyer, purse, method="INVOICE", billing_information={
        "invoice_days_until_due": 14, "billing_address": address,
    })
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.due_date - invoice.created_at) == ("OPEN", timedelta(days=14))
    sent = stripe.get(f"/v1/invoices/{invoice.billing_id}")
    assert (sent["status"], sent["customer_email"], sent["total"]) == ("open", "ada@example.com", 4950)
    assert sent["customer_address"] == address
    assert "invoice.sent" in [event["type"] for event in ear.tell(till)]
    check_unusable(buyer, till, purse)
    stripe.control("pay", invoice=invoice.billing_id)
    ear.tell(till)
    now = read_grant(till, made.id)
    assert (now["status"], now["latestInvoice"]["status"]) == ("ACTIVE", "PAID")
    assert (stripe.charges(made.id), buyer.balance(purse.customer, purse.currency)) == ((1, 4950), 97)
    check_books(till, purse.customer)


def test_an_invoice_that_cannot_be_sent(buyer: Api, till: Wire, coin: str, stripe: StandIn) -> None:
    """Stripe sends it to an e-mail address, which this customer gets there later."""
    purse, ear = Wallet(new_customer(till), coin), Ear(stripe)
    made = buy(buyer, purse, method="INVOICE")
    assert (made.status, made.payment_collection, made.latest_invoice.status) == ("PAYMENT_PENDING", "FAILED", "OPEN")
    assert "email" in made.latest_invoice.error_message
    (known,) = ear.events("customer.created")
    stripe.control("customer", customer=known["data"]["object"]["id"], members={"email": "late@example.com"})
    sent = retry(till, made)
    assert (sent["errorMessage"], sent["attemptCount"]) == (None, 2)
    stripe.control("pay", invoice=sent["providerInvoiceId"])
    ear.tell(till)
    assert read_grant(till, made.id)["status"] == "ACTIVE"
    assert stripe.charges(made.id) == (1, 4950)


def test_a_new_address_keeps_the_invoice(till: Wire, coin: str, stripe: StandIn) -> None:
    """An answer is lost, and until the provider is asked again, the customer is somebody else."""
    purse, ear = Wallet(new_customer(till, email="old@example.com"), coin), Ear(stripe)
    # Before it go: looking for the customer, making him known, the invoice, its line, a look, its end as a draft.
    stripe.fault("lose_answer", after=6, times=1)
    made = created(till.post(GRANTS, purse.body() | paid_body(method="INVOICE", awaitPaymentConfirmation=False)))
    created(till.patch(f"/api/v1/customers/{purse.customer}", {"email": "new@example.com"}), 200)
    known = wait_until(till, made["id"], lambda grant: grant["syncStates"][0]["syncedEntityId"] is not None)
    told = ear.events()
    (sent,) = {event["data"]["object"]["id"] for event in told if event["type"] == "invoice.sent"}
    assert known["latestInvoice"]["billingId"] == sent
    assert [event["type"] for event in told].count("customer.created") == 1
    stripe.control("pay", invoice=sent)
    ear.tell(till)
    assert read_grant(till, made["id"])["status"] == "ACTIVE"
    assert stripe.charges(made["id"]) == (1, 4950)


def test_nothing_to_pay_with(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    made = buy(buyer, purse)
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "FAILED")
    assert "default_payment_method" in made.latest_invoice.error_message
    give_card(buyer, purse)
    assert retry(till, made)["status"] == "PAID"
    for _ in range(2):
        buyer.customers.payment_method.detach(purse.customer)
    refused = buy(buyer, purse)
    assert refused.payment_collection == "FAILED"
    assert (stripe.charges(made.id), stripe.charges(refused.id)) == ((1, 4950), (0, 0))
    assert buyer.balance(purse.customer, purse.currency) == 100


def test_a_card_that_nobody_knows(buyer: Api, purse: Wallet) -> None:
    with refuses(400, "StripeError", "pm_nobody"):
        give_card(buyer, purse, "pm_nobody")
    with refuses(404, "CustomerNotFound"):
        buyer.customers.payment_method.attach(
            fresh("nobody"), integration_id="stripe", payment_method_id=GOOD, vendor_identifier="STRIPE"
        )


@pytest.mark.parametrize("method", ["CHARGE", "INVOICE"])
@pytest.mark.parametrize(("amount", "currency"), [(0.005, "usd"), (10.001, "eur"), (1.5, "jpy")])
def test_a_fraction_of_a_cent(
    buyer: Api, purse: Wallet, stripe: StandIn, method: str, amount: float, currency: str
) -> None:
    give_card(buyer, purse)
    stripe.requests()
    with refuses(400, "BadUserInput", "cost.amount"):
        buy(buyer, purse, amount, currency, method)
    assert stripe.requests() == []
    assert list(buyer.grants.list(customer_id=purse.customer)) == []


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        (10, "jpy", 10), (10, "krw", 10), (10.5, "eur", 1050), (0.01, "usd", 1), (7, "isk", 700),
        (1234567.89, "usd", 123456789),
    ],
)
def test_minor_units(buyer: Api, purse: Wallet, stripe: StandIn, amount: float, currency: str, units: int) -> None:
    give_card(buyer, purse)
    made = buy(buyer, purse, amount, currency)
    assert (made.status, made.latest_invoice.total, made.latest_invoice.currency) == ("ACTIVE", amount, currency)
    assert stripe.charges(made.id) == (1, units)
    assert stripe.get(f"/v1/invoices/{made.latest_invoice.billing_id}")["currency"] == currency


def test_a_key_charges_once(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    """Also while the first is under way. A replay shows the grant as it was written: on its way."""
    give_card(buyer, purse)
    key, body = fresh("key"), purse.body() | paid_body()
    stripe.fault("slow", milliseconds=200, times=3)
    answers = in_threads(4, lambda _: till.post(GRANTS, body, idempotency_key=key))
    done = [answer for answer in answers if answer.status_code == 201]
    others = [answer for answer in answers if answer.status_code != 201]
    assert done and all(answer.status_code == 409 for answer in others), [answer.text for answer in answers]
    (grant_id,) = {answer.json()["data"]["id"] for answer in done}
    again = till.post(GRANTS, body, idempotency_key=key)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    written = again.json()["data"]
    assert written["id"] == grant_id
    assert (written["status"], written["paymentCollection"]) == ("PAYMENT_PENDING", "PROCESSING")
    assert read_grant(till, grant_id)["status"] == "ACTIVE"
    assert stripe.charges(grant_id) == (1, 4950)
    assert buyer.balance(purse.customer, purse.currency) == 100


def test_many_at_once(till: Wire, coin: str, stripe: StandIn) -> None:
    """Of several customers, some of whom are charged for the first time."""
    purses = [Wallet(new_customer(till), coin) for _ in range(6)]
    for purse in purses:
        attach(till, purse.customer)
    before = stripe.all_charges()

    def charge(n: int) -> dict[str, Any]:
        return created(till.post(GRANTS, purses[n % len(purses)].body() | paid_body(cost=n + 1)))

    made = in_threads(24, charge)
    assert [each["status"] for each in made] == ["ACTIVE"] * 24
    new = {grant: sum for grant, sum in stripe.all_charges().items() if grant not in before}
    assert new == {each["id"]: (1, 100 * (n + 1)) for n, each in enumerate(made)}
    for purse in purses:
        check_books(till, purse.customer)


def test_a_new_customer_is_one_at_the_provider(till: Wire, coin: str, stripe: StandIn) -> None:
    """However many of his grants are charged at once, for none of which there is a payment method."""
    purse = Wallet(new_customer(till, name="Bo"), coin)
    made = in_threads(6, lambda _: created(till.post(GRANTS, purse.body() | paid_body())))
    assert {each["paymentCollection"] for each in made} == {"FAILED"}
    payers = {stripe.get(f"/v1/invoices/{each['latestInvoice']['billingId']}")["customer"] for each in made}
    known = created(till.get(f"/api/v1/customers/{purse.customer}"), 200)["billingId"]
    assert payers == {known}
    assert stripe.get(f"/v1/customers/{known}")["name"] == "Bo"


@pytest.mark.parametrize(("outcome", "status", "collection"), [
    ("succeed", "ACTIVE", "NOT_REQUIRED"), ("card_declined", "PAYMENT_PENDING", "FAILED"),
    ("requires_action", "PAYMENT_PENDING", "ACTION_REQUIRED"),
])
def test_a_payment_that_takes_days(
    buyer: Api, till: Wire, purse: Wallet, stripe: StandIn, outcome: str, status: str, collection: str
) -> None:
    customer = give_card(buyer, purse)
    stripe.control("next_payments", customer=customer.billing_id, outcomes=["processing"])
    made = buy(buyer, purse)
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    check_refusal(till.post(f"{INVOICES}/{made.invoice_id}/retry", None), 400, "BillingInvoiceStatusError")
    check_unusable(buyer, till, purse)
    ear = Ear(stripe)
    stripe.control("finish", invoice=made.latest_invoice.billing_id, outcome=outcome)
    ear.tell(till)
    now = read_grant(till, made.id)
    assert (now["status"], now["paymentCollection"]) == (status, collection)
    is_paid = outcome == "succeed"
    assert stripe.charges(made.id) == ((1, 4950) if is_paid else (0, 0))
    assert buyer.balance(purse.customer, purse.currency) == (97 if is_paid else -3)


def test_the_owner_of_the_account_ends_an_invoice(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    """In Stripe's dashboard: what he voids is canceled; what he gives up can still be paid."""
    give_card(buyer, purse, DECLINED)
    voided, given_up = buy(buyer, purse), buy(buyer, purse)
    ear = Ear(stripe)
    stripe.control("void", invoice=voided.latest_invoice.billing_id)
    stripe.control("uncollectible", invoice=given_up.latest_invoice.billing_id)
    ear.tell(till)
    now = read_grant(till, voided.id)
    assert (now["status"], now["paymentCollection"], now["latestInvoice"]["status"]) == (
        "PAYMENT_PENDING", "FAILED", "CANCELED",
    )
    assert buyer.grants.void(voided.id).data.status == "VOIDED"
    now = read_grant(till, given_up.id)
    assert (now["status"], now["paymentCollection"], now["latestInvoice"]["status"]) == (
        "PAYMENT_PENDING", "FAILED", "OPEN",
    )
    stripe.control("pay", invoice=given_up.latest_invoice.billing_id)
    ear.tell(till)
    assert read_grant(till, given_up.id)["status"] == "ACTIVE"
    assert (stripe.charges(voided.id), stripe.charges(given_up.id)) == ((0, 0), (1, 4950))


def test_paid_before_it_could_be_canceled(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    give_card(buyer, purse, CONFIRMED)
    made = buy(buyer, purse)
    stripe.control("pay", invoice=made.latest_invoice.billing_id)
    buyer.grants.void(made.id)
    now = wait_until(till, made.id, lambda now: now["latestInvoice"]["status"] == "PAID")
    assert (now["status"], now["paymentCollection"]) == ("VOIDED", "NOT_REQUIRED")
    assert "refund" in now["latestInvoice"]["errorMessage"]
    assert buyer.balance(purse.customer, purse.currency) == 0
    # Whoever gives the money back then takes nothing.
    ear = Ear(stripe)
    stripe.control("refund", invoice=now["latestInvoice"]["billingId"], amount=4950)
    ear.tell(till)
    assert buyer.balance(purse.customer, purse.currency) == 0
    check_books(till, purse.customer)


@pytest.mark.parametrize("good_requests", [0, 2, 4])
def test_voided_while_it_is_charged(
    buyer: Api, till: Wire, purse: Wallet, stripe: StandIn, good_requests: int
) -> None:
    """Before the provider has made an invoice, before it is open, and before it is paid: never usable, and the books
    of both agree."""
    give_card(buyer, purse)
    stripe.requests()
    stripe.fault("slow", after=good_requests, milliseconds=300)
    made = buy(buyer, purse, await_payment_confirmation=False)
    buyer.grants.void(made.id)
    now = wait_until(till, made.id, lambda now: now["latestInvoice"]["status"] != "OPEN")
    assert now["status"] == "VOIDED"
    is_paid = now["latestInvoice"]["status"] == "PAID"
    assert stripe.charges(made.id) == ((1, 4950) if is_paid else (0, 0))
    assert (now["paymentCollection"], now["latestInvoice"]["errorMessage"] is None) == (
        ("NOT_REQUIRED", False) if is_paid else ("FAILED", True)
    )
    assert buyer.balance(purse.customer, purse.currency) == 0
    check_books(till, purse.customer)


def test_many_who_try_again(buyer: Api, till: Wire, purse: Wallet, stripe: StandIn) -> None:
    """One of them does; the others are told that there is nothing to be tried again."""
    give_card(buyer, purse, DECLINED)
    made = buy(buyer, purse)
    give_card(buyer, purse)
    answers = in_threads(6, lambda _: till.post(f"{INVOICES}/{made.invoice_id}/retry", None))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
    assert read_grant(till, made.id)["status"] == "ACTIVE"
    assert stripe.charges(made.id) == (1, 4950)
    assert created(till.get(f"{INVOICES}/{made.invoice_id}"), 200)["attemptCount"] == 2


def test_the_wrong_key(buyer: Api, till: Wire, collecting: Server, coin: str, stripe: StandIn) -> None:
    """Whoever has set it learns it from the grant; nothing is lost once it is right."""
    box = Wire(collecting.url, collecting.sandbox_key)
    settings = {"provider": "STRIPE", "secretKey": "sk_test_wrong"}
    created(box.put("/api/v1/payment-provider", settings), 200)
    purse = Wallet(new_customer(box), new_currency(box))
    made = created(box.post(GRANTS, purse.body() | paid_body()))
    assert (made["status"], made["paymentCollection"]) == ("PAYMENT_PENDING", "FAILED")
    assert made["latestInvoice"]["errorMessage"] and "sk_test_wrong" not in made["latestInvoice"]["errorMessage"]
    created(box.put("/api/v1/payment-provider", settings | {"secretKey": "sk_test_right"}), 200)
    attach(box, purse.customer)
    paid = created(box.post(f"{INVOICES}/{made['invoiceId']}/retry", None), 200)
    assert (paid["status"], stripe.charges(made["id"])) == ("PAID", (1, 4950))
    box.close()


def test_the_sdk_lists_their_invoices(buyer: Api, purse: Wallet) -> None:
    give_card(buyer, purse)
    paid = buy(buyer, purse)
    give_card(buyer, purse, DECLINED)
    failed, sent = buy(buyer, purse), buy(buyer, purse, method="INVOICE")
    told = list(buyer.customers.list_invoices(purse.customer, limit=2))
    assert [(each.invoice_id, each.state) for each in told] == [
        (paid.invoice_id, "PAID"), (failed.invoice_id, "OPEN"), (sent.invoice_id, "OPEN"),
    ]
    first = told[0]
    assert (first.total, first.currency, first.customer_external_id) == (49.5, "usd", purse.customer)
    assert (first.paid_date is None, told[1].paid_date) == (False, None)
    only = buyer.customers.list_invoices(purse.customer, state_in="PAID")
    assert [each.invoice_id for each in only] == [paid.invoice_id]
