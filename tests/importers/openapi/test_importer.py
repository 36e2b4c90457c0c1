"""What the importer makes of the parts of a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.validation import kind_of, validate_document
from nodeloom.errors import ConfigurationError, DescriptorError, UnknownNameError
from nodeloom.importers.openapi import Overrides, files_of, import_openapi, write
from nodeloom.importers.openapi.docs import page_of
from nodeloom.importers.openapi.nodewriting import json_lines
from tests.importers.openapi.shop import document, fields, imported, json_body, one

Json = dict[str, Any]


def send(prop: Json) -> Json:
    return dict(prop["routing"]["send"])


def test_a_node_is_a_head_with_an_index_and_a_file_for_each_resource(tmp_path: Path) -> None:
    raw = document(
        {
            "/things": {
                "get": {"operationId": "listThings", "tags": ["Things"]},
                "post": {"operationId": "createThing", "tags": ["Things"]},
            },
            "/shopping-lists": {"get": {"tags": ["shoppingLists"]}},
        }
    )
    made = imported(raw)
    write(made, tmp_path)
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.json")) == [
        "node.json",
        "resources/shopping-lists.json",
        "resources/things.json",
        "search.json",
    ]
    assert made.head["resources"] == {
        "Things": {
            "file": "resources/things.json",
            "operations": ["List Things", "Create Thing"],
            "methods": ["GET", "POST"],
        },
        "Shopping Lists": {
            "file": "resources/shopping-lists.json",
            "operations": ["List Shopping Lists"],
            "methods": ["GET"],
        },
    }
    assert Node.from_path(tmp_path).operation_names("Things") == ["List Things", "Create Thing"]
    for file in [tmp_path / "node.json", *tmp_path.glob("resources/*.json")]:
        raw = json.loads(file.read_text(encoding="utf-8"))
        assert validate_document(raw, kind_of(raw)) == []


@pytest.mark.parametrize(
    ("operation", "path", "resource", "name"),
    [
        ({"operationId": "repos/list-for-org", "tags": ["repos"]}, "/r", "Repos", "List For Org"),
        ({"operationId": "Repos_get", "tags": ["repos"]}, "/r", "Repos", "Get"),
        ({"operationId": "ListWeblink", "tags": ["WebsiteLinks"]}, "/r", "Website Links", "List Weblink"),
        ({}, "/v1/users/{id}/posts", "Users", "Create Users Posts"),
        ({}, "/", "Default", "Create"),
        ({"operationId": "###"}, "/api/v2/cats", "Cats", "Create Cats"),
    ],
)
def test_operations_have_readable_names(operation: Json, path: str, resource: str, name: str) -> None:
    made = imported(one(operation, path=path))
    assert [(o.resource, o.name) for o in made.operations] == [(resource, name)]


def test_operations_of_one_name_are_told_apart() -> None:
    raw = document(
        {
            "/a": {"get": {"operationId": "get", "tags": ["t"]}},
            "/a/{id}": {"get": {"operationId": "Get", "tags": ["t"]}},
            "/b": {"get": {"operationId": "get_", "tags": ["t"]}, "post": {"operationId": "get-", "tags": ["T"]}},
        }
    )
    made = imported(raw)
    assert [o.name for o in made.operations] == ["Get", "Get By Id", "Get (Get)", "Get (Post)"]


def test_properties_stand_in_order_and_only_what_is_required_is() -> None:
    raw = one(
        {
            "parameters": [
                {"name": "lang", "in": "query", "schema": {"type": "string"}},
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
                {"name": "mode", "in": "query", "required": True, "schema": {"enum": ["fastWay", "slow"]}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                {"name": "Accept", "in": "header", "schema": {"type": "string"}},
                {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
            ],
            **json_body(
                {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string"}, "at": {"type": "string", "format": "date-time"}},
                },
                required=True,
            ),
        },
        path="/things/{id}",
    )
    found = fields(raw)
    assert list(found) == ["Id", "Mode", "Options", "X Trace", "Name", "At"]
    assert [n for n, p in found.items() if p.get("required")] == ["Id", "Mode", "Name"]
    assert [n for n, p in found.items() if "default" in p] == ["Options"]
    assert found["Mode"]["options"] == [{"name": "Fast Way", "value": "fastWay"}, {"name": "Slow", "value": "slow"}]
    assert [p["name"] for p in found["Options"]["options"]] == ["Lang", "Theme"]
    assert send(found["Id"]) == {"type": "path", "property": "id", "encode": "integer"}
    assert found["At"]["type"] == "dateTime"


def test_names_that_choose_the_operation_are_not_used_for_properties() -> None:
    raw = one(json_body({"type": "object", "properties": {"resource": {"type": "string"}, "operation": {}}}))
    assert list(fields(raw)) == ["Resource Field", "Operation Field"]


def test_a_field_of_the_body_is_another_than_the_path_s_value_of_its_name() -> None:
    """Where the body must have it, it is the path's value unless it is set."""
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    found = fields(one(json_body(schema), path="/t/{id}"))
    assert list(found) == ["Id", "Id 2", "Name"]
    assert "default" not in found["Id 2"]
    assert "path" in found["Id 2"]["description"]
    found = fields(one(json_body({**schema, "required": ["id"]}), path="/t/{id}"))
    assert found["Id 2"]["default"] == '={{ $parameter["Id"] }}'
    assert send(found["Id 2"]) == {"type": "body", "property": "id", "encode": "string"}


