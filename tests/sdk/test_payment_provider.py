"""An environment whose payments a provider collects: what is kept and shown, while nobody collects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import databases
from support.driver import Api
from support.hooks import impatient, owning
from support.receiver import receiving
from support.refusals import check_refusal, refuses
from support.server import Server, running
from support.shop import Wallet, created, fresh, grant, new_currency, new_customer
from support.stripe import (
    DECLINED, EVENTS, SETTINGS, Ear, attach, collects, paid_body, settle_with, standing_in, tell,
)
from support.stripe import PROVIDER as PATH
from support.wire import Wire

MANUAL = {
    "provider": "MANUAL", "secretKeyHint": None, "webhookSecretHint": None, "eventsPath": None, "disputeHandling": None,
}
STRIPE = {
    "provider": "STRIPE", "secretKeyHint": "…1234", "webhookSecretHint": "…5678", "eventsPath": EVENTS,
    "disputeHandling": "AT_ONCE",
}


@pytest.fixture(scope="module")
def collecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nobody is spoken to: neither does this node collect, nor is there anybody at that address."""
    quiet = ("--no-payments", "--stripe-url", "http://127.0.0.1:9")
    with running(tmp_path_factory.mktemp("collecting"), arguments=quiet) as started:
        client = Wire(started.url, started.production_key)
        assert settle_with(client) == STRIPE
        client.close()
        yield started
        assert "neverShown" not in started.log_path.read_text(errors="replace")


@pytest.fixture
def paying(collecting: Server) -> Iterator[Wire]:
    client = Wire(collecting.url, collecting.production_key)
    yield client
    client.close()


@pytest.mark.parametrize("client", databases.clients())
def test_a_charge_waits(collecting: Server, paying: Wire, client: str) -> None:
    api = Api(client, collecting.url, collecting.production_key)
    wallet = Wallet(new_customer(paying), new_currency(paying))
    made = grant(
        api, wallet, 100, grant_type="PAID", cost={"amount": 49.5, "currency": "usd"},
        payment_collection_method="CHARGE",
    )
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.requires_action) == ("OPEN", False)
    assert (invoice.payment_url, invoice.due_date) == (None, None)
    (state,) = made.sync_states
    assert (state.vendor_identifier, state.status, state.synced_entity_id) == ("STRIPE", "PENDING", None)
    assert api.balance(wallet.customer, wallet.currency) == 0
    for verb in ("mark-paid", "cancel"):
        answer = paying.post(f"/api/v1/invoices/{made.invoice_id}/{verb}", None)
        check_refusal(answer, 400, "BillingInvoiceStatusError", "payment provider")
    check_refusal(paying.post(f"/api/v1/invoices/{made.invoice_id}/retry", None), 400, "BillingInvoiceStatusError")
    voided = api.grants.void(made.id).data
    assert (voided.status, voided.latest_invoice.status) == ("VOIDED", "OPEN")
    with refuses(400, "BadUserInput", naming="cost.amount"):
        grant(
            api, wallet, 1, grant_type="PAID", cost={"amount": 0.005, "currency": "usd"},
            payment_collection_method="CHARGE",
        )
    api.close()


def test_secrets_are_kept_and_not_shown(collecting: Server, paying: Wire) -> None:
    before = paying.get(PATH).text
    collecting.restart_after_kill()
    again = Wire(collecting.url, collecting.production_key)
    assert again.get(PATH).text == before
    for path in (PATH, "/api/v1/events-log", "/openapi.json"):
        assert "neverShown" not in again.get(path).text
    sandbox = Wire(collecting.url, collecting.sandbox_key)
    assert created(sandbox.get(PATH), 200)["provider"] == "MANUAL"
    for client in (again, sandbox):
        client.close()


@pytest.fixture
def box(own_server: Server) -> Iterator[Wire]:
    """An environment in which nobody collects."""
    client = Wire(own_server.url, own_server.sandbox_key)
    yield client
    client.delete(PATH)
    client.close()


def test_what_was_set_is_read_and_replaced_as_a_whole(box: Wire) -> None:
    events = EVENTS.replace("production", "sandbox")

    def check(shown: dict[str, Any]) -> None:
        assert created(box.get(PATH), 200) == shown

    check(MANUAL)
    shown = STRIPE | {"eventsPath": events, "disputeHandling": "WHEN_LOST"}
    assert settle_with(box, disputeHandling="WHEN_LOST") == shown
    check(shown)
    # What is not named is not kept.
    body = {"provider": "STRIPE", "secretKey": "sk_test_anotherSecretKey9876"}
    created(box.put(PATH, body), 200)
    check(STRIPE | {"eventsPath": events, "secretKeyHint": "…9876", "webhookSecretHint": None})
    created(box.put(PATH, body | {"secretKey": "short"}), 200)
    check(STRIPE | {"eventsPath": events, "secretKeyHint": "…", "webhookSecretHint": None})
    created(box.put(PATH, {"provider": "MANUAL"}), 200)
    check(MANUAL)
    settle_with(box)
    for _ in range(2):
        assert created(box.delete(PATH), 200) == MANUAL
    check(MANUAL)


