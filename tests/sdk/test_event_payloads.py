"""What each event says, in full: a consumer of events has nothing else to go by."""

from __future__ import annotations

from typing import Any

import pytest

from support.paging import UUID
from support.shop import Wallet, created, fresh, new_customer
from support.told import Event, Reader, behind_the_last, of
from support.wire import Wire

NOW = "2031-01-15T12:00:00.000Z"
MONTH_LATER = "2031-02-15T12:00:00.000Z"
CURRENCIES = "/api/v1/credits/custom-currencies"
GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"


@pytest.fixture(scope="module")
def box(box: Wire) -> Wire:
    """Its clock stands still, so that every instant is known."""
    assert box.post("/api/v1/test-clock", {"now": NOW}).status_code == 200
    return box


@pytest.fixture(scope="module")
def money(box: Wire) -> dict[str, Any]:
    """A currency as events tell of it."""
    body = {"id": fresh("credits"), "displayName": "Tokens", "description": "of models",
            "units": {"singular": "token", "plural": "tokens"}}
    created(box.post(CURRENCIES, body))
    return {"id": body["id"], "name": "Tokens", "description": "of models", "unitLabel": body["units"]}


@pytest.fixture
def wallet(box: Wire, money: dict[str, Any]) -> Wallet:
    return Wallet(new_customer(box, name="Ann"), money["id"], "site")


class Told:
    """Takes the events that a wallet has brought since, and checks what they all have in common."""

    def __init__(self, box: Wire, wallet: Wallet, money: dict[str, Any]) -> None:
        self.box, self.wallet, self.money = box, wallet, money
        self.reader = behind_the_last(box)

    def take(self, *, trace: str | None) -> list[Event]:
        self.reader.events.clear()
        events = of(self.reader.catch_up(self.box).events, self.wallet)
        for event in events:
            assert UUID.fullmatch(event.pop("messageId")), event
            assert event.pop("traceId") == trace, event
            assert event.pop("timestamp") == NOW, event
            assert event.pop("customer") == {"id": self.wallet.customer, "name": "Ann", "billingId": None}
            assert event.pop("creditCurrency") == self.money
            assert event.pop("resourceId") == self.wallet.resource
            if "grant" in event:
                assert UUID.fullmatch(event["grant"].pop("entityId")), event
        return events

    def after(self, answer: Any) -> list[Event]:
        assert answer.status_code in (200, 201), answer.text
        return self.take(trace=answer.headers["x-trace-id"])


@pytest.fixture
def told(box: Wire, wallet: Wallet, money: dict[str, Any]) -> Told:
    return Told(box, wallet, money)


