"""How contributions to a request add up: lodash's `merge` and `set`, which n8n uses.

Objects merge key by key, lists by index, anything else replaces; `undefined` creates a missing key but never
overwrites. Keys such as `__proto__` mean nothing here: they are data like any other.
"""

from __future__ import annotations

from typing import TypeVar, overload

from nodeloom.descriptor.keypaths import as_key
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED

Value = TypeVar("Value")

# A longer list would be all holes: lodash makes it sparse, JSON writes every hole out as null.
MAX_INDEX = 9_999


def at_path(keys: list[str | int], value: object) -> dict[str, object]:
    """An object that holds `value` at `keys`; a number makes a list, except at the top.

    Raises InvalidValueError for an index above 9,999, which would make a list of nulls.
    """
    held = value
    for key in reversed(keys[1:]):
        if isinstance(key, int):
            if key > MAX_INDEX:
                raise InvalidValueError(
                    f"The index {key} would make a list of {key} empty entries.",
                    value=".".join(map(str, keys)),
                    hint=f"An index is at most {MAX_INDEX}; with propertyInDotNotation false the name is one key.",
                )
            held = [UNDEFINED] * key + [held]
        else:
            held = {key: held}
    return {str(keys[0]): held}


def merge(target: dict[str, object], source: dict[str, object]) -> None:
    """Merge `source` into `target`, in place. Nothing of `source` is shared with `target` afterwards."""
    for key, value in source.items():
        if value is UNDEFINED:
            target.setdefault(key, UNDEFINED)
        else:
            target[key] = _merge_value(target.get(key, UNDEFINED), value)


def _merge_value(old: object, new: object) -> object:
    if isinstance(new, dict):
        # lodash merges an object into a list by the keys that are indices.
        if isinstance(old, list):
            return _merge_entries(old, {int(k): v for k, v in new.items() if isinstance(as_key(k), int)})
        held: dict[str, object] = old if isinstance(old, dict) else {}
        merge(held, new)
        return held
    if isinstance(new, list):
        return _merge_entries(old if isinstance(old, list) else [], dict(enumerate(new)))
    return new


def _merge_entries(base: list[object], entries: dict[int, object]) -> list[object]:
    """`base` with `entries` merged in at their indices; other keys of an object cannot stand in a list (lodash)."""
    for index, value in entries.items():
        # An item's value must not make the process allocate a list of any length.
        if index > MAX_INDEX + len(base):
            raise InvalidValueError(f"The index {index} would make a list of {index} empty entries.", value=value)
        base.extend([UNDEFINED] * (index + 1 - len(base)))
        if value is not UNDEFINED:
            base[index] = _merge_value(base[index], value)
    return base


@overload
def copy_json(value: dict[str, Value]) -> dict[str, Value]: ...


@overload
def copy_json(value: object) -> object: ...


def copy_json(value: object) -> object:
    """A copy of JSON data that shares nothing with it."""
    if isinstance(value, dict):
        return {k: copy_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [copy_json(v) for v in value]
    return value
