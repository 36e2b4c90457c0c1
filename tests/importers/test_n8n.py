"""An n8n package becomes descriptors and a report that says what of them runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.descriptor.validation import validate_document
from nodeloom.errors import DescriptorError, ParameterError, UnknownNameError
from nodeloom.importers.n8n import ImportResult, import_package
from tests.importers.conftest import Listener
from tests.importers.packing import FIXTURES, files_of, manifest, module, one_node, pack, unpack_to


@pytest.fixture(scope="module")
def widgets(tmp_path_factory: pytest.TempPathFactory) -> ImportResult:
    return import_package(pack(tmp_path_factory.mktemp("packed") / "widgets.tgz", files_of("widgets")))


def statuses(result: ImportResult, name: str) -> dict[str | None, str]:
    found = next(n for n in result.report.nodes if n.name == name)
    return {o.operation: o.status for o in found.operations}


def test_every_declarative_node_and_credential_type_has_a_file(widgets: ImportResult) -> None:
    assert list(widgets.files) == [
        "nodes/widget.json",
        "nodes/gadget.v1.json",
        "nodes/gadget.json",
        "credentials/widgetApi.json",
        "credentials/signedApi.json",
    ]
    assert widgets.nodes == [widgets.files[f] for f in list(widgets.files)[:3]]
    assert widgets.credential_types == [widgets.files[f] for f in list(widgets.files)[3:]]


def test_every_document_validates(widgets: ImportResult) -> None:
    for path, document in widgets.files.items():
        assert validate_document(document, "node" if path.startswith("nodes") else "credential") == []


def test_an_archive_and_a_folder_give_the_same(widgets: ImportResult) -> None:
    again = import_package(FIXTURES / "widgets")
    assert json.dumps(again.files) == json.dumps(widgets.files)
    assert again.report.to_dict() == widgets.report.to_dict()


def test_functions_are_written_as_their_names(widgets: ImportResult) -> None:
    operations = widgets.files["nodes/widget.json"]["properties"][1]["options"]
    assert operations[1]["routing"]["operations"] == {"pagination": {"__function__": "allPages"}}
    assert operations[2]["routing"]["send"] == {"preSend": [{"__function__": "signBody"}]}
    assert widgets.files["credentials/signedApi.json"]["authenticate"] == {"__function__": "authenticate"}


def test_operations_are_pure_partly_or_hooked(widgets: ImportResult) -> None:
    assert statuses(widgets, "widget") == {"get": "pure", "list": "hooked", "create": "hooked", "rename": "partly"}
    widget = next(n for n in widgets.report.nodes if n.name == "widget")
    assert [o.hooks for o in widget.operations] == [[], ["allPages"], ["signBody"], []]
    assert widget.operations[3].parameters == {"More": ["(anonymous)"]}


def test_methods_are_recorded_by_name(widgets: ImportResult) -> None:
    assert widgets.report.nodes[1].methods == {"loadOptions": ["getColours"]}


def test_a_versioned_node_is_a_descriptor_for_each_and_the_newest_has_the_plain_name(widgets: ImportResult) -> None:
    assert widgets.files["nodes/gadget.v1.json"]["requestDefaults"]["url"] == "/v1"
    assert widgets.files["nodes/gadget.json"]["version"] == [2, 2.1]


@pytest.mark.parametrize(
    ("name", "why"),
    [("programmed", "execute"), ("watch", "trigger"), ("Absent", "lib/nodes/Absent.node.js")],
)
def test_what_is_no_data_is_refused_with_the_reason(widgets: ImportResult, name: str, why: str) -> None:
    found = next(n for n in widgets.report.nodes if n.name == name)
    assert found.file is None
    assert why in (found.refused or "")


def test_a_credential_type_that_authenticates_by_code_says_so(widgets: ImportResult) -> None:
    assert {c.name: c.hooks for c in widgets.report.credential_types} == {
        "widgetApi": [],
        "signedApi": ["authenticate"],
    }


def test_pure_operations_run(widgets: ImportResult, listener: Listener) -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(widgets.files["nodes/widget.json"])
        runtime.add_credential_type(widgets.files["credentials/widgetApi.json"])
        result = runtime.run(
            "widget",
            {"operation": "get", "id": "={{ $json.id }}"},
            [{"id": "a b"}],
            credentials={"widgetApi": {"url": listener.url, "token": "t0k"}},
        )
    assert [r["json"] for r in result.items] == [{"ok": True}]
    (sent,) = listener.requests
    assert (sent["method"], sent["target"]) == ("GET", "/widgets/a%20b")
    assert sent["headers"]["authorization"] == "Bearer t0k"


@pytest.mark.parametrize(("operation", "hook"), [("create", "signBody"), ("list", "allPages")])
def test_an_operation_that_needs_a_hook_is_refused_by_its_name(
    widgets: ImportResult, operation: str, hook: str
) -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(widgets.files["nodes/widget.json"])
        with pytest.raises(ParameterError, match=hook):
            runtime.compile("widget", {"operation": operation})


def test_a_parameter_that_needs_a_hook_refuses_only_the_runs_that_set_it(widgets: ImportResult) -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(widgets.files["nodes/widget.json"])
        rename = {"operation": "rename", "id": "1", "name": "n"}
        runtime.compile("widget", {**rename, "more": {"colour": "red"}})
        with pytest.raises(ParameterError, match="anonymous"):
            runtime.compile("widget", {**rename, "more": {"photo": "p"}})


def test_code_in_place_of_an_operation_stands_as_its_hook(tmp_path: Path) -> None:
    properties = """[
        {name: 'resource', displayName: 'R', type: 'options', default: 'a', options: [{name: 'A', value: 'a'}]},
        {name: 'operation', displayName: 'O', type: 'options', default: 'g', displayOptions: {show: {resource: ['a']}},
         options: [{name: 'G', value: 'g', routing: {request: {url: '/g'}}}, {name: 'H', value: 'h'}]}]"""
    code = module("", f"this.description.properties = {properties}; this.customOperations = {{a: {{async h() {{}}}}}};")
    result = import_package(one_node(tmp_path / "p.tgz", code))
    assert statuses(result, "x") == {"g": "pure", "h": "hooked"}
    assert result.report.nodes[0].operations[1].hooks == ["customOperations.a.h"]


def test_one_node_can_be_asked_for_with_the_credential_types_it_uses() -> None:
    result = import_package(FIXTURES / "widgets", nodes=["widget"])
    assert list(result.files) == ["nodes/widget.json", "credentials/widgetApi.json"]
    with pytest.raises(UnknownNameError, match="'widgit'") as caught:
        import_package(FIXTURES / "widgets", nodes=["widgit"])
    assert "'widget'" in (caught.value.hint or "")


def test_credential_types_of_others_are_named(tmp_path: Path) -> None:
    code = module("", "this.description.credentials = [{name: 'httpBasicAuth'}];")
    assert import_package(one_node(tmp_path / "p.tgz", code)).report.outside == ["httpBasicAuth"]


def test_typescript_has_to_be_built_first(tmp_path: Path) -> None:
    source = pack(tmp_path / "p.tgz", {"package.json": manifest(), "nodes/X.node.ts": "export class X {}"})
    result = import_package(source)
    assert result.files == {}
    assert "TypeScript has to be built first" in (result.report.nodes[0].refused or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"name": "plain-library"}', "lists no nodes"),
        ('{"name": "../../x", "n8n": {"nodes": ["a.js"]}}', "no package name"),
        ('{"name": "x", "n8n": {"nodes": ["../a.js"]}}', "outside the package"),
        ('{"name": "x", "n8n": {"nodes": ["/etc/a.js"]}}', "outside the package"),
        ('{"name": "x", "n8n": {"nodes": [1]}}', "outside the package"),
        ('{"name": "x", "n8n": {"nodes": "a.js"}}', "lists no modules"),
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_a_package_json_that_is_none_of_an_n8n_package_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        import_package(pack(tmp_path / "p.tgz", {"package.json": text}))


def test_a_source_that_is_not_there_or_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.txt").write_text("x")
    for name, message in (("none.tgz", "no package"), ("empty", "no package.json"), ("x.txt", "neither a folder")):
        with pytest.raises(DescriptorError, match=message):
            import_package(tmp_path / name)


def test_an_unpacked_archive_is_a_source_too(tmp_path: Path) -> None:
    unpack_to(tmp_path / "package", files_of("widgets"))
    assert import_package(tmp_path).report.package == "@acme/n8n-nodes-widgets"


def described(name: str = "dumped") -> dict[str, Any]:
    return {"displayName": "D", "name": name, "version": 1, "inputs": ["main"], "requestDefaults": {}, "properties": []}


CREDENTIAL = {"name": "dumpedApi", "displayName": "D", "properties": [], "documentationUrl": "d"}


@pytest.mark.parametrize(
    ("dumped", "files"),
    [
        (described(), ["nodes/dumped.json"]),
        ([described("a"), described("b")], ["nodes/a.json", "nodes/b.json"]),
        ({"node": described(), "credentials": [CREDENTIAL]}, ["nodes/dumped.json", "credentials/dumpedApi.json"]),
        ({"nodes": [described()], "version": "2"}, ["nodes/dumped.json"]),
        ([CREDENTIAL], ["credentials/dumpedApi.json"]),
    ],
)
def test_dumped_descriptions_are_a_source_too(tmp_path: Path, dumped: Any, files: list[str]) -> None:
    source = tmp_path / "dump.json"
    source.write_text(json.dumps(dumped))
    assert list(import_package(source).files) == files


@pytest.mark.parametrize("dumped", [{}, [], 1, "x", {"nodes": []}])
def test_a_dump_without_descriptions_is_refused(tmp_path: Path, dumped: Any) -> None:
    source = tmp_path / "dump.json"
    source.write_text(json.dumps(dumped))
    with pytest.raises(DescriptorError):
        import_package(source)


def test_a_type_that_keeps_to_its_package_knows_the_nodes_there(tmp_path: Path) -> None:
    """n8n works out which nodes these are when it loads the package."""
    kind = "exports.K = class K { name = 'kApi'; displayName = 'K'; restrictToSupportedNodes = true; properties = []; }"
    uses = "this.description.credentials = [{ name: 'kApi' }];"
    listed = {"nodes": ["lib/X.node.js"], "credentials": ["lib/K.credentials.js"]}
    files = {"package.json": manifest(n8n=listed), "lib/X.node.js": module(inside=uses), "lib/K.credentials.js": kind}
    result = import_package(pack(tmp_path / "p.tgz", files))
    assert result.credential_types[0]["supportedNodes"] == ["x"]
