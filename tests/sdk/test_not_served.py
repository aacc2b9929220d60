"""Operations of the official API that are not built yet say so, at once and once."""

from __future__ import annotations

import pytest

from support.driver import Api
from support.refusals import check_refusal, refuses
from support.sdk_operations import Operation
from support.served import not_served
from support.wire import Wire

NOT_SERVED = not_served()


def test_the_sdk_is_the_one_that_was_read() -> None:
    """A newer SDK may have more operations: then `support/served.py` is to be looked at."""
    assert len(NOT_SERVED) == 90


@pytest.mark.parametrize("operation", NOT_SERVED, ids=lambda operation: operation.name)
def test_501(wire: Wire, operation: Operation) -> None:
    path = operation.path.replace("{}", "some-id")
    answer = wire.get(path) if operation.method == "GET" else wire.send(operation.method, path, "{}")
    body = check_refusal(answer, 501, "UnsupportedParameter")
    # The operation is named: at least the last fixed word of its path can be found in the message.
    last_word = [part for part in operation.path.split("/") if part != "{}"][-1]
    assert last_word in body["message"], body


def test_through_the_sdk(api: Api, customer: str, currency: str) -> None:
    for call in (
        lambda: api.v2.usage.report(usages=[{"customer_id": customer, "feature_id": "f", "value": 1}]),
        lambda: api.v1.plans.list(),
        lambda: api.customers.list_contracts(customer),
    ):
        with refuses(501, "UnsupportedParameter"):
            call()


def test_whatever_the_body(wire: Wire) -> None:
    """An operation that does not exist has no shape to be wrong in."""
    for body in (None, b"{", b"[]", b'{"a":1}'):
        check_refusal(wire.post("/api/v1/usage", body), 501, "UnsupportedParameter")
