"""How a value is written for its place in a request, by the type its property declares (`send.encode`).

A path value is percent-encoded whole, so that nothing it holds can end the segment (RFC 3986 section 3.3). OData
literals follow OData v4.01 part 2, section 5.1.1.6.1: strings quoted with `'` doubled, everything else bare.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from nodeloom.errors import InvalidValueError
from nodeloom.expression.text import number_text
from nodeloom.jsonbounds import TooDeepJSON
from nodeloom.jsonreading import PROPER_JSON, reason_of
from nodeloom.plan.wire import json_text, scalar_text

Encode = Callable[[object], object]

_DATE_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
# Bounded, so that a text of thousands of digits is refused before int() reads it.
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
# In braces and without dashes too, as .NET writes them.
_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12})\}?")
# Edm.Int64, the widest integer OData knows.
_INTEGERS = range(-(2**63), 2**63)


def _refuse(wanted: str, value: object, hint: str | None = None) -> InvalidValueError:
    return InvalidValueError(f"The value is not {wanted}.", value=value, hint=hint)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if not _finite(value):
            raise _refuse("a number", number_text(value), "The expression's calculation came to nothing; mend it.")
        return scalar_text(value)
    if isinstance(value, datetime):
        return _instant(value)
    raise _refuse("a text", value, "Pick one member of it in the expression.")


def _finite(number: float) -> bool:
    return not isinstance(number, float) or math.isfinite(number)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise _refuse("true or false", value, "Give true or false.")


def _integer(value: object) -> int:
    number = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        number = int(value)
    if number is None or number not in _INTEGERS:
        raise _refuse("a whole number", value, "Give digits only, such as 25; at most 64 bits.")
    return number


def _number(value: object) -> int | float:
    number: int | float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        # Digits alone are kept as they are: a float would lose those after the sixteenth.
        number = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
    if number is None or not _finite(number):
        raise _refuse("a number", value, "Give a number such as 2.5.")
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e21 else number


def _json(value: object) -> object:
    """Text is read as JSON; anything else is JSON already."""
    if not isinstance(value, str):
        return value
    try:
        return PROPER_JSON.read(value)
    except TooDeepJSON:
        raise InvalidValueError("The JSON is nested too deeply.", value=value) from None
    except ValueError as fault:
        at = f" at character {fault.pos + 1}" if isinstance(fault, json.JSONDecodeError) else ""
        raise InvalidValueError(
            f"The text is not JSON: {reason_of(fault)}{at}.",
            value=value,
            hint='Write JSON, such as ["a", "b"] or {"key": 1}.',
        ) from None


def _list(value: object) -> str:
    """A comma-separated list: a list of texts, or text as it is."""
    if isinstance(value, (list, tuple)):
        return ",".join(_text(v) for v in value)
    return _text(value)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise _refuse("an instant: it has no time zone", value.isoformat(), "Give a time zone, such as …Z.")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _guid(value: object) -> str:
    match = _GUID.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise _refuse("a GUID", value, "Give it as 01234567-89ab-cdef-0123-456789abcdef.")
    # In the one form that OData's grammar has: small letters, with dashes.
    return str(uuid.UUID(match[1]))


def _date_time(value: object) -> str:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        return value
    raise _refuse("a date and time", value, "Give it as 2026-01-31T09:30:00Z.")


def odata_string(value: object) -> str:
    """An OData string literal: in quotes, `'` doubled. Not percent-encoded yet."""
    return "'" + _text(value).replace("'", "''") + "'"


def path_literal(literal: str) -> str:
    """An OData literal for a path: percent-encoded, the quotes around it kept so that a reader sees a string key."""
    if len(literal) >= 2 and literal[0] == literal[-1] == "'":
        return f"'{percent_encoded(literal[1:-1])}'"
    # A colon may stand in a path (RFC 3986 section 3.3), and dates are read more easily with it.
    return quote(literal, safe=":")


def percent_encoded(text: str) -> str:
    """`text` with everything but unreserved characters escaped (RFC 3986 section 2.3).

    Raises UnicodeEncodeError for half of a surrogate pair.
    """
    return text if _UNRESERVED.fullmatch(text) else quote(text.encode("utf-8", "strict"), safe="")


def _odata(write: Callable[[object], object]) -> Encode:
    def encode(value: object) -> str:
        return "null" if value is None else _text(write(value))

    return encode


_SEARCH_WORDS = frozenset({"AND", "OR", "NOT"})
# A blank parts words, and the others belong to OData's own grammar.
_TO_QUOTE = re.compile(r"[\s();]")


def odata_search(value: object) -> str:
    """Text as the value of `$search` (OData URL Conventions 4.01, section 5.1.7).

    Words with a space between them would be looked for each by itself, or refused, so they become a phrase. What has
    the form of a search expression, with quotes or the words AND, OR and NOT, is its author's and stays as it is.
    """
    text = _text(value).strip()
    if '"' in text or not _TO_QUOTE.search(text) or not _SEARCH_WORDS.isdisjoint(text.split()):
        return text
    return '"' + text.replace("\\", "\\\\") + '"'


def _odata_list(value: object) -> str:
    items = _json(value)
    if not isinstance(items, list):
        raise _refuse("a list", value, 'Give a list, such as ["a", "b"].')
    return json_text(items)


def segment(value: object) -> str:
    """One path segment: every reserved character encoded.

    Raises InvalidValueError for `.` and `..`, which no encoding protects, and for an empty text, which would address
    what is above it.
    """
    text = _text(value)
    if text in (".", "..", ""):
        raise _refuse("usable in a path", repr(text), "A path segment cannot be empty, '.' or '..'.")
    return percent_encoded(text)


ENCODERS: Mapping[str, Encode] = {
    # What makes a text a segment is the path it stands in: `encode_path` escapes it, once.
    "segment": _text,
    "string": _text,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "json": _json,
    "list": _list,
    "jsonText": lambda value: json_text(_json(value)),
    "jsonString": lambda value: json_text(_text(value)),
    "odata.string": lambda value: "null" if value is None else odata_string(value),
    "odata.boolean": _odata(_boolean),
    "odata.integer": _odata(_integer),
    "odata.number": _odata(_number),
    "odata.guid": _odata(_guid),
    "odata.dateTime": _odata(_date_time),
    "odata.list": _odata_list,
    "search": odata_search,
}


#: What an encoder reads a value as.
_PLAIN: Mapping[str, Encode] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "json": _json,
    "jsonText": _json,
    "list": lambda value: value,
    "odata.boolean": _boolean,
    "odata.integer": _integer,
    "odata.number": _number,
    "odata.guid": _guid,
    "odata.dateTime": _date_time,
    "odata.list": _json,
}


def plain_value(encoder: str | None, value: object) -> object:
    """`value` as its encoder reads it, before it is written as a literal or as JSON: what a schema speaks of.

    Raises InvalidValueError when it does not fit the encoder's type.
    """
    if value is None:
        return None
    read: Encode = _PLAIN.get(encoder or "string", _text)
    return read(value)


def encode_path(encoder: str, value: object) -> str:
    """`value` as it stands in the path. Raises InvalidValueError when it does not fit the encoder's type."""
    try:
        if encoder.startswith("odata."):
            return path_literal(str(ENCODERS[encoder](value)))
        return segment(ENCODERS[encoder](value))
    except UnicodeEncodeError:
        raise _lone_surrogate(value) from None


def header_text(value: object) -> str:
    """A header field's value, blanks around it left out (RFC 9110 section 5.5).

    Raises InvalidValueError for line breaks and other control characters, and for text that is not Unicode.
    """
    text = _text(value).strip(" \t")
    if any((c < " " and c != "\t") or c == "\x7f" for c in text):
        raise InvalidValueError(
            "A header cannot hold line breaks or control characters.", value=text, hint="Take them out of the value."
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _lone_surrogate(value) from None
    return text


def _lone_surrogate(value: object) -> InvalidValueError:
    return InvalidValueError(
        "The text holds half of a surrogate pair, which cannot be sent.", value=value, hint="Mend the text's encoding."
    )
