"""Every operation that the installed SDK can call, read from its source: method, path, types in and out."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import stigg.resources

CALLS = {
    "_get": "GET", "_get_api_list": "GET", "_post": "POST", "_patch": "PATCH", "_put": "PUT", "_delete": "DELETE",
}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    """With `{}` for each parameter: their names differ between documents."""
    call: str
    body: Any
    not_in_body: frozenset[str]
    """What the type of the body names although it goes into the path only."""
    query: Any
    answer: Any
    is_list: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def all_operations() -> dict[str, Operation]:
    found = [operation for module in modules() for operation in operations_in(module)]
    return {operation.name: operation for operation in found}


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(stigg.resources.__path__, "stigg.resources."):
        if not info.ispkg:
            yield importlib.import_module(info.name)


def operations_in(module: ModuleType) -> Iterator[Operation]:
    source = module.__loader__.get_source(module.__name__)  # type: ignore[union-attr]
    for cls in ast.parse(source).body:
        if not isinstance(cls, ast.ClassDef) or cls.name.startswith("Async") or not cls.name.endswith("Resource"):
            continue
        for function in cls.body:
            if isinstance(function, ast.FunctionDef):
                yield from operations_of(module, cls.name, function)


def operations_of(module: ModuleType, owner: str, function: ast.FunctionDef) -> Iterator[Operation]:
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in CALLS:
            continue
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        inside = [node for node in ast.walk(call) if isinstance(node, ast.Call)]
        queries = [keyword.value for node in inside for keyword in node.keywords if keyword.arg == "query"]
        answer = named.get("cast_to") or named.get("model")
        yield Operation(
            method=CALLS[call.func.attr],
            path=path_of(call.args[0]),
            call=f"{module.__name__}.{owner}.{function.name}",
            body=params_of(module, named.get("body")),
            not_in_body=names_in_path(call.args[0]) - names_in_body(named.get("body")),
            query=params_of(module, queries[0]) if queries else None,
            answer=resolve(module, answer),
            is_list="model" in named,
        )


def path_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.args[0]
    assert isinstance(node, ast.Constant) and isinstance(node.value, str), ast.dump(node)
    return "/".join("{}" if part.startswith("{") else part for part in node.value.split("/"))


def names_in_path(node: ast.expr) -> frozenset[str]:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return frozenset(keyword.arg for keyword in keywords if keyword.arg)


def names_in_body(node: ast.expr | None) -> frozenset[str]:
    given = node.args[0] if isinstance(node, ast.Call) else None
    keys = given.keys if isinstance(given, ast.Dict) else []
    return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant))


def params_of(module: ModuleType, node: ast.expr | None) -> Any:
    """The TypedDict in `maybe_transform({...}, some_params.SomeParams)`."""
    if not isinstance(node, ast.Call):
        return None
    return resolve(module, node.args[1])


def resolve(module: ModuleType, node: ast.expr | None) -> Any:
    if node is None:
        return None
    try:
        return eval(compile(ast.Expression(node), module.__name__, "eval"), vars(module))  # noqa: S307
    except (NameError, AttributeError):
        return None
