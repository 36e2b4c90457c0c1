"""Writes the JSON Schemas of nodes and credential types from their models: `python -m nodeloom.descriptor.schemas`.

The models are the one place that says what a descriptor is; a test fails when the published files lag behind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nodeloom.descriptor import models
from nodeloom.descriptor.files import data_root

Json = dict[str, Any]

_MODELS: dict[str, tuple[type[models.Document], str]] = {
    "node": (models.NodeDescriptor, "A node descriptor, as n8n writes it, with Nodeloom's additions."),
    "resource": (models.ResourceDocument, "The properties of one resource of a split node."),
    "credential": (models.CredentialType, "A credential type, as n8n writes it, with Nodeloom's additions."),
}


def schema_of(kind: str) -> Json:
    """The JSON Schema (2020-12) of a kind of document that has a model: node, resource or credential."""
    model, description = _MODELS[kind]
    schema = model.model_json_schema(by_alias=True)
    definitions = {name: _tidy(part) for name, part in schema.pop("$defs", {}).items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        **_tidy(schema),
        "description": description,
        "$defs": definitions,
    }


def _tidy(part: Any) -> Any:
    """The part with the parts of `options` told apart by what they hold, and without pydantic's made-up titles."""
    if isinstance(part, list):
        return [_tidy(p) for p in part]
    if not isinstance(part, dict):
        return part
    if {"$ref": "#/$defs/GroupDescriptor"} in part.get("oneOf", ()):
        return {
            "type": "object",
            "if": {"required": ["values"]},
            "then": {"$ref": "#/$defs/GroupDescriptor"},
            "else": {
                "if": {"required": ["type"], "not": {"required": ["value"]}},
                "then": {"$ref": "#/$defs/PropertyDescriptor"},
                "else": {"$ref": "#/$defs/OptionDescriptor"},
            },
        }
    return {key: _tidy(value) for key, value in part.items() if key != "title" or not isinstance(value, str)}


def write(folder: Path) -> list[Path]:
    """Write the schemas into `folder`; returns the files that changed."""
    changed = []
    for kind in _MODELS:
        path = folder / f"{kind}.schema.json"
        text = json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for changed_file in write(data_root() / "schemas"):
        print(f"wrote {changed_file}")  # noqa: T201 - the tool's own output
