"""A month in the life of one wallet, and the one after it, driven by the clock of a sandbox.

Everything that happens by itself happens here: a scheduled grant begins, a hold times out, ends are
announced and come, recurring credits are renewed, low credits are recharged until the cap stops it, a debt
is settled, and the next month lets recharges go on. Books and events are compared whole and in order.
"""

from __future__ import annotations

from typing import Any

from support.books import check_books
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.told import Event, behind_the_last, of
from support.wire import Wire

CONSUMPTION = "/api/v1/credits/consumption"
RESERVATIONS = "/api/v1/credits/reservations"

ROWS = """
01-01 GRANTED               30  Basic 1
01-05 GRANTED               40  Promo 1
01-08 CONSUMED             -25  Basic 1
01-08 RESERVED             -20  Basic 1
01-09 RESERVATION_EXPIRED   20  Basic 1
01-10 CONSUMED              -5  Basic 1
01-10 CONSUMED             -25  Promo 1
01-10 GRANTED               35  Automatic recharge 1
01-15 CONSUMED             -20  Automatic recharge 1
01-20 EXPIRED              -15  Promo 1
01-20 GRANTED               35  Automatic recharge 2
01-22 CONSUMED             -15  Automatic recharge 1
01-22 CONSUMED             -16  Automatic recharge 2
01-28 CONSUMED             -19  Automatic recharge 2
01-28 CONSUMED              -5  Overdraft 1
02-01 GRANTED               30  Basic 2
02-01 CONSUMPTION_TRANSFER_SOURCE 5 Overdraft 1
02-01 CONSUMPTION_TRANSFER_TARGET -5 Basic 2
02-01 VOIDED                 0  Overdraft 1
02-01 EXPIRED                0  Basic 1
02-10 EXPIRED                0  Automatic recharge 1
02-20 EXPIRED                0  Automatic recharge 2
03-01 GRANTED               30  Basic 3
03-01 EXPIRED              -25  Basic 2
"""

# The last column is what is left of the grant or of the wallet, or what a recharge tells of.
EVENTS = """
01-01 credit_grant.created          30  Basic 1
01-01 automatic_recharge.configuration.changed USER SETTING_SAVED True
01-01 credit_grant.created          40  Promo 1
01-05 credit_grant.updated          40  Promo 1
01-08 credit_grant.balance.low       5  Basic 1
01-10 credit_grant.depleted          0  Basic 1
01-10 automatic_recharge.operation.attempted 35 SUCCESS Automatic recharge 1
01-10 credit_grant.created          35  Automatic recharge 1
01-13 credit_grant.expiring         15  Promo 1
01-20 credit_grant.expired           0  Promo 1
01-20 automatic_recharge.operation.attempted 35 SUCCESS Automatic recharge 2
01-20 credits.automatic_recharge_limit_exceeded 80 70
01-20 credits.automatic_recharge_limit_exceeded 90 70
01-20 credit_grant.created          35  Automatic recharge 2
01-22 credit_grant.balance.low       0  Automatic recharge 1
01-22 credit_grant.depleted          0  Automatic recharge 1
01-22 automatic_recharge.configuration.changed SYSTEM SPEND_LIMIT_REACHED False
01-22 credit_balance.low            19  of 100
01-28 credit_grant.created           0  Overdraft 1
01-28 credit_grant.balance.low       0  Automatic recharge 2
01-28 credit_grant.depleted          0  Automatic recharge 2
01-28 credit_balance.depleted        0  of 100
02-01 credit_grant.created          30  Basic 2
02-01 credit_grant.updated           0  Overdraft 1
02-01 credit_grant.updated          25  Basic 2
02-01 credit_grant.voided            0  Overdraft 1
02-01 credit_grant.expired           0  Basic 1
02-01 automatic_recharge.configuration.changed SYSTEM NEW_PERIOD True
02-10 credit_grant.expired           0  Automatic recharge 1
02-20 credit_grant.expired           0  Automatic recharge 2
02-22 credit_grant.expiring         25  Basic 2
03-01 credit_grant.created          30  Basic 3
03-01 credit_grant.expired           0  Basic 2
"""


