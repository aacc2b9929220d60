"""When a request is wrong in two ways: shape, then unknown, then archived, then the key, then times, then payment."""

from __future__ import annotations

from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal
from support.server import Server
from support.shop import Wallet, fresh, new_currency, new_customer
from support.wire import Wire

GRANTS = "/api/v1/credits/grants"
CONSUMPTION = "/api/v1/credits/consumption"

TOO_OLD = {"createdAt": "2001-01-01"}
BORN_EXPIRED = {"effectiveAt": "2001-01-01", "expireAt": "2002-01-01"}
TO_CHARGE = {"grantType": "PAID", "cost": {"amount": 1, "currency": "usd"}, "paymentCollectionMethod": "CHARGE"}


@pytest.fixture
def archived(wire: Wire, currency: str) -> Wallet:
    customer = new_customer(wire)
    assert wire.post(f"/api/v1/customers/{customer}/archive").status_code == 200
    return Wallet(customer, currency)


@pytest.fixture
def retired(wire: Wire, customer: str) -> Wallet:
    """A wallet of an archived currency."""
    currency = new_currency(wire)
    assert wire.post(f"/api/v1/credits/custom-currencies/{currency}/archive").status_code == 200
    return Wallet(customer, currency)


def refused(wire: Wire, path: str, body: dict[str, Any], status: int, code: str) -> None:
    check_refusal(wire.post(path, body), status, code)


def test_shape_before_unknown(wire: Wire, currency: str) -> None:
    nobody = Wallet("nobody", currency)
    refused(wire, GRANTS, nobody.grant_body(0), 400, "BadUserInput")
    refused(wire, GRANTS, nobody.grant_body(unknownField=1), 400, "BadUserInput")
    refused(wire, CONSUMPTION, nobody.consume_body("1"), 400, "BadUserInput")


def test_unknown_before_archived(wire: Wire, archived: Wallet, retired: Wallet) -> None:
    refused(wire, GRANTS, Wallet(archived.customer, "nothing").grant_body(), 404, "CustomCurrencyNotFound")
    refused(wire, CONSUMPTION, Wallet(archived.customer, "nothing").consume_body(), 404, "CustomCurrencyNotFound")
    refused(wire, GRANTS, Wallet("nobody", retired.currency).grant_body(), 404, "CustomerNotFound")


def test_unknown_before_times(wire: Wire, currency: str) -> None:
    refused(wire, GRANTS, Wallet("nobody", currency).grant_body(**BORN_EXPIRED), 404, "CustomerNotFound")
    refused(wire, CONSUMPTION, Wallet("nobody", currency).consume_body(**TOO_OLD), 404, "CustomerNotFound")


def test_archived_before_the_key(wire: Wire, api: Api, wallet: Wallet) -> None:
    used = wallet.consume_body()
    assert wire.post(CONSUMPTION, used).status_code == 200
    api.customers.archive(wallet.customer)
    refused(wire, CONSUMPTION, used | {"amount": 2}, 400, "EntityIsArchivedError")


def test_archived_before_times_and_payment(wire: Wire, archived: Wallet, retired: Wallet) -> None:
    for wallet in (archived, retired):
        refused(wire, GRANTS, wallet.grant_body(**BORN_EXPIRED), 400, "EntityIsArchivedError")
        refused(wire, GRANTS, wallet.grant_body(**TO_CHARGE), 400, "EntityIsArchivedError")
    refused(wire, CONSUMPTION, archived.consume_body(**TOO_OLD), 400, "EntityIsArchivedError")


def test_the_key_before_times(wire: Wire, wallet: Wallet) -> None:
    used = wallet.consume_body()
    assert wire.post(CONSUMPTION, used).status_code == 200
    refused(wire, CONSUMPTION, used | TOO_OLD, 409, "DuplicatedEntityNotAllowed")


def test_times_before_payment(wire: Wire, wallet: Wallet) -> None:
    refused(wire, GRANTS, wallet.grant_body(**BORN_EXPIRED, **TO_CHARGE), 400, "BadUserInput")
    crossed = {"effectiveAt": "2097-02-01", "expireAt": "2097-01-01"}
    refused(wire, GRANTS, wallet.grant_body(**crossed, **TO_CHARGE), 400, "ExpireAtMustBeLaterThanEffectiveAtError")
    refused(wire, GRANTS, wallet.grant_body(**TO_CHARGE), 400, "BillingIntegrationMissing")


def test_who_asks_before_everything(server: Server) -> None:
    stranger = Wire(server.url, fresh("server"))
    refused(stranger, GRANTS, {"nonsense": 1}, 401, "Unauthenticated")
    check_refusal(stranger.post(GRANTS, b"{"), 401, "Unauthenticated")
    check_refusal(stranger.get("/api/v1/plans"), 401, "Unauthenticated")
    stranger.close()
