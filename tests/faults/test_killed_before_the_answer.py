"""Killed after the commit and before the answer: the SDK's own retry, after the restart, gets the first result."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import databases
from support.books import check_books, rows
from support.driver import Api
from support.proxy import FaultProxy
from support.server import Server
from support.shop import Wallet, consume, fresh, grant, new_currency, new_customer
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CUSTOMERS = "/api/v1/customers"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One data directory that is killed and restarted again and again, and verified at the end."""
    server = Server(tmp_path_factory.mktemp("killed"))
    try:
        server.start()
        yield server
        server.end_and_verify()
    finally:
        server.kill()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.port) as started:
        yield started


@pytest.fixture(params=databases.clients())
def patient(server: Server, proxy: FaultProxy, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The official SDK as it comes: two retries."""
    client = Api(request.param, proxy.url, server.production_key, max_retries=2)
    yield client
    client.close()


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.production_key)
    yield client
    client.close()


@pytest.fixture
def wallet(wire: Wire) -> Wallet:
    return Wallet(new_customer(wire), new_currency(wire))


def attempts(proxy: FaultProxy, method: str, path: str) -> list[str | None]:
    return [each.retry_count for each in proxy.requests if (each.method, each.path) == (method, path)]


def test_creating_a_grant(patient: Api, server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet) -> None:
    proxy.lose_answer_of("POST", GRANTS, server.restart_after_kill)
    made = grant(patient, wallet, 12.5, metadata={"a": "b"})
    assert attempts(proxy, "POST", GRANTS) == ["0", "1"] and proxy.lost_answers == 1
    (listed,) = patient.grants.list(customer_id=wallet.customer).data
    assert listed.id == made.id and made.amount == 12.5
    assert len(rows(wire, wallet.customer)) == 1
    check_books(wire, wallet.customer)


def test_creating_a_grant_with_a_key(
    patient: Api, server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet
) -> None:
    """The sure way."""
    proxy.lose_answer_of("POST", GRANTS, server.restart_after_kill)
    headers = {"Idempotency-Key": fresh("key")}
    made = grant(patient, wallet, 12.5, extra_headers=headers)
    assert attempts(proxy, "POST", GRANTS) == ["0", "1"]
    assert grant(patient, wallet, 12.5, extra_headers=headers).id == made.id
    assert len(patient.grants.list(customer_id=wallet.customer).data) == 1
    check_books(wire, wallet.customer)


def test_the_second_of_two_equal_grants(patient: Api, server: Server, proxy: FaultProxy, wallet: Wallet) -> None:
    """Somebody who grants the same twice gets two, also when the second answer is lost."""
    first = grant(patient, wallet, 5)
    proxy.lose_answer_of("POST", GRANTS, server.restart_after_kill)
    second = grant(patient, wallet, 5)
    assert second.id != first.id
    assert len(patient.grants.list(customer_id=wallet.customer).data) == 2


def test_voiding(patient: Api, server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet) -> None:
    made = grant(patient, wallet, 10)
    consume(patient, wallet, 4)
    path = f"{GRANTS}/{made.id}/void"
    proxy.lose_answer_of("POST", path, server.restart_after_kill)
    voided = patient.grants.void(made.id).data
    assert (voided.status, voided.consumed_amount) == ("VOIDED", 4)
    assert attempts(proxy, "POST", path) == ["0", "1"]
    assert [row["eventType"] for row in rows(wire, wallet.customer)] == [
        "CREDITS_VOIDED", "CREDITS_CONSUMED", "CREDITS_GRANTED",
    ]
    check_books(wire, wallet.customer)


def test_provisioning_a_customer(patient: Api, server: Server, proxy: FaultProxy) -> None:
    proxy.lose_answer_of("POST", CUSTOMERS, server.restart_after_kill)
    customer = patient.customers.provision(id=fresh("customer"), name="Someone", metadata={"a": "b"}).data
    assert attempts(proxy, "POST", CUSTOMERS) == ["0", "1"]
    assert patient.customers.retrieve(customer.id).data == customer


def test_consuming(patient: Api, server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet) -> None:
    grant(patient, wallet, 10)
    proxy.lose_answer_of("POST", "/api/v1/credits/consumption", server.restart_after_kill)
    told = consume(patient, wallet, 3)
    assert (told.amount, told.credit.current_usage) == (3, 3)
    assert len(rows(wire, wallet.customer)) == 2
    check_books(wire, wallet.customer)


def test_a_batch(patient: Api, server: Server, proxy: FaultProxy, wire: Wire, wallet: Wallet) -> None:
    proxy.lose_answer_of("POST", "/api/v1/credits/consumption/async", server.restart_after_kill)
    patient.consumption.consume_async(
        consumptions=[wallet.ids() | {"amount": 0.5, "idempotency_key": f"k{n}"} for n in range(200)]
    )
    assert proxy.lost_answers == 1
    assert patient.balance(wallet.customer, wallet.currency) == -100
    assert len(rows(wire, wallet.customer)) == 200
    check_books(wire, wallet.customer)


def test_killed_again_and_again(server: Server, wire: Wire, wallet: Wallet) -> None:
    """Every acknowledged write is there after each of five kills, however short its life was."""
    known: list[str] = []
    for n in range(5):
        client = Wire(server.url, server.production_key)
        answer = client.post(GRANTS, wallet.grant_body(n + 1))
        server.kill()
        assert answer.status_code == 201
        known.append(answer.json()["data"]["id"])
        server.start()
        listed = [each["id"] for each in wire.get(GRANTS, customerId=wallet.customer).json()["data"]]
        assert listed == known[::-1]
        client.close()
    check_books(wire, wallet.customer)
