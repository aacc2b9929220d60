"""Recharges that are charged through Stripe's stand-in: one charge closes the gap, and a decline ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from support.books import check_books, rows
from support.driver import Api
from support.load import in_threads
from support.shop import Wallet, consume, created, grant, read_grant
from support.stripe import (
    CONFIRMED, DECLINED, INVOICES, Ear, StandIn, attach, wait_until, wait_until_paid,
)
from support.told import Event, Reader, behind_the_last, of
from support.wire import Wire

PATH = "/api/v1/credits/auto-recharge"
CONSUMPTION = "/api/v1/credits/consumption"
CHANGED, ATTEMPTED = "automatic_recharge.configuration.changed", "automatic_recharge.operation.attempted"
PATIENCE_SECONDS = 15.0


class Recharged:
    """A wallet that is to have 50 whenever it falls below 20, at a dollar a credit, and what is charged for it."""

    def __init__(self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> None:
        self.stripe, self.till, self.buyer, self.purse = stripe, till, buyer, purse
        self._known = set(stripe.all_charges())
        self._reader: Reader = behind_the_last(till)

    def save(self, **fields: Any) -> dict[str, Any]:
        setting = self.purse.body() | {
            "isEnabled": True, "thresholdValue": 20, "targetBalance": 50, "grantExpirationPeriod": "1_MONTH",
            "unitCost": {"amount": 1, "currency": "usd"},
        }
        return created(self.till.put(PATH, setting | fields), 200)

    def is_enabled(self) -> bool:
        told = self.buyer.v1.credits.get_auto_recharge(
            customer_id=self.purse.customer, currency_id=self.purse.currency
        ).data
        enabled: bool = told.is_enabled
        return enabled

    def grants(self) -> list[Any]:
        """Oldest first."""
        listed = self.buyer.grants.list(customer_id=self.purse.customer, limit=100)
        return [made for made in reversed(list(listed)) if made.display_name == "Automatic recharge"]

    def charges(self) -> dict[str, tuple[int, int]]:
        """Since the beginning, of this wallet's recharges and of whatever else there is."""
        return {grant: sum for grant, sum in self.stripe.all_charges().items() if grant not in self._known}

    def events(self, kind: str) -> list[Event]:
        self._reader.catch_up(self.till)
        return [event for event in of(self._reader.events, self.purse) if event["type"] == kind]

    def attempts(self) -> list[tuple[str, str]]:
        """What was told of each charge, and of which grant, oldest first."""
        return [(event["status"], event["grantId"]) for event in self.events(ATTEMPTED)]

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"not {what}: {self.grants()} {self.charges()}"
            time.sleep(0.05)

    def wait_until_settled(self) -> None:
        """Nothing is on its way any more."""
        self.wait_until(
            lambda: all(made.payment_collection != "PROCESSING" for made in self.grants()), "settled",
        )

    def balance(self) -> float:
        check_books(self.till, self.purse.customer)
        balance: float = self.buyer.balance(self.purse.customer, self.purse.currency)
        return balance


