"""The project's stand-in for Stripe: a process of its own, told what payers, banks and the network do.

What it sends is signed here, by the scheme that Stripe publishes, so that both ends of it are not one program's.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from support.server import PATIENCE_SECONDS, REPOSITORY
from support.shop import created, read_grant
from support.wire import Wire

PROVIDER = "/api/v1/payment-provider"
INVOICES = "/api/v1/invoices"
EVENTS = "/api/v1/providers/stripe/production/events"
SECRET_KEY = "sk_test_neverShownKey1234"
WEBHOOK_SECRET = "whsec_neverShownSecret5678"
SETTINGS = {"provider": "STRIPE", "secretKey": SECRET_KEY, "webhookSecret": WEBHOOK_SECRET}

# Cards as the stand-in has them: one that works, one that is declined, one that wants its owner to confirm.
GOOD, DECLINED, CONFIRMED = "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"

Event = dict[str, Any]
Grant = dict[str, Any]


def simulator() -> Path:
    """The program that is the stand-in. A missing one is an error, not a skip."""
    path = Path(os.environ.get("SCRIP_SIMULATOR_BINARY", "target/debug/scrip-simulator"))
    path = path if path.is_absolute() else REPOSITORY / path
    if not path.is_file():
        raise FileNotFoundError(
            f"no stand-in for Stripe at {path}: build it (cargo build -p scrip-simulator) or set SCRIP_SIMULATOR_BINARY"
        )
    return path


class StandIn:
    """What is told to it, and what it tells."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)

    @property
    def port(self) -> int:
        port = httpx.URL(self.url).port
        assert port is not None
        return port

    def control(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, f"{path} {body}: {answer.text}"
        return answer.json()

    def fault(self, kind: str, **how: int) -> None:
        """Lets requests go wrong: the next, or `times` of them, `after` so many that go well."""
        self.control("faults", kind=kind, **how)

    def well_again(self) -> None:
        """Nothing goes wrong any more."""
        self.control("faults", kind="cut", times=0)

    def all_charges(self) -> dict[str, tuple[int, int]]:
        """How often each grant was paid for, and how much that was in the minor unit."""
        return {grant: (each["count"], each["amount"]) for grant, each in self.control("charges").items()}

    def charges(self, grant_id: str) -> tuple[int, int]:
        return self.all_charges().get(grant_id, (0, 0))

    def requests(self) -> list[str]:
        """As `METHOD path`, since it was asked last."""
        requests: list[str] = self.control("requests")
        return requests

    def events(self) -> list[Event]:
        events: list[Event] = self.control("events")
        return events

    def get(self, path: str) -> dict[str, Any]:
        """An object, as whoever has the key may read it."""
        headers = {"authorization": f"Bearer {SECRET_KEY}", "stripe-version": "2024-06-20"}
        answer = self._client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def status(self, invoice: str) -> str:
        status: str = self.get(f"/v1/invoices/{invoice}")["status"]
        return status

    def close(self) -> None:
        self._client.close()


@contextlib.contextmanager
def standing_in(state: Path | None = None) -> Iterator[StandIn]:
    """A stand-in for the length of a block."""
    command = [str(simulator()), "stripe", "--listen", "127.0.0.1:0"]
    if state is not None:
        command += ["--state", str(state)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], PATIENCE_SECONDS)[0], "the stand-in does not say where it is"
        first = process.stdout.readline().decode().strip()
        assert first.startswith("http://127.0.0.1:"), f"the stand-in did not start: {first} {process.poll()}"
        stand_in = StandIn(first)
        yield stand_in
        stand_in.close()
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def collects(stand_in: StandIn | str, *more: str) -> tuple[str, ...]:
    """The arguments of a server that asks it."""
    url = stand_in if isinstance(stand_in, str) else stand_in.url
    return ("--stripe-url", url, "--payment-timeout-seconds", "2", *more)


def settle_with(wire: Wire, **settings: Any) -> dict[str, Any]:
    """From now on it collects for the environment."""
    return created(wire.put(PROVIDER, SETTINGS | settings), 200)


def attach(wire: Wire, customer: str, card: str = GOOD) -> None:
    body = {"vendorIdentifier": "STRIPE", "integrationId": "stripe", "paymentMethodId": card}
    created(wire.post(f"/api/v1/customers/{customer}/payment-method", body), 200)


def paid_body(amount: float = 100, cost: float = 49.5, method: str = "CHARGE", **fields: Any) -> dict[str, Any]:
    """What a body of a grant that costs something has besides the wallet."""
    return {
        "displayName": "Bought", "amount": amount, "grantType": "PAID", "cost": {"amount": cost, "currency": "usd"},
        "paymentCollectionMethod": method,
    } | fields


def signature(body: bytes, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    seconds = int(time.time() if at is None else at)
    code = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={code}"


def tell(wire: Wire, event: Event, path: str = EVENTS, **signing: Any) -> httpx.Response:
    """Sends an event as Stripe does."""
    body = json.dumps(event).encode()
    return wire.post(path, body, stripe_signature=signature(body, **signing))


class Ear:
    """What happens at the stand-in from now on."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._known = len(stand_in.events())

    def events(self, *types: str) -> list[Event]:
        """Those since it was asked last, oldest first; of these types, or all."""
        new = self._stand_in.events()[self._known :]
        self._known += len(new)
        return [event for event in new if not types or event["type"] in types]

    def tell(self, wire: Wire, *types: str) -> list[Event]:
        """Sends them, each once and in order, to whoever must take them."""
        events = self.events(*types)
        assert events, "nothing happened"
        for event in events:
            answer = tell(wire, event)
            assert answer.status_code == 200, (event["type"], answer.text)
        return events


def wait_until(wire: Wire, grant_id: str, holds: Callable[[Grant], bool], seconds: float = PATIENCE_SECONDS) -> Grant:
    """The grant, once this holds of it."""
    deadline = time.monotonic() + seconds
    while not holds(found := read_grant(wire, grant_id)):
        assert time.monotonic() < deadline, f"after {seconds} s it is still {found}"
        time.sleep(0.03)
    return found


def wait_until_paid(wire: Wire, grant_id: str) -> Grant:
    return wait_until(wire, grant_id, lambda grant: grant["status"] == "ACTIVE")
