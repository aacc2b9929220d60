"""The events log as a consumer follows it: behind the last event that it has, page after page."""

from __future__ import annotations

from typing import Any

from support.shop import Wallet
from support.wire import Wire

PATH = "/api/v1/events-log"

Event = dict[str, Any]


class Reader:
    """Remembers what it was told and where it is. Another client may take its place at any moment."""

    def __init__(self, *, after: str | None = None, limit: int = 100, **filters: str) -> None:
        self.events: list[Event] = []
        self.after = after
        self._query: dict[str, Any] = {"limit": limit} | filters

    def page(self, wire: Wire) -> list[Event]:
        """The next page; an event counts as told once its page is here."""
        behind = {"after": self.after} if self.after else {}
        answer = wire.get(PATH, **self._query, **behind)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        events: list[Event] = page["data"]
        if events:
            self.events += events
            self.after = events[-1]["messageId"]
            # An event names itself as the cursor behind it, whether or not there is more already.
            assert page["pagination"]["next"] in (None, self.after)
        return events

    def catch_up(self, wire: Wire) -> Reader:
        while self.page(wire):
            pass
        return self


def behind_the_last(wire: Wire) -> Reader:
    """A reader of what is yet to come."""
    reader = Reader().catch_up(wire)
    reader.events.clear()
    return reader


def of(events: list[Event], wallet: Wallet) -> list[Event]:
    def matches(event: Event) -> bool:
        currency = event.get("creditCurrency", {}).get("id")
        named = (event.get("customer", {}).get("id"), currency, event.get("resourceId"))
        return named == (wallet.customer, wallet.currency, wallet.resource)

    return [event for event in events if matches(event)]