def test_a_key_of_odata_stands_once_and_fills_the_body_where_that_must_have_it() -> None:
    """A body does not change what an entity is addressed by (OData 4.01 part 1, section 11.4.3)."""
    schema = {"type": "object", "properties": {"Id": {"type": "string"}, "Name": {"type": "string"}}}
    assert list(fields(one(json_body(schema), path="/T({Id})"))) == ["Id", "Name"]
    found = fields(one(json_body({**schema, "required": ["Id"]}), path="/T({Id})"))
    assert found["Id"]["routing"]["request"] == {"body": {"Id": "={{ $value }}"}}


def test_inherited_fields_of_a_body_are_kept() -> None:
    raw = one(
        json_body({"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"b": {"type": "integer"}}}]}),
        components={"schemas": {"Base": {"type": "object", "properties": {"a": {"type": "string"}, "c": {}}}}},
    )
    assert list(fields(raw)) == ["A", "B", "C"]


def test_schemas_that_contain_themselves_end() -> None:
    raw = one(
        json_body({"$ref": "#/components/schemas/Node"}),
        components={
            "schemas": {
                "Node": {
                    "allOf": [{"$ref": "#/components/schemas/Node"}],
                    "properties": {
                        "parent": {"$ref": "#/components/schemas/Node"},
                        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
                    },
                }
            }
        },
    )
    found = fields(raw)
    assert found["Parent"]["schema"]["type"] == "object"
    assert found["Children"]["schema"]["type"] == "array"


@pytest.mark.parametrize(
    ("schema", "kind", "encoder"),
    [
        ({"type": "string"}, "string", "string"),
        ({"type": ["string", "null"]}, "string", "string"),
        ({"type": "integer", "format": "int64"}, "number", "integer"),
        ({"type": "integer", "format": "decimal"}, "number", "number"),
        ({"type": "number"}, "number", "number"),
        ({"type": "boolean"}, "boolean", "boolean"),
        ({"type": "object"}, "json", "json"),
        ({"type": "array", "items": {"type": "string"}}, "json", "json"),
        ({"const": "a"}, "options", "string"),
        ({"enum": [1, 2, None]}, "options", "integer"),
        (
            {"oneOf": [{"type": "number", "format": "double"}, {"type": "string"}, {"enum": ["INF"]}]},
            "number",
            "number",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", "string"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "string", None),
        ({"oneOf": [{"type": "string"}, {"type": "object"}]}, "json", None),
        (True, "json", None),
    ],
)
def test_a_type_decides_about_the_field_and_how_it_is_written(schema: Any, kind: str, encoder: str | None) -> None:
    prop = fields(one(json_body({"type": "object", "properties": {"a": schema}})))["A"]
    assert (prop["type"], send(prop).get("encode")) == (kind, encoder)


def test_read_only_fields_are_left_out() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}, "b": {"type": "string"}}}
    assert list(fields(one(json_body(schema)))) == ["B"]


def test_a_body_of_several_forms_offers_the_fields_of_all_and_says_so() -> None:
    forms = [
        {"type": "object", "required": ["a", "c"], "properties": {"a": {"type": "string"}, "c": {"type": "string"}}},
        {"type": "object", "required": ["c"], "properties": {"b": {"type": "string"}, "c": {"type": "string"}}},
    ]
    made = imported(one(json_body({"oneOf": forms})))
    assert [(p["name"], p.get("required", False)) for p in made.operations[0].properties] == [
        ("A", False),
        ("C", True),
        ("B", False),
    ]
    assert "one of 2 forms" in made.report.remarks[0].reason


