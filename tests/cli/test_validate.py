"""`nodeloom validate`: what is wrong with a document, where, and what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodeloom.descriptor.files import data_root

from .conftest import Call

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
