"""The 3CX node beyond names: OData's literals and queries, files, releases, ETags, what is sent and what is not."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.cli.assignments import Settings, split_setting
from nodeloom.datafolder import data_root
from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.forms import describe
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request
from nodeloom.plan.compiler import compile_plan
from nodeloom.testing import RecordingTransport
from nodeloom.testing.odata.paths import parse_path

Json = dict[str, Any]

CREDENTIALS = {"threeCxApi": {"serverUrl": "https://pbx.example.com", "accessToken": "token"}}
NODE = Node.from_path(data_root() / "nodes" / "threecx")
BASE = "https://pbx.example.com/xapi/v1/"
# Some hundred resources are a few tests, so that they cost no more than what they ask.
PARTS = 4


def request_for(resource: str, operation: str, item: Json | None = None, **parameters: Any) -> Request:
    plan = compile_plan(NODE, {"resource": resource, "operation": operation, **parameters})
    names = {"$credentials": CREDENTIALS["threeCxApi"]}
    scope = Scope(Environment(), [], 0, item={"json": item or {}}, parameters=plan.parameters, names=names)
    return plan.call(plan.draft(scope)).request()


def run(answer: httpx.Response, resource: str, operation: str, **parameters: Any) -> Any:
    with Runtime(transport=RecordingTransport(lambda _request: answer)) as runtime:
        return runtime.run(
            "threecx",
            {"resource": resource, "operation": operation, **parameters},
            items=[{}],
            credentials=CREDENTIALS,
            on_error="continue",
        )


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: t.strip())


@pytest.mark.slow
@given(TEXT)
def test_a_key_survives_every_character(key: str) -> None:
    request = request_for("Website Links", "Delete Weblink", {"Link": key})
    [segment] = parse_path(request.url.removeprefix(BASE))
    assert segment.arguments == {"": key}


@pytest.mark.slow
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.none(), TEXT)
def test_arguments_of_functions_survive_every_character_and_null(start: str | None, after: str) -> None:
    plain = "2026-01-31T09:30:00Z"
    request = request_for(
        "Report Call Log Data",
        "Get Call Log Data",
        {"from": start, "to": after},
        **{
            "Period From": plain,
            "Period To": plain,
            "Source Type": 1,
            "Source Filter": "={{ $json.from }}",
            "Destination Type": 2,
            "Destination Filter": "={{ $json.to }}",
            "Calls Type": 3,
            "Call Time Filter Type": 4,
            "Call Time Filter From": "00:00",
            "Call Time Filter To": "23:59",
            "Hide Pcalls": True,
        },
    )
    segment = parse_path(request.url.removeprefix(BASE))[-1]
    assert segment.arguments is not None
    assert segment.arguments["sourceFilter"] == start
    assert segment.arguments["destinationFilter"] == after
    assert segment.arguments["sourceType"] == 1
    assert segment.arguments["hidePcalls"] is True


def test_an_argument_that_is_not_given_is_null() -> None:
    request = request_for("Chat History View", "Download Chat History")
    assert request.url == f"{BASE}ChatHistoryView/Pbx.DownloadChatHistory(clientTimeZone=null)"


def test_query_options_are_in_odata_s_own_encoding() -> None:
    options = {"Filter": "contains(Name,'A&B+c') and Id gt 5", "Select": ["Id", "Name"], "Orderby": "Name desc,Id"}
    url = request_for("Users", "List User", Options=options).url
    assert url == (
        f"{BASE}Users?$filter=contains(Name,'A%26B%2Bc')%20and%20Id%20gt%205&$orderby=Name%20desc,Id&$select=Id,Name"
    )
    assert unquote(url).endswith("$select=Id,Name")


def test_a_change_sends_exactly_what_is_set() -> None:
    request = request_for("Users", "Update User", {"Id": 7}, **{"First Name": "Ann", "Enabled": False, "VMPIN": None})
    assert (request.method, request.url) == ("PATCH", f"{BASE}Users(7)")
    assert request.body == b'{"Enabled":false,"FirstName":"Ann","VMPIN":null}'


def test_an_action_without_parameters_sends_no_body() -> None:
    assert request_for("Fxs", "Regenerate Web Credentials", {"MacAddress": "00AA"}).body is None


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [("text/csv", ""), ("application/octet-stream", ""), ("application/json", "attachment; filename=a.json")],
)
def test_a_download_becomes_binary_data_whatever_the_file_declares(kind: str, disposition: str) -> None:
    headers = {"content-type": kind, **({"content-disposition": disposition} if disposition else {})}
    answer = httpx.Response(200, headers=headers, content=b'{"a": 1}' if "json" in kind else b"a,b\n1,2\n")
    [item] = run(answer, "Report Audit Log", "Download Audit Log").items
    assert item["binary"]["data"]["mimeType"] == kind


def test_a_login_page_is_no_download_of_a_list() -> None:
    answer = httpx.Response(200, headers={"content-type": "text/html"}, content=b"<html>Sign in</html>")
    [item] = run(answer, "Users", "List User").items
    assert item["json"]["error"]["code"] == "unreadable_answer"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("served", "status", "said"),
    [("20.0.9.45", 404, True), ("20.0.10.1", 404, False), ("20.0.9", 500, False), ("", 404, False)],
)
def test_an_operation_that_the_server_s_release_does_not_have_says_so(served: str, status: int, said: bool) -> None:
    with Runtime() as runtime:
        index = (runtime.node("threecx").document.resources or {})["Mcp Servers"]
        assert set(index.operations) == set(index.since or {})
    headers = {"X-3CX-Version": served} if served else {}
    answer = httpx.Response(status, headers=headers)
    [item] = run(answer, "Mcp Servers", "Get Server Metadata", **{"Target Issuer": "x"}).items
    error = item["json"]["error"]
    assert (f"The server runs {served}" in error["message"] and "since 20.0.10" in error["message"]) is said
    assert ("release" in error) is said


def test_the_code_of_an_error_is_found_in_its_details() -> None:
    body = {
        "error": {
            "code": "",
            "message": "Number:\nWARNINGS.XAPI.ALREADY_IN_USE",
            "details": [{"code": "", "message": "WARNINGS.XAPI.ALREADY_IN_USE", "target": "Number"}],
        }
    }
    [item] = run(httpx.Response(400, json=body), "Users", "Create User", **{"First Name": "Ann"}).items
    assert item["json"]["error"]["serviceCode"] == "WARNINGS.XAPI.ALREADY_IN_USE"


def test_what_an_operation_addresses_is_named_in_its_errors() -> None:
    [item] = run(httpx.Response(404), "Users", "Delete User", Id=7).items
    assert item["json"]["error"]["message"].startswith("There is no user '7'.")
    assert "List User" in item["json"]["error"]["hint"]
    [item] = run(httpx.Response(404), "Users", "Generate Prov Link", Id=7).items
    assert item["json"]["error"]["message"].startswith("There is no user '7'.")


def test_the_etag_of_what_was_read_can_be_given_back() -> None:
    answer = httpx.Response(200, json={"@odata.context": "c", "Id": 7}, headers={"ETag": 'W/"abc"'})
    [item] = run(answer, "Users", "Get User", Id=7).items
    assert item["json"] == {"Id": 7, "@odata.etag": 'W/"abc"'}
    request = request_for("Users", "Delete User", item["json"], **{"If Match": '={{ $json["@odata.etag"] }}'})
    assert request.headers["If-Match"] == 'W/"abc"'


def test_an_empty_success_repeats_what_was_addressed() -> None:
    [item] = run(httpx.Response(204), "Users", "Batch Delete", Ids=[1, 2]).items
    assert item["json"] == {"success": True, "statusCode": 204, "Ids": [1, 2]}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_example_of_every_operation_works_when_pasted(part: int) -> None:
    """What `nodeloom describe` shows is a command that runs: its settings fit, and a request comes of them."""
    for resource in NODE.resources()[part::PARTS]:
        for name in NODE.operation_names(resource):
            described = describe(NODE, resource, name)
            words = shlex.split(described["example"])
            assert words[:5] == ["nodeloom", "run", "threecx", resource, name]
            assert words[5::2] == ["--set"] * len(words[5::2])
            parameters: Json = {}
            settings_of = Settings(described["fields"], name)
            for setting in words[6::2]:
                key, value = split_setting("--set", setting)
                settings_of.apply(parameters, key, value)
            assert request_for(resource, name, **parameters).method == described["method"], (resource, name)
