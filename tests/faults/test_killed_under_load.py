"""`kill -9` while many clients write: nothing acknowledged is lost, nothing is applied twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import stigg

from support import books
from support.load import Diary, Load, do
from support.server import Server
from support.shop import Wallet, created, new_currency, new_customer
from support.wire import Wire

THREADS = 8
ROUNDS = 3
SECONDS_OF_LOAD = 1.2
PURSE = Decimal(10**9)


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    server = Server(directory)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def wallets(server: Server) -> list[Wallet]:
    """A customer's own wallet, one of a resource, and two of another customer."""
    wire = Wire(server.url, server.production_key)
    first, second = new_customer(wire), new_customer(wire)
    one, other = new_currency(wire), new_currency(wire)
    wallets = [Wallet(first, one), Wallet(first, one, "site"), Wallet(second, one), Wallet(second, other)]
    for wallet in wallets:
        # Burnt first and never used up: each consumption is then exactly one row.
        created(wire.post("/api/v1/credits/grants", wallet.grant_body(int(PURSE), priority=0, displayName="purse")))
    wire.close()
    return wallets


def consumed_amounts(wire: Wire, wallet: Wallet) -> list[Decimal]:
    filters = {"currencyId": wallet.currency, "eventType": "CREDITS_CONSUMED"}
    found = books.rows(wire, wallet.customer, **filters)
    return [-row["amount"] for row in found if row["resourceId"] == wallet.resource]


def granted_amounts(wire: Wire, wallet: Wallet) -> dict[str, Decimal]:
    scope = {"resourceId": wallet.resource} if wallet.resource else {}
    found = books.grants(wire, wallet.customer, currencyId=wallet.currency, **scope)
    return {grant["displayName"]: grant["amount"] for grant in found if grant["displayName"] != "purse"}


def check_nothing_lost_or_doubled(wire: Wire, diary: Diary, wallets: list[Wallet]) -> None:
    for wallet in wallets:
        sent = {work.amount: work for work in diary.of("consume", wallet)}
        found = consumed_amounts(wire, wallet)
        assert len(found) == len(set(found)), "a consumption is there twice"
        assert set(found) <= sent.keys(), "a consumption that nobody sent"
        lost = [work for amount, work in sent.items() if work.acknowledged and amount not in set(found)]
        assert not lost, f"acknowledged and lost: {lost[:3]}"

        asked = {work.key: work for work in diary.of("grant", wallet)}
        made = granted_amounts(wire, wallet)
        assert made.items() <= {key: work.amount for key, work in asked.items()}.items()
        lost = [work for key, work in asked.items() if work.acknowledged and key not in made]
        assert not lost, f"acknowledged and lost: {lost[:3]}"
    for customer in {wallet.customer for wallet in wallets}:
        books.check_books(wire, customer)


def check_everything_happened_once(wire: Wire, diary: Diary, wallets: list[Wallet]) -> None:
    for wallet in wallets:
        consumptions, grants = diary.of("consume", wallet), diary.of("grant", wallet)
        assert sorted(consumed_amounts(wire, wallet)) == sorted(work.amount for work in consumptions)
        assert granted_amounts(wire, wallet) == {work.key: work.amount for work in grants}
        credit = books.credit(wire, wallet.customer, wallet.currency, wallet.resource)
        assert credit["currentUsage"] == sum(work.amount for work in consumptions)
        assert credit["usageLimit"] == PURSE + sum(work.amount for work in grants)
    for customer in {wallet.customer for wallet in wallets}:
        books.check_books(wire, customer)


def replay_everything(server: Server, diary: Diary) -> None:
    """Send every request again, whatever was known of it. Keys make that harmless and complete what was lost."""
    with stigg.Stigg(base_url=server.url, api_key=server.production_key, max_retries=0, timeout=30) as client:
        for work in diary.works:
            do(client, work)


def test_kill_9_under_parallel_load(server: Server, wallets: list[Wallet]) -> None:
    diary = Diary()
    for round_ in range(ROUNDS):
        # Amounts of different rounds must differ too.
        with Load(server, wallets, threads=THREADS, diary=diary, first=10**7 * (round_ + 1)) as load:
            deadline = time.monotonic() + 20
            known = load.acknowledged()
            time.sleep(SECONDS_OF_LOAD)
            while load.acknowledged() < known + 100 and time.monotonic() < deadline:
                time.sleep(0.05)
            server.kill()
        assert not diary.failures, diary.failures[:3]
        assert load.acknowledged() >= known + 100, "too little load to prove anything"
        server.start()
        wire = Wire(server.url, server.production_key)
        check_nothing_lost_or_doubled(wire, diary, wallets)
        wire.close()

    unknown = [work for work in diary.works if not work.acknowledged]
    assert unknown, "every request was answered: the kill hit nothing"
    replay_everything(server, diary)
    assert all(work.acknowledged for work in diary.works)
    wire = Wire(server.url, server.production_key)
    check_everything_happened_once(wire, diary, wallets)
    # Once more, and still nothing has moved.
    replay_everything(server, diary)
    check_everything_happened_once(wire, diary, wallets)
    wire.close()
    server.end_and_verify()
