"""Many at once, natively with the async client: nothing is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import stigg

from support.books import check_books, grants, rows
from support.server import Server
from support.shop import Wallet, fresh
from support.wire import Wire

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client(server: Server) -> AsyncIterator[stigg.AsyncStigg]:
    async with stigg.AsyncStigg(
        base_url=server.url, api_key=server.production_key, max_retries=0, timeout=30, _strict_response_validation=True
    ) as opened:
        yield opened


async def test_consumptions_of_one_wallet(client: stigg.AsyncStigg, wire: Wire, wallet: Wallet) -> None:
    amounts = [n / 8 for n in range(1, 101)]
    answers = await asyncio.gather(*(
        client.v1.credits.consumption.consume(**wallet.ids(), amount=amount, idempotency_key=f"k{n}")
        for n, amount in enumerate(amounts)
    ))
    # Every one saw a balance of its own: they happened one after the other.
    usages = sorted(answer.data.credit.current_usage for answer in answers)
    versions = {answer.data.credit.timestamp for answer in answers}
    assert len(set(usages)) == len(versions) == 100
    assert usages[-1] == sum(amounts)
    in_order = sorted(answers, key=lambda answer: answer.data.credit.timestamp)
    assert [answer.data.credit.current_usage for answer in in_order] == usages
    assert len(rows(wire, wallet.customer)) == 100
    check_books(wire, wallet.customer)


async def test_one_key_many_times_at_once(client: stigg.AsyncStigg, wire: Wire, wallet: Wallet) -> None:
    answers = await asyncio.gather(*(
        client.v1.credits.consumption.consume(**wallet.ids(), amount=3, idempotency_key="one") for _ in range(40)
    ))
    assert {(answer.data.amount, answer.data.timestamp) for answer in answers} == {(3, answers[0].data.timestamp)}
    assert len(rows(wire, wallet.customer)) == 1


async def test_one_key_with_many_amounts_at_once(client: stigg.AsyncStigg, wire: Wire, wallet: Wallet) -> None:
    """Exactly one of them wins; the others are told."""
    outcomes = await asyncio.gather(
        *(client.v1.credits.consumption.consume(**wallet.ids(), amount=n, idempotency_key="one") for n in range(1, 21)),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(won) == 1 and all(isinstance(error, stigg.ConflictError) for error in lost)
    (row,) = rows(wire, wallet.customer)
    assert row["amount"] == -won[0].data.amount


async def test_one_customer_created_many_times_at_once(client: stigg.AsyncStigg) -> None:
    customer = fresh("customer")
    outcomes = await asyncio.gather(
        *(client.v1.customers.provision(id=customer, name=str(n)) for n in range(20)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(won) == 1
    assert all(isinstance(each, stigg.ConflictError) for each in outcomes if isinstance(each, BaseException))
    assert (await client.v1.customers.retrieve(customer)).data.name == won[0].data.name


async def test_one_grant_voided_many_times_at_once(client: stigg.AsyncStigg, wire: Wire, wallet: Wallet) -> None:
    made = await client.v1.credits.grants.create(
        **wallet.ids(), amount=10, display_name="G", grant_type="PROMOTIONAL"
    )
    outcomes = await asyncio.gather(
        *(client.v1.credits.grants.void(made.data.id) for _ in range(20)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    check_books(wire, wallet.customer)


async def test_everything_at_once(client: stigg.AsyncStigg, wire: Wire, wallet: Wallet) -> None:
    """Grants, consumptions and voids of one wallet, in whatever order they come: the books close."""
    credits = client.v1.credits

    async def grant_and_void(n: int) -> None:
        made = await credits.grants.create(
            **wallet.ids(), amount=n / 4, display_name="G", grant_type="PROMOTIONAL", priority=n
        )
        if n % 3 == 0:
            await credits.grants.void(made.data.id)

    await asyncio.gather(
        *(grant_and_void(n) for n in range(1, 31)),
        *(credits.consumption.consume(**wallet.ids(), amount=0.7, idempotency_key=f"c{n}") for n in range(60)),
        *(
            credits.consumption.consume_async(
                consumptions=[wallet.ids() | {"amount": 0.1, "idempotency_key": f"b{n}-{k}"} for k in range(10)]
            )
            for n in range(6)
        ),
    )
    check_books(wire, wallet.customer)
    consumed = sum(-row["amount"] for row in rows(wire, wallet.customer) if row["eventType"] == "CREDITS_CONSUMED")
    assert consumed == 48
    assert sum(grant["consumedAmount"] for grant in grants(wire, wallet.customer)) == 48
