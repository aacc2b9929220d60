"""Usage over time, read through the official SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.shop import Wallet, consume, fresh, from_now, grant, iso
from support.wire import Wire, exact

PATH = "/api/v1/credits/usage"


def usage(api: Api, wallet: Wallet, **options: Any) -> Any:
    return api.v1.credits.get_usage(customer_id=wallet.customer, currency_id=wallet.currency, **options).data


@pytest.mark.parametrize(
    ("time_range", "count", "step"),
    [("LAST_DAY", 24, timedelta(hours=1)), ("LAST_WEEK", 7, timedelta(days=1)), (None, 30, timedelta(days=1))],
)
def test_buckets(api: Api, wallet: Wallet, time_range: str | None, count: int, step: timedelta) -> None:
    consume(api, wallet, 2)
    consume(api, wallet, 3)
    told = usage(api, wallet, **({"time_range": time_range} if time_range else {}))
    (series,) = told.series
    assert (series.total_credits, series.event_count, series.feature_id) == (5, 2, None)
    assert len(series.points) == count
    starts = [point.timestamp for point in series.points]
    assert {later - sooner for sooner, later in zip(starts, starts[1:], strict=False)} == {step}
    # Of the last two: a bucket may end between the consumptions.
    assert sum(point.value for point in series.points[-2:]) == 5
    assert sum(point.event_count for point in series.points[-2:]) == 2
    assert sum(point.value for point in series.points[:-2]) == 0
    assert (told.currency.currency_id, told.pagination.next, told.pagination.prev) == (wallet.currency, None, None)


def test_a_year_of_months(api: Api, wallet: Wallet) -> None:
    consume(api, wallet, 1, created_at=from_now(days=-200))
    (series,) = usage(api, wallet, time_range="LAST_YEAR").series
    assert (len(series.points), series.total_credits) == (12, 1)
    (month,) = [point for point in series.points if point.value]
    attributed = datetime.now(UTC) - timedelta(days=200)
    assert (month.timestamp.year, month.timestamp.month, month.timestamp.day) == (attributed.year, attributed.month, 1)


def test_between_two_instants(api: Api, wallet: Wallet) -> None:
    for hours in (1, 2, 30):
        consume(api, wallet, hours, created_at=from_now(hours=-hours))
    end = from_now()
    (series,) = usage(api, wallet, start_date=end - timedelta(hours=3), end_date=end, time_range="LAST_YEAR").series
    assert (series.total_credits, len(series.points)) == (3, 4)
    (series,) = usage(api, wallet, start_date=from_now(hours=-31), end_date=from_now(hours=-29)).series
    assert series.total_credits == 30


def test_groups_and_pages(api: Api, wallet: Wallet) -> None:
    for number in range(1, 8):
        consume(api, wallet, number, dimensions={"user": f"u{number}", "model": "large" if number % 2 else "small"})
    consume(api, wallet, 100)
    told = usage(api, wallet, group_by="user")
    assert [(one.tags[0].value, one.total_credits) for one in told.series] == [
        ("", 100), *((f"u{number}", number) for number in range(7, 0, -1)),
    ]
    told = usage(api, wallet, group_by="featureId,model")
    assert [(one.tags[0].key, one.tags[0].value, one.total_credits, one.event_count) for one in told.series] == [
        ("model", "", 100, 1), ("model", "large", 16, 4), ("model", "small", 12, 3),
    ]
    seen, after = [], None
    while True:
        page = usage(api, wallet, group_by="user", limit=3, **({"after": after} if after else {}))
        seen.append([one.total_credits for one in page.series])
        after = page.pagination.next
        if after is None:
            break
    assert seen == [[100, 7, 6], [5, 4, 3], [2, 1]]
    back = usage(api, wallet, group_by="user", limit=3, before=page.pagination.prev)
    assert [one.total_credits for one in back.series] == [5, 4, 3]


def test_exact_and_refunded(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 1)
    key = fresh("key")
    consume(api, wallet, 0.3, idempotency_key=key)
    consume(api, wallet, 0.000000001)
    body = wallet.body() | {"idempotencyKey": fresh("refund"), "consumptionKey": key, "amount": 0.1}
    assert wire.post("/api/v1/credits/consumption/refund", body).status_code == 200
    told = exact(wire.get(PATH, customerId=wallet.customer, currencyId=wallet.currency))["data"]
    assert (told["series"][0]["totalCredits"], told["series"][0]["eventCount"]) == (Decimal("0.200000001"), 2)


def test_which_currency(api: Api, wire: Wire, customer: str, currency: str, other_currency: str) -> None:
    told = wire.get(PATH, customerId=customer).json()["data"]
    assert (told["currency"], told["series"]) == (None, [])
    consume(api, Wallet(customer, currency), 1)
    assert wire.get(PATH, customerId=customer).json()["data"]["currency"]["currencyId"] == currency
    consume(api, Wallet(customer, other_currency), 1)
    answer = check_refusal(wire.get(PATH, customerId=customer), 400, "BadUserInput", "currencyId")
    assert currency in answer["message"] and other_currency in answer["message"]
    nowhere = wire.get(PATH, customerId=customer, currencyId=currency, resourceId="unknown").json()["data"]
    assert nowhere["series"] == []


@pytest.mark.parametrize(
    ("query", "naming"),
    [
        ({"groupBy": "a,b,c,d"}, "groupBy"), ({"groupBy": "a b"}, "groupBy"), ({"groupBy": "a,,b"}, "groupBy"),
        ({"groupBy": "a,a"}, "groupBy"), ({"groupBy": ""}, "groupBy"), ({"timeRange": "LAST_HOUR"}, "timeRange"),
        ({"startDate": "soon"}, "startDate"), ({"startDate": "2026-01-02", "endDate": "2026-01-01"}, "startDate"),
        ({"startDate": iso(datetime(2999, 1, 1, tzinfo=UTC))}, "startDate"), ({"startDate": "1800-01-01"}, "startDate"),
        ({"endDate": "late"}, "endDate"), ({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"after": "x"}, "after"), ({"after": "x", "before": "y"}, "after"),
        ({"currencyId": "a@b"}, "currencyId"), ({"resourceId": "a@b"}, "resourceId"),
    ],
    ids=str,
)
def test_bad_queries(wire: Wire, wallet: Wallet, query: dict[str, str], naming: str) -> None:
    asked = {"customerId": wallet.customer, "currencyId": wallet.currency} | query
    check_refusal(wire.get(PATH, **asked), 400, "BadUserInput", naming)


def test_unknown(wire: Wire, customer: str) -> None:
    check_refusal(wire.get(PATH), 400, "BadUserInput", "customerId")
    check_refusal(wire.get(PATH, customerId="nobody"), 404, "CustomerNotFound", "customerId")
    check_refusal(wire.get(PATH, customerId=customer, currencyId="nothing"), 404, "CustomCurrencyNotFound", "currencyId")
