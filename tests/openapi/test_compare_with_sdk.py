"""The served OpenAPI document against the types of the official SDK, and against what is said of it elsewhere."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.schema import Document
from support.served import EXTENSIONS, SERVED
from support.server import Server

_spec = importlib.util.spec_from_file_location("compare_with_sdk", Path(__file__).with_name("compare_with_sdk.py"))
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
compare = _module.compare


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
    return answer


def test_no_differences(document: dict[str, Any]) -> None:
    assert compare(document) == []


def test_the_comparison_can_fail(document: dict[str, Any]) -> None:
    """Four changes that would break a client, each of which must be found."""
    reader = Document(copy.deepcopy(document))
    create = reader.operation("POST", "/api/v1/credits/grants")
    assert create is not None
    sent = reader.resolve(reader.resolve(create["requestBody"])["content"]["application/json"]["schema"])

    before = compare(document)

    def found_after(change: Any) -> list[str]:
        changed = copy.deepcopy(document)
        change(changed)
        return [each for each in compare(changed) if each not in before]

    def without_void(changed: dict[str, Any]) -> None:
        for path in list(changed["paths"]):
            if path.endswith("/void"):
                del changed["paths"][path]

    assert any("void" in each for each in found_after(without_void))
    assert "displayName" in sent["required"] and "comment" in sent["properties"]
    text_changes = {
        "displayName": lambda schema: schema["required"].remove("displayName"),
        "comment": lambda schema: schema["properties"].pop("comment"),
        "priority": lambda schema: schema["required"].append("priority"),
    }
    for named, change in text_changes.items():
        def in_request(changed: dict[str, Any], change: Any = change) -> None:
            again = Document(changed)
            operation = again.operation("POST", "/api/v1/credits/grants")
            assert operation is not None
            schema = again.resolve(operation["requestBody"])["content"]["application/json"]["schema"]
            while "$ref" in schema:
                *path, last = schema["$ref"].removeprefix("#/").split("/")
                at: Any = changed
                for part in path:
                    at = at[part]
                schema = at[last]
            change(schema)

        assert any(named in each for each in found_after(in_request)), named


def test_only_what_is_served_is_described(document: dict[str, Any]) -> None:
    known = {name.replace("{}", "") for name in [*SERVED, *EXTENSIONS]}
    for path, item in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        plain = "/".join("" if part.startswith("{") else part for part in path.split("/"))
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            assert f"{method.upper()} {plain}" in known, f"{method.upper()} {path}"


def test_every_operation_says_how_it_refuses(document: dict[str, Any]) -> None:
    reader = Document(document)
    for name in [*SERVED, *EXTENSIONS]:
        operation = reader.operation(*name.split(" "))
        assert operation is not None, name
        statuses = operation["responses"].keys()
        # What is signed by its sender needs no key.
        assert ({"400", "401"} if operation.get("security") else {"400"}) <= statuses, (name, statuses)
        for status in statuses:
            if status.startswith("4"):
                schema = reader.resolve(operation["responses"][status])["content"]["application/json"]["schema"]
                properties, required = reader.members(schema)
                assert {"message", "code"} <= required and "traceId" in properties, (name, status)


def test_the_key_is_described(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"].values()
    described = {(each["type"], each.get("in"), each.get("name", "").lower()) for each in schemes}
    assert ("apiKey", "header", "x-api-key") in described
