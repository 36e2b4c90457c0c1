"""JSON of others: read as `JSON.parse` reads it, and no deeper than everything after it can take.

Of keys that stand twice in an object the last one counts, and half of a surrogate pair is kept (ECMA-262, JSON.parse).
NaN and Infinity are no JSON (RFC 8259 section 6), which Python's own reader lets pass; it also makes Infinity of
`1e999`, which nobody could write as JSON again.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

# Python's own bound depends on its version and on how deep the stack is already; n8n's data is never near this.
MAX_DEPTH = 256

_BRACKETS = b"[]{}"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?+', re.DOTALL)
_NO_BRACKETS = bytes(b for b in range(256) if b not in _BRACKETS)
_INFINITE = (math.inf, -math.inf)
# As signed bytes: one level down, one level up.
_STEPS = bytes.maketrans(_BRACKETS, b"\x01\xff\x01\xff")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if number in _INFINITE:
        raise ValueError("a number is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def parse_json(body: bytes) -> Any:
    """JSON in UTF-8, with or without a byte order mark.

    Raises ValueError, which says what is wrong: no UTF-8, no JSON, NaN, a number beyond a double or of thousands of
    digits, or more than 256 levels of lists and objects.
    """
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deeper(body):
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        return _DECODER.decode(body.decode("utf-8").removeprefix("\ufeff"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError as fault:
        # Python bounds the digits of an integer (sys.int_info), and says so in words about its settings.
        raise ValueError("a number has too many digits" if "digits" in str(fault) else str(fault)) from None


def _is_deeper(body: bytes) -> bool:
    steps = _STRING.sub(b"", body).translate(_STEPS, delete=_NO_BRACKETS)
    depths = accumulate(memoryview(steps).cast("b"))
    return next(filter(MAX_DEPTH.__lt__, depths), None) is not None
