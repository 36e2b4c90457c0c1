"""`nodeloom validate`: what is wrong with a document, where, and what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodeloom.datafolder import data_root
from tests.cli.conftest import Call

NODE: dict[str, Any] = {
    "name": "mine",
    "displayName": "Mine",
    "requestDefaults": {"baseURL": "https://example.com"},
    "properties": [
        {
            "displayName": "Key",
            "name": "key",
            "type": "string",
            "routing": {"send": {"type": "query", "property": "key", "value": "={{ $value.trim() }}"}},
        }
    ],
}


def write(path: Path, document: Any) -> str:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


@pytest.mark.slow
def test_what_ships_is_valid(cli: Call) -> None:
    said = cli("validate", str(data_root() / "nodes"), str(data_root() / "credentials"))
    assert said.code == 0, said.out
    assert "node.json: ok (node)" in said.out
    assert "threeCxApi.json: ok (credential)" in said.out


def test_a_right_document_is_ok(cli: Call, tmp_path: Path) -> None:
    said = cli("validate", write(tmp_path / "mine.json", NODE))
    assert (said.code, said.out) == (0, f"{tmp_path / 'mine.json'}: ok (node)\n")


def test_a_misspelt_key_is_told_with_its_path(cli: Call, tmp_path: Path) -> None:
    document = {**NODE, "propertes": NODE["properties"]}
    del document["properties"]
    said = cli("validate", write(tmp_path / "mine.json", document))
    assert said.code == 2
    assert "'properties'" in said.out


def test_a_broken_template_is_told_with_its_path_and_a_caret(cli: Call, tmp_path: Path) -> None:
    document = json.loads(json.dumps(NODE))
    document["properties"][0]["routing"]["send"]["value"] = "={{ $value. }}"
    said = cli("validate", write(tmp_path / "mine.json", document))
    assert said.code == 2
    assert "$.properties[0].routing.send.value: The expression has a syntax error" in said.out
    assert "^" in said.out
    (row,) = json.loads(cli("validate", str(tmp_path / "mine.json"), "--json").out)
    assert row["ok"] is False
    assert row["problems"][0]["path"] == "$.properties[0].routing.send.value"


def test_a_condition_on_a_choice_that_there_is_not_is_told(cli: Call, tmp_path: Path) -> None:
    document = json.loads(json.dumps(NODE))
    choice = {"displayName": "Mode", "name": "mode", "type": "options", "default": "", "options": []}
    document["properties"].append({**choice, "options": [{"name": "Live", "value": "live"}]})
    document["properties"][0]["displayOptions"] = {"show": {"mode": ["liev"]}}
    said = cli("validate", write(tmp_path / "mine.json", document))
    assert said.code == 2
    assert "$.properties[0].displayOptions.show.mode[0]: no choice has the value 'liev'." in said.out
    assert "Did you mean 'live'?" in said.out


def test_a_file_that_is_no_json_is_told_and_the_others_go_on(cli: Call, tmp_path: Path) -> None:
    said = cli("validate", write(tmp_path / "a.json", "{,"), write(tmp_path / "b.json", NODE), "none.json")
    assert said.code == 2
    assert "line 1, column 2" in said.out
    assert "b.json: ok" in said.out
    assert "There is no file none.json" in said.out


def test_a_split_nodes_files_are_held_against_its_head(cli: Call, tmp_path: Path) -> None:
    operation = {"displayName": "Operation", "name": "operation", "type": "options",
                 "options": [{"name": "Get", "value": "get"}]}  # fmt: skip
    head = {**NODE, "properties": [], "resources": {
        "a": {"file": "a.json", "operations": ["Get"]},
        "b": {"file": "b.json", "operations": ["Get", "Put"]},
        "c": {"file": "c.json", "operations": []},
    }}  # fmt: skip
    write(tmp_path / "node.json", head)
    write(tmp_path / "a.json", {"resource": "a", "properties": [operation]})
    write(tmp_path / "b.json", {"resource": "b", "properties": [operation]})
    said = cli("validate", str(tmp_path))
    assert said.code == 2
    assert "$.resources.a" not in said.out
    assert "$.resources.b.operations: The operations are not those of the resource's file." in said.out
    assert "$.resources.c.file: There is no file" in said.out


@pytest.mark.parametrize("kind", ["node", "credential"])
def test_a_kind_that_is_said_is_the_one_that_is_checked(cli: Call, tmp_path: Path, kind: str) -> None:
    said = cli("validate", "--kind", kind, write(tmp_path / "x.json", {}))
    assert said.code == 2
    assert "'name' is missing" in said.out


def test_a_folder_without_json_is_a_mistake(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert cli("validate", "empty").code == 2


# -- what breaks later ------------------------------------------------------------------------------------------------


def problems(cli: Call, *arguments: str) -> list[tuple[str, int, str]]:
    """Path, line and hint of everything that is wrong with the files."""
    said = cli("validate", *arguments, "--json")
    found = [p for row in json.loads(said.out) for p in row["problems"]]
    assert said.code == (2 if found else 0)
    return [(p["path"], p["line"], p.get("hint", "")) for p in found]


BREAKS = """{
  "name": "mine", "displayName": "Mine",
  "credentials": [{"name": "threeCxApy"}],
  "requestDefaults": {"baseURL": "https://example.com"},
  "properties": [
    {"name": "operation", "type": "options", "default": "get", "options": [
      {"name": "Get", "value": "get", "routing": {"request": {"method": "GTE", "url": "/x"}}},
      {"name": "Put", "value": "get", "routing": {"request": {"method": "PUT", "url": "/x"}}}
    ]},
    {"name": "key", "type": "strnig"},
    {"name": "mode", "type": "options", "optoins": []},
    {"name": "far", "type": "string", "displayOptions": {"show": {"opration": ["get"]}}},
    {"name": "value", "type": "string", "default": "={{ $parameter.kye }}"}
  ]
}
"""


def test_everything_that_breaks_a_node_later_is_found_with_its_line(cli: Call, tmp_path: Path) -> None:
    found = problems(cli, write(tmp_path / "mine.json", BREAKS))
    assert [(path, line) for path, line, _hint in found] == [
        ("$.credentials[0].name", 3),
        ("$.properties[0].options[0].routing.request.method", 7),
        ("$.properties[0].options[1].value", 8),
        ("$.properties[1].type", 10),
        ("$.properties[2].optoins", 11),
        ("$.properties[3].displayOptions.show.opration", 12),
        ("$.properties[4].default", 13),
    ]
    nearest = ["threeCxApi", "GET", "Put", "string", "options", "operation", "key"]
    assert all(f"'{name}'" in hint for name, (_path, _line, hint) in zip(nearest, found, strict=True))
    assert "line:  12" in cli("validate", str(tmp_path / "mine.json")).out


@pytest.mark.parametrize("folder", [".", "credentials", "node/../credentials"])
def test_a_credential_type_may_stand_beside_the_node(cli: Call, tmp_path: Path, folder: str) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "credentials").mkdir()
    node = write(tmp_path / "node" / "mine.json", {**NODE, "credentials": [{"name": "ownApi"}]})
    assert problems(cli, node)[0][0] == "$.credentials[0].name"
    write(tmp_path / folder / "ownApi.json", {"name": "ownApi", "properties": [], "extends": []})
    assert problems(cli, node) == []


def test_a_credential_type_may_be_among_the_files_or_installed(cli: Call, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    node = write(tmp_path / "a" / "mine.json", {**NODE, "credentials": [{"name": "ownApi"}, {"name": "httpBasicAuth"}]})
    kind = {"name": "ownApi", "properties": [], "authenticate": {"type": "generic"}}
    assert len(problems(cli, node)) == 1
    assert problems(cli, node, write(tmp_path / "b" / "own.json", kind)) == []


def test_a_credential_type_that_extends_nothing_known_and_reads_no_field_of_its_own(cli: Call, tmp_path: Path) -> None:
    header = {"headers": {"a": "={{ $credentials.kye }}"}}
    kind = {
        "name": "ownApi",
        "properties": [{"name": "key", "type": "string"}],
        "authenticate": {"type": "generic", "properties": header},
    }
    [(path, _line, hint)] = problems(cli, write(tmp_path / "own.json", kind))
    assert (path, hint) == ("$.authenticate.properties.headers.a", "Did you mean 'key'?")
    [(path, _line, hint)] = problems(cli, write(tmp_path / "own.json", {**kind, "extends": ["oAuth2Ap"]}))
    assert (path, hint) == ("$.extends[0]", "Did you mean 'oAuth2Api'?")
    header["headers"]["a"] = "={{ $credentials.clientId }}"
    assert problems(cli, write(tmp_path / "own.json", {**kind, "extends": ["oAuth2Api"]})) == []


INSTANCE: dict[str, Any] = {
    "type": "n8n-nodes-3cx.threecx",
    "name": "Links",
    "parameters": {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"},
    "credentials": {"threeCxApi": {"id": "1", "name": "Office"}},
}


def test_a_copied_node_is_held_against_its_node(cli: Call, tmp_path: Path) -> None:
    assert problems(cli, write(tmp_path / "links.json", INSTANCE)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "path", "hint"),
    [
        ({"Lnk": "a"}, "$.parameters.Lnk", "Did you mean 'Link'?"),
        ({"optoins": {}}, "$.parameters.optoins", "Did you mean 'Options'?"),
        ({"operation": "Delete Weblnk"}, "$.parameters.operation", "Did you mean 'Delete Weblink'?"),
        ({"resource": "Website Lnks"}, "$.parameters.resource", "Did you mean 'Website Links'?"),
        ({"Link": "={{ $json. }}"}, "$.parameters.Link", "JavaScript"),
        ({"Link": "={{ $parameter.Lnk }}"}, "$.parameters.Link", "Did you mean 'Link'?"),
        ({"Link": ""}, "$.parameters.Link", "needs a value"),
    ],
)
def test_what_is_wrong_with_a_copied_node(
    cli: Call, tmp_path: Path, parameters: dict[str, Any], path: str, hint: str
) -> None:
    document = {**INSTANCE, "parameters": {**INSTANCE["parameters"], **parameters}}
    [(found, _line, said)] = problems(cli, write(tmp_path / "links.json", document))
    assert found == path
    assert hint in said
    workflow = {"nodes": [INSTANCE, document], "connections": {}}
    [(found, _line, said)] = problems(cli, write(tmp_path / "links.json", workflow))
    assert found == path.replace("$", "$.nodes[1]")


def test_a_credential_that_the_node_does_not_take(cli: Call, tmp_path: Path) -> None:
    document = {**INSTANCE, "credentials": {"threeCxAp": {"name": "Office"}}}
    assert problems(cli, write(tmp_path / "links.json", document)) == [
        ("$.credentials.threeCxAp", 1, "Did you mean 'threeCxApi'?")
    ]


def test_a_copied_node_of_an_unknown_type_is_not_looked_into_and_that_is_said(cli: Call, tmp_path: Path) -> None:
    document = {**INSTANCE, "type": "n8n-nodes-base.httpRequest"}
    said = cli("validate", write(tmp_path / "other.json", document))
    assert said.code == 0
    assert "not looked at: n8n-nodes-base.httpRequest" in said.out


def test_a_copied_node_of_a_node_that_is_validated_with_it(cli: Call, tmp_path: Path) -> None:
    document = {"type": "n8n-nodes-mine.mine", "name": "x", "parameters": {"kye": "a"}}
    write(tmp_path / "mine.json", NODE)
    write(tmp_path / "x.json", document)
    assert problems(cli, str(tmp_path)) == [("$.parameters.kye", 1, "Did you mean 'key'?")]


def test_a_pack_is_a_folder_whose_other_json_is_passed_by(cli: Call, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    for name in ("node_modules/x/any.json", ".vscode/settings.json", "package.json", "tsconfig.build.json"):
        file = pack / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    write(pack / "mine.json", {**NODE, "credentials": [{"name": "ownApi"}]})
    write(pack / "ownApi.credentials.json", {"name": "ownApi", "properties": [], "authenticate": {"type": "generic"}})
    assert problems(cli, str(pack)) == []
    # The report of an import, and other data.
    write(pack / "report.json", {"package": "x", "nodes": [], "credentialTypes": []})
    write(pack / "data.json", {"a": 1})
    assert problems(cli, str(pack)) == []
    # A node that says nothing of a node is one all the same.
    write(pack / "other.json", {"name": "other", "displayName": "Other", "propz": []})
    assert [path for path, _line, _hint in problems(cli, str(pack))] == ["$"]
    # What is named is looked at, whatever it is called.
    assert cli("validate", str(pack / "package.json")).code == 2


def test_a_split_node_s_resource_may_read_what_its_head_has(cli: Call, tmp_path: Path) -> None:
    operation = {"name": "operation", "type": "options", "options": [{"name": "Get", "value": "get"}]}
    shown = {"show": {"resource": ["a"], "operation": ["get"], "authentication": ["key"]}}
    field = {"name": "x", "type": "string", "displayOptions": shown, "default": "={{ $parameter.authentication }}"}
    head = {**NODE, "properties": [{"name": "authentication", "type": "string"}],
            "resources": {"a": {"file": "resources/a.json", "operations": ["Get"]}}}  # fmt: skip
    (tmp_path / "resources").mkdir()
    write(tmp_path / "node.json", head)
    write(tmp_path / "resources" / "a.json", {"resource": "a", "properties": [operation, field]})
    assert problems(cli, str(tmp_path)) == []
    shown["show"]["authentcation"] = shown["show"].pop("authentication")
    write(tmp_path / "resources" / "a.json", {"resource": "a", "properties": [operation, field]})
    [(path, _line, hint)] = problems(cli, str(tmp_path))
    assert path == "$.properties[1].displayOptions.show.authentcation"
    assert hint == "Did you mean 'authentication'?"


def test_the_example_pack_is_valid(cli: Call) -> None:
    assert problems(cli, str(Path(__file__).resolve().parents[3] / "examples")) == []


@pytest.mark.parametrize("depth", [250, 900, 100_000])
def test_a_document_that_is_nested_too_deeply_is_said_to_be(cli: Call, tmp_path: Path, depth: int) -> None:
    for text in ('{"name": "x", "properties": [], "default": %s}', '{"parameters": {"a": %s}, "type": "x"}', "[%s]"):
        said = cli("validate", write(tmp_path / "deep.json", text % ("[" * depth + "]" * depth)))
        assert said.code == 2
        assert "nested too deeply" in said.out
