"""Invoices of the built-in manual provider: made with their grants, marked by hand, listed as the SDK reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, fresh, grant, iso, read_grant, story
from support.wire import Wire

PATH = "/api/v1/invoices"


def bought(api: Api, wallet: Wallet, amount: float = 100, **options: Any) -> Any:
    return grant(
        api, wallet, amount, grant_type="PAID", cost={"amount": 49.5, "currency": "usd"},
        payment_collection_method="INVOICE", **options,
    )


def mark(wire: Wire, invoice: str, verb: str) -> dict[str, Any]:
    return created(wire.post(f"{PATH}/{invoice}/{verb}", None), 200)


def test_a_grant_waits_for_its_invoice(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 30)
    made = bought(api, wallet, billing_information={"invoice_days_until_due": 14})
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    invoice = made.latest_invoice
    assert (invoice.billing_id, invoice.status, invoice.billing_reason) == (made.invoice_id, "OPEN", "MANUAL")
    assert (invoice.total, invoice.sub_total, invoice.tax, invoice.currency) == (49.5, 49.5, 0, "usd")
    assert (invoice.due_date - invoice.created_at, invoice.requires_action) == (timedelta(days=14), False)
    assert api.balance(wallet.customer, wallet.currency) == -30
    paid = mark(wire, made.invoice_id, "mark-paid")
    assert paid == mark(wire, made.invoice_id, "mark-paid") == created(wire.get(f"{PATH}/{made.invoice_id}"), 200)
    assert (paid["status"], paid["creditGrantId"], paid["canceledAt"]) == ("PAID", made.id, None)
    (listed,) = [each for each in api.grants.list(customer_id=wallet.customer) if each.id == made.id]
    assert (listed.status, listed.payment_collection, listed.consumed_amount) == ("ACTIVE", "NOT_REQUIRED", 30)
    assert (listed.latest_invoice.status, iso(listed.latest_invoice.updated_at)) == ("PAID", paid["paidAt"])
    assert api.balance(wallet.customer, wallet.currency) == 70
    assert ("CREDITS_GRANTED", 100, made.id) in story(api, wallet)
    check_books(wire, wallet.customer)


def test_what_is_canceled_is_never_used(api: Api, wire: Wire, wallet: Wallet) -> None:
    canceled, voided = bought(api, wallet), bought(api, wallet)
    mark(wire, canceled.invoice_id, "cancel")
    assert api.grants.void(voided.id).data.latest_invoice.status == "CANCELED"
    for made, status in ((canceled, "PAYMENT_PENDING"), (voided, "VOIDED")):
        now = read_grant(wire, made.id)
        assert (now["status"], now["paymentCollection"]) == (status, "FAILED")
        answer = wire.post(f"{PATH}/{made.invoice_id}/mark-paid", None)
        check_refusal(answer, 400, "BillingInvoiceStatusError", made.invoice_id)
    assert api.grants.void(canceled.id).data.status == "VOIDED"
    assert api.balance(wallet.customer, wallet.currency) == 0
    check_books(wire, wallet.customer)


def test_the_sdk_lists_them(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = [bought(api, wallet) for _ in range(5)]
    mark(wire, made[1].invoice_id, "mark-paid")
    mark(wire, made[3].invoice_id, "cancel")
    ids = [each.invoice_id for each in made]
    first = api.customers.list_invoices(wallet.customer, limit=2)
    assert [each.invoice_id for each in first] == ids
    back = api.customers.list_invoices(wallet.customer, limit=2, order_dir="DESC", order_by="issueDate")
    assert [each.invoice_id for each in back] == ids[::-1]
    some = api.customers.list_invoices(wallet.customer, limit=1, state_in="PAID,CANCELED")
    told = list(some)
    assert [(each.invoice_id, each.state) for each in told] == [(ids[1], "PAID"), (ids[3], "CANCELED")]
    paid = told[0]
    assert (paid.customer_external_id, paid.total, paid.currency) == (wallet.customer, 49.5, "usd")
    assert (paid.paid_date is None, told[1].paid_date) == (False, None)
    assert [(line.amount, line.quantity, line.unit_price) for line in paid.line_items] == [(49.5, 1, 49.5)]
    until = api.customers.list_invoices(wallet.customer, issued_before=first.data[0].issue_date - timedelta(seconds=1))
    assert list(until) == []
    listed = wire.get(PATH, customerId=wallet.customer, status="OPEN").json()["data"]
    assert [each["id"] for each in listed] == [ids[4], ids[2], ids[0]]


def test_a_key_pays_once(api: Api, wire: Wire, wallet: Wallet) -> None:
    made, key = bought(api, wallet), fresh("key")
    path = f"{PATH}/{made.invoice_id}/mark-paid"
    first = wire.send("POST", path, None, idempotency_key=key)
    again = wire.send("POST", path, None, idempotency_key=key)
    assert (first.status_code, again.text, again.headers["idempotent-replayed"]) == (200, first.text, "true")
    assert api.balance(wallet.customer, wallet.currency) == 100


def test_one_that_is_paid_already_is_an_invoice_too(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = bought(api, wallet, billing_information={"is_invoice_paid": True})
    (listed,) = api.customers.list_invoices(wallet.customer)
    assert (listed.invoice_id, listed.state, listed.due_date) == (made.invoice_id, "PAID", None)
    answer = wire.post(f"{PATH}/{made.invoice_id}/cancel", None)
    check_refusal(answer, 400, "BillingInvoiceStatusError", "paid")
    assert made.status == "ACTIVE"
