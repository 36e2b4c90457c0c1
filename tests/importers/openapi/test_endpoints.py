"""Addresses of a document are joined by RFC 3986, in one place, and what no address can be made of is told."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.errors import CredentialError
from nodeloom.importers.openapi import write
from nodeloom.importers.openapi.importer import Imported
from nodeloom.importers.openapi.urlreferences import parse_reference
from nodeloom.testing import RecordingTransport
from tests.importers.openapi.shop import document, imported, json_body, one

Json = dict[str, Any]
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


def secured(servers: Any, **more: Any) -> Json:
    """A document with one operation, GET /things, that asks for a key."""
    return one(
        {"security": [{"key": []}]}, method="get", servers=servers, components={"securitySchemes": {"key": KEY}}, **more
    )


def called(made: Imported, fields: Json | None = None, operation: str = "List Things", resource: str = "Things") -> str:
    """Where an operation is called with a credential of these fields."""
    with tempfile.TemporaryDirectory() as folder, Runtime(transport=RecordingTransport()) as runtime:
        write(made, Path(folder))
        runtime.add_node(Path(folder))
        for file in Path(folder, "credentials").glob("*.json"):
            runtime.add_credential_type(file)
        known = {name: {prop["name"] for prop in kind["properties"]} for name, kind in made.credentials.items()}
        given_ = {"key": "k", **(fields or {})}
        credentials = {name: {k: v for k, v in given_.items() if k in own} for name, own in known.items()}
        [planned] = runtime.plan(
            made.name, {"resource": resource, "operation": operation}, items=[{}], credentials=credentials
        )
    assert planned.error is None, planned.error
    return planned.url


def server_field(made: Imported) -> Json:
    [credential] = made.credentials.values()
    return next(prop for prop in credential["properties"] if prop["name"] == "serverUrl")


HOST = {"serverUrl": "https://pbx.example.com"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "fields", "wanted"),
    [
        # Relative to the root, whatever that is.
        ("api", HOST, "https://pbx.example.com/api/things"),
        ("./api/", HOST, "https://pbx.example.com/api/things"),
        ("../api/../v2", HOST, "https://pbx.example.com/v2/things"),
        ("/api/v1", HOST, "https://pbx.example.com/api/v1/things"),
        ("/api/v1/", {"serverUrl": "https://pbx.example.com:5001/"}, "https://pbx.example.com:5001/api/v1/things"),
        ("", HOST, "https://pbx.example.com/things"),
        ("/", HOST, "https://pbx.example.com/things"),
        (".", HOST, "https://pbx.example.com/things"),
        ("api.php/v1", HOST, "https://pbx.example.com/api.php/v1/things"),
        ("v1.0", HOST, "https://pbx.example.com/v1.0/things"),
        # What would have become a part of the host.
        ("@evil.example/x", HOST, "https://pbx.example.com/@evil.example/x/things"),
        (".evil.example", {"serverUrl": "https://pbx.example.com"}, "https://pbx.example.com/.evil.example/things"),
        # The whole may be given, path and all.
        ("/api/v1", {"serverUrl": "https://pbx.example.com/api/v1"}, "https://pbx.example.com/api/v1/things"),
        ("/api/v1", {"serverUrl": "http://[2001:db8::1]:8080"}, "http://[2001:db8::1]:8080/api/v1/things"),
        # Two slashes name a host.
        ("//api.example.com/v2", None, "https://api.example.com/v2/things"),
        ("//api.example.com:8443", None, "https://api.example.com:8443/things"),
        # Absolute.
        ("https://api.example.com/v2/", None, "https://api.example.com/v2/things"),
        ("  HTTPS://api.example.com/a/../v2  ", None, "https://api.example.com/v2/things"),
        ("http://[::1]:8080/v1", None, "http://[::1]:8080/v1/things"),
        ("https://api.example.com/v2", {"serverUrl": "https://other.example"}, "https://other.example/things"),
    ],
)
def test_a_server_is_joined_as_rfc_3986_says(url: str, fields: Json | None, wanted: str) -> None:
    assert called(imported(secured([{"url": url}])), fields) == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        ":8443/api", "localhost:3000/api", "wss://api.example.com", "ftp://api.example.com/v1", "https://", "https:///v1",
        "https://api.example.com\\@evil.example", "https://user:canary@api.example.com/v1", "https://api.example.com:port",
        "https://[half/v1", "mailto:x@y.test", "file:///etc", "api.example.com/v2", "192.168.0.7:80/api", "http://a b",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_called_is_asked_for(url: str) -> None:
    """It is no default, and no part of it is put behind what the credential says. A password in it is not told."""
    made = imported(secured([{"url": url}]))
    field = server_field(made)
    assert field["required"]
    assert "default" not in field
    assert called(made, {"serverUrl": "https://api.example.com/v2"}) == "https://api.example.com/v2/things"
    [remark] = made.report.remarks
    assert remark.path == "$.servers[0]"
    assert "cannot be called" in remark.reason
    assert "canary" not in str(made.report.to_dict())


@pytest.mark.parametrize(
    ("servers", "wanted"),
    [
        (["http://api.example.com/v1", "https://api.example.com/v1"], "https://api.example.com/v1"),
        (["http://API.example.com:80/v1/", "https://api.example.com/v1"], "https://api.example.com/v1"),
        (["http://api.example.com", "//api.example.com/"], "https://api.example.com"),
        (["http://api.example.com/v1", "http://x.test", "https://api.example.com:8443/v1"],
         "https://api.example.com:8443/v1"),
        # Another host, or another path, is another server.
        (["http://api.example.com/v1", "https://other.example.com/v1"], "http://api.example.com/v1"),
        (["http://api.example.com/v1", "https://api.example.com/v2"], "http://api.example.com/v1"),
        # The first that can be called.
        (["wss://api.example.com", "https://api.example.com/v1"], "https://api.example.com/v1"),
        (["https://a.example.com", "http://a.example.com"], "https://a.example.com"),
    ],
)  # fmt: skip
def test_https_is_chosen_where_the_list_has_the_same_server_so(servers: list[str], wanted: str) -> None:
    made = imported(secured([{"url": url} for url in servers]))
    assert server_field(made)["default"] == wanted
    assert called(made) == f"{wanted}/things"
    assert len(made.report.remarks) == len(servers) - 1


def test_swagger_2_joins_host_and_base_path_and_takes_https() -> None:
    for base, wanted in (
        ("v1", "https://old.example.test/v1"), ("/v1/", "https://old.example.test/v1"), ("/", "https://old.example.test"),
        (None, "https://old.example.test"),
    ):  # fmt: skip
        raw = {
            "swagger": "2.0",
            "host": "old.example.test",
            "schemes": ["http", "https"],
            "paths": {"/things": {"get": {}}},
        }
        assert called(imported(raw if base is None else {**raw, "basePath": base})) == f"{wanted}/things"
    bare = imported({"swagger": "2.0", "basePath": "api", "paths": {"/things": {"get": {}}}})
    assert called(bare, HOST) == "https://pbx.example.com/api/things"


# -- variables --------------------------------------------------------------------------------------------------------

REGIONS = {
    "url": "https://{region}.shop.test:{port}/{base path}",
    "variables": {
        "region": {"default": "eu", "enum": ["eu", "us"]},
        "port": {"default": 8443},
        "base path": {"default": "v2"},
    },
}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "https://eu.shop.test:8443/v2/things"),
        ({"region": "us", "basePath": "v3"}, "https://us.shop.test:8443/v3/things"),
        ({"serverUrl": "https://own.example.com/shop"}, "https://own.example.com/shop/things"),
        ({"serverUrl": ""}, "https://eu.shop.test:8443/v2/things"),
    ],
)
def test_variables_are_fields_and_the_whole_address_is_one_too(fields: Json, wanted: str) -> None:
    made = imported(secured([REGIONS]))
    [credential] = made.credentials.values()
    assert [prop["name"] for prop in credential["properties"]] == ["region", "port", "basePath", "serverUrl", "key"]
    assert called(made, fields) == wanted


@pytest.mark.parametrize(
    ("server", "fields", "wanted"),
    [
        ({"url": "{scheme}://api.test", "variables": {"scheme": {"default": "http", "enum": ["http", "https"]}}}, {},
         "https://api.test"),
        ({"url": "{base}/v1", "variables": {"base": {"default": "https://api.test/x"}}}, {}, "https://api.test/x/v1"),
        ({"url": "{base}/v1", "variables": {"base": {"default": "https://api.test"}}}, {"base": "http://own.test:81"},
         "http://own.test:81/v1"),
        ({"url": "{host}:{port}/v1", "variables": {"host": {"default": "api.test"}, "port": {"default": "81"}}}, {},
         "https://api.test:81/v1"),
        ({"url": "/{version}/api", "variables": {"version": {"default": "v3"}}}, HOST, "https://pbx.example.com/v3/api"),
        ({"url": "https://api.test/{v}", "variables": {"v": {"default": ""}}}, {}, "https://api.test"),
        # A variable that is not described is one to fill in.
        ({"url": "https://{tenant}.api.test"}, {"tenant": "acme"}, "https://acme.api.test"),
        ({"url": "https://api.test/{serverUrl}", "variables": {"serverUrl": {"default": "a"}}}, {}, "https://api.test/a"),
    ],
)  # fmt: skip
def test_a_variable_may_stand_anywhere_in_an_address(server: Json, fields: Json, wanted: str) -> None:
    assert called(imported(secured([server])), fields) == f"{wanted}/things"


def test_what_variables_make_no_address_of_is_an_error_of_the_credential() -> None:
    made = imported(secured([REGIONS]))
    for fields in ({"port": "none"}, {"region": "a b"}, {"region": "user@evil.test/"}):
        with pytest.raises(CredentialError):
            called(made, fields)


# -- addresses beside the server --------------------------------------------------------------------------------------


def oauth(token: Any, servers: Any) -> Json:
    flows = {"clientCredentials": {"tokenUrl": token, "scopes": {}}}
    return one(
        {"security": [{"oauth": []}]},
        method="get",
        servers=servers,
        components={"securitySchemes": {"oauth": {"type": "oauth2", "flows": flows}}},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "token", "fields", "wanted"),
    [
        ("https://api.test/v1", "/token", {}, "https://api.test/token"),
        ("https://api.test/v1/", "token", {}, "https://api.test/v1/token"),
        ("https://api.test/v1", "token", {}, "https://api.test/token"),
        ("https://api.test/v1/x", "../oauth/token", {}, "https://api.test/oauth/token"),
        ("https://api.test/v1", "//login.test/token", {}, "https://login.test/token"),
        ("https://api.test/v1", "https://login.test/token", {}, "https://login.test/token"),
        ("https://api.test/v1", "/token", {"serverUrl": "https://own.test/v1"}, "https://own.test/token"),
        ("/v1", "/token", {"serverUrl": "https://own.test"}, "https://own.test/token"),
        (REGIONS, "/token", {}, "https://eu.shop.test:8443/token"),
        (REGIONS, "/token", {"region": "us"}, "https://us.shop.test:8443/token"),
        (REGIONS, "https://{region}.login.test/token", {"region": "us"}, "https://us.login.test/token"),
        (REGIONS, "/token", {"serverUrl": "https://own.test:99"}, "https://own.test:99/token"),
        ("https://api.test", "", {"accessTokenUrl": "https://own.test/t"}, "https://own.test/t"),
        ("https://api.test", "localhost:3000/token", {"accessTokenUrl": "https://own.test/t"}, "https://own.test/t"),
        ("https://api.test", "https://{tenant}.test/t", {"accessTokenUrl": "https://own.test/t"}, "https://own.test/t"),
    ],
)
def test_a_token_is_asked_for_where_the_document_says(server: Any, token: str, fields: Json, wanted: str) -> None:
    made = imported(oauth(token, [server if isinstance(server, dict) else {"url": server}]))
    transport = RecordingTransport()
    with tempfile.TemporaryDirectory() as folder, Runtime(transport=transport) as runtime:
        write(made, Path(folder))
        runtime.add_node(Path(folder))
        for file in Path(folder, "credentials").glob("*.json"):
            runtime.add_credential_type(file)
        credentials = {name: {"clientId": "c", "clientSecret": "s", **fields} for name in made.credentials}
        runtime.run("shop", {"operation": "List Things"}, items=[{}], credentials=credentials, on_error="continue")
    assert str(transport.requests[0].url) == wanted


NONE_AND_KEY: list[list[Json]] = [[], [{"key": []}]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("servers", "wanted"),
    [
        ([{"url": "https://upload.shop.test/v1"}], "https://upload.shop.test/v1/files"),
        ([{"url": "http://upload.shop.test"}, {"url": "https://upload.shop.test"}], "https://upload.shop.test/files"),
        ([{"url": "//upload.shop.test"}], "https://upload.shop.test/files"),
        ([{"url": "/upload"}], "https://shop.example.test/upload/files"),
        ([{"url": "upload"}], "https://shop.example.test/upload/files"),
        ([{"url": "https://{zone}.test", "variables": {"zone": {"default": "eu"}}}], "https://eu.test/files"),
    ],
)
def test_an_operation_s_own_server_is_where_it_is_called(servers: Any, wanted: str) -> None:
    for where in ("operation", "path"):
        for security in NONE_AND_KEY:
            operation: Json = {"tags": ["Files"], "operationId": "listFiles"}
            item: Json = {"get": operation}
            (operation if where == "operation" else item)["servers"] = servers
            made = imported(
                document(
                    {"/files": item, "/things": {"get": {"tags": ["Things"]}}},
                    security=security,
                    components={"securitySchemes": {"key": KEY}},
                )
            )
            assert called(made, operation="List Files", resource="Files") == wanted
            assert called(made) == "https://shop.example.test/v1/things"


@pytest.mark.parametrize("url", ["wss://upload.test", "https://{zone}.test", "https://user@upload.test"])
def test_an_operation_whose_own_server_cannot_be_called_is_left_out(url: str) -> None:
    paths = {"/files": {"get": {"servers": [{"url": url}]}}, "/things": {"get": {}}}
    made = imported(document(paths))
    assert [operation.path for operation in made.operations] == ["/things"]
    assert made.report.left_out == 1


def test_overrides_that_name_credentials_keep_the_address() -> None:
    body = json_body({"type": "object"})
    for servers, wanted in (
        ([{"url": "https://api.test/v1"}], "https://api.test/v1"),
        ([{"url": "//api.test"}], "https://api.test"),
        ([{"url": "v1"}], "={{ $credentials.serverUrl }}/v1"),
        ([REGIONS], "={{ $credentials.serverUrl }}"),
    ):
        made = imported(one(body, servers=servers), {"credentials": ["ownApi"]})
        assert made.head["requestDefaults"]["baseURL"] == wanted
        assert made.head["credentials"] == [{"name": "ownApi", "required": True}]
        told = [remark.outcome for remark in made.report.remarks]
        assert any("serverUrl" in outcome for outcome in told) is wanted.startswith("=")
    own = {"credentials": ["ownApi"], "requestDefaults": {"baseURL": "https://mine.test"}}
    assert imported(one(body), own).head["requestDefaults"]["baseURL"] == "https://mine.test"


SEGMENT = st.text(alphabet="ab.-", max_size=3)


@given(st.lists(SEGMENT, max_size=4), st.booleans(), st.booleans())
def test_any_relative_address_is_below_the_root(segments: list[str], absolute: bool, closed: bool) -> None:
    """urllib's RFC 3986 is the judge; the host is never touched."""
    url = ("/" if absolute else "") + "/".join(segments) + ("/" if closed else "")
    found = parse_reference(url)
    if found.fault is not None or found.origin is not None:
        return
    wanted = urljoin("https://root.invalid/", url)
    assert urlsplit(wanted).netloc == "root.invalid"
    assert f"https://root.invalid{found.path}".rstrip("/") == wanted.rstrip("/")
    assert found.path == "" or found.path.startswith("/")