@pytest.mark.parametrize(
    ("kind", "schema", "wanted"),
    [
        ("application/json", {"type": "array", "items": {"type": "integer"}}, {"type": "body", "encode": "json"}),
        ("application/octet-stream", {}, {"type": "body", "encode": "binary"}),
        ("image/png", {}, {"type": "body", "encode": "binary"}),
        ("text/plain", {"type": "string"}, {"type": "body", "encode": "string"}),
        ("application/xml", {"type": "object"}, {"type": "body", "encode": "string"}),
    ],
)
def test_a_body_that_has_no_fields_is_one_property(kind: str, schema: Json, wanted: Json) -> None:
    raw = one({"requestBody": {"required": True, "content": {kind: {"schema": schema}}}})
    prop = fields(raw)["Body"]
    assert send(prop) == wanted
    assert prop["required"]


def test_forms_write_lists_and_objects_as_their_encoding_says() -> None:
    schema = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}},
            "meta": {"type": "object"},
            "deep": {"type": "object"},
        },
    }
    encoding = {"deep": {"style": "deepObject", "explode": True}}
    content = {"application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding}}
    found = fields(one({"requestBody": {"content": content}}))
    assert [send(found[n]).get("style") for n in ("Tags", "Meta", "Deep")] == ["form", None, "deepObject"]
    assert send(found["Meta"])["encode"] == "jsonText"


def test_security_schemes_become_credential_types() -> None:
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "login": {"type": "http", "scheme": "basic"},
        "token": {"type": "http", "scheme": "bearer"},
        "oauth": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"read": "", "write": ""}}},
        },
        "cert": {"type": "mutualTLS"},
    }
    raw = one(
        {"security": [{"key": []}, {"login": []}, {"token": []}, {"oauth": ["read"]}, {"cert": []}]},
        components={"securitySchemes": schemes},
    )
    made = imported(raw)
    for document_ in made.credentials.values():
        assert validate_document(document_, "credential") == []
    by_label = {c["displayName"]: c for c in made.credentials.values()}
    assert by_label["Shop Key"]["authenticate"]["properties"] == {"headers": {"X-Key": "={{ $credentials.key }}"}}
    assert by_label["Shop Login"]["authenticate"]["properties"]["auth"]["username"] == "={{ $credentials.user }}"
    assert by_label["Shop Oauth"]["extends"] == ["oAuth2Api"]
    hidden = {p["name"]: p["default"] for p in by_label["Shop Oauth"]["properties"] if p["type"] == "hidden"}
    assert hidden == {"grantType": "clientCredentials", "accessTokenUrl": "={{ $credentials.serverUrl }}/token"}
    assert made.head["properties"][0]["name"] == "authentication"
    assert [r["displayOptions"]["show"]["authentication"] for r in made.head["credentials"]] == [
        ["Key"],
        ["Login"],
        ["Token"],
        ["Oauth"],
    ]
    assert "mutualTLS" in made.report.remarks[0].reason


def test_servers_with_variables_are_filled_in_by_the_credential() -> None:
    server = {
        "url": "https://{region}.shop.test/{base path}",
        "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}, "base path": {"default": "v2"}},
    }
    made = imported(one({}, servers=[server]))
    assert made.head["requestDefaults"]["baseURL"] == "={{ $credentials.serverUrl }}"
    [credential] = made.credentials.values()
    assert [(p["name"], p["type"], p["default"]) for p in credential["properties"]] == [
        ("region", "options", "eu"),
        ("basePath", "string", "v2"),
        ("serverUrl", "string", "=https://{{ $self.region }}.shop.test/{{ $self.basePath }}"),
    ]


@pytest.mark.parametrize("url", ["://[", "https://[half/v1", "wss://shop.test/v1", "https://x.test:port"])
def test_a_server_that_cannot_be_called_is_no_default(url: str) -> None:
    made = imported(one({}, servers=[{"url": url}]))
    [credential] = made.credentials.values()
    [server] = credential["properties"]
    assert server["required"]
    assert "default" not in server
    assert any("cannot be called" in remark.reason for remark in made.report.remarks)


