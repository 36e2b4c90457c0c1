"""A large public document as npm serves it: GitHub's API, about 1,200 operations."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from nodeloom import Runtime
from nodeloom.descriptor.validation import validate_document
from nodeloom.importers.openapi import Overrides, import_openapi, write

from ..conftest import Listener
from ..test_npm import npm_pack

SAMPLES = {"integer": 1, "number": 1, "boolean": True, "null": None, "string": "sample"}


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits a small JSON Schema, as the importer writes them."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return sample(schema[key][0])
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "array":
        return [sample(schema.get("items", {})) for _ in range(max(1, schema.get("minItems", 1)))]
    if kind == "object":
        required = schema.get("required", ())
        return {name: sample(schema.get("properties", {}).get(name, {})) for name in required}
    return SAMPLES[kind]


def value_for(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    if field.get("options"):
        return field["options"][0]["value"]
    if field["type"] == "json":
        # Text of JSON, or the value itself: the second of the two forms a json property takes.
        return sample(schema["anyOf"][1])
    return {"number": 1, "boolean": True, "dateTime": "2026-01-31T09:30:00Z"}.get(field["type"], "sample")


def test_githubs_document_becomes_a_node_that_runs(tmp_path: Path, listener: Listener) -> None:
    """Every operation can be described and planned; the first of each resource is sent to a server on loopback."""
    npm_pack(tmp_path, "@octokit/openapi")
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/generated/api.github.com.json")
        assert member is not None
        source = tmp_path / "github.json"
        source.write_bytes(member.read())
    overrides = tmp_path / "overrides.json"
    overrides.write_text(json.dumps({"requestDefaults": {"baseURL": listener.url}}))
    made = import_openapi(source, name="github", overrides=Overrides.from_path(overrides))
    assert made.report.operations > 1000
    folder = tmp_path / "node"
    write(made, folder)
    for file in folder.glob("resources/*.json"):
        assert validate_document(json.loads(file.read_text("utf-8")), "resource") == []
    with Runtime() as runtime:
        node = runtime.add_node(folder)
        planned = 0
        for resource in node.resources():
            for position, operation in enumerate(node.operation_names(resource)):
                form = runtime.describe("github", resource, operation)
                schemas = form["schema"]["properties"]
                parameters = {f["name"]: value_for(f, schemas[f["name"]]) for f in form["fields"] if f["required"]}
                parameters |= {"resource": resource, "operation": operation}
                (request,) = runtime.plan("github", parameters)
                assert request.error is None, f"{resource}, {operation}: {request.error}"
                planned += 1
                if position == 0:
                    assert runtime.run("github", parameters).report.succeeded
    assert planned == made.report.operations
    assert len(listener.requests) == len(node.resources())
