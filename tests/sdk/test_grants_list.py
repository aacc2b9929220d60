"""Listing grants: order, pages both ways, every filter, and cursors that do not belong."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from support.driver import Api
from support.paging import check_paging, ids
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, from_now, grant, iso, new_customer
from support.wire import Wire


def test_newest_first_in_pages_both_ways(api: Api, wallet: Wallet) -> None:
    made = [grant(api, wallet, n + 1).id for n in range(8)]
    check_paging(lambda **paging: api.grants.list(customer_id=wallet.customer, **paging), made[::-1])


def test_every_state_is_listed(api: Api, wallet: Wallet) -> None:
    voided = grant(api, wallet, 1)
    api.grants.void(voided.id)
    scheduled = grant(api, wallet, 1, effective_at=from_now(days=1))
    consume(api, wallet, 5)
    listed = list(api.grants.list(customer_id=wallet.customer, x_account_id="a", x_environment_id="e"))
    assert [(made.status, made.grant_type) for made in listed] == [
        ("ACTIVE", "OVERDRAFT"), ("SCHEDULED", "PROMOTIONAL"), ("VOIDED", "PROMOTIONAL"),
    ]
    assert ids(listed)[1:] == [scheduled.id, voided.id]


def test_a_listed_grant_is_the_grant(api: Api, wire: Wire, wallet: Wallet) -> None:
    grant(api, wallet, 2.5, metadata={"a": "b"}, comment="c")
    (listed,) = wire.get("/api/v1/credits/grants", customerId=wallet.customer).json()["data"]
    assert listed == wire.get(f"/api/v1/credits/grants/{listed['id']}").json()["data"]


def test_resources_are_listed_only_when_named(api: Api, customer: str, currency: str) -> None:
    own = grant(api, Wallet(customer, currency), 1)
    site = grant(api, Wallet(customer, currency, "site"), 2)
    assert ids(list(api.grants.list(customer_id=customer))) == [own.id]
    assert ids(list(api.grants.list(customer_id=customer, resource_id="site"))) == [site.id]
    assert list(api.grants.list(customer_id=customer, resource_id="unknown")) == []


def test_by_currency(api: Api, customer: str, currency: str, other_currency: str) -> None:
    one = grant(api, Wallet(customer, currency), 1)
    other = grant(api, Wallet(customer, other_currency), 2)
    assert ids(list(api.grants.list(customer_id=customer))) == [other.id, one.id]
    assert ids(list(api.grants.list(customer_id=customer, currency_id=currency))) == [one.id]
    assert ids(list(api.grants.list(customer_id=customer, currency_id=other_currency))) == [other.id]


def test_by_creation(api: Api, wallet: Wallet) -> None:
    made = []
    for _ in range(3):
        made.append(grant(api, wallet, 1))
        time.sleep(0.01)
    first, second, third = made
    middle = second.created_at

    def listed(**range_: datetime | str) -> list[str]:
        return ids(list(api.grants.list(customer_id=wallet.customer, created_at=range_)))

    assert listed(gt=middle) == [third.id]
    assert listed(gte=middle) == [third.id, second.id]
    assert listed(lt=middle) == [first.id]
    assert listed(lte=middle) == [second.id, first.id]
    assert listed(gt=first.created_at, lt=third.created_at) == [second.id]
    # As text, without an offset: UTC.
    assert listed(gte=middle.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")) == [third.id, second.id]
    assert listed(lt="2020-01-01") == []


def test_filters_hold_on_every_page(api: Api, customer: str, currency: str, other_currency: str) -> None:
    wanted = []
    for n in range(6):
        wanted.append(grant(api, Wallet(customer, currency), n + 1).id)
        grant(api, Wallet(customer, other_currency), n + 1)
    check_paging(
        lambda **paging: api.grants.list(
            customer_id=customer, currency_id=currency, created_at={"gte": "2020-01-01"}, **paging
        ),
        wanted[::-1],
    )


def test_a_walk_is_not_disturbed_by_new_grants(api: Api, wallet: Wallet) -> None:
    made = [grant(api, wallet, 1).id for _ in range(4)]
    first = api.grants.list(customer_id=wallet.customer, limit=2)
    newer = grant(api, wallet, 1).id
    assert ids(api.grants.list(customer_id=wallet.customer, limit=2, after=first.next).data) == made[1::-1]
    # Going back from the page that was read first, the new one is found.
    back = api.grants.list(customer_id=wallet.customer, limit=2, after=first.next).prev
    assert ids(list(api.grants.list(customer_id=wallet.customer, limit=2, before=back))) == [*ids(first.data), newer]


def test_twenty_unless_told_otherwise(api: Api, wallet: Wallet) -> None:
    made = [grant(api, wallet, 1).id for _ in range(21)]
    page = api.grants.list(customer_id=wallet.customer)
    assert ids(page.data) == made[:0:-1]
    assert page.next is not None


def test_an_empty_list_has_no_neighbours(api: Api, customer: str) -> None:
    page = api.grants.list(customer_id=customer)
    assert (page.data, page.next, page.prev) == ([], None, None)


def test_unknown_ids(api: Api, customer: str) -> None:
    with refuses(404, "CustomerNotFound"):
        api.grants.list(customer_id="nobody")
    with refuses(404, "CustomCurrencyNotFound"):
        api.grants.list(customer_id=customer, currency_id="nothing")


@pytest.mark.parametrize("limit", ["0", "-1", "101", "ten", "1.5", "99999999999999999999"])
def test_limits_out_of_range(wire: Wire, customer: str, limit: str) -> None:
    answer = wire.get("/api/v1/credits/grants", customerId=customer, limit=limit)
    check_refusal(answer, 400, "BadUserInput", "limit")


def test_a_limit_may_be_spelled_with_an_exponent(wire: Wire, customer: str) -> None:
    assert wire.get("/api/v1/credits/grants", customerId=customer, limit="1e1").status_code == 200


def test_the_customer_must_be_named(wire: Wire) -> None:
    check_refusal(wire.get("/api/v1/credits/grants"), 400, "BadUserInput", "customerId")


def test_bad_ranges(wire: Wire, customer: str) -> None:
    for operator, value in (("gte", "yesterday"), ("lt", "5"), ("between", "2020-01-01")):
        answer = wire.get("/api/v1/credits/grants", **{"customerId": customer, f"createdAt[{operator}]": value})
        if operator == "between":
            # A query parameter that nobody knows is ignored.
            assert answer.status_code == 200, answer.text
        else:
            check_refusal(answer, 400, "BadUserInput", "createdAt")


def test_unknown_query_parameters_are_ignored(api: Api, customer: str) -> None:
    assert list(api.grants.list(customer_id=customer, extra_query={"status": "ACTIVE", "x": "y"})) == []


class TestCursors:
    """A cursor is only good where it came from."""

    @pytest.fixture
    def page(self, api: Api, wallet: Wallet) -> tuple[str, str]:
        for _ in range(3):
            grant(api, wallet, 1)
        middle = api.grants.list(customer_id=wallet.customer, limit=1, after=self.first(api, wallet))
        return middle.next, middle.prev

    @staticmethod
    def first(api: Api, wallet: Wallet) -> str:
        cursor: str = api.grants.list(customer_id=wallet.customer, limit=1).next
        return cursor

    @pytest.mark.parametrize("side", ["after", "before"])
    @pytest.mark.parametrize(
        "cursor",
        [
            "nonsense", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff", "é", "x" * 5000,
        ],
    )
    def test_made_up(self, wire: Wire, customer: str, side: str, cursor: str) -> None:
        answer = wire.get("/api/v1/credits/grants", customerId=customer, **{side: cursor})
        check_refusal(answer, 400, "BadUserInput", side)

    def test_both_at_once(self, api: Api, wallet: Wallet, page: tuple[str, str]) -> None:
        with refuses(400, "BadUserInput", naming="before"):
            api.grants.list(customer_id=wallet.customer, after=page[0], before=page[1])

    def test_of_another_customer(self, api: Api, wire: Wire, wallet: Wallet, page: tuple[str, str]) -> None:
        other = Wallet(new_customer(wire), wallet.currency)
        for _ in range(3):
            grant(api, other, 1)
        for side, cursor in zip(("after", "before"), page, strict=True):
            with refuses(400, "BadUserInput", naming=side):
                api.grants.list(customer_id=other.customer, **{side: cursor})

    def test_with_other_filters(self, api: Api, wallet: Wallet, page: tuple[str, str]) -> None:
        for filters in (
            {"currency_id": wallet.currency}, {"resource_id": "site"}, {"created_at": {"gte": iso(from_now(days=-1))}},
        ):
            with refuses(400, "BadUserInput", naming="after"):
                api.grants.list(customer_id=wallet.customer, after=page[0], **filters)

    def test_of_another_list(self, api: Api, wallet: Wallet, page: tuple[str, str]) -> None:
        with refuses(400, "BadUserInput", naming="after"):
            api.ledger(wallet.customer, after=page[0])

    def test_another_page_size_is_no_other_filter(self, api: Api, wallet: Wallet, page: tuple[str, str]) -> None:
        whole = ids(list(api.grants.list(customer_id=wallet.customer)))
        assert ids(api.grants.list(customer_id=wallet.customer, limit=50, after=page[0]).data) == whole[2:]
        assert ids(api.grants.list(customer_id=wallet.customer, limit=50, before=page[1]).data) == whole[:1]

