"""The data of the sandbox against 3CX's own file, and the compiler of that data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from nodeloom.errors import DescriptorError
from nodeloom.testing.odata.declarations import ComplexType, EnumType, Field
from nodeloom.testing.threecx.generate import OUTPUT, compile_service, load, main, render
from nodeloom.testing.threecx.weblinks import WEBSITE_LINKS
from tests.testing.declared import CATALOGUE, Probe, new_service, probes, put

FILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "3cx" / "swagger-20.0.10.yaml"
needs_file = pytest.mark.skipif(not FILE.exists(), reason="3CX's file (../shared/data/3cx) is absent")
ADDRESS = "urn:3cx"
_METHODS = ("get", "post", "patch", "delete")


@cache
def source() -> Any:
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    return load(FILE)


def resolved(value: Any) -> Any:
    while "$ref" in value:
        found = source()
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0's schemas as JSON Schema: `nullable` allows null; alternatives of 3CX's numbers overlap.

    References lead to the document's own address, so that the whole document need not be in every schema.
    """
    if isinstance(value, list):
        return [as_json_schema(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"$ref": ADDRESS + value["$ref"]}
    found = {("anyOf" if k == "oneOf" else k): as_json_schema(v) for k, v in value.items() if k != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if value.get("nullable") is True else found


@cache
def registry() -> Any:
    document = {"components": {"schemas": as_json_schema(source()["components"]["schemas"])}}
    return Registry().with_resource(ADDRESS, DRAFT202012.create_resource(document)).crawl()


def check(schema: Any, document: Any) -> None:
    Draft202012Validator(as_json_schema(schema), registry=registry()).validate(document)


def operations() -> Iterator[tuple[str, str, Any]]:
    for path, item in source()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method.upper(), item[method]


def content(declared: Any) -> Any:
    return resolved(declared)["content"]["application/json"]["schema"]


@needs_file
def test_generating_again_changes_no_byte() -> None:
    assert render(compile_service(source())) == OUTPUT.read_text(encoding="utf-8")


@needs_file
def test_no_sentence_of_the_file_is_copied() -> None:
    texts = {o[key] for _, _, o in operations() for key in ("summary", "description") if key in o}
    shipped = OUTPUT.read_text(encoding="utf-8")
    assert texts
    assert not [text for text in texts if " " in text and text in shipped]


@needs_file
def test_every_operation_is_served_and_no_other() -> None:
    assert {f"{m} {p}" for p, m, _ in operations()} == {p.label for p in probes()}


def _check(probe: Probe, operation: Any) -> None:
    for body, options in ((probe.body, probe.options), (probe.least, "")):
        if body is not None and "requestBody" in operation:
            check(content(operation["requestBody"]), body)
        answer = put(new_service(), probe, body=body, options=options)
        declared = operation["responses"][str(answer.status)]
        kind = dict(answer.headers).get("Content-Type", "")
        if kind.startswith("application/json"):
            schema, document = content(declared), json.loads(answer.body)
            # OData JSON Format 4.01, section 11: a lone value is wrapped. The file says so but for enumerations.
            is_enum = "enum" in resolved(schema)
            check(schema, document["value"] if is_enum else document)
        elif answer.status == 204:
            assert "content" not in declared
            assert answer.body == b""
        else:
            assert "attachment" in dict(answer.headers)["Content-Disposition"]
    refused = put(new_service(), probe, path="Nobodys", options="", body=None)
    check(content(operation["responses"]["default"]), json.loads(refused.body))


@pytest.mark.slow
@needs_file
def test_requests_and_answers_are_valid_by_the_file() -> None:
    """What the probes send, what the sandbox answers them and how it refuses, each by its own schema of the file."""
    by_label = {p.label: p for p in probes()}
    for path, method, operation in operations():
        _check(by_label[f"{method} {path}"], operation)


def shape(fields: tuple[Field, ...], within: tuple[str, ...] = ()) -> Any:
    """Fields as plain values that can be compared, structures spelt out."""
    found = {}
    for field in fields:
        kind: Any = field.type
        if isinstance(kind, EnumType):
            kind = (kind.name, sorted(kind.members))
        elif isinstance(kind, ComplexType):
            kind = (kind.name, None if kind.name in within else shape(kind.fields, (*within, kind.name)))
        found[field.name] = (kind, field.nullable, field.collection, field.navigation, field.max_length)
    return found


def test_website_links_are_declared_by_hand_as_the_file_has_them() -> None:
    declared = CATALOGUE.entity_set("WebsiteLinks")
    assert declared is not None
    assert shape(WEBSITE_LINKS.type.fields) == shape(declared.type.fields)
    assert (WEBSITE_LINKS.type.key, WEBSITE_LINKS.verbs) == (declared.type.key, declared.verbs)
    for by_hand, generated in zip(WEBSITE_LINKS.operations, declared.operations, strict=True):
        assert by_hand.name == generated.name
        assert shape(by_hand.parameters) == shape(generated.parameters)


def minimal(path: str = "/Things", **operation: Any) -> dict[str, Any]:
    listed = {
        "type": "object",
        "allOf": [
            {"$ref": "#/components/schemas/BaseCollectionPaginationCountResponse"},
            {"type": "object", "properties": {"value": {"type": "array", "items": {"$ref": "#/components/schemas/T"}}}},
        ],
    }
    names = ["$top", "$skip", "$search", "$filter", "$count", "$orderby", "$select", "$expand"]
    made = {
        "parameters": [{"name": n, "in": "query", "schema": {}} for n in names],
        "responses": {"200": {"content": {"application/json": {"schema": listed}}}},
        **operation,
    }
    schemas: dict[str, Any] = {
        "BaseCollectionPaginationCountResponse": {"type": "object"},
        "T": {"type": "object", "properties": {"Kind": {"$ref": "#/components/schemas/K"}}},
        "K": {"type": "string", "enum": ["No", "2026-01-01"]},
    }
    return {"paths": {path: {"get": made}}, "components": {"schemas": schemas}}


def test_a_small_file_is_compiled() -> None:
    service = compile_service(minimal())
    assert service["sets"] == {"Things": {"type": "T", "verbs": ["list"]}}
    assert (service["types"], service["enums"]) == ({"T": {"Kind": "K"}}, {"K": ["No", "2026-01-01"]})
    assert json.loads(render(service)) == service


def broken() -> Iterator[tuple[dict[str, Any], str]]:
    yield minimal(parameters=[{"name": "$apply", "in": "query"}]), "paths./Things.get"
    yield minimal("/Thi ngs"), "paths./Thi ngs.get"
    put_too = minimal()
    put_too["paths"]["/Things"]["put"] = {}
    yield put_too, "paths./Things"
    fields: list[Any] = [{"type": "string", "format": "colour"}, {"type": "string", "not": {}}, {"oneOf": []}]
    for field in fields:
        odd = minimal()
        odd["components"]["schemas"]["T"]["properties"]["Odd"] = field
        yield odd, "components.schemas.T.properties.Odd"
    nowhere = minimal()
    nowhere["components"]["schemas"]["T"]["properties"]["Odd"] = {"$ref": "#/components/schemas/None"}
    yield nowhere, "components.schemas.T.properties.Odd"
    truth = minimal()
    truth["components"]["schemas"]["K"]["enum"] = ["Yes", False]
    yield truth, "components.schemas.K"


@pytest.mark.parametrize(("document", "path"), list(broken()))
def test_what_is_not_known_is_refused_with_its_place(document: dict[str, Any], path: str) -> None:
    with pytest.raises(DescriptorError) as caught:
        compile_service(document)
    assert caught.value.path == path


def test_the_command_writes_the_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, made = tmp_path / "in.json", tmp_path / "out.json"
    given.write_text(json.dumps(minimal()))
    assert main([str(given), "--output", str(made)]) == 0
    assert json.loads(made.read_text())["operations"] == 1
    given.write_text("[]")
    assert main([str(given), "--output", str(made)]) == 2
    assert "not an OpenAPI document" in capsys.readouterr().err


def test_yaml_is_read_as_yaml_1_2(tmp_path: Path) -> None:
    """`No` and a date are texts, as in the file of 3CX an enumeration has the member No."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    given = tmp_path / "in.yaml"
    given.write_text("a: [No, yes, on, 2026-01-01, true, 'true', 1]\n")
    assert load(given) == {"a": ["No", "yes", "on", "2026-01-01", True, "true", 1]}
