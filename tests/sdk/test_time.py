"""What time does on its own: grants begin and end at their exact instants, whether or not anybody looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import refuses
from support.shop import Wallet, consume, created, grant, iso, new_currency, new_customer, read_grant
from support.wire import Wire

HOUR = timedelta(hours=1)
TICK = timedelta(milliseconds=1)


class Clock:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.now = datetime(2030, 1, 1, tzinfo=UTC)
        self.move_to(self.now)

    def move_to(self, instant: datetime) -> None:
        assert created(self.wire.post("/api/v1/test-clock", {"now": iso(instant)}), 200) == {"now": iso(instant)}
        self.now = instant

    def move(self, delta: timedelta) -> None:
        self.move_to(self.now + delta)


@pytest.fixture(scope="module")
def clock(box: Wire) -> Clock:
    return Clock(box)


@pytest.fixture(scope="module")
def money(box: Wire, clock: Clock) -> str:
    return new_currency(box)


@pytest.fixture
def api(boxed: Api, clock: Clock) -> Api:
    return boxed


@pytest.fixture
def wallet(box: Wire, money: str) -> Wallet:
    return Wallet(new_customer(box), money)


def rows(api: Api, wallet: Wallet) -> list[tuple[str, float, str, datetime]]:
    """Oldest first, with their instants."""
    page = api.ledger(wallet.customer, currency_id=wallet.currency, limit=100)
    return [(row.event_type, row.amount, row.credit_grant_id, row.timestamp) for row in reversed(list(page))]


def numbers(api: Api, wallet: Wallet) -> tuple[float, float]:
    credit = api.credit(wallet.customer, wallet.currency)
    return credit.usage_limit, credit.current_usage


def state(wire: Wire, made: Any) -> str:
    status: str = read_grant(wire, made.id)["status"]
    return status


def test_a_grant_begins_at_its_instant(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    begin = clock.now + 5 * HOUR + TICK
    made = grant(api, wallet, 10, effective_at=begin)
    clock.move_to(begin - TICK)
    assert (state(box, made), numbers(api, wallet), rows(api, wallet)) == ("SCHEDULED", (0, 0), [])
    clock.move_to(begin)
    assert (state(box, made), numbers(api, wallet)) == ("ACTIVE", (10, 0))
    assert rows(api, wallet) == [("CREDITS_GRANTED", 10, made.id, begin)]
    check_books(box, wallet.customer)


def test_a_grant_ends_at_its_instant_and_takes_its_remainder(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    start, end = clock.now, clock.now + 3 * HOUR
    made = grant(api, wallet, 10, expire_at=end)
    consume(api, wallet, 2.5)
    clock.move_to(end - TICK)
    assert (state(box, made), numbers(api, wallet)) == ("ACTIVE", (10, 2.5))
    clock.move_to(end)
    assert (state(box, made), numbers(api, wallet)) == ("EXPIRED", (0, 0))
    # Long after, the row still tells the exact instant.
    clock.move(50 * HOUR)
    assert rows(api, wallet) == [
        ("CREDITS_GRANTED", 10, made.id, start), ("CREDITS_CONSUMED", -2.5, made.id, start),
        ("CREDITS_EXPIRED", -7.5, made.id, end),
    ]
    ended = read_grant(box, made.id)
    assert (ended["amount"], ended["consumedAmount"], ended["voidedAt"]) == (10, 2.5, None)
    check_books(box, wallet.customer)


def test_balances_are_right_before_any_row_is_read(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    """A balance folds what is due without writing; the rows come later and say the same."""
    begin, end = clock.now + HOUR, clock.now + 2 * HOUR
    grant(api, wallet, 10, effective_at=begin, expire_at=end)
    clock.move_to(begin)
    assert numbers(api, wallet) == (10, 0)
    clock.move_to(end)
    assert numbers(api, wallet) == (0, 0)
    assert [(event, amount, when) for event, amount, _, when in rows(api, wallet)] == [
        ("CREDITS_GRANTED", 10, begin), ("CREDITS_EXPIRED", -10, end),
    ]
    check_books(box, wallet.customer)


def test_the_end_of_a_used_up_grant_is_a_row_of_nothing(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    end = clock.now + HOUR
    made = grant(api, wallet, 4, expire_at=end)
    consume(api, wallet, 4)
    clock.move_to(end)
    assert rows(api, wallet)[-1] == ("CREDITS_EXPIRED", 0, made.id, end)
    check_books(box, wallet.customer)


def test_what_expired_is_not_burnt(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    gone = grant(api, wallet, 10, expire_at=clock.now + HOUR)
    kept = grant(api, wallet, 10)
    clock.move(HOUR)
    consume(api, wallet, 3)
    assert read_grant(box, gone.id)["consumedAmount"] == 0
    assert read_grant(box, kept.id)["consumedAmount"] == 3
    # Nor does a consumption that is dated back into its life bring it to life again.
    consume(api, wallet, 1, created_at=clock.now - 2 * HOUR)
    assert read_grant(box, gone.id)["consumedAmount"] == 0
    assert numbers(api, wallet) == (10, 4)
    check_books(box, wallet.customer)


def test_a_beginning_settles_the_debt(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    start, begin = clock.now, clock.now + HOUR
    consume(api, wallet, 15)
    made = grant(api, wallet, 50, effective_at=begin)
    assert numbers(api, wallet) == (0, 15)
    clock.move_to(begin + HOUR)
    assert numbers(api, wallet) == (50, 15)
    assert read_grant(box, made.id)["consumedAmount"] == 15
    told = rows(api, wallet)
    overdraft = told[0][2]
    assert told[:2] == [("CREDITS_CONSUMED", -15, overdraft, start), ("CREDITS_GRANTED", 50, made.id, begin)]
    assert sorted(told[2:4]) == [
        ("CREDITS_CONSUMPTION_TRANSFER_SOURCE", 15, overdraft, begin),
        ("CREDITS_CONSUMPTION_TRANSFER_TARGET", -15, made.id, begin),
    ]
    assert told[4:] == [("CREDITS_VOIDED", 0, overdraft, begin)]
    check_books(box, wallet.customer)


def test_at_one_instant_beginnings_come_before_ends(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    turn = clock.now + HOUR
    old = grant(api, wallet, 10, expire_at=turn)
    second = grant(api, wallet, 2, effective_at=turn)
    third = grant(api, wallet, 3, effective_at=turn)
    clock.move_to(turn)
    assert [row[:3] for row in rows(api, wallet)[1:]] == [
        ("CREDITS_GRANTED", 2, second.id), ("CREDITS_GRANTED", 3, third.id), ("CREDITS_EXPIRED", -10, old.id),
    ]
    assert numbers(api, wallet) == (5, 0)
    check_books(box, wallet.customer)


def test_a_long_move_takes_everything_in_its_order(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    start = clock.now
    consume(api, wallet, 1)
    for n in range(1, 11):
        grant(api, wallet, n, effective_at=start + n * HOUR, expire_at=start + (n + 5) * HOUR)
    clock.move_to(start + 30 * HOUR)
    instants = [when for *_, when in rows(api, wallet)]
    assert instants == sorted(instants)
    happened = [(event, amount, (when - start) // HOUR) for event, amount, _, when in rows(api, wallet)]
    assert [each for each in happened if each[0] == "CREDITS_GRANTED"] == [
        ("CREDITS_GRANTED", n, n) for n in range(1, 11)
    ]
    assert [each for each in happened if each[0] == "CREDITS_EXPIRED"] == [
        # The first one paid the debt and had nothing left to lose.
        ("CREDITS_EXPIRED", -n if n > 1 else 0, n + 5) for n in range(1, 11)
    ]
    assert numbers(api, wallet) == (0, 0)
    check_books(box, wallet.customer)


def test_the_next_change_is_announced(api: Api, clock: Clock, wallet: Wallet) -> None:
    begin, end = clock.now + HOUR, clock.now + 2 * HOUR
    grant(api, wallet, 1, effective_at=begin, expire_at=end)
    assert api.credit(wallet.customer, wallet.currency).valid_until == begin
    clock.move_to(begin)
    assert api.credit(wallet.customer, wallet.currency).valid_until == end
    clock.move_to(end)
    assert api.credit(wallet.customer, wallet.currency).valid_until is None


def test_an_expired_grant_is_neither_voided_nor_changed(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    made = grant(api, wallet, 10, expire_at=clock.now + HOUR)
    clock.move(HOUR)
    with refuses(400, "CreditGrantCannotBeVoided"):
        api.grants.void(made.id)
    changed = box.patch(f"/api/v1/credits/grants/{made.id}", {"comment": "x"})
    assert (changed.status_code, changed.json()["code"]) == (400, "CannotUpdateExpireAtForExpiredCreditGrantError")
    longer = box.patch(f"/api/v1/credits/grants/{made.id}", {"expireAt": iso(clock.now + HOUR)})
    assert (longer.status_code, longer.json()["code"]) == (400, "CannotUpdateExpireAtForExpiredCreditGrantError")
    assert [row[0] for row in rows(api, wallet)] == ["CREDITS_GRANTED", "CREDITS_EXPIRED"]


def test_a_moved_expiry_is_the_one_that_counts(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    early, late = clock.now + HOUR, clock.now + 2 * HOUR
    longer, shorter = grant(api, wallet, 1, expire_at=early), grant(api, wallet, 2, expire_at=late)
    for made, expiry in ((longer, late), (shorter, early)):
        created(box.patch(f"/api/v1/credits/grants/{made.id}", {"expireAt": iso(expiry)}), 200)
    clock.move_to(late)
    ends = [(made, when) for event, _, made, when in rows(api, wallet) if event == "CREDITS_EXPIRED"]
    assert ends == [(shorter.id, early), (longer.id, late)]
    check_books(box, wallet.customer)


def test_an_archived_customer_grows_older(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    end = clock.now + HOUR
    grant(api, wallet, 10, expire_at=end)
    api.customers.archive(wallet.customer)
    clock.move_to(end + HOUR)
    assert rows(api, wallet)[-1][1::2] == (-10, end)
    api.customers.unarchive(wallet.customer)
    assert numbers(api, wallet) == (0, 0)
    check_books(box, wallet.customer)


def test_a_known_key_outlives_the_window_of_its_date(api: Api, clock: Clock, wallet: Wallet) -> None:
    """Times are not checked again for a consumption that is already in the books."""
    attributed = clock.now - timedelta(days=399)
    first = consume(api, wallet, 1, idempotency_key="old", created_at=attributed)
    clock.move(timedelta(days=3))
    again = consume(api, wallet, 1, idempotency_key="old", created_at=attributed)
    assert (again.timestamp, again.credit.current_usage) == (first.timestamp, 1)
    with refuses(400, "BadUserInput", naming="createdAt"):
        consume(api, wallet, 1, idempotency_key="new", created_at=attributed)


def test_rows_of_two_wallets_at_one_instant(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    """Between wallets: by currency, the one without a resource first. Within one: newest first."""
    second = new_currency(box)
    wallets = [Wallet(wallet.customer, money, resource)
               for money in sorted((wallet.currency, second)) for resource in (None, "a", "b")]
    for each in reversed(wallets):
        grant(api, each, 1)
        consume(api, each, 1)
    listed = [(row.credit_currency_id, row.resource_id, row.amount) for row in api.ledger(wallet.customer, limit=100)]
    assert listed == [(each.currency, each.resource, amount) for each in wallets for amount in (-1, 1)]
    # In pages too.
    walked = [(row.credit_currency_id, row.resource_id, row.amount) for row in api.ledger(wallet.customer, limit=5)]
    assert walked == listed
    api.currencies.archive(second)


def test_an_unpaid_grants_instants_pass_without_effect(api: Api, box: Wire, wallet: Wallet, clock: Clock) -> None:
    """An invoice follows the environment's clock; paid past its grant's end, the grant comes and goes at once."""
    made = grant(
        api, wallet, 50, grant_type="PAID", cost={"amount": 5, "currency": "usd"}, payment_collection_method="INVOICE",
        effective_at=clock.now + HOUR, expire_at=clock.now + 3 * HOUR, billing_information={"invoice_days_until_due": 1},
    )
    born = clock.now
    assert (made.latest_invoice.created_at, made.latest_invoice.due_date) == (born, born + timedelta(days=1))
    clock.move(3 * HOUR)
    assert read_grant(box, made.id)["status"] == "PAYMENT_PENDING"
    assert rows(api, wallet) == []
    paid = created(box.post(f"/api/v1/invoices/{made.invoice_id}/mark-paid"), 200)
    assert (paid["paidAt"], read_grant(box, made.id)["status"]) == (iso(clock.now), "EXPIRED")
    assert rows(api, wallet) == [
        ("CREDITS_GRANTED", 50, made.id, clock.now), ("CREDITS_EXPIRED", -50, made.id, clock.now),
    ]
    told = box.get("/api/v1/events-log", type="credit_grant.paid_after_expiry", limit=100).json()["data"]
    assert [event["grant"]["status"] for event in told if event["grant"]["id"] == made.id] == ["EXPIRED"]
    check_books(box, wallet.customer)
