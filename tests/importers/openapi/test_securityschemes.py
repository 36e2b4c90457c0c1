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
from tests.importers.openapi.shop import document, imported, one

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


@pytest.mark.slow
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


A, B = ({"type": "apiKey", "in": "header", "name": name} for name in ("X-A", "X-B"))
REGION = {"servers": [{"url": "https://{region}.shop.test", "variables": {"region": {"default": "eu"}}}]}


@pytest.mark.parametrize(
    ("described", "more", "fields", "wanted"),
    [
        ({"api_key": A, "apiKey": B}, {}, {"apiKey": "1", "apiKey2": "2"}, {"x-a": "1", "x-b": "2"}),
        ({"user": A, "z": BASIC}, {}, {"user": "u", "password": "p", "user2": "1"}, {"x-a": "1"}),
        ({"serverUrl": A}, {}, {"serverUrl": "https://h.test", "serverUrl2": "1"}, {"x-a": "1"}),
        ({"region": A}, REGION, {"region": "us", "region2": "1"}, {"x-a": "1", "host": "us.shop.test"}),
    ],
)
def test_a_key_is_never_the_value_of_another_field(
    described: Json, more: Json, fields: Json, wanted: dict[str, str]
) -> None:
    made = imported(one({"security": [{name: [] for name in described}]}, method="get", **schemes(**described), **more))
    headers = sent(made, fields)
    assert {name: headers[name] for name in wanted} == wanted


THEME = {"name": "theme", "in": "cookie", "schema": {"type": "string"}}


def test_cookies_of_a_credential_and_of_a_request_are_sent_together() -> None:
    described = {name: {"type": "apiKey", "in": "cookie", "name": name} for name in ("sid", "csrf")}
    raw = one({"security": [{"sid": [], "csrf": []}], "parameters": [THEME]}, method="get", **schemes(**described))
    headers = sent(imported(raw), {"sid": "1", "csrf": "2"}, Options={"Theme": "dark"})
    assert headers["cookie"] == "theme=dark; csrf=2; sid=1"


def test_of_two_cookies_of_one_name_the_credential_s_is_sent() -> None:
    sid = {"type": "apiKey", "in": "cookie", "name": "theme"}
    raw = one({"security": [{"sid": []}], "parameters": [THEME]}, method="get", **schemes(sid=sid))
    assert sent(imported(raw), {"sid": "1"}, Options={"Theme": "dark"})["cookie"] == "theme=1"


@pytest.mark.parametrize("where", ["header", "query"])
@pytest.mark.parametrize("required", [True, False])
def test_a_parameter_that_is_the_key_is_left_to_the_credential(where: str, required: bool) -> None:
    parameter = {"name": "X-Key", "in": where, "required": required, "schema": {"type": "string"}}
    key = {"type": "apiKey", "in": where, "name": "X-Key"}
    raw = one({"security": [{"key": []}], "parameters": [parameter]}, method="get", **schemes(key=key, other=BEARER))
    made = imported(raw)
    assert made.operations[0].properties == []
    assert "is what a security scheme sends" in made.report.remarks[0].reason
    assert sent(made, {"key": "1"}) is not None
    # Where another way to sign in does not send it, it stays.
    raw["paths"]["/things"]["get"]["security"].append({"other": []})
    assert imported(raw).operations[0].properties != []


def test_two_schemes_for_one_header_are_told() -> None:
    raw = one({"security": [{"a": [], "b": []}]}, method="get", **schemes(a=BEARER, b=BASIC))
    assert "there is one header Authorization" in imported(raw).report.remarks[0].reason
    raw = one({"security": [{"a": []}, {"b": []}]}, method="get", **schemes(a=BEARER, b=BASIC))
    assert not any("one header Authorization" in remark.reason for remark in imported(raw).report.remarks)
