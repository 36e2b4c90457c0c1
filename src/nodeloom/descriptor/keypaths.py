"""Dotted names as lodash reads them, which n8n uses for every one: `a.b[0]["c.d"]`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nodeloom.values import Json

_INDEX = re.compile(r"0|[1-9][0-9]*")
_PLAIN_RUN = re.compile(r"[^.\[\]]+")
_NUMBER_IN_BRACKETS = re.compile(r"\[(-?[0-9]+(?:\.[0-9]+)?)\]")
_TEXT_IN_BRACKETS = re.compile(r"""\[(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\]""", re.DOTALL)
_EMPTY_KEY = re.compile(r"(?:\.|\[\])(?:\.|\[\]|\Z)")
_IN_BRACKETS = re.compile(rf"\[[^\[\]]*\]|{_TEXT_IN_BRACKETS.pattern}", re.DOTALL)


def parse_path(path: str) -> list[str | int]:
    """The keys of a dotted path, as lodash's `set` reads it: `a.b[0]["c.d"]` is a, b, 0, c.d.

    A key is a number if it can be a list's index (`0`, `7`, not `01` or `-1`). A text without a dot or a closed pair of
    brackets is one key.
    """
    if "." not in path and not _IN_BRACKETS.search(path):
        return [as_key(path)]
    keys: list[str | int] = [""] if path.startswith(".") else []
    position = 0
    while position < len(path):
        if run := _PLAIN_RUN.match(path, position):
            keys.append(as_key(run[0]))
            position = run.end()
        elif number := _NUMBER_IN_BRACKETS.match(path, position):
            keys.append(as_key(number[1]))
            position = number.end()
        elif quoted := _TEXT_IN_BRACKETS.match(path, position):
            text = quoted[1] if quoted[1] is not None else quoted[2]
            keys.append(as_key(re.sub(r"\\(\\)?", r"\1", text)))
            position = quoted.end()
        else:
            if _EMPTY_KEY.match(path, position):
                keys.append("")
            position += 1
    return keys or [path]


def as_key(text: str) -> str | int:
    """A key that can be a list's index as a number; any other as it is."""
    # With more digits it is not an index in JavaScript either (2^53), and int() would refuse thousands of digits.
    return int(text) if len(text) <= 15 and _INDEX.fullmatch(text) else text


def value_at(holder: Json, path: str, absent: Json) -> Json:
    """What stands at a dotted path in JSON (lodash `get`); `absent` if nothing stands there.

    A key that is spelt as the whole path is found first. As in JavaScript, lists and texts have a `length`, and a text
    has its characters.
    """
    # lodash does so, so that a key with a dot in it is found.
    if isinstance(holder, Mapping) and path in holder:
        return holder[path]
    found = holder
    for key in parse_path(path):
        found = _member(found, key, absent)
        if found is absent:
            return absent
    return found


def _member(holder: Json, key: str | int, absent: Json) -> Json:
    if isinstance(holder, Mapping):
        return holder.get(str(key), absent)
    if not isinstance(holder, (list, tuple, str)):
        return absent
    if key == "length":
        return len(holder) if not isinstance(holder, str) else len(holder.encode("utf-16-le", "surrogatepass")) // 2
    return holder[key] if isinstance(key, int) and key < len(holder) else absent
