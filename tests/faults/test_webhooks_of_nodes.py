"""Of the nodes on one database one delivers webhooks: each event once, and when that node is gone, another goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.crew import Crew
from support.hooks import Endpoint, Happenings, Owner, impatient, owning
from support.load import in_threads
from support.nodes import nodes_running
from support.postgres import Postgres
from support.receiver import Receiver, firsts, receiving
from support.server import Server
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
EVENTS = 120
THREADS = 6
# Before a node ends, and after it.
ENOUGH = 30
# How far the receiver may lag behind.
BEHIND = 20


@pytest.fixture
def nodes(directory: Path, postgres: Postgres) -> Iterator[list[Server]]:
    with nodes_running(directory, postgres.new_database(), 2, arguments=impatient()) as nodes:
        yield nodes


@pytest.fixture
def wires(nodes: list[Server]) -> Iterator[list[Wire]]:
    clients = [Wire(node.url, node.production_key) for node in nodes]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture
def happenings(wires: list[Wire]) -> Happenings:
    return Happenings(wires[0], Wallet(new_customer(wires[0]), new_currency(wires[0])))


def test_each_event_once(wires: list[Wire], happenings: Happenings, receiver: Receiver) -> None:
    """Whichever node it happens at, and whichever node is asked for it."""
    with owning(wires[0]) as owner, owning(wires[1]) as other_owner, receiving() as other:
        endpoint = owner.tell(receiver)
        other_owner.tell(other)

        def grant(n: int) -> None:
            # A client is for one thread.
            wire = Wire(str(wires[n % 2].client.base_url), wires[0].client.headers["x-api-key"])
            wallet = Wallet(new_customer(wire), happenings.wallet.currency)
            for _ in range(EVENTS // THREADS):
                assert wire.post(GRANTS, wallet.grant_body(1)).status_code == 201
            wire.close()

        in_threads(THREADS, grant)
        made = happenings.ids()
        assert len(made) == EVENTS
        for each in (receiver, other):
            each.wait_for_all(made)
            assert each.ids() == made
        # What one node is asked for the other may have to send.
        asked = []
        for wire in wires:
            asked.append(Endpoint(wire, endpoint.id, endpoint.secret).test())
            receiver.wait_for_all(asked)
        endpoint.redeliver(made[0])
        receiver.wait_until(lambda: len(receiver.of(made[0])) == 2, "redelivered")
        assert receiver.ids() == [*made, *asked, made[0]]
        for told in receiver.told:
            told.verify(endpoint.secret)
        endpoint.wait_until(made[0], "DELIVERED", attempts=2)


class Granters(Crew):
    """Make grants at one node, until they are told to stop, and no faster than the receiver is told of them."""

    def __init__(self, node: Server, currency: str, receiver: Receiver) -> None:
        self.node = node
        self.currency = currency
        self.receiver = receiver
        self.failures: list[str] = []
        self.told_before = len(receiver.told)
        self.made = 0
        super().__init__(THREADS)

    def _work(self, n: int) -> None:
        wire = Wire(self.node.url, self.node.production_key)
        wallet = Wallet(new_customer(wire), self.currency)
        while not self._stop.is_set():
            if self.made > len(self.receiver.told) - self.told_before + BEHIND:
                time.sleep(0.02)
                continue
            answer = wire.post(GRANTS, wallet.grant_body(1))
            with self._lock:
                self.made += 1
                if answer.status_code != 201:
                    self.failures.append(answer.text)
        wire.close()


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_another_goes_on(
    nodes: list[Server], wires: list[Wire], happenings: Happenings, receiver: Receiver, end: str
) -> None:
    """One node after the other ends and comes again, while the other is written to: each of them had to deliver."""
    owner = Owner(wires[0])
    endpoint = owner.tell(receiver)
    for n in (0, 1, 0):
        node, survivor = nodes[n], nodes[1 - n]
        with Granters(survivor, happenings.wallet.currency, receiver) as granters:
            receiver.wait_for(len(receiver.told) + ENOUGH)
            if end == "killed":
                node.kill()
            else:
                assert node.stop() == 0
            # Also those that only the survivor can send.
            receiver.wait_for(len(receiver.told) + ENOUGH)
        assert not granters.failures, granters.failures[:3]
        node.start()
    made = happenings.ids()
    receiver.wait_for_all(made)
    assert firsts(receiver.ids()) == made
    if end == "stopped":
        assert receiver.ids() == made, "one that hands over says what it has sent"
    # At most the one that was under way at each end came twice.
    assert len(receiver.told) <= len(made) + 3
    for told in receiver.told:
        told.verify(endpoint.secret)
    owner.close()
