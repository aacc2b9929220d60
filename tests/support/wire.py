"""Requests and answers as text, for what an SDK would never send or would hide by parsing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx

JSON = {"content-type": "application/json"}


class Wire:
    """A plain HTTP client. A body that is text or bytes goes out as it is; anything else is encoded as JSON."""

    def __init__(self, url: str, key: str | None, *, timeout: float = 30.0) -> None:
        headers = {"x-api-key": key} if key is not None else {}
        self.client = httpx.Client(base_url=url, headers=headers, timeout=timeout)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return self.client.get(path, params=query or None, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.send("DELETE", path, None, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, path, content=content, headers={**JSON, **named})

    def close(self) -> None:
        self.client.close()


def exact(answer: httpx.Response | str) -> Any:
    """The JSON with every number as the exact decimal it was written as."""
    text = answer if isinstance(answer, str) else answer.text
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def spelled(answer: httpx.Response | str) -> Any:
    """The JSON with every number as the text it was written as, to judge the spelling itself (`0.1`, never `1e-1`)."""
    text = answer if isinstance(answer, str) else answer.text
    return json.loads(text, parse_float=Spelling, parse_int=Spelling)


class Spelling(str):
    """A number's text. A class of its own, so that a JSON string with the same letters is not equal to it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spelling) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def number(text: str) -> Spelling:
    return Spelling(text)
