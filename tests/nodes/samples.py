"""Valid values for schemas of 3CX's file, and the file itself."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "3cx"
FACTS = ROOT.parent / "shared" / "facts"
METHODS = ("get", "post", "patch", "delete", "put")
_TEXTS = {
    "date-time": "2026-01-31T09:30:00Z",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
    "duration": "PT5M",
    "time": "09:30:00.0000000",
    "date": "2026-01-31",
}
_DEEPEST = 4


def data_file(name: str) -> Path:
    """A file of the shared data; the test is skipped where it is not there."""
    if not (DATA / name).is_file():
        pytest.skip(f"the shared file {name} is not here")
    return DATA / name


@functools.cache
def document() -> Json:
    """3CX's file of release 20.0.10."""
    from nodeloom.importers.openapi.documentloading import read_document

    return read_document(data_file("swagger-20.0.10.yaml"))


def resolved(part: Any) -> Any:
    """`part` with its `$ref` followed."""
    while isinstance(part, dict) and "$ref" in part:
        target: Any = document()
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = target
    return part


def operations() -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of the file, in its order."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def body_schema(operation: Json) -> Json:
    """The schema of an operation's JSON body."""
    body = resolved(operation.get("requestBody", {}))
    return dict(body.get("content", {}).get("application/json", {}).get("schema", {}))


def members(schema: Json) -> Json:
    """The properties of an object's schema, those of `allOf` among them."""
    schema = resolved(schema)
    found: Json = {}
    for part in schema.get("allOf", []):
        found |= members(part)
    return {**found, **schema.get("properties", {})}


def sample(schema: Json, depth: int = 0) -> Any:
    """A value that `schema` allows, as full as it gets down to four levels."""
    schema = resolved(schema)
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return sample(schema[word][0], depth)
    if schema.get("allOf") and not members(schema):
        return sample(schema["allOf"][0], depth)
    match schema.get("type"):
        case "boolean":
            return True
        case "integer":
            return 7
        case "number":
            return 2.5
        case "string":
            return _TEXTS.get(schema.get("format", ""), "abc")
        case "array":
            return [sample(schema.get("items", {}), depth + 1)] if depth < _DEEPEST else []
        case _:
            if depth >= _DEEPEST:
                return {}
            return {name: sample(member, depth + 1) for name, member in members(schema).items()}
