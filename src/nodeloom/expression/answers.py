"""The answers to what a running expression asks Python for: text for text, nothing callable crosses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from nodeloom.errors import ExpressionError, MissingValueError, NodeloomError, UnknownNameError, said
from nodeloom.expression.crossing import decode, encode
from nodeloom.expression.scope import Scope
from nodeloom.values import UNDEFINED, Json


class Receiver(Protocol):
    """The side of an engine that takes answers."""

    def give(self, kind: str, key: str, text: str) -> None:
        """Take the text for `kind` and `key`."""

    def load(self, name: str) -> None:
        """Load a module."""


#: How long an answer holds, by its kind.
LIFETIME = {
    "module": "engine",
    "process": "engine",
    "environment": "environment",
    "node": "environment",
    "items": "items",
    "parameter": "scope",
    "rawParameter": "scope",
    "function": "scope",
    "hash": "scope",
    "zone": "scope",  # JavaScript keeps those that there are (js/zone.js)
}


def answer(engine: Receiver, kind: str, key: str, scope: Scope) -> None:
    """Give the engine what it asked for.

    Raises:
        ExpressionError: it does not exist.
    """
    if kind == "module":
        engine.load(key)
        return
    engine.give(kind, key, _ANSWERS[kind](key, scope))


def preload(engine: Receiver, kind: str, key: str, scope: Scope) -> None:
    """Give the engine what it will probably ask for; what cannot be had is left for the question itself."""
    try:
        answer(engine, kind, key, scope)
    except (ExpressionError, MissingValueError):
        return


def _environment(_: str, scope: Scope) -> str:
    environment = scope.environment
    return encode(
        {
            "runIndex": environment.run_index,
            "isRun": environment.is_run,
            "timezone": environment.timezone,
            "vars": environment.vars,
            "env": environment.env,
            "workflow": environment.workflow or {},
            "execution": environment.execution,
            "functions": sorted(environment.functions),
        }
    )


def _items(_: str, scope: Scope) -> str:
    return encode(list(scope.cell.items))


def _node(name: str, scope: Scope) -> str:
    return encode(list(scope.node_items(name)))


def _parameter(key: str, scope: Scope) -> str:
    return _names(scope) if key == "names" else encode(scope.parameter(key[1:]))


def _raw_parameter(key: str, scope: Scope) -> str:
    if key == "names":
        return _names(scope)
    compiled = scope.parameters.get(key[1:])
    return encode(UNDEFINED if compiled is None else compiled.source)


def _names(scope: Scope) -> str:
    """The parameters' names; members beside the one that is resolved (`&name`) are read, and not told."""
    return encode([name for name in scope.parameters if not name.startswith("&")])


def _function(key: str, scope: Scope) -> str:
    call = decode(key)
    if not (isinstance(call, list) and len(call) == 2 and isinstance(call[0], str) and isinstance(call[1], list)):
        raise ExpressionError("The expression calls a function in a way that does not exist.", value=key)
    name, arguments = call
    function = scope.environment.functions.get(name)
    if function is None:
        raise ExpressionError(UnknownNameError("function", name, scope.environment.functions).message)
    try:
        return encode(_call(function, arguments))
    except NodeloomError:
        raise
    except Exception as fault:
        raise ExpressionError(f"The function {name}() failed: {type(fault).__name__}: {said(fault)}") from fault


def _hash(key: str, _: Scope) -> str:
    """The digest of the text after the algorithm's name and a colon, in hexadecimal."""
    algorithm, _colon, written = key.partition(":")
    text = decode(written)
    if algorithm not in _DIGESTS or not isinstance(text, str):
        raise ExpressionError("The expression asks for a digest that does not exist.", value=key)
    data = text.encode("utf-8", "replace")
    return hashlib.new(_DIGESTS[algorithm], data, usedforsecurity=False).hexdigest()


def _zone(name: str, _: Scope) -> str:
    from nodeloom.expression.zones import zone_rules

    return encode(zone_rules(name))


def _process(_: str, __: Scope) -> str:
    from nodeloom.expression.zones import process_zone

    return encode({"zone": process_zone()})


def _call(function: Callable[..., object], arguments: list[Json]) -> object:
    return function(*arguments)


_ANSWERS: dict[str, Callable[[str, Scope], str]] = {
    "environment": _environment,
    "items": _items,
    "node": _node,
    "parameter": _parameter,
    "rawParameter": _raw_parameter,
    "function": _function,
    "hash": _hash,
    "zone": _zone,
    "process": _process,
}
_DIGESTS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3": "sha3_512",
}
