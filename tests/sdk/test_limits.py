"""What a wallet can hold: sums up to 10^18, and ten thousand grants that are not finished."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.refusals import check_refusal
from support.shop import Wallet, created
from support.wire import Wire, exact

GRANTS = "/api/v1/credits/grants"
AT_ONCE = 16


def grant_many(wire: Wire, wallet: Wallet, count: int, amount: float) -> list[dict[str, Any]]:
    """Many grants, several at a time: a commit is shared by whoever waits for one."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: created(wire.post(GRANTS, wallet.grant_body(amount))), range(count)))


def test_sums_of_grants(wire: Wire, wallet: Wallet) -> None:
    made = grant_many(wire, wallet, 1000, 10**15)
    check_refusal(wire.post(GRANTS, wallet.grant_body(0.000000001)), 400, "AmountTooLarge", "amount")
    credit = exact(wire.get(f"/api/v1/customers/{wallet.customer}/entitlements/check", currencyId=wallet.currency))
    assert credit["data"]["usageLimit"] == 10**18
    # The wallet still works: its credits can be consumed and its grants voided.
    told = wire.post("/api/v1/credits/consumption", wallet.consume_body(10**15))
    assert exact(told)["data"]["credit"]["usageLimit"] == 10**18
    assert wire.post(f"{GRANTS}/{made[-1]['id']}/void").status_code == 200


def test_unfinished_grants(wire: Wire, wallet: Wallet) -> None:
    # The first of them is burnt first: its lower priority number sees to that.
    first = created(wire.post(GRANTS, wallet.grant_body(3, priority=0)))
    made = grant_many(wire, wallet, 9_999, 1)
    check_refusal(wire.post(GRANTS, wallet.grant_body(1)), 400, "InvalidArgumentError")
    # Another wallet of the same customer is not concerned.
    other = Wallet(wallet.customer, wallet.currency, "site")
    assert wire.post(GRANTS, other.grant_body(1)).status_code == 201

    # An ended grant makes room for one, and so does a used-up one.
    assert wire.post(f"{GRANTS}/{made[0]['id']}/void").status_code == 200
    assert wire.post(GRANTS, wallet.grant_body(1)).status_code == 201
    check_refusal(wire.post(GRANTS, wallet.grant_body(1)), 400, "InvalidArgumentError")
    assert wire.post("/api/v1/credits/consumption", wallet.consume_body(3)).status_code == 200
    used = created(wire.get(f"{GRANTS}/{first['id']}"), 200)
    assert (used["consumedAmount"], used["status"]) == (3, "ACTIVE")
    assert wire.post(GRANTS, wallet.grant_body(1)).status_code == 201
    check_refusal(wire.post(GRANTS, wallet.grant_body(1)), 400, "InvalidArgumentError")
