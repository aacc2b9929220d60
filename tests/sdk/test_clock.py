"""The clock of a sandbox: it stands still until it is moved, and moves forwards only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, consume, grant, iso, new_currency, new_customer
from support.wire import Wire

PATH = "/api/v1/test-clock"
START = datetime(2031, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(scope="module")
def box(own_server: Server) -> Iterator[Wire]:
    client = Wire(own_server.url, own_server.sandbox_key)
    # The first setting may be any distance ahead.
    answer = client.post(PATH, {"now": iso(START)})
    assert (answer.status_code, answer.json()) == (200, {"data": {"now": iso(START)}})
    yield client
    client.close()


@pytest.fixture(scope="module", autouse=True)
def money(box: Wire) -> str:
    return new_currency(box)


@pytest.fixture
def api(own_server: Server) -> Iterator[Api]:
    client = Api("sync", own_server.url, own_server.sandbox_key)
    yield client
    client.close()


def now(box: Wire) -> datetime:
    """A consumption is stamped with its environment's time."""
    wallet = Wallet(new_customer(box), box.get("/api/v1/credits/custom-currencies").json()["data"][0]["id"])
    told: str = box.post("/api/v1/credits/consumption", wallet.consume_body()).json()["data"]["timestamp"]
    return datetime.fromisoformat(told)


def test_it_stands_still(box: Wire) -> None:
    first = now(box)
    assert first == now(box) == now(box)


def test_versions_of_a_balance_rise_even_so(api: Api, money: str, box: Wire) -> None:
    wallet = Wallet(new_customer(box), money)
    grant(api, wallet, 10)
    versions = [consume(api, wallet, 1).credit.timestamp for _ in range(4)]
    assert versions == sorted(set(versions))
    assert versions[-1] - versions[0] < timedelta(milliseconds=1)


def test_it_moves_to_the_instant(box: Wire) -> None:
    target = now(box) + timedelta(days=2, milliseconds=1)
    assert box.post(PATH, {"now": iso(target)}).json() == {"data": {"now": iso(target)}}
    assert now(box) == target


def test_other_spellings_of_an_instant(box: Wire) -> None:
    target = (now(box) + timedelta(days=1)).replace(microsecond=0)
    local = (target + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    assert box.post(PATH, {"now": local}).json() == {"data": {"now": iso(target)}}
    midnight = (target + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    assert box.post(PATH, {"now": midnight.strftime("%Y-%m-%d")}).json() == {"data": {"now": iso(midnight)}}


def test_never_backwards(box: Wire) -> None:
    before = now(box)
    for delta in (timedelta(milliseconds=1), timedelta(days=100)):
        check_refusal(box.post(PATH, {"now": iso(before - delta)}), 400, "BadUserInput", "now")
    assert now(box) == before


def test_a_year_at_a_time(box: Wire) -> None:
    before = now(box)
    check_refusal(box.post(PATH, {"now": iso(before + timedelta(days=367))}), 400, "BadUserInput", "now")
    assert now(box) == before
    assert box.post(PATH, {"now": iso(before + timedelta(days=365))}).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"now": None}, {"now": 5}, {"now": "later"}, {"now": "2099-01-01", "then": 1}, []]
)
def test_what_is_no_instant(box: Wire, body: object) -> None:
    before = now(box)
    check_refusal(box.post(PATH, body), 400, "BadUserInput")
    assert now(box) == before


def test_production_goes_on(own_server: Server, box: Wire) -> None:
    production = Wire(own_server.url, own_server.production_key)
    check_refusal(production.post(PATH, {"now": iso(START)}), 403, {"AccessDeniedError", "IdentityForbidden"})
    wallet = Wallet(new_customer(production), new_currency(production))
    told = production.post("/api/v1/credits/consumption", wallet.consume_body()).json()["data"]["timestamp"]
    assert abs(datetime.fromisoformat(told) - datetime.now(UTC)) < timedelta(minutes=1)
    production.close()


def test_it_outlives_the_process(own_server: Server, box: Wire) -> None:
    before = now(box)
    own_server.restart_after_kill()
    again = Wire(own_server.url, own_server.sandbox_key)
    assert now(again) == before
    check_refusal(again.post(PATH, {"now": iso(before - timedelta(seconds=1))}), 400, "BadUserInput", "now")
    again.close()
