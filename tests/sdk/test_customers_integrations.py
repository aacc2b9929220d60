"""Links of customers to other systems: made, changed and removed one by one, and one truth with their customer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from support.driver import Api
from support.paging import check_paging
from support.refusals import check_refusal, refuses
from support.shop import fresh
from support.wire import Wire


@pytest.fixture
def someone(api: Api) -> str:
    customer: str = api.customers.provision(id=fresh("customer")).data.id
    return customer


def link(api: Api, customer: str, id: str, vendor: str = "STRIPE", entity: str = "cus_1") -> Any:
    return api.customers.integrations.link(
        customer, body_id=id, synced_entity_id=entity, vendor_identifier=vendor, x_account_id="a", x_environment_id="e"
    ).data


def told(integration: Any) -> tuple[str, str | None, str]:
    return integration.id, integration.synced_entity_id, integration.vendor_identifier


def of_customer(api: Api, customer: str) -> list[tuple[str, str | None, str]]:
    """What the customer says of its links, the oldest first."""
    return [told(each) for each in api.customers.retrieve(customer).data.integrations]


def test_a_life(api: Api, someone: str) -> None:
    integrations = api.customers.integrations
    made = link(api, someone, "stripe/eu 1")
    assert (told(made), made.sync_data) == (("stripe/eu 1", "cus_1", "STRIPE"), None)
    assert integrations.retrieve("stripe/eu 1", id=someone).data == made
    assert of_customer(api, someone) == [told(made)]
    changed = integrations.update("stripe/eu 1", id=someone, synced_entity_id="cus_2").data
    assert told(changed) == ("stripe/eu 1", "cus_2", "STRIPE")
    assert integrations.update("stripe/eu 1", id=someone, synced_entity_id=None).data.synced_entity_id is None
    assert of_customer(api, someone) == [("stripe/eu 1", None, "STRIPE")]
    assert told(integrations.unlink("stripe/eu 1", id=someone).data) == ("stripe/eu 1", None, "STRIPE")
    assert (of_customer(api, someone), list(integrations.list(someone))) == ([], [])
    for call in (
        lambda: integrations.retrieve("stripe/eu 1", id=someone),
        lambda: integrations.update("stripe/eu 1", id=someone, synced_entity_id="cus_2"),
        lambda: integrations.unlink("stripe/eu 1", id=someone),
    ):
        with refuses(404, "IntegrationNotFound", "integrationId"):
            call()


def test_the_statuses(api: Api, someone: str) -> None:
    made = api.customers.integrations.with_raw_response.link(
        someone, body_id="s", synced_entity_id="cus_1", vendor_identifier="STRIPE"
    )
    expected = {"id": "s", "syncedEntityId": "cus_1", "vendorIdentifier": "STRIPE", "syncData": None}
    assert (made.status, json.loads(made.text)) == (201, {"data": expected})
    removed = api.customers.integrations.with_raw_response.unlink("s", id=someone)
    assert (removed.status, removed.text) == (200, made.text)


def test_given_with_the_customer(api: Api) -> None:
    given = [
        {"id": "s", "synced_entity_id": None, "vendor_identifier": "STRIPE"},
        {"id": "f", "synced_entity_id": "1", "vendor_identifier": "SALESFORCE"},
        {"id": "h", "synced_entity_id": "2", "vendor_identifier": "HUBSPOT"},
    ]
    customer = api.customers.provision(id=fresh("customer"), integrations=given).data.id
    assert [told(each) for each in api.customers.integrations.list(customer)] == [
        ("h", "2", "HUBSPOT"), ("s", None, "STRIPE")
    ]
    api.customers.integrations.update("s", id=customer, synced_entity_id="cus_1")
    link(api, customer, "z", "ZUORA", "3")
    assert of_customer(api, customer) == [
        ("s", "cus_1", "STRIPE"), ("f", "1", "SALESFORCE"), ("h", "2", "HUBSPOT"), ("z", "3", "ZUORA")
    ]
    # The SDK's answers about one link know four vendors: others are shown with their customer only.
    with refuses(404, "IntegrationNotFound", "f"):
        api.customers.integrations.retrieve("f", id=customer)
    api.customers.update(customer, integrations=given[2:])
    assert [each.id for each in api.customers.integrations.list(customer)] == ["h"]


def test_one_in_each_integration(api: Api, someone: str) -> None:
    made = link(api, someone, "s")
    for vendor, entity in (("STRIPE", "cus_1"), ("STRIPE", "cus_2"), ("ZUORA", "cus_1")):
        with refuses(409, "DuplicatedEntityNotAllowed", "s"):
            link(api, someone, "s", vendor, entity)
    assert of_customer(api, someone) == [told(made)]
    twice = [{"id": "s", "synced_entity_id": None, "vendor_identifier": "STRIPE"}] * 2
    with refuses(400, "BadUserInput", "integrations[1].id"):
        api.customers.update(someone, integrations=twice)


def test_unknown_customers(api: Api) -> None:
    nobody, integrations = fresh("nobody"), api.customers.integrations
    for call in (
        lambda: link(api, nobody, "s"),
        lambda: integrations.list(nobody),
        lambda: integrations.retrieve("s", id=nobody),
        lambda: integrations.update("s", id=nobody, synced_entity_id=None),
        lambda: integrations.unlink("s", id=nobody),
    ):
        with refuses(404, "CustomerNotFound", nobody):
            call()


def test_pages(api: Api, someone: str) -> None:
    vendors = ["STRIPE", "ZUORA", "HUBSPOT", "AWS_MARKETPLACE"]
    names = [f"i{number}" for number in range(12)]
    for number, name in enumerate(names):
        link(api, someone, name, vendors[number % 4])
    check_paging(lambda **paging: api.customers.integrations.list(someone, **paging), names[::-1])
    some = [name for number, name in enumerate(names) if number % 4 in (0, 2)][::-1]
    check_paging(
        lambda **paging: api.customers.integrations.list(someone, vendor_identifier=["HUBSPOT", "STRIPE"], **paging),
        some,
    )


def test_changed_at_once(api: Api, someone: str) -> None:
    """Who changes one link takes none of the others away."""
    names = sorted(f"i{number}" for number in range(16))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: link(api, someone, name), names))
    assert sorted(each.id for each in api.customers.integrations.list(someone)) == names


def test_archived_customers_go_on(api: Api, someone: str) -> None:
    api.customers.archive(someone)
    link(api, someone, "s")
    api.customers.integrations.update("s", id=someone, synced_entity_id="cus_2")
    assert told(api.customers.integrations.unlink("s", id=someone).data) == ("s", "cus_2", "STRIPE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""), ("id", 5), ("id", "x" * 256), ("syncedEntityId", None), ("syncedEntityId", ""),
        ("vendorIdentifier", "SALESFORCE"), ("vendorIdentifier", None), ("syncData", None),
    ],
)
def test_bad_fields(wire: Wire, someone: str, field: str, value: Any) -> None:
    path = f"/api/v1/customers/{someone}/integrations"
    body = {"id": "s", "syncedEntityId": "cus_1", "vendorIdentifier": "STRIPE", field: value}
    check_refusal(wire.post(path, body), 400, "BadUserInput", field)
