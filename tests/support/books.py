"""The arithmetic of the books: reads a customer's grants, rows and balances and checks that they tell one story."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from support.wire import Wire, exact

Row = dict[str, Any]
ZERO = Decimal(0)


def everything(wire: Wire, path: str, **query: Any) -> list[Row]:
    """All items of a list, by following `pagination.next`."""
    items: list[Row] = []
    after: dict[str, Any] = {}
    while True:
        answer = wire.get(path, limit=100, **query, **after)
        assert answer.status_code == 200, answer.text
        page = exact(answer)
        items += page["data"]
        if page["pagination"]["next"] is None:
            return items
        after = {"after": page["pagination"]["next"]}


def rows(wire: Wire, customer: str, **filters: Any) -> list[Row]:
    """Ledger rows, newest first."""
    return everything(wire, "/api/v1/credits/ledger", customerId=customer, **filters)


def grants(wire: Wire, customer: str, **filters: Any) -> list[Row]:
    return everything(wire, "/api/v1/credits/grants", customerId=customer, **filters)


def credit(wire: Wire, customer: str, currency: str, resource: str | None = None) -> Row:
    query: dict[str, Any] = {"currencyId": currency} | ({"resourceId": resource} if resource else {})
    answer = wire.get(f"/api/v1/customers/{customer}/entitlements/check", **query)
    assert answer.status_code == 200, answer.text
    data: Row = exact(answer)["data"]
    return data


def resources(wire: Wire, customer: str) -> list[str]:
    return [item["id"] for item in everything(wire, f"/api/v1/customers/{customer}/resources")]


def parts(row: Row, holds: dict[tuple[str, str | None, str], dict[str, Decimal]]) -> list[tuple[str, Decimal]]:
    """What a row did to each grant. `holds` are those that are open before it, oldest row first, and is kept up."""
    # A refund of what a release consumed names the reservation, and is a row for each grant.
    if "reservationId" not in row or row["eventType"] == "CREDITS_CONSUMED":
        return [(row["creditGrantId"], row["amount"])]
    name = (row["creditCurrencyId"], row["resourceId"], row["reservationId"])
    changes = [(part["creditGrantId"], part["amount"]) for part in row["breakdown"]]
    if row["eventType"] == "CREDITS_RESERVED":
        holds[name] = {grant_id: -amount for grant_id, amount in changes}
    elif row["eventType"] == "CREDITS_RESERVATION_EXPIRED":
        assert holds.pop(name) == dict(changes), row
    elif row["holdReturnedAmount"] > 0:
        returned = holds.pop(name)
        assert sum(returned.values()) == row["holdReturnedAmount"], row
        changes += returned.items()
    assert sum(amount for _, amount in changes) == row["amount"], row
    return changes


def check_books(wire: Wire, customer: str) -> None:
    """Conservation, as any client can check it, for every wallet of a customer that is not archived."""
    by_wallet: dict[tuple[str, str | None], Decimal] = defaultdict(lambda: ZERO)
    by_grant: dict[str, Decimal] = defaultdict(lambda: ZERO)
    holds: dict[tuple[str, str | None, str], dict[str, Decimal]] = {}
    for row in reversed(rows(wire, customer)):
        by_wallet[row["creditCurrencyId"], row["resourceId"]] += row["amount"]
        for grant_id, amount in parts(row, holds):
            by_grant[grant_id] += amount
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for legs in holds.values():
        for grant_id, amount in legs.items():
            held[grant_id] += amount

    live_overdrafts: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    usable_rest: dict[tuple[str, str | None], Decimal] = defaultdict(lambda: ZERO)
    for resource in [None, *resources(wire, customer)]:
        for grant in grants(wire, customer, **({"resourceId": resource} if resource else {})):
            wallet = (grant["currencyId"], grant["resourceId"])
            assert grant["resourceId"] == resource
            consumed, amount, status = grant["consumedAmount"], grant["amount"], grant["status"]
            left = by_grant[grant["id"]]
            if grant["grantType"] == "OVERDRAFT":
                assert amount == 0 and left == -consumed, grant
                if status == "ACTIVE":
                    live_overdrafts[wallet].append(grant)
                continue
            assert ZERO <= consumed <= amount, grant
            if status == "ACTIVE":
                # What its rows leave on a usable grant is what nobody has consumed, holds or took back with its money.
                gone = grant.get("takenBackAmount", ZERO)
                assert left == amount - consumed - held[grant["id"]] - gone, (grant, left)
                usable_rest[wallet] += left
            else:
                # Before it is usable, and after it has ended, a grant's rows add up to nothing.
                assert left == 0, (grant, left)

    for (currency, resource), total in by_wallet.items():
        now = credit(wire, customer, currency, resource)
        assert now["usageLimit"] - now["currentUsage"] == total, (currency, resource, total, now)
        overdrafts = live_overdrafts[currency, resource]
        assert len(overdrafts) <= 1, overdrafts
        if overdrafts and overdrafts[0]["consumedAmount"] > 0:
            assert usable_rest[currency, resource] == 0, "a deficit while credits lie unused"
