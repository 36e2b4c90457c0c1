"""The published schemas: valid JSON Schema 2020-12, and in step with the models they are made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom.descriptor.jsonschemas import schema_of, write
from nodeloom.descriptor.validation import KINDS, load_schema

SCHEMAS = sorted((Path(__file__).resolve().parents[2] / "schemas").glob("*.schema.json"))


def test_every_kind_of_document_has_a_schema() -> None:
    assert {f"{kind}.schema.json" for kind in KINDS} <= {path.name for path in SCHEMAS}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_each_is_a_valid_2020_12_schema_that_says_what_it_is(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == path.name.removesuffix(".schema.json")
    assert schema["description"]


@pytest.mark.parametrize("kind", ["node", "resource", "credential"])
def test_they_are_what_the_models_say(kind: str) -> None:
    assert load_schema(kind) == schema_of(kind), "run: python -m nodeloom.descriptor.jsonschemas"


def test_the_tool_writes_only_what_changed(tmp_path: Path) -> None:
    assert sorted(path.name for path in write(tmp_path)) == [
        "credential.schema.json",
        "node.schema.json",
        "resource.schema.json",
    ]
    assert write(tmp_path) == []
    (tmp_path / "node.schema.json").write_text("{}", encoding="utf-8")
    assert [path.name for path in write(tmp_path)] == ["node.schema.json"]


def references(part: Any) -> list[str]:
    """Every `$ref` in a schema."""
    if isinstance(part, dict):
        return [*([part["$ref"]] if isinstance(part.get("$ref"), str) else []), *references(list(part.values()))]
    return [ref for entry in part for ref in references(entry)] if isinstance(part, list) else []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_references_lead_somewhere_and_every_definition_is_used(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    used = {ref for ref in references(schema) if ref.startswith("#/$defs/")}
    assert {ref.removeprefix("#/$defs/") for ref in used} == set(schema.get("$defs", ()))


@pytest.mark.parametrize("kind", ["node", "resource", "credential"])
def test_no_message_of_a_validator_ends_at_a_choice(kind: str) -> None:
    """`anyOf` gives "is not valid under any of the given schemas", which helps nobody."""
    assert not {"anyOf", "oneOf"} & set(keywords(load_schema(kind)))


def keywords(part: Any) -> list[str]:
    """Every keyword of a schema (names of properties are none)."""
    found: list[str] = []
    if isinstance(part, dict):
        for key, value in part.items():
            found.append(key)
            found += keywords(list(value.values()) if key in ("properties", "$defs") else value)
    elif isinstance(part, list):
        for entry in part:
            found += keywords(entry)
    return found
