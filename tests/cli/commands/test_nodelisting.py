"""`nodes`: readable, and as JSON."""

from __future__ import annotations

import json

from tests.cli.conftest import Call


def test_nodes_are_listed(cli: Call) -> None:
    assert "threecx  3CX" in cli("nodes").out
    listed = {node["name"]: node for node in json.loads(cli("nodes", "--json").out)}
    assert listed["threecx"]["label"] == "3CX"
    assert listed["threecx"]["credentials"] == ["threeCxApi"]
