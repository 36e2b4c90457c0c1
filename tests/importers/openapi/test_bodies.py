"""Bodies, parts and parameters go as the document says: each request is read back as a server would."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.formparser import parse_form_data

from nodeloom import Runtime
from nodeloom.importers.openapi import write
from nodeloom.testing import RecordingTransport
from tests.importers.openapi.shop import imported, json_body, one

Json = dict[str, Any]

PNG = {"data": "iVBORw==", "mimeType": "image/png", "fileName": "a.png"}
TEXT = {"data": "aGk=", "mimeType": "text/plain", "fileName": "hi.txt"}
ITEM = {"json": {"n": None}, "binary": {"picture": PNG, "note": TEXT}}


def attempt(raw: Json, item: Any = None, **parameters: Any) -> tuple[httpx.Request | None, Json]:
    """The request that the only operation sends, and what became of the item."""
    made = imported(raw)
    transport = RecordingTransport()
    only = made.operations[0]
    with tempfile.TemporaryDirectory() as folder, Runtime(transport=transport) as runtime:
        write(made, Path(folder))
        runtime.add_node(Path(folder))
        result = runtime.run(
            made.name,
            {"resource": only.resource, "operation": only.name, **parameters},
            items=[item or {}],
            on_error="continue",
        )
    return (transport.requests[0] if transport.requests else None), dict(result.items[0]["json"])


def sent(raw: Json, item: Any = None, **parameters: Any) -> httpx.Request:
    request, outcome = attempt(raw, item, **parameters)
    assert request is not None, outcome
    return request


def refused(raw: Json, item: Any = None, **parameters: Any) -> Json:
    request, outcome = attempt(raw, item, **parameters)
    assert request is None
    return dict(outcome["error"])


def body(kind: str, schema: Any, **media: Any) -> Json:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema, **media}}}}


# -- a path's value and a field of the body ---------------------------------------------------------------------------

VARIABLE = {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_is_addressed_can_be_renamed(kind: str) -> None:
    raw = one(body(kind, VARIABLE), path="/variables/{name}", method="patch")
    request = sent(raw, Name="OLD", **{"Name 2": "NEW", "Value": "x"})
    assert request.url.path == "/v1/variables/OLD"
    assert b"NEW" in request.content
    assert b"OLD" not in request.content
    # What is not set is not sent.
    assert b"name" not in sent(raw, Name="OLD", Value="x").content.replace(b'name="value"', b"")


def test_a_body_that_must_name_what_is_addressed_does_so_unless_it_is_told_otherwise() -> None:
    raw = one(json_body({**VARIABLE, "required": ["name"]}), path="/variables/{name}", method="put")
    assert json.loads(sent(raw, Name="OLD").content) == {"name": "OLD"}
    assert json.loads(sent(raw, Name="={{ $json.it }}", item={"it": "A"}).content) == {"name": "A"}
    assert json.loads(sent(raw, Name="OLD", **{"Name 2": "NEW"}).content) == {"name": "NEW"}
    numbered = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    assert json.loads(sent(one(json_body(numbered), path="/t/{id}", method="put"), Id="7").content) == {"id": 7}


# -- null -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema",
    [
        {"type": ["string", "null"]},
        {"type": "string", "nullable": True},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": ["array", "null"], "items": {}},
        {"type": ["string", "null"], "enum": ["a", None]},
    ],
)
def test_a_field_that_must_be_there_and_may_be_null_takes_null(schema: Json) -> None:
    raw = one(json_body({"type": "object", "required": ["a"], "properties": {"a": schema}}))
    assert sent(raw, A=None).content == b'{"a":null}'
    assert sent(raw, ITEM, A="={{ $json.n }}").content == b'{"a":null}'
    # What is not there at all is still missing.
    assert refused(raw, A="={{ $json.x }}")["code"] == "missing_value"


def test_one_that_may_not_be_null_does_not() -> None:
    raw = one(json_body({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}))
    assert refused(raw, ITEM, A="={{ $json.n }}")["code"] == "missing_value"


# -- whole bodies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        ({"type": "string"}, "abc", b'"abc"'),
        ({"type": "string"}, 'say "x"', b'"say \\"x\\""'),
        ({"type": "string"}, "[1]", b'"[1]"'),
        ({"type": ["string", "null"]}, None, b"null"),
        ({"type": "string", "enum": ["a", "b"]}, "b", b'"b"'),
        ({"type": "integer"}, 5, b"5"),
        ({"type": "integer"}, "5", b"5"),
        ({"type": "boolean"}, False, b"false"),
        ({"type": "array", "items": {"type": "string"}}, '["a"]', b'["a"]'),
    ],
)
def test_a_json_body_is_a_value_of_its_type(schema: Json, value: Any, wanted: bytes) -> None:
    request = sent(one(json_body(schema, required=True)), Body=value)
    assert (request.headers["content-type"], request.content) == ("application/json", wanted)


def test_a_json_body_of_another_media_type_keeps_it() -> None:
    request = sent(one(body("application/vnd.shop+json", {"type": "string"})), Body="abc")
    assert (request.headers["content-type"], request.content) == ("application/vnd.shop+json", b'"abc"')


@pytest.mark.parametrize(
    ("kinds", "file", "wanted"),
    [
        (["image/*"], "picture", "image/png"),
        (["*/*"], "note", "text/plain"),
        (["application/*", "image/*"], "picture", "image/png"),
        (["image/jpeg", "image/png"], "picture", "image/png"),
        (["image/jpeg"], "picture", "image/jpeg"),
        (["application/octet-stream"], "picture", "application/octet-stream"),
    ],
)
def test_a_file_has_its_own_media_type_where_the_body_may_have_several(
    kinds: list[str], file: str, wanted: str
) -> None:
    schema = {"schema": {"type": "string", "format": "binary"}}
    raw = one({"requestBody": {"required": True, "content": dict.fromkeys(kinds, schema)}})
    request = sent(raw, ITEM, Body=file)
    assert request.headers["content-type"] == wanted
    assert request.content == (b"\x89PNG" if file == "picture" else b"hi")


@pytest.mark.parametrize("kinds", [["image/*"], ["image/jpeg", "image/png"], ["audio/*", "video/mp4"]])
def test_a_file_of_another_media_type_is_refused(kinds: list[str]) -> None:
    schema = {"schema": {"type": "string", "format": "binary"}}
    error = refused(one({"requestBody": {"content": dict.fromkeys(kinds, schema)}}), ITEM, Body="note")
    assert "text/plain" in error["message"]
    assert kinds[0] in error["hint"]


# -- parts ------------------------------------------------------------------------------------------------------------


def parts(request: httpx.Request) -> tuple[dict[str, list[str]], list[tuple[str, str | None, str, bytes]]]:
    """The form's values by name; its files as name, file name, media type and content."""
    environment = {
        "wsgi.input": io.BytesIO(request.content),
        "CONTENT_LENGTH": str(len(request.content)),
        "CONTENT_TYPE": request.headers["content-type"],
        "REQUEST_METHOD": "POST",
    }
    _stream, form, files = parse_form_data(environment)
    found = []
    for name, file in files.items(multi=True):
        with file.stream as stream:
            found.append((name, file.filename, file.mimetype, stream.read()))
    return {name: form.getlist(name) for name in form}, found


