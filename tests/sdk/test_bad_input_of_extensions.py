"""What no client should send to what the official API lacks: the field is named, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from support.books import rows
from support.refusals import check_refusal
from support.shop import Wallet, created, fresh
from support.wire import Wire

RESERVATIONS = "/api/v1/credits/reservations"
RECHARGE = "/api/v1/credits/auto-recharge"
MIB = 1 << 20


@dataclass(frozen=True)
class Operation:
    """A request that is good, but for what a test makes of it."""

    method: str
    path: str
    members: dict[str, Any]
    # Members that must be there, beside those that name the wallet, and amounts: may they be 0?
    required: tuple[str, ...] = ()
    amounts: dict[str, bool] = field(default_factory=dict)

    def body(self, wallet: Wallet, **members: Any) -> dict[str, Any]:
        return wallet.body() | self.members | members

    def send(self, wire: Wire, body: Any) -> httpx.Response:
        return wire.send(self.method, self.path, body)


RESERVE = Operation(
    "POST", RESERVATIONS, {"reservationId": "new", "amount": 1}, ("reservationId", "amount"),
    {"amount": False},
)
EXTEND = Operation("POST", f"{RESERVATIONS}/open/extend", {})
RELEASE = Operation(
    "POST", f"{RESERVATIONS}/open/release", {"consumedAmount": 1}, ("consumedAmount",),
    {"consumedAmount": True},
)
REFUND = Operation(
    "POST", "/api/v1/credits/consumption/refund", {"idempotencyKey": "r", "consumptionKey": "k", "amount": 1},
    ("idempotencyKey", "consumptionKey"), {"amount": False},
)
SAVE = Operation(
    "PUT", RECHARGE, {"isEnabled": False, "thresholdValue": 20, "targetBalance": 50, "maxSpendLimit": 9},
    ("isEnabled",), {"thresholdValue": True, "targetBalance": True, "maxSpendLimit": True},
)
RECUR = Operation(
    "PUT", "/api/v1/credits/recurring-grants/basic",
    {"amount": 5, "cadence": "MONTH", "displayName": "Basic"},
    ("amount", "cadence", "displayName"), {"amount": False},
)
ALL = {
    "reserve": RESERVE, "extend": EXTEND, "release": RELEASE, "refund": REFUND, "save": SAVE, "recur": RECUR,
}
every_operation = pytest.mark.parametrize("operation", ALL.values(), ids=ALL)


def state(wire: Wire, wallet: Wallet) -> Any:
    """All that the operations could change."""
    own = {"customerId": wallet.customer}
    listed = wire.get("/api/v1/credits/recurring-grants", **own).json()["data"]
    open_ = wire.get(RESERVATIONS, **own).json()["data"]
    return rows(wire, wallet.customer), listed, open_, wire.get(RECHARGE, **wallet.body()).json()["data"]


@pytest.fixture
def untouched(wire: Wire, wallet: Wallet) -> Iterator[Wallet]:
    """A wallet with a consumption and an open reservation, that must be the same after the test as before."""
    created(wire.post("/api/v1/credits/grants", wallet.grant_body(100)))
    created(wire.post("/api/v1/credits/consumption", wallet.consume_body(5, idempotencyKey="k")), 200)
    created(wire.post(RESERVATIONS, wallet.body() | {"reservationId": "open", "amount": 5}), 200)
    before = state(wire, wallet)
    yield wallet
    assert state(wire, wallet) == before


NONE = ["-1", '"1"', "true", "[]", "{}", "NaN", "1e", "0x1"]
# The second rounds to nothing.
NOTHING = ["0", "4e-10"]
TOO_MUCH = ["1e16", "9" * 400]


def amounts() -> Iterator[Any]:
    for name, operation in ALL.items():
        for member, may_be_zero in operation.amounts.items():
            for text in NONE + ([] if may_be_zero else NOTHING) + TOO_MUCH:
                code = "AmountTooLarge" if text in TOO_MUCH else "BadUserInput"
                yield pytest.param(operation, member, text, code, id=f"{name}-{member}-{text[:6]}")


@pytest.mark.parametrize(("operation", "member", "text", "code"), list(amounts()))
def test_amounts(
    wire: Wire, untouched: Wallet, operation: Operation, member: str, text: str, code: str
) -> None:
    body = json.dumps(operation.body(untouched, **{member: "@"})).replace('"@"', text)
    # What is not JSON at all has no field to be named.
    is_json = text not in ("NaN", "1e", "0x1")
    check_refusal(operation.send(wire, body), 400, code, member if is_json else None)


@every_operation
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b"null", b'"x"', b'{"a":"\xff"}', b"[" * 100_000, b'{"a":' * 100_000],
    ids=lambda body: repr(body[:8]),
)
def test_bodies_that_are_no_objects(wire: Wire, untouched: Wallet, operation: Operation, body: bytes) -> None:
    check_refusal(operation.send(wire, body), 400, "BadUserInput")


@every_operation
def test_what_must_be_said(wire: Wire, untouched: Wallet, operation: Operation) -> None:
    for missing in ("customerId", "currencyId", *operation.required):
        body = operation.body(untouched)
        del body[missing]
        check_refusal(operation.send(wire, body), 400, "BadUserInput", missing)
        check_refusal(operation.send(wire, body | {missing: None}), 400, "BadUserInput", missing)


@every_operation
def test_the_wallet(wire: Wire, untouched: Wallet, operation: Operation) -> None:
    for member, wrong in [
        ("customerId", ["", "-x", "a b", "x" * 256, 5, [], {}]), ("currencyId", ["", "a@b", "x" * 256, 5]),
        ("resourceId", ["", "a@b", "x y", "x" * 256, 5]),
    ]:
        for value in wrong:
            answer = operation.send(wire, operation.body(untouched, **{member: value}))
            check_refusal(answer, 400, "BadUserInput", member)
    nobody = operation.body(untouched, customerId="nobody")
    check_refusal(operation.send(wire, nobody), 404, "CustomerNotFound", "customerId")
    nothing = operation.body(untouched, currencyId="nothing")
    check_refusal(operation.send(wire, nothing), 404, "CustomCurrencyNotFound", "currencyId")


@every_operation
def test_what_nobody_knows(wire: Wire, untouched: Wallet, operation: Operation) -> None:
    for member in ("unknownField", "customer_id", "featureId"):
        for value in (1, None):
            answer = operation.send(wire, operation.body(untouched, **{member: value}))
            check_refusal(answer, 400, "BadUserInput", member)


@every_operation
def test_too_large(wire: Wire, untouched: Wallet, operation: Operation) -> None:
    text = json.dumps(operation.body(untouched))
    check_refusal(operation.send(wire, text + " " * (MIB + 1 - len(text))), 413, "BadUserInput")


ENDS: list[tuple[dict[str, Any], str]] = [
    ({"ttlSeconds": 60, "expiresAt": "2099-01-01T00:00:00Z"}, "ttlSeconds"),
    ({"ttlSeconds": 60, "expiresAt": "2099-01-01T00:00:00Z"}, "expiresAt"),
    *(({"ttlSeconds": seconds}, "ttlSeconds") for seconds in (0, -1, 86_401, 1.5, "60", True, 1e400)),
    *(({"expiresAt": at}, "expiresAt") for at in ("soon", "", 5, "2001-01-01", "2099-01-01T00:00:00Z")),
]


@pytest.mark.parametrize(("members", "naming"), ENDS, ids=str)
@pytest.mark.parametrize("operation", [RESERVE, EXTEND], ids=["reserve", "extend"])
def test_ends_of_a_hold(
    wire: Wire, untouched: Wallet, operation: Operation, members: dict[str, Any], naming: str
) -> None:
    text = json.dumps(operation.body(untouched, **members)).replace("Infinity", "1e400")
    check_refusal(operation.send(wire, text), 400, "BadUserInput", naming)


@pytest.mark.parametrize(
    ("members", "code", "naming"),
    [
        *(({"metadata": wrong}, "BadUserInput", "metadata")
          for wrong in ([], "a", {"a": 1}, {"a": None}, {"a": {}})),
        ({"metadata": {str(n): "" for n in range(51)}}, "InvalidMetadataError", "metadata"),
        ({"metadata": {"a": "b" * 2001}}, "InvalidMetadataError", "metadata"),
        ({"reservationId": ""}, "BadUserInput", "reservationId"),
        ({"reservationId": "a\n"}, "BadUserInput", "reservationId"),
        ({"reservationId": "x" * 256}, "BadUserInput", "reservationId"),
        ({"reservationId": 5}, "BadUserInput", "reservationId"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_of_a_reservation(
    wire: Wire, untouched: Wallet, members: dict[str, Any], code: str, naming: str
) -> None:
    check_refusal(RESERVE.send(wire, RESERVE.body(untouched, **members)), 400, code, naming)


def test_a_name_with_another_request(wire: Wire, untouched: Wallet) -> None:
    """A conflict that no retry resolves: the answer says so."""
    for other in ({"amount": 6}, {"amount": 5, "ttlSeconds": 60}, {"amount": 5, "metadata": {"a": "b"}}):
        answer = RESERVE.send(wire, RESERVE.body(untouched, reservationId="open", **other))
        check_refusal(answer, 409, "DuplicatedEntityNotAllowed", "reservationId")


@pytest.mark.parametrize("what", ["extend", "release"])
def test_what_does_not_exist(wire: Wire, untouched: Wallet, what: str) -> None:
    members = {"consumedAmount": 1} if what == "release" else {}
    for name in ("other", "x" * 255, "%C3%A4"):
        answer = wire.post(f"{RESERVATIONS}/{name}/{what}", untouched.body() | members)
        check_refusal(answer, 404, "CreditReservationNotFound", "reservationId")
    check_refusal(wire.get(f"{RESERVATIONS}/other", **untouched.body()), 404, "CreditReservationNotFound",
                  "reservationId")


PRICE = {"amount": 0.5, "currency": "usd"}


@pytest.mark.parametrize("is_enabled", [True, False])
@pytest.mark.parametrize(
    "members",
    [
        {"targetBalance": 20}, {"targetBalance": 19.999999999}, {"targetBalance": 0}, {"targetBalance": None},
        # The worth of the target is what counts: 40 x 0.5 is not more than 20.
        {"thresholdType": "DOLLAR_AMOUNT", "targetBalance": 40},
        {"thresholdType": "DOLLAR_AMOUNT", "targetBalance": 30},
    ],
    ids=str,
)
def test_a_target_that_is_not_above(
    wire: Wire, untouched: Wallet, members: dict[str, Any], is_enabled: bool
) -> None:
    body = SAVE.body(untouched, isEnabled=is_enabled, unitCost=PRICE, **members)
    check_refusal(SAVE.send(wire, body), 400, "BadUserInput", "targetBalance")


def test_a_target_that_is_just_above(wire: Wire, wallet: Wallet) -> None:
    in_dollars = {"thresholdType": "DOLLAR_AMOUNT", "targetBalance": 40.1}
    for members in ({"targetBalance": 20.000000001}, in_dollars):
        created(SAVE.send(wire, SAVE.body(wallet, unitCost=PRICE, **members)), 200)


def test_a_recurring_grant_keeps_its_wallet(wire: Wire, wallet: Wallet, other_currency: str) -> None:
    path = f"/api/v1/credits/recurring-grants/{fresh('basic')}"
    made = created(wire.put(path, RECUR.body(wallet)), 200)
    other = created(wire.post("/api/v1/customers", {"id": fresh("customer")}))["id"]
    for member, value in (("customerId", other), ("currencyId", other_currency), ("resourceId", "site")):
        answer = wire.put(path, RECUR.body(wallet, **{member: value}))
        check_refusal(answer, 400, "BadUserInput", member)
    assert created(wire.get(path), 200) == made
