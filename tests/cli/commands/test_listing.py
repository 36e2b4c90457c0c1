"""`nodes`, `describe` and `plugins`: readable, and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import DELETE, TARGET, Call


def test_nodes_are_listed(cli: Call) -> None:
    assert "threecx  3CX" in cli("nodes").out
    listed = {node["name"]: node for node in json.loads(cli("nodes", "--json").out)}
    assert listed["threecx"]["label"] == "3CX"
    assert listed["threecx"]["credentials"] == ["threeCxApi"]


def test_a_node_is_described_by_its_resources(cli: Call) -> None:
    said = cli("describe", "3cx" if "3cx" in cli("nodes").out else "threecx")
    assert said.code == 0
    assert "Website Links" in said.out
    assert "threeCxApi" in said.out


def test_a_resource_is_described_by_its_operations(cli: Call) -> None:
    said = cli("describe", "threecx", "website links")
    assert "Delete Weblink     Delete the website link with this key." in said.out
    described = json.loads(cli("describe", *TARGET, "--json").out)
    assert "Bulk Links Delete" in [operation["name"] for operation in described["operations"]]


def test_an_operation_is_described_by_its_parameters(cli: Call) -> None:
    said = cli("describe", *DELETE)
    assert "DELETE /WebsiteLinks({Link})" in said.out
    assert "Link  (string, required" in said.out
    assert "Example\n  nodeloom run threecx 'Website Links' 'Delete Weblink'" in said.out
    assert "    Top  (number" in cli("describe", *TARGET, "List Weblink").out
    described = json.loads(cli("describe", *DELETE, "--json").out)
    assert described["fields"][0]["name"] == "Link"


def test_the_schema_of_the_parameters_can_be_had(cli: Call) -> None:
    schema = json.loads(cli("describe", *DELETE, "--json-schema").out)
    assert "Link" in schema["properties"]
    said = cli("describe", "threecx", "--json-schema")
    assert said.code == 2
    assert "--json-schema is for an operation" in said.err


def test_plugins_are_listed(cli: Call) -> None:
    assert "builtin  nodeloom" in cli("plugins").out
    assert json.loads(cli("plugins", "--json").out)[0]["name"] == "builtin"


def test_a_plugin_that_failed_is_shown_and_makes_the_code_2(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodeloom.plugins import PluginInfo
    from nodeloom.runtime.runtime import Runtime

    broken = PluginInfo("odd", "odd-pack", "1.0", (), "The plugin 'odd' failed (loading): ImportError: no")
    monkeypatch.setattr(Runtime, "plugins", property(lambda _self: [broken]))
    said = cli("plugins")
    assert said.code == 2
    assert "odd  odd-pack 1.0\n    failed: The plugin 'odd' failed" in said.out
    assert json.loads(cli("plugins", "--json").out)[0]["error"]
