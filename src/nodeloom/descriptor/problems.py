"""What is wrong with a document, in words a descriptor's author can act on: pydantic's and jsonschema's findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodeloom.descriptor.misspelling import typo_of
from nodeloom.errors import nearest, preview
from nodeloom.values import Json, JsonObject
from nodeloom.valuewords import kind_of

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError as SchemaFault
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document.

    Args:
        path: where, as a JSON path.
        message: what.
        value: the piece itself, shortened.
        hint: what would be right.
        line: the line of its file, from 1 on, if the document came from one.
    """

    path: str
    message: str
    value: str | None = None
    hint: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.message}"]
        if self.line is not None:
            lines.append(f"    line:  {self.line}")
        if self.value is not None:
            lines.append(f"    found: {self.value}")
        if self.hint is not None:
            lines.append(f"    hint:  {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> JsonObject:
        """The problem as JSON."""
        pairs = {
            "path": self.path,
            "message": self.message,
            "value": self.value,
            "hint": self.hint,
            "line": self.line,
        }
        return {k: v for k, v in pairs.items() if v is not None}


def json_path(keys: Sequence[str | int]) -> str:
    """A JSON path such as `$.properties[3].name`; keys that are not plain names are quoted (RFC 9535)."""
    parts = ["$"]
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key and key.replace("_", "a").isalnum() and not key[0].isdigit():
            parts.append(f".{key}")
        else:
            escaped = key.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)


def misspelt(at: Keys, key: str, meant: str, value: Json) -> Problem:
    """The problem of an unknown key that is almost a known one."""
    return Problem(json_path((*at, key)), f"unknown key {key!r}.", preview(value), f"Did you mean {meant!r}?")


def wrong_type(at: Keys, types: Iterable[str], value: Json) -> Problem:
    """The problem of a value of another type than `types` (names of JSON Schema)."""
    wanted = _words([_TYPES.get(t, t) for t in dict.fromkeys(types)])
    return Problem(
        json_path(at), f"{_name_of(value)} stands where {wanted} is wanted.", preview(value), f"Write {wanted}."
    )


def problems_of(fault: ValidationError, raw: Json) -> list[Problem]:
    """A pydantic error as problems with JSON paths into `raw`: one for each place, the innermost of a union's."""
    types: dict[Keys, list[str]] = {}
    others: dict[Keys, Problem] = {}
    for detail in fault.errors(include_url=False):
        at, found = _locate(raw, detail)
        if (kind := _PYDANTIC_TYPES.get(detail["type"])) is not None:
            types.setdefault(at, []).append(kind)
        else:
            others.setdefault(at, _problem(detail, at, found))
    places = [*types, *others]
    problems = [
        others[at] if at in others else wrong_type(at, types[at], _at(raw, at))
        for at in dict.fromkeys(places)
        # A union complains at its own place about the branches that were not meant.
        if at in others or not any(inner[: len(at)] == at and inner != at for inner in places)
    ]
    # pydantic reports by its models; a reader goes through the document from its top.
    order = {path: index for index, path in enumerate(_paths(raw))}
    return sorted(problems, key=lambda p: order.get(p.path, len(order)))


def problem_of_schema(fault: SchemaFault) -> Problem:
    """A jsonschema error as a problem."""
    at: Keys = tuple(fault.absolute_path)
    value: Json = fault.instance
    wanted: Json = fault.validator_value
    schema: Json = fault.schema
    hint = schema.get("description") if isinstance(schema, Mapping) else None
    match fault.validator:
        case "type":
            return wrong_type(at, [wanted] if isinstance(wanted, str) else wanted, value)
        case "required":
            name = next(n for n in wanted if n not in value)
            return _missing(at, name, value)
        case "additionalProperties" if isinstance(value, Mapping):
            known = list(schema.get("properties", ()))
            key = next(k for k in value if k not in known)
            meant = nearest(key, [k for k in known if k not in value])
            if meant is not None:
                return misspelt(at, key, meant, value[key])
            return Problem(
                json_path((*at, key)), f"unknown key {key!r}.", preview(value[key]), f"Known: {', '.join(known)}."
            )
        case "enum" | "const":
            allowed = wanted if isinstance(wanted, list) else [wanted]
            return _not_allowed(at, [a if isinstance(a, str) else preview(a) for a in allowed], value)
        case "minimum":
            return Problem(json_path(at), f"the number is less than {wanted}.", preview(value), hint)
        case "minItems":
            return Problem(json_path(at), f"the list has fewer than {wanted} entries.", preview(value), hint)
        case _:
            return Problem(json_path(at), f"{fault.message}.", preview(value), hint)


def _missing(at: Keys, name: str, holder: Json) -> Problem:
    key = typo_of(name, [k for k in holder if isinstance(k, str)]) if isinstance(holder, Mapping) else None
    if key is not None:
        return misspelt(at, key, name, holder[key])
    return Problem(json_path(at), f"{name!r} is missing.", preview(holder), f"Add {name!r}.")


def _not_allowed(at: Keys, allowed: list[str], value: Json) -> Problem:
    listed = ", ".join(map(repr, allowed))
    close = nearest(value, allowed) if isinstance(value, str) else None
    hint = f"Allowed: {listed}." if close is None else f"Did you mean {close!r}? Allowed: {listed}."
    return Problem(json_path(at), f"{preview(value)!r} is not allowed here.", preview(value), hint)


def _problem(detail: ErrorDetails, at: Keys, found: Json) -> Problem:
    if detail["type"] == "missing":
        return _missing(at[:-1], str(at[-1]), found)
    if detail["type"] == "literal_error":
        allowed = str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")
        return _not_allowed(at, [name.strip("'") for name in allowed], found)
    return Problem(json_path(at), f"{detail['msg']}.", preview(found))


def _locate(raw: Json, detail: ErrorDetails) -> tuple[Keys, Json]:
    """Where in the document pydantic's location is (the names of a union's branches left out), and what stands there.

    Of a missing key, the key that would have to be there, and the object that lacks it.
    """
    keys: list[str | int] = []
    found = raw
    location = detail["loc"]
    if detail["type"] == "missing":
        location = location[:-1]
    for key in location:
        if (isinstance(found, Mapping) and key in found) or (
            isinstance(found, list) and isinstance(key, int) and key < len(found)
        ):
            found = found[key]  # type: ignore[index]
            keys.append(key)
    if detail["type"] == "missing":
        keys.append(str(detail["loc"][-1]))
    return tuple(keys), found


def _at(raw: Json, keys: Keys) -> Json:
    for key in keys:
        raw = raw[key]
    return raw


def _paths(raw: Json, at: Keys = ()) -> Iterable[str]:
    """The JSON path of every piece of a document, in document order."""
    yield json_path(at)
    entries = raw.items() if isinstance(raw, Mapping) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in entries:
        yield from _paths(value, (*at, key))


_PYDANTIC_TYPES = {
    "string_type": "string",
    "bool_type": "boolean",
    "int_type": "integer",
    "float_type": "number",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
}
_TYPES = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a number",
    "number": "a number",
    "array": "a list […]",
    "object": "an object {…}",
    "null": "null",
}


def _words(names: list[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def _name_of(value: object) -> str:
    """The kind of a value; of a boolean the value itself, which is as short and says more."""
    return preview(value) if isinstance(value, bool) else kind_of(value)