class Month:
    """The wallet and its calendar. Of every day it keeps what the balance was said to be."""

    def __init__(self, box: Wire) -> None:
        self.box = box
        self.move("01-01")
        self.wallet = Wallet(new_customer(box), new_currency(box))
        self.reader = behind_the_last(box)
        self.answered: list[dict[str, Any]] = []

    def move(self, day: str) -> None:
        now = f"2031-{day}T00:00:00.000Z"
        assert created(self.box.post("/api/v1/test-clock", {"now": now}), 200) == {"now": now}

    def balances(self, **query: str) -> list[dict[str, Any]]:
        answer = self.box.get("/api/v1/credits/balances", customerId=self.wallet.customer, **query)
        return created(answer, 200)  # type: ignore[return-value]

    def available(self) -> float:
        (told,) = self.balances()
        available: float = told["available"]
        return available

    def end(self, day: str, expected: int) -> None:
        """The end of what is done on a day."""
        (told,) = self.balances()
        assert (told["at"][5:10], told["available"]) == (day, expected)
        self.answered.append(told)

    def consume(self, amount: int) -> None:
        created(self.box.post(CONSUMPTION, self.wallet.consume_body(amount)), 200)

    def recharge(self) -> dict[str, Any]:
        return created(self.box.get("/api/v1/credits/auto-recharge", **self.wallet.body()), 200)

    def names(self) -> dict[str, str]:
        """Grants by what they are called and when they came."""
        page = self.box.get("/api/v1/credits/grants", customerId=self.wallet.customer, limit="100")
        listed = created(page, 200)
        named: dict[str, str] = {}
        for made in reversed(listed):  # type: ignore[arg-type]
            earlier = sum(name.startswith(made["displayName"]) for name in named.values())
            named[made["id"]] = f"{made['displayName']} {earlier + 1}"
        return named

    def rows(self) -> list[str]:
        page = self.box.get("/api/v1/credits/ledger", customerId=self.wallet.customer, limit="100").json()
        assert page["pagination"]["next"] is None
        names = self.names()
        return [
            f"{row['timestamp'][5:10]} {row['eventType'].removeprefix('CREDITS_')} {row['amount']} "
            f"{names[row['creditGrantId']]}"
            for row in reversed(page["data"])
        ]

    def events(self) -> list[str]:
        names = self.names()
        told = of(self.reader.catch_up(self.box).events, self.wallet)
        assert {event["timestamp"][10:] for event in told} == {"T00:00:00.000Z"}
        return [f"{event['timestamp'][5:10]} {event['type']} {gist(event, names)}" for event in told]


def gist(event: Event, names: dict[str, str]) -> str:
    if "grant" in event:
        return f"{event['grant']['remainingBalance']} {names[event['grant']['id']]}"
    if "totalGranted" in event:
        return f"{event['remainingBalance']} of {event['totalGranted']}"
    if "grantId" in event:
        return f"{event['amount']} {event['status']} {names[event['grantId']]}"
    if "threshold" in event:
        return f"{event['threshold']} {event['currentMonthlySpend']}"
    return f"{event['changedBy']} {event['reason']} {event['isEnabled']}"


def lines(table: str) -> list[str]:
    return [" ".join(line.split()) for line in table.strip().splitlines()]


def begin(month: Month) -> None:
    """Thirty credits a month, a gift for later, and recharges up to 50 for at most 75 dollars a month."""
    box, wallet = month.box, month.wallet
    recurring = wallet.body() | {"amount": 30, "cadence": "MONTH", "displayName": "Basic", "priority": 10}
    created(box.put(f"/api/v1/credits/recurring-grants/{fresh('basic')}", recurring), 200)
    setting = wallet.body() | {
        "isEnabled": True, "thresholdValue": 20, "targetBalance": 50, "maxSpendLimit": 75,
        "grantExpirationPeriod": "1_MONTH", "unitCost": {"amount": 1, "currency": "usd"},
    }
    assert created(box.put("/api/v1/credits/auto-recharge", setting), 200)["currentMonthlySpend"] == 0
    days = {"effectiveAt": "2031-01-05T00:00:00Z", "expireAt": "2031-01-20T00:00:00Z"}
    gift = wallet.grant_body(40, displayName="Promo", priority=90, **days)
    assert created(box.post("/api/v1/credits/grants", gift))["status"] == "SCHEDULED"


def test_in_order(box: Wire) -> None:
    month = Month(box)
    begin(month)
    month.end("01-01", 30)
    month.move("01-08")
    month.consume(25)
    hold = month.wallet.body() | {"reservationId": "job", "amount": 20, "ttlSeconds": 86_400}
    created(box.post(RESERVATIONS, hold), 200)
    month.end("01-08", 25)
    month.move("01-10")
    assert month.available() == 45
    month.consume(30)
    # Fifteen would have been left: it was recharged in the same commit.
    month.end("01-10", 50)
    month.move("01-15")
    month.consume(20)
    month.end("01-15", 30)
    # The gift ends unused, and that too is a reason to recharge.
    month.move("01-22")
    assert month.available() == 50
    month.consume(31)
    assert not month.recharge()["isEnabled"]
    month.end("01-22", 19)
    month.move("01-28")
    month.consume(24)
    month.end("01-28", -5)
    month.move("02-01")
    month.end("02-01", 25)
    assert month.recharge()["isEnabled"]
    month.move("03-02")
    month.end("03-02", 30)

    assert month.rows() == lines(ROWS)
    assert month.events() == lines(EVENTS)
    # What time brought names no request; what a request brought names it.
    silent = {"01-05", "01-13", "01-20", "02-01", "02-10", "02-20", "02-22", "03-01"}
    for event in of(month.reader.events, month.wallet):
        assert (event["traceId"] is None) == (event["timestamp"][5:10] in silent), event
    check_books(box, month.wallet.customer)
    # The past is what was answered when it was the present.
    for told in month.answered:
        assert month.balances(at=told["at"]) == [told]
