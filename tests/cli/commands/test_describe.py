"""`describe`: readable, and as JSON."""

from __future__ import annotations

import json

from tests.cli.conftest import DELETE, TARGET, Call


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
