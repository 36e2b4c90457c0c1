"""What header fields of an answer say; every room that looks into one reads it here.

The grammar is RFC 9110's (sections 5.6 and 8), that of file names RFC 6266's and RFC 8187's. What a field says in
another way than its grammar is read as far as it is plain, since services are careless; else it says nothing.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

# A parameter, whose value is a quoted string, ended or not, or goes on to the next semicolon.
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*(?:=\s*(?:"((?:[^"\\]++|\\.)*+)"?[^;]*|([^;]*)))?', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# A service that writes a Windows path between the quotes escapes these two at most.
_ESCAPED_IN_PATH = re.compile(r'\\(["\\])')
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:|\\|\.\.?)\\")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ELEMENT = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\.)*+"?)++', re.DOTALL)
_EXTENDED = re.compile(r"([^']*)'[^']*'(.*)", re.DOTALL)
# RFC 8187 asks for the first; older services use the others.
_NAME_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "latin-1", "us-ascii": "ascii"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SECONDS = re.compile(r"\d+(?:\.\d*)?", re.ASCII)
_KEEP_ALIVE = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?(\d{1,9})", re.ASCII | re.IGNORECASE)
_MOST_SECONDS = 1e9


def is_token(text: str) -> bool:
    """Whether `text` can be the name of a field or cookie, a method or a scheme (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def is_not_sent(value: object) -> bool:
    """Whether no header field is sent for `value`: null, false or an empty list, as in axios, which n8n uses."""
    return value is None or value is False or value == []


def list_members(field: str) -> list[str]:
    """The elements of a list (RFC 9110 section 5.6.1), without empty ones; a comma between quotes parts nothing."""
    return [text for match in _ELEMENT.finditer(field) if (text := match[0].strip())]


def parameters(field: str) -> dict[str, str]:
    """The parameters of a field such as `Content-Type`, by their names in lower case; of two the first counts."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(_head_and_rest(field)[1]):
        found.setdefault(name.lower(), _unescape(quoted) if quoted else plain.strip())
    return found


def _unescape(quoted: str) -> str:
    """What stands between two quotes (RFC 9110 section 5.6.4)."""
    return (_ESCAPED_IN_PATH if _WINDOWS_PATH.match(quoted) else _ESCAPED).sub(r"\1", quoted)


def _head_and_rest(field: str) -> tuple[str, str]:
    head, semicolon, rest = field.partition(";")
    return head.strip(), semicolon + rest


@functools.lru_cache(maxsize=256)
def media_type(field: str) -> str:
    """The media type of a `Content-Type`, without parameters and in lower case; empty if the field is missing.

    Where the field was sent more than once the first counts.
    """
    return next(iter(list_members(_head_and_rest(field)[0])), "").lower()


@functools.lru_cache(maxsize=256)
def charset(field: str) -> str:
    """The charset that a `Content-Type` names, in lower case; empty if it does not name one."""
    # Where the field was sent more than once, the next one follows a comma.
    return parameters(field).get("charset", "").partition(",")[0].strip().strip("'\"").lower()


class Disposition(NamedTuple):
    """What a `Content-Disposition` says: its kind in lower case, and the file's name without folders, if any."""

    kind: str
    name: str | None


def disposition(field: str) -> Disposition:
    """A `Content-Disposition` (RFC 6266); `filename*` goes before `filename`, and folders in a name are left out."""
    head = _head_and_rest(field)[0].lower()
    given = parameters(field)
    name = _decode_extended(given.get("filename*", "")) or given.get("filename", "")
    return Disposition(head.partition(",")[0].strip(), _file_name(name))


def _decode_extended(text: str) -> str:
    """A value as RFC 8187 writes it, `UTF-8''%e2%82%ac`; empty if it is not one."""
    match = _EXTENDED.fullmatch(text)
    known = _NAME_CHARSETS.get(match[1].strip().lower()) if match else None
    if match is None or known is None:
        return ""
    try:
        return unquote_to_bytes(match[2]).decode(known)
    except UnicodeError:
        return ""


def _file_name(text: str) -> str | None:
    name = _CONTROLS.sub("", text).replace("\\", "/").rpartition("/")[2].strip()
    return None if name in ("", ".", "..") else name


def retry_after(field: str, now: datetime | None = None) -> float | None:
    """The seconds that a `Retry-After` asks to wait (RFC 9110 section 10.2.3); None if it does not say.

    It is a number, which some services write with a fraction, or a date; a date that is over asks for none. More than
    31 years are that.
    """
    text = field.strip()
    match = _SECONDS.match(text)
    if match is not None and text[match.end() :].lstrip()[:1] in ("", ","):
        return min(float(match[0]), _MOST_SECONDS)
    from email.utils import parsedate_to_datetime  # here, since few answers have one

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        # ANSI C's form names no zone; every date of HTTP is in UTC (RFC 9110 section 5.6.7).
        date = date.replace(tzinfo=UTC)
    return min(max(0.0, (date - (now or datetime.now(UTC))).total_seconds()), _MOST_SECONDS)


def keep_alive_seconds(field: str) -> float | None:
    """How long the service keeps an idle connection, by its `Keep-Alive: timeout=5`; None if it does not say."""
    match = _KEEP_ALIVE.search(field)
    return float(match[1]) if match else None
