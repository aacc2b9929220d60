"""Servers and clients that the suites share.

The tests of `sdk/` share one server, use ids of their own, and run once with the sync and once with the async client
(on PostgreSQL with the sync client only).
A test that needs an environment to itself (its clock, all of its currencies) takes `own_server`.

All of them run on the ledger that `SCRIP_TEST_LEDGER` names; see `support/databases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support import databases
from support.driver import Api
from support.hooks import Happenings, Owner, impatient, owning
from support.postgres import Postgres, postgres_running
from support.receiver import Receiver, receiving
from support.server import Server, binary, running
from support.shop import Wallet, new_currency, new_customer
from support.stripe import StandIn, collects, settle_with, standing_in
from support.wire import Wire


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        try:
            binary()
            databases.check_configuration()
        except (FileNotFoundError, ValueError, psycopg.OperationalError) as missing:
            pytest.exit(str(missing), returncode=4)


def pytest_sessionfinish() -> None:
    databases.drop_all()


def pytest_report_header() -> str:
    return f"ledger: {databases.ledger()}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about the embedded ledger when the suite runs on another. It is counted as deselected."""
    if databases.ledger() == "embedded":
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("embedded")])
    items[:] = [item for item in items if not item.get_closest_marker("embedded")]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("shared")) as started:
        yield started


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests of one module."""
    with running(tmp_path_factory.mktemp("own")) as started:
        yield started


@pytest.fixture(scope="module")
def box(own_server: Server) -> Iterator[Wire]:
    """The sandbox of the module's own server: its clock is for the module's tests to move."""
    client = Wire(own_server.url, own_server.sandbox_key)
    yield client
    client.close()


@pytest.fixture(scope="module", params=databases.clients())
def boxed(own_server: Server, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The official SDK in it."""
    client = Api(request.param, own_server.url, own_server.sandbox_key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def money(box: Wire) -> str:
    """A currency in it."""
    return new_currency(box)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a test that starts and kills servers of its own may put them."""
    return tmp_path


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for one test, which may kill it. It keeps what it commits."""
    with postgres_running() as started:
        yield started


@pytest.fixture(scope="session")
def wire(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.production_key)
    yield client
    client.close()


@pytest.fixture(scope="session")
def sandbox(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.sandbox_key)
    yield client
    client.close()


@pytest.fixture(scope="session", params=databases.clients())
def api(server: Server, request: pytest.FixtureRequest) -> Iterator[Api]:
    client = Api(request.param, server.url, server.production_key)
    yield client
    client.close()


@pytest.fixture(scope="session")
def currency(wire: Wire) -> str:
    """One currency for all who only need one; an environment has room for a hundred."""
    return new_currency(wire, units={"singular": "token", "plural": "tokens"})


@pytest.fixture
def customer(wire: Wire) -> str:
    return new_customer(wire)


@pytest.fixture
def wallet(customer: str, currency: str) -> Wallet:
    return Wallet(customer, currency)


@pytest.fixture(scope="session")
def other_currency(wire: Wire) -> str:
    return new_currency(wire)


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A module's own server, which tells receivers of this machine of events and soon tries again."""
    with running(tmp_path_factory.mktemp("telling"), arguments=impatient()) as started:
        yield started


@pytest.fixture(scope="module")
def shop(telling: Server) -> Iterator[Wire]:
    client = Wire(telling.url, telling.production_key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def tokens(shop: Wire) -> str:
    """A currency in it."""
    return new_currency(shop)


@pytest.fixture
def owner(shop: Wire) -> Iterator[Owner]:
    """Its endpoints are there for one test only, as everybody is told of everything."""
    with owning(shop) as owner:
        yield owner


@pytest.fixture
def happenings(shop: Wire, tokens: str) -> Happenings:
    return Happenings(shop, Wallet(new_customer(shop), tokens))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stripe() -> Iterator[StandIn]:
    """A stand-in for Stripe for the tests of one module."""
    with standing_in() as started:
        yield started


@pytest.fixture(scope="module")
def collecting(stripe: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A module's own server, whose production payments the stand-in collects."""
    with running(tmp_path_factory.mktemp("collecting"), arguments=collects(stripe)) as started:
        client = Wire(started.url, started.production_key)
        settle_with(client)
        client.close()
        yield started


@pytest.fixture(scope="module")
def till(collecting: Server) -> Iterator[Wire]:
    client = Wire(collecting.url, collecting.production_key)
    yield client
    client.close()


@pytest.fixture(scope="module", params=databases.clients())
def buyer(collecting: Server, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The official SDK in it."""
    client = Api(request.param, collecting.url, collecting.production_key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def coin(till: Wire) -> str:
    """A currency in it."""
    return new_currency(till)


@pytest.fixture
def purse(till: Wire, coin: str) -> Wallet:
    """A wallet in it, of a customer who has no payment method."""
    return Wallet(new_customer(till, name="Ada", email="ada@example.com"), coin)
