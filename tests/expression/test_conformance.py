"""Answers recorded from n8n, where the recordings are at hand."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expressions import Engines, evaluate

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "conformance"
needs_recordings = pytest.mark.skipif(
    not (RECORDINGS / "expressions.json").exists(), reason="the recordings of n8n's answers are not here"
)


def judged(*lines: str, **options: str) -> subprocess.CompletedProcess[str]:
    """The recordings' own judge in a process of its own, with `options` put on every evaluation it makes."""
    program = [
        "import functools, runpy, sys",
        "import nodeloom.expressions as expressions",
        f"given = dict({', '.join(f'{name}={value}' for name, value in options.items())})",
        "expressions.evaluate = functools.partial(expressions.evaluate, **given)",
        "try:",
        "    runpy.run_path(sys.argv.pop(1), run_name='__main__')",
        "finally:",
        *(f"    {line}" for line in ("pass", *lines)),
    ]
    command = [sys.executable, "-c", "\n".join(program), str(RECORDINGS / "check_expressions.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@needs_recordings
def test_answers_agree_with_n8ns() -> None:
    """In at least 98 of 100 recorded expressions, every payload contained, although all share one engine."""
    report = judged(engines="expressions.Engines()").stdout
    assert "NOT CONTAINED" not in report, report
    share = float(report.rpartition("expression agreement ")[2].partition("%")[0])
    assert share >= 98, report


@pytest.mark.slow
@needs_recordings
@pytest.mark.parametrize("where", ["here", "in a process", "nowhere"])
def test_payloads_are_contained(where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In this process, in one of its own, without JavaScript: an ExpressionError or plain data, nothing of ours."""
    engines = Engines(process=where == "in a process")
    canary = "canary-7d21-do-not-leak"
    monkeypatch.setenv("NODELOOM_TEST_CANARY", canary)
    (tmp_path / "canary").write_text(canary)
    document = json.loads((RECORDINGS / "expressions.json").read_text())
    judge = _judge()
    for vector in document["vectors"]:
        if vector["group"] not in ("sandbox", "limits"):
            continue
        answer: Any = None
        with contextlib.suppress(ExpressionError):
            answer = evaluate(
                vector["expression"],
                items=judge.decode(document["items"][vector["items"]]),
                item_index=vector.get("item_index", 0),
                parameters=vector.get("parameters") or {},
                dialect="n8n",
                javascript=where != "nowhere",
                engines=engines,
            )
        assert canary not in repr(answer), vector["id"]
        assert str(os.getpid()) not in repr(answer) or vector["group"] == "limits", vector["id"]
        assert not callable(answer), vector["id"]


@pytest.mark.slow
@needs_recordings
def test_every_payload_is_contained_with_javascript_switched_off_too() -> None:
    """QuickJS is not even loaded."""
    done = judged("assert '_quickjs' not in sys.modules", javascript="False")
    contained = re.search(r"contained (\d+) of (\d+) payloads", done.stdout)
    assert contained is not None, done.stdout + done.stderr
    assert contained[1] == contained[2] != "0", done.stdout
    assert "AssertionError" not in done.stderr, done.stderr


def _judge() -> Any:
    spec = importlib.util.spec_from_file_location("check_expressions", RECORDINGS / "check_expressions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
