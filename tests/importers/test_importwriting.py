"""`nodeloom import n8n` writes the same bytes each time, overwrites nothing unasked, and says what it found."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from nodeloom.cli import main
from tests.importers.conftest import Listener
from tests.importers.packing import FIXTURES, files_of, module, one_node, pack


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(pack(tmp_path / "widgets.tgz", files_of("widgets")))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_descriptors_and_report_are_written(tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["import", "n8n", source, "--output", str(out)]) == 0
    assert sorted(contents(out)) == [
        "credentials/signedApi.json",
        "credentials/widgetApi.json",
        "nodes/gadget.json",
        "nodes/gadget.v1.json",
        "nodes/widget.json",
        "report.json",
    ]
    said = capsys.readouterr()
    assert "node widget (version 1): 1 of 4 operations are pure data" in said.out
    assert "widget / Create: refused, needs signBody" in said.out
    assert "5 descriptors written" in said.err
    assert (out / "nodes/widget.json").read_text().startswith('{\n  "displayName": "Widget",\n  "name": "widget"')


def test_the_same_import_writes_the_same_bytes(tmp_path: Path, source: str) -> None:
    for name in ("a", "b"):
        assert main(["import", "n8n", source, "--output", str(tmp_path / name)]) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_nothing_is_overwritten_unasked(tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    (out / "nodes").mkdir(parents=True)
    outside = tmp_path / "outside.json"
    outside.write_text("mine")
    (out / "nodes/widget.json").symlink_to(outside)
    assert main(["import", "n8n", source, "--output", str(out)]) == 2
    assert "widget.json would be overwritten" in capsys.readouterr().err
    assert list(contents(out)) == ["nodes/widget.json"]
    assert main(["import", "n8n", source, "--output", str(out), "--force"]) == 0
    assert outside.read_text() == "mine"
    assert not (out / "nodes/widget.json").is_symlink()


def test_without_output_the_folder_is_named_after_the_package(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import", "n8n", source]) == 0
    assert (tmp_path / "n8n-nodes-widgets/report.json").is_file()


def test_the_report_is_json_when_asked(tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["import", "n8n", source, "--output", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((out / "report.json").read_text())
    assert report["nodes"][1]["operations"][2] == {
        "resource": "widget",
        "operation": "create",
        "status": "hooked",
        "hooks": ["signBody"],
    }


def test_one_node_can_be_chosen(tmp_path: Path, source: str) -> None:
    out = tmp_path / "out"
    assert main(["import", "n8n", source, "--output", str(out), "--node", "gadget"]) == 0
    assert sorted(contents(out)) == ["nodes/gadget.json", "nodes/gadget.v1.json", "report.json"]


def test_where_nothing_can_be_imported_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = one_node(tmp_path / "p.tgz", module("require('child_process').execSync('id');"))
    assert main(["import", "n8n", str(broken), "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert "child_process.execSync is not available" in said.out
    assert "nothing was written" in said.err
    assert not (tmp_path / "out").exists()


def test_what_was_written_runs(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["import", "n8n", str(FIXTURES / "widgets"), "--output", str(out), "--json"]) == 0
    monkeypatch.setenv("NODELOOM_CREDENTIAL_WIDGETAPI", json.dumps({"url": listener.url, "token": "t0k"}))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    kind = str(out / "credentials/widgetApi.json")
    run = ["run", str(out / "nodes/widget.json"), "widget", "--credential-type", kind, "--quiet"]
    capsys.readouterr()
    assert main([*run[:3], "Get", *run[3:], "--set", "ID=7"]) == 0
    assert json.loads(capsys.readouterr().out)["json"] == {"ok": True}
    assert listener.requests[0]["target"] == "/widgets/7"
    assert main([*run[:3], "Create", *run[3:]]) == 2
    assert "signBody" in capsys.readouterr().err
    assert len(listener.requests) == 1
