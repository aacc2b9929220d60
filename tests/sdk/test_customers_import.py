"""Importing customers: an upsert of up to a thousand, all or nothing as far as their shape goes."""

from __future__ import annotations

from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import fresh
from support.wire import Wire

PATH = "/api/v1/customers/import"


def item(**fields: Any) -> dict[str, Any]:
    return {"id": fresh("customer"), "name": "Imported", "email": "i@example.com"} | fields


def unknown(wire: Wire, customers: list[dict[str, Any]]) -> None:
    for customer in customers:
        check_refusal(wire.get(f"/api/v1/customers/{customer['id']}"), 404, "CustomerNotFound")


def test_every_argument_of_the_sdk(api: Api) -> None:
    customer = fresh("customer")
    answer = api.customers.with_raw_response.import_(
        customers=[{
            "id": customer, "email": "a@example.com", "name": "A", "billing_id": "cus_1", "metadata": {"k": "v"},
            "payment_method_id": "pm_1", "salesforce_id": "sf_1", "updated_at": "2026-01-02T03:04:05Z",
        }],
        integration_id="int-1", x_account_id="a", x_environment_id="e",
    )
    assert answer.status == 200
    assert answer.value.data.new_customers == [customer]
    made = api.customers.retrieve(customer).data
    assert (made.email, made.name, made.billing_id, made.metadata) == ("a@example.com", "A", "cus_1", {"k": "v"})


def test_known_customers_are_updated_and_not_called_new(api: Api) -> None:
    known = api.customers.provision(id=fresh("customer"), name="Before", language="de", metadata={"a": "1"}).data
    new = fresh("customer")
    answer = api.customers.import_(customers=[
        {"id": known.id, "name": "After", "email": None, "metadata": {"b": "2"}},
        {"id": new, "name": None, "email": None},
    ])
    assert answer.data.new_customers == [new]
    after = api.customers.retrieve(known.id).data
    assert (after.name, after.metadata, after.language) == ("After", {"b": "2"}, "de")
    assert after.created_at == known.created_at


def test_a_repeat_changes_nothing(api: Api) -> None:
    given = [item(), item()]
    assert api.customers.import_(customers=given).data.new_customers == [each["id"] for each in given]
    assert api.customers.import_(customers=given).data.new_customers == []


def test_a_thousand(api: Api) -> None:
    given = [item() for _ in range(1000)]
    assert api.customers.import_(customers=given).data.new_customers == [each["id"] for each in given]
    assert api.customers.retrieve(given[999]["id"]).data.name == "Imported"


@pytest.mark.parametrize("count", [0, 1001])
def test_too_few_and_too_many(wire: Wire, count: int) -> None:
    given = [item() for _ in range(count)]
    check_refusal(wire.post(PATH, {"customers": given}), 400, "BadUserInput", "customers")
    unknown(wire, given[:1] + given[-1:])


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"id": "a b"}, "BadUserInput", "id"),
        ({"id": "x" * 256}, "BadUserInput", "id"),
        ({"name": 5}, "BadUserInput", "name"),
        ({"email": 5}, "BadUserInput", "email"),
        ({"metadata": {"a": 5}}, "BadUserInput", "metadata"),
        ({"metadata": {str(n): "" for n in range(51)}}, "InvalidMetadataError", "metadata"),
        ({"updatedAt": "soon"}, "BadUserInput", "updatedAt"),
        ({"unknownField": 1}, "BadUserInput", "unknownField"),
    ],
)
def test_one_bad_item_refuses_all_and_is_named(wire: Wire, fields: dict[str, Any], code: str, field: str) -> None:
    good = [item() for _ in range(7)]
    answer = wire.post(PATH, {"customers": [*good, item(**fields)]})
    check_refusal(answer, 400, code, field)
    check_refusal(answer, 400, code, "7")
    unknown(wire, good)


def test_every_item_must_say_who_it_is(wire: Wire) -> None:
    good, bad = item(), item()
    del bad["id"]
    check_refusal(wire.post(PATH, {"customers": [good, bad]}), 400, "BadUserInput", "id")
    unknown(wire, [good])


def test_one_customer_twice(api: Api, wire: Wire) -> None:
    same = item()
    assert api.customers.import_(customers=[same, same]).data.new_customers == [same["id"]]
    twice = item()
    with refuses(409, "DuplicatedEntityNotAllowed"):
        api.customers.import_(customers=[twice, twice | {"name": "Other"}])
    unknown(wire, [twice])


@pytest.mark.parametrize("customers", [None, {}, "x", [None], ["x"], [[]]])
def test_wrong_types(wire: Wire, customers: Any) -> None:
    check_refusal(wire.post(PATH, {"customers": customers}), 400, "BadUserInput", "customers")
