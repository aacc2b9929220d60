"""An environment whose payments a provider collects: what is kept and shown, while nobody collects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import databases
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.server import Server, running
from support.shop import Wallet, created, grant, new_currency, new_customer
from support.wire import Wire

PATH = "/api/v1/payment-provider"
EVENTS = "/api/v1/providers/stripe/production/events"
SECRETS = {"secretKey": "sk_test_neverShownKey1234", "webhookSecret": "whsec_neverShownSecret5678"}


@pytest.fixture(scope="module")
def collecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nobody is spoken to: neither does this node collect, nor is there anybody at that address."""
    quiet = ("--no-payments", "--stripe-url", "http://127.0.0.1:9")
    with running(tmp_path_factory.mktemp("collecting"), arguments=quiet) as started:
        client = Wire(started.url, started.production_key)
        shown = created(client.put(PATH, {"provider": "STRIPE", **SECRETS}), 200)
        client.close()
        assert shown == {
            "provider": "STRIPE", "secretKeyHint": "…1234", "webhookSecretHint": "…5678", "eventsPath": EVENTS,
        }
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
        api, wallet, 100, grant_type="PAID", cost={"amount": 49.5, "currency": "usd"}, payment_collection_method="CHARGE",
    )
    assert (made.status, made.payment_collection) == ("PAYMENT_PENDING", "PROCESSING")
    invoice = made.latest_invoice
    assert (invoice.status, invoice.requires_action, invoice.payment_url, invoice.due_date) == ("OPEN", False, None, None)
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
