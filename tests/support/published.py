"""What Stripe publishes of its API, as its official library has it: made from the OpenAPI document of one version.

Operations are found by running the library's methods with somebody who only listens, so that none is copied by hand.
Whatever the library does not have is a problem, and so is whatever cannot be judged.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import stripe
from stripe._object_classes import OBJECT_CLASSES
from stripe._oauth_service import OAuthService
from stripe._stripe_object import StripeObject
from stripe._stripe_service import StripeService
from typing_extensions import get_type_hints, is_typeddict

VERSION = "2024-06-20"
KEY_CHARACTERS_MAX = 255

UNIONS = (Union, types.UnionType)
PAGES = (stripe.ListObject, stripe.SearchResultObject)
SCALARS = (str, int, float, bool, type(None))
# What an error has is told in full where the last one of a payment is.
ERROR = stripe.PaymentIntent.LastPaymentError
# As a form writes them.
WRITTEN = {str: r"(?s:.*)", int: r"-?[0-9]+", float: r"-?[0-9]+(\.[0-9]+)?", bool: r"true|false"}
# The library's modules know each other's classes by these names, or do not get beyond them.
NAMES: dict[str, Any] = {
    **{name + "Resource": kind for name, kind in vars(stripe).items() if isinstance(kind, type)},
    **{kind.__name__: kind for kind in OBJECT_CLASSES.values()},
    **vars(stripe),
}
ID = "ID"


@dataclass(frozen=True)
class Operation:
    """A method of the library's, as `InvoiceService.pay`."""

    name: str
    method: str
    # With `ID` where identifiers are.
    path: str
    params: Any
    answer: Any

    def is_at(self, method: str, path: str) -> bool:
        pattern = "/".join("[^/]+" if part == ID else re.escape(part) for part in self.path.split("/"))
        return method == self.method and re.fullmatch(pattern, path) is not None


@dataclass(frozen=True)
class Asked:
    """A request, with its query and its form."""

    method: str
    path: str
    headers: dict[str, str]
    parameters: list[tuple[str, str]]

    @staticmethod
    def of(raw: bytes) -> Asked:
        head, body = raw.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        written = [part for part in (query, body.decode()) if part]
        parameters = [pair for part in written for pair in parse_qsl(part, keep_blank_values=True, strict_parsing=True)]
        return Asked(method, path, headers, parameters)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Listener:
    """Stands where a service of the library's would, and hears what it asks."""

    def _request(self, method: str, path: str, **_: Any) -> None:
        self.heard = method.upper(), path

    _request_stream = _request


def services(base: type = StripeService) -> Iterator[type]:
    service: type
    for service in base.__subclasses__():
        yield service
        yield from services(service)


@functools.cache
def operations() -> list[Operation]:
    """All of the API; those without identifiers first, as `/search` is none."""
    found = []
    # OAuth is on another host.
    for service in (each for each in services() if each is not OAuthService):
        for name, function in vars(service).items():
            if not inspect.isfunction(function) or name.startswith("_") or name.endswith("_async"):
                continue
            named = inspect.signature(function).parameters
            identifiers = {each: ID for each in named if each not in ("self", "params", "options")}
            listener, hints = Listener(), get_type_hints(function)
            function(listener, **identifiers, params={})
            method, path = listener.heard
            found.append(Operation(f"{service.__name__}.{name}", method, path, hints["params"], hints["return"]))
    return sorted(found, key=lambda operation: operation.path.split("/").count(ID))


def operation_of(asked: Asked) -> Operation | None:
    return next((each for each in operations() if each.is_at(asked.method, asked.path)), None)


# Requests.


def problems_of_request(asked: Asked) -> list[str]:
    operation = operation_of(asked)
    if operation is None:
        return [f"{asked}: there is no such request"]
    given = {name.partition("[")[0] for name, _ in asked.parameters}
    missing = sorted(operation.params.__required_keys__ - given)
    found = [f"{asked}: does not give {name}" for name in missing]
    found += [f"{asked}: does not take {name}={text}" for name, text in asked.parameters
              if not takes_parameter(operation, name, text)]
    if asked.headers.get("stripe-version") != VERSION:
        found.append(f"{asked}: is of the version {asked.headers.get('stripe-version')}")
    if asked.method == "POST" and not 1 <= len(asked.headers.get("idempotency-key", "")) <= KEY_CHARACTERS_MAX:
        found.append(f"{asked}: has no key")
    return found