def test_a_service_that_asks_for_nothing_needs_no_credential() -> None:
    made = imported(one({}))
    assert made.head["credentials"] == []
    assert made.head["requestDefaults"]["baseURL"] == "https://shop.example.test/v1"


def test_a_swagger_2_document_is_read_as_it_is() -> None:
    raw = {
        "swagger": "2.0",
        "info": {"title": "Old"},
        "host": "old.example.test",
        "basePath": "/v1",
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "paths": {
            "/pets/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "type": "integer"}],
                "get": {
                    "parameters": [
                        {
                            "name": "tags",
                            "in": "query",
                            "type": "array",
                            "items": {"type": "string"},
                            "collectionFormat": "multi",
                        }
                    ],
                    "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/Pet"}}},
                },
                "put": {"parameters": [{"name": "pet", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}]},
                "post": {"parameters": [{"name": "photo", "in": "formData", "type": "file", "required": True}]},
            }
        },
        "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string", "x-nullable": True}}}},
        "securityDefinitions": {"basic": {"type": "basic"}},
        "security": [{"basic": []}],
    }
    made = imported(raw)
    assert made.head["requestDefaults"]["baseURL"] == "={{ $credentials.serverUrl }}"
    assert made.credentials["oldApi"]["properties"][0]["default"] == "https://old.example.test/v1"
    get, put, post = made.operations
    assert get.properties[1]["options"][0]["routing"]["send"] == {
        "type": "query",
        "property": "tags",
        "propertyInDotNotation": False,
        "style": "form",
        "explode": True,
    }
    assert [p["name"] for p in put.properties] == ["Id", "Name"]
    assert send(post.properties[1]) == {
        "type": "body",
        "property": "photo",
        "propertyInDotNotation": False,
        "encode": "binaryPart",
    }
    assert post.routing["request"]["headers"] == {"Content-Type": "multipart/form-data"}


def odata(path: str, names: list[str], **more: Any) -> Json:
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
    return one({"parameters": parameters, **more}, path=path, method="get")


@pytest.mark.parametrize(
    ("path", "url", "defaults"),
    [
        ("/Users({Id})", "/Users({Id})", {"Id": "={{ $json.Id }}"}),
        ("/Users('{Id}')", "/Users({Id})", {"Id": "={{ $json.Id }}"}),
        ("/Users(Number={Number})", "/Users(Number={Number})", {"Number": "={{ $json.Number }}"}),
        ("/Users({Id})/Ns.Do(a={a},b='{b}')", "/Users({Id})/Ns.Do(a={a},b={b})", {"Id": "={{ $json.Id }}"}),
    ],
)
def test_odata_keys_come_from_the_item_and_arguments_are_asked_for(path: str, url: str, defaults: Json) -> None:
    import re

    made = imported(odata(path, re.findall(r"\{(\w+)\}", path)))
    [operation] = made.operations
    assert operation.routing["request"]["url"] == url
    assert {p["name"]: p["default"] for p in operation.properties if "default" in p} == defaults
    assert {send(p)["encode"] for p in operation.properties} == {"odata.string"}
    assert all(p["required"] for p in operation.properties)


def test_a_nullable_argument_that_is_not_given_is_null() -> None:
    parameter = {"name": "a", "in": "path", "required": True, "schema": {"type": "string", "nullable": True}}
    [prop] = fields(one({"parameters": [parameter]}, path="/R/Ns.Get(a={a})", method="get")).values()
    assert prop["default"] is None
    assert "required" not in prop
    assert send(prop)["nullable"] is True


