"""Values brought to the type that a property asks for, or refused: n8n's `validateType`.

What a number, a boolean, a list or a date is follows JavaScript, as in n8n's `validateFieldType`; null and undefined
are undefined. As in n8n only a property of the form itself is held to its type, and what a collection holds where the
collection is sent whole: a member that is sent by itself stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope, compile_value
from nodeloom.jsonreading import ANY_JSON
from nodeloom.plan.formfields import described_fields
from nodeloom.plan.objecttext import object_of
from nodeloom.plan.unfit import Unfit
from nodeloom.plan.wire import json_text, number_of, scalar_text

Read = Callable[[object], object]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?([-+][0-9]{4})?([-+][0-9]{1,2}(:[0-9]{2})?)?")
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.+/=-]*")
_RADIX = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_HOST = re.compile(r"[^\s<>\"{}|\\^`%#?/@]+")
_SCHEMES = frozenset({"http", "https", "ftp", "file"})

# The texts of dates that luxon reads, and those that JavaScript does; the offset that is written is kept.
_DATE = """={{ ((value) => {
  if (DateTime.isDateTime(value) && value.isValid) return value;
  const dates = value instanceof Date ? [DateTime.fromJSDate(value)] : [];
  const text = String(value).trim();
  const kept = { setZone: true };
  dates.push(DateTime.fromISO(text, kept), DateTime.fromHTTP(text, kept), DateTime.fromRFC2822(text, kept));
  dates.push(DateTime.fromSQL(text, kept), DateTime.fromMillis(Date.parse(text)));
  return dates.find((date) => date.isValid) ?? null;
})($value) }}"""


class Coercion:
    """Brings the values of one property to the type it asks for."""

    def __init__(self, prop: PropertyDescriptor, members: Mapping[str, PropertyDescriptor]) -> None:
        self._prop = prop
        self._members = members
        types = [held.validate_type for held in (prop, *members.values()) if _asks(held)]
        # Compiled with the plan, so that what needs JavaScript is refused with it.
        dated = any(t is not None and t.lower() == "datetime" for t in types)
        self._date = compile_value(_DATE, dialect="n8n", property="validateType") if dated else None

    def apply(self, value: object, scope: Scope) -> object:
        """`value` as the property asks for it. Raises InvalidValueError for a value that is not of the type."""
        if not self._members:
            return self._to_type(self._prop, value, scope)
        if isinstance(value, list):
            return [self._entry(entry, scope) for entry in value]
        return self._entry(value, scope)

    def _entry(self, entry: object, scope: Scope) -> object:
        if not isinstance(entry, Mapping):
            return entry
        return {
            name: self._to_type(self._members[name], held, scope) if name in self._members else held
            for name, held in entry.items()
        }

    def _to_type(self, prop: PropertyDescriptor, value: object, scope: Scope) -> object:
        if value is None or value is UNDEFINED:
            return UNDEFINED
        kind = str(prop.validate_type).lower()
        try:
            if kind == "datetime" and self._date is not None:
                return _date_of(self._date, value, scope)
            if kind == "options":
                return _choice_of(prop, value)
            read = _READERS.get(kind)
            return value if read is None else read(value)
        except Unfit as wanted:
            raise InvalidValueError(
                f"{prop.label} is not {wanted}.", property=prop.label, value=value, hint=f"Give {wanted}."
            ) from None


def coercion_of(prop: PropertyDescriptor) -> Coercion | None:
    """What a property's value is brought to its type by; None where any value is as it is."""
    if prop.type == "collection" and not prop.validate_type:
        members = {child.name: child for child in prop.children() if _asks(child)}
        return Coercion(prop, members) if members else None
    return Coercion(prop, {}) if _asks(prop) else None


def _asks(prop: PropertyDescriptor) -> bool:
    return bool(prop.validate_type) and not prop.model_extra.get("ignoreValidationDuringExecution")


def _date_of(template: Compiled, value: object, scope: Scope) -> object:
    found = template.resolve(scope.extend({"$value": value}))
    if not isinstance(found, datetime):
        raise Unfit("a date, such as 2026-01-31T09:30:00Z")
    return found


def _choice_of(prop: PropertyDescriptor, value: object) -> object:
    values = [option.value for option in prop.choices()]
    if not any(value == known and isinstance(value, bool) == isinstance(known, bool) for known in values):
        raise Unfit(
            f"one of {', '.join(map(repr, values[:12]))}" if values else "one of its choices, of which it has none"
        )
    return value


def _text(value: object) -> str:
    """JavaScript's `String(value)`."""
    return scalar_text(value, objects=True)


def _number(value: object) -> int | float:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    text = _text(value).strip() if not isinstance(value, (bool, int, float)) else ""
    if _RADIX.fullmatch(text):
        return int(text, 0)
    number = (
        math.inf if text.removeprefix("+") == "Infinity" else -math.inf if text == "-Infinity" else number_of(value)
    )
    if isinstance(value, (list, tuple)):
        number = number_of(text)
    if number != number:
        raise Unfit("a number")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not (isinstance(value, str) and not value.strip()):
        try:
            number = _number(value)
        except Unfit:
            number = -1
        if number in (0, 1):
            return number == 1
    raise Unfit("true or false")


def _array(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    text = _text(value)
    # n8n reads a list in single quotes as well.
    for written in (text, text.replace("'", '"')):
        try:
            found = ANY_JSON.read(written)
        except ValueError:
            continue
        if isinstance(found, list):
            return found
    raise Unfit('a list, such as ["a", "b"]')


def _object(value: object) -> object:
    if isinstance(value, (Mapping, datetime)):
        return value
    return object_of(_text(value))


def _time(value: object) -> str:
    text = _text(value)
    if _TIME.fullmatch(text) is None:
        raise Unfit("a time, such as 09:30 or 09:30:00")
    return text


def _name(value: object) -> str:
    text = json_text(value) if isinstance(value, (Mapping, list, tuple)) else _text(value)
    if _NAME.fullmatch(text) is None:
        raise Unfit("a name of letters, digits and underscores that begins with no digit")
    return text


def _url(value: object) -> str:
    text = _text(value)
    # n8n takes an address without its scheme, too.
    if isinstance(value, str) and "://" not in value:
        text = f"https://{value}"
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
        fits = parts.scheme.lower() in _SCHEMES and (_HOST.fullmatch(host) is not None or parts.scheme == "file")
    except ValueError:
        fits = False
    if not fits:
        raise Unfit("an address, such as https://example.com/path")
    return text


def _jwt(value: object) -> str:
    if _JWT.fullmatch(_text(value)) is None:
        raise Unfit("a JSON Web Token")
    return _text(value)


def _binary(value: object) -> object:
    if not isinstance(value, Mapping) or "mimeType" not in value or not {"data", "id"} & value.keys():
        raise Unfit("binary data, an object with mimeType and data")
    return value


_READERS: Mapping[str, Read] = {
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
    "time": _time,
    "string-alphanumeric": _name,
    "url": _url,
    "jwt": _jwt,
    "binary": _binary,
    "form-fields": described_fields,
}
