"""Queries and bodies as text and bytes.

Queries follow the `qs` library, which n8n's descriptors are written for; JSON follows JavaScript's `JSON.stringify`.
Both agree with JavaScript on the values; a float in JSON is written in Python's digits (`1e-07` for `1e-7`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.text import number_text
from nodeloom.values import ZonedDateTime

# OData ABNF, `queryOptions`: sub-delims and others that need no escape in a query.
ODATA_SAFE = "$,'()/:;@!*"

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

ARRAY_FORMATS = ("indices", "brackets", "repeat", "comma")


class SelfWritten:
    """A value of a query that brings its own names and values."""

    __slots__ = ()

    def query(self, safe: str) -> Iterator[str]:
        """`name=value`, percent-encoded; `safe` are the characters that need no escape."""
        raise NotImplementedError


def iso_text(value: datetime) -> str:
    """A date as JavaScript writes it: in UTC with milliseconds and `Z`; a luxon DateTime with its own offset.

    Raises InvalidValueError for a date without a time zone, which is not an instant.
    """
    if value.tzinfo is None:
        raise InvalidValueError(
            "The date has no time zone.", value=value.isoformat(), hint="Give it one, such as …+02:00 or …Z."
        )
    # JavaScript's `toISOString` is always in UTC, luxon's `toISO` in the zone of the date.
    seen = value if isinstance(value, ZonedDateTime) else value.astimezone(UTC)
    return seen.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scalar_text(value: object, *, objects: bool = False) -> str:
    """A scalar as JavaScript's `String(value)`, null as empty (as `qs` does); a list as its members with commas.

    Raises InvalidValueError for an object: JavaScript's `[object Object]`, which it becomes with `objects`, is never
    what was meant.
    """
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number_text(value)
    if isinstance(value, datetime):
        return iso_text(value)
    if isinstance(value, (list, tuple)):
        return ",".join(scalar_text(member, objects=objects) for member in value)
    if objects and isinstance(value, Mapping):
        return "[object Object]"
    raise InvalidValueError(
        "An object cannot stand where a text is sent.", value=value, hint="Pick one member of it in the expression."
    )


def is_truthy(value: object) -> bool:
    """Truth as in JavaScript, where empty lists and objects are true."""
    return (bool(value) and value == value) or isinstance(value, (list, dict))


def number_of(value: object) -> float:
    """JavaScript's `Number(value)` of a number, a truth or decimal text (ECMA-262 ToNumber); NaN of anything else."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if not isinstance(value, str):
        return math.nan
    text = value.strip()
    return float(text) if _DECIMAL.fullmatch(text) else (math.nan if text else 0.0)


def name_text(value: object, timezone: str, *, as_n8n: bool) -> str:
    """The name under which something is sent, as text. n8n makes `[Object: {"k": 1}]` of an object (`as_n8n`).

    Raises InvalidValueError for a list or an object otherwise.
    """
    if isinstance(value, str):
        return value
    if not as_n8n:
        if isinstance(value, (list, tuple)):
            raise InvalidValueError(
                "A list is not a name.", value=value, hint="Pick one member of it in the expression."
            )
        return scalar_text(value)
    if value is None or value is UNDEFINED:
        return "null" if value is None else "undefined"
    if isinstance(value, ZonedDateTime):
        return f"[DateTime: {iso_text(value)}]"
    if isinstance(value, datetime):
        import zoneinfo

        return f"[Date: {iso_text(ZonedDateTime.of(value.astimezone(zoneinfo.ZoneInfo(timezone))))}]"
    if isinstance(value, (Mapping, list, tuple)):
        kind = "Object" if isinstance(value, Mapping) else "Array"
        spaced = json_text(value).replace(',"', ', "').replace('":', '": ')
        return f"[{kind}: {spaced}]"
    return scalar_text(value)


def _number_text(value: float) -> str:
    try:
        return number_text(value)
    except ValueError:
        # Python refuses to write integers of more than 4,300 digits.
        raise InvalidValueError("The number has too many digits to send.") from None


def _pairs(key: str, value: object, array_format: str, objects: bool) -> Iterator[tuple[str, str]]:
    if value is UNDEFINED:
        return
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _pairs(f"{key}[{name}]", member, array_format, objects)
    elif isinstance(value, (list, tuple)) and array_format == "comma":
        # `qs` leaves out an empty list.
        if value and list(value) != [UNDEFINED]:
            yield key, scalar_text(value, objects=objects)
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            name = {"indices": f"{key}[{index}]", "brackets": f"{key}[]"}.get(array_format, key)
            yield from _pairs(name, member, array_format, objects)
    else:
        yield key, scalar_text(value)


def query_pairs(
    values: Mapping[str, object], array_format: str = "indices", *, objects: bool = False
) -> list[tuple[str, str]]:
    """The query as name and value pairs, in order; undefined is left out, an empty list or object too.

    `array_format` is one of ARRAY_FORMATS, `objects` as in `scalar_text`. Raises InvalidValueError for what has no
    text, or endless nesting.
    """
    found: list[tuple[str, str]] = []
    try:
        for key, value in values.items():
            found.extend(_pairs(str(key), value, array_format, objects))
    except RecursionError:
        raise InvalidValueError("The query is nested too deeply to send.") from None
    return found


