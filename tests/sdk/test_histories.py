"""Any history keeps its books, and the past stays what was answered when it was the present.

A sandbox's clock, a wallet and a seed: grants, consumptions, holds, releases, refunds, voids, edits,
recharges, recurring credits and steps of time, in an order that nobody thought of. `SCRIP_HISTORIES=200` runs
more of them, `SCRIP_SEED` one of them again.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from support.books import check_books, credit, grants, rows
from support.shop import Wallet, iso, new_customer
from support.told import behind_the_last, of
from support.wire import Wire, exact

COUNT = int(os.environ.get("SCRIP_HISTORIES", "3"))
STEPS = 80
BALANCES = "/api/v1/credits/balances"
GRANTS = "/api/v1/credits/grants"
RESERVATIONS = "/api/v1/credits/reservations"
# What a state may refuse: the history goes on.
REFUSALS = {
    "InsufficientCredits", "InvalidArgumentError", "CreditGrantAlreadyVoided", "CreditGrantCannotBeVoided",
    "CannotUpdateExpireAtForExpiredCreditGrantError",
}


class History:
    def __init__(self, box: Wire, money: str, seed: int) -> None:
        self.box, self.random = box, random.Random(seed)
        self.wallet = Wallet(new_customer(box), money, self.random.choice([None, "site"]))
        self.keys: list[dict[str, str]] = []
        self.holds: list[str] = []
        self.grants: list[str] = []
        self.used = Decimal(0)
        self.events = 0
        self.count = 0
        self.now = datetime.now(UTC)

    def amount(self) -> float:
        return self.random.choice([1, 2.5, 7, 30, 0.000000001, round(self.random.uniform(0.1, 60), 9)])

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def send(self, answer: httpx.Response) -> dict[str, Any] | None:
        if answer.status_code in (200, 201):
            data: dict[str, Any] = exact(answer)["data"]
            return data
        assert answer.status_code in (400, 402) and answer.json()["code"] in REFUSALS, answer.text
        return None

    def step(self) -> None:
        choices = {
            self.grant: 5, self.consume: 8, self.reserve: 6, self.release: 5, self.refund: 4, self.void: 2,
            self.edit: 2, self.recharge: 1, self.recur: 1,
        }
        self.random.choices(list(choices), list(choices.values()))[0]()

    def at(self, days: float) -> str:
        return iso(self.now + timedelta(days=self.random.uniform(0.01, days)))

    def grant(self) -> None:
        body = self.wallet.grant_body(self.amount(), priority=self.random.randrange(101))
        body["grantType"] = self.random.choice(["PROMOTIONAL", "PAID"])
        if self.random.random() < 0.3:
            body["effectiveAt"] = self.at(3)
        if self.random.random() < 0.6:
            body["expireAt"] = iso(self.now + timedelta(days=self.random.uniform(3, 12)))
        made = self.send(self.box.post(GRANTS, body))
        assert made is not None
        self.grants.append(made["id"])

    def consume(self) -> None:
        key, amount = self.name("c"), self.amount()
        fields = {"idempotencyKey": key, "dimensions": {"model": self.random.choice("abc")}}
        if self.random.random() < 0.3:
            fields["onInsufficient"] = "REJECT"
        if self.random.random() < 0.3:
            fields["createdAt"] = iso(self.now - timedelta(days=self.random.uniform(0, 20)))
        answer = self.box.post("/api/v1/credits/consumption", self.wallet.consume_body(amount, **fields))
        if self.send(answer):
            self.keys.append({"consumptionKey": key})
            self.count_usage(amount)

    def count_usage(self, amount: float) -> None:
        self.used += Decimal(str(amount)).quantize(Decimal("1e-9"))
        self.events += 1

    def reserve(self) -> None:
        name = self.name("r")
        body = self.wallet.body() | {"reservationId": name, "amount": self.amount()}
        body["ttlSeconds"] = self.random.choice([60, 3600, 86_400])  # type: ignore[assignment]
        if self.send(self.box.post(RESERVATIONS, body)):
            self.holds.append(name)

    def release(self) -> None:
        if not self.holds:
            return
        name = self.holds.pop(self.random.randrange(len(self.holds)))
        amount = self.random.choice([0, self.amount()])
        body = self.wallet.body() | {"consumedAmount": amount}
        assert self.send(self.box.post(f"{RESERVATIONS}/{name}/release", body)), "a release never fails"
        if amount:
            self.keys.append({"reservationId": name})
            self.count_usage(amount)

    def refund(self) -> None:
        if not self.keys:
            return
        body = self.wallet.body() | {"idempotencyKey": self.name("u")} | self.random.choice(self.keys)
        if self.random.random() < 0.6:
            body["amount"] = self.amount()  # type: ignore[assignment]
        made = self.send(self.box.post("/api/v1/credits/consumption/refund", body))
        if made is not None:
            self.used -= made["amount"]

    def void(self) -> None:
        if self.grants:
            self.send(self.box.post(f"{GRANTS}/{self.random.choice(self.grants)}/void"))

    def edit(self) -> None:
        if self.grants:
            changes = [{"priority": self.random.randrange(101)}, {"expireAt": self.at(9)}, {"expireAt": None}]
            chosen = self.random.choice(self.grants)
            answer = self.box.patch(f"{GRANTS}/{chosen}", self.random.choice(changes))
            too_soon = answer.status_code == 400 and answer.json()["code"].startswith("ExpireAt")
            assert too_soon or self.send(answer) is not None or answer.json()["code"] in REFUSALS

    def recharge(self) -> None:
        setting = self.wallet.body() | {
            "isEnabled": self.random.random() < 0.7, "thresholdValue": 5, "targetBalance": 20,
            "unitCost": {"amount": 0.1, "currency": "usd"}, "grantExpirationPeriod": "1_MONTH",
            "maxSpendLimit": self.random.choice([None, 2, 10]),
        }
        self.send(self.box.put("/api/v1/credits/auto-recharge", setting))

    def recur(self) -> None:
        body = self.wallet.body() | {"amount": self.amount(), "cadence": "MONTH", "displayName": "Basic"}
        name = f"{self.wallet.customer}-{self.random.randrange(2)}"
        self.send(self.box.put(f"/api/v1/credits/recurring-grants/{name}", body))

    def move(self, now: datetime) -> None:
        self.now = now
        assert self.box.post("/api/v1/test-clock", {"now": iso(now)}).status_code == 200

    def past(self, at: str) -> tuple[Any, Any]:
        own = self.wallet.body()
        balances = exact(self.box.get(BALANCES, **own, at=at))["data"]
        return balances, exact(self.box.get(f"{BALANCES}/explain", **own, at=at))["data"]

    def check_present(self) -> tuple[Any, Any]:
        """What is told now, in all the ways in which it is told."""
        own = self.wallet.body()
        live = exact(self.box.get(BALANCES, **own))["data"]
        told = exact(self.box.get(f"{BALANCES}/explain", **own))["data"]
        wallet = self.wallet
        now = credit(self.box, wallet.customer, wallet.currency, wallet.resource)
        assert told["opening"] + sum(row["amount"] for row in told["rows"]) == told["available"]
        assert sum(made["available"] for made in told["grants"]) == told["available"]
        if live:
            assert live[0]["available"] == told["available"] == now["usageLimit"] - now["currentUsage"]
            assert live[0]["reserved"] == now.get("reserved", 0)
        return live, told

    def check_usage(self) -> None:
        query = self.wallet.body() | {"timeRange": "LAST_YEAR"}
        data = exact(self.box.get("/api/v1/credits/usage", **query))["data"]
        for name, expected in (("totalCredits", self.used), ("eventCount", self.events)):
            assert sum(one[name] for one in data["series"]) == expected, name


def start_of(box: Wire, index: int) -> datetime:
    """Every history has months of its own: the sandbox has but one clock, and it goes one way."""
    return datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=90 * index)


@pytest.mark.parametrize("index", range(COUNT))
def test_a_history(box: Wire, money: str, index: int) -> None:
    seed = int(os.environ.get("SCRIP_SEED", random.randrange(2**32)))
    print(f"SCRIP_SEED={seed}")
    history = History(box, money, seed)
    history.move(start_of(box, index))
    reader = behind_the_last(box)
    answered = []
    for _ in range(STEPS):
        for _ in range(history.random.randrange(1, 4)):
            history.step()
        answered.append((iso(history.now), history.check_present()))
        days = history.random.choice([0.0005, 0.01, 0.3, 1, 2])
        later = history.now + timedelta(days=days * history.random.uniform(0.2, 1.5))
        history.move(later.replace(microsecond=later.microsecond // 1000 * 1000))
    check_books(box, history.wallet.customer)
    history.check_usage()
    for at, told in answered:
        assert history.past(at) == told, at
    check_events(history, of(reader.catch_up(box).events, history.wallet))


def check_events(history: History, told: list[dict[str, Any]]) -> None:
    """Every grant was told of when it was made, and when it ended, once and never before."""
    scope = {"resourceId": history.wallet.resource} if history.wallet.resource else {}
    listed = {made["id"]: made for made in grants(history.box, history.wallet.customer, **scope)}
    seen: dict[str, list[str]] = {name: [] for name in listed}
    for event in told:
        if "grant" in event:
            seen[event["grant"]["id"]].append(event["type"].removeprefix("credit_grant."))
    ends = {"EXPIRED": "expired", "VOIDED": "voided"}
    for name, types in seen.items():
        assert types[0] == "created" and types.count("created") == 1, (name, types)
        end = ends.get(listed[name]["status"])
        assert [kind for kind in types if kind in ends.values()] == ([end] if end else []), (name, types)
    instants = [event["timestamp"] for event in told]
    assert instants == sorted(instants)
    recharged = sum(event["type"] == "automatic_recharge.operation.attempted" for event in told)
    assert recharged == sum("automaticRechargeConfigurationId" in made for made in listed.values())
    assert len(rows(history.box, history.wallet.customer)) > STEPS
