"""Reserve and settle: credits set aside leave the balance at once, and come back but for what the job took."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.books import check_books, rows
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, consume, from_now, grant, iso, new_currency, new_customer, story
from support.wire import Wire, exact

PATH = "/api/v1/credits/reservations"
CLOCK = "/api/v1/test-clock"
START = datetime(2031, 3, 1, 12, tzinfo=UTC)


def check_path(customer: str) -> str:
    return f"/api/v1/customers/{customer}/entitlements/check"


def reserve(api: Api, wallet: Wallet, amount: float, reservation: str = "job", **options: Any) -> Any:
    scope = {"resource_id": wallet.resource} if wallet.resource else {}
    return api.credit(
        wallet.customer, wallet.currency, reserve_amount=amount, reservation_id=reservation, **scope, **options
    )


def release(api: Api, wallet: Wallet, consumed: float, reservation: str = "job") -> Any:
    return api.v1.credits.reservations.release(reservation, **wallet.ids(), consumed_amount=consumed).data


def extend(wire: Wire, wallet: Wallet, reservation: str = "job", **members: Any) -> Any:
    return wire.post(f"{PATH}/{reservation}/extend", wallet.body() | members)


def read(wire: Wire, wallet: Wallet, reservation: str = "job") -> Any:
    return exact(wire.get(f"{PATH}/{reservation}", **wallet.body()))["data"]


class TestReserve:
    def test_the_answer(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        before = datetime.now(UTC)
        credit = reserve(api, wallet, 30, x_account_id="a", x_environment_id="e")
        assert (credit.is_granted, credit.access_denied_reason) == (True, None)
        held = credit.reservation
        assert (held.id, held.amount, held.status) == ("job", 30, "ACTIVE")
        assert timedelta(seconds=3590) < held.expires_at - before < timedelta(seconds=3610)
        # Held credits are part of the usage at once.
        assert (credit.usage_limit, credit.current_usage, credit.reserved) == (100, 30, 30)
        assert not credit.reserved_on_expired_grants
        assert api.balance(wallet.customer, wallet.currency) == 70
        check_books(wire, wallet.customer)

    def test_it_is_never_kept_on_the_way(self, wire: Wire, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        for amount in (30, 300):
            answer = wire.get(
                check_path(wallet.customer), currencyId=wallet.currency, reserveAmount=amount, reservationId=f"r{amount}"
            )
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")

    def test_asking_for_the_headers_holds_nothing(self, wire: Wire, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        query = {"currencyId": wallet.currency, "reserveAmount": "30", "reservationId": "r"}
        assert wire.client.head(check_path(wallet.customer), params=query).status_code == 405
        assert api.balance(wallet.customer, wallet.currency) == 100

    def test_short_and_nothing_is_held(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        consume(api, wallet, 70.000000001)
        credit = reserve(api, wallet, 30)
        assert (credit.is_granted, credit.access_denied_reason) == (False, "InsufficientCredits")
        assert credit.reservation is None and not credit.reserved
        assert len(rows(wire, wallet.customer)) == 2
        # A denial is not remembered: the repeat is decided anew, and may be another request.
        grant(api, wallet, 1)
        assert reserve(api, wallet, 30.5).is_granted

    def test_requested_usage_is_ignored(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        assert reserve(api, wallet, 30, requested_usage=1000).is_granted

    def test_a_soft_wallet_holds_no_more_than_it_has(self, api: Api, wallet: Wallet) -> None:
        consume(api, wallet, 5)
        assert reserve(api, wallet, 1).access_denied_reason == "InsufficientCredits"

    def test_denials(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        archived = new_customer(wire)
        assert wire.post(f"/api/v1/customers/{archived}/archive").status_code == 200
        for denied, reason in [
            (Wallet("nobody", wallet.currency), "CustomerNotFound"),
            (Wallet(archived, wallet.currency), "CustomerIsArchived"),
            (Wallet(wallet.customer, "nothing"), "EntitlementNotFound"),
            (Wallet(new_customer(wire), wallet.currency), "InsufficientCredits"),
            (Wallet(wallet.customer, wallet.currency, "site"), "CustomerResourceNotFound"),
        ]:
            credit = reserve(api, denied, 1)
            assert (credit.is_granted, credit.access_denied_reason) == (False, reason)
            assert (credit.usage_limit, credit.current_usage, credit.reservation) == (0, 0, None)

    def test_an_archived_currency_goes_on(self, api: Api, wire: Wire, customer: str) -> None:
        wallet = Wallet(customer, new_currency(wire))
        grant(api, wallet, 10)
        api.currencies.archive(wallet.currency)
        assert reserve(api, wallet, 4).is_granted
        assert release(api, wallet, 3).credit.current_usage == 3

    def test_wallets_share_no_names(self, api: Api, customer: str, currency: str, other_currency: str) -> None:
        wallets = [Wallet(customer, currency), Wallet(customer, currency, "site"), Wallet(customer, other_currency)]
        for n, wallet in enumerate(wallets, 1):
            grant(api, wallet, 10)
            assert reserve(api, wallet, n).reservation.amount == n
        release(api, wallets[1], 0)
        assert [reserve(api, wallet, n).reserved or 0 for n, wallet in enumerate(wallets, 1)] == [1, 0, 3]

    @pytest.mark.parametrize("name", ["r 1/2", "ä€💳", "..a", "%2F", "x" * 255, "a?b&c=d#e", "release"])
    def test_any_name(self, api: Api, wire: Wire, wallet: Wallet, name: str) -> None:
        grant(api, wallet, 10)
        assert reserve(api, wallet, 4, name).reservation.id == name
        settled = release(api, wallet, 1, name)
        assert (settled.reservation.id, settled.reservation.consumed_amount) == (name, 1)
        assert [row["eventType"] for row in rows(wire, wallet.customer, reservationId=name)] == [
            "CREDITS_RESERVATION_RELEASED", "CREDITS_RESERVED",
        ]


class TestRepeats:
    def test_the_same_while_it_is_open(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        first = reserve(api, wallet, 30, reservation_metadata='{"a":"b","c":"d"}')
        consume(api, wallet, 70)
        again = reserve(api, wallet, 30.0, reservation_ttl_seconds=3600, reservation_metadata='{"c":"d", "a":"b"}')
        assert again.is_granted and again.reservation == first.reservation
        assert again.current_usage == 100
        assert len(rows(wire, wallet.customer)) == 3

    def test_closed_it_holds_nothing(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        first = reserve(api, wallet, 30)
        release(api, wallet, 10)
        again = reserve(api, wallet, 30)
        assert again.is_granted
        assert (again.reservation.status, again.reservation.amount) == ("RELEASED", 30)
        assert again.reservation.expires_at == first.reservation.expires_at
        assert (again.current_usage, again.reserved or 0) == (10, 0)

    @pytest.mark.parametrize("closed", [False, True])
    def test_another_request_is_a_conflict(self, api: Api, wallet: Wallet, closed: bool) -> None:
        grant(api, wallet, 100)
        expires_at = reserve(api, wallet, 30).reservation.expires_at
        if closed:
            release(api, wallet, 10)
        for amount, options in [
            (31, {}),
            (30, {"reservation_ttl_seconds": 3599}),
            # The same instant, but another request as sent.
            (30, {"reservation_expires_at": expires_at}),
            (30, {"reservation_metadata": '{"a":"b"}'}),
        ]:
            with refuses(409, "DuplicatedEntityNotAllowed", naming="reservationId"):
                reserve(api, wallet, amount, **options)


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"reservationId": ""}, "BadUserInput", "reservationId"),
    ({"reservationId": "a\nb"}, "BadUserInput", "reservationId"),
    ({"reservationId": "x" * 256}, "BadUserInput", "reservationId"),
    ({"reserveAmount": ""}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "0"}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "-5"}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "0.0000000004"}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "five"}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "NaN"}, "BadUserInput", "reserveAmount"),
    ({"reserveAmount": "1e16"}, "AmountTooLarge", "reserveAmount"),
    ({"reserveAmount": "1e400"}, "AmountTooLarge", "reserveAmount"),
    ({"reservationTtlSeconds": "0"}, "BadUserInput", "reservationTtlSeconds"),
    ({"reservationTtlSeconds": "-1"}, "BadUserInput", "reservationTtlSeconds"),
    ({"reservationTtlSeconds": "86401"}, "BadUserInput", "reservationTtlSeconds"),
    ({"reservationTtlSeconds": "1.5"}, "BadUserInput", "reservationTtlSeconds"),
    ({"reservationTtlSeconds": "hour"}, "BadUserInput", "reservationTtlSeconds"),
    ({"reservationExpiresAt": "later"}, "BadUserInput", "reservationExpiresAt"),
    ({"reservationExpiresAt": "2001-01-01T00:00:00Z"}, "BadUserInput", "reservationExpiresAt"),
    ({"reservationExpiresAt": "2101-01-01T00:00:00Z"}, "BadUserInput", "reservationExpiresAt"),
    ({"reservationMetadata": ""}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": "a"}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": "null"}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": "[]"}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": '{"a":1}'}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": '{"a":null}'}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": '{"a":{}}'}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": '{"a":"b","a":"c"}'}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": '{"a":"b"} x'}, "BadUserInput", "reservationMetadata"),
    ({"reservationMetadata": json.dumps({"a" * 256: "b"})}, "InvalidMetadataError", "reservationMetadata"),
    ({"reservationMetadata": json.dumps({"a": "b" * 2001})}, "InvalidMetadataError", "reservationMetadata"),
    ({"reservationMetadata": json.dumps({str(n): "" for n in range(51)})}, "InvalidMetadataError",
     "reservationMetadata"),
    ({"featureId": "seats"}, "BadUserInput", "featureId"),
]


class TestBadInput:
    @pytest.mark.parametrize(("wrong", "code", "naming"), WRONG, ids=lambda each: str(each)[:40])
    def test_of_the_check(self, wire: Wire, wallet: Wallet, wrong: dict[str, str], code: str, naming: str) -> None:
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(10)).status_code == 201
        query = {"currencyId": wallet.currency, "reserveAmount": "5", "reservationId": "r"} | wrong
        check_refusal(wire.get(check_path(wallet.customer), **query), 400, code, naming)
        assert len(rows(wire, wallet.customer)) == 1

    def test_together(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        with refuses(400, "BadUserInput", naming="reservationTtlSeconds"):
            reserve(api, wallet, 5, reservation_ttl_seconds=60, reservation_expires_at=from_now(hours=1))
        with refuses(400, "BadUserInput", naming="featureId"):
            api.customers.check_entitlement(wallet.customer, feature_id="f", reserve_amount=5, reservation_id="r")

    def test_without_its_other_half(self, api: Api, wallet: Wallet) -> None:
        with refuses(400, "BadUserInput", naming="reservationId"):
            api.credit(wallet.customer, wallet.currency, reserve_amount=5)
        for alone in (
            {"reservation_id": "r"}, {"reservation_ttl_seconds": 60}, {"reservation_expires_at": from_now(hours=1)},
            {"reservation_metadata": "{}"},
        ):
            with refuses(400, "BadUserInput", naming="reserveAmount"):
                api.credit(wallet.customer, wallet.currency, **alone)

    def test_the_bounds_themselves(self, api: Api, wallet: Wallet) -> None:
        grant(api, wallet, 10)
        for n, ttl in enumerate((1, 86_400)):
            assert reserve(api, wallet, 1, f"ttl{n}", reservation_ttl_seconds=ttl).is_granted
        latest = from_now(hours=24)
        assert reserve(api, wallet, 1, "at", reservation_expires_at=latest).reservation.expires_at == latest
        with refuses(400, "BadUserInput", naming="reservationExpiresAt"):
            reserve(api, wallet, 1, "over", reservation_expires_at=from_now(hours=24, minutes=1))

    @pytest.mark.parametrize(
        ("wrong", "status", "code", "naming"),
        [
            ({"consumedAmount": -1}, 400, "BadUserInput", "consumedAmount"),
            ({"consumedAmount": "1"}, 400, "BadUserInput", "consumedAmount"),
            ({"consumedAmount": None}, 400, "BadUserInput", "consumedAmount"),
            ({"consumedAmount": 1e16}, 400, "AmountTooLarge", "consumedAmount"),
            ({"customerId": "-"}, 400, "BadUserInput", "customerId"),
            ({"currencyId": "a@b"}, 400, "BadUserInput", "currencyId"),
            ({"resourceId": ""}, 400, "BadUserInput", "resourceId"),
            ({"other": 1}, 400, "BadUserInput", "other"),
            ({"customerId": "nobody"}, 404, "CustomerNotFound", "customerId"),
            ({"currencyId": "nothing"}, 404, "CustomCurrencyNotFound", "currencyId"),
            ({"resourceId": "site"}, 404, "CreditReservationNotFound", "reservationId"),
        ],
    )
    def test_of_a_release(
        self, wire: Wire, wallet: Wallet, wrong: dict[str, Any], status: int, code: str, naming: str
    ) -> None:
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(10)).status_code == 201
        assert wire.post(PATH, wallet.body() | {"reservationId": "r", "amount": 5}).status_code == 200
        body = wallet.body() | {"consumedAmount": 1} | wrong
        check_refusal(wire.post(f"{PATH}/r/release", body), status, code, naming)
        assert read(wire, wallet, "r")["status"] == "ACTIVE"

    def test_an_unknown_reservation(self, api: Api, wallet: Wallet) -> None:
        with refuses(404, "CreditReservationNotFound", naming="reservationId"):
            release(api, wallet, 1, "nothing")


class TestRelease:
    @pytest.mark.parametrize(("consumed", "left"), [(20, 80), (30, 70), (45, 55), (0, 100), (130, -30)])
    def test_less_exactly_more_zero_and_too_much(
        self, api: Api, wire: Wire, wallet: Wallet, consumed: float, left: float
    ) -> None:
        made = grant(api, wallet, 100)
        held = reserve(api, wallet, 30).reservation
        settled = release(api, wallet, consumed)
        told = settled.reservation
        assert (told.id, told.amount, told.consumed_amount, told.status) == ("job", 30, consumed, "RELEASED")
        assert told.expires_at == held.expires_at
        assert settled.credit.usage_limit - settled.credit.current_usage == left
        assert api.balance(wallet.customer, wallet.currency) == left
        released = next(row for row in story(api, wallet) if row[0] == "CREDITS_RESERVATION_RELEASED")
        assert released == ("CREDITS_RESERVATION_RELEASED", 30 - consumed, made.id)
        check_books(wire, wallet.customer)

    def test_twice_is_once(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        reserve(api, wallet, 30)
        first = release(api, wallet, 20)
        consume(api, wallet, 5)
        for consumed in (20, 0, 29, 1000):
            again = release(api, wallet, consumed)
            assert again.reservation == first.reservation
            assert again.credit.current_usage == 25
        assert len(rows(wire, wallet.customer)) == 4
        check_books(wire, wallet.customer)

    def test_of_an_archived_customer(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        reserve(api, wallet, 30)
        api.customers.archive(wallet.customer)
        assert release(api, wallet, 10).credit.current_usage == 10

    def test_rows(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        """A row for the reservation, and in it a part for each grant."""
        first, second = grant(api, wallet, 20, priority=1), grant(api, wallet, 100, priority=2)
        reserve(api, wallet, 30, reservation_metadata='{"job":"render"}')
        release(api, wallet, 45)
        page = api.ledger(wallet.customer, reservation_id="job")
        released, reserved = page.data
        for row in page.data:
            assert (row.reservation_id, row.credit_grant_id) == ("job", first.id)
        assert reserved.metadata == {"job": "render"}
        assert (reserved.event_type, reserved.amount) == ("CREDITS_RESERVED", -30)
        parts = [(part.event_type, part.amount, part.credit_grant_id) for part in reserved.breakdown]
        assert parts == [("CREDITS_RESERVED", -20, first.id), ("CREDITS_RESERVED", -10, second.id)]
        assert (released.event_type, released.amount) == ("CREDITS_RESERVATION_RELEASED", -15)
        assert released.hold_returned_amount == 30
        parts = [(part.event_type, part.amount, part.credit_grant_id) for part in released.breakdown]
        assert parts == [("CREDITS_CONSUMED", -20, first.id), ("CREDITS_CONSUMED", -25, second.id)]
        assert api.ledger(wallet.customer, reservation_id="other").data == []
        check_books(wire, wallet.customer)


class TestExtensions:
    def test_create(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        body = wallet.body() | {"reservationId": "job", "amount": 30, "metadata": {"a": "b"}}
        first = exact(wire.post(PATH, body))["data"]
        assert first["reservation"]["status"] == "ACTIVE"
        assert (first["credit"]["currentUsage"], first["credit"]["usageLimit"]) == (30, 100)
        # It is the same as through the check.
        held = reserve(api, wallet, 30, reservation_metadata='{"a":"b"}').reservation
        assert iso(held.expires_at) == first["reservation"]["expiresAt"]
        check_refusal(wire.post(PATH, body | {"amount": 31}), 409, "DuplicatedEntityNotAllowed", "reservationId")
        check_refusal(wire.post(PATH, body | {"reservationId": "n", "amount": 71}), 402, "InsufficientCredits")
        assert wire.post(f"/api/v1/customers/{wallet.customer}/archive").status_code == 200
        check_refusal(wire.post(PATH, body | {"reservationId": "m"}), 400, "EntityIsArchivedError", "customerId")

    def test_get(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        held = reserve(api, wallet, 30, reservation_metadata='{"a":"b"}').reservation
        told = read(wire, wallet)
        assert told == wallet.body() | {
            "id": "job", "resourceId": None, "amount": 30, "expiresAt": iso(held.expires_at), "status": "ACTIVE",
            "createdAt": told["createdAt"], "metadata": {"a": "b"},
        }
        release(api, wallet, 20)
        assert read(wire, wallet) == told | {"status": "RELEASED", "consumedAmount": 20}
        query = wallet.body() | {"resourceId": "site"}
        check_refusal(wire.get(f"{PATH}/job", **query), 404, "CreditReservationNotFound", "reservationId")

    def test_list(self, api: Api, wire: Wire, customer: str, currency: str, other_currency: str) -> None:
        wallets = [Wallet(customer, currency), Wallet(customer, currency, "site"), Wallet(customer, other_currency)]
        for n, wallet in enumerate(wallets):
            grant(api, wallet, 100)
            for k in range(3):
                reserve(api, wallet, 1, f"{n}{k}")
        release(api, wallets[1], 0, "11")

        def ids(**query: Any) -> list[str]:
            found, after = [], {}
            while True:
                page = wire.get(PATH, customerId=customer, limit=2, **query, **after).json()
                found += [item["id"] for item in page["data"]]
                if page["pagination"]["next"] is None:
                    return found
                after = {"after": page["pagination"]["next"]}

        assert ids(status="ACTIVE") == ["22", "21", "20", "12", "10", "02", "01", "00"]
        assert ids(currencyId=currency) == ["12", "10", "02", "01", "00"]
        assert ids(resourceId="site") == ["12", "10"]
        assert ids(resourceId="unknown") == []
        check_refusal(wire.get(PATH, customerId=customer, status="RELEASED"), 400, "BadUserInput", "status")
        check_refusal(wire.get(PATH, customerId="nobody"), 404, "CustomerNotFound", "customerId")

    def test_extend(self, api: Api, wire: Wire, wallet: Wallet) -> None:
        grant(api, wallet, 100)
        reserve(api, wallet, 30)
        later = from_now(hours=23)
        told = exact(extend(wire, wallet, expiresAt=iso(later)))["data"]
        assert told["reservation"] == {"id": "job", "amount": 30, "expiresAt": iso(later), "status": "ACTIVE"}
        assert told["credit"]["currentUsage"] == 30
        # A repeated reserve tells of it, and so does a release.
        assert reserve(api, wallet, 30).reservation.expires_at == later
        sooner = exact(extend(wire, wallet, ttlSeconds=60))["data"]["reservation"]["expiresAt"]
        assert sooner < iso(from_now(minutes=2))
        assert len(rows(wire, wallet.customer)) == 2
        check_refusal(extend(wire, wallet, ttlSeconds=86_401), 400, "BadUserInput", "ttlSeconds")
        check_refusal(extend(wire, wallet, expiresAt="2001-01-01"), 400, "BadUserInput", "expiresAt")
        check_refusal(extend(wire, wallet, ttlSeconds=1, expiresAt=iso(later)), 400, "BadUserInput", "expiresAt")
        check_refusal(extend(wire, wallet, "other"), 404, "CreditReservationNotFound", "reservationId")
        api.customers.archive(wallet.customer)
        assert extend(wire, wallet).status_code == 200
        release(api, wallet, 0)
        check_refusal(extend(wire, wallet), 400, "InvalidArgumentError")


@pytest.fixture(scope="module")
def days(box: Wire) -> Callable[[], datetime]:
    """Days of their own for every test."""
    count = iter(range(1, 1000))

    def next_day() -> datetime:
        now = START + timedelta(days=10 * next(count))
        assert box.post(CLOCK, {"now": iso(now)}).status_code == 200
        return now

    return next_day


@pytest.fixture
def till(box: Wire, money: str) -> Wallet:
    return Wallet(new_customer(box), money)


class TestTime:
    """In a sandbox, whose clock the tests move."""

    def move(self, box: Wire, to: datetime) -> None:
        assert box.post(CLOCK, {"now": iso(to)}).status_code == 200

    def test_it_ends_at_the_exact_instant(
        self, boxed: Api, box: Wire, till: Wallet, days: Callable[[], datetime]
    ) -> None:
        now = days()
        made = grant(boxed, till, 100)
        assert reserve(boxed, till, 30, reservation_ttl_seconds=60).reservation.expires_at == now + timedelta(minutes=1)
        self.move(box, now + timedelta(seconds=59, milliseconds=999))
        assert boxed.balance(till.customer, till.currency) == 70
        self.move(box, now + timedelta(minutes=5))
        assert boxed.balance(till.customer, till.currency) == 100
        ended = boxed.ledger(till.customer).data[0]
        assert (ended.event_type, ended.amount) == ("CREDITS_RESERVATION_EXPIRED", 30)
        assert ended.timestamp == now + timedelta(minutes=1)
        (part,) = ended.breakdown
        assert (part.event_type, part.amount, part.credit_grant_id) == ("CREDITS_RESERVATION_EXPIRED", 30, made.id)
        again = reserve(boxed, till, 30, reservation_ttl_seconds=60)
        assert (again.is_granted, again.reservation.status, again.current_usage) == (True, "RELEASED", 0)
        closed = read(box, till)
        assert (closed["status"], closed["consumedAmount"]) == ("RELEASED", 0)
        check_refusal(extend(box, till), 400, "InvalidArgumentError")
        check_books(box, till.customer)

    def test_an_extended_one_ends_then(
        self, boxed: Api, box: Wire, till: Wallet, days: Callable[[], datetime]
    ) -> None:
        now = days()
        grant(boxed, till, 100)
        reserve(boxed, till, 30, reservation_ttl_seconds=60)
        assert extend(box, till, ttlSeconds=7200).status_code == 200
        self.move(box, now + timedelta(hours=1))
        assert boxed.balance(till.customer, till.currency) == 70
        self.move(box, now + timedelta(hours=2))
        assert boxed.balance(till.customer, till.currency) == 100
        assert boxed.ledger(till.customer).data[0].timestamp == now + timedelta(hours=2)

    def test_late_it_is_a_normal_consumption_once(
        self, boxed: Api, box: Wire, till: Wallet, days: Callable[[], datetime]
    ) -> None:
        now = days()
        grant(boxed, till, 100)
        reserve(boxed, till, 30)
        self.move(box, now + timedelta(hours=2))
        for consumed in (20, 5):
            settled = release(boxed, till, consumed)
            told = settled.reservation
            assert (told.consumed_amount, told.status, settled.credit.current_usage) == (20, "RELEASED", 20)
        released = boxed.ledger(till.customer, reservation_id="job").data[0]
        assert (released.event_type, released.amount) == ("CREDITS_RESERVATION_RELEASED", -20)
        assert released.hold_returned_amount == 0
        check_books(box, till.customer)

    @pytest.mark.parametrize("ended", ["expired", "voided"])
    def test_a_grant_ends_under_a_hold(
        self, boxed: Api, box: Wire, till: Wallet, days: Callable[[], datetime], ended: str
    ) -> None:
        now = days()
        expiry = now + timedelta(minutes=10)
        made = grant(boxed, till, 100, **({"expire_at": expiry} if ended == "expired" else {}))
        grant(boxed, till, 5, priority=90)
        reserve(boxed, till, 30)
        if ended == "expired":
            self.move(box, expiry)
        else:
            boxed.grants.void(made.id)
        credit = boxed.credit(till.customer, till.currency)
        assert (credit.usage_limit, credit.current_usage) == (5, 0)
        assert (credit.reserved or 0, credit.reserved_on_expired_grants) == (0, 30)
        assert release(boxed, till, 20).credit.current_usage == 0
        lost, released = boxed.ledger(till.customer).data[:2]
        assert (released.amount, released.hold_returned_amount) == (10, 30)
        event_type = {"expired": "CREDITS_EXPIRED", "voided": "CREDITS_VOIDED"}[ended]
        assert (lost.event_type, lost.amount, lost.credit_grant_id) == (event_type, -10, made.id)
        assert boxed.balance(till.customer, till.currency) == 5

    def test_a_repeat_whose_instant_has_passed(
        self, boxed: Api, box: Wire, till: Wallet, days: Callable[[], datetime]
    ) -> None:
        now = days()
        grant(boxed, till, 100)
        at = now + timedelta(minutes=1)
        reserve(boxed, till, 30, reservation_expires_at=at)
        self.move(box, now + timedelta(hours=1))
        assert reserve(boxed, till, 30, reservation_expires_at=at).reservation.status == "RELEASED"
        with refuses(400, "BadUserInput", naming="reservationExpiresAt"):
            reserve(boxed, till, 30, "new", reservation_expires_at=at)


class TestParallel:
    def at_once(self, calls: list[Callable[[], Any]]) -> list[Any]:
        gate = threading.Barrier(len(calls))

        def run(call: Callable[[], Any]) -> Any:
            gate.wait()
            return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def reserving(self, server: Server, wallet: Wallet, name: str) -> Callable[[], bool]:
        def call() -> bool:
            client = Wire(server.url, server.production_key)
            query = {"currencyId": wallet.currency, "reserveAmount": 75, "reservationId": name}
            told = client.get(check_path(wallet.customer), **query).json()["data"]
            client.close()
            assert told["isGranted"] or told["accessDeniedReason"] == "InsufficientCredits"
            assert ("reservation" in told) is told["isGranted"]
            granted: bool = told["isGranted"]
            return granted

        return call

    def releasing(self, server: Server, wallet: Wallet, name: str) -> Callable[[], None]:
        def call() -> None:
            client = Wire(server.url, server.production_key)
            answer = client.post(f"{PATH}/{name}/release", wallet.body() | {"consumedAmount": 0})
            assert answer.status_code == 200, answer.text
            client.close()

        return call

    def test_twenty_of_75_on_500(self, server: Server, wire: Wire, wallet: Wallet) -> None:
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(500)).status_code == 201
        granted = self.at_once([self.reserving(server, wallet, f"a{n}") for n in range(20)])
        assert sum(granted) == 6
        told = exact(wire.get(check_path(wallet.customer), currencyId=wallet.currency))["data"]
        assert (told["usageLimit"], told["currentUsage"], told["reserved"]) == (500, 450, 450)
        check_books(wire, wallet.customer)

    def test_while_releases_race(self, server: Server, wire: Wire, wallet: Wallet) -> None:
        """What is free is never given twice: at no row does the balance fall below zero."""
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(500)).status_code == 201
        held = [name for name in (f"a{n}" for n in range(6)) if self.reserving(server, wallet, name)()]
        assert len(held) == 6
        reserving = [self.reserving(server, wallet, f"b{n}") for n in range(20)]
        outcomes = self.at_once([*reserving, *(self.releasing(server, wallet, name) for name in held)])
        granted = outcomes[:20].count(True)
        told = exact(wire.get(check_path(wallet.customer), currencyId=wallet.currency))["data"]
        assert granted <= 6 and told["reserved"] == told["currentUsage"] == 75 * granted
        assert all(row["balanceAfter"] >= 50 for row in rows(wire, wallet.customer))
        # Now that all are released, as many fit as before.
        more = self.at_once([self.reserving(server, wallet, f"c{n}") for n in range(20)])
        assert granted + sum(more) == 6
        check_books(wire, wallet.customer)

    def test_one_name_many_times(self, server: Server, wire: Wire, wallet: Wallet) -> None:
        assert wire.post("/api/v1/credits/grants", wallet.grant_body(500)).status_code == 201
        assert self.at_once([self.reserving(server, wallet, "one") for _ in range(20)]) == [True] * 20
        assert len(rows(wire, wallet.customer)) == 2
        self.at_once([self.releasing(server, wallet, "one") for _ in range(20)])
        assert len(rows(wire, wallet.customer)) == 3
        check_books(wire, wallet.customer)