def described(made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A grant of the API as events describe it; `fields` say how it was then."""
    same = ("id", "displayName", "priority", "effectiveAt", "expireAt", "amount")
    cost = made["cost"] if made["cost"]["amount"] else None
    kind = {"PROMOTIONAL": "PROMO"}.get(made["grantType"], made["grantType"])
    return {name: made[name] for name in same} | {
        "grantType": kind, "cost": cost, "status": "ACTIVE", "consumedAmount": 0,
        "remainingBalance": made["amount"],
    } | fields


def listed(box: Wire, wallet: Wallet) -> list[dict[str, Any]]:
    """The wallet's grants, oldest first."""
    query = {"customerId": wallet.customer, "resourceId": wallet.resource}
    answer = box.get(GRANTS, limit=100, **query)
    return created(answer, 200)[::-1]  # type: ignore[return-value, index]


class TestGrants:
    def test_paid_consumed_and_used_up(self, box: Wire, wallet: Wallet, told: Told) -> None:
        cost = {"amount": 12.5, "currency": "eur"}
        body = wallet.grant_body(
            200, grantType="PAID", cost=cost, paymentCollectionMethod="NONE", priority=7, displayName="Pack",
            expireAt=MONTH_LATER,
        )
        answer = box.post(GRANTS, body)
        made = created(answer)
        assert told.after(answer) == [{"type": "credit_grant.created", "grant": described(made)}]
        assert described(made)["cost"] == cost

        # Above the threshold nobody is told of a consumption.
        assert told.after(box.post(CONSUMPTION, wallet.consume_body(159.99))) == []
        shares = {"remainingBalancePercentage": 16.67, "consumedPercentage": 83.33}
        left = described(made, consumedAmount=166.66, remainingBalance=33.34)
        assert told.after(box.post(CONSUMPTION, wallet.consume_body(6.67))) == [
            {"type": "credit_grant.balance.low", "grant": left, **shares, "thresholdPercentage": 20},
            {"type": "credit_balance.low", "totalGranted": 200, "remainingBalance": 33.34, **shares,
             "thresholdPercentage": 20},
        ]
        used_up = described(made, consumedAmount=200, remainingBalance=0)
        assert told.after(box.post(CONSUMPTION, wallet.consume_body(33.34))) == [
            {"type": "credit_grant.depleted", "grant": used_up, "remainingBalancePercentage": 0,
             "consumedPercentage": 100, "thresholdPercentage": 0},
            {"type": "credit_balance.depleted", "totalGranted": 200, "remainingBalance": 0,
             "consumedPercentage": 100},
        ]

    def test_edited_and_voided(self, box: Wire, wallet: Wallet, told: Told) -> None:
        answer = box.post(GRANTS, wallet.grant_body(10, effectiveAt=MONTH_LATER))
        made = created(answer)
        scheduled = described(made, status="SCHEDULED")
        assert told.after(answer) == [{"type": "credit_grant.created", "grant": scheduled}]
        answer = box.patch(f"{GRANTS}/{made['id']}", {"displayName": "Later", "priority": 3})
        changed = scheduled | {"displayName": "Later", "priority": 3}
        assert told.after(answer) == [{"type": "credit_grant.updated", "grant": changed}]
        # An edit that says nothing writes nothing.
        assert told.after(box.patch(f"{GRANTS}/{made['id']}", {})) == []
        answer = box.post(f"{GRANTS}/{made['id']}/void")
        voided = changed | {"status": "VOIDED", "remainingBalance": 0}
        assert told.after(answer) == [{"type": "credit_grant.voided", "grant": voided}]

    def test_what_is_refused_or_repeated_is_not_told(self, box: Wire, wallet: Wallet, told: Told) -> None:
        body = wallet.consume_body(5, onInsufficient="REJECT")
        assert box.post(CONSUMPTION, body).status_code == 402
        assert told.take(trace=None) == []
        told.after(box.post(GRANTS, wallet.grant_body(5)))
        assert [event["type"] for event in told.after(box.post(CONSUMPTION, body))] == [
            "credit_grant.balance.low", "credit_grant.depleted",
            "credit_balance.low", "credit_balance.depleted",
        ]
        assert told.after(box.post(CONSUMPTION, body)) == []


def test_an_overdraft_from_its_beginning_to_its_end(box: Wire, wallet: Wallet, told: Told) -> None:
    answer = box.post(CONSUMPTION, wallet.consume_body(25))
    (debt,) = listed(box, wallet)
    # As it was made, with nothing consumed yet.
    assert told.after(answer) == [{"type": "credit_grant.created", "grant": described(debt)}]
    assert (debt["grantType"], debt["displayName"], debt["priority"], debt["expireAt"]) == (
        "OVERDRAFT", "Overdraft", 100, None,
    )

    # A part of it: both sides changed, and what took it over is used up at once.
    answer = box.post(GRANTS, wallet.grant_body(10, displayName="Part"))
    made = created(answer)
    after = described(made, consumedAmount=10, remainingBalance=0)
    used_up = {"remainingBalancePercentage": 0, "consumedPercentage": 100}
    owed = described(debt, consumedAmount=15, remainingBalance=-15)
    assert told.after(answer) == [
        {"type": "credit_grant.created", "grant": described(made)},
        {"type": "credit_grant.updated", "grant": owed},
        {"type": "credit_grant.updated", "grant": after},
        {"type": "credit_grant.balance.low", "grant": after, **used_up, "thresholdPercentage": 20},
        {"type": "credit_grant.depleted", "grant": after, **used_up, "thresholdPercentage": 0},
    ]

    # The rest of it: it is settled.
    answer = box.post(GRANTS, wallet.grant_body(50, displayName="Rest"))
    made = created(answer)
    settled = described(debt, consumedAmount=0, remainingBalance=0)
    assert told.after(answer) == [
        {"type": "credit_grant.created", "grant": described(made)},
        {"type": "credit_grant.updated", "grant": settled},
        {"type": "credit_grant.updated", "grant": described(made, consumedAmount=15, remainingBalance=35)},
        {"type": "credit_grant.voided", "grant": settled | {"status": "VOIDED"}},
    ]


def test_a_currency(box: Wire) -> None:
    reader = behind_the_last(box)
    name = fresh("credits")
    path = f"{CURRENCIES}/{name}"

    def check_told(kind: str, answer: Any, known: dict[str, Any]) -> None:
        assert answer.status_code in (200, 201), answer.text
        reader.events.clear()
        (event,) = reader.catch_up(box).events
        assert UUID.fullmatch(event.pop("messageId"))
        assert event == {
            "type": f"credit_type.{kind}", "traceId": answer.headers["x-trace-id"], "timestamp": NOW,
            "creditCurrency": {"id": name} | known,
        }

    plain = {"name": "Plain", "description": None, "unitLabel": None}
    check_told("created", box.post(CURRENCIES, {"id": name, "displayName": "Plain"}), plain)
    change = {"displayName": "Gold", "description": "shines", "units": {"singular": "bar", "plural": "bars"}}
    gold = {"name": "Gold", "description": "shines", "unitLabel": change["units"]}
    check_told("updated", box.patch(path, change), gold)
    check_told("archived", box.post(f"{path}/archive"), gold)
    check_told("unarchived", box.post(f"{path}/unarchive"), gold)
    # What changed nothing is not told.
    assert box.post(f"{path}/unarchive").status_code == 200
    assert reader.page(box) == []


class TestRecharges:
    PATH = "/api/v1/credits/auto-recharge"

    def saved(self, box: Wire, wallet: Wallet, **fields: Any) -> Any:
        setting = {
            "isEnabled": True, "thresholdValue": 49, "targetBalance": 50, "grantExpirationPeriod": "1_MONTH",
            "unitCost": {"amount": 1, "currency": "usd"}, "maxSpendLimit": 100,
        }
        return box.put(self.PATH, wallet.body() | setting | fields)

    def events(self, told: Told, answer: Any) -> list[Event]:
        events = [event for event in told.after(answer) if "automatic_recharge" in event["type"]]
        for event in events:
            # What it would say follows from the limit and the spend, which are asserted.
            event.pop("percentage", None)
        return events

    def test_from_its_setting_to_its_cap(self, box: Wire, wallet: Wallet, told: Told) -> None:
        answer = self.saved(box, wallet)
        config = {"configId": answer.json()["data"]["id"], "customerId": wallet.customer,
                  "currencyId": wallet.currency}

        def changed(**fields: Any) -> Event:
            return {"type": "automatic_recharge.configuration.changed"} | config | fields

        def attempted(amount: int) -> Event:
            made = listed(box, wallet)[-1]
            assert (made["amount"], made["displayName"]) == (amount, "Automatic recharge")
            return {"type": "automatic_recharge.operation.attempted"} | config | {
                "grantId": made["id"], "amount": amount, "cost": {"amount": amount, "currency": "usd"},
                "status": "SUCCESS",
            }

        def limit(threshold: int, spent: int) -> Event:
            return {"type": "credits.automatic_recharge_limit_exceeded"} | config | {
                "maxSpendLimit": 100, "currentMonthlySpend": spent, "threshold": threshold,
            }

        def consumed(amount: int) -> list[Event]:
            return self.events(told, box.post(CONSUMPTION, wallet.consume_body(amount)))

        on = changed(isEnabled=True, changedBy="USER", reason="SETTING_SAVED")
        assert self.events(told, answer) == [on, attempted(50)]
        assert consumed(29) == [attempted(29)]
        assert consumed(2) == [attempted(2), limit(80, 81)]
        assert consumed(10) == [attempted(10), limit(90, 91)]
        stopped = changed(isEnabled=False, changedBy="SYSTEM", reason="SPEND_LIMIT_REACHED")
        assert consumed(9) == [attempted(9), limit(100, 100), stopped]
        assert consumed(60) == []
        # The owner raises the cap, and it goes on.
        answer = self.saved(box, wallet, maxSpendLimit=None)
        assert self.events(told, answer) == [on, attempted(60)]
        answer = self.saved(box, wallet, isEnabled=False)
        off = changed(isEnabled=False, changedBy="USER", reason="SETTING_SAVED")
        assert self.events(told, answer) == [off]

    def test_one_charge_may_cross_several_steps(self, box: Wire, wallet: Wallet, told: Told) -> None:
        answer = self.saved(box, wallet, maxSpendLimit=50)
        steps = [event["threshold"] for event in self.events(told, answer) if "threshold" in event]
        assert steps == [80, 90, 100]
