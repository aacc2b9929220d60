"""Three nodes on one database are as good as one: nothing is lost, nothing doubled, and they tell the same.

What is demanded of three is demanded of a single node too, on the ledger that the suite is run on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from support.books import check_books, credit, grants, rows
from support.deeds import CONSUMPTION, GRANTS, RESERVATIONS, check_everywhere
from support.load import in_threads
from support.nodes import nodes_running
from support.outcomes import new_wallets
from support.postgres import postgres_running
from support.server import PATIENCE_SECONDS, Server, running
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.steady import Steady, check_invitation
from support.told import Reader
from support.wire import Wire

NODES = 3
THREADS = 9
SECONDS_OF_LOAD = 5.0
ENOUGH = 300
CLIENTS = 6
ROUNDS = 25


@pytest.fixture(scope="module", params=["one", "three"])
def nodes(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[list[Server]]:
    directory = tmp_path_factory.mktemp("nodes")
    if request.param == "one":
        with running(directory) as server:
            yield [server]
    else:
        with postgres_running() as postgres, nodes_running(directory, postgres.new_database(), NODES) as nodes:
            yield nodes


@pytest.fixture(scope="module")
def clients(nodes: list[Server]) -> Iterator[list[Wire]]:
    """Of the nodes in turn, with connections that are open already, so that requests meet."""
    clients = [Wire(nodes[n % len(nodes)].url, nodes[0].production_key) for n in range(CLIENTS)]
    for client in clients:
        assert client.get("/readyz").status_code == 200
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def wallet(clients: list[Wire]) -> Wallet:
    return Wallet(new_customer(clients[0]), new_currency(clients[-1]))


def at_once(clients: list[Wire], send: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers to requests of all clients at once. Who is told that the same still runs comes again."""

    def one(n: int) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (answer := send(n)).headers.keys() & {"retry-after", "retry-after-ms"}:
            check_invitation(answer)
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.02)
        return answer

    answers = in_threads(len(clients), one)
    assert all(isinstance(answer, httpx.Response) for answer in answers), answers
    return answers


