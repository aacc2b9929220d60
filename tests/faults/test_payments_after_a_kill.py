"""`kill -9` between us and whoever collects: each grant is paid for once, and none that is paid stays pending.

The server speaks to the stand-in for Stripe through a proxy, which knows at which request it is and loses it, or its
answer, when the server is gone.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from support.books import check_books, credit, grants
from support.crew import Crew
from support.lives import Client, live
from support.proxy import FaultProxy
from support.server import Server
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.stripe import (
    CONFIRMED, DECLINED, Ear, StandIn, attach, collects, paid_body, settle_with, tell, wait_until, wait_until_paid,
)
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CLIENTS = 6
LIVES = 3
# What goes wrong at the stand-in, beside the kills.
TROUBLES = (
    "lose_answer", "cut", "fail", "work_then_fail", "fail_at_the_door", "rate_limit", "in_use", "garbage", "endless",
)
# Whoever was tried before rests for up to nine seconds, and a fifth more.
PATIENCE_SECONDS = 60.0

ONE_CHARGE = (1, 4950)
NOTHING = (0, 0)


@pytest.fixture(scope="module")
def proxy(stripe: StandIn) -> Iterator[FaultProxy]:
    with FaultProxy(stripe.port) as started:
        yield started


@pytest.fixture(scope="module")
def server(proxy: FaultProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One data directory that is killed and restarted again and again, and verified at the end."""
    server = Server(tmp_path_factory.mktemp("killed"), arguments=collects(proxy.url))
    try:
        server.start()
        client = Wire(server.url, server.production_key)
        settle_with(client)
        client.close()
        yield server
        server.end_and_verify()
    finally:
        server.kill()


@pytest.fixture(scope="module")
def wire(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.production_key)
    yield client
    client.close()


@pytest.fixture(scope="module")
def coin(wire: Wire) -> str:
    return new_currency(wire)


@pytest.fixture
def purse(wire: Wire, coin: str) -> Wallet:
    """Of somebody whom the provider does not know yet."""
    return Wallet(new_customer(wire, name="Ada", email="ada@example.com"), coin)


