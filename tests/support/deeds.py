"""Pieces of work of every kind that changes a balance, each fit to be repeated, and what the books must say of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from support import books
from support.outcomes import PURSE, granted_amounts
from support.server import Server
from support.shop import Wallet, fresh
from support.stores import told
from support.wire import Wire, exact

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"
RESERVATIONS = "/api/v1/credits/reservations"
# Of every six pieces of work.
KINDS = ("consume", "grant", "consume", "batch", "consume", "job")
BATCH = 5


@dataclass(frozen=True)
class Request:
    path: str
    body: dict[str, Any]
    status: int
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, wire: Wire) -> httpx.Response:
        return wire.post(self.path, self.body, **self.headers)


@dataclass
class Deed:
    """One piece of work under a key. A batch has a wallet for each of its items, the others have one."""

    kind: str
    key: str
    wallets: list[Wallet]
    amount: Decimal
    answers: list[Any] = field(default_factory=list)
    done: bool = False

    def requests(self) -> list[Request]:
        """One after the other; each of them has happened once, however often it is sent."""
        wallet, amount = self.wallets[0], float(self.amount)
        if self.kind == "consume":
            return [Request(CONSUMPTION, wallet.consume_body(amount, idempotencyKey=self.key), 200)]
        if self.kind == "grant":
            body = wallet.grant_body(amount, displayName=self.key)
            return [Request(GRANTS, body, 201, {"Idempotency_Key": self.key})]
        if self.kind == "batch":
            items = [each.body() | {"amount": amount, "idempotencyKey": key} for each, key in self.items()]
            return [Request(f"{CONSUMPTION}/async", {"consumptions": items}, 202)]
        # A job reserves twice what it turns out to need.
        held = wallet.body() | {"reservationId": self.key, "amount": float(2 * self.amount)}
        used = wallet.body() | {"consumedAmount": amount}
        return [Request(RESERVATIONS, held, 200), Request(f"{RESERVATIONS}/{self.key}/release", used, 200)]

    def items(self) -> list[tuple[Wallet, str]]:
        """The consumptions of it, by their keys."""
        if self.kind == "batch":
            return [(wallet, f"{self.key}-{n}") for n, wallet in enumerate(self.wallets)]
        return [(self.wallets[0], self.key)] if self.kind == "consume" else []


def make(count: int, wallets: Sequence[Wallet], kinds: Sequence[str] = KINDS) -> Deed:
    """The piece of work of a number. The first wallet is hot: every second one is about it.

    Every amount is different. A batch meets several wallets, each batch in another order.
    """
    kind = kinds[count // 2 % len(kinds)]
    wallet = wallets[0] if count % 2 == 0 else wallets[1 + count // 2 % (len(wallets) - 1)]
    others = [wallets[(count // 2 * step) % len(wallets)] for step in range(1, BATCH)] if kind == "batch" else []
    return Deed(kind, fresh(kind), [wallet, *others], 1 + Decimal(count) / 10**9)


def essence(kind: str, answer: httpx.Response) -> Any:
    """What must be the same whenever the request is answered, by whomever."""
    data = exact(answer)["data"]
    # Two of the answers also tell the balance, which moves on.
    if kind == "consume":
        return {name: data[name] for name in ("amount", "timestamp")}
    return data["reservation"] if kind == "job" else data


def check_everywhere(nodes: Sequence[Server], deeds: Sequence[Deed], wallets: list[Wallet]) -> None:
    """Every node has each piece of work once and tells the same of it, also when all of it is asked for again."""
    for node in nodes:
        check_all_happened_once(node, deeds, wallets)
    said = [told(node, wallets) for node in nodes]
    assert all(each == said[0] for each in said), "two nodes tell different things"
    for n, node in enumerate(nodes):
        repeat(node, deeds[n :: len(nodes)])
    assert all(told(node, wallets) == said[0] for node in nodes), "a key was not known again"


def check_all_happened_once(node: Server, deeds: Iterable[Deed], wallets: Sequence[Wallet]) -> None:
    """The books of a node have each piece of work once, nothing besides, and add up row by row."""
    deeds = list(deeds)
    assert all(deed.done for deed in deeds), "a piece of work was not acknowledged"
    wire = Wire(node.url, node.production_key)
    for wallet in wallets:
        found = books.rows(wire, wallet.customer, currencyId=wallet.currency)
        check_rows([row for row in found[::-1] if row["resourceId"] == wallet.resource], deeds, wallet)
        asked = {deed.key: deed.amount for deed in deeds if deed.kind == "grant" and deed.wallets == [wallet]}
        assert granted_amounts(wire, wallet) == asked
        credit = books.credit(wire, wallet.customer, wallet.currency, wallet.resource)
        jobs = sum(deed.amount for deed in deeds if deed.kind == "job" and deed.wallets == [wallet])
        assert credit["currentUsage"] == jobs + sum(amount for _, amount in consumed(deeds, wallet))
        assert credit["usageLimit"] == PURSE + sum(asked.values())
        assert not credit.get("reserved")
    for customer in {wallet.customer for wallet in wallets}:
        books.check_books(wire, customer)
    wire.close()


def consumed(deeds: Iterable[Deed], wallet: Wallet) -> list[tuple[str, Decimal]]:
    return sorted((key, deed.amount) for deed in deeds for whose, key in deed.items() if whose == wallet)


def check_rows(found: list[books.Row], deeds: list[Deed], wallet: Wallet) -> None:
    """The rows of a wallet, oldest first: each adds to what the one before it left."""
    balance = books.ZERO
    for row in found:
        balance += row["amount"]
        assert row["balanceAfter"] == balance, row

    def of(event: str, name: str) -> list[tuple[str, Decimal]]:
        return sorted((row[name], row["amount"]) for row in found if row["eventType"] == f"CREDITS_{event}")

    told = sorted((key, -amount) for key, amount in of("CONSUMED", "idempotencyKey"))
    assert told == consumed(deeds, wallet), "a consumption is missing, or there twice"
    jobs = [deed for deed in deeds if deed.kind == "job" and deed.wallets == [wallet]]
    assert of("RESERVED", "reservationId") == sorted((job.key, -2 * job.amount) for job in jobs)
    assert of("RESERVATION_RELEASED", "reservationId") == sorted((job.key, job.amount) for job in jobs)


def repeat(node: Server, deeds: Iterable[Deed]) -> None:
    """Asks a node for everything once more. It answers as somebody answered before."""
    wire = Wire(node.url, node.production_key)
    for deed in deeds:
        # A reservation that was settled is not made again; its end is what is repeated.
        request, answered = deed.requests()[-1], deed.answers[-1]
        answer = request.send(wire)
        assert answer.status_code == request.status, (deed, answer.text)
        assert essence(deed.kind, answer) == answered, deed
    wire.close()
