"""Evaluate one expression, for hosts that preview what an author writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nodeloom.expression import UNDEFINED, Dialect, Environment, Literal, Scope, compile_value
from nodeloom.expression.engines import Engines
from nodeloom.javascript import allowed
from nodeloom.values import Json

__all__ = ["UNDEFINED", "Engines", "Literal", "evaluate"]


def evaluate(
    template: object,
    json: Mapping[str, Json] | None = None,
    items: Sequence[Mapping[str, Json]] | None = None,
    item_index: int = 0,
    parameters: Mapping[str, object] | None = None,
    names: Mapping[str, object] | None = None,
    timezone: str = "UTC",
    dialect: Dialect = "author",
    env: Mapping[str, str] | None = None,
    vars: Mapping[str, object] | None = None,  # noqa: A002 - the name it has in expressions
    nodes: Mapping[str, Sequence[Mapping[str, Json]]] | None = None,
    javascript: bool = True,
    engines: Engines | None = None,
) -> object:
    """Resolve `template` (a string, or JSON with templates in it) against an item.

    Args:
        template: what is resolved.
        json: the item's data.
        items: all items instead, `{"json": {...}}` each.
        item_index: the position among them.
        parameters: the node's own; templates among them are resolved when `$parameter` asks for them.
        names: further `$` names, with JSON values.
        timezone: IANA name of the zone of `$now`, `$today` and date functions.
        dialect: `"n8n"` for text in which only `=` begins a template.
        env: what `$env` shows; None blocks it.
        vars: what `$vars` shows.
        nodes: items of other nodes by name.
        javascript: whether more than member paths is evaluated.
        engines: JavaScript engines to use again, those of one tenant: making one takes some ten milliseconds, and an
            evaluation without has one for itself. `Engines(process=True)` evaluates in a process of its own.

    JavaScript values come back as Python's: a Date as an aware datetime in UTC, a luxon DateTime as one in
    its own zone, a Duration as its ISO text, undefined as `UNDEFINED` (as a member of an object it is left out), whole
    numbers as int.

    Raises:
        ExpressionSyntaxError: the template is broken.
        ExpressionError: it cannot be evaluated.
    """
    with allowed(javascript):
        compiled = compile_value(template, dialect=dialect)
    given = [dict(item) for item in items] if items is not None else [{"json": json if json is not None else {}}]
    others = None if nodes is None else {node: [dict(item) for item in found] for node, found in nodes.items()}
    own = {name: compile_value(value, dialect=dialect) for name, value in (parameters or {}).items()}
    environment = Environment(
        timezone=timezone, env=env, vars=vars, nodes=others, javascript=javascript, engines=engines
    )
    found = compiled.resolve(Scope(environment, given, item_index, parameters=own, names=names))
    return _without_undefined(found) if isinstance(template, str) else found


def _without_undefined(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_undefined(inner) for key, inner in value.items() if inner is not UNDEFINED}
    return [_without_undefined(inner) for inner in value] if isinstance(value, list) else value
