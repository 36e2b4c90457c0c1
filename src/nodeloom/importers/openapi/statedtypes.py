"""The type that a schema states, and the choices it gives as values of that type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from nodeloom.importers.openapi.document import Part
from nodeloom.values import Json

Kind = Literal["string", "integer", "number", "boolean", "array", "object", "scalar", "any"]
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
SCALARS = ("string", "integer", "number", "boolean")


def read_types(part: Part) -> tuple[list[str], bool]:
    """The types a schema names, null aside, and whether it may be null."""
    written = part.value.get("type")
    listed = written if isinstance(written, list) else [] if written is None else [written]
    if any(not isinstance(t, str) for t in listed):
        raise part.child("type").broken(
            "The type is not a text.", "Write string, number, integer, boolean, array or object."
        )
    nullable = part.value.get("nullable") is True or part.value.get("x-nullable") is True or "null" in listed
    return [t for t in listed if t != "null"], nullable


def read_choices(part: Part) -> list[Json] | None:
    """The values of `const` or `enum`; None if any value will do."""
    # JSON Schema 2020-12, 6.1.3: the same as an enum of one.
    if "const" in part.value:
        return [part.value["const"]]
    found = part.get("enum")
    return None if found is None else [entry.value for entry in found.items()]


def fit_choices(part: Part, kind: Kind, enum: list[Json]) -> list[Json] | None:
    """The choices as values of the schema's type; None, and a doubt, if one of them cannot be of that type.

    YAML reads `enum: [1, 2]` as numbers though the type may be string, and people write `["1", "2"]` for integers.
    """
    if kind not in SCALARS:
        fits = kind in ("scalar", "any") or all(v is None or json_kind_of(v) == "any" for v in enum)
        if not fits:
            part.doubt("enum", f"The choices are not of the type {kind}")
        return enum if fits else None
    found = [v if v is None else _as_kind(kind, v) for v in enum]
    if _MISFIT in found:
        part.doubt("enum", f"A choice is not of the type {kind}")
        return None
    return found


_MISFIT = object()


def _as_kind(kind: Kind, value: Json) -> object:
    """`value` as one of `kind`, if it is written as another kind and can only mean that."""
    own = json_kind_of(value)
    if own == kind or (kind == "number" and own == "integer"):
        return value
    # JSON's spelling: Python would write True.
    if kind == "string" and own in ("integer", "boolean"):
        return str(value).lower()
    if own == "string" and kind == "integer" and _WHOLE.fullmatch(value):
        return int(value)
    if own == "string" and kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "integer" and own == "number" and value.is_integer():
        return int(value)
    return _MISFIT


def read_required(part: Part) -> Iterator[str]:
    """The names of the members that must be there."""
    found = part.get("required")
    # Swagger 2 and hand-written files have `required: true` on a member; it says nothing about members here.
    if found is not None and not isinstance(found.value, bool):
        for entry in found.items():
            if not isinstance(entry.value, str):
                raise entry.broken("A required member's name is not a text.", "Put it in quotes.")
            yield entry.value


def settle_kind(types: list[str], schema: Mapping[str, Json], enum: list[Json] | None) -> Kind:
    """The kind of a schema's values: by its types, else by the keywords that speak of one kind, else by its choices."""
    if types == ["file"]:
        return "string"
    if len(types) == 1 and types[0] in (*SCALARS, "array", "object"):
        return types[0]  # type: ignore[return-value]
    if len(types) > 1:
        return "number" if set(types) == {"integer", "number"} else "scalar" if set(types) <= set(SCALARS) else "any"
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    if enum is not None:
        kinds = {json_kind_of(v) for v in enum if v is not None}
        return kinds.pop() if len(kinds) == 1 else "scalar"
    return "any"


def json_kind_of(value: Json) -> Kind:
    """The kind of a choice; "any" for null, a list or an object."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "string" if isinstance(value, str) else "any"
