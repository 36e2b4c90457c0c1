"""The formats of JSON Schema and OpenAPI that a value is held to; any other is a note for people.

Dates and times by RFC 3339 (a time may lack its offset, as OData's does), durations by ISO 8601 as OData and XML Schema
write them, GUIDs by RFC 4122, numbers by the width that OpenAPI's registry of formats names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
# 60 seconds: a leap second (RFC 3339 section 5.7).
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?")
_OFFSET = re.compile(r"[Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]")
_DURATION = re.compile(
    r"[+-]?P(?=[0-9T])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?"
    r"(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_MAIL = re.compile(r"[^\s@]+@[^\s@]+")


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        # Python has no year 0, which RFC 3339 allows.
        return found[1] == "0000"
    return True


def _is_time(text: str) -> bool:
    found = _TIME.match(text)
    return found is not None and (found.end() == len(text) or _OFFSET.fullmatch(text, found.end()) is not None)


def _is_date_time(text: str) -> bool:
    found = _TIME.match(text, 11)
    return (
        text[10:11] in ("T", "t")
        and _is_date(text[:10])
        and found is not None
        and _OFFSET.fullmatch(text, found.end()) is not None
    )


def _is_address(kind: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        # A zone (`fe80::1%eth0`) is a note for one machine, and no part of an address (RFC 4291).
        return "%" not in text

    return check


_TEXTS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "date": (_is_date, "a date such as 2026-01-31"),
    "time": (_is_time, "a time such as 09:30:00"),
    "date-time": (_is_date_time, "a date and time such as 2026-01-31T09:30:00Z"),
    "duration": (lambda text: _DURATION.fullmatch(text) is not None, "a duration such as PT5M"),
    "uuid": (lambda text: _GUID.fullmatch(text) is not None, "a GUID such as 01234567-89ab-cdef-0123-456789abcdef"),
    "email": (lambda text: _MAIL.fullmatch(text) is not None, "an address such as ann@example.com"),
    "ipv4": (_is_address(ipaddress.IPv4Address), "an address such as 192.0.2.1"),
    "ipv6": (_is_address(ipaddress.IPv6Address), "an address such as 2001:db8::1"),
}
_NUMBERS: Mapping[str, range] = {
    **{f"int{bits}": range(-(1 << (bits - 1)), 1 << (bits - 1)) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": range(1 << bits) for bits in (8, 16, 32, 64)},
}
#: The formats that are checked.
FORMATS = frozenset({*_TEXTS, *_NUMBERS})


def fits(value: object, name: str) -> bool:
    """Whether `value` has the format `name`; what a format does not speak of (a number, for `date`) has it."""
    if isinstance(value, str):
        return name not in _TEXTS or _TEXTS[name][0](value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and name in _NUMBERS:
        return _NUMBERS[name].start <= value < _NUMBERS[name].stop
    return True


def wanted(name: str) -> str:
    """What fits the format `name`, in words."""
    if name in _TEXTS:
        return _TEXTS[name][1]
    allowed = _NUMBERS[name]
    return f"a number from {allowed.start} to {allowed.stop - 1}"
