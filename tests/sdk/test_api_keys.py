"""API keys of the built program: what is kept of them, what survives a restart, what the official SDK sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.driver import Api
from support.refusals import check_refusal, refuses
from support.server import Server
from support.shop import Wallet, created, fresh
from support.wire import Wire

KEYS = "/api/v1/api-keys"
CUSTOMERS = "/api/v1/customers"


def make(wire: Wire, *scopes: str, **members: Any) -> dict[str, Any]:
    return created(wire.post(KEYS, {"name": fresh("key"), "scopes": scopes} | members))


def asked(server: Server, secret: str) -> int:
    wire = Wire(server.url, secret)
    try:
        return wire.get(CUSTOMERS).status_code
    finally:
        wire.close()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_key_of_less_through_the_sdk(server: Server, wire: Wire, wallet: Wallet, kind: str) -> None:
    burner = make(wire, "consumption")
    api = Api(kind, server.url, burner["secret"])
    wire.post("/api/v1/credits/grants", wallet.grant_body(10))
    api.consumption.consume(
        customer_id=wallet.customer, currency_id=wallet.currency, amount=4, idempotency_key=fresh("burn")
    )
    with refuses(403, "AccessDeniedError"):
        api.ledger(wallet.customer)
    wire.patch(f"{KEYS}/{burner['id']}", {"scopes": ["read"]})
    assert [row.amount for row in api.ledger(wallet.customer)] == [-4, 10]
    with refuses(403, "AccessDeniedError"):
        api.customers.provision(id=fresh("customer"))
    wire.delete(f"{KEYS}/{burner['id']}")
    with refuses(401, "Unauthenticated"):
        api.ledger(wallet.customer)
    api.close()


def test_keys_survive_a_restart_and_their_secrets_are_nowhere(directory: Path) -> None:
    server = Server(directory)
    server.additions["SCRIP_LOG"] = "trace"
    server.start()
    try:
        wire = Wire(server.url, server.production_key)
        reader = make(wire, "read")
        revoked = make(wire, "full")
        rotated = make(wire, "full", expiresAt="2097-01-01")
        once = {"idempotency-key": fresh("once")}
        again = [wire.post(KEYS, {"name": "Once", "scopes": ["full"]}, **once) for _ in range(2)]
        assert created(again[0])["id"] == created(again[1])["id"]
        assert created(again[1])["secret"] is None
        path = f"{KEYS}/{rotated['id']}/rotate-secret"
        newer = created(wire.post(path, {"overlapSeconds": 0}), 200)["secret"]
        newest = created(wire.post(path), 200)["secret"]
        created(wire.delete(f"{KEYS}/{revoked['id']}"), 200)
        secrets = [reader["secret"], revoked["secret"], rotated["secret"], newer, newest, created(again[0])["secret"]]
        statuses = [200, 401, 401, 200, 200, 200]
        assert [asked(server, secret) for secret in secrets] == statuses
        wire.close()

        assert server.stop() == 0
        server.start()
        wire = Wire(server.url, server.production_key)
        assert [asked(server, secret) for secret in secrets] == statuses
        weak = Wire(server.url, reader["secret"])
        check_refusal(weak.post(CUSTOMERS, {"id": "c"}), 403, "AccessDeniedError")
        weak.close()
        listed = {key["id"]: key for key in wire.get(KEYS).json()["data"]}
        assert listed[reader["id"]]["lastUsedAt"] is not None, "a stop writes what is not written yet"
        assert listed[reader["id"]]["scopes"] == ["read"]
        assert (listed[revoked["id"]]["status"], listed[rotated["id"]]["status"]) == ("REVOKED", "ACTIVE")
        wire.close()

        server.end_and_verify()
        log = server.log_path.read_text()
        for secret in [*secrets, server.production_key]:
            assert secret not in log
            for file in (each for each in server.data.rglob("*") if each.is_file()):
                assert secret.encode() not in file.read_bytes(), file
    finally:
        server.kill()


def test_a_revoked_key_does_not_come_back_with_a_start(directory: Path) -> None:
    """The server is started with it every time, as it stands in somebody's environment."""
    server = Server(directory).start()
    try:
        wire = Wire(server.url, server.production_key)
        other = make(wire, "full")
        first = wire.get(KEYS).json()["data"][-1]["id"]
        wire.close()
        wire = Wire(server.url, other["secret"])
        created(wire.delete(f"{KEYS}/{first}"), 200)
        wire.close()
        assert server.stop() == 0
        server.start()
        assert (asked(server, server.production_key), asked(server, other["secret"])) == (401, 200)
        assert "was revoked" in server.log_path.read_text()
        server.end_and_verify()
    finally:
        server.kill()
