"""Custom currencies: fields, changes, archiving, an id used again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.books import check_books
from support.driver import Api
from support.refusals import check_refusal, refuses
from support.shop import Wallet, consume, fresh, grant, new_customer
from support.wire import Wire

PATH = "/api/v1/credits/custom-currencies"
FIELDS = set("id displayName symbol description units metadata createdAt updatedAt archivedAt".split())


@pytest.fixture
def made(api: Api) -> Any:
    """A currency with every field set. Archived afterwards: an environment has room for a hundred live ones."""
    currency = api.currencies.create(
        id=fresh("currency"), display_name="AI tokens", description="for models", metadata={"team": "ml"}, symbol="T",
        units={"singular": "token", "plural": "tokens"}, x_account_id="a", x_environment_id="e",
    ).data
    yield currency
    api.currencies.archive(currency.id)


def test_every_argument_of_the_sdk(made: Any) -> None:
    assert (made.display_name, made.description, made.symbol) == ("AI tokens", "for models", "T")
    assert (made.units.singular, made.units.plural, made.metadata) == ("token", "tokens", {"team": "ml"})
    assert made.archived_at is None and made.created_at == made.updated_at


def test_the_least_that_can_be_said_of_a_currency(api: Api) -> None:
    currency = fresh("currency")
    answer = api.currencies.with_raw_response.create(id=currency, display_name="Credits")
    assert answer.status == 201
    data = json.loads(answer.text)["data"]
    assert data.keys() >= FIELDS
    assert (data["symbol"], data["description"], data["units"], data["metadata"]) == (None, None, None, {})
    api.currencies.archive(currency)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""}, {"id": "a b"}, {"id": "-a"}, {"id": "a@b"}, {"id": "x" * 256}, {"id": None}, {"id": 7},
        {"displayName": None}, {"displayName": "x" * 65}, {"displayName": 7}, {"symbol": "x" * 65}, {"symbol": 7},
        {"description": "x" * 256}, {"units": {"singular": "a"}}, {"units": {"plural": "a"}}, {"units": "tokens"},
        {"units": {"singular": "a", "plural": None}}, {"units": {"singular": "a", "plural": "b", "dual": "c"}},
        {"metadata": {"a": 1}}, {"metadata": []}, {"unknownField": 1},
    ],
    ids=lambda fields: json.dumps(fields)[:40],
)
def test_wrong_fields_create_and_change_nothing(wire: Wire, fields: dict[str, Any]) -> None:
    (field,) = fields
    body = {"id": fresh("currency"), "displayName": "Credits"} | fields
    check_refusal(wire.post(PATH, body), 400, "BadUserInput", field)
    if field != "id":
        check_refusal(wire.get(f"{PATH}/{body['id']}/associated-entities"), 404, "CustomCurrencyNotFound")


@pytest.mark.parametrize("metadata", [{str(n): "" for n in range(51)}, {"k" * 256: ""}, {"k": "v" * 2001}])
def test_too_much_metadata(wire: Wire, metadata: dict[str, str]) -> None:
    body = {"id": fresh("currency"), "displayName": "Credits", "metadata": metadata}
    check_refusal(wire.post(PATH, body), 400, "InvalidMetadataError", "metadata")


def test_an_id_is_taken_once(api: Api, made: Any) -> None:
    with refuses(409, "DuplicatedEntityNotAllowed", naming="id"):
        api.currencies.create(id=made.id, display_name="Other")


def test_unknown_currencies(api: Api) -> None:
    for call in (
        lambda: api.currencies.update("nothing", display_name="x"),
        lambda: api.currencies.archive("nothing"),
        lambda: api.currencies.unarchive("nothing"),
        lambda: api.currencies.list_associated_entities("nothing"),
    ):
        with refuses(404, "CustomCurrencyNotFound"):
            call()


def test_no_plan_uses_it_yet(api: Api, made: Any) -> None:
    assert api.currencies.list_associated_entities(made.id, x_account_id="a", x_environment_id="e").data == []


class TestUpdate:
    def test_every_argument_of_the_sdk(self, api: Api, made: Any) -> None:
        changed = api.currencies.update(
            made.id, display_name="Renamed", description="other", symbol="R", metadata={"new": "1"},
            units={"singular": "unit", "plural": "units"}, x_account_id="a", x_environment_id="e",
        ).data
        assert (changed.id, changed.display_name, changed.description) == (made.id, "Renamed", "other")
        assert (changed.symbol, changed.metadata) == ("R", {"new": "1"})
        assert (changed.units.singular, changed.units.plural) == ("unit", "units")
        assert changed.created_at == made.created_at and changed.updated_at >= made.updated_at

    def test_only_what_is_sent_is_changed(self, api: Api, made: Any) -> None:
        changed = api.currencies.update(made.id, display_name="Renamed").data
        assert changed.model_copy(update={"display_name": made.display_name, "updated_at": made.updated_at}) == made

    @pytest.mark.parametrize("nothing", ["", None])
    def test_clearing(self, api: Api, made: Any, nothing: str | None) -> None:
        changed = api.currencies.update(made.id, description=nothing, symbol=nothing).data
        assert (changed.description, changed.symbol, changed.metadata) == (None, None, {"team": "ml"})
        assert api.currencies.update(made.id, metadata=None).data.metadata == {}

    def test_metadata_is_replaced_whole(self, api: Api, made: Any) -> None:
        assert api.currencies.update(made.id, metadata={"other": "1"}).data.metadata == {"other": "1"}
        assert api.currencies.update(made.id, metadata={}).data.metadata == {}

    @pytest.mark.parametrize(
        "fields", [{"displayName": "x" * 65}, {"symbol": "x" * 65}, {"units": {"singular": "a"}}, {"id": "other"},
                   {"metadata": {"a": 1}}, {"archivedAt": None}],
        ids=lambda fields: next(iter(fields)),
    )
    def test_what_cannot_be_changed(self, wire: Wire, made: Any, fields: dict[str, Any]) -> None:
        (field,) = fields
        refused = wire.patch(f"{PATH}/{made.id}", {"description": "must not stay", **fields})
        check_refusal(refused, 400, "BadUserInput", field)
        listed = {each["id"]: each for each in wire.get(PATH, limit=100).json()["data"]}
        assert listed[made.id]["description"] == "for models"


class TestArchived:
    def test_archive_and_back(self, api: Api, made: Any) -> None:
        archived = api.currencies.archive(made.id, x_account_id="a", x_environment_id="e").data
        assert archived.archived_at is not None
        again = api.currencies.archive(made.id).data
        assert again.archived_at == archived.archived_at
        back = api.currencies.unarchive(made.id, x_account_id="a", x_environment_id="e").data
        assert back.archived_at is None
        assert api.currencies.unarchive(made.id).data == back

    def test_it_is_burnt_but_no_longer_granted(self, api: Api, wire: Wire, made: Any, customer: str) -> None:
        wallet = Wallet(customer, made.id)
        grant(api, wallet, 10)
        api.currencies.archive(made.id)
        assert consume(api, wallet, 12).credit.current_usage == 12
        api.consumption.consume_async(consumptions=[{**wallet.ids(), "amount": 1, "idempotency_key": fresh("key")}])
        with refuses(400, "EntityIsArchivedError", naming="currencyId"):
            grant(api, wallet, 10)
        assert api.balance(customer, made.id) == -3
        assert len(list(api.ledger(customer, currency_id=made.id))) == 4
        api.currencies.unarchive(made.id)
        assert grant(api, wallet, 10).consumed_amount == 3
        check_books(wire, customer)

    def test_an_id_used_again_keeps_its_wallets(self, api: Api, wire: Wire, made: Any) -> None:
        wallet = Wallet(new_customer(wire), made.id)
        grant(api, wallet, 10)
        api.currencies.archive(made.id)
        second = api.currencies.create(id=made.id, display_name="Second").data
        assert second.archived_at is None and second.display_name == "Second"
        assert api.balance(wallet.customer, made.id) == 10
        grant(api, wallet, 5)
        assert api.balance(wallet.customer, made.id) == 15
        # Both are listed; the archived one cannot come back while the other lives.
        both = [each for each in api.currencies.list(status=["ACTIVE", "ARCHIVED"], limit=100) if each.id == made.id]
        assert [each.display_name for each in both] == ["Second", "AI tokens"]
        with refuses(409, "DuplicatedEntityNotAllowed"):
            api.currencies.unarchive(made.id)
        check_books(wire, wallet.customer)
