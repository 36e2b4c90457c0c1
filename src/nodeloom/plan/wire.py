"""Queries and bodies as text and bytes.

Queries follow the `qs` library, which n8n's descriptors are written for; JSON follows JavaScript's `JSON.stringify`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.text import number_text

ARRAY_FORMATS = ("indices", "brackets", "repeat", "comma")


def iso_text(value: datetime) -> str:
    """A date as JavaScript's `toISOString` writes it: UTC, milliseconds, `Z`."""
    instant = value.astimezone(UTC)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def scalar_text(value: Any) -> str:
    """A scalar as JavaScript's `String(value)`, null as empty (as `qs` does)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, datetime):
        return iso_text(value)
    return str(value)


def _pairs(key: str, value: Any, array_format: str) -> Iterator[tuple[str, str]]:
    if value is UNDEFINED:
        return
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _pairs(f"{key}[{name}]", member, array_format)
    elif isinstance(value, (list, tuple)):
        if array_format == "comma":
            texts = [scalar_text(v) for v in value if v is not UNDEFINED]
            if texts:
                yield key, ",".join(texts)
            return
        for index, member in enumerate(value):
            name = {"indices": f"{key}[{index}]", "brackets": f"{key}[]"}.get(array_format, key)
            yield from _pairs(name, member, array_format)
    else:
        yield key, scalar_text(value)


def query_pairs(values: Mapping[str, Any], array_format: str = "indices") -> list[tuple[str, str]]:
    """The query as name and value pairs, in order; undefined is left out, an empty list too."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        found.extend(_pairs(key, value, array_format))
    return found


def encode_query(values: Mapping[str, Any], array_format: str = "indices") -> str:
    """The query string, without `?`; percent-encoded by RFC 3986, space as `%20`."""
    try:
        return "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query_pairs(values, array_format)
        )
    except UnicodeEncodeError:
        raise InvalidValueError(
            "A query value holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None


def encode_form(values: Mapping[str, Any]) -> bytes:
    """A body of type `application/x-www-form-urlencoded`."""
    return encode_query(values).encode("ascii")


def plain_json(value: Any) -> Any:
    """`value` as `JSON.stringify` sees it: undefined members gone, undefined and NaN in lists null, dates as text."""
    if isinstance(value, Mapping):
        return {str(k): plain_json(v) for k, v in value.items() if v is not UNDEFINED}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, datetime):
        return iso_text(value)
    return None if value is UNDEFINED else value


def encode_json(value: Any) -> bytes:
    """A JSON body in UTF-8, without blanks. Raises InvalidValueError for text that is no Unicode, or endless nesting."""
    try:
        return json.dumps(plain_json(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidValueError(
            "The body holds half of a surrogate pair, which cannot be sent.", hint="Mend the text's encoding."
        ) from None
    except RecursionError:
        raise InvalidValueError("The body is nested too deeply to send.") from None
    except TypeError as fault:
        raise InvalidValueError(f"The body holds something that is no JSON: {fault}.") from None
