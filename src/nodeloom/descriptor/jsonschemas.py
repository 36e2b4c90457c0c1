"""Writes the JSON Schemas of nodes and credential types from their models: `python -m nodeloom.descriptor.jsonschemas`.

The models are the one place that says what a descriptor is; a test fails when the published files lag behind.
"""

from __future__ import annotations

import json
from pathlib import Path

from nodeloom.datafolder import data_root
from nodeloom.descriptor import models
from nodeloom.values import Json, JsonObject

_MODELS: dict[str, tuple[type[models.Document], str]] = {
    "node": (models.NodeDescriptor, "A node descriptor, as n8n writes it, with Nodeloom's additions."),
    "resource": (models.ResourceDocument, "The properties of one resource of a split node."),
    "credential": (models.CredentialType, "A credential type, as n8n writes it, with Nodeloom's additions."),
}


def schema_of(kind: str) -> JsonObject:
    """The JSON Schema (2020-12) of a kind of document that has a model: node, resource or credential."""
    model, description = _MODELS[kind]
    schema = model.declared.model.model_json_schema(by_alias=True)
    definitions = {name: _tidy(part) for name, part in schema.pop("$defs", {}).items()}
    definitions["PropertyDescriptor"] = _parts_by_type(definitions["PropertyDescriptor"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        **_tidy(schema),
        "description": description,
        "$defs": definitions,
    }


def _tidy(part: Json) -> Json:
    """`part` of a pydantic schema so that a validator's messages lead to the one branch that was meant.

    Made-up titles and defaults of null are left out, `anyOf` over plain types becomes a list of types, and what may
    be null or is told apart by its keys becomes `if`.
    """
    if isinstance(part, list):
        return [_tidy(p) for p in part]
    if not isinstance(part, dict):
        return part
    if {"$ref": "#/$defs/GroupDescriptor"} in part.get("oneOf", ()):
        return _PART
    if {"$ref": "#/$defs/PostReceive"} in part.get("oneOf", ()):
        return _STEP
    kept = {
        key: _tidy(value)
        for key, value in part.items()
        if (key != "title" or not isinstance(value, str)) and not (key == "default" and value is None)
    }
    # Of an `anyOf` a validator can only say that no branch fits.
    branches = kept.pop("anyOf", None)
    return kept if branches is None else {**_union(branches), **kept}


def _union(branches: list[JsonObject]) -> JsonObject:
    """One schema for `anyOf` these."""
    if {} in branches:
        return {}
    references = [b for b in branches if "$ref" in b]
    if references == branches[:1] and branches[1:] == [{"type": "null"}]:
        return {"if": {"not": {"type": "null"}}, "then": references[0]}
    if len(branches) == 2 and "enum" in branches[0] and branches[0].get("type") == branches[1].get("type") == "string":
        # Names, or a text of some form: what has the form is right, and for what has not the names are shown.
        return {"type": "string", "if": {"pattern": branches[1]["pattern"]}, "else": {"enum": branches[0]["enum"]}}
    types = [b["type"] for b in branches if isinstance(b.get("type"), str)]
    if len(types) == len(branches) == len(set(types)):
        # Keywords other than `type` and `enum` speak of one type only, so they can stand side by side.
        beside = {k: v for b in branches for k, v in b.items() if k != "type"}
        if "enum" in beside and "null" in types:
            beside["enum"] = [*beside["enum"], None]
        return {"type": types, **beside}
    return {"anyOf": branches}


def _reference(name: str) -> JsonObject:
    return {"$ref": f"#/$defs/{name}"}


_DEFINITIONS = {"option": "OptionDescriptor", "property": "PropertyDescriptor", "group": "GroupDescriptor"}

# An entry of `options` whose property's type does not say what it is (`models.part_kind`).
_PART: JsonObject = {
    "type": "object",
    "if": {"required": ["values"]},
    "then": _reference("GroupDescriptor"),
    "else": {
        "if": {"required": ["type"], "not": {"required": ["value"]}},
        "then": _reference("PropertyDescriptor"),
        "else": _reference("OptionDescriptor"),
    },
}


# An entry of `postReceive` (`models.step_kind`).
_STEP: JsonObject = {
    "if": {"type": "object", "not": {"required": [models.HOOK]}},
    "then": _reference("PostReceive"),
}


def _parts_by_type(definition: JsonObject) -> JsonObject:
    """The schema of a property, its `options` judged by its `type` as `models.PropertyDescriptor` does."""
    options = definition["properties"]["options"]
    rule: JsonObject = {"properties": {"options": {"items": options.pop("items")}}}
    for kind in dict.fromkeys(models.PART_KINDS.values()):
        types = [t for t, k in models.PART_KINDS.items() if k == kind]
        rule = {
            "if": {"required": ["type"], "properties": {"type": {"enum": types}}},
            "then": {"properties": {"options": {"items": _reference(_DEFINITIONS[kind])}}},
            "else": rule,
        }
    return {**definition, **rule}


def write(folder: Path) -> list[Path]:
    """Write the schemas into `folder`; returns the files that changed."""
    changed = []
    for kind in _MODELS:
        path = folder / f"{kind}.schema.json"
        text = json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for changed_file in write(data_root() / "schemas"):
        print(f"wrote {changed_file}")  # noqa: T201 - the tool's own output
