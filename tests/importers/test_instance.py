"""A node copied out of n8n runs as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.cli import main
from nodeloom.errors import ConfigurationError, NodeloomError, UnknownNameError
from nodeloom.importers.instance import is_instance, parse_instance, read_instance
from tests.importers.conftest import Listener

COPIED = {
    "parameters": {
        "operation": "get",
        "id": "={{ $json.id }}",
        "plain": "{{ no }}",
        "requestOptions": {"timeout": 60_000},
    },
    "type": "@acme/n8n-nodes-widgets.widget",
    "typeVersion": 2.1,
    "position": [0, 0],
    "id": "9b1d",
    "name": "My Widget",
    "credentials": {"widgetApi": {"id": "7", "name": "Widget account"}},
}
OTHER = {**COPIED, "name": "Second", "type": "n8n-nodes-base.set"}
CLIPBOARD = {
    "nodes": [COPIED],
    "connections": {"My Widget": {"main": [[]]}},
    "pinData": {},
    "meta": {"instanceId": "x"},
}
WORKFLOW = {"name": "W", "nodes": [COPIED, OTHER], "connections": {}}


@pytest.mark.parametrize("raw", [COPIED, CLIPBOARD, [COPIED]])
def test_the_clipboard_and_a_single_node_are_read(raw: Any) -> None:
    found = parse_instance(raw)
    assert (found.node, found.package, found.version) == ("widget", "@acme/n8n-nodes-widgets", 2.1)
    assert found.name == "My Widget"
    assert found.credentials == {"widgetApi": "Widget account"}
    assert found.parameters == COPIED["parameters"]
    assert found.request_options == {"timeout": 60_000}


def test_of_several_nodes_one_is_named() -> None:
    with pytest.raises(ConfigurationError, match="holds 2 nodes: My Widget, Second"):
        parse_instance(WORKFLOW)
    assert parse_instance(WORKFLOW, node_name="second").package == "n8n-nodes-base"
    with pytest.raises(UnknownNameError) as caught:
        parse_instance(WORKFLOW, node_name="Secund")
    assert "'Second'" in (caught.value.hint or "")


@pytest.mark.parametrize("type_name", ["n8n-nodes-x.widget", "@a/n8n-nodes-x.widget", "CUSTOM.widget", "widget"])
def test_the_type_is_the_name_after_the_package(type_name: str) -> None:
    assert parse_instance({**COPIED, "type": type_name}).node == "widget"


def test_a_node_that_is_not_there_says_how_to_import_it() -> None:
    found = parse_instance(COPIED)
    assert found.match(["a", "widget"]) == "widget"
    with pytest.raises(UnknownNameError) as caught:
        found.match(["a"])
    assert "npm pack @acme/n8n-nodes-widgets" in (caught.value.hint or "")


def test_a_hostile_package_is_no_part_of_the_hint() -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_instance({**COPIED, "type": "x; rm -rf ~.widget"}).match([])
    assert "rm -rf" not in (caught.value.hint or "")


@pytest.mark.parametrize(
    "raw", [None, 1, "x", [], {}, {"nodes": []}, {"type": "a.b"}, {"nodes": [1], "connections": {}}]
)
def test_what_holds_no_node_is_refused(raw: Any) -> None:
    assert not is_instance(raw) or "connections" in raw
    with pytest.raises(ConfigurationError):
        parse_instance(raw)


def test_a_version_is_a_number() -> None:
    assert parse_instance({**COPIED, "typeVersion": 1}).version == 1
    assert parse_instance({k: v for k, v in COPIED.items() if k != "typeVersion"}).version is None
    for wrong in ("1", True, [1]):
        with pytest.raises(ConfigurationError, match="typeVersion"):
            parse_instance({**COPIED, "typeVersion": wrong})


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["nodes", "connections", "type", "parameters", "typeVersion", "name", "credentials"]), inner
        )
    ),
    max_leaves=12,
)


@given(raw=json_documents)
def test_any_document_is_read_or_refused(raw: Any) -> None:
    try:
        found = parse_instance(raw)
    except NodeloomError:
        return
    assert isinstance(found.type, str)
    assert is_instance(raw) or isinstance(raw, list) or "nodes" in raw


DESCRIPTOR = {
    "displayName": "Widget",
    "name": "widget",
    "version": [1, 2.1],
    "inputs": ["main"],
    "outputs": ["main"],
    "requestDefaults": {"url": "/widgets"},
    "properties": [
        {
            "displayName": "ID",
            "name": "id",
            "type": "string",
            "default": "",
            "routing": {"request": {"qs": {"id": "={{$value}}"}}},
        },
        {
            "displayName": "Plain",
            "name": "plain",
            "type": "string",
            "default": "",
            "routing": {"send": {"property": "plain"}},
        },
        {
            "displayName": "New",
            "name": "new",
            "type": "hidden",
            "default": "={{ $version }}",
            "displayOptions": {"show": {"@version": [2.1]}},
            "routing": {"send": {"property": "version"}},
        },
    ],
}


def written(folder: Path, name: str, document: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(document))
    return str(path)


def descriptor_for(url: str) -> dict[str, Any]:
    return {**DESCRIPTOR, "requestDefaults": {"baseURL": url, "url": "/widgets"}}


def test_only_what_begins_with_an_equals_sign_is_an_expression(tmp_path: Path, listener: Listener) -> None:
    found = read_instance(written(tmp_path, "copied.json", CLIPBOARD))
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(descriptor_for(listener.url))
        result = runtime.run(**found.run_arguments(runtime.nodes), items=[{"id": 7}])
    assert [r["json"] for r in result.items] == [{"ok": True}]
    assert [r["target"] for r in listener.requests] == ["/widgets?id=7&plain=%7B%7B%20no%20%7D%7D&version=2.1"]


def test_the_command_line_runs_a_copied_node(
    tmp_path: Path, listener: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    node = written(tmp_path, "widget.json", descriptor_for(listener.url))
    items = written(tmp_path, "items.json", [{"id": "a"}, {"id": "b"}])
    copied = written(tmp_path, "copied.json", WORKFLOW)
    assert main(["run", node, "--instance", copied, "--node-name", "My Widget", "--items", items, "--quiet"]) == 0
    assert [json.loads(line)["json"] for line in capsys.readouterr().out.splitlines()] == [{"ok": True}] * 2
    assert sorted(r["target"].partition("&")[0] for r in listener.requests) == ["/widgets?id=a", "/widgets?id=b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--instance", "{copied}"], "holds 2 nodes"),
        (["--instance", "{copied}", "--node-name", "My Widget"], "npm pack @acme/n8n-nodes-widgets"),
        (["--instance", "{copied}", "--parameters", "{copied}"], "exclude each other"),
        (["--node-name", "x"], "--node-name needs --instance"),
        ([], "NODE is missing"),
    ],
)
def test_the_command_line_says_what_it_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    copied = written(tmp_path, "copied.json", WORKFLOW)
    assert main(["plan", *(a.format(copied=copied) for a in arguments)]) == 2
    assert message in capsys.readouterr().err
