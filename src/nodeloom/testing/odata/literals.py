"""OData's primitive literals, as they stand in keys, function arguments and filters (OData ABNF 4.01).

A string is quoted with `'`, a quote inside it is doubled. Everything else is bare: `null`, `true`, `-3`, `2.5`,
`2f3b…-…` (a GUID), `2026-01-31`, `2026-01-31T10:00:00Z`, `10:00:00`, `duration'PT5M'`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

Value = None | bool | int | Decimal | float | str | UUID | date | datetime | time | timedelta

_STRING = re.compile(r"'((?:[^']|'')*)'")
_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
_TIME_OF_DAY = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"
_DURATION = r"duration'-?P(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?'"
# The order decides: a GUID or a date may begin as a number does.
_BARE = re.compile(
    rf"(?P<guid>{_GUID})|(?P<datetime>{_DATE}{_TIME})|(?P<date>{_DATE})"
    rf"|(?P<time>{_TIME_OF_DAY})|(?P<duration>{_DURATION})"
    r"|(?P<decimal>[+-]?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+))"
    r"|(?P<integer>[+-]?[0-9]+)"
    r"|(?P<word>null|true|false|NaN|-?INF)"
)
_FOLLOWED_BY = re.compile(r"[A-Za-z0-9_.:'\-]")
_PARTS_OF_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>[\d.]+)S)?)?$"
)
_MAX_DIGITS = 40
_WORDS: dict[str, Value] = {
    "null": None,
    "true": True,
    "false": False,
    "NaN": float("nan"),
    "INF": float("inf"),
    "-INF": float("-inf"),
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value read at some place of a text; `end` is the position after it."""

    value: Value
    end: int


def read_literal(text: str, start: int = 0) -> Literal | None:
    """The literal at `start`, or None if a name or other text is there. Raises ValueError on a broken one."""
    if text.startswith("'", start):
        match = _STRING.match(text, start)
        if match is None:
            raise ValueError(f"The string that begins at position {start} has no closing quote.")
        return Literal(match[1].replace("''", "'"), match.end())
    match = _BARE.match(text, start)
    # `2a` or `null-1` is a name that begins like a literal.
    if match is None or _FOLLOWED_BY.match(text, match.end()):
        return None
    return Literal(_value(match), match.end())


def _value(match: re.Match[str]) -> Value:
    kind, text = match.lastgroup, match[0]
    match kind:
        case "guid":
            return UUID(text)
        case "datetime":
            return parse_datetime(text)
        case "date":
            return date.fromisoformat(text)
        case "time":
            return parse_time(text)
        case "duration":
            return parse_duration(text.removeprefix("duration").strip("'"))
        case "decimal" | "integer":
            # Python takes quadratic time to read a long number.
            if len(text) > _MAX_DIGITS:
                raise ValueError(f"The number at position {match.start()} has more than {_MAX_DIGITS} digits.")
            return Decimal(text) if kind == "decimal" else int(text)
        case _:
            return _WORDS[text]


def parse_datetime(text: str) -> datetime:
    """An Edm.DateTimeOffset; raises ValueError. Fractions below a microsecond are cut, as Python's times end there."""
    match = re.fullmatch(rf"({_DATE})T([0-9:]+)(?:\.([0-9]{{1,12}}))?(Z|[+-][0-9]{{2}}:[0-9]{{2}})", text)
    if match is None:
        raise ValueError(f"{text!r} is not a date and time with an offset.")
    day, clock, fraction, offset = match.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
    if offset == "Z":
        return moment.replace(tzinfo=UTC)
    sign = -1 if offset[0] == "-" else 1
    return moment.replace(tzinfo=timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))))


def parse_time(text: str) -> time:
    """An Edm.TimeOfDay such as `09:30:00`; raises ValueError. Fractions below a microsecond are cut."""
    if not re.fullmatch(_TIME_OF_DAY, text):
        raise ValueError(f"{text!r} is not a time of day.")
    clock, _, fraction = text.partition(".")
    return time.fromisoformat(clock).replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))


def parse_duration(text: str) -> timedelta:
    """An Edm.Duration such as `PT5M` or `-P1DT2H`; raises ValueError."""
    match = _PARTS_OF_DURATION.match(text)
    if match is None or text[-1] in "PT":
        raise ValueError(f"{text!r} is not a duration.")
    parts = {k: float(v or 0) for k, v in match.groupdict().items() if k != "sign"}
    try:
        return timedelta(**parts) * (-1 if match["sign"] else 1)
    except OverflowError:
        raise ValueError(f"The duration {text!r} is too long.") from None


def quote_literal(value: Value) -> str:
    """`value` as an OData literal, ready to stand in a URL path: strings quoted, `'` doubled, percent-encoded."""
    return quote(literal_text(value), safe="")


def literal_text(value: Value) -> str:
    """`value` as an OData literal, not yet percent-encoded."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"duration'{_duration_text(value)}'"
        case float():
            return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(str(value), repr(value))
        case _:
            return str(value)


def _duration_text(value: timedelta) -> str:
    microseconds = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    sign = "-" if value < timedelta() else ""
    return f"{sign}P{days}DT{seconds}.{fraction:06}S"
