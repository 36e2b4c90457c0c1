"""JSON of others: read as `JSON.parse` reads it, and no deeper and no more of it than everything after it can take.

Of keys that stand twice in an object the last one counts, and half of a surrogate pair is kept (ECMA-262, JSON.parse).
NaN and Infinity are no JSON (RFC 8259 section 6), which Python's own reader lets pass; it also makes Infinity of
`1e999`, which nobody could write as JSON again.
"""

from __future__ import annotations

import json
import json.decoder
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from nodeloom.jsonbounds import JSONBounds, Survey, TooMuchJSON

# Python's own bound depends on its version and on how deep the stack is already; n8n's data is never near this.
MAX_DEPTH = 256

_BOUNDS = JSONBounds(depth=MAX_DEPTH)
# No shorter text is too much for anybody but in depth, and none takes long to read.
SHORT = 256 * 1024
_INFINITE = (math.inf, -math.inf)
# Where a text has an object for so many values, its objects come often enough to let others have a turn.
_VALUES_FOR_AN_OBJECT = 50
# How far a walk goes into what it meets: so many levels, and the first so many elements of each list or object.
_WALKED_LEVELS, _WALKED_ELEMENTS = 32, 100

Scan = Callable[[str, int], tuple[Any, int]]


def begins_like_json(body: bytes) -> bool:
    """Whether a text begins as a JSON object or list does."""
    return _first(body) in (b"{", b"[")


def _first(body: bytes) -> bytes:
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if number in _INFINITE:
        raise ValueError("a number is too large")
    return number


def _decoder(**hooks: Any) -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, **hooks)


_DECODER = _decoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_OPENING = ("{", "[")


def _space_after(text: str, at: int) -> int:
    """Where the white space that begins at `at` ends (RFC 8259 section 2)."""
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


def parse_json(body: bytes, bounds: JSONBounds = _BOUNDS) -> Any:
    """JSON in UTF-8, with or without a byte order mark.

    Raises ValueError, which says what is wrong: no UTF-8, no JSON, NaN, a number beyond a double or of thousands of
    digits; TooMuchJSON, which is one, for more than the `bounds`.
    """
    # Python's reader gives up at once where a text begins in another way: with a page of HTML, a line of a log.
    if _first(body) in (b"{", b"[", b'"', b"") and (
        len(body) > min(SHORT, bounds.values) or body.count(b"[") + body.count(b"{") > bounds.depth
    ):
        Survey(body, bounds)
    return _parsed(body, _DECODER)


def parse_json_in_turns(body: bytes, bounds: JSONBounds, turn: Callable[[], None]) -> Any:
    """As `parse_json`, in a thread beside others: they have their turn while it works. Raises what `turn` raises.

    Python's reader is written in C and keeps the interpreter to itself until it has read everything. It is interrupted
    where it calls `turn`: for each object, and where there are few, for each element of a list.
    """
    survey = Survey(body, bounds)
    if survey.objects * _VALUES_FOR_AN_OBJECT > survey.values:

        def taken(found: dict[str, Any]) -> dict[str, Any]:
            turn()
            return found

        return _parsed(body, _decoder(object_hook=taken))
    decoder = _decoder()
    decoder.scan_once = _walk(decoder.scan_once, turn, _WALKED_LEVELS)  # type: ignore[attr-defined]  # typeshed leaves it out
    return _parsed(body, decoder)


def _walk(scan: Scan, turn: Callable[[], None], levels: int) -> Scan:
    """A scanner for one list or object that reads its elements one by one, by `scan` where they are small."""
    elements = 0

    def scan_once(text: str, at: int) -> tuple[Any, int]:
        nonlocal elements
        turn()
        elements += 1
        begins = text[at : at + 1] if levels and elements <= _WALKED_ELEMENTS else ""
        found: tuple[Any, int]
        if begins == "[":
            found = json.decoder.JSONArray((text, at + 1), _walk(scan, turn, levels - 1))  # type: ignore[attr-defined]  # typeshed leaves it out
        elif begins == "{":
            inner = _walk(scan, turn, levels - 1)
            found = json.decoder.JSONObject((text, at + 1), True, inner, None, None)  # type: ignore[attr-defined]  # typeshed leaves it out
        else:
            found = scan(text, at)
        return found

    return scan_once


def _parsed(body: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return _decoded(body.decode("utf-8").removeprefix("\ufeff"), decoder.scan_once)  # type: ignore[attr-defined]  # typeshed leaves it out
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except MemoryError:
        raise TooMuchJSON("there is not enough memory for it") from None
    except ValueError as fault:
        # Python bounds the digits of an integer (sys.int_info), and says so in words about its settings.
        raise ValueError("a number has too many digits" if "digits" in str(fault) else str(fault)) from None


def _decoded(text: str, scan: Scan) -> Any:
    """What `JSONDecoder.decode` makes of a text, in half the time if it is as short as most answers are."""
    try:
        value, end = scan(text, 0 if text[:1] in _OPENING else _space_after(text, 0))
    except StopIteration as fault:
        raise json.JSONDecodeError("Expecting value", text, fault.value) from None
    if end != len(text) and (end := _space_after(text, end)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return value
