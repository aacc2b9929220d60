"""What is asked of Stripe, and what its stand-in answers, against what Stripe publishes.

Everything that server and stand-in say to each other is recorded on its way, and each parameter and each member looked
up in the types of Stripe's library. They say what there may be. They do not say what Stripe does then.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from support.proxy import HEAD_END, FaultProxy, Request, chunks
from support.published import (
    VERSION, Asked, operation_of, problems_of_answer, problems_of_event, problems_of_request,
)
from support.server import running
from support.shop import Wallet, created, new_currency, new_customer, read_grant
from support.stripe import (
    CONFIRMED, DECLINED, GOOD, INVOICES, Ear, Event, StandIn, attach, collects, paid_body, settle_with, standing_in,
    wait_until, wait_until_paid,
)
from support.wire import Wire

pytestmark = pytest.mark.embedded

GRANTS = "/api/v1/credits/grants"
ADDRESS = {"city": "Berlin", "country": "DE", "line1": "Allee 1", "line2": "Hof", "postalCode": "10115", "state": "BE"}
# All that Scrip asks for. One that is missing was not judged; one that is new here is to be made to happen below.
ASKED = {
    "ChargeService.retrieve", "CustomerService.create", "CustomerService.retrieve", "CustomerService.search",
    "CustomerService.update", "DisputeService.list", "InvoiceItemService.create", "InvoiceService.create",
    "InvoiceService.delete", "InvoiceService.finalize_invoice", "InvoiceService.list", "InvoiceService.pay",
    "InvoiceService.retrieve", "InvoiceService.send_invoice", "InvoiceService.void_invoice",
    "PaymentMethodService.attach", "PaymentMethodService.detach", "PaymentMethodService.retrieve",
}
# All that the stand-in has and that has a name.
ANSWERED = {
    "charge", "customer", "dispute", "event", "invoice", "invoiceitem", "line_item", "list", "payment_intent",
    "payment_method", "refund", "search_result",
}


@dataclass
class Recorded:
    requests: list[Asked]
    # Status and body of what was answered to a request.
    answers: list[tuple[Asked, int, Any]]
    events: list[Event]


class Recorder(FaultProxy):
    """Between a server and the stand-in."""

    def __init__(self, upstream_port: int) -> None:
        super().__init__(upstream_port)
        self.answers: list[tuple[Asked, int, Any]] = []

    def pass_on(self, request: Request, upstream: socket.socket, client: socket.socket) -> None:
        whole = b"".join(chunks(upstream))
        head, body = whole.split(HEAD_END, 1)
        self.answers.append((Asked.of(request.raw), int(head.split(b" ")[1]), json.loads(body)))
        client.sendall(whole)

    def recorded(self, events: list[Event]) -> Recorded:
        lost = self.lost_answers + self.lost_requests
        assert len(self.requests) == len(self.answers) + lost, "an answer could not be read"
        return Recorded([Asked.of(request.raw) for request in self.requests], self.answers, events)


class Day:
    """What customers do, and what is done with them, until everything was asked once."""

    def __init__(self, stripe: StandIn, proxy: Recorder, till: Wire) -> None:
        self.stripe, self.proxy, self.till = stripe, proxy, till
        self.ear, self.coin = Ear(stripe), new_currency(till)

    def purse(self, *cards: str, **details: str) -> Wallet:
        purse = Wallet(new_customer(self.till, **details), self.coin)
        for card in cards:
            attach(self.till, purse.customer, card)
        return purse

    def buy(self, purse: Wallet, collection: str, **fields: Any) -> dict[str, Any]:
        made = created(self.till.post(GRANTS, purse.body() | paid_body(**fields)))
        assert made["paymentCollection"] == collection, made
        return made

    def retry(self, made: dict[str, Any]) -> None:
        assert created(self.till.post(f"{INVOICES}/{made['invoiceId']}/retry"), 200)["status"] == "PAID"

    def void(self, made: dict[str, Any]) -> None:
        created(self.till.post(f"{GRANTS}/{made['id']}/void"), 200)

    def wait_until_canceled(self, made: dict[str, Any]) -> None:
        wait_until(self.till, made["id"], lambda now: now["latestInvoice"]["status"] == "CANCELED")

    def cards(self) -> None:
        purse = self.purse(GOOD, GOOD, name="Ada", email="ada@example.com")
        unknown = {"vendorIdentifier": "STRIPE", "integrationId": "stripe", "paymentMethodId": "pm_nobody"}
        path = f"/api/v1/customers/{purse.customer}/payment-method"
        assert self.till.post(path, unknown).status_code == 400
        created(self.till.delete(path), 200)
        made = self.buy(purse, "FAILED")
        attach(self.till, purse.customer)
        self.retry(made)

    def declined(self) -> None:
        purse = self.purse(DECLINED)
        made, given_up = self.buy(purse, "FAILED"), self.buy(purse, "FAILED")
        attach(self.till, purse.customer)
        self.retry(made)
        self.void(given_up)
        self.wait_until_canceled(given_up)

    def confirmed(self) -> None:
        made = self.buy(self.purse(CONFIRMED), "ACTION_REQUIRED")
        self.stripe.control("pay", invoice=made["latestInvoice"]["billingId"])

    def outcomes(self) -> None:
        """Of payments that take longer, or come to nothing later."""
        purse = self.purse(GOOD)
        payer = created(self.till.get(f"/api/v1/customers/{purse.customer}"), 200)["billingId"]
        self.stripe.control("next_payments", customer=payer, outcomes=["processing", "requires_action"])
        late = self.buy(purse, "PROCESSING")
        self.buy(purse, "ACTION_REQUIRED")
        self.stripe.control("finish", invoice=late["latestInvoice"]["billingId"], outcome="card_declined")

    def sent(self) -> None:
        billing = {"invoiceDaysUntilDue": 14, "billingAddress": ADDRESS}
        purse = self.purse(name="Bo", email="bo@example.com")
        self.buy(purse, "PROCESSING", method="INVOICE", billingInformation=billing)
        self.buy(self.purse(), "FAILED", method="INVOICE")
        owned = self.buy(purse, "PROCESSING", method="INVOICE")
        self.stripe.control("uncollectible", invoice=owned["latestInvoice"]["billingId"])

    def looked_for(self) -> None:
        """An invoice that was made, and whose answer was lost."""
        purse = self.purse(GOOD)
        self.proxy.lose_answer_of("POST", "/v1/invoices")
        made = created(self.till.post(GRANTS, purse.body() | paid_body(awaitPaymentConfirmation=False)))
        wait_until_paid(self.till, made["id"])

    def draft(self) -> None:
        """An invoice that is given up before it is finalised."""
        purse = self.purse(GOOD)

        def give_up() -> None:
            (made,) = self.till.get(GRANTS, customerId=purse.customer).json()["data"]
            self.void(made)

        self.proxy.lose_request_of("POST", "/v1/invoices/.*/finalize", give_up)
        made = created(self.till.post(GRANTS, purse.body() | paid_body(awaitPaymentConfirmation=False)))
        self.wait_until_canceled(made)

    def money_back(self) -> None:
        made = self.buy(self.purse(GOOD), "NOT_REQUIRED")
        invoice = made["latestInvoice"]["billingId"]
        self.stripe.control("refund", invoice=invoice, amount=1000)
        dispute = self.stripe.control("dispute", invoice=invoice, amount=1000)["id"]
        self.ear.tell(self.till)
        for status in ("under_review", "lost"):
            self.stripe.control("dispute", dispute=dispute, status=status)
        self.ear.tell(self.till)
        wait_until(self.till, made["id"], lambda now: now["takenBackAmount"] > 0)
        assert read_grant(self.till, made["id"])["status"] == "ACTIVE"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    # The stand-in is this module's own, so that its events are.
    with standing_in() as stripe, Recorder(stripe.port) as proxy:
        with running(tmp_path_factory.mktemp("published"), arguments=collects(proxy.url)) as server:
            till = Wire(server.url, server.production_key)
            settle_with(till)
            day = Day(stripe, proxy, till)
            for happens in (
                day.cards, day.declined, day.confirmed, day.outcomes, day.sent, day.looked_for, day.draft,
                day.money_back,
            ):
                happens()
            till.close()
        yield proxy.recorded(stripe.events())


def check(problems: Iterable[str]) -> None:
    found = sorted(set(problems))
    assert not found, "\n".join(found)


def test_what_is_asked(recorded: Recorded) -> None:
    check(problem for asked in recorded.requests for problem in problems_of_request(asked))
    operations = [operation_of(asked) for asked in recorded.requests]
    assert {operation.name for operation in operations if operation} == ASKED


def test_what_is_answered(recorded: Recorded) -> None:
    check(problem for answer in recorded.answers for problem in problems_of_answer(*answer))
    check(problem for event in recorded.events for problem in problems_of_event(event))
    said = objects([recorded.events, *(body for _, _, body in recorded.answers)])
    assert {each["object"] for each in said if isinstance(each.get("object"), str)} == ANSWERED


def test_nothing_is_overlooked(recorded: Recorded) -> None:
    """Each parameter misspelt, and a member invented in each object, however deep inside."""
    for asked in recorded.requests:
        for at, (name, text) in enumerate(asked.parameters):
            for wrong in misspelt(name):
                parameters = [*asked.parameters[:at], (wrong, text), *asked.parameters[at + 1 :]]
                assert problems_of_request(replace(asked, parameters=parameters)), (str(asked), wrong)
    for answer in recorded.answers:
        for _ in with_something_invented(answer[2]):
            assert problems_of_answer(*answer), answer
    for event in recorded.events:
        for _ in with_something_invented(event):
            assert problems_of_event(event), event


def misspelt(name: str) -> list[str]:
    root, bracket, inside = name.partition("[")
    is_free = root in ("metadata", "expand") or not bracket
    return [f"{root}s{bracket}{inside}"] + ([] if is_free else [f"{root}[s{inside}"])


def with_something_invented(value: Any) -> Iterator[None]:
    """One object after the other has a member more. It is no text, as metadata may have any."""
    for inner in objects(value):
        inner["invented"] = 1
        yield
        del inner["invented"]


def objects(value: Any) -> list[dict[str, Any]]:
    """All that are in it, and itself."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] * isinstance(value, dict) + [inner for each in inside for inner in objects(each)]