def takes_parameter(operation: Operation, name: str, text: str) -> bool:
    whole = re.fullmatch(r"(\w+)((?:\[[^\[\]]*\])*)", name)
    if whole is None:
        return False
    keys = [whole[1], *re.findall(r"\[(.*?)\]", whole[2])]
    if keys[0] == "expand" and not is_expandable(operation.answer, text):
        return False
    return takes(operation.params, keys, text)


def takes(hint: Any, keys: list[str], text: str) -> bool:
    """Whether there may be this text at these keys of a parameter."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        return any(takes(each, keys, text) for each in arguments)
    if is_typeddict(hint):
        inner = get_type_hints(hint)
        return keys != [] and keys[0] in inner and takes(inner[keys[0]], keys[1:], text)
    if origin is dict:
        return keys != [] and takes(arguments[1], keys[1:], text)
    if origin is list:
        return keys != [] and (keys[0] == "" or keys[0].isdigit()) and takes(arguments[0], keys[1:], text)
    if keys:
        return False
    if origin is Literal:
        return text in arguments
    return re.fullmatch(WRITTEN[hint], text) is not None


def is_expandable(answer: Any, member: str) -> bool:
    """Whether a member of what is answered is an identifier or the object itself."""
    kinds = parts_of(members(answer).get(member)) if is_object(answer) else []
    return str in kinds and any(is_object(kind) for kind in kinds)


def parts_of(hint: Any) -> list[Any]:
    return [part for each in get_args(hint) for part in parts_of(each)] if get_origin(hint) in UNIONS else [hint]


# Answers.


def problems_of_answer(asked: Asked, status: int, body: Any) -> list[str]:
    operation = operation_of(asked)
    if operation is None:
        return [f"{asked}: there is no such request"]
    if status == 200:
        return problems(operation.answer, body, f"{asked} {status}")
    if not isinstance(body, dict) or list(body) != ["error"]:
        return [f"{asked} {status}: is no error"]
    return problems(ERROR, body["error"], f"{asked} {status} error")


def problems_of_event(event: Any) -> list[str]:
    return problems(stripe.Event, event, f"event {event['type']}")


def problems(hint: Any, value: Any, where: str) -> list[str]:
    """What of a value is not as it is declared."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        tries = [problems(each, value, where) for each in arguments]
        # The one that fits best is wrong somewhere deep inside.
        return [] if [] in tries else max(tries, key=lambda found: found[0].index(": "))
    if origin in PAGES:
        return problems_of_object(origin, value, where, data=list[arguments[0]])  # type: ignore[valid-type]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return [each for at, one in enumerate(value) for each in problems(arguments[0], one, f"{where}[{at}]")]
    if origin is dict:
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no object"]
        return [each for name, one in value.items() for each in problems(arguments[1], one, f"{where}.{name}")]
    if origin is Literal:
        return [] if value in arguments else [f"{where}: {value!r} is none of those that there are"]
    if isinstance(hint, TypeVar) or (hint is Any and isinstance(value, dict)):
        return problems_of_object(StripeObject, value, where)
    if hint is Any:
        return problems(list[Any], value, where) if isinstance(value, list) else []
    if is_object(hint):
        return problems_of_object(hint, value, where)
    assert hint in SCALARS, f"{where} is declared as {hint}, which nobody can judge here"
    is_right = type(value) is hint or (hint is float and type(value) is int)
    return [] if is_right else [f"{where}: {value!r} is no {hint.__name__}"]


def problems_of_object(kind: Any, value: Any, where: str, **hints: Any) -> list[str]:
    """Of an object of this class; of `StripeObject`, if any will do that says which it is."""
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind.__name__}"]
    name = value.get("object")
    if kind is StripeObject:
        if name not in OBJECT_CLASSES:
            return [f"{where}: there is no object {name!r}"]
        kind = OBJECT_CLASSES[name]
    if name != getattr(kind, "OBJECT_NAME", name):
        return [f"{where}: {name!r} is no {kind.__name__}"]
    declared, found = members(kind) | hints, []
    for member, one in value.items():
        inside = f"{where}.{member}"
        found += problems(declared[member], one, inside) if member in declared else [f"{inside}: is not declared"]
    return found


def is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, StripeObject)


@functools.cache
def members(kind: type) -> dict[str, Any]:
    """What a class of objects declares."""
    hints = get_type_hints(kind, NAMES | vars(sys.modules[kind.__module__]))
    declared = {name: hint for name, hint in hints.items() if name.islower() and not name.startswith("_")}
    if kind is stripe.Event.Data:
        # It can be any, and says which.
        declared["object"] = StripeObject
    if kind in PAGES:
        # These two were written by hand, and do not declare all that the library reads of them.
        declared |= {"object": str, "url": str, "next_page": str | None}
    return declared
