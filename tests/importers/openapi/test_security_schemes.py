"""A service that wants to be signed in to gets a credential, also where its document says so in another place."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.importers.openapi import write
from nodeloom.importers.openapi.importer import Imported
from nodeloom.testing import RecordingTransport

from .shop import document, imported, one

Json = dict[str, Any]

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER = {"type": "http", "scheme": "bearer"}
BASIC = {"type": "http", "scheme": "basic"}
HEADER = {"name": "Authorization", "in": "header", "schema": {"type": "string"}}


def schemes(**described: Json) -> Json:
    return {"components": {"securitySchemes": described}}


def sent(made: Imported, fields: Json | None, **parameters: Any) -> dict[str, str]:
    """The header fields of the request that the first operation sends; without `fields` it has no credential."""
    transport = RecordingTransport()
    first = made.operations[0]
    with tempfile.TemporaryDirectory() as folder, Runtime(transport=transport) as runtime:
        write(made, Path(folder))
        runtime.add_node(Path(folder))
        for file in Path(folder, "credentials").glob("*.json"):
            runtime.add_credential_type(file)
        result = runtime.run(
            made.name,
            {"resource": first.resource, "operation": first.name, **parameters},
            items=[{}],
            credentials={} if fields is None else {next(iter(made.credentials)): fields},
        )
    assert result.report.succeeded == 1
    return dict(transport.requests[0].headers)


@pytest.mark.parametrize(
    ("scheme", "fields", "header", "wanted"),
    [
        (KEY, {"it": "k"}, "x-key", "k"),
        (BEARER, {"accessToken": "t"}, "authorization", "Bearer t"),
        (BASIC, {"user": "u", "password": "p"}, "authorization", "Basic dTpw"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"it": "c"}, "cookie", "sid=c"),
    ],
)
def test_a_scheme_that_nothing_asks_for_is_offered(scheme: Json, fields: Json, header: str, wanted: str) -> None:
    """Many documents describe how to sign in and forget to ask for it. The credential may be left out."""
    made = imported(one({}, method="get", **schemes(it=scheme)))
    assert [reference["required"] for reference in made.head["credentials"]] == [False]
    assert sent(made, {"serverUrl": "https://shop.example.test/v1", **fields})[header] == wanted
    [remark] = made.report.remarks
    assert remark.path == "$.components.securitySchemes"
    assert "no operation asks" in remark.reason


def test_several_schemes_that_nothing_asks_for_are_a_choice() -> None:
    made = imported(one({}, method="get", **schemes(key=KEY, token=BEARER)))
    assert [option["value"] for option in made.head["properties"][0]["options"]] == ["Key", "Token"]
    assert sent(made, {"key": "k"})["x-key"] == "k"


@pytest.mark.parametrize(
    "raw",
    [
        one({"security": [{"key": []}]}, **schemes(key=KEY, token=BEARER)),
        one({}, security=[{"key": []}], **schemes(key=KEY, token=BEARER)),
        document({"/a": {"get": {}, "put": {"security": [{"key": []}]}}}, **schemes(key=KEY, token=BEARER)),
    ],
    ids=range(3),
)
def test_where_something_is_asked_for_what_is_not_is_left_alone(raw: Json) -> None:
    made = imported(raw)
    assert list(made.credentials) == ["shopApi"]
    assert made.head["properties"][0]["name"] == "resource"


def test_swagger_2_describes_without_asking_as_well() -> None:
    raw = {
        "swagger": "2.0",
        "info": {"title": "Shop"},
        "host": "shop.example.test",
        "paths": {"/things": {"get": {}}},
        "securityDefinitions": {"key": KEY},
    }
    assert sent(imported(raw), {"key": "k"})["x-key"] == "k"


def test_a_header_parameter_authorization_is_a_credential() -> None:
    made = imported(one({"parameters": [{**HEADER, "required": True}]}, method="get"))
    assert [prop["name"] for prop in made.operations[0].properties] == []
    assert made.head["credentials"] == [{"name": "shopApi", "required": True}]
    assert sent(made, {"authorization": "Bearer canary"})["authorization"] == "Bearer canary"
    [remark] = made.report.remarks
    assert remark.path == "$.paths['/things'].get"
    assert "Authorization" in remark.reason
    [secret] = [prop for prop in made.credentials["shopApi"]["properties"] if prop["name"] == "authorization"]
    assert secret["typeOptions"] == {"password": True}


def test_one_that_is_optional_need_not_be_given() -> None:
    made = imported(one({"parameters": [{**HEADER, "name": "authorization"}]}, method="get"))
    assert made.head["credentials"] == [{"name": "shopApi", "required": False}]
    assert "authorization" not in sent(made, None)


def test_one_of_the_path_and_one_behind_a_reference_count() -> None:
    by_path = document({"/things": {"parameters": [HEADER], "get": {}}})
    referred = one(
        {"parameters": [{"$ref": "#/components/parameters/Login"}]},
        method="get",
        components={"parameters": {"Login": HEADER}},
    )
    swagger = {
        "swagger": "2.0",
        "info": {"title": "Shop"},
        "host": "shop.example.test",
        "paths": {"/things": {"get": {"parameters": [{"name": "Authorization", "in": "header", "type": "string"}]}}},
    }
    for raw in (by_path, referred, swagger):
        assert sent(imported(raw), {"authorization": "x"})["authorization"] == "x"


def test_where_a_scheme_sends_the_header_the_parameter_says_nothing() -> None:
    """As OpenAPI has it; that a scheme was forgotten to be asked for is told once."""
    asked = imported(one({"parameters": [HEADER], "security": [{"token": []}]}, method="get", **schemes(token=BEARER)))
    assert sent(asked, {"accessToken": "t"})["authorization"] == "Bearer t"
    assert asked.report.remarks == []
    forgotten = imported(one({"parameters": [HEADER]}, method="get", **schemes(token=BEARER)))
    assert sent(forgotten, {"accessToken": "t"})["authorization"] == "Bearer t"
    assert [remark.path for remark in forgotten.report.remarks] == ["$.components.securitySchemes"]


def test_beside_a_scheme_that_sends_another_header_both_are_sent() -> None:
    operation = {"parameters": [{**HEADER, "required": True}], "security": [{"key": []}]}
    made = imported(one(operation, method="get", **schemes(key=KEY)))
    headers = sent(made, {"key": "k", "authorization": "Bearer t"})
    assert (headers["x-key"], headers["authorization"]) == ("k", "Bearer t")


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "Host", "Transfer-Encoding", "Connection"])
@pytest.mark.parametrize("required", [True, False])
def test_a_header_that_http_writes_itself_is_not_asked_for(name: str, required: bool) -> None:
    parameter = {"name": name, "in": "header", "required": required, "schema": {"type": "integer"}}
    made = imported(one({"parameters": [parameter, {"name": "X-Other", "in": "header"}]}, method="get"))
    assert [prop["name"] for prop in made.operations[0].properties] == ["X Other"]
    assert sent(made, None)["host"] == "shop.example.test"
    [remark] = made.report.remarks
    assert remark.path.endswith("parameters[0]")
    assert name in remark.reason