def form(properties: Json, **more: Any) -> Json:
    return one(body("multipart/form-data", {"type": "object", "properties": properties}, **more))


FILES = {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}}


@pytest.mark.parametrize(
    "value",
    [["picture", "note"], "picture, note", '["picture", "note"]', [PNG, "note"], "={{ $json.names }}"],
    ids=range(5),
)
def test_several_files_go_under_one_name(value: Any) -> None:
    item = {**ITEM, "json": {"names": ["picture", "note"]}}
    _values, found = parts(sent(form(FILES), item, Files=value))
    assert found == [("files", "a.png", "image/png", b"\x89PNG"), ("files", "hi.txt", "text/plain", b"hi")]


def test_one_of_several_files_goes_as_one_and_one_that_is_not_there_is_named() -> None:
    assert len(parts(sent(form(FILES), ITEM, Files="note"))[1]) == 1
    error = refused(form(FILES), ITEM, Files=["picture", "nota"])
    assert "note" in error["hint"]


def test_an_object_is_a_part_of_json_and_each_object_of_a_list_is_one() -> None:
    raw = form(
        {
            "meta": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "rows": {"type": "array", "items": {"type": "object"}},
            "tags": {"type": "array", "items": {"type": "string"}},
            "name": {"type": "string"},
        }
    )
    request = sent(raw, Meta={"a": 1}, Rows=[{"r": 1}, {"r": 2}], Tags=["x", "y"], Name="n")
    head = b'Content-Disposition: form-data; name="%b"\r\n'
    assert (head % b"meta") + b'Content-Type: application/json\r\n\r\n{"a":1}\r\n' in request.content
    values, _files = parts(request)
    assert values == {"meta": ['{"a":1}'], "rows": ['{"r":1}', '{"r":2}'], "tags": ["x", "y"], "name": ["n"]}
    # Plain text needs no media type (RFC 7578 section 4.4).
    assert (head % b"name") + b"\r\nn\r\n" in request.content


