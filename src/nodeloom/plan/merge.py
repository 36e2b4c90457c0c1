"""How contributions to a request add up: lodash's `merge` and `set`, which n8n uses.

Objects merge key by key, lists by index, anything else replaces; `undefined` creates a missing key but never
overwrites.
"""

from __future__ import annotations

import re
from typing import Any

from nodeloom.expression import UNDEFINED

_KEY = re.compile(r"[^.\[\]]+|\[(?:(-?\d+)|([\"'])((?:\\.|(?!\2).)*)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))")


def parse_path(path: str) -> list[str | int]:
    """The keys of a dotted path: `a.b[0].c` is a, b, 0, c (lodash `toPath`)."""
    keys: list[str | int] = []
    if path.startswith("."):
        keys.append("")
    for match in _KEY.finditer(path):
        index, quoted = match.group(1), match.group(3)
        if index is not None:
            keys.append(int(index))
        elif quoted is not None:
            keys.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            text = match.group(0)
            keys.append(int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text)
    return keys or [path]


def at_path(keys: list[str | int], value: Any) -> dict[str, Any]:
    """An object that holds `value` at `keys`; a number makes a list, except at the top."""
    held = value
    for key in reversed(keys[1:]):
        if isinstance(key, int) and 0 <= key < 100_000:
            held = [UNDEFINED] * key + [held]
        else:
            held = {str(key): held}
    return {str(keys[0]): held}


def merge(target: dict[str, Any], source: dict[str, Any]) -> None:
    """Merge `source` into `target`, in place."""
    for key, value in source.items():
        if value is UNDEFINED:
            target.setdefault(key, UNDEFINED)
        else:
            target[key] = _merged(target.get(key, UNDEFINED), value)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(new, dict):
        held: dict[str, Any] = old if isinstance(old, dict) else {}
        merge(held, new)
        return held
    if isinstance(new, list):
        base: list[Any] = list(old) if isinstance(old, list) else []
        for index, value in enumerate(new):
            if index >= len(base):
                base.append(_merged(UNDEFINED, value))
            elif value is not UNDEFINED:
                base[index] = _merged(base[index], value)
        return base
    return new


def copy_json(value: Any) -> Any:
    """A copy of JSON data that shares nothing with it."""
    if isinstance(value, dict):
        return {k: copy_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [copy_json(v) for v in value]
    return value
