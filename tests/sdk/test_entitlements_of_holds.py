"""What the entitlement check says while credits are held, and when that will change by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, created, fresh, grant, iso, new_currency, new_customer
from support.wire import Wire

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def clock(box: Wire) -> Clock:
    return Clock(box)


@pytest.fixture(scope="module")
def money(box: Wire, clock: Clock) -> str:
    return new_currency(box)


@pytest.fixture
def api(boxed: Api) -> Api:
    return boxed


@pytest.fixture
def wallet(box: Wire, money: str) -> Wallet:
    return Wallet(new_customer(box), money)


class Clock:
    def __init__(self, box: Wire) -> None:
        self.box = box
        self.now = datetime(2031, 1, 1, tzinfo=UTC)
        self.move(timedelta(0))

    def move(self, delta: timedelta) -> None:
        self.now += delta
        assert self.box.post("/api/v1/test-clock", {"now": iso(self.now)}).status_code == 200


def check(api: Api, wallet: Wallet, **options: Any) -> Any:
    """The check by the official SDK. Where nothing was asked, the list must say the same."""
    told = api.credit(wallet.customer, wallet.currency, **options)
    if not options:
        (listed,) = api.customers.retrieve_entitlements(wallet.customer).data.entitlements
        assert listed.to_dict() == told.to_dict()
    return told


def hold(api: Api, wallet: Wallet, amount: float, until: datetime) -> str:
    name = fresh("job")
    options = {"reserve_amount": amount, "reservation_id": name, "reservation_expires_at": until}
    assert api.credit(wallet.customer, wallet.currency, **options).is_granted
    return name


def test_it_changes_when_the_next_hold_ends(api: Api, clock: Clock, wallet: Wallet) -> None:
    begin, first, second, end = (clock.now + n * HOUR for n in (1, 2, 3, 5))
    grant(api, wallet, 100, expire_at=end)
    assert check(api, wallet).valid_until == end
    hold(api, wallet, 10, second)
    hold(api, wallet, 10, first)
    assert check(api, wallet).valid_until == first
    grant(api, wallet, 5, effective_at=begin)
    for at, then, reserved in ((begin, first, 20), (first, second, 10), (second, end, 0)):
        assert check(api, wallet).valid_until == at
        clock.move(at - clock.now)
        told = check(api, wallet)
        assert (told.valid_until, told.reserved or 0) == (then, reserved)


def test_a_released_hold_changes_nothing_more(api: Api, clock: Clock, wallet: Wallet) -> None:
    grant(api, wallet, 100)
    name = hold(api, wallet, 10, clock.now + HOUR)
    assert check(api, wallet).valid_until == clock.now + HOUR
    api.v1.credits.reservations.release(name, consumed_amount=4, **wallet.ids())
    told = check(api, wallet)
    assert (told.valid_until, told.current_usage, told.reserved or 0) == (None, 4, 0)


def test_held_credits_grant_no_access(api: Api, clock: Clock, wallet: Wallet) -> None:
    grant(api, wallet, 30)
    hold(api, wallet, 25, clock.now + HOUR)
    assert check(api, wallet, requested_usage=5).is_granted
    assert check(api, wallet, requested_usage=6).access_denied_reason == "InsufficientCredits"
    hold(api, wallet, 5, clock.now + 2 * HOUR)
    told = check(api, wallet)
    assert (told.is_granted, told.usage_limit, told.current_usage, told.reserved) == (False, 30, 30, 30)
    clock.move(HOUR)
    told = check(api, wallet)
    assert (told.is_granted, told.current_usage, told.reserved) == (True, 5, 5)


@pytest.mark.parametrize("ended", ["expired", "voided"])
def test_holds_on_a_dead_grant_stand_apart(api: Api, clock: Clock, wallet: Wallet, ended: str) -> None:
    """They are in neither number, and the balance is right without them."""
    made = grant(api, wallet, 40, priority=1, expire_at=clock.now + HOUR)
    grant(api, wallet, 10, priority=2)
    consume(api, wallet, 5)
    hold(api, wallet, 38, clock.now + 3 * HOUR)
    told = check(api, wallet)
    assert (told.usage_limit, told.current_usage, told.reserved) == (50, 43, 38)
    assert not told.reserved_on_expired_grants
    if ended == "voided":
        api.grants.void(made.id)
    else:
        clock.move(HOUR)
    told = check(api, wallet)
    assert (told.usage_limit, told.current_usage) == (10, 3)
    assert (told.reserved, told.reserved_on_expired_grants) == (3, 35)
    clock.move(3 * HOUR)
    told = check(api, wallet)
    assert (told.usage_limit, told.current_usage, told.valid_until) == (10, 0, None)
    assert not told.reserved and not told.reserved_on_expired_grants


def test_the_end_of_a_period(api: Api, box: Wire, clock: Clock, wallet: Wallet) -> None:
    body = wallet.body() | {"amount": 100, "cadence": "MONTH", "displayName": "Basic"}
    period = created(box.put(f"/api/v1/credits/recurring-grants/{fresh('basic')}", body), 200)
    end = datetime.fromisoformat(period["nextPeriodAt"])
    told = check(api, wallet)
    assert (told.usage_period_end, told.valid_until) == (end, end)
    grant(api, wallet, 10, expire_at=clock.now + DAY)
    told = check(api, wallet)
    assert (told.usage_period_end, told.valid_until) == (end, clock.now + DAY)
    assert consume(api, wallet, 1).credit.usage_period_end == end


def test_the_future_is_not_told(box: Wire, clock: Clock, wallet: Wallet) -> None:
    """By the clock of the sandbox, whatever the real one says."""
    soon = iso(clock.now + timedelta(milliseconds=1))
    for path in ("/api/v1/credits/balances", "/api/v1/credits/balances/explain"):
        check_refusal(box.get(path, **wallet.body(), at=soon), 400, "BadUserInput", "at")
        assert box.get(path, **wallet.body(), at=iso(clock.now)).status_code == 200