@pytest.mark.parametrize(
    ("schema", "encoding", "value", "wanted"),
    [
        ({"type": "string"}, {"contentType": "application/xml"}, "<a/>", b"Content-Type: application/xml\r\n\r\n<a/>"),
        ({"type": "string"}, {"contentType": "application/json"}, "a", b'Content-Type: application/json\r\n\r\n"a"'),
        (
            {"type": "array", "items": {"type": "integer"}},
            {"contentType": "application/json"},
            [1, 2],
            b"Content-Type: application/json\r\n\r\n[1,2]",
        ),
        ({"type": "object"}, {"contentType": "application/vnd.x+json"}, {"a": 1}, b"vnd.x+json\r\n\r\n" + b'{"a":1}'),
        (
            {"type": "array", "items": {"type": "string"}},
            {"contentType": "text/csv", "style": "form", "explode": False},
            ["a", "b"],
            b"Content-Type: text/csv\r\n\r\na,b",
        ),
    ],
    ids=range(5),
)
def test_a_part_has_the_media_type_that_its_encoding_states(
    schema: Json, encoding: Json, value: Any, wanted: bytes
) -> None:
    assert wanted in sent(form({"it": schema}, encoding={"it": encoding}), It=value).content


@pytest.mark.parametrize(
    ("kind", "file", "wanted"),
    [
        ("image/*", "picture", "image/png"),
        ("image/jpeg, image/png", "picture", "image/png"),
        ("application/octet-stream", "picture", "application/octet-stream"),
        ("image/*", "note", None),
        ("image/jpeg,image/gif", "picture", None),
    ],
)
def test_a_file_s_part_has_the_file_s_media_type_where_that_may_be(kind: str, file: str, wanted: str | None) -> None:
    binary = {"it": {"type": "string", "format": "binary"}}
    raw = form(binary, encoding={"it": {"contentType": kind}})
    if wanted is None:
        assert "does not take" in refused(raw, ITEM, It=file)["message"]
    else:
        assert parts(sent(raw, ITEM, It=file))[1][0][2] == wanted


