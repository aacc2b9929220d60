"""Usage where it is harder: many groups, a moved clock, refunds, cursors of other questions, a restart."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, created, fresh, iso, new_currency, new_customer
from support.wire import Wire, exact

PATH = "/api/v1/credits/usage"
CONSUMPTION = "/api/v1/credits/consumption"
REFUND = "/api/v1/credits/consumption/refund"
RESERVATIONS = "/api/v1/credits/reservations"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)
USERS = 1_200
NOON = datetime(2031, 3, 31, 12, 34, 56, tzinfo=UTC)


@pytest.fixture(scope="module")
def box(box: Wire) -> Wire:
    move(box, NOON)
    return box


@pytest.fixture
def wallet(box: Wire, money: str) -> Wallet:
    return Wallet(new_customer(box), money)


def move(box: Wire, now: datetime) -> None:
    assert box.post("/api/v1/test-clock", {"now": iso(now)}).status_code == 200


def now(box: Wire, wallet: Wallet) -> datetime:
    told = created(box.get("/api/v1/credits/balances/explain", **wallet.body()), 200)
    return datetime.fromisoformat(told["at"])


def consume(box: Wire, wallet: Wallet, amount: Any, **fields: Any) -> None:
    created(box.post(CONSUMPTION, wallet.consume_body(amount, **fields)), 200)


def usage(box: Wire, wallet: Wallet, **query: Any) -> Any:
    answer = box.get(PATH, **wallet.body(), **query)
    assert answer.status_code == 200, answer.text
    return exact(answer)["data"]


def only(box: Wire, wallet: Wallet, **query: Any) -> tuple[Decimal, int, dict[str, tuple[Decimal, int]]]:
    """The one series: its total, its events, and its points that are not empty."""
    (series,) = usage(box, wallet, **query)["series"]
    points = {
        point["timestamp"]: (point["value"], point["eventCount"])
        for point in series["points"] if point["value"] or point["eventCount"]
    }
    return series["totalCredits"], series["eventCount"], points


def every(box: Wire, wallet: Wallet, **query: Any) -> list[Any]:
    """All series, page by page."""
    found, after = [], {}
    while True:
        told = usage(box, wallet, limit=100, **query, **after)
        found += told["series"]
        if told["pagination"]["next"] is None:
            return found
        after = {"after": told["pagination"]["next"]}


@pytest.fixture(scope="module")
def busy(box: Wire, money: str) -> Wallet:
    wallet = Wallet(new_customer(box), money)
    items = [
        wallet.consume_body(number % 7 + 1, dimensions={"user": f"u{number}", "model": f"m{number % 3}"})
        for number in range(USERS)
    ]
    # The first hundred come twice, so that a set is not an event.
    items += [wallet.consume_body(0.25, dimensions=item["dimensions"]) for item in items[:100]]
    for at in range(0, len(items), 650):
        created(box.post(f"{CONSUMPTION}/async", {"consumptions": items[at : at + 650]}), 202)
    return wallet


class TestManyGroups:
    """More distinct sets of dimensions in one hour than are rolled up: exact all the same."""

    def expected(self) -> dict[int, Decimal]:
        return {
            number: Decimal(number % 7 + 1) + (Decimal("0.25") if number < 100 else 0)
            for number in range(USERS)
        }

    def test_each_is_a_series(self, box: Wire, busy: Wallet) -> None:
        found = every(box, busy, groupBy="user", timeRange="LAST_DAY")
        assert {one["tags"][0]["value"]: one["totalCredits"] for one in found} == {
            f"u{number}": amount for number, amount in self.expected().items()
        }
        assert len(found) == USERS
        totals = [one["totalCredits"] for one in found]
        assert totals == sorted(totals, reverse=True)
        assert Counter(one["eventCount"] for one in found) == {1: USERS - 100, 2: 100}
        for one in found:
            assert [point["value"] for point in one["points"]] == [0] * 23 + [one["totalCredits"]]

    def test_they_add_up_to_fewer(self, box: Wire, busy: Wallet) -> None:
        by_model: Counter[str] = Counter()
        for number, amount in self.expected().items():
            by_model[f"m{number % 3}"] += amount  # type: ignore[assignment]
        found = every(box, busy, groupBy="model", timeRange="LAST_DAY")
        assert {one["tags"][0]["value"]: one["totalCredits"] for one in found} == by_model
        assert sum(one["eventCount"] for one in found) == USERS + 100
        total, events, _ = only(box, busy, timeRange="LAST_DAY")
        assert (total, events) == (sum(self.expected().values()), USERS + 100)
        both = every(box, busy, groupBy="model,user,featureId", timeRange="LAST_DAY")
        assert len(both) == USERS
        assert [[tag["key"] for tag in one["tags"]] for one in both[:2]] == [["model", "user"]] * 2


class TestRanges:
    """What LAST_… means at an instant that is known."""

    @pytest.mark.parametrize(
        ("name", "begins"),
        [
            ("LAST_DAY", [datetime(2031, 3, 30, 13, tzinfo=UTC) + n * HOUR for n in range(24)]),
            ("LAST_WEEK", [datetime(2031, 3, 25, tzinfo=UTC) + n * DAY for n in range(7)]),
            ("LAST_MONTH", [datetime(2031, 3, 2, tzinfo=UTC) + n * DAY for n in range(30)]),
            ("LAST_YEAR", [datetime(2030 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(3, 15)]),
        ],
    )
    def test_their_buckets(self, box: Wire, wallet: Wallet, name: str, begins: list[datetime]) -> None:
        assert now(box, wallet) == NOON
        before, after = begins[0] - TICK, begins[-1] - TICK
        for amount, attributed in ((1, before), (2, begins[0]), (4, after), (8, begins[-1]), (16, NOON)):
            consume(box, wallet, amount, createdAt=iso(attributed))
        (series,) = usage(box, wallet, timeRange=name)["series"]
        assert [point["timestamp"] for point in series["points"]] == [iso(begin) for begin in begins]
        values = [point["value"] for point in series["points"]]
        # The instant before the range is left out; the one before a bucket belongs to the bucket before.
        assert values == [2] + [0] * (len(begins) - 3) + [4, 24]
        assert (series["totalCredits"], series["eventCount"]) == (30, 4)
        if name == "LAST_MONTH":
            assert usage(box, wallet)["series"] == [series]

    def test_they_go_on_with_the_clock(self, box: Wire, wallet: Wallet) -> None:
        """A range ends with the current bucket. What is attributed beyond is seen when its time has come."""
        start = now(box, wallet).replace(minute=58) + HOUR
        move(box, start)
        consume(box, wallet, 1)
        consume(box, wallet, 2, createdAt=iso(start + timedelta(minutes=4)))
        this, coming = iso(start.replace(minute=0, second=0)), iso(start.replace(minute=0, second=0) + HOUR)
        assert only(box, wallet, timeRange="LAST_DAY") == (1, 1, {this: (1, 1)})
        move(box, start + timedelta(minutes=3))
        assert only(box, wallet, timeRange="LAST_DAY") == (3, 2, {this: (1, 1), coming: (2, 1)})
        move(box, start + 23 * HOUR)
        assert only(box, wallet, timeRange="LAST_DAY") == (3, 2, {this: (1, 1), coming: (2, 1)})
        move(box, start + 24 * HOUR)
        assert only(box, wallet, timeRange="LAST_DAY") == (2, 1, {coming: (2, 1)})


class TestRefunds:
    """They reduce what they undo, where and when it was, and are no events."""

    def test_of_another_day(self, box: Wire, wallet: Wallet) -> None:
        first = now(box, wallet)
        day = iso(first.replace(hour=0, minute=0, second=0, microsecond=0))
        key = fresh("key")
        consume(box, wallet, 8, idempotencyKey=key, dimensions={"model": "large"})
        consume(box, wallet, 1, dimensions={"model": "small"})
        move(box, first + 2 * DAY)
        body = wallet.body() | {"consumptionKey": key}
        created(box.post(REFUND, body | {"idempotencyKey": "r1", "amount": 3}), 200)
        assert only(box, wallet) == (6, 2, {day: (6, 2)})
        # The two days since, in which nothing but the refund was made, show nothing.
        assert only(box, wallet, startDate=iso(first + DAY), endDate=iso(first + 2 * DAY)) == (0, 0, {})
        created(box.post(REFUND, body | {"idempotencyKey": "r2"}), 200)
        assert only(box, wallet) == (1, 2, {day: (1, 2)})
        found = every(box, wallet, groupBy="model")
        told = [(one["tags"][0]["value"], one["totalCredits"], one["eventCount"]) for one in found]
        assert told == [("small", 1, 1), ("large", 0, 1)]

    def test_of_a_release(self, box: Wire, wallet: Wallet) -> None:
        start = now(box, wallet)
        created(box.post("/api/v1/credits/grants", wallet.grant_body(100)))
        created(box.post(RESERVATIONS, wallet.body() | {"reservationId": "job", "amount": 30}), 200)
        # What is held is not used yet.
        assert only(box, wallet, timeRange="LAST_DAY") == (0, 0, {})
        created(box.post(f"{RESERVATIONS}/job/release", wallet.body() | {"consumedAmount": 45}), 200)
        hour = iso(start.replace(minute=0, second=0, microsecond=0))
        assert only(box, wallet, timeRange="LAST_DAY") == (45, 1, {hour: (45, 1)})
        move(box, start + 2 * HOUR)
        body = wallet.body() | {"reservationId": "job", "idempotencyKey": "r", "amount": 40}
        created(box.post(REFUND, body), 200)
        assert only(box, wallet, timeRange="LAST_DAY") == (5, 1, {hour: (5, 1)})

    def test_what_is_no_usage(self, box: Wire, wallet: Wallet) -> None:
        """Grants, settlements, expiries and voids move credits without using any."""
        consume(box, wallet, 10)
        start = now(box, wallet)
        created(box.post("/api/v1/credits/grants", wallet.grant_body(30, expireAt=iso(start + HOUR))))
        made = created(box.post("/api/v1/credits/grants", wallet.grant_body(5)))
        created(box.post(f"/api/v1/credits/grants/{made['id']}/void"), 200)
        move(box, start + 2 * HOUR)
        total, events, _ = only(box, wallet, timeRange="LAST_DAY")
        assert (total, events) == (10, 1)


@pytest.fixture(scope="module")
def asked(box: Wire, money: str) -> dict[str, str]:
    wallet = Wallet(new_customer(box), money)
    for resource in (None, "site"):
        for number in range(1, 6):
            scoped = Wallet(wallet.customer, money, resource)
            consume(box, scoped, number, dimensions={"user": f"u{number}", "model": "m"},
                    createdAt="2031-02-01T00:00:00Z")
    stretch = {"startDate": "2031-01-01T00:00:00Z", "endDate": "2031-03-01T00:00:00Z"}
    return wallet.body() | {"groupBy": "user", "limit": "2"} | stretch


class TestCursors:
    @pytest.mark.parametrize("side", ["after", "before"])
    def test_of_another_question(self, box: Wire, asked: dict[str, str], side: str) -> None:
        first = exact(box.get(PATH, **asked))["data"]["pagination"]["next"]
        second = exact(box.get(PATH, **asked, after=first))["data"]["pagination"]
        cursor = second["next"] if side == "after" else second["prev"]
        # It is good for the question that it answers, on pages of any length.
        for limit in ("2", "3"):
            assert box.get(PATH, **(asked | {"limit": limit, side: cursor})).status_code == 200
        others: list[dict[str, str | None]] = [
            {"customerId": new_customer(box)}, {"currencyId": new_currency(box)}, {"resourceId": "site"},
            {"groupBy": "model"}, {"groupBy": "user,model"}, {"groupBy": None}, {"startDate": "2031-01-02"},
            {"endDate": None}, {"endDate": "2031-03-02"}, {"startDate": None, "endDate": None},
        ]
        for other in others:
            query = {name: value for name, value in (asked | other).items() if value is not None}
            check_refusal(box.get(PATH, **query, **{side: cursor}), 400, "BadUserInput", side)

    def test_of_another_list(self, box: Wire, wallet: Wallet) -> None:
        for _ in range(3):
            created(box.post("/api/v1/credits/grants", wallet.grant_body(1)))
        lists = ("/api/v1/credits/grants", "/api/v1/credits/ledger")
        pages = [box.get(path, customerId=wallet.customer, limit=1).json()["pagination"] for path in lists]
        event = box.get("/api/v1/events-log", limit=1).json()["data"][0]["messageId"]
        for cursor in (*(page["next"] for page in pages), event):
            assert cursor is not None
            check_refusal(box.get(PATH, **wallet.body(), after=cursor), 400, "BadUserInput", "after")


def test_it_outlives_the_process(own_server: Server, box: Wire, wallet: Wallet) -> None:
    """Killed, and ended gently: the same answers, and what comes after is added."""
    for number in range(40):
        consume(box, wallet, number + 1, dimensions={"user": f"u{number % 8}"})
    questions: list[dict[str, Any]] = [
        {}, {"groupBy": "user"}, {"timeRange": "LAST_YEAR"}, {"groupBy": "user", "limit": 3},
    ]
    before = [usage(box, wallet, **query) for query in questions]
    assert before[0]["series"][0]["totalCredits"] == 820
    own_server.restart_after_kill()
    again = Wire(own_server.url, own_server.sandbox_key)
    assert [usage(again, wallet, **query) for query in questions] == before
    assert own_server.stop() == 0
    own_server.start()
    assert [usage(again, wallet, **query) for query in questions] == before
    # A cursor of an earlier life goes on.
    after = before[3]["pagination"]["next"]
    assert len(usage(again, wallet, groupBy="user", limit=3, after=after)["series"]) == 3
    consume(again, wallet, 5)
    assert usage(again, wallet)["series"][0]["totalCredits"] == 825
    again.close()