def test_overrides_rename_group_describe_and_add() -> None:
    raw = document(
        {
            "/things/{id}": {"delete": {"operationId": "deleteThing", "tags": ["t"], "responses": {"204": {}}}},
            "/things/purge": {
                "post": {
                    "operationId": "purgeThings",
                    "tags": ["t"],
                    **json_body(
                        {"type": "object", "properties": {"ids": {"type": "array"}, "force": {"type": "boolean"}}}
                    ),
                }
            },
        }
    )
    made = imported(
        raw,
        {
            "name": "shop2",
            "displayName": "The Shop",
            "names": {"t": "Things"},
            "entities": {"thing": "article"},
            "descriptions": {"delete": "Delete the {entity}.", "key": "Key of the {entity}."},
            "errors": {"key": {"404": {"message": "There is no {entity} {key}.", "hint": "See {list}."}}},
            "operations": {
                "Things/Purge Things": {"properties": {"Force": {"default": False, "description": "Sure?"}}},
                "Things/Delete Thing": {
                    "rename": "Remove Thing",
                    "bulk": {"operation": "Purge Things", "item": "Id", "list": "Ids"},
                },
            },
        },
    )
    assert (made.name, made.label) == ("shop2", "The Shop")
    remove, purge = made.operations
    assert (remove.resource, remove.name) == ("Things", "Remove Thing")
    assert remove.more == {
        "description": "Delete the article.",
        "errors": {"404": {"message": "There is no article {Id}."}},
        "bulk": {"operation": "Purge Things", "item": "Id", "list": "Ids"},
    }
    assert remove.properties[0]["description"] == "Key of the article."
    assert remove.routing["output"] == {"echo": ["Id"], "answer": "none"}
    assert purge.properties[1]["default"] is False


@pytest.mark.parametrize(
    ("overrides", "error", "words"),
    [
        ({"nmae": "x"}, DescriptorError, "Did you mean 'name'"),
        ({"operations": {"Things/Nothing": {}}}, UnknownNameError, "no operation"),
        ({"operations": {"Things/Create Things": {"renam": "x"}}}, DescriptorError, "Did you mean 'rename'"),
        ({"operations": {"Things/Create Things": {"properties": {"No": {}}}}}, UnknownNameError, "no property"),
        (
            {"operations": {"Things/Create Things": {"bulk": {"operation": "No", "item": "a", "list": "b"}}}},
            UnknownNameError,
            "no operation 'No'",
        ),
        ({"operations": []}, DescriptorError, "operations"),
        ({"name": 7}, DescriptorError, "not a text"),
    ],
)
def test_overrides_that_fit_nothing_are_refused(overrides: Json, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        imported(one({}), overrides)
    assert words in str(caught.value)


def test_releases_say_since_when_and_what_is_gone() -> None:
    def release(*paths: str) -> Json:
        return document({path: {"get": {"operationId": f"get{path[1:].title()}", "tags": ["T"]}} for path in paths})

    made = imported(
        release("/a", "/b", "/c"),
        {"release": "3"},
        earlier=[("1", release("/a", "/x", "/c")), ("2", release("/a", "/b", "/x"))],
    )
    assert {o.path: o.since for o in made.operations} == {"/a": "1", "/b": "2", "/c": "3"}
    assert [(g["operation"], g["until"]) for g in made.gone] == [("Get X", "2")]
    assert made.head["resources"]["T"]["gone"] == {"Get X": "2"}
    assert made.head["resources"]["T"]["since"] == {"Get B": "2", "Get C": "3"}
    assert "## Gone" in page_of(made)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    raw = one({"operationId": "makeThing", **json_body({"type": "object", "properties": {"a": {"enum": ["x", "y"]}}})})
    assert files_of(imported(raw)) == files_of(imported(json.loads(json.dumps(raw))))


def test_a_node_is_not_written_over_unasked(tmp_path: Path) -> None:
    """With force, files that are no longer needed go, and what a person put there stays."""
    first = document({"/a": {"get": {"tags": ["A"]}}, "/b": {"get": {"tags": ["B"]}}})
    write(imported(first), tmp_path)
    (tmp_path / "overrides.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="node in"):
        write(imported(first), tmp_path)
    write(imported(document({"/a": {"get": {"tags": ["A"]}}})), tmp_path, force=True)
    assert sorted(p.name for p in tmp_path.rglob("*.json")) == ["a.json", "node.json", "overrides.json", "search.json"]


def test_an_import_from_files_takes_earlier_releases(tmp_path: Path) -> None:
    paths: Json
    for name, paths in (("old.json", {"/a": {"get": {}}}), ("new.json", {"/a": {"get": {}}, "/b": {"get": {}}})):
        (tmp_path / name).write_text(json.dumps(document(paths)), encoding="utf-8")
    made = import_openapi(
        tmp_path / "new.json",
        overrides=Overrides.check({"release": "2"}, "o"),
        earlier=[("1", tmp_path / "old.json")],
    )
    assert [o.since for o in made.operations] == ["1", "2"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@given(JSON_VALUES)
def test_json_that_is_written_in_lines_is_the_same_json(value: Any) -> None:
    assert json.loads(json_lines(value)) == value