def test_header_fields_of_a_part_are_those_of_the_document_or_the_author_s() -> None:
    headers = {
        "X-Kind": {"schema": {"type": "string", "enum": ["photo"]}},
        "X-Title": {"schema": {"type": "string"}, "required": True},
        "X-Rest": {"schema": {"type": "string"}},
        "Content-Type": {"schema": {"type": "string"}},
    }
    raw = form({"it": {"type": "string", "format": "binary"}}, encoding={"it": {"headers": headers}})
    names = {prop["name"]: prop.get("required", False) for prop in imported(raw).operations[0].properties}
    assert names == {"It X Title": True, "It X Rest": False, "It": False}
    content = sent(raw, {**ITEM, "json": {"t": "Holiday"}}, It="picture", **{"It X Title": "={{ $json.t }}"}).content
    assert b"Content-Type: image/png\r\nX-Kind: photo\r\nX-Title: Holiday\r\n\r\n" in content
    assert b"X-Rest" not in content
    assert "line breaks" in refused(raw, ITEM, It="picture", **{"It X Title": "a\r\nX-Evil: 1"})["message"]


# -- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        ({"type": "object"}, {"k": "v w"}, '{"k":"v w"}'),
        ({"type": "array", "items": {"type": "integer"}}, "[1, 2]", "[1,2]"),
        ({"type": "string"}, "abc", '"abc"'),
        ({"type": "integer"}, "5", "5"),
        ({"type": "boolean"}, True, "true"),
    ],
)
@pytest.mark.parametrize("where", ["path", "header", "query", "cookie"])
def test_a_parameter_with_json_content_is_json_wherever_it_stands(
    where: str, schema: Json, value: Any, wanted: str
) -> None:
    parameter = {
        "name": "it", "in": where, "required": True, "content": {"application/json": {"schema": schema}}
    }  # fmt: skip
    request = sent(
        one({"parameters": [parameter]}, path="/t/{it}" if where == "path" else "/t", method="get"), It=value
    )
    found = {
        "path": lambda: request.url.path.removeprefix("/v1/t/"),
        "header": lambda: request.headers["it"],
        "query": lambda: request.url.params["it"],
        "cookie": lambda: httpx.URL(f"http://x/?{request.headers['cookie']}").params["it"],
    }[where]()
    assert found == wanted


def test_a_form_has_no_null() -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"]}}}
        assert refused(one(body(kind, schema)), ITEM, A="={{ $json.n }}")["code"] == "missing_value"


def test_a_file_without_a_media_type_is_a_file() -> None:
    raw = form({"it": {"type": "string", "format": "binary"}})
    assert parts(sent(raw, It={"data": "aGk="}))[1] == [("it", "file", "application/octet-stream", b"hi")]


FILE = {"type": "string", "format": "binary"}


@pytest.mark.parametrize(
    ("schema", "encoding"),
    [
        ({"contentMediaType": "application/octet-stream"}, {}),
        ({"type": "string", "contentMediaType": "image/png"}, {}),
        ({}, {"f": {"contentType": "image/png"}}),
        ({"type": "string"}, {"f": {"contentType": "image/png"}}),
        ({"oneOf": [FILE, {"type": "array", "items": FILE}]}, {}),
        ({"anyOf": [{"type": "array", "items": FILE}, FILE, {"type": "null"}]}, {}),
    ],
)
def test_a_part_is_a_file_however_the_document_says_so(schema: Json, encoding: Json) -> None:
    request = sent(
        one(body("multipart/form-data", {"type": "object", "properties": {"f": schema}}, encoding=encoding)),
        ITEM,
        F="picture",
    )
    assert b'name="f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in request.content


