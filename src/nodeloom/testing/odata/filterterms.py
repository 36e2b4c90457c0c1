"""The typed pieces a filter is made of: properties, constants, comparisons, functions.

An expression is typed when it is made and only evaluated later, so what cannot be compared is refused once and
not per entity.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from nodeloom.errors import nearest
from nodeloom.testing.odata.declarations import ComplexType, Edm, EnumType, Field, from_json
from nodeloom.testing.odata.literals import Value
from nodeloom.testing.odata.refusal import ODataError, bad_request
from nodeloom.values import Json

Scope = Mapping[str, Json]
"""What an expression is evaluated over: the entity under the empty name, lambda variables under theirs."""


_KINDS: dict[Edm, str] = {
    Edm.STRING: "string",
    Edm.BOOLEAN: "boolean",
    Edm.INT32: "number",
    Edm.INT64: "number",
    Edm.DOUBLE: "number",
    Edm.SINGLE: "number",
    Edm.DECIMAL: "number",
    Edm.BYTE: "number",
    Edm.GUID: "guid",
    Edm.DATE: "date",
    Edm.DATETIME: "datetime",
    Edm.DURATION: "duration",
    Edm.TIME: "time",
}
_AS_IN_JSON = frozenset({Edm.STRING, Edm.BOOLEAN, Edm.INT32, Edm.INT64, Edm.BYTE, Edm.DECIMAL})


@dataclass(frozen=True, slots=True)
class Expression:
    """A typed piece of a filter. `kind` is one of the values of `_KINDS`, "null", "enum", "complex", "collection"."""

    kind: str
    evaluate: Callable[[Scope], object]
    field: Field | None = None
    constant: Value = None


def unknown_property(name: str, kind: ComplexType) -> ODataError:
    """400: the type has no such property."""
    close = nearest(name, kind.by_name)
    hint = f" Did you mean '{close}'?" if close else ""
    return bad_request(f"Could not find a property named '{name}' on type '{kind.name}'.{hint}", target=name)


def getter(root: str, names: list[str]) -> Callable[[Scope], Json]:
    """Reads the path `names` below the scope's entry `root`; null if something on the way is null."""

    def get(scope: Scope) -> Json:
        value = scope[root]
        for name in names:
            if value is None:
                return None
            value = value.get(name)
        return value

    return get


def property_of(owner: Field | ComplexType, get: Callable[[Scope], Json]) -> Expression:
    """The declared property that `get` reads, typed."""
    if not isinstance(owner, Field):
        return Expression("complex", get)
    kind = owner.type
    if owner.collection:
        return Expression("collection", get, owner)
    if isinstance(kind, ComplexType):
        return Expression("complex", get, owner)
    if isinstance(kind, EnumType):
        return Expression("enum", get, owner)
    # Dates, GUIDs and durations are texts in JSON, and would be compared as such.
    if kind not in _AS_IN_JSON:
        return Expression(_KINDS[kind], lambda scope: from_json(kind, get(scope)), owner)
    return Expression(_KINDS[kind], get, owner)


def constant_of(value: Value) -> Expression:
    """A literal, typed."""
    # Numbers come out of JSON as int or float; 0.1 the decimal is not 0.1 the double.
    plain = float(value) if isinstance(value, Decimal) else value
    return Expression(_kind_of(plain), lambda _: plain, constant=plain)


def _kind_of(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "string"
        case UUID():
            return "guid"
        case datetime():
            return "datetime"
        case date():
            return "date"
        case time():
            return "time"
        case timedelta():
            return "duration"


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def comparison(word: str, left: Expression, right: Expression) -> Expression:
    """`left word right` for eq, ne, gt, ge, lt, le. Raises ODataError (400) if the types cannot be compared.

    Null equals null only, and is neither above nor below anything.
    """
    _check_comparable(left, right, word)
    first, second = left.evaluate, right.evaluate
    if word == "eq":
        return Expression("boolean", lambda scope: first(scope) == second(scope))
    if word == "ne":
        return Expression("boolean", lambda scope: first(scope) != second(scope))
    compare = _ORDER[word]

    def evaluate(scope: Scope) -> bool:
        a, b = first(scope), second(scope)
        return a is not None and b is not None and compare(a, b)

    return Expression("boolean", evaluate)


def _check_comparable(left: Expression, right: Expression, word: str) -> None:
    kinds = {left.kind, right.kind} - {"null"}
    # OData 4.01 allows to leave the enumeration's name in front of the quotes out.
    if kinds == {"enum", "string"}:
        enum, text = (left, right) if left.kind == "enum" else (right, left)
        declared = enum.field.type if enum.field else None
        if isinstance(declared, EnumType) and text.constant is not None and not declared.holds(text.constant):
            raise bad_request(f"'{text.constant}' is not a member of {declared.name}.")
        return
    if len(kinds) > 1 or (kinds & {"complex", "collection"} and word not in ("eq", "ne")):
        raise bad_request(f"$filter: '{word}' cannot compare a {left.kind} with a {right.kind}.")


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function: the kinds of its parameters, the kind it gives, and what it does with values."""

    parameters: tuple[str, ...]
    gives: str
    run: Callable[..., object]


FUNCTIONS: dict[str, Function] = {
    "contains": Function(("string", "string"), "boolean", lambda text, part: part in text),
    "startswith": Function(("string", "string"), "boolean", str.startswith),
    "endswith": Function(("string", "string"), "boolean", str.endswith),
    "tolower": Function(("string",), "string", str.lower),
    "toupper": Function(("string",), "string", str.upper),
    "trim": Function(("string",), "string", str.strip),
    "length": Function(("string",), "number", len),
    "indexof": Function(("string", "string"), "number", str.find),
    "concat": Function(("string", "string"), "string", operator.add),
}
