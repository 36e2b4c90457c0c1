"""Choices that a service fills in, and pauses between batches: n8n's loadOptions and requestOptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from nodeloom import Runtime
from nodeloom.cli.commands.choices import choices
from nodeloom.errors import NotFoundError, ParameterError, UnknownNameError
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from nodeloom.transport.runcontrol import RunControl

LOAD = {
    "routing": {
        "request": {"url": "=/teams/{{ $parameter.team }}/spaces", "method": "GET"},
        "output": {
            "postReceive": [
                {"type": "rootProperty", "properties": {"property": "spaces"}},
                {
                    "type": "setKeyValue",
                    "properties": {"name": "={{ $responseItem.title }}", "value": "={{ $responseItem.id }}"},
                },
                {"type": "sort", "properties": {"key": "name"}},
            ]
        },
    }
}
NODE: dict[str, Any] = {
    "name": "spaces",
    "displayName": "Spaces",
    "requestDefaults": {"baseURL": "https://api.example.test", "headers": {"X-Own": "yes"}},
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "default": "get",
            "options": [{"name": "Get", "value": "get", "routing": {"request": {"method": "POST", "url": "/never"}}}],
        },
        {"displayName": "Team", "name": "team", "type": "string", "required": True},
        {
            "displayName": "Space",
            "name": "spaceId",
            "type": "options",
            "default": "",
            "typeOptions": {"loadOptions": LOAD},
            "routing": {"send": {"type": "body", "property": "space"}},
        },
        {
            "displayName": "Hooked",
            "name": "hooked",
            "type": "options",
            "default": "",
            "typeOptions": {"loadOptionsMethod": "getThings"},
        },
    ],
}
SPACES = {"spaces": [{"title": "B", "id": 2}, {"title": "A", "id": 1}, {"title": "no id"}]}


def test_choices_come_from_the_service_by_the_propertys_own_request() -> None:
    transport = RecordingTransport([httpx.Response(200, json=SPACES)])
    with Runtime(transport=transport) as runtime:
        runtime.add_node(NODE)
        found = runtime.choices("spaces", "space", {"team": "red"})
    assert found == [{"name": "A", "value": 1}, {"name": "B", "value": 2}]
    (request,) = transport.requests
    assert (request.method, str(request.url)) == ("GET", "https://api.example.test/teams/red/spaces")
    assert request.headers["x-own"] == "yes"
    assert request.content == b""


def test_a_property_the_operation_does_not_show_suggests_the_nearest() -> None:
    with Runtime(transport=RecordingTransport()) as runtime:
        runtime.add_node(NODE)
        with pytest.raises(UnknownNameError, match="spceId") as caught:
            runtime.choices("spaces", "spceId", {"team": "red"})
        assert "Space" in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [("hooked", "getThings"), ("team", "not loaded")])
def test_choices_that_no_request_loads_are_refused_with_the_reason(name: str, said: str) -> None:
    with Runtime(transport=RecordingTransport()) as runtime:
        runtime.add_node(NODE)
        with pytest.raises(ParameterError, match=said):
            runtime.choices("spaces", name, {"team": "red"})


def test_a_service_that_refuses_is_an_error() -> None:
    with Runtime(transport=RecordingTransport([httpx.Response(404)])) as runtime:
        runtime.add_node(NODE)
        with pytest.raises(NotFoundError):
            runtime.choices("spaces", "spaceId", {"team": "red"})


def test_the_command_line_lists_choices(tmp_path: Path) -> None:
    """Against a real socket: the sandbox's links are the choices."""
    own = json.loads(json.dumps(NODE))
    own["credentials"] = [{"name": "threeCxApi", "required": True}]
    own["requestDefaults"]["baseURL"] = "={{ $credentials.serverUrl }}/xapi/v1"
    routing = own["properties"][2]["typeOptions"]["loadOptions"]["routing"]
    routing["request"]["url"] = "/WebsiteLinks"
    routing["output"]["postReceive"][0]["properties"]["property"] = "value"
    routing["output"]["postReceive"][1]["properties"] = {
        "name": "={{ $responseItem.Name }}",
        "value": "={{ $responseItem.Link }}",
    }
    path = tmp_path / "spaces.json"
    path.write_text(json.dumps(own))
    with ThreeCXSandbox(links=2) as sandbox:
        said = CliRunner(env={"NODELOOM_CREDENTIAL_THREECXAPI": json.dumps(sandbox.credential)}).invoke(
            choices, [str(path), "--property", "Space", "--set", "team=x", "--json"], catch_exceptions=False
        )
    assert json.loads(said.output) == [
        {"name": "Website link 1", "value": "link-1"},
        {"name": "Website link 2", "value": "link-2"},
    ]


def test_a_run_pauses_after_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """n8n's batching: after every two items a pause of 150 milliseconds, before the next is begun."""
    events: list[str] = []

    async def pause(_control: RunControl, seconds: float) -> None:
        events.append(f"pause {seconds}")

    def answer(_request: httpx.Request) -> httpx.Response:
        events.append("sent")
        return httpx.Response(200, json={})

    monkeypatch.setattr(RunControl, "pause", pause)
    batching = {"batching": {"batch": {"batchSize": 2, "batchInterval": 150}}}
    with Runtime(transport=RecordingTransport(answer)) as runtime:
        runtime.add_node(NODE)
        runtime.run("spaces", {"team": "red", "requestOptions": batching}, [{}] * 5, concurrency=1)
    assert events == ["sent", "sent", "pause 0.15", "sent", "sent", "pause 0.15", "sent"]
