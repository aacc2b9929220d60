"""One way to write a test for both clients of the official SDK.

`Api` forwards every attribute to the real client. What a call of the async client returns is awaited on a loop of its
own thread, so a test reads the same for both and both run through the SDK's own code, iteration of pages included.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import Any

import httpx
from stigg import AsyncStigg, Stigg
from stigg._base_client import BaseAsyncPage, BaseSyncPage
from stigg._response import APIResponse, AsyncAPIResponse

PATIENCE_SECONDS = 30.0


class Loop:
    """An event loop that runs in the background for as long as the tests do."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, awaitable: Awaitable[Any]) -> Any:
        async def settle() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(settle(), self._loop).result(PATIENCE_SECONDS * 2)


LOOP = Loop()


class Page:
    """A page of the SDK, sync or async, with the SDK's own ways of going on from it."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self.data: list[Any] = page.data
        self.next: str | None = page.pagination.next
        self.prev: str | None = page.pagination.prev

    def __iter__(self) -> Any:
        """Every item from this page to the end, as `for item in client.….list()` gives them."""
        if isinstance(self._page, BaseSyncPage):
            return iter(self._page)

        async def collect() -> list[Any]:
            return [item async for item in self._page]

        return iter(LOOP.run(collect()))

    def pages(self) -> list[Page]:
        if isinstance(self._page, BaseSyncPage):
            return [Page(page) for page in self._page.iter_pages()]

        async def collect() -> list[Page]:
            return [Page(page) async for page in self._page.iter_pages()]

        pages: list[Page] = LOOP.run(collect())
        return pages


class RawAnswer:
    """What `with_raw_response` gives: the text as it came over the wire, and the parsed value."""

    def __init__(self, answer: APIResponse[Any] | AsyncAPIResponse[Any]) -> None:
        self.http: httpx.Response = answer.http_response
        self.status = answer.status_code
        self.headers = answer.headers
        self.text: str = _settle(answer.text())
        self.value: Any = _settle(answer.parse())


def _settle(result: Any) -> Any:
    # A page of the async client can be awaited only through its paginator; models are not awaitable at all.
    if isinstance(result, Awaitable):
        result = LOOP.run(result)
    if isinstance(result, (BaseSyncPage, BaseAsyncPage)):
        return Page(result)
    if isinstance(result, (APIResponse, AsyncAPIResponse)):
        return RawAnswer(result)
    return result


class _Node:
    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> _Node:
        return _Node(getattr(self._target, name))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _settle(self._target(*arguments, **named))


class Api(_Node):
    """`Api("sync", …)` or `Api("async", …)`: a strict client of the official SDK."""

    def __init__(self, kind: str, url: str, key: str, *, max_retries: int = 0) -> None:
        client_class = {"sync": Stigg, "async": AsyncStigg}[kind]
        super().__init__(
            client_class(
                base_url=url, api_key=key, max_retries=max_retries, timeout=PATIENCE_SECONDS,
                _strict_response_validation=True,
            )
        )
        self.kind = kind

    @property
    def grants(self) -> Any:
        return self.v1.credits.grants

    @property
    def consumption(self) -> Any:
        return self.v1.credits.consumption

    @property
    def currencies(self) -> Any:
        return self.v1.credits.custom_currencies

    @property
    def customers(self) -> Any:
        return self.v1.customers

    def ledger(self, customer: str, **filters: Any) -> Page:
        page: Page = self.v1.credits.list_ledger(customer_id=customer, **filters)
        return page

    def credit(self, customer: str, currency: str, **options: Any) -> Any:
        """The entitlement check of a currency: how a client reads a balance."""
        return self.customers.check_entitlement(customer, currency_id=currency, **options).data

    def balance(self, customer: str, currency: str, **options: Any) -> float:
        credit = self.credit(customer, currency, **options)
        balance: float = credit.usage_limit - credit.current_usage
        return balance

    def close(self) -> None:
        _settle(self._target.close())