@pytest.fixture
def recharged(stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> Recharged:
    return Recharged(stripe, till, buyer, purse)


def test_one_charge_closes_the_gap(recharged: Recharged, buyer: Api, till: Wire, purse: Wallet) -> None:
    attach(till, purse.customer)
    grant(buyer, purse, 100)
    saved = recharged.save()
    consume(buyer, purse, 80)
    assert recharged.grants() == []
    consume(buyer, purse, 30)
    (made,) = recharged.grants()
    assert (made.amount, made.cost.amount) == (60, 60)
    now = wait_until_paid(till, made.id)
    assert (now["paymentCollection"], now["latestInvoice"]["status"]) == ("NOT_REQUIRED", "PAID")
    assert now["automaticRechargeConfigurationId"] == saved["id"]
    assert (recharged.charges(), recharged.balance()) == ({made.id: (1, 6000)}, 50)
    assert recharged.attempts() == [("PROCESSING", made.id), ("SUCCESS", made.id)]
    assert {event["amount"] for event in recharged.events(ATTEMPTED)} == {60}
    assert recharged.is_enabled()


def test_what_is_pending_counts(recharged: Recharged, buyer: Api, till: Wire, purse: Wallet) -> None:
    """While a charge is under way, nothing else is charged for the same gap; and it is not usable yet."""
    customer = created(till.get(f"/api/v1/customers/{purse.customer}"), 200)
    assert customer["billingId"] is None
    attach(till, purse.customer)
    known = created(till.get(f"/api/v1/customers/{purse.customer}"), 200)["billingId"]
    recharged.stripe.control("next_payments", customer=known, outcomes=["processing"])
    recharged.save()
    (made,) = recharged.grants()
    wait_until(till, made.id, lambda now: now["latestInvoice"]["billingId"].startswith("in_"))
    for _ in range(5):
        consume(buyer, purse, 1)
    assert (len(recharged.grants()), recharged.balance()) == (1, -5)
    # The rest of the gap that has grown meanwhile is another charge, once it is due.
    consume(buyer, purse, 30)
    wait_until(till, made.id, lambda now: now["paymentCollection"] == "PROCESSING")
    ear = Ear(recharged.stripe)
    invoice = read_grant(till, made.id)["latestInvoice"]["billingId"]
    recharged.stripe.control("finish", invoice=invoice, outcome="succeed")
    ear.tell(till)
    recharged.wait_until_settled()
    assert recharged.balance() == 50
    assert all(count == 1 for count, _ in recharged.charges().values())
    assert sum(cents for _, cents in recharged.charges().values()) == 8500


def test_a_burst_is_one_charge(recharged: Recharged, till: Wire, buyer: Api, purse: Wallet) -> None:
    attach(till, purse.customer)
    grant(buyer, purse, 100)
    recharged.save()
    in_threads(8, lambda n: [created(till.post(CONSUMPTION, purse.consume_body(1)), 200) for _ in range(11)])
    (made,) = recharged.grants()
    wait_until_paid(till, made.id)
    assert recharged.charges() == {made.id: (1, int(made.cost.amount * 100))}
    assert recharged.balance() == 100 - 88 + made.amount
    assert 100 - 88 + made.amount >= 20


def test_the_cap_holds_under_races(recharged: Recharged, till: Wire, buyer: Api, purse: Wallet) -> None:
    """However many are low at once: what is charged is never more than the customer allowed."""
    attach(till, purse.customer)
    recharged.save(maxSpendLimit=130)
    in_threads(8, lambda n: [created(till.post(CONSUMPTION, purse.consume_body(9)), 200) for _ in range(6)])
    recharged.wait_until_settled()
    recharged.wait_until(lambda: not recharged.is_enabled(), "off")
    charges = recharged.charges()
    assert all(count == 1 for count, _ in charges.values())
    assert sum(cents for _, cents in charges.values()) <= 13_000
    assert sum(made.cost.amount for made in recharged.grants()) <= 130
    assert {made.status for made in recharged.grants()} <= {"ACTIVE", "DEPLETED", "VOIDED"}
    paid = sum(made.amount for made in recharged.grants())
    assert recharged.balance() == paid - 8 * 6 * 9
    (changed,) = [event for event in recharged.events(CHANGED) if not event["isEnabled"]]
    assert (changed["changedBy"], changed["reason"]) == ("SYSTEM", "SPEND_LIMIT_REACHED"), changed


def test_a_decline_ends_it_and_tells(recharged: Recharged, till: Wire, buyer: Api, purse: Wallet) -> None:
    attach(till, purse.customer, DECLINED)
    grant(buyer, purse, 30)
    recharged.save()
    consume(buyer, purse, 25)
    recharged.wait_until(lambda: not recharged.is_enabled(), "off")
    (made,) = recharged.grants()
    assert made.status == "VOIDED"
    now = wait_until(till, made.id, lambda now: now["latestInvoice"]["status"] == "CANCELED")
    assert (now["status"], now["paymentCollection"]) == ("VOIDED", "FAILED")
    assert recharged.stripe.status(now["latestInvoice"]["billingId"]) == "void"
    assert recharged.attempts() == [("PROCESSING", made.id), ("FAILED", made.id)]
    assert recharged.events(ATTEMPTED)[-1]["errorMessage"] == "Your card was declined."
    (changed,) = [event for event in recharged.events(CHANGED) if not event["isEnabled"]]
    assert (changed["changedBy"], changed["reason"]) == ("SYSTEM", "PAYMENT_FAILED"), changed
    # It stays off, and nothing of it was ever there to be used.
    consume(buyer, purse, 25)
    assert (len(recharged.grants()), recharged.charges(), recharged.balance()) == (1, {}, -20)
    # A better card alone changes nothing; whoever saves the setting again wants it again.
    attach(till, purse.customer)
    consume(buyer, purse, 1)
    assert len(recharged.grants()) == 1
    recharged.save()
    (_, second) = recharged.grants()
    wait_until_paid(till, second.id)
    assert (recharged.charges(), recharged.balance(), recharged.is_enabled()) == ({second.id: (1, 7100)}, 50, True)


def test_the_payer_must_confirm(recharged: Recharged, till: Wire, buyer: Api, purse: Wallet) -> None:
    """It is reported, and he is not charged behind his back, however low the wallet is."""
    attach(till, purse.customer, CONFIRMED)
    recharged.save()
    (made,) = recharged.grants()
    now = wait_until(till, made.id, lambda now: now["paymentCollection"] == "ACTION_REQUIRED")
    assert (now["status"], now["latestInvoice"]["requiresAction"]) == ("PAYMENT_PENDING", True)
    assert now["latestInvoice"]["paymentUrl"]
    told = [("PROCESSING", made.id), ("ACTION_REQUIRED", made.id)]
    assert recharged.attempts() == told
    recharged.stripe.requests()
    consume(buyer, purse, 5)
    assert (len(recharged.grants()), recharged.charges(), recharged.balance()) == (1, {}, -5)
    assert not any(request.endswith("/pay") for request in recharged.stripe.requests())
    ear = Ear(recharged.stripe)
    recharged.stripe.control("pay", invoice=now["latestInvoice"]["billingId"])
    ear.tell(till)
    assert read_grant(till, made.id)["status"] == "ACTIVE"
    assert (recharged.charges(), recharged.balance()) == ({made.id: (1, 5000)}, 45)
    assert recharged.attempts() == [*told, ("SUCCESS", made.id)]
    assert recharged.is_enabled()


def test_a_card_that_is_missing(recharged: Recharged, till: Wire) -> None:
    """Is a decline like any other."""
    recharged.save()
    recharged.wait_until(lambda: not recharged.is_enabled(), "off")
    (made,) = recharged.grants()
    assert (made.status, recharged.charges(), recharged.balance()) == ("VOIDED", {}, 0)
    assert recharged.attempts() == [("PROCESSING", made.id), ("FAILED", made.id)]


def test_money_that_goes_back(recharged: Recharged, till: Wire, buyer: Api, purse: Wallet) -> None:
    """A recharge that is refunded leaves the wallet low, which recharges it again."""
    attach(till, purse.customer)
    recharged.save()
    (made,) = recharged.grants()
    invoice = wait_until_paid(till, made.id)["latestInvoice"]["billingId"]
    recharged.save(isEnabled=False)
    ear = Ear(recharged.stripe)
    recharged.stripe.control("refund", invoice=invoice, amount=2000)
    ear.tell(till)
    assert recharged.balance() == 30
    taken = [row for row in rows(till, purse.customer) if row["eventType"] == "CREDITS_VOIDED"]
    assert [row["amount"] for row in taken] == [-20]
    assert created(till.get(f"{INVOICES}/{made.invoice_id}"), 200)["refundedAmount"] == 20