GOOD_REQUEST = Asked(
    "POST", "/v1/invoices", {"stripe-version": VERSION, "idempotency-key": "key"},
    [("customer", "cus_1"), ("collection_method", "send_invoice"), ("metadata[grant]", "1"), ("days_until_due", "3")],
)


@pytest.mark.parametrize(("path", "headers", "parameters"), [
    ("/v1/invoice", {}, {}),
    ("/v1/invoices/in_1/finalise", {}, {}),
    ("/v1/invoices", {"stripe-version": "2025-03-31.basil"}, {}),
    ("/v1/invoices", {"idempotency-key": ""}, {}),
    ("/v1/invoices", {"idempotency-key": "k" * 256}, {}),
    ("/v1/invoices", {}, {"collection_method": "send"}),
    ("/v1/invoices", {}, {"days_until_due": "soon"}),
    ("/v1/invoices", {}, {"auto_advance": "1"}),
    ("/v1/invoices", {}, {"metadata": "1"}),
    ("/v1/invoices", {}, {"metadata[grant][name]": "1"}),
    ("/v1/invoices", {}, {"metadata[grant": "1"}),
    ("/v1/invoices", {}, {"customer[id]": "1"}),
    ("/v1/invoices", {}, {"issuer[type]": "nobody"}),
    ("/v1/invoices", {}, {"expand[]": "status"}),
    ("/v1/invoices", {}, {"expand[]": "payments"}),
    # Needs a customer.
    ("/v1/payment_methods/pm_1/attach", {}, {"customer": None}),
])
def test_a_bad_request_is_seen(path: str, headers: dict[str, str], parameters: dict[str, str | None]) -> None:
    assert problems_of_request(GOOD_REQUEST) == []
    changed = {name: text for name, text in (dict(GOOD_REQUEST.parameters) | parameters).items() if text is not None}
    bad = Asked("POST", path, GOOD_REQUEST.headers | headers, list(changed.items()))
    assert problems_of_request(bad) != []