@pytest.mark.parametrize("url", ["https://{r.example.com", "https://r}.example.com/v1", "https://{{r}}.example.com"])
def test_braces_that_are_no_variable_are_no_address(url: str) -> None:
    made = imported(secured([{"url": url}, {"url": "https://api.example.com"}]))
    assert called(made) == "https://api.example.com/things"
    assert made.report.remarks[0].path.startswith("$.servers[0]")


@pytest.mark.parametrize(
    ("servers", "token", "wanted"),
    [
        ("https://api.example.com/v1", "https://login.example.com/t?p=B2C_1", "https://login.example.com/t?p=B2C_1"),
        ("https://api.example.com/v1", "/t?p=1#x", "={{ $credentials.serverUrl }}/t?p=1"),
        ("https://api.example.com/v1", "//login.example.com/t?p=1", "https://login.example.com/t?p=1"),
        ("https://{r}.example.com", "https://{r}.example.com/t?p=1", "=https://{{ $credentials.r }}.example.com/t?p=1"),
    ],
)
def test_the_address_of_a_token_endpoint_keeps_its_query(servers: str, token: str, wanted: str) -> None:
    flow = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": token, "scopes": {}}}}
    raw = one({"security": [{"o": []}]}, servers=[{"url": servers}], components={"securitySchemes": {"o": flow}})
    [credential] = imported(raw).credentials.values()
    assert {p["name"]: p.get("default") for p in credential["properties"]}["accessTokenUrl"] == wanted


