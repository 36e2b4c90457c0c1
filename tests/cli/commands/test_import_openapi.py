"""`nodeloom import openapi` and `nodeloom search`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from nodeloom.cli.commands.import_openapi import openapi
from nodeloom.cli.commands.search import search
from nodeloom.errors import ConfigurationError, DescriptorError
from tests.cli.conftest import Call

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Shop API", "version": "1"},
    "servers": [{"url": "https://shop.example.test"}],
    "paths": {
        "/things": {"get": {"operationId": "listThings", "tags": ["things"]}, "trace": {}},
        "/things/{id}": {"get": {"operationId": "getThing", "tags": ["things"]}},
    },
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return file


def call(command: click.Command, *arguments: str) -> Any:
    return command.main(list(arguments), standalone_mode=False)


def test_a_document_becomes_a_folder(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert call(openapi, str(source), "--output", str(folder), "--docs", str(tmp_path / "page.md")) == 0
    out = capsys.readouterr().out
    assert f"shopApi: 2 operations of 1 resource, in {folder}" in out
    assert "Left out: 1" in out
    assert (folder / "resources" / "things.json").is_file()
    assert "## Things" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_what_is_reported_is_json_when_asked_for(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(openapi, str(source), "--output", str(tmp_path / "out"), "--name", "store", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["node"], report["operations"], report["leftOut"]) == ("store", 2, 1)
    assert report["remarks"][0]["path"] == "$.paths['/things'].trace"
    assert len(report["files"]) == 3


def test_it_says_how_a_credential_of_the_document_s_own_type_is_kept_and_used(
    tmp_path: Path, cli: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "kept.toml"))
    key = {"type": "apiKey", "in": "header", "name": "X-Key"}
    document = {**DOCUMENT, "components": {"securitySchemes": {"key": key}}, "security": [{"key": []}]}
    (tmp_path / "shop.json").write_text(json.dumps(document), encoding="utf-8")
    said = cli("import", "openapi", str(tmp_path / "shop.json"), "--output", str(tmp_path / "out"))
    (file,) = (tmp_path / "out" / "credentials").iterdir()
    assert f"nodeloom credentials add {file}" in said.out
    secret = next(
        f["name"] for f in json.loads(file.read_text())["properties"] if f.get("typeOptions", {}).get("password")
    )
    monkeypatch.setenv("SECRETS", json.dumps({secret: "abc"}))
    server = "serverUrl=https://shop.example.test"
    added = cli("credentials", "add", str(file), "--set", server, "--secrets-from-env", "SECRETS")
    assert (added.code, added.out) == (0, ""), added.err
    assert "is given by its file" in cli("credentials", "add", "shopApiApi").err
    planned = cli("plan", str(tmp_path / "out"), "things", "List Things", "--credential-type", str(file))
    assert (planned.code, json.loads(planned.out)["headers"]["X-Key"]) == (0, "***"), planned.err


def test_a_node_is_written_over_with_force_only(source: Path, tmp_path: Path) -> None:
    arguments = [str(source), "--output", str(tmp_path / "out")]
    call(openapi, *arguments)
    with pytest.raises(ConfigurationError, match="node in"):
        call(openapi, *arguments)
    assert call(openapi, *arguments, "--force") == 0


def test_overrides_and_earlier_releases_are_read(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = tmp_path / "o.json"
    overrides.write_text(json.dumps({"release": "2", "displayName": "The Shop"}), encoding="utf-8")
    earlier = tmp_path / "old.json"
    earlier.write_text(json.dumps({**DOCUMENT, "paths": {"/gone": {"get": {}}}}), encoding="utf-8")
    arguments = [str(source), "--output", str(tmp_path / "out"), "--overrides", str(overrides)]
    call(openapi, *arguments, "--earlier", f"1={earlier}")
    assert "Gone since earlier releases: 1" in capsys.readouterr().out
    with pytest.raises(click.BadParameter, match="RELEASE=FILE"):
        call(openapi, *arguments, "--earlier", "1", "--force")


def test_a_broken_document_ends_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"openapi": "3.0.0", "paths": {"/a": {"get": {"tags": 1}}}}', encoding="utf-8")
    with pytest.raises(DescriptorError) as caught:
        call(openapi, str(file), "--output", str(tmp_path / "out"))
    assert caught.value.path == "$.paths['/a'].get.tags"
    assert not (tmp_path / "out").exists()


def test_a_search_shows_the_best_first_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(search, "delete", "link") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0].split("  ") == ["threecx", "Website Links", "Delete Weblink"]
    assert "nodeloom describe threecx 'Website Links' 'Delete Weblink'" in said.err


def test_a_search_is_json_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    call(search, "delete link", "--node", "threecx", "--limit", "1", "--json")
    [hit] = json.loads(capsys.readouterr().out)
    assert (hit["resource"], hit["operation"], hit["method"]) == ("Website Links", "Delete Weblink", "DELETE")


def test_a_search_that_finds_nothing_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(search, "xyzzy") == 1
    assert "No operation matches 'xyzzy'." in capsys.readouterr().err


BROKEN = {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/No"}}}}}}


@pytest.mark.parametrize(
    ("item", "code", "left"),
    [
        (BROKEN, 1, 2),
        ({"get": {"tags": [7]}}, 1, 2),
        # No fault of the document: it is one of several, and says what is not sent.
        ({"get": {"parameters": [{"$ref": "other.yaml#/a"}]}}, 0, 2),
        ({"trace": {}}, 0, 2),
        ({"get": {"operationId": "x"}}, 0, 3),
    ],
    ids=range(5),
)
def test_a_fault_that_cost_something_is_named_and_ends_the_command_with_1(
    cli: Call, tmp_path: Path, item: Any, code: int, left: int
) -> None:
    """The node is written all the same, without the operation."""
    document = {"openapi": "3.0.0", "info": {"title": "x"}, "paths": {"/good": {"get": {}, "put": {}}, "/broken": item}}
    (tmp_path / "api.json").write_text(json.dumps(document))
    said = cli("import", "openapi", "api.json", "--output", "made")
    assert said.code == code
    assert (tmp_path / "made" / "node.json").is_file()
    assert ("Faults of the document: 1" in said.out) is bool(code)
    assert ("$.paths['/broken']" in said.out) is bool(code)
    again = cli("import", "openapi", "api.json", "--output", "made", "--force", "--json")
    told = json.loads(again.out)
    assert again.code == code
    assert (told["faults"] > 0, told["operations"]) == (bool(code), left)
    assert any(remark.get("fault") for remark in told["remarks"]) is bool(code)
