"""Compares an OpenAPI document with the types of the official SDK: `compare_with_sdk.py URL_OR_FILE`.

The document may say more than the SDK knows (extensions), and its answers may promise more. It may not lack what the
SDK can send, demand what the SDK may leave out, or announce an answer that the SDK would not understand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import sdk_types
from support.schema import Document, Schema
from support.sdk_operations import Operation
from support.served import EXTENSIONS, SERVED, served


class Comparison:
    def __init__(self, document: Schema) -> None:
        self.document = Document(document)
        self.differences: list[str] = []

    def all(self) -> list[str]:
        for operation in served():
            self.operation(operation)
        for name in EXTENSIONS:
            method, path = name.split(" ")
            if self.document.operation(method, path) is None:
                self.differs(name, "is not described")
        return self.differences

    def differs(self, where: str, what: str) -> None:
        self.differences.append(f"{where}: {what}")

    def operation(self, operation: Operation) -> None:
        found = self.document.operation(operation.method, operation.path)
        if found is None:
            self.differs(operation.name, "is not described")
            return
        self.parameters(operation, found)
        self.body(operation, found)
        self.answer(operation, found)

    # Requests.

    def parameters(self, operation: Operation, found: Schema) -> None:
        described = {each["name"]: each for each in found["parameters"]}
        in_path = [each for each in found["parameters"] if each["in"] == "path"]
        if len(in_path) != operation.path.count("{}"):
            self.differs(operation.name, f"describes {len(in_path)} parameters of its path")
        for field in sdk_types.fields(operation.query) if operation.query else []:
            where = f"{operation.name} ?{field.name}"
            nested = sdk_types.objects(field.type)
            if nested and field.name not in described:
                # `createdAt` may be one object or, as it is written in the query, `createdAt[gte]` and so on.
                for inner in sdk_types.fields(nested[0]):
                    if f"{field.name}[{inner.name}]" not in described:
                        self.differs(f"{where}[{inner.name}]", "is not described")
                continue
            parameter = described.get(field.name)
            if parameter is None or parameter["in"] != "query":
                self.differs(where, "is not described")
                continue
            if bool(parameter.get("required")) != field.required:
                self.differs(where, f"is {'' if field.required else 'not '}required by the SDK")
            self.enumeration(where, field.type, parameter.get("schema", {}), sent=True)

    def body(self, operation: Operation, found: Schema) -> None:
        content = found.get("requestBody", {})
        content = self.document.resolve(content).get("content", {}).get("application/json", {})
        if operation.body is None:
            if self.document.resolve(found.get("requestBody", {})).get("required"):
                self.differs(operation.name, "requires a body, and the SDK sends none")
            return
        if "schema" not in content:
            self.differs(operation.name, "describes no JSON body")
            return
        self.sent_object(operation.name, operation.body, content["schema"], operation.not_in_body)

    def sent_object(
        self, where: str, params: Any, schema: Schema, left_out: frozenset[str] = frozenset()
    ) -> None:
        variants = self.document.variants(schema)
        if len(variants) != 1:
            self.differs(where, f"is {len(variants)} things at once")
            return
        properties, required = self.document.members(variants[0])
        known = {field.name: field for field in sdk_types.fields(params) if field.name not in left_out}
        if not self.document.closed(variants[0]):
            self.differs(where, "does not say that unknown fields are refused")
        for name in required - known.keys():
            self.differs(f"{where}.{name}", "is required, and the SDK cannot send it")
        for name, field in known.items():
            inner = f"{where}.{name}"
            if name not in properties:
                self.differs(inner, "is not described")
                continue
            # What the SDK requires but allows to be null may as well be left out: null means absent.
            if field.required and not field.nullable and name not in required:
                self.differs(inner, "is required by the SDK, and optional here")
            if not field.required and name in required:
                self.differs(inner, "is optional in the SDK, and required here")
            if field.nullable and not self.document.nullable(properties[name]):
                self.differs(inner, "may be null in the SDK")
            self.value(inner, field.type, properties[name], sent=True)

    # Answers.

    def answer(self, operation: Operation, found: Schema) -> None:
        status = str(SERVED[operation.name])
        response = self.document.resolve(found["responses"].get(status, {}))
        content = response.get("content", {}).get("application/json", {})
        if "schema" not in content:
            self.differs(operation.name, f"describes no JSON answer with status {status}")
            return
        if not operation.is_list:
            self.told_object(operation.name, operation.answer, content["schema"])
            return
        properties, required = self.document.members(content["schema"])
        for name in ("data", "pagination"):
            if name not in required:
                self.differs(f"{operation.name} -> {name}", "is not promised")
        paging, promised = self.document.members(properties.get("pagination", {}))
        for name in ("next", "prev"):
            if name not in paging or name not in promised or not self.document.nullable(paging[name]):
                self.differs(f"{operation.name} -> pagination.{name}", "is not a promised, nullable cursor")
        self.told_object(f"{operation.name} ->", operation.answer, self.document.items(properties.get("data", {})))

    def told_object(self, where: str, model: Any, schema: Schema) -> None:
        variants = self.document.variants(schema)
        if len(variants) != 1:
            self.differs(where, f"is {len(variants)} things at once")
            return
        properties, required = self.document.members(variants[0])
        for field in sdk_types.fields(model):
            inner = f"{where}.{field.name}"
            if field.name not in properties:
                if field.required:
                    self.differs(inner, "is not described, and the SDK relies on it")
                continue
            if field.required and field.name not in required:
                self.differs(inner, "is not promised, and the SDK relies on it")
            if self.document.nullable(properties[field.name]) and not field.nullable:
                self.differs(inner, "may be null, and the SDK does not expect it")
            self.value(inner, field.type, properties[field.name], sent=False)

    # Both.

    def value(self, where: str, type_: Any, schema: Schema, *, sent: bool) -> None:
        self.enumeration(where, type_, schema, sent=sent)
        wanted, described = sdk_types.json_types(type_), self.document.types(schema)
        if described and not self.understood(wanted, described, sent=sent):
            self.differs(where, f"is {sorted(described)}, and {sorted(wanted)} in the SDK")
        objects = sdk_types.objects(type_)
        compare = self.sent_object if sent else self.told_object
        if len(objects) == 1:
            compare(where, objects[0], schema)
        elif objects and self.document.variants(schema):
            # What is always null is none of them.
            self.union(where, objects, schema)
        item = sdk_types.element(type_)
        if item is not None:
            self.value(f"{where}[]", item, self.document.items(schema), sent=sent)
        entry = sdk_types.map_value(type_)
        if entry is not None:
            self.value(f"{where}{{}}", entry, self.document.values_of_map(schema), sent=sent)

    def understood(self, wanted: set[str], described: set[str], *, sent: bool) -> bool:
        if not wanted:
            return True
        # Every integer is a number. Amounts may be described as text too, for those who ask for that.
        wider = wanted | ({"integer", "string"} if "number" in wanted else set())
        return (wanted - {"integer"} if "number" in described else wanted) <= described if sent else described <= wider

    def union(self, where: str, objects: list[Any], schema: Schema) -> None:
        """Told apart by `type`, as the SDK does it."""
        described = {}
        for variant in self.document.variants(schema):
            properties, _ = self.document.members(variant)
            for value in self.document.values(properties.get("type", {})) or set():
                described[value] = variant
        for each in objects:
            by_name = {field.name: field for field in sdk_types.fields(each)}
            (kind,) = sdk_types.literals(by_name["type"].type) or set()
            if kind in described:
                self.told_object(f"{where}({kind})", each, described.pop(kind))
            elif kind == "CREDIT":
                self.differs(where, "does not describe CREDIT")
        for kind in described:
            self.differs(where, f"describes {kind}, which the SDK does not know")

    def enumeration(self, where: str, type_: Any, schema: Schema, *, sent: bool) -> None:
        item = sdk_types.element(type_)
        if item is not None and sent and "items" not in schema:
            return
        wanted, described = sdk_types.literals(type_), self.document.values(schema)
        if wanted is None or not self.document.variants(schema):
            return
        if sent and described != wanted:
            self.differs(where, f"accepts {self.shown(described)}, and the SDK sends {self.shown(wanted)}")
        if not sent and (described is None or not described <= wanted):
            self.differs(where, f"may be {self.shown(described)}, and the SDK expects {self.shown(wanted)}")

    @staticmethod
    def shown(values: set[Any] | None) -> str:
        return "anything" if values is None else str(sorted(map(str, values)))[:200]


def compare(document: Schema) -> list[str]:
    return Comparison(document).all()


def load(source: str) -> Schema:
    if source.startswith("http"):
        import httpx

        answer: Schema = httpx.get(source).raise_for_status().json()
        return answer
    document: Schema = json.loads(Path(source).read_text())
    return document


if __name__ == "__main__":
    found = compare(load(sys.argv[1]))
    print("\n".join(found) or "no differences")
    sys.exit(1 if found else 0)
