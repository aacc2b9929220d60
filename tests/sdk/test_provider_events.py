"""What Stripe sends: who is believed, and what money that went back takes, exactly and once.

Events are those of the stand-in, signed and sent by the tests: twice, late, in any order, or not at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from support import books
from support.books import check_books
from support.driver import Api
from support.load import in_threads
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, consume, created, fresh, from_now, grant, iso, read_grant, story
from support.stripe import (
    EVENTS, INVOICES, WEBHOOK_SECRET, Ear, Event, StandIn, attach, settle_with, signature, tell, wait_until,
)
from support.wire import Wire


class Bought:
    """A grant of 100 for 30.00 that was charged, and what happens at Stripe with its money."""

    def __init__(self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet, **options: Any) -> None:
        self.stripe, self.till, self.buyer, self.purse = stripe, till, buyer, purse
        attach(till, purse.customer)
        self.made = grant(
            buyer, purse, 100, grant_type="PAID", cost={"amount": 30, "currency": "usd"},
            payment_collection_method="CHARGE", **options,
        )
        self.id = self.made.id
        self.invoice = self.made.latest_invoice.billing_id
        assert stripe.charges(self.id) == (1, 3000)
        self.ear = Ear(stripe)

    def refund(self, cents: int) -> None:
        self.stripe.control("refund", invoice=self.invoice, amount=cents)

    def dispute(self, cents: int) -> str:
        """Gives its name."""
        opened: str = self.stripe.control("dispute", invoice=self.invoice, amount=cents)["id"]
        return opened

    def move(self, dispute: str, status: str) -> None:
        self.stripe.control("dispute", dispute=dispute, status=status)

    def told(self) -> list[Event]:
        """Everything that happened since, sent to us."""
        return self.ear.tell(self.till)

    def left(self) -> Decimal:
        """The balance of the whole wallet."""
        check_books(self.till, self.purse.customer)
        now = books.credit(self.till, self.purse.customer, self.purse.currency)
        left: Decimal = now["usageLimit"] - now["currentUsage"]
        return left

    def rows(self) -> list[books.Row]:
        """Oldest first."""
        return books.rows(self.till, self.purse.customer)[::-1]

    def grant(self) -> dict[str, Any]:
        return read_grant(self.till, self.id)

    def gift(self) -> dict[str, Any]:
        """The grant that a dispute which was won gave back."""
        (found,) = [each for each in self.grants() if each["metadata"].get("restores") == self.id]
        return found

    def grants(self) -> list[books.Row]:
        return books.grants(self.till, self.purse.customer)


@pytest.fixture
def bought(stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> Bought:
    return Bought(stripe, till, buyer, purse)


@pytest.fixture
def when_lost(till: Wire) -> Iterator[None]:
    """Disputes take credits when they are lost."""
    assert settle_with(till, disputeHandling="WHEN_LOST")["disputeHandling"] == "WHEN_LOST"
    yield
    settle_with(till)


class TestWhoIsBelieved:
    def test_only_who_knows_the_secret_and_now(self, bought: Bought, till: Wire) -> None:
        bought.refund(1000)
        (event, _) = bought.ear.events()
        body = json.dumps(event).encode()
        good, now = signature(body), time.time()
        refused = {
            "none": None,
            "empty": "",
            "garbage": "garbage",
            "without a time": good.split(",")[1],
            "another secret": signature(body, secret="whsec_another"),
            "another body": signature(body + b" "),
            "another time": good.replace(good[: good.index(",")], f"t={int(now) - 1}"),
            "another scheme": good.replace("v1=", "v0="),
            "old": signature(body, at=now - 301),
            "yesterday": signature(body, at=now - 86_400),
            "of the future": signature(body, at=now + 360),
        }
        for why, header in refused.items():
            answer = till.post(EVENTS, body, **({} if header is None else {"stripe_signature": header}))
            assert answer.status_code == 400, why
            check_refusal(answer, 400, "BadUserInput")
            assert WEBHOOK_SECRET not in answer.text
        assert bought.left() == 100
        # A secret that is being replaced: one of several signatures is enough.
        both = signature(body, at=now - 290) + ",v1=" + "0" * 64
        assert till.post(EVENTS, body, stripe_signature=both).status_code == 200
        assert bought.left() == Decimal("66.666666667")

    def test_no_api_key_is_asked_for(self, bought: Bought, collecting: Server) -> None:
        bought.refund(3000)
        stranger = Wire(collecting.url, None)
        for event in bought.ear.events():
            assert tell(stranger, event).json() == {"received": True}
        stranger.close()
        assert bought.left() == 0

    def test_what_it_says_is_not_believed(self, bought: Bought, till: Wire) -> None:
        """Whoever knows the secret but is not Stripe gets nothing from it: Stripe is asked."""
        charge = bought.stripe.get(f"/v1/invoices/{bought.invoice}")["charge"]
        for kind, about in (
            ("charge.refunded", {"object": "charge", "id": charge}),
            ("invoice.voided", {"object": "invoice", "id": bought.invoice, "status": "void"}),
            ("invoice.payment_failed", {"object": "invoice", "id": bought.invoice, "status": "open"}),
        ):
            lie = {"id": fresh("evt"), "object": "event", "type": kind, "data": {
                "object": about | {"amount": 3000, "amount_refunded": 3000, "refunded": True},
            }}
            assert tell(till, lie).status_code == 200
        assert (bought.left(), bought.grant()["status"]) == (100, "ACTIVE")

    def test_what_is_not_ours(self, till: Wire) -> None:
        """Invoices and charges that somebody else makes at the same account, and kinds that nobody knows."""
        for kind, about in (
            ("invoice.paid", {"object": "invoice", "id": "in_of_somebody"}),
            ("charge.refunded", {"object": "charge", "id": "ch_of_somebody"}),
            ("charge.dispute.created", {"object": "dispute", "id": "dp_1", "charge": "ch_of_somebody"}),
            ("customer.created", {"object": "customer", "id": "cus_of_somebody"}),
            ("a.kind.of.tomorrow", {"object": "thing"}),
        ):
            answer = tell(till, {"id": fresh("evt"), "object": "event", "type": kind, "data": {"object": about}})
            assert answer.status_code == 200, (kind, answer.text)

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"no json", b'{"id": 1}', b"\xff\xfe"], ids=repr)
    def test_what_cannot_be_read(self, till: Wire, body: bytes) -> None:
        check_refusal(till.post(EVENTS, body, stripe_signature=signature(body)), 400, "BadUserInput")

    def test_what_is_too_long(self, till: Wire) -> None:
        body = b'{"id": "' + b"x" * (256 * 1024) + b'"}'
        assert till.post(EVENTS, body, stripe_signature=signature(body)).status_code == 413

    def test_other_environments(self, bought: Bought, collecting: Server, till: Wire) -> None:
        """One without a provider takes nothing, and one that is told with another's secret believes nothing."""
        bought.refund(3000)
        (event, _) = bought.ear.events()
        for name in ("sandbox", "7", "nowhere"):
            assert tell(till, event, EVENTS.replace("production", name)).status_code == 404
        box = Wire(collecting.url, collecting.sandbox_key)
        settle_with(box, webhookSecret="whsec_ofTheSandbox")
        elsewhere = EVENTS.replace("production", "sandbox")
        check_refusal(tell(till, event, elsewhere), 400, "BadUserInput")
        assert tell(till, event, elsewhere, secret="whsec_ofTheSandbox").status_code == 200
        assert bought.left() == 100
        # Without a secret nobody can sign.
        settle_with(box, webhookSecret=None)
        assert tell(till, event, elsewhere, secret="").status_code in (400, 503)
        created(box.delete("/api/v1/payment-provider"), 200)
        box.close()
        assert (tell(till, event).status_code, bought.left()) == (200, 0)


