"""Webhook endpoints as their owner sees them, and what there is to tell them of."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from support.receiver import Receiver
from support.shop import Wallet, created
from support.told import Event, Reader, behind_the_last
from support.wire import Wire

WEBHOOKS = "/api/v1/webhooks"
PATIENCE_SECONDS = 30.0

# So that a server tells a receiver of this machine at all.
LOOPBACK = ("--webhook-allow", "127.0.0.0/8")


def impatient(retry_seconds: str = "1,1,1") -> tuple[str, ...]:
    """Waits a second for an answer, and not days for what was not taken."""
    return (*LOOPBACK, "--webhook-retry-seconds", retry_seconds, "--webhook-timeout-seconds", "1")


@dataclass(frozen=True)
class Endpoint:
    """One that is told of events, with the secret that its creation showed."""

    wire: Wire
    id: str
    secret: str

    @property
    def path(self) -> str:
        return f"{WEBHOOKS}/{self.id}"

    def read(self) -> dict[str, Any]:
        return created(self.wire.get(self.path), 200)

    def change(self, **members: Any) -> dict[str, Any]:
        return created(self.wire.patch(self.path, members), 200)

    def remove(self) -> dict[str, Any]:
        return created(self.wire.delete(self.path), 200)

    def rotate(self, overlap_seconds: int) -> str:
        """Gives the new secret."""
        return created(self.wire.post(f"{self.path}/rotate-secret", {"overlapSeconds": overlap_seconds}), 200)["secret"]

    def test(self) -> str:
        """Gives the name of the test event."""
        return created(self.wire.post(f"{self.path}/test"), 200)["id"]

    def redeliver(self, message_id: str) -> dict[str, Any]:
        return created(self.wire.post(f"{self.path}/deliveries/{message_id}/redeliver"), 200)

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        """Newest first."""
        answer = self.wire.get(f"{self.path}/deliveries", **{"limit": 100} | query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def delivery(self, message_id: str) -> dict[str, Any]:
        return created(self.wire.get(f"{self.path}/deliveries/{message_id}"), 200)

    def wait_until(self, message_id: str, status: str, *, attempts: int = 1) -> dict[str, Any]:
        """What became of a delivery once it stands so, after so many attempts at least."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found: dict[str, Any] = {}
        while time.monotonic() < deadline:
            answer = self.wire.get(f"{self.path}/deliveries/{message_id}")
            if answer.status_code == 200:
                found = answer.json()["data"]
                if found["status"] == status and len(found["attempts"]) >= attempts:
                    return found
            time.sleep(0.02)
        raise AssertionError(f"not {status} after {attempts} attempts: {found or answer.text}")


class Owner:
    """Makes endpoints, and removes them."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.made: list[Endpoint] = []

    def tell(self, receiver: Receiver | str, **fields: Any) -> Endpoint:
        """Has a receiver, or a URL, told of what happens from now on."""
        url = receiver if isinstance(receiver, str) else receiver.url
        data = created(self.wire.post(WEBHOOKS, {"url": url} | fields))
        endpoint = Endpoint(self.wire, data["id"], data["secret"])
        self.made.append(endpoint)
        return endpoint

    def listed(self, **query: Any) -> list[str]:
        answer = self.wire.get(WEBHOOKS, **{"limit": 100} | query)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["data"]]

    def close(self) -> None:
        for endpoint in self.made:
            self.wire.delete(endpoint.path)


@contextlib.contextmanager
def owning(wire: Wire) -> Iterator[Owner]:
    owner = Owner(wire)
    try:
        yield owner
    finally:
        owner.close()


class Happenings:
    """What happens to a wallet from now on, and what the log says of it."""

    def __init__(self, wire: Wire, wallet: Wallet) -> None:
        self.wire = wire
        self.wallet = wallet
        self.before = behind_the_last(wire).after

    def grants(self, count: int = 1) -> list[str]:
        """So many events, one after the other. Gives their names."""
        known = len(self.log())
        for _ in range(count):
            created(self.wire.post("/api/v1/credits/grants", self.wallet.grant_body(1)))
        new = self.log()[known:]
        assert [event["type"] for event in new] == ["credit_grant.created"] * count
        return [event["messageId"] for event in new]

    def log(self) -> list[Event]:
        """All events since, of whatever kind."""
        return Reader(after=self.before).catch_up(self.wire).events

    def ids(self) -> list[str]:
        return [event["messageId"] for event in self.log()]
