"""What standard error shows of a run: a bar on a terminal, JSON events for programs, and the line at its end."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom.cli.progress.display import chosen, clock, event, events, summary, words
from nodeloom.cli.progress.metering import Total
from nodeloom.cli.progress.standing import Gauge, Standing
from nodeloom.outcomes import Counts, RunReport
from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Call, command, finish, start

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "schemas" / "progress-event.schema.json").read_text(encoding="utf-8")
)


def on_a_terminal(*arguments: str) -> str:
    """What the command writes to standard error when that is a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
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


def items_file(tmp_path: Path, number: int) -> tuple[str, ...]:
    (tmp_path / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, number + 1)))
    return ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson")


# -- the bar ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_terminal_shows_how_the_run_goes(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    shown = on_a_terminal(*items_file(tmp_path, 10), "--output", "out.ndjson")
    assert "10/10 done" in shown
    assert "0 failed" in shown
    assert "0 retried" in shown
    assert shown.rstrip().splitlines()[-1].endswith("s")
    assert "10 items: 10 succeeded in" in shown


@pytest.mark.slow
def test_a_terminal_that_shows_the_results_has_no_bar(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    shown = on_a_terminal(*items_file(tmp_path, 2))
    assert "2/2" not in shown
    assert shown.count('"success":true') == 2


@pytest.mark.slow
def test_a_bar_can_be_asked_for_and_done_without(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    assert "2/2 done" in on_a_terminal(*items_file(tmp_path, 2), "--progress", "bar", "--on-error", "continue")
    shown = on_a_terminal("run", *DELETE[:2], "List Weblink", "--progress", "none", "--output", "out.ndjson")
    assert "done" not in shown
    assert "1 item: 1 succeeded" in shown


@pytest.mark.slow
def test_a_log_on_the_same_terminal_stands_above_the_bar(sandbox: ThreeCXSandbox, tmp_path: Path) -> None:
    shown = on_a_terminal(*items_file(tmp_path, 10), "--output", "out.ndjson", "--log", "text")
    assert "10/10 done" in shown
    assert len(re.findall(r"^.*nodeloom\.run: run started: ", shown, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize(
    ("written", "terminal", "quiet", "on_screen", "kind"),
    [
        ("auto", True, False, False, "bar"),
        ("auto", True, False, True, "none"),
        ("auto", True, True, False, "none"),
        ("auto", False, False, False, "none"),
        ("bar", True, False, True, "bar"),
        ("bar", False, False, False, "none"),
        ("json", False, True, False, "json"),
        ("json", True, False, True, "json"),
        ("none", True, False, False, "none"),
    ],
)
def test_what_is_shown_depends_on_what_is_asked_and_who_looks(
    monkeypatch: pytest.MonkeyPatch, written: str, terminal: bool, quiet: bool, on_screen: bool, kind: str
) -> None:
    """Events are for a program, which asked for them; --quiet leaves them alone."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    assert chosen(written, quiet=quiet, results_on_screen=on_screen) == kind


@pytest.mark.parametrize(
    ("standing", "shown"),
    [
        (
            Standing(65.2, Counts(120, 117, 3), 2, 12.34, Total(200)),
            ["120/200 done", "3 failed", "2 retried", "12/s", "1:05, 0:06 left"],
        ),
        (
            Standing(2, Counts(3, 3), 0, 1.5, Total(9000, exact=False)),
            ["3/~9000 done", "0 failed", "0 retried", "1.5/s", "0:02, 1:39:58 left"],
        ),
        (Standing(0, Counts(), 0, None, None), ["0 done", "0 failed", "0 retried", "", "0:00"]),
    ],
)
def test_the_words_beside_the_bar(standing: Standing, shown: list[str]) -> None:
    assert list(words(standing).values()) == shown


def test_a_clock_shows_hours_where_there_are_some() -> None:
    assert [clock(seconds) for seconds in (0, 7.9, 754, 3600)] == ["0:00", "0:07", "12:34", "1:00:00"]


# -- JSON events -----------------------------------------------------------------------------------------------------


def checked(lines: str) -> list[dict[str, Any]]:
    """The events among `lines`, each of which fits the schema; the last one, and only that, is the end."""
    found = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    for told in found:
        Draft202012Validator(SCHEMA).validate(told)
        assert datetime.fromisoformat(told["time"]).tzinfo is UTC
    assert [told["event"] for told in found] == ["progress"] * (len(found) - 1) + ["end"]
    return found


def test_events_begin_at_once_and_end_with_the_whole(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    said = cli(*items_file(tmp_path, 12), "--progress", "json", "--on-error", "continue", "--report", "report.json")
    first, *_others, last = checked(said.err)
    assert first["counts"]["items"] == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert last["counts"] == report["counts"] == {"items": 12, "succeeded": 10, "failed": 2, "notRun": 0, "results": 10}
    assert (last["total"], last["estimated"], last["timeLeft"]) == (12, False, 0)
    assert (last["stopped"], last["complete"]) == (None, True)
    assert last["rate"] > 0
    assert said.err.splitlines()[-1].startswith("12 items: 10 succeeded, 2 failed in "), "the summary stays"


def test_quiet_leaves_the_events(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    said = cli(*items_file(tmp_path, 2), "--progress", "json", "--quiet")
    assert len(checked(said.err)) == len(said.err.splitlines())


def test_the_last_event_comes_also_when_the_run_stops(sandbox: ThreeCXSandbox, cli: Call) -> None:
    lines = '{"Link":"nope"}\n' + '{"Link":"link-1"}\n' * 500
    run = ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--progress", "json", "--concurrency", "1")
    last = checked(cli(*run, stdin=lines).err)[-1]
    assert last["stopped"] == "item 0 failed"
    assert last["counts"]["failed"] == 1


def test_the_last_event_comes_also_when_the_input_is_broken(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=<<$json.Link>>", "--progress", "json", stdin="no items")
    assert said.code == 2
    assert checked(said.err)[-1]["complete"] is False


def test_a_call_that_cannot_run_has_no_events(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=x", "--credential", "nobody", "--progress", "json")
    assert said.code == 2
    assert "{" not in said.err


@pytest.mark.slow
def test_the_last_event_comes_also_after_a_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreeCXSandbox(links=400, latency=0.2) as slow:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(slow.credential))
        process = start(*items_file(tmp_path, 400), "--progress", "json", "--quiet")
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = finish(process)
    assert said.code == 130
    last = checked(said.err)[-1]
    assert last["stopped"] == "the run was stopped"
    told = [json.loads(line) for line in [first.decode(), *said.out.splitlines()]]
    assert last["counts"]["items"] == len(told)


def test_events_come_also_while_nothing_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    report = RunReport("probe")
    seen = threading.Event()
    looks = 0

    def total() -> Total:
        nonlocal looks
        looks += 1
        if looks > 3:
            seen.set()
        return Total(10, exact=False)

    with events(Gauge(report, total), seconds=0.001):
        assert seen.wait(30)
    told = checked(capsys.readouterr().err)
    assert len(told) > 4
    assert {e["counts"]["items"] for e in told} == {0}
    assert {e["estimated"] for e in told} == {True}


def test_an_event_is_small_and_its_numbers_are_rounded() -> None:
    told = event("progress", Standing(1.23456, Counts(3, 3), 0, 2.43902, Total(9)))
    del told["time"]
    assert told == {
        "event": "progress",
        "duration": 1.235,
        "counts": {"items": 3, "succeeded": 3, "failed": 0, "notRun": 0, "results": 0},
        "retries": 0,
        "rate": 2.439,
        "total": 9,
        "estimated": False,
        "timeLeft": 2.5,
    }


def test_an_events_counts_are_the_reports(tmp_path: Path) -> None:
    """One word for one thing: the two schemas say the same of what both have."""
    schemas = Path(__file__).resolve().parents[3] / "schemas"
    report = json.loads((schemas / "run-report.schema.json").read_text(encoding="utf-8"))["properties"]
    assert {**SCHEMA["properties"]["counts"], "description": ""} == {**report["counts"], "description": ""}
    for name in ("retries", "stopped", "complete"):
        assert SCHEMA["properties"][name] == report[name]


# -- the end ---------------------------------------------------------------------------------------------------------


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
