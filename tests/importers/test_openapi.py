"""Nodes made from an OpenAPI document at load time are imported without the library that makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.importers.n8n import import_package
from tests.importers.conftest import Listener
from tests.importers.packing import module, one_node

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.0",
    "tags": [{"name": "pet shop", "description": "Pets"}],
    "paths": {
        "/pets/{petId}": {
            "parameters": [],
            "get": {
                "tags": ["pet shop"],
                "operationId": "getPetById",
                "summary": "One pet",
                "parameters": [
                    {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "with.tags", "in": "query", "schema": {"type": "boolean", "default": False}},
                    {"name": "X-Trace", "in": "header", "schema": {"enum": ["on", "offNow"]}},
                ],
            },
            "delete": {"operationId": "old", "deprecated": True},
        },
        "/pets": {
            "post": {
                "tags": ["pet shop"],
                "operationId": "addPet",
                "requestBody": {"$ref": "#/components/requestBodies/Pet"},
            },
            "put": {"requestBody": {"content": {"text/plain": {}}}},
        },
    },
    "components": {
        "requestBodies": {"Pet": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "example": "Rex"},
                    "parent": {"$ref": "#/components/schemas/Pet"},
                    "tags": {
                        "type": "array",
                        "items": {"allOf": [{"$ref": "#/components/schemas/Tag"}, {"default": 1}]},
                    },
                },
            },
            "Tag": {"type": "object", "properties": {"id": {"type": "number", "example": 2}}},
        },
    },
}

BEFORE = """
const lib_1 = require("@devlikeapro/n8n-openapi-node");
const properties = new lib_1.N8NPropertiesBuilder(require("./openapi.json"), {}).build(OVERRIDES);
"""


def imported(folder: Path, overrides: str = "") -> dict[str, Any]:
    code = module(BEFORE.replace("OVERRIDES", overrides), "this.description.properties = properties;")
    result = import_package(one_node(folder / "p.tgz", code, **{"lib/openapi.json": json.dumps(DOCUMENT)}))
    assert result.report.stand_ins == ["@devlikeapro/n8n-openapi-node"]
    assert result.report.missing == []
    (node,) = result.nodes
    return node


def named(node: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in node["properties"] if p["name"] == name)
    return found


def test_tags_are_resources_and_operations_their_choices(tmp_path: Path) -> None:
    node = imported(tmp_path)
    assert named(node, "resource")["options"] == [
        {"name": "Pet Shop", "value": "Pet Shop", "description": "Pets"},
        {"name": "Default", "value": "Default", "description": ""},
    ]
    operations = [p for p in node["properties"] if p["name"] == "operation" and p["type"] == "options"]
    assert [[o["value"] for o in p["options"]] for p in operations] == [["Get Pet By Id", "Add Pet"], ["PUT -pets"]]
    assert operations[0]["options"][0]["routing"] == {
        "request": {"method": "GET", "url": '=/pets/{{$parameter["petId"]}}'}
    }


def test_parameters_are_fields(tmp_path: Path) -> None:
    node = imported(tmp_path)
    shown = {"show": {"resource": ["Pet Shop"], "operation": ["Get Pet By Id"]}}
    assert named(node, "petId") == {
        "displayName": "Pet Id",
        "name": "petId",
        "required": True,
        "type": "number",
        "default": 0,
        "displayOptions": shown,
    }
    assert named(node, "with-tags")["routing"]["send"]["property"] == "with.tags"
    assert named(node, "X-Trace")["options"][1] == {"name": "Off Now", "value": "offNow"}
    assert named(node, "X-Trace")["routing"] == {"request": {"headers": {"X-Trace": "={{ $value }}"}}}


def test_a_json_body_is_a_field_for_each_property_with_an_example(tmp_path: Path) -> None:
    node = imported(tmp_path)
    assert (named(node, "name")["default"], named(node, "name")["required"]) == ("Rex", True)
    assert json.loads(named(node, "tags")["default"]) == [1]
    first = {"name": "Rex", "parent": {}, "tags": [1]}
    assert json.loads(named(node, "parent")["default"]) == {"name": "Rex", "parent": first, "tags": [{}]}
    assert named(node, "parent")["routing"]["send"]["value"] == "={{ JSON.parse($value) }}"


def test_a_body_that_is_no_json_leaves_a_notice(tmp_path: Path) -> None:
    notices = [p["displayName"] for p in imported(tmp_path)["properties"] if p["type"] == "notice"]
    assert any(text.startswith("PUT /pets: the body") for text in notices)


def test_properties_are_overridden_where_they_match(tmp_path: Path) -> None:
    node = imported(tmp_path, "[{find: {name: 'name', displayOptions: {show: {}}}, replace: {default: 'Tom'}}]")
    assert named(node, "name")["default"] == "Tom"


@pytest.mark.slow
def test_its_operations_run(tmp_path: Path, listener: Listener) -> None:
    node = imported(tmp_path)
    node["requestDefaults"] = {"baseURL": listener.url}
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(node)
        runtime.run(
            "x", {"resource": "Pet Shop", "operation": "Get Pet By Id", "petId": "={{ $json.id }}"}, [{"id": 4}]
        )
        runtime.run("x", {"resource": "Pet Shop", "operation": "Add Pet", "name": "Tom"})
    get, add = listener.requests
    assert get["target"] == "/pets/4?with.tags=false"
    assert get["headers"]["x-trace"] == "on"
    assert json.loads(add["body"])["name"] == "Tom"


@pytest.mark.parametrize("config", ["{OperationsCollector: class {}}", "{ResourcePropertiesCollector: class {}}"])
def test_what_extends_the_library_needs_the_library(tmp_path: Path, config: str) -> None:
    code = module(BEFORE.replace("OVERRIDES", "").replace("{}", config))
    result = import_package(one_node(tmp_path / "p.tgz", code, **{"lib/openapi.json": json.dumps(DOCUMENT)}))
    assert "@devlikeapro/n8n-openapi-node, which is not there" in (result.report.nodes[0].refused or "")
