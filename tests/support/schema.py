"""Reading the schemas of an OpenAPI 3.1 document: references, nulls and unions resolved, one object at a time."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


class Document:
    def __init__(self, document: Schema) -> None:
        self.document = document

    def operation(self, method: str, path: str) -> Schema | None:
        """By method and a path with `{}` for each parameter; parameters of the path itself are included."""
        for template, item in self.document["paths"].items():
            plain = "/".join("{}" if part.startswith("{") else part for part in template.split("/"))
            if plain == path and method.lower() in item:
                operation = dict(item[method.lower()])
                operation["parameters"] = [
                    self.resolve(each) for each in item.get("parameters", []) + operation.get("parameters", [])
                ]
                return operation
        return None

    def resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            at: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            # 3.1 allows siblings of a reference; they add to what it points at.
            schema = at | {name: value for name, value in schema.items() if name != "$ref"}
        return schema

    def variants(self, schema: Schema) -> list[Schema]:
        """The alternatives that a value may be, null left out."""
        schema = self.resolve(schema)
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return [each for option in schema[union] for each in self.variants(option)]
        return [] if schema.get("type") == "null" or schema.get("const", 0) is None else [schema]

    def nullable(self, schema: Schema) -> bool:
        schema = self.resolve(schema)
        for union in ("oneOf", "anyOf"):
            if union in schema:
                return any(self.nullable(option) for option in schema[union])
        type_ = schema.get("type")
        return type_ == "null" or (isinstance(type_, list) and "null" in type_) or None in schema.get("enum", [])

    def types(self, schema: Schema) -> set[str]:
        found: set[str] = set()
        for variant in self.variants(schema):
            type_ = variant.get("type", [])
            found |= {type_} if isinstance(type_, str) else set(type_)
        return found - {"null"}

    def values(self, schema: Schema) -> set[Any] | None:
        """The values of an enumeration, or None where any value may be."""
        found: set[Any] = set()
        for variant in self.variants(schema):
            if "const" in variant:
                found.add(variant["const"])
            elif "enum" in variant:
                found |= set(variant["enum"])
            else:
                return None
        return found - {None}

    def members(self, schema: Schema) -> tuple[dict[str, Schema], set[str]]:
        """Properties and required names of an object, `allOf` included."""
        schema = self.resolve(schema)
        properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
        for part in schema.get("allOf", []):
            more, needed = self.members(part)
            properties |= more
            required |= needed
        return properties, required

    def closed(self, schema: Schema) -> bool:
        schema = self.resolve(schema)
        return schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False

    def items(self, schema: Schema) -> Schema:
        for variant in self.variants(schema):
            if "items" in variant:
                items: Schema = variant["items"]
                return items
        return {}

    def values_of_map(self, schema: Schema) -> Schema:
        for variant in self.variants(schema):
            more = variant.get("additionalProperties")
            if isinstance(more, dict):
                return more
        return {}
