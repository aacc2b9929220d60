"""Webhooks to receivers that take everything: what they are told of, how it is signed, and who decides."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from support.hooks import WEBHOOKS, Endpoint, Happenings, Owner, owning
from support.receiver import PATIENCE_SECONDS, Receiver, Told, receiving
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.told import PATH
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"
CREATED = "credit_grant.created"

# Names that nobody has.
NO_ENDPOINT = "webhook-0123456789abcdef01234567"
NO_DELIVERY = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
def box(telling: Server) -> Iterator[Wire]:
    """The other environment of the same server."""
    client = Wire(telling.url, telling.sandbox_key)
    yield client
    client.close()


@pytest.fixture
def elsewhere(box: Wire) -> Iterator[Owner]:
    with owning(box) as owner:
        yield owner


@pytest.fixture
def another() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def verifies(told: Told, secret: str) -> bool:
    try:
        told.verify(secret)
    except WebhookVerificationError:
        return False
    return True


def test_what_is_told(shop: Wire, owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    """Each event once, in the log's order, in the log's words; and of what was before the endpoint, nothing."""
    happenings.grants(3)
    endpoint = owner.tell(receiver)
    wallet, now = happenings.wallet, Happenings(shop, happenings.wallet)
    created(shop.post(GRANTS, wallet.grant_body(97, displayName="Ein Gruß, “quoted”\n")))
    created(shop.post(CONSUMPTION, wallet.consume_body(85.000000001)), 200)
    created(shop.post(CONSUMPTION, wallet.consume_body(14.999999999)), 200)
    new_currency(shop)
    log = now.log()
    types = {event["type"] for event in log}
    assert types >= {CREATED, "credit_balance.low", "credit_balance.depleted", "credit_type.created"}
    receiver.wait_for_all(now.ids())
    assert receiver.events() == log
    assert receiver.ids() == now.ids()
    page = shop.get(PATH, **{"limit": 100} | ({"after": now.before} if now.before else {})).text
    for told in receiver.told:
        assert told.body.decode() in page, "not what the log says, to the letter"
        told.verify(endpoint.secret)
        assert (told.method, told.path) == ("POST", "/hook")
        assert told.headers["content-type"] == "application/json"
        assert told.headers["user-agent"].startswith("Scrip/")
        assert abs(int(told.headers["webhook-timestamp"]) - time.time()) < 60
        assert "stigg-webhooks-secret" not in told.headers
    for event in log:
        delivery = endpoint.wait_until(event["messageId"], "DELIVERED")
        (attempt,) = delivery.pop("attempts")
        assert (attempt["statusCode"], attempt["error"], attempt["response"]) == (200, None, "done")
        assert delivery["payload"] == event
        assert (delivery["webhookId"], delivery["eventType"]) == (endpoint.id, event["type"])
        assert (delivery["isTest"], delivery["nextAttemptAt"]) == (False, None)


def test_what_was_tampered_with_does_not_verify(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    endpoint = owner.tell(receiver)
    happenings.grants()
    (told,) = receiver.wait_for(1)
    assert verifies(told, endpoint.secret)
    later = str(int(told.headers["webhook-timestamp"]) + 1)
    for tampered in (
        dataclasses.replace(told, body=told.body.replace(b'"amount":1', b'"amount":2')),
        dataclasses.replace(told, body=told.body + b" "),
        dataclasses.replace(told, headers=told.headers | {"webhook-id": NO_DELIVERY}),
        dataclasses.replace(told, headers=told.headers | {"webhook-timestamp": later}),
    ):
        assert tampered != told
        assert not verifies(tampered, endpoint.secret)
    assert not verifies(told, owner.tell(receiver).secret)


def test_an_endpoint_is_shown_as_it_was_made(shop: Wire, owner: Owner, receiver: Receiver) -> None:
    answer = shop.post(WEBHOOKS, {"url": receiver.url, "description": "Books", "eventTypes": [CREATED, CREATED]})
    shown = created(answer)
    endpoint = Endpoint(shop, shown["id"], shown.pop("secret"))
    owner.made.append(endpoint)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint.secret)
    assert shown == endpoint.read()
    assert shown == {
        "id": endpoint.id, "url": receiver.url, "description": "Books", "eventTypes": [CREATED], "status": "ENABLED",
        "disabledReason": None, "hasPlainSecret": False, "createdAt": shown["createdAt"],
        "updatedAt": shown["createdAt"],
    }
    changed = endpoint.change(description=None, eventTypes=None)
    assert (changed["description"], changed["eventTypes"]) == (None, [])
    assert endpoint.read() == changed
    # What is not named stays.
    assert endpoint.change(isEnabled=True) | {"updatedAt": ""} == changed | {"updatedAt": ""}


def test_only_what_is_selected(shop: Wire, owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    """And what else, once it is asked for; an endpoint beside it is told of everything."""
    with receiving() as all_ears:
        owner.tell(all_ears)
        endpoint = owner.tell(receiver, eventTypes=["credit_type.created", "credit_grant.depleted"])
        wanted = []

        def happen(*types: str) -> None:
            """A currency, a grant, and its end; those of these types are to be told of."""
            known = len(happenings.log())
            new_currency(shop)
            created(shop.post(GRANTS, happenings.wallet.grant_body(2)))
            created(shop.post(CONSUMPTION, happenings.wallet.consume_body(2)), 200)
            new = happenings.log()[known:]
            assert {event["type"] for event in new} >= {"credit_type.created", CREATED, "credit_grant.depleted"}
            wanted.extend(event["messageId"] for event in new if event["type"] in types or not types)
            all_ears.wait_for_all([event["messageId"] for event in new])
            receiver.wait_for_all(wanted)

        happen("credit_type.created", "credit_grant.depleted")
        endpoint.change(eventTypes=[CREATED])
        happen(CREATED)
        endpoint.change(eventTypes=[])
        happen()
        assert receiver.ids() == wanted
        assert all_ears.ids() == happenings.ids()
        endpoint.wait_until(wanted[-1], "DELIVERED")
        assert [each["id"] for each in reversed(endpoint.deliveries())] == wanted


def test_environments_do_not_hear_each_other(
    shop: Wire, box: Wire, owner: Owner, elsewhere: Owner, happenings: Happenings, receiver: Receiver, another: Receiver
) -> None:
    foreign = Happenings(box, Wallet(new_customer(box), new_currency(box)))
    endpoint, other = owner.tell(receiver), elsewhere.tell(another)
    made, foreign_made = happenings.grants(3), foreign.grants(4)
    receiver.wait_for_all(made)
    another.wait_for_all(foreign_made)
    assert (receiver.ids(), another.ids()) == (made, foreign_made)
    assert (owner.listed(), elsewhere.listed()) == ([endpoint.id], [other.id])

    # Nor does one know of the other's endpoints.
    delivery = f"{endpoint.path}/deliveries/{made[0]}"
    endpoint.wait_until(made[0], "DELIVERED")
    for answer in (
        box.get(endpoint.path), box.patch(endpoint.path, {"isEnabled": False}), box.delete(endpoint.path),
        box.post(f"{endpoint.path}/rotate-secret", {}), box.post(f"{endpoint.path}/test"),
        box.get(f"{endpoint.path}/deliveries"), box.get(delivery), box.post(f"{delivery}/redeliver"),
    ):
        check_refusal(answer, 404, "WebhookEndpointNotFound")
    for answer in (
        box.get(f"{other.path}/deliveries/{made[0]}"), box.post(f"{other.path}/deliveries/{made[0]}/redeliver"),
    ):
        check_refusal(answer, 404, "WebhookDeliveryNotFound")
    assert endpoint.read()["status"] == "ENABLED"
    more = happenings.grants()
    receiver.wait_for_all(more)
    assert receiver.ids() == made + more
    receiver.told[-1].verify(endpoint.secret)


def test_a_test_event(owner: Owner, receiver: Receiver, shop: Wire) -> None:
    """It is sent though the endpoint selects something else, and only there; the log knows nothing of it."""
    with receiving() as other:
        owner.tell(other)
        endpoint = owner.tell(receiver, eventTypes=["credit_grant.voided"])
        answer = created(shop.post(f"{endpoint.path}/test"), 200)
        assert (answer["eventType"], answer["isTest"], answer["status"]) == ("webhook.test", True, "PENDING")
        (told,) = receiver.wait_for(1)
        told.verify(endpoint.secret)
        assert told.id == told.event["messageId"] == answer["id"]
        assert (told.event["type"], set(told.event)) == ("webhook.test", {"messageId", "traceId", "timestamp", "type"})
        delivery = endpoint.wait_until(answer["id"], "DELIVERED")
        assert delivery["payload"] == told.event and delivery["isTest"]
        check_refusal(shop.get(PATH, after=answer["id"]), 400, "BadUserInput", "after")
        # One that is not taken is not sent again: whoever asked for it looks at what became of it.
        receiver.behaviour = lambda told, number: 500
        failed = endpoint.wait_until(endpoint.test(), "FAILED")
        assert [attempt["statusCode"] for attempt in failed["attempts"]] == [500]
        assert other.told == []


def test_a_redelivery(owner: Owner, happenings: Happenings, receiver: Receiver, shop: Wire) -> None:
    """Of what was taken and of a test: the same again, and nothing besides."""
    endpoint = owner.tell(receiver)
    made = happenings.grants(2)
    receiver.wait_for_all(made)
    made.append(endpoint.test())
    receiver.wait_for_all(made)
    for message_id in made:
        endpoint.wait_until(message_id, "DELIVERED")
        again = endpoint.redeliver(message_id)
        assert (again["id"], again["status"]) == (message_id, "PENDING")
        delivery = endpoint.wait_until(message_id, "DELIVERED", attempts=2)
        assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [200, 200]
        first, second = receiver.of(message_id)
        assert first.body == second.body
        second.verify(endpoint.secret)
    more = happenings.grants()
    receiver.wait_for_all(more)
    assert receiver.ids() == [*made, *made, *more]


def test_both_secrets_sign_while_they_overlap(owner: Owner, receiver: Receiver) -> None:
    endpoint = owner.tell(receiver)

    def next_told() -> Told:
        count = len(receiver.told)
        endpoint.test()
        return receiver.wait_for(count + 1)[count]

    secrets = [endpoint.secret, endpoint.rotate(3_600), endpoint.rotate(3_600)]
    assert len(set(secrets)) == 3
    told = next_told()
    assert [verifies(told, secret) for secret in secrets] == [True, True, True]
    assert len(told.headers["webhook-signature"].split()) == 3
    # At once: nothing but the new one.
    secrets.append(endpoint.rotate(0))
    told = next_told()
    assert [verifies(told, secret) for secret in secrets] == [False, False, False, True]
    assert len(told.headers["webhook-signature"].split()) == 1
    # The overlap ends by itself.
    secrets.append(endpoint.rotate(2))
    assert [verifies(next_told(), secret) for secret in secrets[-2:]] == [True, True]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while verifies(told := next_told(), secrets[-2]):
        assert time.monotonic() < deadline, "the old secret signs for ever"
    assert verifies(told, secrets[-1])


def test_the_plain_secret(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    secret = fresh("plain") + "!~\"<>"
    endpoint = owner.tell(receiver, plainSecret=secret)
    assert endpoint.read()["hasPlainSecret"] is True
    for change, expected in (
        ({}, secret), ({"plainSecret": "another"}, "another"), ({"description": "x"}, "another"),
        ({"plainSecret": None}, None),
    ):
        if change:
            assert endpoint.change(**change)["hasPlainSecret"] is (expected is not None)
        happenings.grants()
        told = receiver.wait_for(len(happenings.ids()))[-1]
        assert told.headers.get("stigg-webhooks-secret") == expected
        told.verify(endpoint.secret)


def test_disabled_by_its_owner(
    owner: Owner, happenings: Happenings, receiver: Receiver, another: Receiver, shop: Wire
) -> None:
    """Nothing arrives; enabled again, what was missed arrives in order."""
    endpoint = owner.tell(receiver)
    owner.tell(another)
    first = happenings.grants(2)
    receiver.wait_for_all(first)
    endpoint.wait_until(first[-1], "DELIVERED")
    disabled = endpoint.change(isEnabled=False)
    assert (disabled["status"], disabled["disabledReason"]) == ("DISABLED", "ASKED")
    event = happenings.log()[-1]
    told = {name: event[name] for name in ("type", "webhookEndpointId", "reason", "changedBy")}
    assert told == {
        "type": "webhook_endpoint.disabled", "webhookEndpointId": endpoint.id, "reason": "ASKED", "changedBy": "USER",
    }
    another.wait_for_all([event["messageId"]])
    missed = happenings.grants(5)
    another.wait_for_all(missed)
    assert receiver.ids() == first
    for answer in (shop.post(f"{endpoint.path}/test"), shop.post(f"{endpoint.path}/deliveries/{first[0]}/redeliver")):
        check_refusal(answer, 400, "InvalidArgumentError", "disabled")
    enabled = endpoint.change(isEnabled=True)
    assert (enabled["status"], enabled["disabledReason"]) == ("ENABLED", None)
    last = happenings.grants()
    receiver.wait_for_all(last)
    assert receiver.ids() == another.ids() == [*first, event["messageId"], *missed, *last]


def test_made_disabled(owner: Owner, happenings: Happenings, receiver: Receiver, another: Receiver) -> None:
    endpoint = owner.tell(receiver, isEnabled=False)
    owner.tell(another)
    made = happenings.grants(2)
    another.wait_for_all(made)
    assert receiver.told == []
    assert (endpoint.read()["status"], endpoint.read()["disabledReason"]) == ("DISABLED", "ASKED")
    endpoint.change(isEnabled=True)
    receiver.wait_for_all(made)
    assert receiver.ids() == made


def test_gone(owner: Owner, happenings: Happenings, receiver: Receiver, another: Receiver) -> None:
    """An answer of 410 disables at once. Others are told, and the endpoint itself once it is there again."""
    endpoint = owner.tell(receiver)
    owner.tell(another)
    receiver.behaviour = lambda told, number: 410
    made = happenings.grants()
    another.wait_until(lambda: len(another.taken) == 2, "told of the end")
    event = happenings.log()[-1]
    assert another.events()[-1] == event
    told = {name: event[name] for name in ("type", "webhookEndpointId", "reason", "changedBy")}
    assert told == {
        "type": "webhook_endpoint.disabled", "webhookEndpointId": endpoint.id, "reason": "GONE", "changedBy": "SYSTEM",
    }
    assert (endpoint.read()["status"], endpoint.read()["disabledReason"]) == ("DISABLED", "GONE")
    missed = happenings.grants(2)
    another.wait_for_all(missed)
    assert receiver.ids() == made
    receiver.behaviour = lambda told, number: 200
    endpoint.change(isEnabled=True)
    receiver.wait_for_all(happenings.ids())
    assert sorted(receiver.taken) == sorted(another.taken)
    assert [name for name in receiver.taken if name not in made] == [event["messageId"], *missed]


def test_removed(owner: Owner, happenings: Happenings, receiver: Receiver, another: Receiver, shop: Wire) -> None:
    owner.tell(another)
    endpoint = owner.tell(receiver)
    made = happenings.grants()
    receiver.wait_for_all(made)
    endpoint.wait_until(made[0], "DELIVERED")
    endpoint.remove()
    assert endpoint.id not in owner.listed()
    more = happenings.grants(3)
    another.wait_for_all(more)
    assert receiver.ids() == made
    delivery = f"{endpoint.path}/deliveries/{made[0]}"
    for answer in (
        shop.get(endpoint.path), shop.patch(endpoint.path, {"isEnabled": True}), shop.delete(endpoint.path),
        shop.post(f"{endpoint.path}/test"), shop.post(f"{endpoint.path}/rotate-secret", {}),
        shop.get(f"{endpoint.path}/deliveries"), shop.get(delivery), shop.post(f"{delivery}/redeliver"),
    ):
        check_refusal(answer, 404, "WebhookEndpointNotFound")


def test_unknown_names(owner: Owner, happenings: Happenings, receiver: Receiver, shop: Wire) -> None:
    endpoint = owner.tell(receiver)
    other = owner.tell(receiver, isEnabled=False)
    (made,) = happenings.grants()
    endpoint.wait_until(made, "DELIVERED")
    path = f"{WEBHOOKS}/{NO_ENDPOINT}"
    for answer in (
        shop.get(path), shop.patch(path, {"isEnabled": True}), shop.delete(path), shop.post(f"{path}/test"),
        shop.post(f"{path}/rotate-secret", {}), shop.get(f"{path}/deliveries"), shop.get(f"{path}/deliveries/{made}"),
        shop.post(f"{path}/deliveries/{made}/redeliver"),
    ):
        check_refusal(answer, 404, "WebhookEndpointNotFound")
    # A delivery is one endpoint's.
    for path in (
        f"{endpoint.path}/deliveries/{NO_DELIVERY}", f"{endpoint.path}/deliveries/x", f"{other.path}/deliveries/{made}",
        f"{other.path}/deliveries/{endpoint.id}%2F{made}",
    ):
        check_refusal(shop.get(path), 404, "WebhookDeliveryNotFound")
    path = f"{endpoint.path}/deliveries/{NO_DELIVERY}/redeliver"
    check_refusal(shop.post(path), 404, "WebhookDeliveryNotFound")


def test_a_repeated_creation_is_one(owner: Owner, happenings: Happenings, receiver: Receiver, shop: Wire) -> None:
    """The same answer again, with the same secret; one endpoint, which is told once."""
    key, body = fresh("key"), {"url": receiver.url}
    first = shop.post(WEBHOOKS, body, idempotency_key=key)
    data = created(first)
    owner.made.append(Endpoint(shop, data["id"], data["secret"]))
    for _ in range(2):
        again = shop.post(WEBHOOKS, body, idempotency_key=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers.get("idempotent-replayed") == "true"
    assert owner.listed() == [data["id"]]
    made = happenings.grants(2)
    receiver.wait_for_all(made)
    assert receiver.ids() == made
    receiver.told[0].verify(data["secret"])


def test_lists_page_by_page(owner: Owner, happenings: Happenings, receiver: Receiver, shop: Wire) -> None:
    endpoints = [owner.tell(receiver, isEnabled=False).id for _ in range(6)]
    endpoint = owner.tell(receiver)
    made = happenings.grants(7)
    for message_id in made:
        endpoint.wait_until(message_id, "DELIVERED")

    def walk(path: str, **query: Any) -> list[str]:
        found: list[str] = []
        page: dict[str, Any] = {"pagination": {"next": None}}
        while not found or page["pagination"]["next"]:
            cursor = {"after": page["pagination"]["next"]} if found else {}
            page = shop.get(path, **query | cursor).json()
            assert 0 < len(page["data"]) <= 3
            found += [each["id"] for each in page["data"]]
        return found

    assert walk(WEBHOOKS, limit=3) == [endpoint.id, *reversed(endpoints)]
    assert walk(f"{endpoint.path}/deliveries", limit=3) == made[::-1]
    assert walk(f"{endpoint.path}/deliveries", limit=2, status="DELIVERED") == made[::-1]
    assert endpoint.deliveries(status="PENDING") == endpoint.deliveries(status="FAILED") == []
    assert all("payload" not in each for each in endpoint.deliveries())
