"""Whole-document validation, with messages a descriptor's author can act on.

A node or credential type is checked by its model (the published schemas are made from the same models); the other
documents by their JSON Schema in `schemas/`. Loading does not come through here: validating 3,000 properties for
every start would cost more than running them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom.descriptor.files import data_root, read_json
from nodeloom.errors import DescriptorError, nearest, preview

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

KINDS = ("node", "credential", "resource", "node-instance", "items", "run-report")
_TAGS = {"option", "property", "group"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document: where (`path`, a JSON path), what, the piece itself, and what would be right."""

    path: str
    message: str
    value: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.message}"]
        if self.value is not None:
            lines.append(f"    found: {self.value}")
        if self.hint is not None:
            lines.append(f"    hint:  {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, str]:
        """The problem as JSON."""
        pairs = {"path": self.path, "message": self.message, "value": self.value, "hint": self.hint}
        return {k: v for k, v in pairs.items() if v is not None}


def json_path(keys: Sequence[str | int]) -> str:
    """A JSON path such as `$.properties[3].name`; keys that are no plain names are quoted (RFC 9535)."""
    parts = ["$"]
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key.replace("_", "a").isalnum() and not key[0].isdigit():
            parts.append(f".{key}")
        else:
            escaped = key.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)


def kind_of(raw: Any) -> str:
    """Which kind of document `raw` is: one of KINDS. Raises DescriptorError when it is none of them."""
    if isinstance(raw, list):
        return "items"
    if isinstance(raw, Mapping):
        keys = set(raw)
        if "counts" in keys and "nodeloom" in keys:
            return "run-report"
        if "parameters" in keys or ("nodes" in keys and "connections" in keys):
            return "node-instance"
        if "resource" in keys and "properties" in keys and "name" not in keys:
            return "resource"
        if keys & {"authenticate", "token", "extends", "test"} and not keys & {
            "inputs",
            "outputs",
            "requestDefaults",
        }:
            return "credential"
        if keys & {"inputs", "outputs", "requestDefaults", "credentials", "group", "properties"}:
            return "node"
        if nearest("properties", [k for k in keys if isinstance(k, str)]):
            return "node"
        if "json" in keys:
            return "items"
    raise DescriptorError(
        "The document is neither a node, a credential type, a node instance, items nor a run report.",
        path="$",
        value=raw,
        hint="A node has name, displayName and properties. Say which it should be with --kind.",
    )


def validate_document(raw: Any, kind: str) -> list[Problem]:
    """Every problem of `raw` as a document of `kind`, in document order; empty when it is right."""
    model = _models().get(kind)
    if model is None:
        return _schema_problems(raw, kind)
    from pydantic import ValidationError

    try:
        model.model_validate(raw)
    except ValidationError as fault:
        found = problems_of(fault, raw)
    else:
        found = []
    named = {p.path for p in found}
    return found + [p for p in _misspelt(model, raw, ()) if p.path not in named]


def problems_of(fault: ValidationError, raw: Any) -> list[Problem]:
    """A pydantic error as problems with JSON paths into `raw`."""
    return [_problem(detail, raw) for detail in fault.errors(include_url=False)]


@functools.cache
def _models() -> dict[str, type[BaseModel]]:
    from nodeloom.descriptor import models

    return {
        "node": models.NodeDescriptor,
        "credential": models.CredentialType,
        "resource": models.ResourceDocument,
    }


def _problem(detail: ErrorDetails, raw: Any) -> Problem:
    keys, parent = _resolve(raw, detail["loc"])
    if detail["type"] == "missing":
        name = str(keys[-1])
        others = [k for k in parent if isinstance(k, str)] if isinstance(parent, Mapping) else []
        close = _typo(name, others)
        mend = f"Did you mean {name!r} where {close!r} stands?" if close else f"Add {name!r}."
        return Problem(json_path(keys[:-1]), f"{name!r} is missing.", hint=mend)
    return Problem(json_path(keys), f"{detail['msg']}.", preview(detail["input"]), _mend(detail))


