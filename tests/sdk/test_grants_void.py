"""Voiding: the remainder goes, what was consumed stays."""

from __future__ import annotations

from support.books import check_books
from support.driver import Api
from support.refusals import refuses
from support.shop import Wallet, consume, from_now, grant, story
from support.wire import Wire


def test_the_remainder_leaves_the_balance(api: Api, wire: Wire, wallet: Wallet) -> None:
    doomed, kept = grant(api, wallet, 30, priority=1), grant(api, wallet, 5)
    consume(api, wallet, 12.5)
    voided = api.grants.void(doomed.id, x_account_id="a", x_environment_id="e").data
    assert (voided.id, voided.status, voided.amount, voided.consumed_amount) == (doomed.id, "VOIDED", 30, 12.5)
    assert voided.voided_at is not None and voided.voided_at >= doomed.created_at
    # Expired and voided grants contribute to neither number of the balance.
    credit = api.credit(wallet.customer, wallet.currency)
    assert (credit.usage_limit, credit.current_usage) == (5, 0)
    assert story(api, wallet) == [
        ("CREDITS_GRANTED", 30, doomed.id), ("CREDITS_GRANTED", 5, kept.id),
        ("CREDITS_CONSUMED", -12.5, doomed.id), ("CREDITS_VOIDED", -17.5, doomed.id),
    ]
    check_books(wire, wallet.customer)


def test_voiding_answers_200(api: Api, wallet: Wallet) -> None:
    assert api.grants.with_raw_response.void(grant(api, wallet, 1).id).status == 200


def test_voided_once_only(api: Api, wallet: Wallet) -> None:
    made = grant(api, wallet, 10)
    api.grants.void(made.id)
    with refuses(400, "CreditGrantAlreadyVoided"):
        api.grants.void(made.id)
    assert [event for event, _, _ in story(api, wallet)] == ["CREDITS_GRANTED", "CREDITS_VOIDED"]


def test_a_scheduled_grant_is_voided_with_a_row_of_nothing(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 10, effective_at=from_now(days=1))
    assert api.grants.void(made.id).data.status == "VOIDED"
    assert story(api, wallet) == [("CREDITS_VOIDED", 0, made.id)]
    check_books(wire, wallet.customer)


def test_a_used_up_grant_is_voided_with_a_row_of_nothing(api: Api, wire: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 10)
    consume(api, wallet, 10)
    assert api.grants.void(made.id).data.status == "VOIDED"
    assert story(api, wallet)[-1] == ("CREDITS_VOIDED", 0, made.id)
    check_books(wire, wallet.customer)


def test_an_overdraft_cannot_be_voided(api: Api, wire: Wire, wallet: Wallet) -> None:
    consume(api, wallet, 3)
    (overdraft,) = list(api.grants.list(customer_id=wallet.customer))
    with refuses(400, "CreditGrantCannotBeVoided"):
        api.grants.void(overdraft.id)
    # Nor when it has been settled, although it then says VOIDED.
    grant(api, wallet, 10)
    with refuses(400, "CreditGrantCannotBeVoided"):
        api.grants.void(overdraft.id)
    check_books(wire, wallet.customer)


def test_an_unknown_grant(api: Api) -> None:
    with refuses(404, "CreditGrantNotFound"):
        api.grants.void("cred-grant-nothere00000")


def test_a_void_may_come_with_or_without_a_body(wire: Wire, api: Api, wallet: Wallet) -> None:
    for body in (None, "", "{}"):
        made = grant(api, wallet, 1)
        answer = wire.post(f"/api/v1/credits/grants/{made.id}/void", body)
        assert answer.status_code == 200, (body, answer.text)


def test_what_is_left_of_other_grants_is_used_after_a_void(api: Api, wire: Wire, wallet: Wallet) -> None:
    first, second = grant(api, wallet, 10, priority=1), grant(api, wallet, 10, priority=2)
    api.grants.void(first.id)
    consume(api, wallet, 4)
    assert story(api, wallet)[-1] == ("CREDITS_CONSUMED", -4, second.id)
    check_books(wire, wallet.customer)
