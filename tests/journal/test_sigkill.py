"""Killed at random moments and gone on with: every item has one outcome, and nothing is done twice that may not be.

The same as `benchmarks/certainty.py`, on a small scale.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HARNESS = Path(__file__).resolve().parents[2] / "benchmarks" / "certainty.py"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")]


@pytest.fixture(scope="module")
def certainty() -> Any:
    """The module that runs, kills and counts."""
    spec = importlib.util.spec_from_file_location("certainty", HARNESS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look themselves up there.
    sys.modules["certainty"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("operation", ["Delete Weblink", "Create Weblink"])
def test_a_run_that_is_killed_again_and_again_keeps_every_promise(
    certainty: Any, operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    account = certainty.killed_run(operation, items=300, kills=4, seed=7, folder=tmp_path)
    said = "\n".join(account.lines())
    assert account.holds, said
    assert account.kills > 0, said
    assert sum(account.outcomes.values()) == 300, said
    assert account.outcomes["succeeded"] > 200, said
