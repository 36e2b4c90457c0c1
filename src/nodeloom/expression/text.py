"""Values as text, by JavaScript's rules: what a template that mixes blocks and text is joined from.

Sources: ECMA-262 Number::toString and Array.prototype.join; n8n 2.41 for which values vanish.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from nodeloom.values import UNDEFINED

#: Arrays nested deeper than this are left to JavaScript, which has its own stack limit.
_MAX_DEPTH = 50


class NotPlainError(Exception):
    """The value is not plain JSON (a date, an object of a library …); only JavaScript can tell what it amounts to."""


def number_text(number: float) -> str:
    """`number` as JavaScript writes it (ECMA-262 Number::toString): 1.0 → "1", 1e21 → "1e+21", -0.0 → "0".

    Python and JavaScript agree on the shortest digits that read back as the same number; they differ in where
    the exponent begins and how it is written.
    """
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    if number == 0:
        return "0"
    if number < 0:
        return "-" + number_text(-number)
    mantissa, _, exponent_text = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0") if fraction != "0" else whole
    # The decimal point stands after `point` digits; leading zeros that were stripped move it to the left.
    stripped = len(whole + fraction) - len((whole + fraction).lstrip("0"))
    point = len(whole) - stripped + int(exponent_text or 0)
    digits = digits.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{'+' if exponent > 0 else '-'}{abs(exponent)}"


def string_text(value: object, depth: int = 0) -> str:
    """`String(value)` for plain JSON values.

    Raises:
        NotPlainError: `value` is, or holds in an array, something other than JSON.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]
    if value is True:
        return "true"
    if value is False:
        return "false"
    if kind is int or kind is float:
        return number_text(value)  # type: ignore[arg-type]
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, (list, tuple)) and depth < _MAX_DEPTH:
        return ",".join("" if v is None or v is UNDEFINED else string_text(v, depth + 1) for v in value)
    if isinstance(value, Mapping):
        # An object that brings its own `toString` decides for itself; that is for JavaScript to find out.
        if "toString" in value or "valueOf" in value:
            raise NotPlainError
        return "[object Object]"
    if isinstance(value, str):
        return str(value)
    raise NotPlainError


def mixed_text(value: object) -> str:
    """What `value` contributes to a template that is not a lone block.

    null, undefined, NaN and "" contribute nothing; everything else its text (n8n 2.41).

    Raises:
        NotPlainError: see `string_text`.
    """
    if value is None or value is UNDEFINED or (type(value) is float and math.isnan(value)):
        return ""
    return string_text(value)