def test_a_part_of_base64_says_that_it_is_so() -> None:
    schema = {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}
    request = sent(one(body("multipart/form-data", {"type": "object", "properties": {"f": schema}})), F="iVBORw==")
    assert b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==" in request.content


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/yaml", "application/graphql", "text/csv"])
def test_a_body_of_text_is_given_as_text(kind: str) -> None:
    request = sent(one(body(kind, {"type": "string"})), Body="a: 1\nb: 2")
    assert (request.headers["content-type"], request.content) == (kind, b"a: 1\nb: 2")


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "enum": ["on", "off"]}, "on", "onn"),
        ({"type": "integer", "minimum": 5}, 5, 4),
        ({"type": "string", "pattern": "^a+$"}, "aa", "b"),
    ],
)
def test_a_body_of_text_is_held_to_its_schema(schema: Json, right: Any, wrong: Any) -> None:
    raw = one(body("text/plain", schema))
    assert sent(raw, Body=right).content == str(right).encode()
    assert refused(raw, {"v": wrong}, Body="={{ $json.v }}")["property"] == "Body"


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_form_without_described_fields_takes_an_object(kind: str) -> None:
    for schema in ({}, {"type": "object"}, {"type": "object", "additionalProperties": {"type": "string"}}):
        assert b"left" in sent(one(body(kind, schema)), **{"Additional Fields": {"a": "left"}}).content


def test_a_parameter_of_another_format_is_text() -> None:
    content = {"application/xml": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    raw = one({"parameters": [{"name": "x", "in": "query", "required": True, "content": content}]}, method="get")
    assert str(sent(raw, X="<a>1</a>").url).endswith("?x=%3Ca%3E1%3C%2Fa%3E")


SWAGGER_FIELD = {"name": "x", "type": "array", "items": {"type": "string"}, "required": True}


@pytest.mark.parametrize(
    ("where", "form", "wanted"),
    [
        ("header", "pipes", "a b|c"),
        ("header", "ssv", "a b c"),
        ("path", "pipes", "/things/a%20b%7Cc"),
        ("path", "tsv", "/things/a%20b%09c"),
        ("path", "csv", "/things/a%20b,c"),
        ("formData", "ssv", "\r\n\r\na b c\r\n"),
        ("formData", "tsv", "\r\n\r\na b\tc\r\n"),
    ],
)
def test_lists_of_swagger_2_are_joined_as_they_say(where: str, form: str, wanted: str) -> None:
    operation = {
        "parameters": [{**SWAGGER_FIELD, "in": where, "collectionFormat": form}],
        "consumes": ["multipart/form-data"],
    }
    path = "/things/{x}" if where == "path" else "/things"
    request = sent({"swagger": "2.0", "host": "h.test", "paths": {path: {"post": operation}}}, X=["a b", "c"])
    assert wanted in {"header": request.headers.get("x", ""), "path": str(request.url)}.get(
        where, request.content.decode()
    )


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1),
        ({"type": "integer", "multipleOf": 5}, 6),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["a"]),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"]),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ["a", "a"]),
    ],
)
def test_bounds_of_swagger_2_are_checked(more: Json, wrong: Any) -> None:
    operation = {"parameters": [{"name": "x", "in": "query", "required": True, **more}]}
    raw = {"swagger": "2.0", "host": "h.test", "paths": {"/things": {"get": operation}}}
    assert refused(raw, {"v": wrong}, X="={{ $json.v }}")["property"] == "X"


@pytest.mark.parametrize(
    ("kind", "right", "text", "wrong"),
    [
        ("integer", "5", "5", "five"),
        ("integer", 5.0, "5", 5.5),
        ("number", 1.5, "1.5", "x"),
        ("boolean", True, "true", "maybe"),
        ("boolean", "true", "true", 2),
    ],
)
@pytest.mark.parametrize("where", ["header", "query", "cookie"])
def test_a_parameter_is_of_its_type_wherever_it_stands(
    kind: str, right: Any, text: str, wrong: Any, where: str
) -> None:
    parameter = {"name": "x", "in": where, "required": True, "schema": {"type": kind}}
    raw = one({"parameters": [parameter]}, method="get")
    request = sent(raw, {"v": right}, X="={{ $json.v }}")
    found = {"header": request.headers.get("x"), "query": request.url.params.get("x")}
    assert found.get(where, request.headers.get("cookie", "").removeprefix("x=")) == text
    assert refused(raw, {"v": wrong}, X="={{ $json.v }}")["property"] == "X"
