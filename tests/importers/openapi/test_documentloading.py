"""Documents are read as JSON or YAML 1.2, and what is wrong with them is said with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi import import_openapi
from nodeloom.importers.openapi.document import OutsideReferenceError, Part
from nodeloom.importers.openapi.documentloading import parse_document, read_document
from tests.importers.openapi.shop import document, imported, json_body, one

pytest.importorskip("yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("0o14", "0o14"),
        ("12:30", "12:30"),
        ("-7", -7),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("~", None),
        ("", None),
        ("'7'", "7"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    """A country code `no` is no boolean, a version that looks like a date is no date."""
    assert parse_document(f"a: {text}", "x.yaml") == {"a": value}


def test_keys_are_texts() -> None:
    assert parse_document("200:\n  on: 1", "x.yaml") == {"200": {"on": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", r"line \d, column \d"),
        ("a: 1\na: 2", "the key 'a' stands twice"),
        ("? [1]\n: 2", "a key is a list or an object"),
        ("- 1", "holds no object"),
        ('{"a": }', "is not JSON"),
        ("[1]", "holds no object"),
        ("a: !!python/object:os.system x", "is not YAML"),
    ],
)
def test_a_broken_file_says_where(text: str, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        parse_document(text, "x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DescriptorError, match="no file"):
        read_document(tmp_path / "none.yaml")


def test_anchors_and_merge_keys_are_followed() -> None:
    assert parse_document("a: &x {p: 1}\nb: {<<: *x, q: 2}", "x")["b"] == {"p": 1, "q": 2}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"openapi": "2.5.0", "paths": {}}, "$.openapi"),
        ({"info": {}}, "$"),
        ({"openapi": "3.0.0"}, "$.paths"),
        ({"openapi": "3.0.0", "paths": []}, "$.paths"),
        ({"openapi": "3.0.0", "paths": {"things": {"get": {}}}}, "$.paths.things"),
        ({"openapi": "3.0.0", "paths": {"/a": []}}, "$.paths['/a']"),
        ({"openapi": "3.0.0", "paths": {"/a": {"get": 1}}}, "$.paths['/a'].get"),
        ({"openapi": "3.0.0", "paths": {}}, "$.paths"),
        ({"swagger": "1.2", "paths": {}}, "$.swagger"),
        (one({"operationId": 7}), "$.paths['/things'].post.operationId"),
        (one({"tags": "a"}), "$.paths['/things'].post.tags"),
        (one({"parameters": [{"in": "query"}]}), "$.paths['/things'].post.parameters[0]"),
        (one({"parameters": [{"name": "a", "in": "qurey"}]}), "$.paths['/things'].post.parameters[0]['in']"),
        (one({"requestBody": {"content": {}}}), "$.paths['/things'].post.requestBody"),
        (one(json_body({"$ref": "#/components/schemas/No"})), "$.paths['/things'].post.requestBody.content"),
        (one(json_body({"type": 7})), "$.paths['/things'].post.requestBody.content"),
        (one(json_body({"type": "object", "required": [1]})), "$.paths['/things'].post.requestBody.content"),
        (one({"security": [{"none": []}]}), "$.paths['/things'].post"),
    ],
)
def test_a_malformed_document_is_refused_with_its_json_path(raw: Any, path: str) -> None:
    with pytest.raises(DescriptorError) as caught:
        imported(raw)
    assert caught.value.path is not None
    assert caught.value.path.replace('"', "'").startswith(path.replace("['in']", ".in"))


def test_a_reference_names_what_it_may_have_meant() -> None:
    raw = one(json_body({"$ref": "#/components/schemas/Thnig"}), components={"schemas": {"Thing": {"type": "string"}}})
    with pytest.raises(DescriptorError, match="leads nowhere") as caught:
        imported(raw)
    assert "Thing" in str(caught.value.hint)


def test_a_reference_that_leads_in_a_circle_is_refused() -> None:
    raw = document({"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}})
    with pytest.raises(DescriptorError, match="circle"):
        imported(raw)


def test_pointers_are_unescaped() -> None:
    part = Part.document({"a/b": {"c~d e": [{"x": 1}]}, "r": {"$ref": "#/a~1b/c~0d%20e/0"}})
    found = part.child("r").resolve()
    assert (found.value, found.path) == ({"x": 1}, "$['a/b']['c~d e'][0]")


def test_nothing_is_fetched() -> None:
    """A reference to another document is reported; what needs it is left out, or taken as it comes."""
    with pytest.raises(OutsideReferenceError):
        Part.document({"a": {"$ref": "https://example.test/x.json#/a"}}).child("a").resolve()
    raw = document(
        {
            "/a": {"get": {"parameters": [{"$ref": "other.yaml#/p"}]}},
            "/b": {"post": json_body({"$ref": "https://example.test/s.json"})},
        }
    )
    made = imported(raw)
    assert [o.path for o in made.operations] == ["/b"]
    assert made.report.left_out == 1
    assert [r.path for r in made.report.remarks] == [
        "$.paths['/a'].get.parameters[0]",
        "$.paths['/b'].post.requestBody.content['application/json']",
    ]


def test_a_yaml_file_and_its_json_give_the_same_node(tmp_path: Path) -> None:
    import json

    import yaml

    raw = one({"operationId": "makeThing", **json_body({"type": "object", "properties": {"no": {"type": "string"}}})})
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps(raw), encoding="utf-8")
    assert import_openapi(tmp_path / "a.yaml").documents() == import_openapi(tmp_path / "a.json").documents()


def test_a_document_that_holds_itself_is_refused() -> None:
    text = "openapi: 3.0.0\npaths: {}\nx-a: &s {allOf: [*s]}\n"
    with pytest.raises(DescriptorError, match="'s' holds itself at line 3"):
        parse_document(text, "x.yaml")
    raw = one(json_body({"allOf": []}))
    schema = raw["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["allOf"].append(schema)
    with pytest.raises(DescriptorError, match="nested too deeply"):
        imported(raw)


def test_a_schema_that_doubles_itself_many_times_is_read_once() -> None:
    """Thirty steps that each name the next one twice would be a thousand million schemas."""
    schemas: dict[str, Any] = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 2} for n in range(30)}
    schemas["S30"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    made = imported(one(json_body({"$ref": "#/components/schemas/S0"}), components={"schemas": schemas}))
    assert [p["name"] for p in made.operations[0].properties] == ["A"]
