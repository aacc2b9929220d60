"""Keys and environments: who may come in, and that production and sandbox never meet."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from support.driver import Api
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, fresh, grant, new_currency
from support.wire import Wire

CUSTOMERS = "/api/v1/customers"


@pytest.mark.parametrize("key", [None, "", "x", "server-", "server-" + "0" * 40, "server-" + "0" * 10_000])
def test_without_a_good_key(server: Server, key: str | None) -> None:
    stranger = Wire(server.url, key)
    for answer in (stranger.get(CUSTOMERS), stranger.post(CUSTOMERS, {"id": fresh("customer")})):
        check_refusal(answer, 401, "Unauthenticated")
    stranger.close()


def test_half_a_key_is_none(server: Server) -> None:
    for key in (server.production_key[:-1], server.production_key + "0", server.production_key.upper()):
        stranger = Wire(server.url, key)
        check_refusal(stranger.get(CUSTOMERS), 401, "Unauthenticated")
        stranger.close()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_through_the_sdk(server: Server, kind: str) -> None:
    stranger = Api(kind, server.url, "server-wrong")
    with refuses(401, "Unauthenticated"):
        stranger.customers.list()
    stranger.close()


def test_a_key_in_another_place_is_none(server: Server) -> None:
    nobody = Wire(server.url, None)
    bearer = {"authorization": f"Bearer {server.production_key}"}
    check_refusal(nobody.get(CUSTOMERS, bearer), 401, "Unauthenticated")
    check_refusal(nobody.get(CUSTOMERS, None, **{"x-api-key": server.production_key}), 401, "Unauthenticated")
    nobody.close()


def test_environments_never_meet(api: Api, server: Server, sandbox: Wire, wallet: Wallet) -> None:
    made = grant(api, wallet, 10)
    other = Api(api.kind, server.url, server.sandbox_key)
    for call in (
        lambda: other.customers.retrieve(wallet.customer),
        lambda: other.ledger(wallet.customer),
        lambda: other.grants.list(customer_id=wallet.customer),
    ):
        with refuses(404, "CustomerNotFound"):
            call()
    with refuses(404, "CustomCurrencyNotFound"):
        other.currencies.list_associated_entities(wallet.currency)
    with refuses(404, "CreditGrantNotFound"):
        other.grants.void(made.id)
    assert other.credit(wallet.customer, wallet.currency).access_denied_reason == "CustomerNotFound"

    # The same ids may be used there, for something else.
    other.customers.provision(id=wallet.customer)
    twin = Wallet(wallet.customer, new_currency(sandbox))
    grant(other, twin, 3)
    assert api.balance(wallet.customer, wallet.currency) == 10
    assert other.balance(wallet.customer, twin.currency) == 3
    assert [row.amount for row in api.ledger(wallet.customer)] == [10]
    other.currencies.archive(twin.currency)
    other.close()


def test_the_headers_of_other_credentials_are_ignored(api: Api, customer: str) -> None:
    """They choose an environment for a person's token; a key has one of its own."""
    read = api.customers.retrieve(customer, x_account_id="someone-else", x_environment_id="sandbox").data
    assert read.id == customer


def test_only_a_sandbox_has_a_clock(wire: Wire) -> None:
    answer = wire.post("/api/v1/test-clock", {"now": "2097-01-01T00:00:00Z"})
    check_refusal(answer, 403, {"AccessDeniedError", "IdentityForbidden"})


def test_the_first_start_makes_keys(directory: Path) -> None:
    server = Server(directory, own_keys=False).start()
    try:
        path = server.data / "initial-keys"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
        # 160 bits are 27 characters or more in any usual alphabet.
        keys = re.findall(r"server-[A-Za-z0-9_-]{27,}", path.read_text())
        assert len(set(keys)) == 2, "one for each environment"
        # The output is a file here: it names the place, never the keys.
        log = server.log_path.read_text()
        assert "initial-keys" in log
        assert not any(key in log for key in keys)

        statuses = []
        for key in keys:
            client = Wire(server.url, key)
            assert client.post(CUSTOMERS, {"id": "c"}).status_code == 201
            statuses.append(client.post("/api/v1/test-clock", {"now": "2097-01-01T00:00:00Z"}).status_code)
            client.close()
        assert sorted(statuses) == [200, 403]

        # A later start keeps them.
        assert server.stop() == 0
        server.start()
        client = Wire(server.url, keys[0])
        assert client.get(f"{CUSTOMERS}/c").status_code == 200
        client.close()
        server.end_and_verify()
    finally:
        server.kill()


@pytest.mark.embedded
def test_keys_are_not_stored_as_they_are(directory: Path) -> None:
    server = Server(directory).start()
    try:
        server.end_and_verify()
        for path in (each for each in server.data.rglob("*") if each.is_file()):
            content = path.read_bytes()
            assert server.production_key.encode() not in content, path
            assert server.sandbox_key.encode() not in content, path
        assert server.production_key not in server.log_path.read_text()
    finally:
        server.kill()
