"""`benchmarks/peers.py` does what it says, with few items; no time is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from measuring import n8n_peer, table
from measuring.attempt import AttemptError
from measuring.contest import Contest, Row
from measuring.contestants import COMMAND_LINE, CONTESTANTS, N8N, RUN
from measuring.server import Server
from measuring.task import Task
from measuring.usage import Usage
from peers import N8N_PEER
from tests.benchmarks.commands import benchmark

pytestmark = pytest.mark.slow

# These change what can be imported, so they only run in a process of their own.
IN_PROCESS = [name for name in CONTESTANTS if "without" not in name and "plain httpx" not in name]


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_contestant_does_every_item(name: str, server: Server, tmp_path: Path) -> None:
    contestant = CONTESTANTS[name]
    why = contestant.missing(str(N8N_PEER))
    if why is not None:
        pytest.skip(why)
    items = 3 if contestant.measure is n8n_peer.run else 20
    usage = contestant.measure(Task(name, server.url, items, 4, folder=str(tmp_path), n8n=str(N8N_PEER)))
    assert usage.items == items
    assert usage.cpu_seconds > 0
    assert usage.peak_bytes > 1_000_000


def test_the_command_measures_each_in_a_process_of_its_own_and_says_who_was_left_out(tmp_path: Path) -> None:
    plain = "nodeloom run(), plain httpx"
    only = [f"--only={name}" for name in (RUN, plain, N8N)]
    found = benchmark(
        "peers.py", "--items=8", "--rounds=1", "--concurrency=4", "--own-server", f"--n8n={tmp_path}", *only
    )
    rows = {row["name"]: [usage["items"] for usage in row["rounds"]] for row in found["rows"]}
    assert rows == {RUN: [8], plain: [2]}, "a slow contestant does a share"
    assert "npm install --ignore-scripts" in found["skipped"][N8N]


def test_contestants_take_turns_each_at_the_concurrency_it_is_best_at() -> None:
    seen: list[Task] = []

    def attempt(task: Task) -> Usage:
        seen.append(task)
        return Usage(task.items, task.items / (1000 - abs(task.concurrency - 16)), 0.1, 1)

    contest = Contest("http://127.0.0.1", 100, None, lambda _line: None, attempt=attempt)
    rows = contest.hold(["httpx", COMMAND_LINE], rounds=2)
    assert [(row.name, row.concurrency, len(row.rounds)) for row in rows] == [("httpx", 16, 2), (COMMAND_LINE, 16, 2)]
    assert [task.contestant for task in seen[-4:]] == ["httpx", COMMAND_LINE] * 2
    assert {task.contestant for task in seen[:-4]} == {"httpx", RUN}, "the command line runs as run() does best"


def test_who_fails_is_left_out_with_the_reason() -> None:
    def attempt(task: Task) -> Usage:
        if task.contestant == "httpx":
            raise AttemptError("httpx failed: no route")
        return Usage(task.items, 1, 1, 1)

    contest = Contest("http://127.0.0.1", 8, None, lambda _line: None, concurrency=4, attempt=attempt)
    assert [row.name for row in contest.hold(["httpx", RUN], rounds=1)] == [RUN]
    assert contest.failures == {"httpx": "httpx failed: no route"}


def row(name: str, *rates: float) -> Row:
    return Row(name, 8, [Usage(1000, 1000 / rate, 0.05, 50_000_000) for rate in rates])


def test_the_table_holds_medians_and_ratios_of_medians() -> None:
    rows = [row(RUN, 900, 1000, 5000), row("httpx", 90, 100, 110)]
    head, *lines = table.table(rows)
    assert head.split() == ["in", "flight", "items", "items/s", "from–to", "run()", "is", "CPU", "µs", "MB"]
    assert lines[1].split() == ["httpx", "8", "1,000", "100", "90–110", "10.00", "×", "50.0", "50"]
    [ratio] = table.ratios(rows)
    assert str(ratio) == "nodeloom run() / httpx: 10.00 (by CPU time 1.00), wanted 8: holds"


def test_a_ratio_below_what_is_wanted_is_called_missed() -> None:
    [ratio] = table.ratios([row(RUN, 100), row("aiohttp", 100)])
    assert str(ratio).endswith("MISSED")


def test_a_busy_machine_is_told() -> None:
    quiet = Row("httpx", 8, [Usage(1000, 1.0, 0.97, 1)])
    busy = Row("httpx", 8, [Usage(1000, 2.0, 0.97, 1)])
    assert list(table.warnings([quiet])) == []
    [line] = table.warnings([busy])
    assert line.startswith("BUSY: the contestants had 48% of their core.")


def test_there_is_no_ratio_by_cpu_time_where_the_start_is_counted_with_it() -> None:
    [ratio] = table.ratios([row(RUN, 1000), row(N8N, 10)])
    assert str(ratio) == "nodeloom run() / n8n: 100.00, wanted 45: holds"