INVOICE = {
    "id": "in_1", "object": "invoice", "status": "open", "collection_method": "send_invoice", "total": 1,
    "billing_reason": "manual", "due_date": None, "charge": {"id": "ch_1", "object": "charge", "status": "succeeded"},
    "lines": {"object": "list", "data": [{"id": "il_1", "object": "line_item", "type": "invoiceitem"}]},
}


@pytest.mark.parametrize("members", [
    {"object": "bill"}, {"object": "charge"}, {"object": None}, {"status": "opened"}, {"status": 1}, {"total": "1"},
    {"total": None}, {"total": True}, {"billing_reason": "by_hand"}, {"collection_method": "send"}, {"charge": 1},
    {"charge": {"id": "cus_1", "object": "customer"}}, {"charge": {"object": "charge", "status": "paid"}},
    {"lines": []}, {"lines": {"object": "list", "data": [{"id": "ch_1", "object": "charge"}]}},
    {"lines": {"object": "list", "data": [{"object": "line_item", "type": "item"}]}}, {"metadata": {"grant": {}}},
    {"customer_address": {"object": "address"}},
])
def test_a_bad_answer_is_seen(members: dict[str, Any]) -> None:
    assert problems_of_answer(GOOD_REQUEST, 200, INVOICE) == []
    assert problems_of_answer(GOOD_REQUEST, 200, INVOICE | members) != []


@pytest.mark.parametrize(("kind", "about"), [
    ("invoice.payed", {}), ("invoice.paid", {"object": "bill"}), ("invoice.paid", {"status": "opened"}),
    ("invoice.paid", {"object": "charge"}),
])
def test_a_bad_event_is_seen(kind: str, about: dict[str, Any]) -> None:
    good = {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": INVOICE}}
    assert problems_of_event(good) == []
    assert problems_of_event(good | {"type": kind, "data": {"object": INVOICE | about}}) != []


@pytest.mark.parametrize("body", [
    INVOICE, None, {"error": None}, {"error": {"type": "card_error", "code": "no_money"}}, {"error": {"type": "error"}},
    {"error": {"type": "card_error", "reason": "no money"}}, {"error": {"type": "card_error"}, "object": "invoice"},
])
def test_a_bad_refusal_is_seen(body: Any) -> None:
    good = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline", "message": "No."}
    assert problems_of_answer(GOOD_REQUEST, 402, {"error": good}) == []
    assert problems_of_answer(GOOD_REQUEST, 402, body) != []
