"""What a terminal shows of a run, and the line at its end."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from nodeloom.cli.progress import summary
from nodeloom.run.result import Counts, RunReport
from nodeloom.testing import ThreeCXSandbox

from .conftest import DELETE, command


def on_a_terminal(*arguments: str) -> str:
    """What the command writes to standard error when that is a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(slave)
        shown = b""
        # Linux reports the end of a terminal as an error.
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(master)
        assert process.wait(timeout=60) == 0
    return shown.decode()


def test_a_terminal_shows_how_the_run_goes(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    (tmp_path / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, 11)))
    job = ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson")
    shown = on_a_terminal(*job, "--output", "out.ndjson")
    assert "10/10" in shown
    assert "0 failed" in shown
    assert shown.rstrip().splitlines()[-1].endswith("s")
    assert "10 items: 10 succeeded in" in shown


def test_a_terminal_that_shows_the_results_has_no_bar(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    (tmp_path / "items.ndjson").write_text('{"Link":"link-1"}\n{"Link":"link-2"}\n')
    shown = on_a_terminal("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson")
    assert "2/2" not in shown
    assert shown.count('"success": true') == 2


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (RunReport("n", duration=0.24, counts=Counts(3, 1, 2, 0, 1)), "3 items: 1 succeeded, 2 failed in 0.2 s"),
        (RunReport("n", duration=1, counts=Counts(1, 1)), "1 item: 1 succeeded in 1.0 s"),
        (RunReport("n", duration=61.4, counts=Counts(1, 1), retries=1), "1 item: 1 succeeded, 1 retry in 1 min 1 s"),
        (RunReport("n", duration=7325, counts=Counts(2, 2), retries=3), "2 items: 2 succeeded, 3 retries in 2 h 2 min"),
        (
            RunReport("n", counts=Counts(2, 1, 0, 1), stopped="the run was stopped", complete=False),
            "2 items: 1 succeeded, 1 not run in 0.0 s (the run was stopped; the rest of the items was not read)",
        ),
    ],
)
def test_the_summary_is_one_line(report: RunReport, line: str) -> None:
    assert summary(report) == line