def encode_query(
    values: Mapping[str, object], array_format: str = "indices", encoding: object = None, *, objects: bool = False
) -> str:
    """The query string, without `?`; percent-encoded by RFC 3986, space as `%20`.

    With `encoding="odata"` what OData's own grammar is made of stays as it is: `$filter=Name eq 'a'` keeps `$`,
    commas, quotes and parentheses. Raises InvalidValueError for text that is not Unicode, and as `query_pairs` does.
    """
    safe = ODATA_SAFE if encoding == "odata" else ""
    texts: list[str] = []
    try:
        for key, value in values.items():
            if isinstance(value, SelfWritten):
                texts += value.query(safe)
            else:
                pairs = query_pairs({key: value}, array_format, objects=objects)
                texts += [f"{quote(name, safe=safe)}={quote(text, safe=safe)}" for name, text in pairs]
        return "&".join(texts)
    except UnicodeEncodeError:
        raise InvalidValueError(
            "A query value holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None


def form_fields(values: Mapping[str, object], is_whole: Callable[[object], bool]) -> Iterator[tuple[str, object]]:
    """The fields of a form by name, as axios names them; null and undefined are left out.

    A list of single values is `a[]` each, any other `a[0]`, `a[0][k]`; an object `a[k]`. What `is_whole` is one field,
    also if it holds others; a name that ends in `{}` takes a value as JSON.
    """
    for name, value in values.items():
        if value is None or value is UNDEFINED:
            continue
        if is_whole(value):
            yield name, value
        elif name.endswith("{}") and isinstance(value, (Mapping, list, tuple)):
            yield name, json_text(value)
        elif isinstance(value, (list, tuple)) and not any(_is_nested(entry, is_whole) for entry in value):
            listed = f"{name.removesuffix('[]')}[]"
            yield from ((listed, entry) for entry in value if entry is not None and entry is not UNDEFINED)
        else:
            yield from _inner_fields(name, value, is_whole)


def _is_nested(value: object, is_whole: Callable[[object], bool]) -> bool:
    return isinstance(value, (Mapping, list, tuple)) and not is_whole(value)


def _inner_fields(name: str, value: object, is_whole: Callable[[object], bool]) -> Iterator[tuple[str, object]]:
    if not isinstance(value, (Mapping, list, tuple)) or is_whole(value):
        yield name, value
        return
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, entry in entries:
        if entry is not None and entry is not UNDEFINED:
            yield from _inner_fields(f"{name.removesuffix('[]')}[{str(key).removesuffix('[]')}]", entry, is_whole)


def encode_form(values: Mapping[str, object]) -> bytes:
    """A body of type `application/x-www-form-urlencoded` (WHATWG URL section 5.2), a blank as `+`.

    Raises InvalidValueError for text that is not Unicode, and for endless nesting.
    """
    texts: list[str] = []
    try:
        for name, value in form_fields(values, lambda held: isinstance(held, SelfWritten)):
            texts += (
                value.query("") if isinstance(value, SelfWritten) else [f"{_plus(name)}={_plus(scalar_text(value))}"]
            )
    except RecursionError:
        raise InvalidValueError("The form is nested too deeply to send.") from None
    except UnicodeEncodeError:
        raise InvalidValueError(
            "A value of the form holds half of a surrogate pair, which cannot be sent.",
            hint="Mend the text's encoding.",
        ) from None
    return "&".join(texts).encode("ascii")


def _plus(text: str) -> str:
    # WHATWG's set of letters, which is not Python's: `~` is escaped and `*` is not.
    return quote_plus(text, safe="*").replace("~", "%7E")


def encode_text(text: str) -> bytes:
    """A body of text in UTF-8. Raises InvalidValueError for text that is not Unicode."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The body holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None


def plain_json(value: object) -> object:
    """`value` as `JSON.stringify` sees it: undefined members gone, undefined and NaN in lists null, dates as text."""
    if isinstance(value, Mapping):
        return {str(k): plain_json(v) for k, v in value.items() if v is not UNDEFINED}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        # JavaScript writes 1.0 as 1, and numbers from 1e21 on with an exponent (ECMA-262 Number::toString).
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, datetime):
        return iso_text(value)
    return None if value is UNDEFINED else value


def json_text(value: object) -> str:
    """`value` as JSON without blanks, not escaped beyond need.

    Raises InvalidValueError for endless nesting and for what is not JSON.
    """
    try:
        return json.dumps(plain_json(value), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise InvalidValueError("The value is nested too deeply to send.") from None
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(
            f"The value holds something that is not JSON: {fault}.",
            hint="Send text, numbers, true, false, null, lists and objects of these only.",
        ) from None


def encode_json(value: object) -> bytes:
    """A JSON body in UTF-8, without blanks.

    Raises InvalidValueError for text that is not Unicode, and as `json_text` does.
    """
    return encode_text(json_text(value))
