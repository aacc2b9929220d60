"""What a refusal must look like, whoever made the request."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stigg

SDK_ERRORS: dict[int, type[stigg.APIStatusError]] = {
    400: stigg.BadRequestError,
    401: stigg.AuthenticationError,
    403: stigg.PermissionDeniedError,
    404: stigg.NotFoundError,
    409: stigg.ConflictError,
    413: stigg.APIStatusError,
    501: stigg.InternalServerError,
}

Codes = str | set[str]


def check_refusal(answer: httpx.Response, status: int, code: Codes, naming: str | None = None) -> dict[str, Any]:
    """The answer refuses with this status and code, names the field, can be traced, and is no invitation to retry."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/json")
    body: dict[str, Any] = answer.json()
    codes = {code} if isinstance(code, str) else code
    assert body["code"] in codes, body
    assert isinstance(body["message"], str) and body["message"], body
    if naming is not None:
        assert names(body["message"], naming), f"{naming!r} is not named in: {body['message']}"
    assert body["traceId"] and body["traceId"] == answer.headers["x-trace-id"], (body, dict(answer.headers))
    if status in (409, 501):
        # Without this, the official SDKs would send a hopeless request three times.
        assert answer.headers.get("x-should-retry") == "false", dict(answer.headers)
    return body


def names(message: str, field: str) -> bool:
    """Whether `field` occurs as a word of its own: `1` is not named by `10`, `id` not by `customerId`."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(field)}(?![A-Za-z0-9])", message) is not None


@contextlib.contextmanager
def refuses(status: int, code: Codes, naming: str | None = None) -> Iterator[None]:
    """The SDK call in the block raises the SDK's own error for this status, with a proper body."""
    with pytest.raises(SDK_ERRORS[status]) as caught:
        yield
    check_refusal(caught.value.response, status, code, naming)