def _mend(detail: ErrorDetails) -> str | None:
    """What would be right instead."""
    expected = detail.get("ctx", {}).get("expected")
    if expected:
        allowed = [part.strip().strip("'") for part in str(expected).replace(" or ", ", ").split(",")]
        close = nearest(str(detail["input"]), allowed)
        return f"Did you mean {close!r}? Allowed: {expected}." if close else f"Allowed: {expected}."
    kind = detail["type"].removesuffix("_type")
    return f"Write {_WANTED.get(kind, kind)} here." if detail["type"].endswith("_type") else None


_WANTED = {
    "dict": "an object {…}",
    "list": "a list […]",
    "string": "a text",
    "bool": "true or false",
    "model": "an object {…}",
    "model_attributes": "an object {…}",
}


def _resolve(raw: Any, location: tuple[int | str, ...]) -> tuple[list[str | int], Any]:
    """The keys of a pydantic location that exist in the document (union tags dropped), and the innermost parent."""
    keys: list[str | int] = []
    found, parent = raw, raw
    for position, key in enumerate(location):
        last = position == len(location) - 1
        parent = found
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and isinstance(key, int) and key < len(found):
            found = found[key]
        elif not last or not isinstance(found, Mapping) or key in _TAGS:
            continue
        keys.append(key)
    return keys, parent


def _typo(name: str, others: Sequence[str]) -> str | None:
    import difflib

    close = difflib.get_close_matches(name, others, n=1, cutoff=0.8)
    folded = next((o for o in others if o.casefold() == name.casefold() and o != name), None)
    return folded or (close[0] if close and close[0] != name else None)


def _misspelt(model: type[BaseModel], raw: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    """Keys nobody knows that are almost a key the model has and the document lacks there."""
    if not isinstance(raw, Mapping):
        return
    aliases = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    unset = [a for a in aliases if a not in raw]
    for key, value in raw.items():
        if key in aliases:
            yield from _misspelt_within(aliases[key], value, (*at, key))
        elif isinstance(key, str) and (close := _typo(key, unset)):
            yield Problem(json_path((*at, key)), f"unknown key {key!r}.", preview(value), f"Did you mean {close!r}?")


def _misspelt_within(annotation: Any, value: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    candidates = list(_model_types(annotation))
    if not candidates:
        return
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _misspelt_part(candidates, entry, (*at, index))
    elif isinstance(value, Mapping):
        if len(candidates) == 1 and _is_mapping_of_models(annotation):
            for key, entry in value.items():
                yield from _misspelt_part(candidates, entry, (*at, key))
        else:
            yield from _misspelt_part(candidates, value, at)


def _misspelt_part(candidates: list[type[BaseModel]], value: Any, at: tuple[str | int, ...]) -> Iterator[Problem]:
    from nodeloom.descriptor import models

    parts: dict[str, type[BaseModel]] = {
        "group": models.GroupDescriptor,
        "property": models.PropertyDescriptor,
        "option": models.OptionDescriptor,
    }
    model = parts[models.part_kind(value)] if len(candidates) > 1 else candidates[0]
    yield from _misspelt(model, value, at)


def _is_mapping_of_models(annotation: Any) -> bool:
    import typing

    return any(typing.get_origin(a) is dict for a in (annotation, *typing.get_args(annotation)))


def _model_types(annotation: Any) -> Iterator[type[BaseModel]]:
    import typing

    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from _model_types(argument)


@functools.cache
def load_schema(kind: str) -> Any:
    """The published JSON Schema (2020-12) of a kind of document."""
    return read_json(data_root() / "schemas" / f"{kind}.schema.json")


def _schema_problems(raw: Any, kind: str) -> list[Problem]:
    from jsonschema import Draft202012Validator

    if kind == "items" and isinstance(raw, Mapping):
        raw = [raw]
    validator = Draft202012Validator(load_schema(kind))
    found = sorted(validator.iter_errors(raw), key=lambda e: [str(k) for k in e.absolute_path])
    return [
        Problem(
            json_path(list(e.absolute_path)),
            f"{e.message}.",
            preview(e.instance),
            e.schema.get("description"),
        )
        for e in found
        if isinstance(e.schema, Mapping)
    ]
