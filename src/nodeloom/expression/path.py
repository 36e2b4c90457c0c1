"""The path evaluator: `$json.a["b c"][0]` as a Python closure.

It answers only what is certain to be what JavaScript would answer. What touches more than own plain data
(a method of a string, an inherited name, a date) raises `NotPlainError`, and the JavaScript evaluator takes
over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from nodeloom.errors import ExpressionError
from nodeloom.expression.analysis import Path
from nodeloom.expression.scope import NO_ITEM, Scope, no_item
from nodeloom.expression.text import NotPlainError
from nodeloom.expression.words import words
from nodeloom.values import UNDEFINED

Reader: TypeAlias = Callable[[Scope], object]

#: Names every JavaScript object inherits.
OBJECT_NAMES = words(
    "constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf __proto__ "
    "__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__"
)
_ARRAY_NAMES = OBJECT_NAMES | words(
    "at concat copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap "
    "forEach includes indexOf join keys lastIndexOf map pop push reduce reduceRight reverse shift slice some "
    "sort splice toReversed toSorted toSpliced unshift values with"
)
_STRING_NAMES = OBJECT_NAMES | words(
    "anchor at big blink bold charAt charCodeAt codePointAt concat endsWith fixed fontcolor fontsize "
    "includes indexOf isWellFormed italics lastIndexOf link localeCompare match matchAll normalize padEnd "
    "padStart repeat replace replaceAll search slice small split startsWith strike sub substr substring sup "
    "toLocaleLowerCase toLocaleUpperCase toLowerCase toUpperCase toWellFormed trim trimEnd trimLeft "
    "trimRight trimStart"
)
_NUMBER_NAMES = OBJECT_NAMES | words("toExponential toFixed toPrecision")

#: Names whose value the scope holds itself; all other `$` names are looked up in the scope's extra names.
_OWN_ROOTS: dict[str, Reader] = {
    "$json": lambda scope: _json(scope),
    "$data": lambda scope: _json(scope),
    "$itemIndex": lambda scope: scope.index,
    "$binary": lambda scope: scope.binary,
    "$runIndex": lambda scope: scope.environment.run_index,
    "$thisRunIndex": lambda scope: scope.environment.run_index,
    "$position": lambda scope: scope.index,
    "$thisItemIndex": lambda scope: scope.index,
    "$vars": lambda scope: UNDEFINED if scope.environment.vars is None else scope.environment.vars,
}


def _json(scope: Scope) -> object:
    if scope.json is NO_ITEM:
        raise no_item()
    return scope.json


_EXTRA_ROOTS = words("$value $index $parent $response $responseItem $request $pageCount $credentials $version $self")


def path_reader(path: Path) -> Reader | None:
    """A function that reads `path` from a scope, or None if its root is not one the path evaluator knows.

    The function raises NotPlainError where only JavaScript can tell.
    """
    root, keys = path[0], path[1:]
    if path[:3] == ("$input", "item", "json"):
        root, keys = "$json", path[3:]
    if root == "$json" and len(keys) == 1 and type(keys[0]) is str:
        return _field_reader(keys[0])
    if root == "$parameter" and keys:
        return _walker(_parameter_reader(str(keys[0])), keys[1:])
    if root in _OWN_ROOTS:
        return _walker(_OWN_ROOTS[str(root)], keys)
    if root in _EXTRA_ROOTS:
        return _walker(_extra_reader(str(root)), keys)
    return None


def _field_reader(key: str) -> Reader:
    def read(scope: Scope) -> object:
        try:
            value: object = scope.json[key]
        except (KeyError, TypeError):
            return member(_json(scope), key)
        return value

    return read


def _parameter_reader(name: str) -> Reader:
    def read(scope: Scope) -> object:
        return scope.parameter(name)

    return read


def _extra_reader(name: str) -> Reader:
    # Outside of credentials `$self` is an empty object (n8n).
    absent: object = {} if name == "$self" else UNDEFINED

    def read(scope: Scope) -> object:
        return scope.names.get(name, absent)

    return read


def _walker(start: Reader, keys: tuple[str | int, ...]) -> Reader:
    if not keys:
        return start

    def read(scope: Scope) -> object:
        value = start(scope)
        for key in keys:
            if type(value) is dict and type(key) is str:
                value = value[key] if key in value else _check_inherited(NotPlainError, key, OBJECT_NAMES)
            else:
                value = member(value, key)
        return value

    return read


def member(value: object, key: str | int) -> object:
    """`value[key]` as JavaScript has it for plain data; reading from null or undefined gives undefined (n8n).

    Raises:
        NotPlainError: only JavaScript can tell.
    """
    if value is None or value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, Mapping):
        return _check_inherited(value.get(str(key), NotPlainError), key, OBJECT_NAMES)
    if isinstance(value, str):
        return _string_member(value, key)
    if isinstance(value, Sequence) and isinstance(value, (list, tuple)):
        if type(key) is int:
            return value[key] if key < len(value) else UNDEFINED
        return len(value) if key == "length" else _check_inherited(NotPlainError, key, _ARRAY_NAMES)
    if isinstance(value, (bool, int, float)):
        return _check_inherited(NotPlainError, key, _NUMBER_NAMES)
    raise NotPlainError


def _check_inherited(value: object, key: str | int, inherited: frozenset[str]) -> object:
    """`value`, or undefined for the marker of a missing one; an inherited name is left to JavaScript."""
    if value is not NotPlainError:
        return value
    if key in ("constructor", "__proto__"):
        raise ExpressionError(f"The data has no {key} of its own, and that of JavaScript is not available.")
    if key in inherited:
        raise NotPlainError
    return UNDEFINED


def _string_member(text: str, key: str | int) -> object:
    if key == "length":
        return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if type(key) is not int:
        return _check_inherited(NotPlainError, key, _STRING_NAMES)
    if text.isascii():
        return text[key] if key < len(text) else UNDEFINED
    units = text.encode("utf-16-le", "surrogatepass")
    unit = units[2 * key : 2 * key + 2]
    return unit.decode("utf-16-le", "surrogatepass") if unit else UNDEFINED