class TestPayments:
    def test_paid_failed_and_voided_come_in_any_order(
        self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet
    ) -> None:
        """What comes first is as true as what comes last: each time it is asked how it stands now."""
        ear = Ear(stripe)
        made = grant(
            buyer, purse, 100, grant_type="PAID", cost={"amount": 30, "currency": "usd"},
            payment_collection_method="INVOICE",
        )
        invoice = made.latest_invoice.billing_id
        for outcome in ("card_declined", "requires_action", "succeed"):
            stripe.control("finish", invoice=invoice, outcome=outcome)
        events = ear.events()
        assert {"invoice.payment_failed", "invoice.payment_action_required", "invoice.paid"} <= {
            event["type"] for event in events
        }
        for event in [*reversed(events), *events]:
            assert tell(till, event).status_code == 200
            now = read_grant(till, made.id)
            assert (now["status"], now["paymentCollection"]) == ("ACTIVE", "NOT_REQUIRED")
        assert story(buyer, purse) == [("CREDITS_GRANTED", 100, made.id)]

    def test_a_payer_who_fails_at_first(self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> None:
        """Whoever was sent an invoice may try again by himself."""
        ear = Ear(stripe)
        made = grant(
            buyer, purse, 100, grant_type="PAID", cost={"amount": 30, "currency": "usd"},
            payment_collection_method="INVOICE",
        )
        for outcome, status, collection in (
            ("card_declined", "PAYMENT_PENDING", "PROCESSING"),
            ("requires_action", "PAYMENT_PENDING", "PROCESSING"),
            ("succeed", "ACTIVE", "NOT_REQUIRED"),
        ):
            stripe.control("finish", invoice=made.latest_invoice.billing_id, outcome=outcome)
            ear.tell(till)
            now = read_grant(till, made.id)
            assert (now["status"], now["paymentCollection"]) == (status, collection), outcome
            check_books(till, purse.customer)

    def test_without_events_it_is_found_out(self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> None:
        made = grant(
            buyer, purse, 100, grant_type="PAID", cost={"amount": 30, "currency": "usd"},
            payment_collection_method="INVOICE",
        )
        stripe.control("pay", invoice=made.latest_invoice.billing_id)
        wait_until(till, made.id, lambda now: now["status"] == "ACTIVE", seconds=15)

    def test_an_answer_of_ours_that_is_lost(self, bought: Bought, stripe: StandIn, collecting: Server) -> None:
        """Stripe sends it again, while something else happened."""
        bought.refund(1000)
        (first, _) = bought.ear.events()
        impatient = Wire(collecting.url, None, timeout=0.001)
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                tell(impatient, first)
        impatient.close()
        bought.refund(500)
        for event in [first, *bought.ear.events(), first]:
            assert tell(bought.till, event).status_code == 200
        assert bought.left() == 50

    def test_while_stripe_does_not_answer(self, bought: Bought, stripe: StandIn, till: Wire) -> None:
        """It is told to send it again, and then it is taken."""
        bought.refund(1500)
        (event, _) = bought.ear.events()
        stripe.fault("fail_at_the_door", times=100)
        answer = tell(till, event)
        assert (answer.status_code, bought.left()) == (503, 100)
        stripe.well_again()
        assert (tell(till, event).status_code, bought.left()) == (200, 50)


class TestRefunds:
    def test_parts_add_up_exactly(self, bought: Bought) -> None:
        """As in the documents: 10.00 of 30.00 takes 33.333333333 of 100, and the whole takes all."""
        names = []
        for left in ("66.666666667", "33.333333334", "0"):
            bought.refund(1000)
            events = bought.told()
            names.append(events[0]["id"])
            assert bought.left() == Decimal(left)
            assert bought.rows()[-1]["idempotencyKey"] == events[0]["id"]
        rows = [(row["eventType"], row["amount"]) for row in bought.rows()]
        assert rows == [
            ("CREDITS_GRANTED", 100), ("CREDITS_VOIDED", Decimal("-33.333333333")),
            ("CREDITS_VOIDED", Decimal("-33.333333333")), ("CREDITS_VOIDED", Decimal("-33.333333334")),
        ]
        assert [row["idempotencyKey"] for row in bought.rows()[1:]] == names
        assert bought.grant()["status"] == "VOIDED"
        invoice = created(bought.till.get(f"{INVOICES}/{bought.made.invoice_id}"), 200)
        assert (invoice["status"], invoice["refundedAmount"]) == ("PAID", 30)

    def test_ten_small_ones_take_what_a_large_one_takes(self, bought: Bought) -> None:
        for _ in range(10):
            bought.refund(70)
        bought.told()
        assert bought.left() == 100 - Decimal("23.333333333")

    def test_twice_late_and_in_any_order(self, bought: Bought) -> None:
        """Only the first event that is heard finds something to take; it takes the sum."""
        for cents in (100, 200, 300):
            bought.refund(cents)
        events = bought.ear.events()
        for event in [*reversed(events), *events, *events]:
            assert tell(bought.till, event).status_code == 200
            assert bought.left() == 80
        (taken,) = bought.rows()[1:]
        assert taken["idempotencyKey"] == events[-1]["id"]

    def test_many_who_tell_at_once(self, bought: Bought) -> None:
        for cents in (500, 500, 500):
            bought.refund(cents)
        events = bought.ear.events() * 3
        answers = in_threads(len(events), lambda n: tell(bought.till, events[n]))
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert 200 in {answer.status_code for answer in answers}
        for event in events:
            assert tell(bought.till, event).status_code == 200
        assert bought.left() == 50
        assert sum(row["amount"] for row in bought.rows()[1:]) == -50

    def test_what_was_consumed_becomes_a_debt(self, bought: Bought, buyer: Api, purse: Wallet) -> None:
        consume(buyer, purse, 70)
        bought.refund(1500)
        events = bought.told()
        now = bought.grant()
        assert (now["status"], now["consumedAmount"], now["takenBackAmount"]) == ("ACTIVE", 50, 50)
        assert bought.left() == -20
        taken = story(buyer, purse)[2:]
        overdraft = taken[2][2]
        assert taken == [
            ("CREDITS_VOIDED", -30, bought.id),
            ("CREDITS_CONSUMPTION_TRANSFER_SOURCE", 20, bought.id),
            ("CREDITS_CONSUMPTION_TRANSFER_TARGET", -20, overdraft),
            ("CREDITS_VOIDED", -20, bought.id),
        ]
        assert [row["idempotencyKey"] for row in bought.rows()[2:]] == [events[0]["id"]] * 4
        grant(buyer, purse, 25)
        assert bought.left() == 5

    def test_held_credits_wait_for_their_hold(self, bought: Bought, till: Wire, buyer: Api, purse: Wallet) -> None:
        job = fresh("job")
        created(till.post("/api/v1/credits/reservations", purse.body() | {"reservationId": job, "amount": 100}), 200)
        bought.refund(3000)
        (event, *_) = bought.told()
        assert bought.grant()["status"] == "ACTIVE"
        check_books(till, purse.customer)
        buyer.v1.credits.reservations.release(job, **purse.ids(), consumed_amount=40)
        assert (bought.grant()["status"], bought.left()) == ("VOIDED", -40)
        taken = [row for row in bought.rows() if row.get("idempotencyKey") == event["id"]]
        assert sum(row["amount"] for row in taken if row["eventType"] == "CREDITS_VOIDED") == -100

    @pytest.mark.parametrize(("cents", "status"), [(3000, "VOIDED"), (1500, "SCHEDULED")])
    def test_before_it_begins(
        self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet, cents: int, status: str
    ) -> None:
        bought = Bought(stripe, till, buyer, purse, effective_at=from_now(days=3))
        bought.refund(cents)
        bought.told()
        assert (bought.grant()["status"], bought.left()) == (status, 0)

    def test_what_was_voided_by_hand_counts(self, bought: Bought, buyer: Api, purse: Wallet) -> None:
        """Nobody owes what nobody used."""
        consume(buyer, purse, 20)
        buyer.grants.void(bought.id)
        bought.refund(2400)
        bought.told()
        assert bought.left() == 0
        bought.refund(600)
        bought.told()
        assert (bought.left(), bought.grant()["consumedAmount"]) == (-20, 0)

    def test_other_grants_bear_it_too(self, bought: Bought, buyer: Api, purse: Wallet) -> None:
        consume(buyer, purse, 100)
        other = grant(buyer, purse, 50)
        bought.refund(900)
        bought.told()
        assert (bought.left(), read_grant(bought.till, other.id)["consumedAmount"]) == (20, 30)


class TestDisputes:
    def test_lost(self, bought: Bought) -> None:
        dispute = bought.dispute(1500)
        (event,) = bought.told()
        assert (bought.left(), bought.rows()[-1]["idempotencyKey"]) == (50, event["id"])
        bought.move(dispute, "under_review")
        bought.move(dispute, "lost")
        bought.told()
        assert (bought.left(), len(bought.rows())) == (50, 2)
        assert [each["id"] for each in bought.grants()] == [bought.id]

    @pytest.mark.parametrize("status", ["won", "warning_closed"])
    def test_won(self, bought: Bought, status: str) -> None:
        """What it took comes back as a grant that cost nothing, whoever hears of it how often."""
        dispute = bought.dispute(1500)
        bought.told()
        bought.move(dispute, status)
        (event,) = bought.ear.events()
        for _ in range(3):
            assert tell(bought.till, event).status_code == 200
            assert bought.left() == 100
        gift = bought.gift()
        assert (gift["amount"], gift["grantType"], gift["status"], gift["priority"]) == (50, "PAID", "ACTIVE", 50)
        assert gift["cost"] is None or gift["cost"]["amount"] == 0
        assert len(bought.grants()) == 2

    def test_a_win_settles_the_debt_first(self, bought: Bought, buyer: Api, purse: Wallet) -> None:
        consume(buyer, purse, 80)
        dispute = bought.dispute(3000)
        bought.told()
        assert (bought.left(), bought.grant()["status"]) == (-80, "VOIDED")
        bought.move(dispute, "won")
        bought.told()
        gift = bought.gift()
        assert (bought.left(), gift["amount"], gift["consumedAmount"]) == (20, 100, 80)

    def test_a_win_keeps_priority_and_end(self, stripe: StandIn, till: Wire, buyer: Api, purse: Wallet) -> None:
        end = from_now(days=40)
        bought = Bought(stripe, till, buyer, purse, priority=3, expire_at=end)
        dispute = bought.dispute(3000)
        bought.told()
        bought.move(dispute, "won")
        bought.told()
        gift = bought.gift()
        assert (gift["priority"], gift["expireAt"]) == (3, iso(end))

    def test_refunded_after_it_was_won(self, bought: Bought) -> None:
        """From the grant that it gave back, then from the first."""
        dispute = bought.dispute(1500)
        bought.told()
        bought.move(dispute, "won")
        bought.told()
        gift = bought.gift()["id"]
        bought.refund(1200)
        (event, *_) = bought.told()
        assert bought.left() == 60
        assert read_grant(bought.till, gift)["takenBackAmount"] == 40
        bought.refund(1800)
        bought.told()
        assert bought.left() == 0
        assert read_grant(bought.till, gift)["status"] == bought.grant()["status"] == "VOIDED"
        (first, *_) = [row for row in bought.rows() if row.get("idempotencyKey") == event["id"]]
        assert (first["creditGrantId"], first["amount"]) == (gift, -40)

    def test_beside_a_refund(self, bought: Bought) -> None:
        """Both take, and never more than there was."""
        bought.refund(1000)
        dispute = bought.dispute(2000)
        bought.told()
        assert (bought.left(), bought.grant()["status"]) == (0, "VOIDED")
        bought.move(dispute, "won")
        bought.told()
        assert bought.gift()["amount"] == Decimal("66.666666667")
        assert bought.left() == Decimal("66.666666667")

    def test_heard_of_from_its_end(self, bought: Bought) -> None:
        """The opening comes last: nothing was taken, and nothing is given back."""
        dispute = bought.dispute(1500)
        bought.move(dispute, "won")
        opened, closed = bought.ear.events()
        for event in (closed, opened, closed):
            assert tell(bought.till, event).status_code == 200
        assert (bought.left(), len(bought.grants()), len(bought.rows())) == (100, 1, 1)

    def test_an_inquiry_takes_nothing(self, bought: Bought) -> None:
        opened = bought.stripe.control("dispute", invoice=bought.invoice, amount=1500, status="warning_needs_response")
        bought.told()
        assert bought.left() == 100
        bought.move(opened["id"], "warning_under_review")
        bought.told()
        assert bought.left() == 100
        # Its bank makes a dispute of it.
        bought.move(opened["id"], "needs_response")
        bought.told()
        assert bought.left() == 50

    def test_two(self, bought: Bought) -> None:
        first, second = bought.dispute(600), bought.dispute(900)
        bought.told()
        assert bought.left() == 50
        bought.move(first, "won")
        bought.move(second, "lost")
        bought.told()
        assert (bought.left(), bought.gift()["amount"]) == (70, 20)

    @pytest.mark.usefixtures("when_lost")
    class TestWhenLost:
        def test_lost(self, bought: Bought) -> None:
            dispute = bought.dispute(1500)
            bought.told()
            assert bought.left() == 100
            bought.move(dispute, "lost")
            (event,) = bought.told()
            assert tell(bought.till, event).status_code == 200
            assert (bought.left(), bought.rows()[-1]["idempotencyKey"]) == (50, event["id"])

        def test_won(self, bought: Bought) -> None:
            dispute = bought.dispute(1500)
            bought.move(dispute, "won")
            bought.told()
            assert (bought.left(), len(bought.grants()), len(bought.rows())) == (100, 1, 1)

        def test_refunded_after_it_was_won(self, bought: Bought) -> None:
            dispute = bought.dispute(3000)
            bought.told()
            bought.move(dispute, "won")
            bought.told()
            bought.refund(600)
            bought.told()
            assert (bought.left(), len(bought.grants())) == (80, 1)
