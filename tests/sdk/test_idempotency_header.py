"""`Idempotency-Key`: a request under a known key is answered with the stored answer, byte for byte."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, created, fresh, grant, new_currency, new_customer, read_grant
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CUSTOMERS = "/api/v1/customers"
CURRENCIES = "/api/v1/credits/custom-currencies"


def replayed(answer: httpx.Response, first: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (first.status_code, first.content), answer.text
    assert answer.headers.get("idempotent-replayed") == "true"
    assert "idempotent-replayed" not in first.headers


def conflicts(answer: httpx.Response) -> None:
    check_refusal(answer, 409, "DuplicatedEntityNotAllowed", "Idempotency-Key")


def count(wire: Wire, wallet: Wallet) -> int:
    return len(wire.get(GRANTS, customerId=wallet.customer).json()["data"])


def test_a_grant_is_made_once(wire: Wire, wallet: Wallet) -> None:
    key, body = fresh("key"), wallet.grant_body()
    first = wire.post(GRANTS, body, idempotency_key=key)
    assert first.status_code == 201
    for _ in range(3):
        replayed(wire.post(GRANTS, body, idempotency_key=key), first)
    assert count(wire, wallet) == 1


def test_through_the_sdk(api: Api, wallet: Wallet) -> None:
    headers = {"Idempotency-Key": fresh("key")}
    first = grant(api, wallet, 10, extra_headers=headers)
    assert grant(api, wallet, 10, extra_headers=headers) == first
    assert len(api.grants.list(customer_id=wallet.customer).data) == 1
    # Without the header two grants are two grants.
    assert grant(api, wallet, 10).id != grant(api, wallet, 10).id


def test_the_stored_answer_is_the_one_of_then(wire: Wire, wallet: Wallet) -> None:
    key, body = fresh("key"), wallet.grant_body()
    first = wire.post(GRANTS, body, idempotency_key=key)
    grant_id = first.json()["data"]["id"]
    assert wire.post(f"{GRANTS}/{grant_id}/void").status_code == 200
    replayed(wire.post(GRANTS, body, idempotency_key=key), first)
    assert read_grant(wire, grant_id)["status"] == "VOIDED"


def test_another_body_under_the_same_key(wire: Wire, wallet: Wallet) -> None:
    """Here the bytes are compared, not what they mean: the key may guard anything."""
    key, body = fresh("key"), wallet.grant_body()
    first = wire.post(GRANTS, body, idempotency_key=key)
    conflicts(wire.post(GRANTS, body | {"amount": 101}, idempotency_key=key))
    conflicts(wire.post(GRANTS, json.dumps(body) + " ", idempotency_key=key))
    # A stored key comes before the shape of the body.
    conflicts(wire.post(GRANTS, b"{", idempotency_key=key))
    replayed(wire.post(GRANTS, body, idempotency_key=key), first)
    assert count(wire, wallet) == 1


def test_keys_belong_to_an_operation(wire: Wire, wallet: Wallet) -> None:
    key = fresh("key")
    customer, currency = fresh("customer"), fresh("currency")
    assert wire.post(GRANTS, wallet.grant_body(), idempotency_key=key).status_code == 201
    assert wire.post(CUSTOMERS, {"id": customer}, idempotency_key=key).status_code == 201
    assert wire.post(CURRENCIES, {"id": currency, "displayName": "C"}, idempotency_key=key).status_code == 201
    archived = wire.post(f"{CURRENCIES}/{currency}/archive", idempotency_key=key)
    assert archived.status_code == 200
    renamed = wire.patch(f"{CUSTOMERS}/{customer}", {"name": "A"}, idempotency_key=key)
    assert renamed.json()["data"]["name"] == "A"


def test_keys_belong_to_an_environment(wire: Wire, sandbox: Wire) -> None:
    key, customer = fresh("key"), fresh("customer")
    for client in (wire, sandbox):
        answer = client.post(CUSTOMERS, {"id": customer}, idempotency_key=key)
        assert answer.status_code == 201 and "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize(
    "kind", ["patch customer", "patch currency", "patch grant", "void", "archive", "consume", "batch", "import"]
)
def test_every_kind_of_write(wire: Wire, wallet: Wallet, kind: str) -> None:
    grant_id = wire.post(GRANTS, wallet.grant_body()).json()["data"]["id"]
    currency = new_currency(wire)
    batch = {"consumptions": [wallet.consume_body()]}
    method, path, body = {
        "patch customer": ("PATCH", f"{CUSTOMERS}/{wallet.customer}", {"name": "N"}),
        "patch currency": ("PATCH", f"{CURRENCIES}/{currency}", {"symbol": "S"}),
        "patch grant": ("PATCH", f"{GRANTS}/{grant_id}", {"comment": "C"}),
        "void": ("POST", f"{GRANTS}/{grant_id}/void", None),
        "archive": ("POST", f"{CURRENCIES}/{currency}/archive", None),
        "consume": ("POST", "/api/v1/credits/consumption", wallet.consume_body()),
        "batch": ("POST", "/api/v1/credits/consumption/async", batch),
        "import": ("POST", f"{CUSTOMERS}/import", {"customers": [{"id": fresh("c"), "name": None, "email": None}]}),
    }[kind]
    key = fresh("key")
    first = wire.send(method, path, body, idempotency_key=key)
    assert first.status_code in (200, 202), first.text
    # A second import or void without the key would be answered otherwise.
    replayed(wire.send(method, path, body, idempotency_key=key), first)
    conflicts(wire.send(method, path, "{} ", idempotency_key=key))
    wire.post(f"{CURRENCIES}/{currency}/archive")


@pytest.mark.parametrize(
    "kind", ["reserve", "extend", "release", "refund", "recharge", "recur", "remove", "pay", "cancel"]
)
def test_every_write_that_the_official_api_lacks(wire: Wire, wallet: Wallet, kind: str) -> None:
    """What happened in between does not show in the stored answer."""
    reservations = "/api/v1/credits/reservations"
    recurring = f"/api/v1/credits/recurring-grants/{fresh('basic')}"
    own = wallet.body()
    terms = own | {"amount": 5, "cadence": "MONTH", "displayName": "Basic"}
    setting = own | {
        "isEnabled": True, "thresholdValue": 1, "targetBalance": 2,
        "unitCost": {"amount": 1, "currency": "usd"},
    }
    assert wire.post(GRANTS, wallet.grant_body()).status_code == 201
    consumed = wallet.consume_body(5)
    assert wire.post("/api/v1/credits/consumption", consumed).status_code == 200
    assert wire.post(reservations, own | {"reservationId": "open", "amount": 5}).status_code == 200
    if kind == "remove":
        assert wire.put(recurring, terms).status_code == 200
    cost = {"cost": {"amount": 1, "currency": "usd"}, "paymentCollectionMethod": "INVOICE", "grantType": "PAID"}
    invoice = f"/api/v1/invoices/{created(wire.post(GRANTS, wallet.grant_body(1, **cost)))['invoiceId']}"
    refund = own | {"idempotencyKey": "refund", "consumptionKey": consumed["idempotencyKey"], "amount": 1}
    method, path, body = {
        "reserve": ("POST", reservations, own | {"reservationId": "new", "amount": 5}),
        "extend": ("POST", f"{reservations}/open/extend", own | {"ttlSeconds": 60}),
        "release": ("POST", f"{reservations}/open/release", own | {"consumedAmount": 3}),
        "refund": ("POST", "/api/v1/credits/consumption/refund", refund),
        "recharge": ("PUT", "/api/v1/credits/auto-recharge", setting),
        "recur": ("PUT", recurring, terms),
        "remove": ("DELETE", recurring, None),
        "pay": ("POST", f"{invoice}/mark-paid", None),
        "cancel": ("POST", f"{invoice}/cancel", None),
    }[kind]
    key = fresh("key")
    first = wire.send(method, path, body, idempotency_key=key)
    assert first.status_code == 200, first.text
    wire.post("/api/v1/credits/consumption", wallet.consume_body(1))
    wire.put("/api/v1/credits/auto-recharge", setting | {"isEnabled": False})
    before = wire.get("/api/v1/credits/ledger", customerId=wallet.customer).json()
    replayed(wire.send(method, path, body, idempotency_key=key), first)
    assert wire.get("/api/v1/credits/ledger", customerId=wallet.customer).json() == before
    conflicts(wire.send(method, path, "{} ", idempotency_key=key))


def test_a_definite_refusal_is_stored(wire: Wire, currency: str) -> None:
    key, customer = fresh("key"), fresh("customer")
    body = Wallet(customer, currency).grant_body()
    first = wire.post(GRANTS, body, idempotency_key=key)
    check_refusal(first, 404, "CustomerNotFound")
    assert wire.post(CUSTOMERS, {"id": customer}).status_code == 201
    replayed(wire.post(GRANTS, body, idempotency_key=key), first)
    assert wire.post(GRANTS, body, idempotency_key=fresh("key")).status_code == 201


def test_a_conflict_is_stored_too(wire: Wire, wallet: Wallet) -> None:
    used = wallet.consume_body()
    assert wire.post("/api/v1/credits/consumption", used).status_code == 200
    key = fresh("key")
    first = wire.post("/api/v1/credits/consumption", used | {"amount": 2}, idempotency_key=key)
    check_refusal(first, 409, "DuplicatedEntityNotAllowed", "idempotencyKey")
    replayed(wire.post("/api/v1/credits/consumption", used | {"amount": 2}, idempotency_key=key), first)


def test_a_stranger_is_not_answered_from_the_store(wire: Wire, server: Server, wallet: Wallet) -> None:
    key, body = fresh("key"), wallet.grant_body()
    first = wire.post(GRANTS, body, idempotency_key=key)
    stranger = Wire(server.url, "server-" + "0" * 40)
    refused = stranger.post(GRANTS, body, idempotency_key=key)
    check_refusal(refused, 401, "Unauthenticated")
    assert "idempotent-replayed" not in refused.headers
    # And a 401 is not stored.
    other = fresh("key")
    check_refusal(stranger.post(GRANTS, body, idempotency_key=other), 401, "Unauthenticated")
    assert wire.post(GRANTS, body, idempotency_key=other).status_code == 201
    replayed(wire.post(GRANTS, body, idempotency_key=key), first)
    stranger.close()


def test_reads_take_no_notice(wire: Wire, wallet: Wallet) -> None:
    headers = {"idempotency-key": fresh("key")}
    assert wire.get(GRANTS, headers, customerId=wallet.customer).json()["data"] == []
    assert wire.post(GRANTS, wallet.grant_body()).status_code == 201
    assert len(wire.get(GRANTS, headers, customerId=wallet.customer).json()["data"]) == 1


def test_many_at_once_under_one_key(server: Server, wire: Wire, wallet: Wallet) -> None:
    key, body = fresh("key"), wallet.grant_body()
    answers: list[httpx.Response] = []
    start = threading.Barrier(12)

    def send() -> None:
        client = Wire(server.url, server.production_key)
        start.wait()
        answers.append(client.post(GRANTS, body, idempotency_key=key))
        client.close()

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 12
    made = [answer for answer in answers if answer.status_code == 201]
    assert made and len({answer.content for answer in made}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    for answer in answers:
        if answer.status_code != 201:
            # Still running: worth another try, so the SDK must not be told otherwise.
            assert (answer.status_code, answer.json()["code"]) == (409, "ObjectAlreadyBeingUsedByAnotherRequestError")
            assert answer.headers.get("x-should-retry") != "false"
    assert count(wire, wallet) == 1


def test_answers_outlive_the_process(directory: Any) -> None:
    """Stored with the effect: a graceful restart and a `kill -9` both leave it in place."""
    server = Server(directory).start()
    try:
        wire = Wire(server.url, server.production_key)
        wallet = Wallet(new_customer(wire), new_currency(wire))
        key, body = fresh("key"), wallet.grant_body()
        first = wire.post(GRANTS, body, idempotency_key=key)
        assert server.stop() == 0
        server.start()
        replayed(Wire(server.url, server.production_key).post(GRANTS, body, idempotency_key=key), first)
        server.restart_after_kill()
        wire = Wire(server.url, server.production_key)
        replayed(wire.post(GRANTS, body, idempotency_key=key), first)
        conflicts(wire.post(GRANTS, body | {"amount": 1}, idempotency_key=key))
        assert count(wire, wallet) == 1
        server.end_and_verify()
    finally:
        server.kill()
