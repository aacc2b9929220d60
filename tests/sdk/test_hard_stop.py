"""A consumption that must not overdraw, by its own word or its currency's."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stigg

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, created, fresh, grant, new_currency, story
from support.wire import Wire

PATH = "/api/v1/credits/consumption"
REJECT = {"extra_body": {"onInsufficient": "REJECT"}}


@pytest.fixture
def strict(wire: Wire) -> str:
    """A currency whose wallets are not overdrawn."""
    return new_currency(wire, overdraft="DENY")


def test_reject_and_short(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 10)
    before = story(api, wallet)
    with pytest.raises(stigg.APIStatusError) as caught:
        consume(api, wallet, 10.000000001, **REJECT)
    check_refusal(caught.value.response, 402, "InsufficientCredits", "10")
    assert story(api, wallet) == before
    assert consume(api, wallet, 10, **REJECT).credit.current_usage == 10
    assert consume(api, wallet, 1, extra_body={"onInsufficient": "OVERDRAFT"}).credit.current_usage == 11
    check_books(wire, wallet.customer)


def test_a_refusal_leaves_its_key_free(api: Api, wire: Wire, wallet: Wallet) -> None:
    key = fresh("key")
    with pytest.raises(stigg.APIStatusError):
        consume(api, wallet, 5, idempotency_key=key, **REJECT)
    grant(api, wallet, 5)
    for _ in range(2):
        assert consume(api, wallet, 5, idempotency_key=key, **REJECT).credit.current_usage == 5
    with refuses(409, "DuplicatedEntityNotAllowed", naming="idempotencyKey"):
        consume(api, wallet, 5, idempotency_key=key)
    check_books(wire, wallet.customer)


def test_in_a_batch(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 3)
    items: list[Any] = [wallet.consume_body(2, onInsufficient="REJECT") for _ in range(2)]
    items.append(wallet.consume_body(2))
    answer = wire.post(f"{PATH}/async", {"consumptions": items})
    told = created(answer, 202)["rejected"]
    assert [(item["index"], item["code"]) for item in told] == [(1, "InsufficientCredits")]
    assert api.balance(wallet.customer, wallet.currency) == -1
    check_books(wire, wallet.customer)


def test_a_currency_that_denies(api: Api, wire: Wire, customer: str, strict: str) -> None:
    wallet = Wallet(customer, strict)
    grant(api, wallet, 1)
    with pytest.raises(stigg.APIStatusError) as caught:
        consume(api, wallet, 2)
    assert caught.value.status_code == 402
    key = fresh("key")
    consume(api, wallet, 1, idempotency_key=key)
    # Left out, it is the currency's word, in the comparison of keys too.
    consume(api, wallet, 1, idempotency_key=key, **REJECT)
    consume(api, wallet, 1, extra_body={"onInsufficient": "OVERDRAFT"})
    assert api.balance(wallet.customer, strict) == -1
    check_books(wire, customer)


def test_the_currency_shows_it_only_where_it_was_set(wire: Wire, currency: str, strict: str) -> None:
    path = f"/api/v1/credits/custom-currencies/{strict}"
    assert created(wire.patch(path, {}), 200)["overdraft"] == "DENY"
    assert created(wire.patch(path, {"overdraft": "ALLOW"}), 200)["overdraft"] == "ALLOW"
    assert "overdraft" not in created(wire.patch(path, {"overdraft": None}), 200)
    assert "overdraft" not in created(wire.patch(f"/api/v1/credits/custom-currencies/{currency}", {}), 200)


@pytest.mark.parametrize("word", ["reject", "", "DENY", 1, True, ["REJECT"]], ids=json.dumps)
def test_words_that_are_none(wire: Wire, api: Api, wallet: Wallet, word: Any) -> None:
    answer = wire.post(PATH, wallet.consume_body(onInsufficient=word))
    check_refusal(answer, 400, "BadUserInput", "onInsufficient")
    answer = wire.post(f"{PATH}/async", {"consumptions": [wallet.consume_body(onInsufficient=word)]})
    check_refusal(answer, 400, "BadUserInput", "onInsufficient")
    assert story(api, wallet) == []


@pytest.mark.parametrize("word", ["deny", "", "REJECT", 1, ["DENY"]], ids=json.dumps)
def test_defaults_that_are_none(wire: Wire, currency: str, word: Any) -> None:
    body = {"id": fresh("credits"), "displayName": "C", "overdraft": word}
    check_refusal(wire.post("/api/v1/credits/custom-currencies", body), 400, "BadUserInput", "overdraft")
    answer = wire.patch(f"/api/v1/credits/custom-currencies/{currency}", {"overdraft": word})
    check_refusal(answer, 400, "BadUserInput", "overdraft")
