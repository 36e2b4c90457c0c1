"""A large public document as npm serves it: GitHub's API, about 1,200 operations."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.descriptor.patterns import search
from nodeloom.descriptor.validation import validate_document
from nodeloom.importers.openapi import Overrides, import_openapi, write
from tests.importers.conftest import Listener
from tests.importers.test_npm import npm_pack

pytestmark = pytest.mark.slow

#: Of a resource's operations each so-manieth is planned: neighbours are alike, and a plan costs 25 ms.
EACH = 12
#: One of these matches each pattern that a required field of the document has.
TEXTS = (
    "sample",
    "https://example.com",
    "refs/heads/main",
    "ssh-rsa AAAA",
    "1.0.0",
    "sha256:" + "0" * 64,
    "0123456789abcdef0123456789abcdef01234567",
    "1",
    "a/b",
    "2026-01-31",
)
FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:30:00Z",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
    "email": "ann@example.com",
}
SAMPLES = {"integer": 1, "number": 1, "boolean": True, "null": None}


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
    if kind in ("integer", "number") and "minimum" in schema:
        return schema["minimum"]
    return text_for(schema) if kind == "string" else SAMPLES[kind]


def text_for(schema: dict[str, Any]) -> str:
    """A text that fits a schema's format, pattern and length."""
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return next(text for text in TEXTS if search(schema["pattern"], text, unicode=True))
    return "sample"[: schema.get("maxLength", 6)].ljust(schema.get("minLength", 0), "x")


def value_for(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    if field.get("options"):
        return field["options"][0]["value"]
    if field["type"] == "json":
        # Text of JSON, or the value itself: the second of the two forms a json property takes.
        return sample(schema["anyOf"][1])
    plain = schema.get("anyOf", [{}])[0]
    if field["type"] in ("number", "boolean"):
        return plain.get("minimum", SAMPLES[field["type"]])
    return "2026-01-31T09:30:00Z" if field["type"] == "dateTime" else text_for(plain)


def test_githubs_document_becomes_a_node_that_runs(tmp_path: Path, listener: Listener) -> None:
    """The first operation of each resource is sent to a server on loopback; of the others each twelfth is planned."""
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
            for position, operation in enumerate(node.operation_names(resource)[::EACH]):
                form = runtime.describe("github", resource, operation)
                schemas = form["schema"]["properties"]
                parameters = {f["name"]: value_for(f, schemas[f["name"]]) for f in form["fields"] if f["required"]}
                parameters |= {"resource": resource, "operation": operation}
                (request,) = runtime.plan("github", parameters)
                assert request.error is None, f"{resource}, {operation}: {request.error}"
                planned += 1
                if position == 0:
                    assert runtime.run("github", parameters).report.succeeded
    assert planned == sum(-(-len(node.operation_names(resource)) // EACH) for resource in node.resources())
    assert len(listener.requests) == len(node.resources())
