"""`plugins`: readable, and as JSON."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Call


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
