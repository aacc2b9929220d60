"""What became of the requests of a diary: nothing acknowledged is lost, nothing is applied twice."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import stigg

from support import books
from support.load import Diary, Work, do
from support.server import Server
from support.shop import Wallet, created, new_currency, new_customer
from support.wire import Wire

PURSE = Decimal(10**9)


def new_wallets(server: Server) -> list[Wallet]:
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


def check_nothing_lost_or_doubled(server: Server, diary: Diary, wallets: list[Wallet]) -> None:
    wire = Wire(server.url, server.production_key)
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
    wire.close()


def check_everything_happened_once(server: Server, diary: Diary, wallets: list[Wallet]) -> None:
    assert all(work.acknowledged for work in diary.works)
    wire = Wire(server.url, server.production_key)
    for wallet in wallets:
        consumptions, grants = diary.of("consume", wallet), diary.of("grant", wallet)
        assert sorted(consumed_amounts(wire, wallet)) == sorted(work.amount for work in consumptions)
        assert granted_amounts(wire, wallet) == {work.key: work.amount for work in grants}
        credit = books.credit(wire, wallet.customer, wallet.currency, wallet.resource)
        assert credit["currentUsage"] == sum(work.amount for work in consumptions)
        assert credit["usageLimit"] == PURSE + sum(work.amount for work in grants)
    for customer in {wallet.customer for wallet in wallets}:
        books.check_books(wire, customer)
    wire.close()


def replay(server: Server, works: Iterable[Work]) -> None:
    """Send requests again, whatever was known of them. Keys make that harmless and complete what was lost."""
    with stigg.Stigg(base_url=server.url, api_key=server.production_key, max_retries=0, timeout=30) as client:
        for work in works:
            do(client, work)


def settle(server: Server, diary: Diary, *, again: int) -> None:
    """Repeat what nobody knows of, and some of what was acknowledged: about `again` requests of all ages."""
    step = max(1, len(diary.works) // again)
    replay(server, [work for n, work in enumerate(diary.works) if not work.acknowledged or n % step == 0])
