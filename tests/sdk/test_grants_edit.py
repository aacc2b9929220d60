"""One grant: reading it and changing what may be changed. Extensions, so called through the SDK's own `get`/`patch`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from stigg.types.v1.credits import CreditGrantResponse

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, from_now, grant, iso, story
from support.wire import Wire


def get(api: Api, grant_id: str) -> Any:
    return api.get(f"/api/v1/credits/grants/{grant_id}", cast_to=CreditGrantResponse).data


def patch(api: Api, grant_id: str, **body: Any) -> Any:
    return api.patch(f"/api/v1/credits/grants/{grant_id}", body=body, cast_to=CreditGrantResponse).data


def test_a_grant_reads_as_it_was_created(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 12.5, metadata={"a": "b"}, expire_at=from_now(days=3))
    assert get(api, made.id) == made


def test_a_grant_shows_what_was_consumed_of_it(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 12.5)
    consume(api, wallet, 2.25)
    assert (get(api, made.id).amount, get(api, made.id).consumed_amount) == (12.5, 2.25)


def test_unknown_grants(api: Api) -> None:
    with refuses(404, "CreditGrantNotFound"):
        get(api, "cred-grant-nothere00000")
    with refuses(404, "CreditGrantNotFound"):
        patch(api, "cred-grant-nothere00000", displayName="x")
    with refuses(404, "CreditGrantNotFound"):
        get(api, "g%201%2F2")


def test_everything_that_may_be_changed(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 40, comment="old", metadata={"old": "1"}, expire_at=from_now(days=3))
    later = from_now(days=9)
    changed = patch(
        api, made.id, displayName="Renamed", comment="new", priority=3, metadata={"new": "2"}, expireAt=iso(later)
    )
    assert (changed.display_name, changed.comment, changed.priority) == ("Renamed", "new", 3)
    assert (changed.metadata, changed.expire_at) == ({"new": "2"}, later)
    assert (changed.id, changed.amount, changed.status) == (made.id, 40, "ACTIVE")
    assert (changed.created_at, changed.effective_at) == (made.created_at, made.effective_at)
    assert changed.updated_at >= made.updated_at
    assert get(api, made.id) == changed
    assert story(api, wallet) == [("CREDITS_GRANTED", 40, made.id), ("CREDITS_UPDATED", 0, made.id)]
    check_books(wire, wallet.customer)


def test_only_what_is_sent_is_changed(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 40, comment="kept", metadata={"kept": "1"}, priority=9, expire_at=from_now(days=3))
    changed = patch(api, made.id, displayName="Renamed")
    assert (changed.comment, changed.metadata, changed.priority) == ("kept", {"kept": "1"}, 9)
    assert changed.expire_at == made.expire_at


def test_null_clears_what_can_be_cleared(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 40, comment="old", metadata={"old": "1"}, expire_at=from_now(days=3))
    changed = patch(api, made.id, comment=None, metadata=None, expireAt=None)
    assert (changed.comment, changed.metadata, changed.expire_at) == (None, {}, None)


def test_an_empty_change_writes_no_row(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 40)
    assert patch(api, made.id).id == made.id
    assert story(api, wallet) == [("CREDITS_GRANTED", 40, made.id)]


def test_a_new_priority_concerns_later_burns(api: Api, wallet: Wallet) -> None:
    first, second = grant(api, wallet, 10, priority=1), grant(api, wallet, 10, priority=2)
    consume(api, wallet, 1)
    patch(api, second.id, priority=0)
    consume(api, wallet, 1)
    assert (get(api, first.id).consumed_amount, get(api, second.id).consumed_amount) == (1, 1)


def test_a_scheduled_grant_can_be_changed(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 10, effective_at=from_now(days=5))
    assert patch(api, made.id, priority=1).priority == 1
    with refuses(400, "ExpireAtMustBeLaterThanEffectiveAtError", naming="expireAt"):
        patch(api, made.id, expireAt=iso(made.effective_at - timedelta(days=1)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 5), ("effectiveAt", "2090-01-01T00:00:00Z"), ("grantType", "PAID"), ("customerId", "other"),
        ("currencyId", "other"), ("resourceId", "other"), ("cost", {"amount": 1, "currency": "usd"}),
        ("status", "VOIDED"), ("priority", 101), ("priority", -1), ("priority", 1.5), ("priority", "1"),
        ("displayName", "x" * 256), ("displayName", 5), ("comment", "x" * 256), ("comment", []),
        ("expireAt", "soon"), ("expireAt", "2001-01-01"), ("metadata", {"a": 1}), ("metadata", []), ("metadata", "x"),
    ],
)
def test_what_cannot_be_changed(wire: Wire, api: Api, wallet: Wallet, field: str, value: Any) -> None:
    made = grant(api, wallet, 10, effective_at=from_now(days=-20_000))
    refused = wire.patch(f"/api/v1/credits/grants/{made.id}", {"comment": "must not stay", field: value})
    check_refusal(refused, 400, "BadUserInput", field)
    assert get(api, made.id) == made
    assert story(api, wallet) == [("CREDITS_GRANTED", 10, made.id)]


def test_too_much_metadata(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 10)
    with refuses(400, "InvalidMetadataError", naming="metadata"):
        patch(api, made.id, metadata={str(n): "" for n in range(51)})


def test_a_voided_grant_cannot_be_changed(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 10, effective_at=from_now(days=-20_000))
    api.grants.void(made.id)
    with refuses(400, "CreditGrantAlreadyVoided"):
        patch(api, made.id, comment="x")
    # Times are checked before the state.
    with refuses(400, "BadUserInput", naming="expireAt"):
        patch(api, made.id, expireAt="2024-01-01")


def test_an_overdraft_cannot_be_changed(api: Api, wallet: Wallet) -> None:
    consume(api, wallet, 3)
    (overdraft,) = list(api.grants.list(customer_id=wallet.customer))
    with refuses(400, "CreditGrantCannotBeVoided"):
        patch(api, overdraft.id, priority=1)
