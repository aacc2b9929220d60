"""The official SDKs send no key when they retry, only a count. A retry of what took effect gets the first answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support import databases
from support.driver import Api
from support.proxy import FaultProxy
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, consume, fresh, grant, story
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CUSTOMERS = "/api/v1/customers"


def attempt(wire: Wire, path: str, body: Any, count: int, **headers: str) -> httpx.Response:
    return wire.post(path, body, x_stainless_retry_count=str(count), **headers)


def made(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    grant_id: str = answer.json()["data"]["id"]
    return grant_id


class TestTheRule:
    def test_a_retry_is_answered_with_the_first_answer(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        first = attempt(wire, GRANTS, body, 0)
        for count in (1, 2):
            again = attempt(wire, GRANTS, body, count)
            assert (again.status_code, again.content) == (201, first.content)
            assert again.headers["idempotent-replayed"] == "true"
        assert len(wire.get(GRANTS, customerId=wallet.customer).json()["data"]) == 1

    def test_two_first_attempts_are_two_grants_and_a_retry_is_the_later(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        first, second = (made(attempt(wire, GRANTS, body, 0)) for _ in range(2))
        assert first != second
        assert made(attempt(wire, GRANTS, body, 1)) == second
        assert len(wire.get(GRANTS, customerId=wallet.customer).json()["data"]) == 2

    def test_a_retry_of_what_never_arrived_runs(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        made(attempt(wire, GRANTS, body, 1))
        assert len(wire.get(GRANTS, customerId=wallet.customer).json()["data"]) == 1

    def test_only_the_same_request_counts(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        first = made(attempt(wire, GRANTS, body, 0))
        assert made(attempt(wire, GRANTS, body | {"amount": 101}, 1)) != first

    def test_requests_without_the_count_take_no_part(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        first, second = made(wire.post(GRANTS, body)), made(wire.post(GRANTS, body))
        third = made(attempt(wire, GRANTS, body, 1))
        assert len({first, second, third}) == 3

    def test_a_refused_first_attempt_is_no_effect(self, wire: Wire, currency: str) -> None:
        customer = fresh("customer")
        body = Wallet(customer, currency).grant_body()
        check_refusal(attempt(wire, GRANTS, body, 0), 404, "CustomerNotFound")
        assert wire.post(CUSTOMERS, {"id": customer}).status_code == 201
        first = made(attempt(wire, GRANTS, body, 1))
        # That retry took effect, so the next one is answered from it.
        assert made(attempt(wire, GRANTS, body, 2)) == first

    def test_a_header_key_is_stronger(self, wire: Wire, wallet: Wallet) -> None:
        body = wallet.grant_body()
        first = made(attempt(wire, GRANTS, body, 0))
        keyed = made(attempt(wire, GRANTS, body, 1, idempotency_key=fresh("key")))
        assert keyed != first

    def test_environments_know_nothing_of_each_other(self, wire: Wire, sandbox: Wire) -> None:
        body = {"id": fresh("customer")}
        assert attempt(wire, CUSTOMERS, body, 0).status_code == 201
        other = attempt(sandbox, CUSTOMERS, body, 1)
        assert other.status_code == 201 and "idempotent-replayed" not in other.headers

    def test_creates_that_could_not_be_repeated(self, wire: Wire) -> None:
        currency = fresh("currency")
        for path, body in (
            (CUSTOMERS, {"id": fresh("customer")}),
            ("/api/v1/credits/custom-currencies", {"id": currency, "displayName": "C"}),
        ):
            first = attempt(wire, path, body, 0)
            again = attempt(wire, path, body, 1)
            assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
            # A new first attempt is a new request, and refused.
            check_refusal(attempt(wire, path, body, 0), 409, "DuplicatedEntityNotAllowed")
        wire.post(f"/api/v1/credits/custom-currencies/{currency}/archive")

    def test_voids(self, wire: Wire, wallet: Wallet) -> None:
        path = f"{GRANTS}/{made(wire.post(GRANTS, wallet.grant_body()))}/void"
        first = attempt(wire, path, None, 0)
        again = attempt(wire, path, None, 1)
        assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
        check_refusal(attempt(wire, path, None, 0), 400, "CreditGrantAlreadyVoided")


class TestTheSdkItself:
    """With its retries on, and a network that loses answers."""

    @pytest.fixture
    def proxy(self, server: Server) -> Iterator[FaultProxy]:
        with FaultProxy(server.port) as started:
            yield started

    @pytest.fixture(params=databases.clients())
    def patient(self, server: Server, proxy: FaultProxy, request: pytest.FixtureRequest) -> Iterator[Api]:
        client = Api(request.param, proxy.url, server.production_key, max_retries=2)
        yield client
        client.close()

    def counts(self, proxy: FaultProxy, method: str, path: str) -> list[str | None]:
        return [each.retry_count for each in proxy.requests if (each.method, each.path) == (method, path)]

    def test_a_lost_answer_of_a_grant(self, patient: Api, proxy: FaultProxy, wallet: Wallet) -> None:
        proxy.lose_answer_of("POST", GRANTS)
        made_once = grant(patient, wallet, 10)
        assert proxy.lost_answers == 1 and self.counts(proxy, "POST", GRANTS) == ["0", "1"]
        (listed,) = patient.grants.list(customer_id=wallet.customer).data
        assert listed.id == made_once.id

    def test_lost_answers_of_a_void_a_customer_and_a_currency(
        self, patient: Api, proxy: FaultProxy, wallet: Wallet
    ) -> None:
        voided = grant(patient, wallet, 10)
        proxy.lose_answer_of("POST", f"{GRANTS}/{voided.id}/void")
        assert patient.grants.void(voided.id).data.status == "VOIDED"
        proxy.lose_answer_of("POST", CUSTOMERS)
        customer = patient.customers.provision(id=fresh("customer"), name="N").data
        assert customer.name == "N"
        proxy.lose_answer_of("POST", "/api/v1/credits/custom-currencies")
        currency = patient.currencies.create(id=fresh("currency"), display_name="C").data
        assert proxy.lost_answers == 3
        patient.currencies.archive(currency.id)

    def test_a_lost_answer_of_a_consumption(self, patient: Api, proxy: FaultProxy, wallet: Wallet) -> None:
        proxy.lose_answer_of("POST", "/api/v1/credits/consumption")
        assert consume(patient, wallet, 3).credit.current_usage == 3
        assert proxy.lost_answers == 1
        assert [amount for _, amount, _ in story(patient, wallet)] == [-3]

    def test_hopeless_requests_are_sent_once(self, patient: Api, proxy: FaultProxy, customer: str) -> None:
        with refuses(409, "DuplicatedEntityNotAllowed"):
            patient.customers.provision(id=customer)
        with refuses(501, "UnsupportedParameter"):
            patient.v1.plans.list()
        assert self.counts(proxy, "POST", CUSTOMERS) == ["0"]
        assert self.counts(proxy, "GET", "/api/v1/plans") == ["0"]

    def test_everyday_work_needs_no_second_attempt(self, patient: Api, proxy: FaultProxy, wallet: Wallet) -> None:
        made_grant = grant(patient, wallet, 10)
        consume(patient, wallet, 4)
        assert patient.balance(wallet.customer, wallet.currency) == 6
        patient.grants.void(made_grant.id)
        assert len(list(patient.ledger(wallet.customer, limit=1))) == 3
        assert {each.retry_count for each in proxy.requests} == {"0"}
