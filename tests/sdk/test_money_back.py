"""Money of paid invoices that goes back: what it takes, of which grants, and how often."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support.books import check_books, credit
from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, fresh, grant, read_grant, story
from support.wire import Wire, exact

PATH = "/api/v1/invoices"


def bought(api: Api, wallet: Wallet, amount: float = 100, cost: float = 30, **options: Any) -> Any:
    """A grant whose invoice is paid already."""
    return grant(
        api, wallet, amount, grant_type="PAID", cost={"amount": cost, "currency": "usd"},
        payment_collection_method="INVOICE", billing_information={"is_invoice_paid": True}, **options,
    )


def refund(wire: Wire, made: Any, amount: float | str, key: str | None = None) -> Any:
    return wire.post(f"{PATH}/{made.invoice_id}/refund", {"amount": amount, "idempotencyKey": key or fresh("back")})


def test_parts_add_up_exactly(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = bought(api, wallet)
    for refunded, left in ((10, "66.666666667"), (20, "33.333333334"), (30, "0")):
        answer = created(refund(wire, made, 10), 200)
        assert (answer["refundedAmount"], answer["status"]) == (refunded, "PAID")
        assert answer == created(wire.get(f"{PATH}/{made.invoice_id}"), 200)
        now = credit(wire, wallet.customer, wallet.currency)
        assert now["usageLimit"] - now["currentUsage"] == Decimal(left)
        check_books(wire, wallet.customer)
    assert read_grant(wire, made.id)["status"] == "VOIDED"
    check_refusal(refund(wire, made, 0.01), 400, "InvalidArgumentError", "amount")


def test_what_was_consumed_becomes_a_debt(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = bought(api, wallet)
    consume(api, wallet, 70)
    created(refund(wire, made, 15, "half"), 200)
    now = read_grant(wire, made.id)
    assert (now["status"], now["consumedAmount"], now["takenBackAmount"]) == ("ACTIVE", 50, 50)
    assert api.balance(wallet.customer, wallet.currency) == -20
    taken = [row for row in story(api, wallet) if row[0] != "CREDITS_CONSUMED"][1:]
    overdraft = taken[2][2]
    assert taken == [
        ("CREDITS_VOIDED", -30, made.id),
        ("CREDITS_CONSUMPTION_TRANSFER_SOURCE", 20, made.id),
        ("CREDITS_CONSUMPTION_TRANSFER_TARGET", -20, overdraft),
        ("CREDITS_VOIDED", -20, made.id),
    ]
    listed = exact(wire.get("/api/v1/credits/ledger", customerId=wallet.customer))["data"]
    assert [row["idempotencyKey"] for row in listed[:4]] == ["half"] * 4
    grant(api, wallet, 25)
    assert api.balance(wallet.customer, wallet.currency) == 5
    check_books(wire, wallet.customer)


def test_held_credits_wait_for_their_hold(api: Api, wire: Wire, wallet: Wallet) -> None:
    made, job = bought(api, wallet), fresh("job")
    body = {**wallet.body(), "reservationId": job, "amount": 100}
    created(wire.post("/api/v1/credits/reservations", body), 200)
    created(refund(wire, made, 30), 200)
    assert read_grant(wire, made.id)["status"] == "ACTIVE"
    check_books(wire, wallet.customer)
    api.v1.credits.reservations.release(job, **wallet.ids(), consumed_amount=40)
    assert read_grant(wire, made.id)["status"] == "VOIDED"
    assert api.balance(wallet.customer, wallet.currency) == -40
    check_books(wire, wallet.customer)


def test_a_key_refunds_once(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = bought(api, wallet)
    first = created(refund(wire, made, 3, "r"), 200)
    assert created(refund(wire, made, 3, "r"), 200) == first
    check_refusal(refund(wire, made, 4, "r"), 409, "DuplicatedEntityNotAllowed", "r")
    assert api.balance(wallet.customer, wallet.currency) == 90


def test_an_undone_consumption_lowers_the_debt(api: Api, wire: Wire, wallet: Wallet) -> None:
    made, key = bought(api, wallet), fresh("job")
    consume(api, wallet, 60, idempotency_key=key)
    created(refund(wire, made, 30), 200)
    assert api.balance(wallet.customer, wallet.currency) == -60
    body = {**wallet.body(), "idempotencyKey": fresh("undo"), "consumptionKey": key, "amount": 45}
    created(wire.post("/api/v1/credits/consumption/refund", body), 200)
    assert api.balance(wallet.customer, wallet.currency) == -15
    check_books(wire, wallet.customer)


def test_not_paid(api: Api, wire: Wire, wallet: Wallet) -> None:
    unpaid = grant(
        api, wallet, 10, grant_type="PAID", cost={"amount": 5, "currency": "usd"}, payment_collection_method="INVOICE"
    )
    check_refusal(refund(wire, unpaid, 1), 400, "BillingInvoiceStatusError", "not paid")
    free = grant(api, wallet, 10)
    answer = wire.post(f"{PATH}/{free.id.replace('cred-grant-', 'invoice-')}/refund", {"amount": 1, "idempotencyKey": "k"})
    check_refusal(answer, 404, "MissingBillingInvoiceError", "invoice")


@pytest.mark.parametrize(
    ("body", "naming"),
    [
        ({"amount": 0, "idempotencyKey": "k"}, "amount"),
        ({"amount": -1, "idempotencyKey": "k"}, "amount"),
        ({"amount": "1", "idempotencyKey": "k"}, "amount"),
        ({"idempotencyKey": "k"}, "amount"),
        ({"amount": 1}, "idempotencyKey"),
        ({"amount": 1, "idempotencyKey": ""}, "idempotencyKey"),
        ({"amount": 1, "idempotencyKey": "k", "reason": "x"}, "reason"),
    ],
)
def test_bad_input(api: Api, wire: Wire, wallet: Wallet, body: dict[str, Any], naming: str) -> None:
    made = bought(api, wallet)
    check_refusal(wire.post(f"{PATH}/{made.invoice_id}/refund", body), 400, "BadUserInput", naming)
    assert api.balance(wallet.customer, wallet.currency) == 100
