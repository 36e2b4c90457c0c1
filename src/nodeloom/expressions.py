"""Evaluate one expression, for hosts that preview what an author writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nodeloom.expression import UNDEFINED, Dialect, Environment, Literal, Scope, compile_value
from nodeloom.javascript import allowed

__all__ = ["UNDEFINED", "Literal", "evaluate"]


def evaluate(
    template: object,
    json: Mapping[str, Any] | None = None,
    items: Sequence[Mapping[str, Any]] | None = None,
    item_index: int = 0,
    parameters: Mapping[str, object] | None = None,
    names: Mapping[str, object] | None = None,
    timezone: str = "UTC",
    dialect: Dialect = "author",
    env: Mapping[str, str] | None = None,
    vars: Mapping[str, object] | None = None,  # noqa: A002 - the name it has in expressions
    nodes: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    javascript: bool = True,
) -> object:
    """Resolve `template` (a string, or JSON with templates in it) against an item.

    The item is `json`, or the one at `item_index` of `items` (`{"json": {...}}` each). `parameters` are the
    node's own (templates among them are resolved when `$parameter` asks for them); the other arguments are
    those of `Environment`.

    JavaScript values come back as Python's: a Date as an aware datetime in UTC, a luxon DateTime as one in
    its own zone, a Duration as its ISO text, undefined as `UNDEFINED` (as a member of an object it is left out), whole
    numbers as int.

    Raises:
        ExpressionSyntaxError: the template is broken.
        ExpressionError: it cannot be evaluated.
    """
    with allowed(javascript):
        compiled = compile_value(template, dialect=dialect)
    given = list(items) if items is not None else [{"json": json if json is not None else {}}]
    own = {name: compile_value(value, dialect=dialect) for name, value in (parameters or {}).items()}
    environment = Environment(timezone=timezone, env=env, vars=vars, nodes=nodes, javascript=javascript)
    found = compiled.resolve(Scope(environment, given, item_index, parameters=own, names=names))
    return _without_undefined(found) if isinstance(template, str) else found


def _without_undefined(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_undefined(inner) for key, inner in value.items() if inner is not UNDEFINED}
    return [_without_undefined(inner) for inner in value] if isinstance(value, list) else value
