"""A short balance never refuses: the deficit goes to an overdraft grant, and the next credits settle it."""

from __future__ import annotations

from typing import Any

from support.books import check_books
from support.driver import Api
from support.shop import Wallet, consume, from_now, grant, story
from support.wire import Wire


def overdrafts(api: Api, wallet: Wallet) -> list[Any]:
    return [made for made in api.grants.list(customer_id=wallet.customer, currency_id=wallet.currency)
            if made.grant_type == "OVERDRAFT"]


def test_the_documented_example(api: Api, wire: Wire, wallet: Wallet) -> None:
    first = grant(api, wallet, 10)
    answer = consume(api, wallet, 25)
    assert (answer.amount, answer.credit.usage_limit, answer.credit.current_usage) == (25, 10, 25)

    (overdraft,) = overdrafts(api, wallet)
    assert (overdraft.display_name, overdraft.amount, overdraft.consumed_amount) == ("Overdraft", 0, 15)
    assert (overdraft.status, overdraft.payment_collection, overdraft.priority) == ("ACTIVE", "NOT_REQUIRED", 100)
    assert (overdraft.cost.amount, overdraft.expire_at, overdraft.latest_invoice) == (0, None, None)
    assert api.balance(wallet.customer, wallet.currency) == -15
    assert api.credit(wallet.customer, wallet.currency).is_granted is False
    check_books(wire, wallet.customer)

    second = grant(api, wallet, 50)
    assert (second.amount, second.consumed_amount) == (50, 15)
    (settled,) = overdrafts(api, wallet)
    assert (settled.id, settled.status, settled.consumed_amount) == (overdraft.id, "VOIDED", 0)
    assert settled.voided_at is not None
    assert api.balance(wallet.customer, wallet.currency) == 35
    told = story(api, wallet)
    assert told[:4] == [
        ("CREDITS_GRANTED", 10, first.id),
        ("CREDITS_CONSUMED", -10, first.id), ("CREDITS_CONSUMED", -15, overdraft.id),
        ("CREDITS_GRANTED", 50, second.id),
    ]
    assert sorted(told[4:6]) == [
        ("CREDITS_CONSUMPTION_TRANSFER_SOURCE", 15, overdraft.id),
        ("CREDITS_CONSUMPTION_TRANSFER_TARGET", -15, second.id),
    ]
    assert told[6:] == [("CREDITS_VOIDED", 0, overdraft.id)]
    check_books(wire, wallet.customer)


def test_a_partial_cover_leaves_a_smaller_deficit(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 15)
    (overdraft,) = overdrafts(api, wallet)
    small = grant(api, wallet, 10)
    assert small.consumed_amount == 10
    (still,) = overdrafts(api, wallet)
    assert (still.id, still.status, still.consumed_amount) == (overdraft.id, "ACTIVE", 5)
    assert api.balance(wallet.customer, wallet.currency) == -5
    # It took no credits of its own, so its arrival is not an event of the ledger.
    assert [event for event, _, made in story(api, wallet) if made == overdraft.id] == [
        "CREDITS_CONSUMED", "CREDITS_CONSUMPTION_TRANSFER_SOURCE",
    ]
    check_books(wire, wallet.customer)


def test_one_overdraft_grows(api: Api, wire: Wire, wallet: Wallet) -> None:
    for amount in (1, 2.5, 3):
        consume(api, wallet, amount)
    (overdraft,) = overdrafts(api, wallet)
    assert overdraft.consumed_amount == 6.5
    check_books(wire, wallet.customer)


def test_a_settled_overdraft_is_not_used_again(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 5)
    grant(api, wallet, 5)
    consume(api, wallet, 2)
    newer, older = overdrafts(api, wallet)
    assert newer.id != older.id
    assert (newer.status, newer.consumed_amount, older.status, older.consumed_amount) == ("ACTIVE", 2, "VOIDED", 0)
    check_books(wire, wallet.customer)


def test_an_exact_cover_settles_to_zero(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 0.3)
    made = grant(api, wallet, 0.3)
    assert made.consumed_amount == 0.3
    assert api.balance(wallet.customer, wallet.currency) == 0
    assert [overdraft.status for overdraft in overdrafts(api, wallet)] == ["VOIDED"]
    check_books(wire, wallet.customer)


def test_a_scheduled_grant_settles_nothing_yet(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 5)
    assert grant(api, wallet, 50, effective_at=from_now(days=1)).consumed_amount == 0
    assert api.balance(wallet.customer, wallet.currency) == -5
    check_books(wire, wallet.customer)


def test_overdrafts_are_kept_per_resource(api: Api, wire: Wire, customer: str, currency: str) -> None:
    own, site = Wallet(customer, currency), Wallet(customer, currency, "site")
    consume(api, own, 1)
    consume(api, site, 2)
    grant(api, site, 2)
    assert api.balance(customer, currency) == -1
    assert api.balance(customer, currency, resource_id="site") == 0
    check_books(wire, customer)
