"""Batches of consumptions: checked whole, then applied item by item, and durable when the answer goes out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, fresh, from_now, grant, new_customer, story
from support.wire import Wire, exact

PATH = "/api/v1/credits/consumption/async"


def batch(api: Api, *items: dict[str, Any]) -> Any:
    return api.consumption.consume_async(consumptions=items)


def item(wallet: Wallet, amount: float, **fields: Any) -> dict[str, Any]:
    return wallet.ids() | {"amount": amount, "idempotency_key": fresh("key")} | fields


def post(wire: Wire, *items: Any) -> Any:
    return wire.post(PATH, {"consumptions": list(items)})


def test_what_was_accepted_is_in_the_books_at_once(api: Api, wire: Wire, wallet: Wallet, currency: str) -> None:
    other = Wallet(new_customer(wire), currency)
    made = grant(api, wallet, 10)
    answer = api.consumption.with_raw_response.consume_async(
        consumptions=[item(wallet, 1), item(other, 2.5), item(wallet, 3)], x_account_id="a", x_environment_id="e"
    )
    assert answer.status == 202
    assert json.loads(answer.text) == {"data": {}}
    # Items are taken in their order.
    assert story(api, wallet)[1:] == [("CREDITS_CONSUMED", -1, made.id), ("CREDITS_CONSUMED", -3, made.id)]
    assert api.balance(other.customer, currency) == -2.5
    for each in (wallet, other):
        check_books(wire, each.customer)


def test_every_argument_of_the_sdk(api: Api, wire: Wire, customer: str, currency: str) -> None:
    wallet, attributed = Wallet(customer, currency, "site"), from_now(hours=-3)
    batch(api, item(wallet, 0.1, created_at=attributed, dimensions={"a": "b", "n": 1.5, "t": False}))
    (row,) = api.ledger(customer).data
    assert (row.amount, row.timestamp, row.resource_id) == (-0.1, attributed, "site")
    check_books(wire, customer)


def test_a_thousand(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 600)
    batch(api, *(item(wallet, 1) for _ in range(1000)))
    assert api.balance(wallet.customer, wallet.currency) == -400
    check_books(wire, wallet.customer)


@pytest.mark.parametrize("count", [0, 1001])
def test_too_few_and_too_many(wire: Wire, api: Api, wallet: Wallet, count: int) -> None:
    answer = post(wire, *(wallet.consume_body() for _ in range(count)))
    check_refusal(answer, 400, "BadUserInput", "consumptions")
    assert story(api, wallet) == []


@pytest.mark.parametrize("consumptions", [None, {}, "x", 5, [None], ["x"], [[]], [5]])
def test_wrong_types(wire: Wire, consumptions: Any) -> None:
    check_refusal(wire.post(PATH, {"consumptions": consumptions}), 400, "BadUserInput", "consumptions")


@pytest.mark.parametrize(
    ("fields", "status", "code", "named"),
    [
        ({"amount": 0}, 400, "BadUserInput", "amount"),
        ({"amount": -1}, 400, "BadUserInput", "amount"),
        ({"amount": "1"}, 400, "BadUserInput", "amount"),
        ({"amount": 2e15}, 400, "AmountTooLarge", "amount"),
        ({"customerId": "a b"}, 400, "BadUserInput", "customerId"),
        ({"currencyId": "@"}, 400, "BadUserInput", "currencyId"),
        ({"resourceId": ""}, 400, "BadUserInput", "resourceId"),
        ({"idempotencyKey": ""}, 400, "BadUserInput", "idempotencyKey"),
        ({"createdAt": "2001-01-01"}, 400, "BadUserInput", "createdAt"),
        ({"createdAt": "soon"}, 400, "BadUserInput", "createdAt"),
        ({"dimensions": {"a": []}}, 400, "BadUserInput", "dimensions"),
        ({"unknownField": 1}, 400, "BadUserInput", "unknownField"),
        ({"customerId": "nobody"}, 404, "CustomerNotFound", None),
        ({"currencyId": "nothing"}, 404, "CustomCurrencyNotFound", None),
    ],
)
def test_one_bad_item_refuses_all_and_is_named(
    wire: Wire, api: Api, wallet: Wallet, fields: dict[str, Any], status: int, code: str, named: str | None
) -> None:
    items = [wallet.consume_body() for _ in range(9)]
    items[7] |= fields
    answer = post(wire, *items)
    check_refusal(answer, status, code, named)
    check_refusal(answer, status, code, "7")
    assert story(api, wallet) == []
    # Nothing was remembered either: the good items may come again.
    assert post(wire, *items[:7]).status_code == 202
    assert len(story(api, wallet)) == 7


def test_an_archived_customer_refuses_all(api: Api, wire: Wire, wallet: Wallet) -> None:
    archived = Wallet(new_customer(wire), wallet.currency)
    api.customers.archive(archived.customer)
    with refuses(400, "EntityIsArchivedError", naming="1"):
        batch(api, item(wallet, 1), item(archived, 1))
    assert story(api, wallet) == []


class TestOrderOfRefusals:
    """First the shape of all items, then item by item."""

    def test_shape_before_everything(self, wire: Wire, wallet: Wallet) -> None:
        unknown = Wallet("nobody", wallet.currency)
        check_refusal(post(wire, unknown.consume_body(), wallet.consume_body(0)), 400, "BadUserInput", "1")

    def test_then_the_items_in_order(self, wire: Wire, api: Api, wallet: Wallet) -> None:
        archived = Wallet(new_customer(wire), wallet.currency)
        api.customers.archive(archived.customer)
        unknown = Wallet("nobody", wallet.currency)
        check_refusal(post(wire, archived.consume_body(), unknown.consume_body()), 400, "EntityIsArchivedError", "0")
        check_refusal(post(wire, unknown.consume_body(), archived.consume_body()), 404, "CustomerNotFound", "0")
        check_refusal(
            post(wire, wallet.consume_body(createdAt="2001-01-01"), unknown.consume_body()), 400, "BadUserInput", "0"
        )


class TestKeys:
    def test_the_same_item_twice_counts_once(self, api: Api, wallet: Wallet) -> None:
        same = item(wallet, 2)
        batch(api, same, item(wallet, 1), same)
        assert api.balance(wallet.customer, wallet.currency) == -3

    def test_one_key_with_two_contents_refuses_all(self, api: Api, wallet: Wallet) -> None:
        first = item(wallet, 2)
        with refuses(409, "DuplicatedEntityNotAllowed", naming="idempotencyKey"):
            batch(api, item(wallet, 1), first, first | {"amount": 3})
        assert story(api, wallet) == []

    def test_one_key_in_two_wallets_is_two_keys(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        site = Wallet(wallet.customer, wallet.currency, "site")
        batch(api, item(wallet, 1, idempotency_key="k"), item(site, 2, idempotency_key="k"))
        assert api.balance(wallet.customer, wallet.currency) == -1
        assert api.balance(wallet.customer, wallet.currency, resource_id="site") == -2
        check_books(wire, wallet.customer)

    def test_a_repeat_changes_nothing(self, api: Api, wallet: Wallet) -> None:
        items = [item(wallet, n) for n in (1, 2, 3)]
        batch(api, *items)
        answer = api.consumption.with_raw_response.consume_async(consumptions=items)
        assert (answer.status, json.loads(answer.text)) == (202, {"data": {}})
        assert api.balance(wallet.customer, wallet.currency) == -6

    def test_a_repeat_completes_what_is_missing(self, api: Api, wallet: Wallet) -> None:
        items = [item(wallet, n) for n in (1, 2, 3)]
        consume(api, wallet, 2, idempotency_key=items[1]["idempotency_key"])
        batch(api, *items)
        assert [amount for _, amount, _ in story(api, wallet)] == [-2, -1, -3]

    def test_an_item_that_the_books_refuse_is_left_out_and_listed(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        used = wallet.consume_body(5)
        assert wire.post("/api/v1/credits/consumption", used).status_code == 200
        answer = post(wire, wallet.consume_body(1), used | {"amount": 6}, wallet.consume_body(2))
        assert answer.status_code == 202, answer.text
        (rejected,) = answer.json()["data"]["rejected"]
        assert (rejected["index"], rejected["code"]) == (1, "DuplicatedEntityNotAllowed")
        assert rejected["message"]
        assert [amount for _, amount, _ in story(api, wallet)] == [-5, -1, -2]
        check_books(wire, wallet.customer)

    def test_the_sdk_ignores_what_was_left_out(self, api: Api, wallet: Wallet) -> None:
        consume(api, wallet, 5, idempotency_key="used")
        batch(api, item(wallet, 6, idempotency_key="used"), item(wallet, 1))
        assert api.balance(wallet.customer, wallet.currency) == -6


def test_numbers_as_text(wire: Wire, wallet: Wallet) -> None:
    body = {"consumptions": [wallet.consume_body("0.1"), wallet.consume_body(0.2)]}
    check_refusal(wire.post(PATH, body), 400, "BadUserInput", "amount")
    assert wire.post(PATH, body, x_scrip_numbers="string").status_code == 202
    told = exact(wire.get("/api/v1/credits/ledger", customerId=wallet.customer))["data"]
    assert [row["amount"] for row in told] == [Decimal("-0.2"), Decimal("-0.1")]
