"""`kill -9` while clients reserve, settle and refund in wallets that recharge themselves.

Each of these is one commit with all that it brings: a hold is placed once, settled once and given back once,
and the recharge that a hold makes due is there with it, or neither is.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from support.books import Row, check_books, rows
from support.lives import Client, live
from support.server import Server, running
from support.shop import Wallet, created, new_currency, new_customer
from support.told import Reader, of
from support.wire import Wire

CLIENTS = 6
LIVES = 4
RESERVATIONS = "/api/v1/credits/reservations"
THRESHOLD, TARGET = 20, 50
HELD, USED, REFUNDED = 10, 7, 2


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory) as server:
        yield server


class Worker(Client):
    """Reserves ten credits for a job, settles it for seven, is refunded two. Repeats by the job's name."""

    def __init__(self, wallet: Wallet) -> None:
        super().__init__()
        self.wallet = wallet

    def send(self, wire: Wire) -> httpx.Response:
        number, place = divmod(self.acknowledged, 3)
        body, name = self.wallet.body(), f"job-{number}"
        if place == 0:
            return wire.post(RESERVATIONS, body | {"reservationId": name, "amount": HELD})
        if place == 1:
            return wire.post(f"{RESERVATIONS}/{name}/release", body | {"consumedAmount": USED})
        refund = {"reservationId": name, "idempotencyKey": f"refund-{number}", "amount": REFUNDED}
        return wire.post("/api/v1/credits/consumption/refund", body | refund)

    def story(self, count: int) -> list[tuple[str, Decimal]]:
        """What the ledger says after so many requests, by the rules; refunds are told by their sums."""
        told, available = [("GRANTED", TARGET)], TARGET
        for number in range(count):
            number, place = divmod(number, 3)
            if place == 0:
                told.append((f"RESERVED job-{number}", -HELD))
                available -= HELD
                if available < THRESHOLD:
                    told.append(("GRANTED", TARGET - available))
                    available = TARGET
            elif place == 1:
                told.append((f"RESERVATION_RELEASED job-{number}", HELD - USED))
                available += HELD - USED
            else:
                told.append((f"REFUNDED job-{number}", REFUNDED))
                available += REFUNDED
        return [(name, Decimal(amount)) for name, amount in told]


def story(found: list[Row]) -> list[tuple[str, Decimal]]:
    """The rows, oldest first. A refund has a row for each grant that it goes to."""
    told: list[tuple[str, Decimal]] = []
    for row in reversed(found):
        name = row["eventType"].removeprefix("CREDITS_").replace("CONSUMED", "REFUNDED")
        name += f" {row['reservationId']}" if "reservationId" in row else ""
        if name.startswith("REFUNDED") and told[-1][0] == name:
            told[-1] = (name, told[-1][1] + row["amount"])
        else:
            told.append((name, row["amount"]))
    return told


def test_each_happens_once_with_all_that_it_brings(server: Server) -> None:
    wire = Wire(server.url, server.production_key)
    currency = new_currency(wire, unitCost={"amount": 1, "currency": "usd"})
    workers = [Worker(Wallet(new_customer(wire), currency)) for _ in range(CLIENTS)]
    for worker in workers:
        setting = {"isEnabled": True, "thresholdValue": THRESHOLD, "targetBalance": TARGET}
        created(wire.put("/api/v1/credits/auto-recharge", worker.wallet.body() | setting), 200)
    for _ in range(LIVES):
        live(server, workers)
        for worker in workers:
            found = story(rows(wire, worker.wallet.customer))
            # The last request may have happened though nobody saw its answer.
            assert found in (worker.story(worker.acknowledged), worker.story(worker.acknowledged + 1))

    for worker in workers:
        worker.step(wire)
        found = story(rows(wire, worker.wallet.customer))
        assert found == worker.story(worker.acknowledged)
        check_books(wire, worker.wallet.customer)
        recharged = [amount for name, amount in found if name == "GRANTED"]
        query = worker.wallet.body() | {"timeRange": "LAST_DAY"}
        series = wire.get("/api/v1/credits/usage", **query).json()["data"]["series"][0]
        jobs = sum(name.startswith("RESERVATION_RELEASED") for name, _ in found)
        refunds = sum(name.startswith("REFUNDED") for name, _ in found)
        assert (series["totalCredits"], series["eventCount"]) == (USED * jobs - REFUNDED * refunds, jobs)
        told = of(Reader().catch_up(wire).events, worker.wallet)
        attempts = [event for event in told if event["type"] == "automatic_recharge.operation.attempted"]
        assert [event["amount"] for event in attempts] == recharged
    wire.close()
    server.end_and_verify()
