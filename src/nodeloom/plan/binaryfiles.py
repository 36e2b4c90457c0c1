"""Files that a request carries: binary data of the item, by its name, or given as data."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from fnmatch import fnmatchcase

from nodeloom.errors import InvalidValueError, nearest
from nodeloom.expression import Scope
from nodeloom.plan.styles import structure
from nodeloom.values import Json, JsonObject


def file_of(value: object, scope: Scope) -> JsonObject:
    """The binary data `value` stands for: `{data, mimeType, fileName}` as it is, or the item's data of that name.

    Raises InvalidValueError when the item has none of that name, with the nearest.
    """
    if isinstance(value, bytes):
        return {"data": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping) and isinstance(value.get("data"), str):
        return dict(value)
    held = (scope.cell.item or {}).get("binary") or {}
    if isinstance(value, str) and isinstance(held.get(value), Mapping):
        return dict(held[value])
    close = nearest(value, held) if isinstance(value, str) else None
    known = f"It has: {', '.join(map(repr, held))}." if held else "It has no binary data."
    raise InvalidValueError(
        "The item has no binary data of that name.",
        value=value,
        hint=f"Did you mean {close!r}?" if close else f"{known} Name one, or give an object with data and mimeType.",
    )


def files_of(value: object, scope: Scope) -> list[JsonObject]:
    """As `file_of`, for several: a list of names or data, as JSON too, or names with commas between them."""
    listed = structure(value)
    # A name may hold a comma, so that the whole text is looked for first.
    if isinstance(listed, str) and listed not in ((scope.cell.item or {}).get("binary") or {}):
        listed = [name.strip() for name in listed.split(",")]
    return [file_of(entry, scope) for entry in (listed if isinstance(listed, list) else [listed])]


def content_of(file: Mapping[str, Json]) -> bytes:
    """The bytes of a file. Raises InvalidValueError if they are not base64."""
    try:
        return base64.b64decode(file["data"], validate=True)
    except (binascii.Error, KeyError):
        raise InvalidValueError(
            "The file is not base64.", hint="Binary data of an item is base64 text under data."
        ) from None


def media_type(stated: str | None, file: Mapping[str, Json] | None = None) -> str | None:
    """The media type something is sent as: the file's own where what is `stated` allows it, else the one stated.

    `stated` is one media type, several with commas between them, or a range (RFC 9110 section 12.5.1); None leaves it
    to the file. Raises InvalidValueError where the file is of none that is stated.
    """
    own = str((file or {}).get("mimeType") or "").strip()
    if stated is None:
        return own or None
    ranges = [entry.strip() for entry in stated.split(",") if entry.strip()]
    plain = own.partition(";")[0].strip().lower()
    if plain and any(fnmatchcase(plain, entry.partition(";")[0].strip().lower()) for entry in ranges):
        return own
    if len(ranges) == 1 and "*" not in stated:
        return ranges[0]
    if not plain or file is None:
        return next((entry for entry in ranges if "*" not in entry), "application/octet-stream")
    raise InvalidValueError(
        f"The file is {own}, which the service does not take.", value=own, hint=f"It takes: {', '.join(ranges)}."
    )
