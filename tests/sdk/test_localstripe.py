"""Against localstripe, a stand-in for Stripe that nobody here wrote, for what it has.

It knows customers and payment methods, signs what it sends, and pays invoices of subscriptions. It does not know
`Idempotency-Key`, the invoices that are asked for here (it takes no currency, and has neither a finalise nor a send
route), searches, or disputes. So nothing can be charged here: a grant waits, as it does whenever a provider fails. Its
invoices are not ours, so the server never reads them; `crates/integrations/tests/stripe/elsewhere.rs` does.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support import databases
from support.driver import Api
from support.receiver import Told, receiving
from support.refusals import check_refusal, refuses
from support.server import PATIENCE_SECONDS, Server, free_port, running
from support.shop import Wallet, grant, new_currency, new_customer, read_grant
from support.stripe import EVENTS, WEBHOOK_SECRET, collects, settle_with, wait_until
from support.wire import Wire

SECRET_KEY = "sk_test_12345"
# Its own command listens to everybody.
COMMAND = "import sys; from aiohttp import web; from localstripe.server import app; " \
    "web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)"
CARD = {
    "type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040",
    "card[cvc]": "123",
}


class Elsewhere:
    """Asked without us, as the owner of the account would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, auth=(SECRET_KEY, ""), timeout=PATIENCE_SECONDS)

    def get(self, path: str) -> dict[str, Any]:
        answer = self._client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, **form: str) -> dict[str, Any]:
        answer = self._client.post(path, data=form)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def card(self) -> str:
        name: str = self.post("/v1/payment_methods", **CARD)["id"]
        return name

    def default_of(self, customer: str) -> str | None:
        default: str | None = self.get(f"/v1/customers/{customer}")["invoice_settings"]["default_payment_method"]
        return default

    def cards_of(self, customer: str) -> list[str]:
        listed = self.get(f"/v1/payment_methods?customer={customer}&type=card")["data"]
        return [each["id"] for each in listed]

    def tell(self, url: str) -> None:
        """Has it send what happens."""
        body = {"url": url, "secret": WEBHOOK_SECRET}
        answer = self._client.post("/_config/webhooks/ours", json=body)
        assert answer.status_code == 200, answer.text

    def pay_for_something(self, customer: str) -> None:
        """Of all invoices it only makes and pays those of whoever subscribes."""
        self.post("/v1/plans", id=f"plan-{customer}", amount="4900", currency="usd", interval="month", name="Plan")
        self.post("/v1/subscriptions", customer=customer, **{"items[0][plan]": f"plan-{customer}"})

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(httpx.TransportError):
                if self._client.get("/v1/balance").status_code == 200:
                    return
            assert time.monotonic() < deadline, "localstripe does not start"
            time.sleep(0.05)

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        other = Elsewhere(f"http://127.0.0.1:{port}")
        other.wait_until_ready()
        yield other
        other.close()
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def collecting(elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("elsewhere"), arguments=collects(elsewhere.url)) as started:
        client = Wire(started.url, started.production_key)
        settle_with(client, secretKey=SECRET_KEY)
        client.close()
        yield started


def attach(buyer: Api, customer: str, card: str) -> Any:
    return buyer.customers.payment_method.attach(
        customer, integration_id="stripe", payment_method_id=card, vendor_identifier="STRIPE"
    ).data


def test_a_card_is_attached_and_detached(buyer: Api, purse: Wallet, elsewhere: Elsewhere) -> None:
    """Whoever has none becomes known; repeated, both change nothing."""
    card = elsewhere.card()
    known = {attach(buyer, purse.customer, card).billing_id for _ in range(2)}
    (payer,) = known
    found = elsewhere.get(f"/v1/customers/{payer}")
    assert (found["name"], found["email"]) == ("Ada", "ada@example.com")
    assert found["metadata"]["scrip_customer"] == purse.customer
    assert (elsewhere.default_of(payer), elsewhere.cards_of(payer)) == (card, [card])
    another = elsewhere.card()
    assert attach(buyer, purse.customer, another).billing_id == payer
    assert elsewhere.default_of(payer) == another
    assert sorted(elsewhere.cards_of(payer)) == sorted([card, another])
    for _ in range(2):
        assert buyer.customers.payment_method.detach(purse.customer).data.billing_id == payer
    assert elsewhere.cards_of(payer) == [card]


def test_whom_it_knows_already(buyer: Api, till: Wire, elsewhere: Elsewhere) -> None:
    payer = elsewhere.post("/v1/customers", name="Bo")["id"]
    customer, card = new_customer(till, billingId=payer), elsewhere.card()
    assert attach(buyer, customer, card).billing_id == payer
    assert elsewhere.default_of(payer) == card


def test_whom_and_what_it_does_not_know(buyer: Api, till: Wire, purse: Wallet, elsewhere: Elsewhere) -> None:
    with refuses(400, "StripeError"):
        attach(buyer, purse.customer, "pm_of_nobody")
    nobody = new_customer(till, billingId="cus_ofNobody")
    with refuses(400, "StripeError"):
        attach(buyer, nobody, elsewhere.card())


@pytest.mark.parametrize("client", databases.clients())
def test_a_charge_that_fails_there_waits(
    collecting: Server, till: Wire, elsewhere: Elsewhere, client: str
) -> None:
    """In an environment of its own, whose provider is asked for nothing else. It can be given up."""
    box = Wire(collecting.url, collecting.sandbox_key)
    settle_with(box, secretKey=SECRET_KEY)
    api = Api(client, collecting.url, collecting.sandbox_key)
    purse = Wallet(new_customer(box), new_currency(box))
    payer = attach(api, purse.customer, elsewhere.card()).billing_id
    made = grant(
        api, purse, 100, grant_type="PAID", cost={"amount": 49.5, "currency": "usd"},
        payment_collection_method="CHARGE", await_payment_confirmation=False,
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while f"invoice={made.invoice_id}" not in collecting.log():
        assert time.monotonic() < deadline, "it was never asked"
        time.sleep(0.05)
    now = read_grant(box, made.id)
    assert (now["status"], now["paymentCollection"]) == ("PAYMENT_PENDING", "PROCESSING")
    assert api.balance(purse.customer, purse.currency) == 0
    assert elsewhere.get(f"/v1/charges?customer={payer}")["data"] == []
    assert api.grants.void(made.id).data.status == "VOIDED"
    wait_until(box, made.id, lambda now: now["status"] == "VOIDED")
    api.close()
    box.close()


def test_what_it_signs_is_believed(till: Wire, buyer: Api, purse: Wallet, elsewhere: Elsewhere) -> None:
    """Signatures and events that are not ours. They are about what we did not ask for: nothing moves."""
    payer = attach(buyer, purse.customer, elsewhere.card()).billing_id
    with receiving() as receiver:
        receiver.behaviour = lambda told, number: 500
        elsewhere.tell(receiver.url)
        elsewhere.pay_for_something(payer)

        def kinds() -> set[str]:
            return {told.event["type"] for told in receiver.told}

        receiver.wait_until(lambda: {"invoice.created", "invoice.payment_succeeded"} <= kinds(), "told of the payment")
        for told in list(receiver.told):
            assert resend(till, told).status_code == 200, told.event["type"]
            check_refusal(resend(till, told, body=told.body.replace(b"evt_", b"evt_x")), 400, "BadUserInput")
    assert buyer.balance(purse.customer, purse.currency) == 0


def resend(till: Wire, told: Told, body: bytes | None = None) -> httpx.Response:
    assert json.loads(told.body)["object"] == "event"
    return till.post(EVENTS, told.body if body is None else body, stripe_signature=told.headers["stripe-signature"])
