"""One small fault in a document costs the operation it stands in, and the report names it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.importer import Imported, import_raw
from tests.importers.openapi.shop import document, imported, json_body

Json = dict[str, Any]
GOOD = {"/good": {"get": {"operationId": "getGood"}}, "/fine": {"get": {"operationId": "getFine"}}}

LIST = {"schema": {"properties": {"a": {"type": "array"}}}}
PARTS = {**LIST, "encoding": {"a": {"style": "bogus"}}}
HEADED = {**LIST, "encoding": {"a": {"headers": {"X:": {"schema": {}}}}}}
FAULTS: list[tuple[Json, str]] = [
    ({"post": json_body({"$ref": "#/components/schemas/Nobody"})}, "leads nowhere"),
    ({"post": json_body({"properties": {"a": {"type": "object", "properties": {"b": {"$ref": "#/x"}}}}})}, "nowhere"),
    ({"post": json_body({"type": 7})}, "not a text"),
    ({"post": json_body({"properties": []})}, "object is wanted"),
    ({"get": {"parameters": [{"name": "a", "in": "qurey"}]}}, "cannot stand in 'qurey'"),
    ({"get": {"parameters": [{"in": "query"}]}}, "'name' is missing"),
    ({"get": {"parameters": {"name": "a"}}}, "a list is wanted"),
    ({"get": {"operationId": 7}}, "a text is wanted"),
    ({"get": {"tags": [None]}}, "not a text"),
    ({"get": None}, "null"),
    ({"post": {"requestBody": {"content": {}}}}, "names no media type"),
    ({"post": {"requestBody": {"$ref": "#/components/requestBodies/None"}}}, "nowhere"),
    ({"get": {"security": [{"nobody": []}]}}, "not described"),
    ({"get": {"security": "key"}}, "a list is wanted"),
    ({"get": {"parameters": [{"name": "={{ 1 }}", "in": "query", "required": True}]}}, "evaluates"),
    ({"parameters": [{"name": "a"}], "get": {}}, "'in' is missing"),
    ({"$ref": "#/components/pathItems/None"}, "nowhere"),
    ({"get": {"parameters": [{"name": "a", "in": "query", "style": "bogus"}]}}, "no style 'bogus'"),
    ({"get": {"parameters": [{"name": "a", "in": "query", "style": "fom", "schema": {"type": "array"}}]}}, "'form'"),
    ({"get": {"parameters": [{"name": "X Y", "in": "header"}]}}, "No header can be called"),
    ({"post": {"requestBody": {"content": {"bogus": {}}}}}, "not a media type"),
    ({"post": {"requestBody": {"content": {"text/plain\r\nX: y": {}}}}}, "not a media type"),
    ({"post": {"requestBody": {"content": {"multipart/form-data": PARTS}}}}, "no style 'bogus'"),
    ({"post": {"requestBody": {"content": {"multipart/form-data": HEADED}}}}, "No header can be called"),
]


@pytest.mark.parametrize(("item", "words"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_costs_the_operation_it_stands_in(item: Json, words: str) -> None:
    made = imported(document({"/good": GOOD["/good"], "/broken": item, "/fine": GOOD["/fine"]}))
    assert [operation.path for operation in made.operations] == ["/good", "/fine"]
    assert (made.report.left_out, made.report.faults) == (1, 1)
    [remark] = made.report.remarks
    assert words in remark.reason
    assert remark.path.startswith("$.paths['/broken']")
    assert "left out" in remark.outcome


@pytest.mark.parametrize("item", [{"get": {"parameters": [{"$ref": "other.yaml#/a"}]}}, {"$ref": "other.yaml"}])
@pytest.mark.parametrize("swagger", [False, True])
def test_what_stands_in_another_document_is_left_out_and_no_fault(item: Json, swagger: bool) -> None:
    raw = document({"/good": {"get": {}}, "/broken": item})
    made = import_raw({"swagger": "2.0", "host": "old.test", "paths": raw["paths"]} if swagger else raw)
    assert [operation.path for operation in made.operations] == ["/good"]
    assert (made.report.left_out, made.report.faults) == (1, 0)
    assert "is not fetched" in made.report.remarks[0].reason


def test_other_operations_of_the_path_are_kept() -> None:
    item = {"get": {"operationId": "getIt"}, "post": json_body({"type": 7}), "delete": {"operationId": "deleteIt"}}
    made = imported(document({"/it": item}))
    assert [operation.method for operation in made.operations] == ["GET", "DELETE"]


@pytest.mark.parametrize("path", ["broken", "", "{x}/a"])
def test_a_path_without_a_slash_costs_its_operations(path: str) -> None:
    made = imported(document({**GOOD, path: {"get": {}, "post": {}}}))
    assert len(made.operations) == 2
    assert made.report.left_out == 2


@pytest.mark.parametrize("item", [None, [], "x", {"get": []}])
def test_a_path_that_is_none_costs_itself(item: Any) -> None:
    made = imported(document({**GOOD, "/broken": item}))
    assert len(made.operations) == 2
    assert made.report.faults == 1


def test_a_schema_that_holds_itself_in_memory_costs_its_operation() -> None:
    body: Json = json_body({"allOf": []})
    schema = body["requestBody"]["content"]["application/json"]["schema"]
    schema["allOf"].append(schema)
    made = imported(document({**GOOD, "/broken": {"post": body}}))
    assert len(made.operations) == 2
    assert "nested too deeply" in made.report.remarks[0].reason


SWAGGER: list[Json] = [
    {"get": {"parameters": [{"name": "a", "in": "cookie", "type": "string"}]}},
    {"get": {"parameters": [{"in": "query", "type": "string"}]}},
    {"post": {"parameters": [{"name": "b", "in": "body", "schema": {"$ref": "#/definitions/None"}}]}},
    {"get": {"responses": {"200": {"$ref": "#/responses/None"}}}},
    {"parameters": {}, "get": {}},
]


@pytest.mark.parametrize("item", SWAGGER, ids=range(len(SWAGGER)))
def test_so_it_is_in_swagger_2(item: Json) -> None:
    raw = {"swagger": "2.0", "host": "old.test", "paths": {"/good": {"get": {}}, "/broken": item}}
    made = import_raw(raw)
    assert [operation.path for operation in made.operations] == ["/good"]
    assert made.report.faults == 1
    assert made.report.remarks[0].path.startswith("$.paths['/broken']")


def test_what_all_operations_share_costs_no_operation() -> None:
    """A title that is none, a security scheme nobody described, one that is broken, and no scheme at all."""
    shared: list[Json] = [
        {"info": {"title": 7}},
        {"info": []},
        {"security": [{"nobody": []}]},
        {"security": {}},
        {"security": [{"key": []}], "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header"}}}},
        {"security": [{"key": []}], "components": {"securitySchemes": []}},
    ]
    for more in shared:
        made = imported(document(GOOD, **more))
        assert len(made.operations) == 2
        assert made.report.faults >= 1


def test_a_scheme_that_is_broken_costs_what_asks_for_nothing_else() -> None:
    schemes = {"bad": {"type": "apiKey", "in": "nowhere", "name": "x"}, "good": {"type": "http", "scheme": "bearer"}}
    paths: Json = {
        "/a": {"get": {"security": [{"bad": []}]}},
        "/b": {"get": {"security": [{"bad": []}, {"good": []}]}},
        "/c": {"get": {"security": [{"good": []}]}},
    }
    made = imported(document(paths, components={"securitySchemes": schemes}))
    assert [operation.path for operation in made.operations] == ["/b", "/c"]
    assert list(made.credentials) == ["shopApi"]


def test_where_nothing_is_left_the_first_fault_is_the_error() -> None:
    with pytest.raises(DescriptorError, match="leads nowhere") as caught:
        imported(document({"/a": {"post": json_body({"$ref": "#/x"})}, "/b": {"get": {"tags": [1]}}}))
    assert str(caught.value.path).startswith("$.paths['/a'].post")


def test_a_fault_in_a_schema_that_many_use_costs_each_of_them_and_is_said_once_for_each() -> None:
    paths = {f"/{n}": {"post": json_body({"$ref": "#/components/schemas/Bad"})} for n in range(250)}
    schemas = {"Bad": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/Nowhere"}}}}
    schemas |= {f"Name{n}": {"type": "string"} for n in range(400)}
    made = imported(document({**GOOD, **paths}, components={"schemas": schemas}))
    assert (len(made.operations), made.report.left_out) == (2, 250)


# -- what is asked of values ------------------------------------------------------------------------------------------


def one_field(schema: Json) -> tuple[Imported, Json]:
    made = imported(document({"/a": {"post": json_body({"type": "object", "properties": {"a": schema}})}}))
    return made, made.operations[0].properties[0]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "(?i)abc"},
        {"type": "string", "pattern": "["},
        {"type": "string", "pattern": "/^[a-z]+$/"},
        {"type": "string", "pattern": "^[a-z]+$", "example": "ABC"},
        {"type": "integer", "minimum": "1"},
        {"type": "integer", "minimum": 5, "maximum": 1},
        {"type": "string", "minLength": -1},
        {"type": "string", "minLength": 9, "maxLength": 2},
        {"type": "number", "multipleOf": 0},
        {"type": "integer", "enum": ["one", "two"]},
        {"type": "array", "items": {"type": "string"}, "enum": ["a", "b"]},
        {"type": "string", "enum": [1.5]},
    ],
    ids=range(12),
)
def test_what_cannot_be_meant_costs_the_check_only_and_is_told(schema: Json) -> None:
    made, prop = one_field(schema)
    assert "options" not in prop
    assert set(prop.get("schema", {})) <= {"type", "items"}
    [remark] = made.report.remarks
    assert remark.path.startswith("$.paths['/a'].post.requestBody")
    assert remark.outcome == "it is not checked."
    assert made.report.faults == 0


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"type": "string", "enum": [1, 2, True]}, ["1", "2", "true"]),
        ({"type": "integer", "enum": ["1", "-2"]}, [1, -2]),
        ({"enum": ["a", "b", None]}, ["a", "b"]),
        ({"allOf": [{"type": "string", "enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, ["b"]),
    ],
)
def test_choices_are_of_the_type_that_is_declared(schema: Json, values: list[Any]) -> None:
    _made, prop = one_field(schema)
    assert [option["value"] for option in prop["options"]] == values


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        (
            {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2},
            {"type": "integer", "minimum": 1, "maximum": 9, "multipleOf": 2},
        ),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "number", "exclusiveMaximum": 1.5}, {"type": "number", "exclusiveMaximum": 1.5}),
        ({"type": "integer", "format": "int32"}, {"type": "integer", "format": "int32"}),
        ({"type": "integer", "format": "int64"}, None),
        ({"type": "integer", "format": "int32", "maximum": 2**31 - 1}, {"type": "integer", "format": "int32"}),
        ({"type": ["string", "null"], "maxLength": 5}, {"type": ["string", "null"], "maxLength": 5}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "string", "format": "password"}, None),
        ({"type": "string", "maximum": 5}, None),
        (
            {"allOf": [{"type": "string", "maxLength": 9, "pattern": "a"}, {"maxLength": 5, "pattern": "b"}]},
            {"type": "string", "maxLength": 5, "pattern": "a", "allOf": [{"pattern": "b"}]},
        ),
        (
            {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            {"type": ["string", "null"], "maxLength": 3},
        ),
        ({"oneOf": [{"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 5}]}, None),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 1, "uniqueItems": True},
            {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "enum": ["a"]}},
        ),
        ({"enum": [1, "a"]}, {"type": ["string", "integer", "number", "boolean"], "enum": [1, "a"]}),
    ],
    ids=range(15),
)
def test_what_a_document_asks_of_a_value_is_asked_by_the_node(schema: Json, wanted: Json | None) -> None:
    made, prop = one_field(copy.deepcopy(schema))
    assert prop.get("schema") == wanted
    assert made.report.remarks == []


def test_bounds_of_a_list_in_a_query_are_those_of_the_whole() -> None:
    schema = {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 1}}
    made = imported(document({"/a": {"get": {"parameters": [{"name": "ids", "in": "query", "schema": schema}]}}}))
    [prop] = made.operations[0].properties[0]["options"]
    assert prop["schema"] == {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 1}}
