"""Whether a value meets a condition of `displayOptions`, by JavaScript's rules of equality and order.

A condition is a literal, or `{"_cnd": {kind: wanted}}` (n8n). `true` is not `1`, but `1` is `1.0`; `"5" > 4` holds and
`"b" > "a"` too, as in ECMA-262 IsLessThan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from nodeloom.descriptor.patterns import search
from nodeloom.errors import DescriptorError, UnknownNameError
from nodeloom.values import Json

#: The value of a parameter that is not there, or not visible: JavaScript's undefined.
ABSENT = object()

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def same(value: Json, wanted: Json) -> bool:
    """Whether two JSON values are equal all the way down, booleans and numbers told apart (n8n `isEqual`)."""
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return value.keys() == wanted.keys() and all(same(value[key], wanted[key]) for key in value)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    # True is 1 to Python, and another value in JSON.
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _includes(value: Json, wanted: Json) -> bool:
    """Whether `value` is the literal `wanted` (`Array.prototype.includes`): an object or list never is."""
    return not isinstance(wanted, (Mapping, list)) and same(value, wanted)


def _number(value: Json) -> float:
    """`Number(value)` for JSON: NaN for a value that is not a number (ECMA-262 ToNumber)."""
    if value is None:
        return 0
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _DECIMAL.fullmatch(text) else (math.nan if text else 0)
    return math.nan


def _primitive(value: Json) -> Json:
    """What is compared of an object: its text (ECMA-262 ToPrimitive)."""
    return "[object Object]" if isinstance(value, Mapping) else value


def _order_check(compare: Callable[[Json, Json], bool]) -> Callable[[Json, Json], bool]:
    def check(value: Json, wanted: Json) -> bool:
        value, wanted = _primitive(value), _primitive(wanted)
        if isinstance(value, str) and isinstance(wanted, str):
            # By UTF-16 code units, as JavaScript orders text.
            return compare(value.encode("utf-16-be", "surrogatepass"), wanted.encode("utf-16-be", "surrogatepass"))
        return compare(_number(value), _number(wanted))

    return check


def _text(compare: Callable[[str, str], bool]) -> Callable[[Json, Json], bool]:
    def check(value: Json, wanted: Json) -> bool:
        return isinstance(value, str) and isinstance(wanted, str) and compare(value, wanted)

    return check


_GREATER_OR_EQUAL = _order_check(lambda a, b: a >= b)
_LESS_OR_EQUAL = _order_check(lambda a, b: a <= b)


def _between(value: Json, wanted: Json) -> bool:
    if not isinstance(wanted, Mapping) or not {"from", "to"} <= wanted.keys():
        raise DescriptorError(
            "The condition 'between' needs 'from' and 'to'.", value=wanted, hint='Write {"from": 1, "to": 5}.'
        )
    return _GREATER_OR_EQUAL(value, wanted["from"]) and _LESS_OR_EQUAL(value, wanted["to"])


CONDITIONS: Mapping[str, Callable[[Json, Json], bool]] = {
    "eq": same,
    "not": lambda value, wanted: not same(value, wanted),
    "gt": _order_check(lambda a, b: a > b),
    "gte": _GREATER_OR_EQUAL,
    "lt": _order_check(lambda a, b: a < b),
    "lte": _LESS_OR_EQUAL,
    "between": _between,
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "includes": _text(lambda value, wanted: wanted in value),
    "regex": _text(lambda value, wanted: search(wanted, value) is not None),
    "exists": lambda value, _wanted: value is not None and value is not ABSENT and value != "",
}


def is_condition(condition: Json) -> bool:
    """Whether `condition` is a `_cnd` object rather than a literal."""
    return isinstance(condition, Mapping) and list(condition) == ["_cnd"]


def matches(condition: Json, values: list[Json]) -> bool:
    """Whether a parameter's `values` (one, or those of a list) meet one condition.

    A literal must be one of the values, a `_cnd` must hold for all of them; of no values only `not` holds. Raises
    DescriptorError for a condition that n8n does not know.
    """
    if not is_condition(condition):
        return any(_includes(value, condition) for value in values)
    rule = condition["_cnd"]
    if not isinstance(rule, Mapping) or not rule:
        raise DescriptorError("displayOptions has an empty condition.", value=condition, hint='Write {"eq": 1} in it.')
    kind, wanted = next(iter(rule.items()))
    check = CONDITIONS.get(kind)
    if check is None:
        reason = UnknownNameError("condition", str(kind), CONDITIONS, within="displayOptions")
        raise DescriptorError(reason.message, value=condition, hint=reason.hint)
    # Of an empty list n8n's `_cnd` holds only if it asks that the value be another one.
    return all(check(value, wanted) for value in values) if values else kind == "not"
