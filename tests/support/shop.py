"""Makes the things that tests are about, with ids that no other test uses."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from support.driver import Api
from support.wire import Wire


def fresh(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def from_now(**delta: float) -> datetime:
    """An instant relative to now, cut to milliseconds because that is what the server keeps."""
    instant = datetime.now(UTC) + timedelta(**delta)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def iso(instant: datetime) -> str:
    """As the server writes instants."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def created(answer: Any, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def new_currency(wire: Wire, **fields: Any) -> str:
    currency = fresh("credits")
    created(wire.post("/api/v1/credits/custom-currencies", {"id": currency, "displayName": "Credits", **fields}))
    return currency


def new_customer(wire: Wire, **fields: Any) -> str:
    customer = fresh("customer")
    created(wire.post("/api/v1/customers", {"id": customer, **fields}))
    return customer


@dataclass(frozen=True)
class Wallet:
    """A customer and a currency, and maybe a resource: what most requests are about."""

    customer: str
    currency: str
    resource: str | None = None

    def ids(self) -> dict[str, Any]:
        """As the SDK's arguments."""
        named = {"customer_id": self.customer, "currency_id": self.currency}
        return named | ({"resource_id": self.resource} if self.resource else {})

    def body(self) -> dict[str, str]:
        """As the members of a JSON body."""
        named = {"customerId": self.customer, "currencyId": self.currency}
        return named | ({"resourceId": self.resource} if self.resource else {})

    def grant_body(self, amount: Any = 100, **fields: Any) -> dict[str, Any]:
        return self.body() | {"displayName": "Welcome", "amount": amount, "grantType": "PROMOTIONAL"} | fields

    def consume_body(self, amount: Any = 1, **fields: Any) -> dict[str, Any]:
        return self.body() | {"amount": amount, "idempotencyKey": fresh("key")} | fields


def grant(api: Api, wallet: Wallet, amount: float, **options: Any) -> Any:
    named = {"display_name": "Welcome", "grant_type": "PROMOTIONAL"} | wallet.ids() | options
    return api.grants.create(amount=amount, **named).data


def consume(api: Api, wallet: Wallet, amount: float, **options: Any) -> Any:
    named = {"idempotency_key": fresh("key")} | wallet.ids() | options
    return api.consumption.consume(amount=amount, **named).data


def read_grant(wire: Wire, grant_id: str) -> dict[str, Any]:
    return created(wire.get(f"/api/v1/credits/grants/{grant_id}"), 200)


def story(api: Api, wallet: Wallet, **filters: Any) -> list[tuple[str, float, str]]:
    """A wallet's rows from the oldest to the newest: (event, amount, grant)."""
    scope = {"resource_id": wallet.resource} if wallet.resource else {}
    page = api.ledger(wallet.customer, currency_id=wallet.currency, limit=100, **scope, **filters)
    return [(row.event_type, row.amount, row.credit_grant_id) for row in reversed(list(page))]
