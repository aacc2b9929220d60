"""Listing customers: order, pages both ways, every filter."""

from __future__ import annotations

import time

import pytest

from support.driver import Api
from support.paging import check_paging, ids
from support.refusals import check_refusal, refuses
from support.shop import fresh, iso
from support.wire import Wire


def test_by_name_in_pages_both_ways(api: Api) -> None:
    name = fresh("Name")
    made = [api.customers.provision(id=fresh("customer"), name=name).data.id for _ in range(7)]
    check_paging(
        lambda **paging: api.customers.list(name=name, x_account_id="a", x_environment_id="e", **paging), made[::-1]
    )


def test_by_email_exactly(api: Api) -> None:
    local = fresh("mail")
    made = api.customers.provision(id=fresh("customer"), email=f"{local}@example.com").data
    api.customers.provision(id=fresh("customer"), email=f"{local}@example.com.au")
    (found,) = list(api.customers.list(email=f"{local}@example.com"))
    assert found.model_dump() == made.model_dump()
    assert list(api.customers.list(email=local)) == []
    assert list(api.customers.list(email=f"{local}@example.com", name="Nobody")) == []


def test_a_new_name_is_found_and_the_old_one_is_not(api: Api) -> None:
    old, new = fresh("Old"), fresh("New")
    customer = api.customers.provision(id=fresh("customer"), name=old).data.id
    api.customers.update(customer, name=new)
    assert list(api.customers.list(name=old)) == []
    assert ids(list(api.customers.list(name=new))) == [customer]


def test_by_creation(api: Api) -> None:
    name = fresh("Name")
    made = []
    for _ in range(3):
        made.append(api.customers.provision(id=fresh("customer"), name=name).data)
        time.sleep(0.01)
    first, second, third = made

    def listed(**range_: object) -> list[str]:
        return ids(list(api.customers.list(name=name, created_at=range_)))

    assert listed(gt=second.created_at) == [third.id]
    assert listed(gte=second.created_at) == [third.id, second.id]
    assert listed(lt=iso(second.created_at)) == [first.id]
    assert listed(lte=second.created_at) == [second.id, first.id]
    assert listed(gt=first.created_at, lte=third.created_at) == [third.id, second.id]


def test_archived_customers_are_listed(api: Api) -> None:
    name = fresh("Name")
    customer = api.customers.provision(id=fresh("customer"), name=name).data.id
    api.customers.archive(customer)
    (listed,) = list(api.customers.list(name=name))
    assert (listed.id, listed.archived_at is not None) == (customer, True)


def test_a_listed_customer_is_the_customer(wire: Wire) -> None:
    name = fresh("Name")
    customer = fresh("customer")
    assert wire.post("/api/v1/customers", {"id": customer, "name": name, "metadata": {"a": "b"}}).status_code == 201
    (listed,) = wire.get("/api/v1/customers", name=name).json()["data"]
    assert listed == wire.get(f"/api/v1/customers/{customer}").json()["data"]


def test_without_filters_the_newest_come_first(api: Api) -> None:
    made = [api.customers.provision(id=fresh("customer")).data.id for _ in range(3)]
    assert ids(api.customers.list(limit=3).data) == made[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_limits_out_of_range(wire: Wire, limit: str) -> None:
    check_refusal(wire.get("/api/v1/customers", limit=limit), 400, "BadUserInput", "limit")


def test_cursors_that_do_not_belong(api: Api) -> None:
    name, other = fresh("Name"), fresh("Name")
    for _ in range(3):
        api.customers.provision(id=fresh("customer"), name=name)
    page = api.customers.list(name=name, limit=1, after=api.customers.list(name=name, limit=1).next)
    with refuses(400, "BadUserInput", naming="after"):
        api.customers.list(name=other, after=page.next)
    with refuses(400, "BadUserInput", naming="after"):
        api.customers.list(after=page.next)
    with refuses(400, "BadUserInput", naming="before"):
        api.customers.list(name=name, after=page.next, before=page.prev)
    with refuses(400, "BadUserInput", naming="after"):
        api.currencies.list(after=page.next)
