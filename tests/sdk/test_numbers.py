"""Amounts are exact decimals, read from the JSON text and written in their shortest exact form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.books import check_books
from support.refusals import check_refusal
from support.shop import Wallet
from support.wire import Wire, number, spelled

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"


def body_with(body: dict[str, Any], **numbers: str) -> str:
    """The body as JSON text with the given members written exactly so."""
    text = json.dumps(body | dict.fromkeys(numbers, "@"))
    for name, written in numbers.items():
        text = text.replace(f'"{name}": "@"', f'"{name}": {written}')
    return text


def grant(wire: Wire, wallet: Wallet, written: str, **headers: str) -> Any:
    return wire.post(GRANTS, body_with(wallet.grant_body(), amount=written), **headers)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("0.1", "0.1"), ("1000", "1000"), ("1e3", "1000"), ("1E+3", "1000"), ("1000.000", "1000"), ("1.50", "1.5"),
        ("15e-1", "1.5"), ("0.00000015e7", "1.5"), ("1e-9", "0.000000001"), ("0.000000001", "0.000000001"),
        # Rounded half away from zero at the ninth digit.
        ("0.0000000005", "0.000000001"), ("0.00000000149", "0.000000001"), ("0.0000000015", "0.000000002"),
        ("2.9999999995", "3"), ("1." + "3" * 400, "1.333333333"),
        # More digits than a float holds.
        ("123456789012345.123456789", "123456789012345.123456789"),
        ("999999999999999.999999999", "999999999999999.999999999"),
        ("0.1234567890123456789", "0.123456789"),
        # The largest amount, and what rounds to it.
        ("1e15", "1000000000000000"), ("1000000000000000.0000000004", "1000000000000000"),
        ("0." + "0" * 300 + "1e301", "1"),
    ],
)
def test_in_and_out(wire: Wire, wallet: Wallet, written: str, told: str) -> None:
    answer = grant(wire, wallet, written)
    assert answer.status_code == 201, answer.text
    made = spelled(answer)["data"]
    assert (made["amount"], made["consumedAmount"]) == (number(told), number("0"))
    listed = spelled(wire.get(GRANTS, customerId=wallet.customer))["data"][0]
    assert listed["amount"] == number(told)
    row = spelled(wire.get("/api/v1/credits/ledger", customerId=wallet.customer))["data"][0]
    assert row["amount"] == number(told)


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("0", "BadUserInput"), ("-0", "BadUserInput"), ("0.0", "BadUserInput"), ("0e99999999999", "BadUserInput"),
        ("-1", "BadUserInput"), ("-0.000000001", "BadUserInput"), ("0.0000000004", "BadUserInput"),
        ("1e-10", "BadUserInput"), ("1e-99999999999", "BadUserInput"), ("-1e-400", "BadUserInput"),
        ("1000000000000000.000000001", "AmountTooLarge"), ("1e16", "AmountTooLarge"), ("1e400", "AmountTooLarge"),
        ("9" * 400, "AmountTooLarge"), ("1e99999999999", "AmountTooLarge"),
        ("1e" + "9" * 400, {"AmountTooLarge", "BadUserInput"}),
        ("-1e400", {"AmountTooLarge", "BadUserInput"}),
    ],
)
def test_what_is_no_amount(wire: Wire, wallet: Wallet, written: str, codes: str | set[str]) -> None:
    check_refusal(grant(wire, wallet, written), 400, codes, "amount")
    consumed = wire.post(CONSUMPTION, body_with(wallet.consume_body(), amount=written))
    check_refusal(consumed, 400, codes, "amount")
    assert wire.get("/api/v1/credits/ledger", customerId=wallet.customer).json()["data"] == []
    assert wire.get(GRANTS, customerId=wallet.customer).json()["data"] == []


@pytest.mark.parametrize(
    "written", ["NaN", "Infinity", "-Infinity", "+1", ".5", "5.", "01", "0x10", "1_000", "1e", "--1"]
)
def test_what_is_not_even_json(wire: Wire, wallet: Wallet, written: str) -> None:
    check_refusal(grant(wire, wallet, written), 400, "BadUserInput")
    assert wire.get(GRANTS, customerId=wallet.customer).json()["data"] == []


@pytest.mark.parametrize("written", ['"1"', "true", "null", "[1]", '{"value":1}'])
def test_what_is_json_but_no_number(wire: Wire, wallet: Wallet, written: str) -> None:
    check_refusal(grant(wire, wallet, written), 400, "BadUserInput", "amount")
    consumed = wire.post(CONSUMPTION, body_with(wallet.consume_body(), amount=written))
    check_refusal(consumed, 400, "BadUserInput", "amount")


def test_sums_are_exact(wire: Wire, wallet: Wallet) -> None:
    """A float would have lost the small parts long ago."""
    assert grant(wire, wallet, "900000000000000").status_code == 201
    assert grant(wire, wallet, "0.3").status_code == 201
    for _ in range(3):
        assert wire.post(CONSUMPTION, body_with(wallet.consume_body(), amount="0.1")).status_code == 200
    told = wire.post(CONSUMPTION, body_with(wallet.consume_body(), amount="0.000000001"))
    credit = spelled(told)["data"]["credit"]
    assert (credit["usageLimit"], credit["currentUsage"]) == (number("900000000000000.3"), number("0.300000001"))
    check_books(wire, wallet.customer)


class TestAsText:
    """With `x-scrip-numbers: string` an amount is a JSON string both ways, safe from every float on the way."""

    EXACT = "123456789012345.123456789"

    def test_every_amount_of_an_answer(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body(
            grantType="PAID", cost={"amount": "0.1", "currency": "usd"}, paymentCollectionMethod="NONE"
        )
        made = grant(wire, wallet, f'"{self.EXACT}"', x_scrip_numbers="string")
        data = spelled(made)["data"]
        assert (data["amount"], data["consumedAmount"], data["cost"]["amount"]) == (self.EXACT, "0", "0")
        # A priority is no amount.
        assert data["priority"] == number("50")

        costly = wire.post(GRANTS, body, x_scrip_numbers="string")
        assert spelled(costly)["data"]["cost"] == {"amount": "0.1", "currency": "usd"}

        told = wire.post(CONSUMPTION, wallet.consume_body("0.000000001"), x_scrip_numbers="string")
        consumed = spelled(told)["data"]
        assert consumed["amount"] == "0.000000001"
        assert (consumed["credit"]["currentUsage"], consumed["credit"]["usageLimit"]) == (
            "0.000000001", "123456789012445.123456789",
        )

    def test_reads(self, wire: Wire, wallet: Wallet) -> None:
        assert grant(wire, wallet, self.EXACT).status_code == 201
        text = {"x-scrip-numbers": "string"}
        row = spelled(wire.get("/api/v1/credits/ledger", text, customerId=wallet.customer))["data"][0]
        assert row["amount"] == self.EXACT
        listed = spelled(wire.get(GRANTS, text, customerId=wallet.customer))["data"][0]
        assert (listed["amount"], listed["consumedAmount"]) == (self.EXACT, "0")
        path = f"/api/v1/customers/{wallet.customer}/entitlements"
        credit = spelled(wire.get(f"{path}/check", text, currencyId=wallet.currency))["data"]
        assert (credit["usageLimit"], credit["currentUsage"]) == (self.EXACT, "0")
        (entry,) = spelled(wire.get(path, text))["data"]["entitlements"]
        assert entry["usageLimit"] == self.EXACT

    def test_numbers_may_still_be_sent(self, wire: Wire, wallet: Wallet) -> None:
        assert spelled(grant(wire, wallet, "1.5", x_scrip_numbers="string"))["data"]["amount"] == "1.5"

    @pytest.mark.parametrize("written", ['"0"', '"-1"', '"x"', '""', '" 1"', '"NaN"', '"1e400"', '"1,5"', '"0x1"'])
    def test_text_that_is_no_amount(self, wire: Wire, wallet: Wallet, written: str) -> None:
        answer = grant(wire, wallet, written, x_scrip_numbers="string")
        check_refusal(answer, 400, {"BadUserInput", "AmountTooLarge"}, "amount")

    def test_only_when_asked_for(self, wire: Wire, wallet: Wallet) -> None:
        check_refusal(grant(wire, wallet, '"1"', x_scrip_numbers="number"), 400, "BadUserInput", "amount")
