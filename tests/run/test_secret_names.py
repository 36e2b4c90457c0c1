"""Secrets of others, known by the names of their fields: whole in results, masked in whatever is told of a failure."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.errors import ConfigurationError, NodeloomError
from nodeloom.testing import RecordingTransport
from tests.run.doubles import DELETE, PROBE

SECRET = "canary-4711"
USER = {"Id": 7, "AuthPassword": SECRET, "VMPIN": "94711", "Nickname": "canary-nick"}
DOCUMENT: dict[str, Any] = {
    **PROBE,
    "properties": [
        *PROBE["properties"],
        *(
            {
                "displayName": name,
                "name": name,
                "type": "string",
                "default": "",
                "routing": {"send": {"type": "body", "property": name, "value": "={{ $value || undefined }}"}},
            }
            for name in ("AuthPassword", "Remark")
        ),
    ],
}


def answering(status: int, document: Any) -> RecordingTransport:
    return RecordingTransport(lambda _request: httpx.Response(status, json=document))


def runtime(transport: RecordingTransport, **more: Any) -> Runtime:
    made = Runtime(transport=transport, discover_plugins=False, retries=0, **more)
    made.add_node(DOCUMENT)
    return made


def failed(transport: RecordingTransport, item: dict[str, Any], parameters: dict[str, Any], **more: Any) -> str:
    """All that is told of a run that fails."""
    with runtime(transport, **more) as opened:
        result = opened.run("probe", {"operation": "Post", **parameters}, [item], on_error="continue")
    assert result.errors
    return f"{result.errors[0]} {json.dumps(result.items)} {result.errors[0].details}"


def test_results_keep_them_whole() -> None:
    """The caller asked for them."""
    with runtime(answering(200, USER)) as opened:
        result = opened.run("probe", {"operation": "Get"})
    assert result.items[0]["json"] == USER


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        f"AuthPassword '{SECRET}' is too weak",
        json.dumps(USER),
        json.dumps(json.dumps(USER)),
        f"the value {SECRET} is refused",
        f"POST https://h/users?AuthPassword={quote(SECRET)}&VMPIN=94711",
        f"<AuthPassword>{SECRET}</AuthPassword><VMPIN>94711</VMPIN>",
    ],
)
def test_a_service_that_repeats_them_is_masked(said: str) -> None:
    """By name where it repeats the name, by value where the item or the request has it under such a name."""
    parameters = {"AuthPassword": "={{ $json.AuthPassword }}"}
    told = failed(answering(400, {"error": {"message": said}}), {**USER, "other": "x"}, parameters)
    assert SECRET not in told
    assert "94711" not in told
    assert "***" in told


def test_a_value_that_came_from_a_field_of_another_name_is_known_too() -> None:
    """What counts is the field it was sent in."""
    parameters = {"AuthPassword": "={{ $json.word }}"}
    told = failed(answering(400, {"error": {"message": f"{SECRET} is refused"}}), {"word": SECRET}, parameters)
    assert SECRET not in told


def test_a_literal_parameter_is_known_too() -> None:
    """Written into the workflow."""
    told = failed(answering(400, {"error": {"message": f"{SECRET} is refused"}}), {}, {"AuthPassword": SECRET})
    assert SECRET not in told


def test_an_item_that_cannot_be_used_is_previewed_without_them() -> None:
    """Before anything is sent; names and templates are told, values are not."""
    with runtime(answering(200, {})) as opened:
        given = {"threeCxApi": {"serverUrl": "https://pbx.test", "accessToken": "token"}}
        items = [{"Link": USER}, {"Link": "x", "AuthPassword": SECRET}]
        for link in ("={{ $json.Link }}", "={{ $json.Limk }}"):
            result = opened.run("threecx", {**DELETE, "Link": link}, items, credentials=given, on_error="continue")
            told = json.dumps(result.items)
            assert SECRET not in told
            assert "AuthPassword" in told
        planned = json.dumps([p.to_dict() for p in opened.plan("threecx", DELETE, items, credentials=given)])
    assert SECRET not in planned


def test_what_is_wrong_with_parameters_is_told_without_them() -> None:
    """Nothing was opened yet then."""
    parameters = {"operation": "Post", "AuthPassword": {"AuthPassword": SECRET}, "Nonsense": {"VMPIN": "94711"}}
    with runtime(answering(200, {})) as opened, pytest.raises(NodeloomError) as caught:
        opened.run("probe", parameters)
    assert SECRET not in f"{caught.value} {caught.value.to_dict()}"
    assert "94711" not in f"{caught.value} {caught.value.to_dict()}"


def test_names_are_added_and_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the host, or from the environment where the host says nothing."""
    refused = answering(400, {"error": {"message": json.dumps(USER)}})
    assert "canary-nick" in failed(refused, {}, {})
    assert "canary-nick" not in failed(refused, {}, {}, secret_names=["nickname"])
    assert "94711" in failed(refused, {}, {}, secret_names=["!VMPIN"])
    monkeypatch.setenv("NODELOOM_SECRET_NAMES", "Nickname, !*pin")
    told = failed(refused, {}, {})
    assert "canary-nick" not in told
    assert "94711" in told
    assert "canary-nick" in failed(refused, {}, {}, secret_names=[])


def test_names_are_texts() -> None:
    """Anything else is refused when the runtime is made."""
    with pytest.raises(ConfigurationError, match="secret_names"):
        Runtime(discover_plugins=False, secret_names=[1])  # type: ignore[list-item]


def test_a_fault_of_nodeloom_is_logged_without_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback stays."""
    caplog.set_level(logging.DEBUG)

    def broken(*_arguments: Any) -> None:
        raise ZeroDivisionError(f"in the middle of {USER}")

    monkeypatch.setattr("nodeloom.plan.call.Call.request", broken)
    told = failed(answering(200, {}), USER, {})
    assert "ZeroDivisionError" in caplog.text
    assert SECRET not in told + caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("fields", [["headers.reply"], ["rows[*].reply"], ["reply"]])
def test_fields_that_a_node_calls_sensitive_are_secret_where_something_is_told(fields: list[str]) -> None:
    """n8n's `sensitiveOutputFields`: whole in results, masked in errors."""
    document = {**DOCUMENT, "sensitiveOutputFields": fields}

    def opened(answer: RecordingTransport, described: dict[str, Any]) -> Runtime:
        made = Runtime(transport=answer, discover_plugins=False, retries=0)
        made.add_node(described)
        return made

    with opened(answering(200, {"reply": SECRET}), document) as runtime:
        assert runtime.run("probe", {"operation": "Get"}).items[0]["json"] == {"reply": SECRET}
    for described, masked in ((DOCUMENT, False), (document, True)):
        refusal = answering(400, {"message": f'bad: {{"reply": "{SECRET}"}}', "reply": SECRET})
        with opened(refusal, described) as runtime:
            result = runtime.run("probe", {"operation": "Get"}, [{"reply": SECRET}], on_error="continue")
        assert (SECRET not in f"{result.errors[0]} {result.errors[0].details}") is masked
