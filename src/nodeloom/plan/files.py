"""Files that a request carries: binary data of the item, by its name, or given as data."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from nodeloom.errors import InvalidValueError, nearest
from nodeloom.expression import Scope


def file_of(value: Any, scope: Scope) -> dict[str, Any]:
    """The binary data `value` stands for: `{data, mimeType, fileName}` as it is, or the item's data of that name.

    Raises InvalidValueError when the item has none of that name, with the nearest.
    """
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


def bytes_of(value: Any, scope: Scope) -> bytes:
    """The bytes of the file `value` stands for. Raises InvalidValueError when there is none or it is no base64."""
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(file_of(value, scope)["data"], validate=True)
    except (binascii.Error, KeyError):
        raise InvalidValueError(
            "The file is not base64.", hint="Binary data of an item is base64 text under data."
        ) from None
