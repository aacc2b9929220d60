"""What no client should send: a 4xx that says what is wrong, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.refusals import check_refusal
from support.shop import Wallet, fresh, new_customer
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"
BATCH = "/api/v1/credits/consumption/async"
CURRENCIES = "/api/v1/credits/custom-currencies"
CUSTOMERS = "/api/v1/customers"
IMPORT = "/api/v1/customers/import"

WITH_A_BODY = [GRANTS, CONSUMPTION, BATCH, CURRENCIES, CUSTOMERS, IMPORT]


@pytest.fixture
def untouched(wire: Wire, wallet: Wallet) -> Iterator[Wallet]:
    """A wallet that must be as empty after the test as before."""
    yield wallet
    assert wire.get(GRANTS, customerId=wallet.customer).json()["data"] == []
    assert wire.get("/api/v1/credits/ledger", customerId=wallet.customer).json()["data"] == []
    assert wire.get(f"{CUSTOMERS}/{wallet.customer}/resources").json()["data"] == []


@pytest.mark.parametrize("path", WITH_A_BODY)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"}", b"not json", b'{"a":1}{"a":1}', b'{"a":1} x', b"{'a':1}", b'{"a":}', b'{"a":"\x00"}',
        b'{"a":"\xff\xfe"}', b"\xef\xbb\xbf{", b'{"a":"\\ud800', b"[" * 200_000, b'{"a":' * 200_000,
        b"[" * 200_000 + b"]" * 200_000, b"[]", b'"text"', b"5", b"null", b"true",
    ],
    ids=lambda body: repr(body[:14]),
)
def test_bodies_that_are_no_objects(wire: Wire, path: str, body: bytes) -> None:
    check_refusal(wire.post(path, body), 400, "BadUserInput")


@pytest.mark.parametrize("depth", [100, 10_000, 150_000])
def test_deep_nesting_inside_a_known_field(wire: Wire, untouched: Wallet, depth: int) -> None:
    text = json.dumps(untouched.grant_body(metadata="@"))
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        nested = text.replace('"@"', opening * depth + "1" + closing * depth)
        check_refusal(wire.post(GRANTS, nested), 400, "BadUserInput")


WRONG_GRANTS: list[tuple[str, Any]] = [
    ("customerId", None), ("customerId", 5), ("customerId", ""), ("customerId", " x"), ("customerId", "-x"),
    ("customerId", "a/b"), ("customerId", "x" * 256), ("customerId", ["x"]),
    ("currencyId", None), ("currencyId", ""), ("currencyId", "a@b"), ("currencyId", "x" * 256), ("currencyId", {}),
    ("resourceId", ""), ("resourceId", "a@b"), ("resourceId", "x y"), ("resourceId", "x" * 256), ("resourceId", 5),
    ("displayName", None), ("displayName", 5), ("displayName", "x" * 256),
    ("grantType", None), ("grantType", "RECURRING"), ("grantType", "OVERDRAFT"), ("grantType", "paid"),
    ("grantType", 1),
    ("priority", -1), ("priority", 101), ("priority", 1.5), ("priority", "7"), ("priority", True), ("priority", 1e30),
    ("effectiveAt", "tomorrow"), ("effectiveAt", 5), ("effectiveAt", ""), ("effectiveAt", "2097-13-01T00:00:00Z"),
    ("effectiveAt", "2097-02-30"), ("effectiveAt", "99999-01-01T00:00:00Z"), ("effectiveAt", "2097-01-01T25:00:00Z"),
    ("expireAt", "later"), ("expireAt", []), ("expireAt", "2097-01-01T00:00:00+99:00"),
    ("metadata", []), ("metadata", "x"), ("metadata", {"a": 1}), ("metadata", {"a": None}), ("metadata", {"a": {}}),
    ("comment", 5), ("comment", "x" * 256),
    ("cost", 5), ("cost", {}), ("cost", {"amount": 5}), ("cost", {"currency": "usd"}),
    ("cost", {"amount": -1, "currency": "usd"}), ("cost", {"amount": "5", "currency": "usd"}),
    ("cost", {"amount": 5, "currency": "USD"}), ("cost", {"amount": 5, "currency": "xyz"}),
    ("cost", {"amount": 5, "currency": "usd", "cents": 1}), ("cost", {"amount": 5, "currency": None}),
    ("paymentCollectionMethod", "CASH"), ("paymentCollectionMethod", 5), ("paymentCollectionMethod", "none"),
    ("awaitPaymentConfirmation", "yes"), ("awaitPaymentConfirmation", 1),
    ("billingInformation", "x"), ("billingInformation", {"isInvoicePaid": "yes"}), ("billingInformation", {"x": 1}),
    ("billingInformation", {"invoiceDaysUntilDue": "14"}), ("billingInformation", {"invoiceDaysUntilDue": 1.5}),
    ("billingInformation", {"invoiceDaysUntilDue": -1}), ("billingInformation", {"invoiceDaysUntilDue": 366}),
    ("billingInformation", {"billingAddress": {"planet": "x"}}),
    ("billingInformation", {"billingAddress": 5}), ("billingInformation", {"billingAddress": {"city": 5}}),
    ("unknownField", 1), ("unknownField", None), ("customer_id", "x"), ("Amount", 5), ("id", "x"), ("status", "ACTIVE"),
]


@pytest.mark.parametrize(("field", "value"), WRONG_GRANTS, ids=lambda part: json.dumps(part)[:40])
def test_wrong_fields_of_a_grant(wire: Wire, untouched: Wallet, field: str, value: Any) -> None:
    body = untouched.grant_body(grantType="PAID", paymentCollectionMethod="NONE")
    # The body itself is good: it is the one field that refuses it.
    answer = wire.post(GRANTS, body | {field: value})
    named = innermost(field, value)
    check_refusal(answer, 400, "BadUserInput", named)


def innermost(field: str, value: Any) -> str:
    """The field that a refusal has to name: the nested one where only that is wrong."""
    inside = {
        '{"amount": 5}': "currency", '{"currency": "usd"}': "amount", '{"amount": 5, "currency": "USD"}': "currency",
        '{"amount": 5, "currency": "xyz"}': "currency", '{"amount": -1, "currency": "usd"}': "amount",
        '{"amount": "5", "currency": "usd"}': "amount", '{"amount": 5, "currency": "usd", "cents": 1}': "cents",
        '{"amount": 5, "currency": null}': "currency", '{"isInvoicePaid": "yes"}': "isInvoicePaid", '{"x": 1}': "x",
        '{"invoiceDaysUntilDue": "14"}': "invoiceDaysUntilDue", '{"invoiceDaysUntilDue": 366}': "invoiceDaysUntilDue",
        '{"invoiceDaysUntilDue": 1.5}': "invoiceDaysUntilDue", '{"invoiceDaysUntilDue": -1}': "invoiceDaysUntilDue",
        '{"billingAddress": {"planet": "x"}}': "planet",
        '{"billingAddress": 5}': "billingAddress", '{"billingAddress": {"city": 5}}': "city",
    }
    return inside.get(json.dumps(value), field)


@pytest.mark.parametrize("metadata", [{str(n): "" for n in range(51)}, {"k" * 256: ""}, {"k": "v" * 2001}])
def test_too_much_metadata(wire: Wire, untouched: Wallet, metadata: dict[str, str]) -> None:
    answer = wire.post(GRANTS, untouched.grant_body(metadata=metadata))
    check_refusal(answer, 400, "InvalidMetadataError", "metadata")


@pytest.mark.parametrize("missing", ["customerId", "currencyId", "displayName", "amount", "grantType"])
def test_what_a_grant_must_say(wire: Wire, untouched: Wallet, missing: str) -> None:
    body = untouched.grant_body()
    del body[missing]
    check_refusal(wire.post(GRANTS, body), 400, "BadUserInput", missing)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customerId", None), ("customerId", "a b"), ("customerId", "x" * 256), ("currencyId", ""), ("currencyId", 5),
        ("resourceId", "@"), ("resourceId", ""), ("resourceId", 5), ("createdAt", "now"), ("createdAt", 5),
        ("createdAt", "2025-02-29"), ("unknownField", 1), ("featureId", "x"),
    ],
)
def test_wrong_fields_of_a_consumption(wire: Wire, untouched: Wallet, field: str, value: Any) -> None:
    check_refusal(wire.post(CONSUMPTION, untouched.consume_body() | {field: value}), 400, "BadUserInput", field)


def test_unknown_ids(wire: Wire, wallet: Wallet) -> None:
    for path, body in ((GRANTS, wallet.grant_body()), (CONSUMPTION, wallet.consume_body())):
        check_refusal(wire.post(path, body | {"customerId": "nobody"}), 404, "CustomerNotFound")
        check_refusal(wire.post(path, body | {"currencyId": "nothing"}), 404, "CustomCurrencyNotFound")


class TestSize:
    """A megabyte, and eight for batches."""

    MIB = 1 << 20

    def padded(self, body: dict[str, Any], size: int) -> bytes:
        text = json.dumps(body).encode()
        return text + b" " * (size - len(text))

    @pytest.mark.parametrize("path", [GRANTS, CONSUMPTION, CURRENCIES, CUSTOMERS])
    def test_too_large(self, wire: Wire, untouched: Wallet, path: str) -> None:
        body = {GRANTS: untouched.grant_body(), CONSUMPTION: untouched.consume_body()}.get(path, {"id": fresh("large")})
        check_refusal(wire.post(path, self.padded(body, self.MIB + 1)), 413, "BadUserInput")

    def test_large_enough(self, wire: Wire, wallet: Wallet) -> None:
        assert wire.post(GRANTS, self.padded(wallet.grant_body(), self.MIB)).status_code == 201

    def test_batches_may_be_larger(self, wire: Wire, wallet: Wallet) -> None:
        body = {"consumptions": [wallet.consume_body()]}
        assert wire.post(BATCH, self.padded(body, 8 * self.MIB)).status_code == 202
        check_refusal(wire.post(BATCH, self.padded(body, 8 * self.MIB + 1)), 413, "BadUserInput")
        customer = fresh("customer")
        customers = {"customers": [{"id": customer, "name": None, "email": None}]}
        check_refusal(wire.post(IMPORT, self.padded(customers, 8 * self.MIB + 1)), 413, "BadUserInput")
        check_refusal(wire.get(f"{CUSTOMERS}/{customer}"), 404, "CustomerNotFound")
        assert wire.post(IMPORT, self.padded(customers, 8 * self.MIB)).status_code == 200

    def test_a_body_of_unannounced_length_is_measured_too(self, wire: Wire, untouched: Wallet) -> None:
        def pieces() -> Iterator[bytes]:
            whole = self.padded(untouched.grant_body(), self.MIB + 1)
            for at in range(0, len(whole), 65_536):
                yield whole[at : at + 65_536]

        answer = wire.client.post(GRANTS, content=pieces(), headers={"content-type": "application/json"})
        check_refusal(answer, 413, "BadUserInput")

    @pytest.mark.parametrize("headers", [{"x-filler": "x" * 2_000_000}, {f"x-filler-{n}": "x" for n in range(5_000)}])
    def test_oversize_headers(self, wire: Wire, wallet: Wallet, headers: dict[str, str]) -> None:
        """The HTTP layer answers these itself, before there is a request; or hangs up on the flood."""
        try:
            answer = wire.client.get(GRANTS, params={"customerId": wallet.customer}, headers=headers)
        except httpx.TransportError:
            pass
        else:
            assert 400 <= answer.status_code < 500, answer.text
        assert wire.get("/healthz").status_code == 200

    def test_oversize_paths(self, wire: Wire) -> None:
        answer = wire.get(f"{CUSTOMERS}/{'x' * 20_000}")
        assert 400 <= answer.status_code < 500, answer.text


class TestPaths:
    def test_ids_in_paths_are_decoded(self, wire: Wire) -> None:
        customer = f"{fresh('a')}|b.c@d"
        new = wire.post(CUSTOMERS, {"id": customer})
        assert new.status_code == 201, new.text
        for spelled in (customer.replace("|", "%7C"), customer.replace("|", "%7c").replace("@", "%40")):
            assert wire.get(f"{CUSTOMERS}/{spelled}").json()["data"]["id"] == customer

    @pytest.mark.parametrize("bad", ["a%20b", "%00", "%FF", "a%2Fb", "%E4", "..%2F..", "x" * 256])
    def test_ids_that_cannot_exist(self, wire: Wire, bad: str) -> None:
        for path in (f"{CUSTOMERS}/{bad}", f"{CURRENCIES}/{bad}/associated-entities", f"{GRANTS}/{bad}"):
            answer = wire.get(path)
            assert answer.status_code in (400, 404), answer.text
            assert answer.json()["message"] and answer.json()["traceId"] == answer.headers["x-trace-id"]

    def test_paths_that_are_none(self, wire: Wire) -> None:
        for path in ("/", "/api", "/api/v1", "/api/v1/nothing", f"{GRANTS}/a/b/c", "/api/v3/credits/grants"):
            answer = wire.get(path)
            assert answer.status_code == 404, (path, answer.text)

    def test_methods_that_are_none(self, wire: Wire, customer: str) -> None:
        one = f"{CUSTOMERS}/{customer}"
        for method, path in (("PUT", GRANTS), ("DELETE", one), ("POST", "/api/v1/credits/ledger")):
            answer = wire.send(method, path, "{}")
            assert answer.status_code in (404, 405), (method, path, answer.text)
        assert wire.get(f"{CUSTOMERS}/{customer}").status_code == 200


def test_bad_changes_change_nothing(wire: Wire) -> None:
    customer = new_customer(wire)
    before = wire.get(f"{CUSTOMERS}/{customer}").json()
    for body in (b"{", b"[" * 100_000, b'{"name":5}', b'{"name":"x","name2":1}', b'{"metadata":{"a":NaN}}', b'"x"'):
        check_refusal(wire.patch(f"{CUSTOMERS}/{customer}", body), 400, "BadUserInput")
    assert wire.get(f"{CUSTOMERS}/{customer}").json() == before
