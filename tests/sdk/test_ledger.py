"""The ledger: shape of a row, order, every filter, pages both ways, and that it adds up to the balance."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.paging import check_paging
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, from_now, grant, iso
from support.wire import Wire

ALWAYS_PRESENT = set(
    "timestamp eventType amount customerId resourceId creditGrantId creditCurrencyId featureId eventId".split()
)


def amounts(rows: Any) -> list[float]:
    return [row.amount for row in rows]


def test_the_shape_of_a_row(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 10)
    answer = api.v1.credits.with_raw_response.list_ledger(customer_id=wallet.customer)
    (row,) = json.loads(answer.text)["data"]
    assert row.keys() >= ALWAYS_PRESENT
    expected = {
        "eventType": "CREDITS_GRANTED", "amount": 10, "customerId": wallet.customer, "resourceId": None,
        "creditGrantId": made.id, "creditCurrencyId": wallet.currency, "featureId": None,
        "timestamp": iso(made.created_at),
    }
    assert {name: row[name] for name in expected} == expected


def test_newest_first_in_pages_both_ways(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    for n in range(1, 8):
        consume(api, wallet, n)
    check_paging(
        lambda **paging: api.ledger(wallet.customer, **paging),
        [str(-n) for n in range(7, 0, -1)] + ["100"],
        key=lambda rows: [f"{row.amount:g}" for row in rows],
    )
    check_books(wire, wallet.customer)


def test_rows_of_one_consumption_keep_their_order_across_pages(api: Api, wallet: Wallet) -> None:
    for priority in range(6):
        grant(api, wallet, 1 + priority, priority=priority)
    consume(api, wallet, 21)
    check_paging(
        lambda **paging: api.ledger(wallet.customer, event_type="CREDITS_CONSUMED", **paging),
        ["-6", "-5", "-4", "-3", "-2", "-1"],
        key=lambda rows: [f"{row.amount:g}" for row in rows],
    )


class TestFilters:
    @pytest.fixture
    def busy(self, api: Api, customer: str, currency: str, other_currency: str) -> str:
        """Three wallets of one customer; the pauses make their order in time certain."""
        for wallet, amount in (
            (Wallet(customer, currency), 1),
            (Wallet(customer, currency, "site"), 2),
            (Wallet(customer, other_currency), 4),
        ):
            grant(api, wallet, amount)
            time.sleep(0.005)
            consume(api, wallet, amount / 2)
            time.sleep(0.005)
        return customer

    def test_none(self, api: Api, wire: Wire, busy: str) -> None:
        """Without a filter, all wallets: resources too."""
        page = api.ledger(busy, limit=50, x_account_id="a", x_environment_id="e")
        assert amounts(page.data) == [-2, 4, -1, 2, -0.5, 1]
        check_books(wire, busy)

    def test_currency(self, api: Api, busy: str, currency: str, other_currency: str) -> None:
        assert amounts(api.ledger(busy, currency_id=currency)) == [-1, 2, -0.5, 1]
        assert amounts(api.ledger(busy, currency_id=other_currency)) == [-2, 4]

    def test_resource(self, api: Api, busy: str) -> None:
        assert amounts(api.ledger(busy, resource_id="site")) == [-1, 2]
        assert amounts(api.ledger(busy, resource_id="unknown")) == []

    def test_event_types(self, api: Api, busy: str) -> None:
        assert amounts(api.ledger(busy, event_type="CREDITS_CONSUMED")) == [-2, -1, -0.5]
        assert amounts(api.ledger(busy, event_type="CREDITS_VOIDED")) == []
        both = api.ledger(busy, event_type="CREDITS_GRANTED,CREDITS_CONSUMED")
        assert amounts(both) == [-2, 4, -1, 2, -0.5, 1]
        assert amounts(api.ledger(busy, event_type="CREDITS_GRANTED,CREDITS_VOIDED")) == [4, 2, 1]

    def test_reservation(self, api: Api, busy: str) -> None:
        assert amounts(api.ledger(busy, reservation_id="none such")) == []

    def test_together_and_in_pages(self, api: Api, busy: str, currency: str) -> None:
        page = api.ledger(busy, currency_id=currency, resource_id="site", event_type="CREDITS_GRANTED", limit=1)
        assert amounts(page) == [2]
        walked = api.ledger(busy, event_type="CREDITS_CONSUMED", limit=1)
        assert [amounts(each.data) for each in walked.pages()] == [[-2], [-1], [-0.5]]

    @pytest.mark.parametrize("events", ["CREDITS_STOLEN", "CREDITS_GRANTED,x", "credits_granted"])
    def test_unknown_event_types(self, api: Api, customer: str, events: str) -> None:
        with refuses(400, "BadUserInput", naming="eventType"):
            api.ledger(customer, event_type=events)

    def test_unknown_ids(self, api: Api, customer: str) -> None:
        with refuses(404, "CustomerNotFound"):
            api.ledger("nobody")
        with refuses(404, "CustomCurrencyNotFound"):
            api.ledger(customer, currency_id="nothing")

    def test_cursors_with_other_filters(self, api: Api, busy: str) -> None:
        cursor = api.ledger(busy, event_type="CREDITS_GRANTED", limit=1).next
        more = {"event_type": "CREDITS_GRANTED", "resource_id": "site"}
        for filters in ({}, {"event_type": "CREDITS_CONSUMED"}, more):
            with refuses(400, "BadUserInput", naming="after"):
                api.ledger(busy, after=cursor, **filters)
        # The very same filters are fine.
        assert amounts(api.ledger(busy, event_type="CREDITS_GRANTED", after=cursor)) == [2, 1]

    def test_both_cursors(self, api: Api, busy: str) -> None:
        middle = api.ledger(busy, limit=2, after=api.ledger(busy, limit=2).next)
        with refuses(400, "BadUserInput", naming="before"):
            api.ledger(busy, after=middle.next, before=middle.prev)


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_limits_out_of_range(wire: Wire, customer: str, limit: str) -> None:
    check_refusal(wire.get("/api/v1/credits/ledger", customerId=customer, limit=limit), 400, "BadUserInput", "limit")


def test_the_customer_must_be_named(wire: Wire) -> None:
    check_refusal(wire.get("/api/v1/credits/ledger"), 400, "BadUserInput", "customerId")


def test_a_row_carries_the_attributed_time_and_stands_where_it_was_recorded(api: Api, wallet: Wallet) -> None:
    grant(api, wallet, 10)
    yesterday = from_now(days=-1)
    consume(api, wallet, 1, created_at=yesterday)
    consume(api, wallet, 2)
    newest, back_dated, granted = api.ledger(wallet.customer).data
    assert (newest.amount, back_dated.amount, granted.amount) == (-2, -1, 10)
    assert back_dated.timestamp == yesterday
    assert newest.timestamp >= granted.timestamp > yesterday


def test_a_long_story_adds_up(api: Api, wire: Wire, wallet: Wallet) -> None:
    """Everything that can happen to a wallet at once, awkward decimals included."""
    grant(api, wallet, 0.1, priority=1)
    grant(api, wallet, 0.2, priority=2, expire_at=from_now(days=1))
    consume(api, wallet, 0.15)
    consume(api, wallet, 1.000000001)
    grant(api, wallet, 0.7, effective_at=from_now(days=1))
    second = grant(api, wallet, 0.333333333)
    third = grant(api, wallet, 5, grant_type="PAID")
    consume(api, wallet, 0.000000001)
    api.grants.void(third.id)
    consume(api, wallet, 2)
    assert second.consumed_amount == 0.333333333
    check_books(wire, wallet.customer)