def statuses(answers: list[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def test_a_mixed_load(nodes: list[Server]) -> None:
    wallets = new_wallets(nodes[0]) + new_wallets(nodes[-1])
    with Steady(nodes, wallets, threads=THREADS) as steady:
        time.sleep(SECONDS_OF_LOAD)
        if steady.done() < ENOUGH:
            steady.wait_for(ENOUGH - steady.done())
    print(f"{steady.done()} pieces of work, {steady.refused} times 503")
    assert not steady.failures, steady.failures[:3]
    check_everywhere(nodes, steady.deeds, wallets)


def test_a_reader_of_events_misses_none_while_all_write(nodes: list[Server]) -> None:
    """An event that is written by one node must not come to lie behind what a reader has of another."""
    wallets = new_wallets(nodes[0])
    readers, stop = [Reader(), Reader(limit=3)], threading.Event()

    def follow(n: int) -> None:
        wire = Wire(nodes[n % len(nodes)].url, nodes[0].production_key)
        while not stop.is_set():
            readers[n].page(wire)
        readers[n].catch_up(wire)
        wire.close()

    threads = [threading.Thread(target=follow, args=(n,)) for n in range(len(readers))]
    for thread in threads:
        thread.start()
    with Steady(nodes, wallets, threads=THREADS, kinds=("grant", "consume")) as steady:
        steady.wait_for(ENOUGH)
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not steady.failures, steady.failures[:3]
    for node in nodes:
        wire = Wire(node.url, node.production_key)
        whole = Reader().catch_up(wire).events
        wire.close()
        assert len({event["messageId"] for event in whole}) == len(whole)
        assert all(reader.events == whole for reader in readers), "a reader missed an event"


def test_what_one_node_acknowledged_every_node_tells(clients: list[Wire], wallet: Wallet) -> None:
    for number in range(1, ROUNDS + 1):
        writer = clients[number % CLIENTS]
        created(writer.post(CONSUMPTION, wallet.consume_body()), 200)
        for client in clients:
            now = credit(client, wallet.customer, wallet.currency)
            assert now["currentUsage"] == number
            assert len(rows(client, wallet.customer)) == number
    created(clients[0].post(f"/api/v1/customers/{wallet.customer}/archive"), 200)
    for client in clients[1:]:
        assert client.post(CONSUMPTION, wallet.consume_body()).status_code == 400, "it took a consumption"


def test_one_idempotency_key_at_all_nodes(clients: list[Wire], wallet: Wallet) -> None:
    for _ in range(ROUNDS):
        key, body = fresh("key"), wallet.grant_body(2)
        answers = at_once(clients, lambda n, key=key, body=body: clients[n].post(GRANTS, body, idempotency_key=key))
        assert statuses(answers) == [201] * CLIENTS
        assert len({answer.content for answer in answers}) == 1
        assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    for client in clients:
        assert [each["amount"] for each in grants(client, wallet.customer)] == [2] * ROUNDS
        check_books(client, wallet.customer)


def test_one_consumption_key_at_all_nodes(clients: list[Wire], wallet: Wallet) -> None:
    for _ in range(ROUNDS):
        body = wallet.consume_body(3)
        answers = at_once(clients, lambda n, body=body: clients[n].post(CONSUMPTION, body))
        assert statuses(answers) == [200] * CLIENTS
        assert len({(answer.json()["data"]["amount"], answer.json()["data"]["timestamp"]) for answer in answers}) == 1
    for client in clients:
        assert [row["amount"] for row in rows(client, wallet.customer)] == [-3] * ROUNDS
        check_books(client, wallet.customer)


def test_one_consumption_key_with_another_amount_at_each(clients: list[Wire], wallet: Wallet) -> None:
    """One of them wins; the others are told."""
    won = []
    for _ in range(ROUNDS):
        key = fresh("key")
        bodies = [wallet.consume_body(n + 1, idempotencyKey=key) for n in range(CLIENTS)]
        answers = at_once(clients, lambda n, bodies=bodies: clients[n].post(CONSUMPTION, bodies[n]))
        assert statuses(answers) == [200] + [409] * (CLIENTS - 1)
        won += [answer.json()["data"]["amount"] for answer in answers if answer.status_code == 200]
    assert [-row["amount"] for row in rows(clients[0], wallet.customer)] == won[::-1]
    check_books(clients[-1], wallet.customer)


def test_the_same_keys_in_batches_that_cross(clients: list[Wire]) -> None:
    """Each node is given the same items in another order, of wallets that others are given at the same time."""
    currency = new_currency(clients[0])
    wallets = [Wallet(new_customer(clients[0]), currency) for _ in range(CLIENTS)]
    for _ in range(ROUNDS):
        items = [wallet.consume_body() for wallet in wallets]
        bodies = [{"consumptions": (items[n:] + items[:n])[:: 1 - n % 2 * 2]} for n in range(CLIENTS)]
        answers = at_once(clients, lambda n, bodies=bodies: clients[n].post(f"{CONSUMPTION}/async", bodies[n]))
        assert statuses(answers) == [202] * CLIENTS
    for client, wallet in zip(clients, wallets, strict=True):
        assert len(rows(client, wallet.customer)) == ROUNDS
        check_books(client, wallet.customer)


def test_one_reservation_at_all_nodes(clients: list[Wire], wallet: Wallet) -> None:
    created(clients[0].post(GRANTS, wallet.grant_body(100)))
    for number in range(ROUNDS):
        body = wallet.body() | {"reservationId": f"job-{number}", "amount": 3}
        answers = at_once(clients, lambda n, body=body: clients[n].post(RESERVATIONS, body))
        assert statuses(answers) == [200] * CLIENTS
    assert credit(clients[-1], wallet.customer, wallet.currency)["reserved"] == 3 * ROUNDS
    assert len(rows(clients[0], wallet.customer, eventType="CREDITS_RESERVED")) == ROUNDS
    check_books(clients[0], wallet.customer)


def test_what_is_free_is_given_once(clients: list[Wire], wallet: Wallet) -> None:
    """Three find a place, whichever node they ask."""
    created(clients[0].post(GRANTS, wallet.grant_body(3 * ROUNDS)))
    for number in range(ROUNDS):
        bodies = [wallet.body() | {"reservationId": f"{number}-{n}", "amount": ROUNDS} for n in range(CLIENTS)]
        answers = at_once(clients, lambda n, bodies=bodies: clients[n].post(RESERVATIONS, bodies[n]))
        assert statuses(answers) == [200] * 3 + [402] * (CLIENTS - 3)
        for n, answer in enumerate(answers):
            if answer.status_code == 200:
                path = f"{RESERVATIONS}/{number}-{n}/release"
                created(clients[-1 - n].post(path, wallet.body() | {"consumedAmount": 0}), 200)
    check_books(clients[0], wallet.customer)


def test_one_customer_made_at_all_nodes(clients: list[Wire]) -> None:
    for _ in range(ROUNDS):
        customer = fresh("customer")
        bodies = [{"id": customer, "name": str(n)} for n in range(CLIENTS)]
        answers = at_once(clients, lambda n, bodies=bodies: clients[n].post("/api/v1/customers", bodies[n]))
        assert statuses(answers) == [201] + [409] * (CLIENTS - 1)
        (name,) = (answer.json()["data"]["name"] for answer in answers if answer.status_code == 201)
        for client in clients:
            assert created(client.get(f"/api/v1/customers/{customer}"), 200)["name"] == name
