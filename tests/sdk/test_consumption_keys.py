"""The key of a consumption: applied once, whatever is repeated; another request under the same key is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, fresh, from_now, grant, iso, new_customer, story
from support.wire import Wire

PATH = "/api/v1/credits/consumption"


def test_a_repeat_is_answered_as_the_first_and_changes_nothing(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    first = consume(api, wallet, 10, idempotency_key="once")
    consume(api, wallet, 5)
    again = consume(api, wallet, 10, idempotency_key="once")
    assert (again.amount, again.timestamp) == (first.amount, first.timestamp)
    # The balance in the answer is the one of now.
    assert (first.credit.current_usage, again.credit.current_usage) == (10, 15)
    assert [amount for _, amount, _ in story(api, wallet)] == [100, -10, -5]
    check_books(wire, wallet.customer)


def test_the_same_request_may_be_written_differently(wire: Wire, api: Api, wallet: Wallet) -> None:
    instant = from_now(days=-1).replace(microsecond=0)
    body = wallet.consume_body(dimensions={"a": "1", "b": True}, createdAt=iso(instant))
    first = wire.post(PATH, body)
    assert first.status_code == 200, first.text
    text = json.dumps(body)
    for other in (
        json.dumps(dict(reversed(body.items()))),
        json.dumps(body, indent=3),
        text.replace('"amount": 1,', '"amount": 1.0,'),
        text.replace('"amount": 1,', '"amount": 10e-1,'),
        text.replace('"amount": 1,', '"amount": 1.0000000004,'),
        text.replace(iso(instant), instant.strftime("%Y-%m-%dT%H:%M:%S+00:00")),
        text.replace('{"a": "1", "b": true}', '{"b": true, "a": "1"}'),
        text[:-1] + ', "resourceId": null}',
    ):
        assert other != text, "the replacement above did not match"
        again = wire.post(PATH, other)
        assert again.status_code == 200, (other, again.text)
        told, meant = again.json()["data"], first.json()["data"]
        assert (told["amount"], told["timestamp"]) == (meant["amount"], meant["timestamp"])
    assert len(story(api, wallet)) == 1


def test_no_dimensions_are_empty_dimensions(wire: Wire, wallet: Wallet) -> None:
    body = wallet.consume_body()
    assert wire.post(PATH, body).status_code == 200
    assert wire.post(PATH, body | {"dimensions": {}}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 2}, {"amount": 1.000000001}, {"dimensions": {"a": "2"}}, {"dimensions": {}},
        {"dimensions": {"a": "1", "b": "2"}}, {"createdAt": iso(from_now(days=-2))},
    ],
    ids=lambda change: json.dumps(change)[:40],
)
def test_another_request_under_the_same_key(wire: Wire, api: Api, wallet: Wallet, change: dict[str, Any]) -> None:
    body = wallet.consume_body(dimensions={"a": "1"})
    assert wire.post(PATH, body).status_code == 200
    check_refusal(wire.post(PATH, body | change), 409, "DuplicatedEntityNotAllowed", "idempotencyKey")
    assert len(story(api, wallet)) == 1


def test_through_the_sdk_a_conflict_is_a_conflict(api: Api, wallet: Wallet) -> None:
    consume(api, wallet, 1, idempotency_key="k")
    with refuses(409, "DuplicatedEntityNotAllowed", naming="idempotencyKey"):
        consume(api, wallet, 2, idempotency_key="k")


def test_keys_belong_to_one_wallet(api: Api, wire: Wire, customer: str, currency: str, other_currency: str) -> None:
    wallets = [
        Wallet(customer, currency), Wallet(customer, currency, "a"), Wallet(customer, currency, "b"),
        Wallet(customer, other_currency), Wallet(new_customer(wire), currency),
    ]
    for n, wallet in enumerate(wallets):
        consume(api, wallet, n + 1, idempotency_key="shared")
    for n, wallet in enumerate(wallets):
        told = consume(api, wallet, n + 1, idempotency_key="shared")
        assert told.credit.current_usage == n + 1


def test_keys_differ_by_every_character(api: Api, wallet: Wallet) -> None:
    keys = ["k", "K", "k ", " k", "ḱ", "k" * 255, "k" * 254]
    for key in keys:
        consume(api, wallet, 1, idempotency_key=key)
    assert api.balance(wallet.customer, wallet.currency) == -len(keys)


def test_a_refusal_does_not_use_up_the_key(wire: Wire, api: Api, wallet: Wallet) -> None:
    body = wallet.consume_body()
    check_refusal(wire.post(PATH, body | {"amount": 0}), 400, "BadUserInput", "amount")
    check_refusal(wire.post(PATH, body | {"createdAt": "2001-01-01"}), 400, "BadUserInput", "createdAt")
    api.customers.archive(wallet.customer)
    check_refusal(wire.post(PATH, body), 400, "EntityIsArchivedError")
    api.customers.unarchive(wallet.customer)
    assert wire.post(PATH, body).status_code == 200
    assert len(story(api, wallet)) == 1


@pytest.mark.parametrize("key", ["", "k" * 256, None, 5, ["k"]])
def test_keys_that_are_none(wire: Wire, api: Api, wallet: Wallet, key: Any) -> None:
    answer = wire.post(PATH, wallet.consume_body(idempotencyKey=key))
    check_refusal(answer, 400, "BadUserInput", "idempotencyKey")
    assert story(api, wallet) == []


def test_a_key_must_be_given(wire: Wire, wallet: Wallet) -> None:
    body = wallet.consume_body()
    del body["idempotencyKey"]
    check_refusal(wire.post(PATH, body), 400, "BadUserInput", "idempotencyKey")


def test_sync_and_async_share_their_keys(api: Api, wallet: Wallet) -> None:
    key = fresh("key")
    consume(api, wallet, 3, idempotency_key=key)
    api.consumption.consume_async(consumptions=[{**wallet.ids(), "amount": 3, "idempotency_key": key}])
    assert api.balance(wallet.customer, wallet.currency) == -3
