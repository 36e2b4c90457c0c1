"""How values cross between Python and the JavaScript engine: as JSON text.

A value that JSON does not have travels as `{Tag.KEY: [tag, content]}`, and text that holds such tags begins with
`Tag.TAGGED`. Text is pure ASCII, so that single surrogates cross unharmed.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from nodeloom.errors import ExpressionError
from nodeloom.jsonwriting import json_writer
from nodeloom.values import UNDEFINED, ZonedDateTime
from nodeloom.valuewords import kind_of


class Tag:
    """What stands for a value that JSON does not have. core.js is given these names (`modules.boot_sources`)."""

    KEY = "\0"  # the one key of the object that stands for such a value
    TAGGED = "!"  # the first letter of a text that has such an object in it

    NUMBER = "number"  # NaN, Infinity, -Infinity and -0, as text
    BIGINT = "bigint"  # its digits
    UNDEFINED = "undefined"
    DATE = "date"  # milliseconds since 1970, null for an invalid date
    DATETIME = "datetime"  # into JavaScript [milliseconds, zone], out of it [milliseconds, zone or null, offset]
    TEXT = "text"  # what has a text of its own: a Duration
    OBJECT = "object"  # entries, of an object that has Tag.KEY for a key itself
    REFUSED = "refused"  # never written: making its content fails


_SAFE_INTEGER = 2**53
_DAY_MINUTES = 24 * 60

_plain = json_writer(allow_nan=False)


def encode(value: object) -> str:
    """`value` as text for the engine.

    Raises:
        ExpressionError: `value` holds something that is neither JSON nor a date.
    """
    try:
        return _plain(value)
    except (TypeError, ValueError, RecursionError):
        pass  # not plain JSON, or too deep; what it is shows below
    try:
        return Tag.TAGGED + _plain(_tag_values(value))
    except (TypeError, ValueError, RecursionError) as fault:
        raise ExpressionError("The data is not JSON, so JavaScript cannot read it.", value=str(fault)) from None


def _tag_values(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return {Tag.KEY: [Tag.NUMBER, "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"]}
    if isinstance(value, ZonedDateTime):
        return {Tag.KEY: [Tag.DATETIME, [value.timestamp() * 1000, _zone_name(value)]]}
    if isinstance(value, datetime.datetime):
        return {Tag.KEY: [Tag.DATE, value.timestamp() * 1000]}
    if isinstance(value, datetime.date):
        return value.isoformat()
    if value is UNDEFINED:
        return {Tag.KEY: [Tag.UNDEFINED]}
    if isinstance(value, Mapping):
        tagged = {str(k): _tag_values(v) for k, v in value.items()}
        return {Tag.KEY: [Tag.OBJECT, list(tagged.items())]} if Tag.KEY in tagged else tagged
    if isinstance(value, (list, tuple)):
        return [_tag_values(v) for v in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(kind_of(value))


def decode(text: str) -> Any:
    """The value whose text the engine gave.

    Raises:
        ExpressionError: Python does not have such a value.
    """
    try:
        return json.loads(text, object_pairs_hook=_read_object) if "\\u0000" in text else json.loads(text)
    except (RecursionError, OverflowError, ValueError, TypeError, KeyError):
        # ValueError: a year that dates do not have, a BigInt longer than Python reads (sys.get_int_max_str_digits).
        # TypeError, KeyError: a tag that core.js does not write.
        raise ExpressionError("The result is nested too deeply, or holds a date or number out of range.") from None


def number(value: float) -> int | float:
    """A JavaScript number as Python has it: whole ones within the safe range as int."""
    if (
        isinstance(value, int)
        or not value.is_integer()
        or abs(value) > _SAFE_INTEGER
        or (value == 0 and math.copysign(1, value) < 0)
    ):
        return value
    return int(value)


def _read_object(pairs: list[tuple[str, Any]]) -> object:
    if len(pairs) == 1 and pairs[0][0] == Tag.KEY:
        kind, *content = pairs[0][1]
        return _UNTAG[kind](content[0] if content else None)
    return dict(pairs)


def _read_date(milliseconds: float | None) -> object:
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(milliseconds=milliseconds)


def _read_datetime(content: list[Any] | None) -> object:
    """A luxon DateTime: `[milliseconds, zone name or null, offset in minutes]`."""
    if content is None:
        return None
    milliseconds, zone, offset = content
    instant = _read_date(milliseconds)
    if not isinstance(instant, datetime.datetime):
        return None
    return ZonedDateTime.of(instant.astimezone(_zone(zone, offset)))


def _zone_name(value: datetime.datetime) -> str:
    """The zone of `value` as luxon knows it: by its name, or as an offset such as `UTC+02:00`."""
    zone = value.tzinfo
    named = getattr(zone, "key", None)
    if isinstance(named, str):
        return named
    minutes = round((value.utcoffset() or datetime.timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" if minutes == 0 else f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _zone(name: str | None, offset: float | None) -> datetime.tzinfo:
    if name == "UTC":
        return datetime.UTC
    if name is not None:
        import zoneinfo

        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            pass  # the zone's rule is gone, its offset at that instant is still known
    if offset is None or abs(offset) >= _DAY_MINUTES:
        return datetime.UTC  # no offset that Python has; the instant is what counts
    return datetime.timezone(datetime.timedelta(minutes=offset))


_UNTAG: dict[str, Callable[[Any], object]] = {
    Tag.NUMBER: float,
    Tag.BIGINT: int,
    Tag.UNDEFINED: lambda _: UNDEFINED,
    Tag.DATE: _read_date,
    Tag.DATETIME: _read_datetime,
    Tag.TEXT: lambda content: content,
    Tag.OBJECT: dict,
}