def test_a_key_sets_it_once(box: Wire) -> None:
    """What is kept of the answer under an `Idempotency-Key` has no secret either."""
    key = fresh("key")
    first, again = (box.put(PATH, SETTINGS, idempotency_key=key) for _ in range(2))
    assert (again.status_code, again.text, again.headers["idempotent-replayed"]) == (200, first.text, "true")
    assert "neverShown" not in again.text
    check_refusal(
        box.put(PATH, SETTINGS | {"secretKey": "sk_test_2"}, idempotency_key=key), 409, "DuplicatedEntityNotAllowed",
    )


@pytest.mark.parametrize(
    ("fields", "naming"),
    [
        ({"provider": None}, "provider"), ({"provider": "PAYPAL"}, "provider"), ({"provider": "stripe"}, "provider"),
        ({"provider": 1}, "provider"), ({"provider": "MANUAL"}, "secretKey"),
        ({"provider": "MANUAL", "secretKey": None}, "webhookSecret"),
        (
            {"provider": "MANUAL", "secretKey": None, "webhookSecret": None, "disputeHandling": "AT_ONCE"},
            "disputeHandling",
        ),
        ({"secretKey": None}, "secretKey"), ({"secretKey": ""}, "secretKey"), ({"secretKey": 7}, "secretKey"),
        ({"secretKey": "sk_neverShown with a space"}, "secretKey"), ({"secretKey": "sk_neverShown\n"}, "secretKey"),
        ({"secretKey": "sk_neverShownÄ"}, "secretKey"), ({"secretKey": "sk_neverShown" * 100}, "secretKey"),
        ({"webhookSecret": ""}, "webhookSecret"), ({"webhookSecret": "whsec_neverShown\t"}, "webhookSecret"),
        ({"webhookSecret": ["whsec_neverShown"]}, "webhookSecret"), ({"disputeHandling": "LATER"}, "disputeHandling"),
        ({"publishableKey": "pk_1"}, "publishableKey"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bad_settings(box: Wire, fields: dict[str, Any], naming: str) -> None:
    answer = box.put(PATH, SETTINGS | fields)
    check_refusal(answer, 400, "BadUserInput", naming)
    assert "neverShown" not in answer.text
    assert created(box.get(PATH), 200) == MANUAL


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"provider": "STRIPE", "secretKey": "sk_neverShown", }'])
def test_what_is_no_setting(box: Wire, body: str) -> None:
    answer = box.put(PATH, body)
    check_refusal(answer, 400, "BadUserInput")
    assert "neverShown" not in answer.text


def test_nothing_tells_a_secret(directory: Path) -> None:
    """Neither the most talkative log, nor an event, nor what whoever collects says of what went wrong."""
    with standing_in() as stand_in, receiving() as receiver:
        server = Server(directory, arguments=collects(stand_in, *impatient()))
        server.additions["SCRIP_LOG"] = "trace"
        try:
            server.start()
            client, ear = Wire(server.url, server.production_key), Ear(stand_in)
            with owning(client) as owner:
                owner.tell(receiver)
                settle_with(client)
                purse = Wallet(new_customer(client), new_currency(client))
                said = []
                for card in ("pm_card_visa", DECLINED):
                    attach(client, purse.customer, card)
                    said.append(client.post("/api/v1/credits/grants", purse.body() | paid_body()).text)
                settle_with(client, secretKey="sk_test_wrong")
                said.append(client.post("/api/v1/credits/grants", purse.body() | paid_body()).text)
                settle_with(client)
                for kind in ("garbage", "fail_at_the_door", "cut"):
                    stand_in.fault(kind)
                    said.append(client.post("/api/v1/credits/grants", purse.body() | paid_body()).text)
                ear.tell(client)
                forged = tell(client, {"id": "evt_1", "type": "invoice.paid"}, secret="whsec_another")
                said += [forged.text, client.get("/api/v1/events-log", limit=100).text]
                receiver.wait_until(lambda: len(receiver.taken) >= 4, "told")
                said += [told.body.decode() for told in receiver.told]
            client.close()
            server.end_and_verify()
        finally:
            server.kill()
        said.append(server.log_path.read_text(errors="replace"))
        for text in said:
            for secret in ("neverShown", "sk_test_wrong"):
                assert secret not in text, [line for line in text.splitlines() if secret in line][:3]


def test_only_who_signs_is_heard(collecting: Server, paying: Wire) -> None:
    forged = {"stripe-signature": "t=1,v1=00"}
    unsigned: dict[str, str] = {}
    for headers in (unsigned, forged):
        answer = paying.post(EVENTS, {"id": "evt_1", "type": "invoice.paid"}, **headers)
        assert answer.status_code in (400, 503), answer.text
    for path in (EVENTS.replace("production", "sandbox"), EVENTS.replace("production", "77")):
        assert paying.post(path, {"id": "evt_1"}).status_code == 404


def test_a_payment_method_needs_a_provider(api: Api, customer: str) -> None:
    attach = {"integration_id": "stripe", "payment_method_id": "pm_1", "vendor_identifier": "STRIPE"}
    with refuses(400, "BillingIntegrationMissing"):
        api.customers.payment_method.attach(customer, **attach)
    with refuses(400, "BillingIntegrationMissing"):
        api.customers.payment_method.detach(customer)