def test_a_default_that_is_missing_among_the_choices_is_one_of_them() -> None:
    variables = {"r": {"enum": ["eu", "us"], "default": "de"}}
    [credential] = imported(secured([{"url": "https://{r}.example.com", "variables": variables}])).credentials.values()
    assert [option["value"] for option in credential["properties"][0]["options"]] == ["eu", "us", "de"]


@pytest.mark.parametrize(
    ("swagger", "wanted"),
    [
        ({"schemes": ["ws", "http"]}, "http://h.test/x"),
        ({"schemes": ["HTTP", "HTTPS"]}, "https://h.test/x"),
        ({"schemes": ["wss"], "host": "//h.test/"}, ""),
        ({"host": "//h.test/"}, "https://h.test/x"),
        ({"schemes": ["https"], "paths": {"/x": {"get": {"schemes": ["http"]}}}}, "http://h.test/x"),
        ({"schemes": ["http"], "paths": {"/x": {"get": {"schemes": ["https"]}}}}, "https://h.test/x"),
        ({"basePath": 5}, ""),
    ],
)
def test_where_a_swagger_2_document_is_called(swagger: Json, wanted: str) -> None:
    made = imported({"swagger": "2.0", "host": "h.test", "paths": {"/x": {"get": {}}}, **swagger})
    operation = made.operations[0]
    if wanted:
        assert called(made, operation=operation.name, resource=operation.resource) == wanted
    else:
        assert made.head["requestDefaults"]["baseURL"] == "={{ $credentials.serverUrl }}"
        assert made.report.remarks
