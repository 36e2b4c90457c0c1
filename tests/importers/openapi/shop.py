"""Small OpenAPI documents, and what becomes of them."""

from __future__ import annotations

from typing import Any

from nodeloom.importers.openapi.importer import Imported, import_raw
from nodeloom.importers.openapi.overrides import Overrides

Json = dict[str, Any]


def document(paths: Json, **more: Any) -> Json:
    """An OpenAPI 3.1 document with these paths."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example.test/v1"}],
        "paths": paths,
        **more,
    }


def one(operation: Json, *, path: str = "/things", method: str = "post", **more: Any) -> Json:
    """A document with one operation."""
    return document({path: {method: {"responses": {"200": {"description": "ok"}}, **operation}}}, **more)


def imported(raw: Json, overrides: Json | None = None, **how: Any) -> Imported:
    """What the importer makes of a document."""
    return import_raw(raw, overrides=None if overrides is None else Overrides.check(overrides, "overrides"), **how)


def fields(raw: Json, overrides: Json | None = None) -> dict[str, Json]:
    """The properties of a document's only operation, by name."""
    made = imported(raw, overrides)
    assert len(made.operations) == 1
    return {prop["name"]: prop for prop in made.operations[0].properties}


def json_body(schema: Any, **more: Any) -> Json:
    """A JSON request body."""
    return {"requestBody": {"content": {"application/json": {"schema": schema}}, **more}}
