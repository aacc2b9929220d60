"""`kill -9` while webhooks are sent: each event that was acknowledged is delivered at least once, first in order.

What was sent and not noted is sent again under the same name, which is how a receiver knows it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.hooks import Endpoint, Happenings, impatient, owning
from support.lives import Client, live
from support.receiver import DROP, HALFWAY, HANG, Action, Told, firsts, receiving
from support.server import Server, running
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

CLIENTS = 4
LIVES = 4
PAUSE_SECONDS = 0.05
# So many of a hundred requests go wrong in one of these ways.
FAILURES = 12
WAYS: list[Action] = [500, 500, 500, HALFWAY, DROP, HANG]
MANY_RETRIES = ",".join(["1"] * 20)


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory, arguments=impatient(MANY_RETRIES)) as server:
        yield server


class Granter(Client):
    """Makes grants: an event each."""

    def __init__(self, wallet: Wallet) -> None:
        super().__init__()
        self.wallet = wallet

    def send(self, wire: Wire) -> httpx.Response:
        # A server without checks makes grants faster than somebody who fails often can be told of them.
        time.sleep(PAUSE_SECONDS)
        return wire.post("/api/v1/credits/grants", self.wallet.grant_body(1), Idempotency_Key=self.key)


def check_deliveries(endpoint: Endpoint, expected: list[str]) -> None:
    """One for each event, all of them delivered."""
    endpoint.wait_until(expected[-1], "DELIVERED")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while not found or cursor:
        page = endpoint.wire.get(f"{endpoint.path}/deliveries", limit=100, status="DELIVERED", **cursor).json()
        found += [each["id"] for each in page["data"]]
        cursor = {"after": page["pagination"]["next"]} if page["pagination"]["next"] else {}
    assert sorted(found) == sorted(expected)
    assert endpoint.deliveries(status="PENDING") == endpoint.deliveries(status="FAILED") == []


def test_each_is_delivered_in_the_order_of_the_log(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire)
    happenings = Happenings(wire, Wallet(new_customer(wire), currency))
    granters = [Granter(Wallet(new_customer(wire), currency)) for _ in range(CLIENTS)]
    chance = random.Random(7)

    def sometimes(told: Told, number: int) -> Action:
        return chance.choice(WAYS) if chance.randrange(100) < FAILURES else 200

    with receiving() as steady, receiving(sometimes) as moody, owning(wire) as owner:
        told = {receiver.port: (receiver, owner.tell(receiver)) for receiver in (steady, moody)}
        for _ in range(LIVES):
            live(server, granters)
        for granter in granters:
            granter.step(wire)
        made = happenings.ids()
        assert len(made) >= sum(granter.acknowledged for granter in granters)
        for receiver, endpoint in told.values():
            receiver.wait_for_all(made)
            assert firsts(receiver.ids()) == made
            for request in receiver.told:
                request.verify(endpoint.secret)
            check_deliveries(endpoint, made)
        # At most the one that was under way at each end of a life came twice to who takes everything.
        assert len(steady.told) <= len(made) + LIVES
        assert len(moody.told) > len(made), "nothing went wrong"
    wire.close()


def test_what_is_pending_or_disabled_is_so_still(server: Server) -> None:
    """A life ends while some have to be sent again to one endpoint, and another is disabled."""
    wire = Wire(server.url, server.production_key)
    happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
    with receiving(lambda told, number: 503) as failing, receiving() as disabled, owning(wire) as owner:
        pending, asleep = owner.tell(failing), owner.tell(disabled)
        first = happenings.grants(3)
        disabled.wait_for_all(first)
        asleep.wait_until(first[-1], "DELIVERED")
        for message_id in first:
            pending.wait_until(message_id, "PENDING")
        asleep.change(isEnabled=False)
        server.restart_after_kill()
        assert asleep.read()["disabledReason"] == "ASKED"
        missed = happenings.grants(2)
        failing.behaviour = lambda told, number: 200
        failing.wait_for_all(happenings.ids())
        assert sorted(set(failing.taken)) == sorted(happenings.ids())
        for message_id in first:
            assert len(pending.wait_until(message_id, "DELIVERED")["attempts"]) >= 2
        assert set(missed).isdisjoint(disabled.ids())
        asleep.change(isEnabled=True)
        disabled.wait_for_all(missed)
        assert firsts(disabled.ids()) == happenings.ids()
    wire.close()


def test_what_was_not_selected_then_is_not_sent_later(server: Server) -> None:
    """An endpoint that selects more is told of what happens from then on, also by the next life."""
    wire = Wire(server.url, server.production_key)
    happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
    with receiving() as receiver, receiving() as all_ears, owning(wire) as owner:
        endpoint = owner.tell(receiver, eventTypes=["credit_grant.voided"])
        owner.tell(all_ears)
        # Twice, so that both were told that there is something new.
        for _ in range(2):
            all_ears.wait_for_all(happenings.grants(2))
        endpoint.change(eventTypes=[])
        server.restart_after_kill()
        made = happenings.grants(2)
        receiver.wait_for_all(made)
        assert receiver.ids() == made
    wire.close()


def test_a_test_event_and_a_redelivery_that_were_asked_for(server: Server) -> None:
    """Whoever was answered that they are on their way is not forgotten."""
    wire = Wire(server.url, server.production_key)
    happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
    with receiving() as receiver, owning(wire) as owner:
        endpoint = owner.tell(receiver)
        (made,) = happenings.grants()
        endpoint.wait_until(made, "DELIVERED")
        asked = endpoint.test()
        endpoint.redeliver(made)
        server.restart_after_kill()
        endpoint.wait_until(asked, "DELIVERED")
        endpoint.wait_until(made, "DELIVERED", attempts=2)
        assert set(receiver.ids()) == {made, asked}
    wire.close()
