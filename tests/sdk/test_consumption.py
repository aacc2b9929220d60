"""Consuming credits: the answer, what it is attributed to, and what it leaves in the books."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from support.books import check_books, resources
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, fresh, from_now, grant, iso, story
from support.wire import Wire

PATH = "/api/v1/credits/consumption"


def test_the_answer(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 1000)
    answer = api.consumption.with_raw_response.consume(**wallet.ids(), amount=10, idempotency_key=fresh("key"))
    assert answer.status == 200
    data = json.loads(answer.text)["data"]
    # A nullable field is present and null, as in every other answer.
    assert data["resourceId"] is None
    told = answer.value.data
    assert (told.customer_id, told.currency_id, told.amount) == (wallet.customer, wallet.currency, 10)
    assert (told.credit.currency_id, told.credit.usage_limit, told.credit.current_usage) == (wallet.currency, 1000, 10)
    assert told.credit.usage_period_end is None
    assert story(api, wallet)[-1] == ("CREDITS_CONSUMED", -10, made.id)
    assert api.ledger(wallet.customer).data[0].timestamp == told.timestamp
    check_books(wire, wallet.customer)


def test_every_argument_of_the_sdk(api: Api, wire: Wire, customer: str, currency: str) -> None:
    attributed = from_now(hours=-5)
    told = api.consumption.consume(
        amount=1.25, currency_id=currency, customer_id=customer, idempotency_key="k" * 255, created_at=attributed,
        dimensions={"model": "large", "tokens": 17, "rate": 0.5, "cached": True}, resource_id="site",
        x_account_id="a", x_environment_id="e",
    ).data
    assert (told.amount, told.timestamp, told.resource_id) == (1.25, attributed, "site")
    assert resources(wire, customer) == ["site"]
    (row,) = api.ledger(customer, resource_id="site").data
    assert (row.amount, row.timestamp, row.resource_id) == (-1.25, attributed, "site")
    check_books(wire, customer)


def test_the_version_of_a_balance_always_rises(api: Api, wallet: Wallet) -> None:
    """Clients keep the answer with the newest `credit.timestamp`."""
    grant(api, wallet, 100)
    versions = [consume(api, wallet, 1).credit.timestamp for _ in range(10)]
    assert versions == sorted(set(versions))


def test_a_version_is_told_in_microseconds(wire: Wire, wallet: Wallet) -> None:
    told = wire.post(PATH, wallet.consume_body()).json()["data"]["credit"]["timestamp"]
    assert len(told.rsplit(".", 1)[1].rstrip("Z")) == 6, told


@pytest.mark.parametrize("days", [-399, 0])
def test_how_far_back_a_consumption_may_be_dated(api: Api, wallet: Wallet, days: int) -> None:
    attributed = from_now(days=days, minutes=4)
    assert consume(api, wallet, 1, created_at=attributed).timestamp == attributed


# How far from now, which is when the test runs: that may be an hour after it was collected.
@pytest.mark.parametrize("far", [{"minutes": 30}, {"days": -401}, {"days": 400_000}])
def test_dates_out_of_range(api: Api, wallet: Wallet, far: dict[str, float]) -> None:
    with refuses(400, "BadUserInput", naming="createdAt"):
        consume(api, wallet, 1, created_at=from_now(**far))
    assert story(api, wallet) == []


def test_grants_are_chosen_by_the_time_of_processing(api: Api, wire: Wire, wallet: Wallet) -> None:
    """A consumption of yesterday is paid by what is usable today, though it was granted today."""
    made = grant(api, wallet, 10)
    consume(api, wallet, 1, created_at=made.created_at - timedelta(days=1))
    assert story(api, wallet)[-1] == ("CREDITS_CONSUMED", -1, made.id)
    check_books(wire, wallet.customer)


@pytest.mark.parametrize(
    ("spelling", "shift"),
    [
        ("%Y-%m-%dT%H:%M:%S", {}),
        ("%Y-%m-%dT%H:%M:%S+05:30", {"hours": -5, "minutes": -30}),
        ("%Y-%m-%dT%H:%M:%S.0Z", {}),
    ],
)
def test_the_spelling_of_an_instant(wire: Wire, wallet: Wallet, spelling: str, shift: dict[str, int]) -> None:
    clock_face = from_now(days=-2).replace(microsecond=0)
    answer = wire.post(PATH, wallet.consume_body(createdAt=clock_face.strftime(spelling)))
    assert answer.json()["data"]["timestamp"] == iso(clock_face + timedelta(**shift))


def test_null_is_the_same_as_absent(wire: Wire, wallet: Wallet) -> None:
    body = wallet.consume_body(resourceId=None, dimensions=None, createdAt=None)
    answer = wire.post(PATH, body)
    assert answer.status_code == 200, answer.text
    # And the same request without the nulls is the same request.
    without = {name: value for name, value in body.items() if value is not None}
    assert wire.post(PATH, without).json()["data"]["timestamp"] == answer.json()["data"]["timestamp"]


@pytest.mark.parametrize(
    "dimensions",
    [
        {"a": {"nested": 1}}, {"a": [1]}, {"a": None}, [], "x", {"a b": 1}, {"": 1}, {"k" * 65: 1}, {"a": "v" * 256},
        {f"k{n}": 1 for n in range(21)},
    ],
    ids=lambda dimensions: json.dumps(dimensions)[:30],
)
def test_dimensions_that_are_none(wire: Wire, api: Api, wallet: Wallet, dimensions: Any) -> None:
    answer = wire.post(PATH, wallet.consume_body(dimensions=dimensions))
    check_refusal(answer, 400, "BadUserInput", "dimensions")
    assert story(api, wallet) == []


def test_the_most_dimensions(wire: Wire, wallet: Wallet) -> None:
    dimensions = {f"key_$-{n}".ljust(64, "x"): "ä" * 255 for n in range(20)}
    assert wire.post(PATH, wallet.consume_body(dimensions=dimensions)).status_code == 200


def test_unknown_ids(api: Api, wallet: Wallet) -> None:
    with refuses(404, "CustomerNotFound"):
        consume(api, Wallet("nobody", wallet.currency), 1)
    with refuses(404, "CustomCurrencyNotFound"):
        consume(api, Wallet(wallet.customer, "nothing"), 1)
