"""The SDK's types in one plain form, whether they are TypedDicts of a request or models of an answer."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typing_extensions as te
from stigg._models import BaseModel

JSON_TYPES = {str: "string", float: "number", int: "integer", bool: "boolean", datetime: "string"}
UNIONS: tuple[Any, ...] = (typing.Union, types.UnionType)
# The SDK sends these as headers, and a key makes them meaningless.
HEADERS = {"X-ACCOUNT-ID", "X-ENVIRONMENT-ID"}


@dataclass(frozen=True)
class Field:
    """`required`: must be present. `nullable`: may be null. A model cannot tell absent from null."""

    name: str
    type: Any
    required: bool
    nullable: bool


def fields(type_: Any) -> list[Field]:
    return list(_of_params(type_) if te.is_typeddict(type_) else _of_model(type_))


def _of_params(params: Any) -> Iterable[Field]:
    for name, annotation in te.get_type_hints(params, include_extras=True).items():
        # The modules postpone their annotations, which hides `Required` from TypedDict itself: read it here.
        required = te.get_origin(annotation) in (te.Required, typing.Required)
        wire_name = _alias(annotation) or name
        if wire_name not in HEADERS:
            yield Field(wire_name, annotation, required, type(None) in alternatives(annotation))


def _of_model(model: type[BaseModel]) -> Iterable[Field]:
    for name, info in model.model_fields.items():
        nullable = type(None) in alternatives(info.annotation)
        yield Field(info.alias or name, info.annotation, info.is_required(), nullable)


def _alias(annotation: Any) -> str | None:
    if te.get_origin(annotation) in (te.Required, typing.Required):
        annotation = te.get_args(annotation)[0]
    if te.get_origin(annotation) is te.Annotated:
        for extra in te.get_args(annotation)[1:]:
            alias: str | None = getattr(extra, "alias", None)
            if alias:
                return alias
    return None


def alternatives(annotation: Any) -> list[Any]:
    """The members of a union, or the one type that it is."""
    while te.get_origin(annotation) in (te.Annotated, te.Required, typing.Required):
        annotation = te.get_args(annotation)[0]
    if te.get_origin(annotation) in UNIONS:
        return [each for option in te.get_args(annotation) for each in alternatives(option)]
    return [annotation]


def real(annotation: Any) -> list[Any]:
    return [each for each in alternatives(annotation) if each is not type(None)]


def literals(annotation: Any) -> set[Any] | None:
    """The values of an enumeration; None for everything that is not wholly one."""
    found: set[Any] = set()
    for each in real(annotation):
        if te.get_origin(each) not in (te.Literal, typing.Literal):
            return None
        found |= set(te.get_args(each))
    return found


def objects(annotation: Any) -> list[Any]:
    return [each for each in real(annotation) if is_object(each)]


def is_object(type_: Any) -> bool:
    return te.is_typeddict(type_) or (inspect.isclass(type_) and issubclass(type_, BaseModel))


def element(annotation: Any) -> Any:
    """What a list holds, or None."""
    for each in real(annotation):
        origin = te.get_origin(each)
        if inspect.isclass(origin) and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
            return te.get_args(each)[0]
        if origin is not None and "Sequence" in str(origin):
            return te.get_args(each)[0]
    return None


def map_value(annotation: Any) -> Any:
    for each in real(annotation):
        if te.get_origin(each) is dict:
            return te.get_args(each)[1]
    return None


def json_types(annotation: Any) -> set[str]:
    found: set[str] = set()
    for each in real(annotation):
        if te.get_origin(each) in (te.Literal, typing.Literal):
            found |= {JSON_TYPES[type(value)] for value in te.get_args(each)}
        elif is_object(each) or te.get_origin(each) is dict:
            found.add("object")
        elif element(each) is not None:
            found.add("array")
        elif each in JSON_TYPES:
            found.add(JSON_TYPES[each])
    return found