class Kill:
    """Ends and restarts the server when it comes to a request, which is lost or was carried out."""

    def __init__(self, server: Server, proxy: FaultProxy) -> None:
        self.server, self.proxy = server, proxy
        self._done = threading.Event()

    def at(self, method: str, path: str, *, arrives: bool) -> None:
        self._done.clear()
        (self.proxy.lose_answer_of if arrives else self.proxy.lose_request_of)(method, path, self._act)

    def _act(self) -> None:
        self.server.restart_after_kill()
        self._done.set()

    def during(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """The answer to a request that is sent again once the server is back."""
        try:
            answer = send()
        except httpx.TransportError:
            self.wait()
            return send()
        self.wait()
        return answer

    def wait(self) -> None:
        assert self._done.wait(PATIENCE_SECONDS), "the server never came to that request"


@pytest.fixture
def kill(server: Server, proxy: FaultProxy) -> Kill:
    return Kill(server, proxy)


def buy(kill: Kill, wire: Wire, purse: Wallet, method: str) -> str:
    """A grant that is asked for under a key until there is an answer. Gives its name."""
    key, body = fresh("key"), purse.body() | paid_body(method=method)
    grant_id: str = created(kill.during(lambda: wire.post(GRANTS, body, idempotency_key=key)))["id"]
    return grant_id


def invoices(stripe: StandIn, wire: Wire, purse: Wallet) -> list[dict[str, Any]]:
    """All that the provider has for a customer."""
    payer = created(wire.get(f"/api/v1/customers/{purse.customer}"), 200)["billingId"]
    found: list[dict[str, Any]] = stripe.get(f"/v1/invoices?customer={payer}")["data"]
    return found


def check_one(stripe: StandIn, wire: Wire, purse: Wallet, grant_id: str) -> None:
    """One grant, one invoice, one charge, and its credits once."""
    (made,) = grants(wire, purse.customer)
    assert (made["id"], made["status"], made["paymentCollection"]) == (grant_id, "ACTIVE", "NOT_REQUIRED")
    (invoice,) = invoices(stripe, wire, purse)
    assert (invoice["status"], invoice["id"]) == ("paid", made["latestInvoice"]["billingId"])
    assert stripe.charges(grant_id) == ONE_CHARGE
    assert credit(wire, purse.customer, purse.currency)["usageLimit"] == 100
    check_books(wire, purse.customer)


def steps(*named: tuple[str, str]) -> pytest.MarkDecorator:
    """Each of these requests, lost on its way there, and on its way back."""
    cases = [(method, path, arrives) for method, path in named for arrives in (False, True)]
    names = [f"{method} {path} {'answered' if arrives else 'lost'}" for method, path, arrives in cases]
    return pytest.mark.parametrize(("method", "path", "arrives"), cases, ids=names)


@steps(
    ("POST", "/v1/invoices"), ("POST", "/v1/invoiceitems"), ("GET", "/v1/invoices/[^/]+"),
    ("POST", "/v1/invoices/[^/]+/finalize"), ("POST", "/v1/invoices/[^/]+/pay"),
)
def test_a_charge(
    kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn, method: str, path: str, arrives: bool
) -> None:
    attach(wire, purse.customer)
    kill.at(method, path, arrives=arrives)
    grant_id = buy(kill, wire, purse, "CHARGE")
    wait_until_paid(wire, grant_id)
    check_one(stripe, wire, purse, grant_id)


@steps(("GET", "/v1/customers/search"), ("POST", "/v1/customers"), ("POST", "/v1/invoices/[^/]+/send"))
def test_an_invoice_that_is_sent(
    kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn, method: str, path: str, arrives: bool
) -> None:
    ear = Ear(stripe)
    kill.at(method, path, arrives=arrives)
    grant_id = buy(kill, wire, purse, "INVOICE")
    now = wait_until(wire, grant_id, lambda now: now["latestInvoice"]["paymentUrl"] is not None)
    assert (now["status"], now["paymentCollection"]) == ("PAYMENT_PENDING", "PROCESSING")
    assert len(ear.events("customer.created")) == 1
    stripe.control("pay", invoice=now["latestInvoice"]["billingId"])
    ear.tell(wire)
    check_one(stripe, wire, purse, grant_id)


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answered"])
def test_another_attempt(kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn, arrives: bool) -> None:
    attach(wire, purse.customer, DECLINED)
    made = created(wire.post(GRANTS, purse.body() | paid_body()))
    assert made["paymentCollection"] == "FAILED"
    attach(wire, purse.customer)
    kill.at("POST", "/v1/invoices/[^/]+/pay", arrives=arrives)
    key, path = fresh("key"), f"/api/v1/invoices/{made['invoiceId']}/retry"
    created(kill.during(lambda: wire.post(path, None, idempotency_key=key)), 200)
    wait_until_paid(wire, made["id"])
    check_one(stripe, wire, purse, made["id"])


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answered"])
def test_a_void(kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn, arrives: bool) -> None:
    """The provider is to cancel what was not paid, whoever remembers to ask for it."""
    attach(wire, purse.customer, CONFIRMED)
    made = created(wire.post(GRANTS, purse.body() | paid_body()))
    kill.at("POST", "/v1/invoices/[^/]+/void", arrives=arrives)
    kill.during(lambda: wire.post(f"{GRANTS}/{made['id']}/void", None))
    now = wait_until(wire, made["id"], lambda now: now["latestInvoice"]["status"] == "CANCELED")
    assert (now["status"], now["paymentCollection"]) == ("VOIDED", "FAILED")
    assert [each["status"] for each in invoices(stripe, wire, purse)] == ["void"]
    assert stripe.charges(made["id"]) == NOTHING
    check_books(wire, purse.customer)


def test_a_recharge(kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn) -> None:
    attach(wire, purse.customer)
    kill.at("POST", "/v1/invoices/[^/]+/pay", arrives=True)
    setting = purse.body() | {
        "isEnabled": True, "thresholdValue": 20, "targetBalance": 100, "grantExpirationPeriod": "1_MONTH",
        "unitCost": {"amount": 0.495, "currency": "usd"},
    }
    kill.during(lambda: wire.put("/api/v1/credits/auto-recharge", setting))
    (made,) = grants(wire, purse.customer)
    wait_until_paid(wire, made["id"])
    check_one(stripe, wire, purse, made["id"])


@pytest.mark.parametrize("path", ["/v1/invoices/[^/]+", "/v1/charges/[^/]+", "/v1/disputes"])
def test_money_that_goes_back(kill: Kill, wire: Wire, purse: Wallet, stripe: StandIn, path: str) -> None:
    """An event that was not answered is sent again, and takes once."""
    attach(wire, purse.customer)
    made = created(wire.post(GRANTS, purse.body() | paid_body(cost=30)))
    ear = Ear(stripe)
    stripe.control("refund", invoice=made["latestInvoice"]["billingId"], amount=1500)
    (event, _) = ear.events()
    kill.at("GET", path, arrives=True)
    assert kill.during(lambda: tell(wire, event)).status_code == 200
    assert tell(wire, event).status_code == 200
    assert credit(wire, purse.customer, purse.currency)["usageLimit"] == 50
    check_books(wire, purse.customer)


class Buyer(Client):
    """Buys one grant after the other; every other time he does not wait until it is paid."""

    def __init__(self, purse: Wallet) -> None:
        super().__init__()
        self.purse = purse
        self.bought: list[str] = []

    def send(self, wire: Wire) -> httpx.Response:
        waits = self.acknowledged % 2 == 0
        body = self.purse.body() | paid_body(amount=1, awaitPaymentConfirmation=waits)
        return wire.post(GRANTS, body, idempotency_key=self.key)

    def learn(self, answer: httpx.Response) -> None:
        self.bought.append(answer.json()["data"]["id"])


class Troubles(Crew):
    """Lets a few of the provider's answers go wrong all the time, each in another way."""

    def __init__(self, stripe: StandIn, *, pause_seconds: float) -> None:
        self.url = stripe.url
        self.pause_seconds = pause_seconds
        self.count = 0
        super().__init__(1)

    def _work(self, n: int) -> None:
        chance, stand_in = random.Random(n), StandIn(self.url)
        while not self._stop.wait(self.pause_seconds):
            stand_in.fault(TROUBLES[self.count % len(TROUBLES)], after=chance.randrange(8))
            self.count += 1
        stand_in.well_again()
        stand_in.close()


def check_each_once(stripe: StandIn, wire: Wire, purses: list[Wallet], bought: list[str]) -> None:
    """Everything that was answered is there, and whatever is there is paid for, once."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = {made["id"]: made for purse in purses for made in grants(wire, purse.customer)}
        waiting = [made for made in found.values() if made["status"] != "ACTIVE"]
        if not waiting:
            break
        assert time.monotonic() < deadline, f"{len(waiting)} of {len(found)} still wait: {waiting[:3]}"
        time.sleep(0.2)
    assert set(bought) <= set(found), "answered and lost"
    charges = stripe.all_charges()
    assert {name: charges.get(name) for name in found} == dict.fromkeys(found, ONE_CHARGE)
    for purse in purses:
        made = {each["latestInvoice"]["billingId"] for each in grants(wire, purse.customer)}
        paid = everything_paid(stripe, wire, purse)
        assert made == paid, "an invoice too many"
        assert credit(wire, purse.customer, purse.currency)["usageLimit"] == len(made)
        check_books(wire, purse.customer)


def everything_paid(stripe: StandIn, wire: Wire, purse: Wallet) -> set[str]:
    """The invoices of a customer that were charged."""
    payer = created(wire.get(f"/api/v1/customers/{purse.customer}"), 200)["billingId"]
    return {
        event["data"]["object"]["id"] for event in stripe.events()
        if event["type"] == "invoice.paid" and event["data"]["object"]["customer"] == payer
    }


def test_many_lives_under_load(server: Server, wire: Wire, coin: str, stripe: StandIn) -> None:
    """Killed while many buy, and while some of the provider's answers go wrong."""
    purses = [Wallet(new_customer(wire), coin) for _ in range(CLIENTS)]
    for purse in purses:
        attach(wire, purse.customer)
    buyers = [Buyer(purse) for purse in purses]
    with Troubles(stripe, pause_seconds=0.15) as troubles:
        for _ in range(LIVES):
            live(server, buyers)
    assert troubles.count > LIVES, "nothing went wrong"
    # What nobody was answered is asked for again.
    for buyer in buyers:
        buyer.step(wire)
    check_each_once(stripe, wire, purses, [name for buyer in buyers for name in buyer.bought])


def test_whatever_the_provider_answers(wire: Wire, coin: str, stripe: StandIn) -> None:
    """Lost answers, refused connections, and failures that are remembered or not: a burst for each of them."""
    purses, bought = [], []
    for trouble in TROUBLES:
        purse = Wallet(new_customer(wire), coin)
        attach(wire, purse.customer)
        purses.append(purse)
        # Used up before the first of them is paid: those who were hit rest a second at least.
        stripe.fault(trouble, after=3, times=5)
        body = purse.body() | paid_body(amount=1, awaitPaymentConfirmation=False)
        bought += [created(wire.post(GRANTS, body))["id"] for _ in range(6)]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while sum(stripe.charges(name)[0] for name in bought[-6:]) < 1:
            assert time.monotonic() < deadline, trouble
            time.sleep(0.02)
    stripe.well_again()
    check_each_once(stripe, wire, purses, bought)
