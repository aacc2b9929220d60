"""Listing currencies, and how many there may be. Needs environments whose currencies are all known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import databases
from support.driver import Api
from support.paging import check_paging, ids
from support.refusals import check_refusal, refuses
from support.server import Server
from support.wire import Wire


@pytest.fixture(scope="module", params=databases.clients())
def lone(own_server: Server, request: pytest.FixtureRequest) -> Iterator[Api]:
    """A client of an environment of its own: production for one kind of client, sandbox for the other."""
    key = own_server.production_key if request.param == "sync" else own_server.sandbox_key
    client = Api(request.param, own_server.url, key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def known(lone: Api) -> tuple[list[str], list[str]]:
    """Seven live and six archived currencies, newest first."""
    live, archived = [], []
    for n in range(13):
        currency = lone.currencies.create(id=f"c{n}", display_name=f"C{n}").data.id
        if n % 2:
            lone.currencies.archive(currency)
            archived.insert(0, currency)
        else:
            live.insert(0, currency)
    return live, archived


def test_live_ones_unless_told_otherwise(lone: Api, known: tuple[list[str], list[str]]) -> None:
    live, _ = known
    check_paging(lambda **paging: lone.currencies.list(x_account_id="a", x_environment_id="e", **paging), live)
    check_paging(lambda **paging: lone.currencies.list(status=["ACTIVE"], **paging), live)


def test_archived_ones(lone: Api, known: tuple[list[str], list[str]]) -> None:
    _, archived = known
    check_paging(lambda **paging: lone.currencies.list(status=["ARCHIVED"], **paging), archived)


def test_all_of_them(lone: Api, known: tuple[list[str], list[str]]) -> None:
    newest_first = [f"c{n}" for n in range(12, -1, -1)]
    check_paging(lambda **paging: lone.currencies.list(status=["ACTIVE", "ARCHIVED"], **paging), newest_first)


def test_archiving_and_back_does_not_move_a_currency(lone: Api, known: tuple[list[str], list[str]]) -> None:
    live, _ = known
    lone.currencies.archive("c4")
    assert "c4" not in ids(list(lone.currencies.list()))
    lone.currencies.unarchive("c4")
    assert ids(list(lone.currencies.list())) == live


def test_cursors_with_other_filters(lone: Api, known: tuple[list[str], list[str]]) -> None:
    cursor = lone.currencies.list(limit=2).next
    for status in (["ARCHIVED"], ["ACTIVE", "ARCHIVED"]):
        with refuses(400, "BadUserInput", naming="after"):
            lone.currencies.list(status=status, after=cursor)
    with refuses(400, "BadUserInput", naming="after"):
        lone.currencies.list(after="nonsense")
    middle = lone.currencies.list(limit=2, after=cursor)
    with refuses(400, "BadUserInput", naming="before"):
        lone.currencies.list(after=cursor, before=middle.prev)
    with refuses(400, "BadUserInput", naming="status"):
        lone.currencies.list(extra_query={"status": "DELETED"})


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_limits_out_of_range(wire: Wire, limit: str) -> None:
    answer = wire.get("/api/v1/credits/custom-currencies", limit=limit)
    check_refusal(answer, 400, "BadUserInput", "limit")


def test_a_cursor_of_another_environment(lone: Api, known: tuple[list[str], list[str]], own_server: Server) -> None:
    cursor = lone.currencies.list(limit=2).next
    for key, expected in ((own_server.production_key, "sync"), (own_server.sandbox_key, "async")):
        other = Wire(own_server.url, key)
        answer = other.get("/api/v1/credits/custom-currencies", after=cursor)
        if expected == lone.kind:
            assert answer.status_code == 200
        else:
            check_refusal(answer, 400, "BadUserInput", "after")
        other.close()


def test_a_hundred_live_ones_and_no_more(lone: Api, known: tuple[list[str], list[str]]) -> None:
    live, _ = known
    added = [f"more{n}" for n in range(100 - len(live))]
    for currency in added:
        lone.currencies.create(id=currency, display_name="More")
    with refuses(400, "TooManyCustomCurrencies"):
        lone.currencies.create(id="one-too-many", display_name="More")
    with refuses(400, "TooManyCustomCurrencies"):
        lone.currencies.unarchive("c1")
    lone.currencies.archive(added[0])
    assert lone.currencies.create(id="room-again", display_name="More").data.archived_at is None
    for currency in [*added[1:], "room-again"]:
        lone.currencies.archive(currency)
