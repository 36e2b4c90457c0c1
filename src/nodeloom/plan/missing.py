"""A required value that is not there: what to tell the author about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodeloom.errors import MissingValueError, nearest
from nodeloom.expression import UNDEFINED, Compiled, Scope


def is_missing(value: Any) -> bool:
    """Whether a required value counts as missing: undefined, null, or empty text."""
    return value is UNDEFINED or value is None or (isinstance(value, str) and not value.strip())


def missing_value(label: str, written: Compiled | None, scope: Scope) -> MissingValueError:
    """The error for a required value that resolved to nothing: the expression, the item's keys, the nearest key."""
    keys = [str(k) for k in _item_json(scope)]
    if written is None or written.static:
        return MissingValueError(f"{label} is missing.", property=label, hint=f"Set {label!r}; it cannot be empty.")
    wanted = next((str(p[1]) for p in written.references if p[0] == "$json" and len(p) > 1), None)
    close = nearest(wanted, keys) if wanted is not None and wanted not in keys else None
    if not keys:
        hint = "The item has no keys."
    else:
        shown = ", ".join(keys[:20]) + (", …" if len(keys) > 20 else "")
        hint = f"The item has the keys: {shown}."
    if close is not None:
        hint += f" Did you mean $json[{close!r}]?" if not close.isidentifier() else f" Did you mean $json.{close}?"
    elif wanted in keys:
        hint += f" Its {wanted} is empty."
    return MissingValueError(
        f"{label} is missing.",
        property=label,
        expression=str(written.source),
        hint=hint,
        keys=keys[:50],
        nearest=close,
    )


def _item_json(scope: Scope) -> Mapping[str, Any]:
    data = scope.json
    return data if isinstance(data, Mapping) else {}
