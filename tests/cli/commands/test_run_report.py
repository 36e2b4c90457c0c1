"""The run report is written, whole and valid, whatever ends the run."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Call, Said, finish, start

pytestmark = pytest.mark.slow

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "schemas" / "run-report.schema.json").read_text(encoding="utf-8")
)
RUN = ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--report", "report.json")
ITEMS = 400


def lines(*links: str) -> str:
    return "".join(json.dumps({"Link": link}) + "\n" for link in links)


def written(results: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The report, which fits its schema, adds up, and says the same as the results do."""
    report: dict[str, Any] = json.loads(Path("report.json").read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(report)
    counts = report["counts"]
    assert counts["items"] == counts["succeeded"] + counts["failed"] + counts["notRun"]
    assert sum(report["errors"].values()) == counts["failed"] + counts["notRun"]
    if results is not None:
        assert len({result["pairedItem"]["item"] for result in results}) == counts["items"]
        assert sum("error" not in result for result in results) == counts["results"]
    return report


def test_after_a_run_that_did_all(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli(*RUN, stdin=lines("link-1", "link-2"))
    assert said.code == 0
    report = written(said.results)
    assert (report["node"], report["resource"], report["operation"]) == ("threecx", "Website Links", "Delete Weblink")
    assert report["statuses"] == {"204": 2}
    assert (report["stopped"], report["complete"]) == (None, True)


def test_after_failures_and_repeats(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreeCXSandbox(links=10, rate_429=0.5, retry_after=0, seed=3) as faulty:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(faulty.credential))
        links = [f"link-{number}" for number in range(1, 13)]
        said = cli(*RUN, "--on-error", "continue", "--retries", "9", stdin=lines(*links))
    report = written(said.results)
    assert report["errors"] == {"not_found": 2}
    assert report["retries"] == report["statuses"]["429"] > 0


def test_after_a_run_that_an_item_stopped(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli(*RUN, "--concurrency", "1", stdin=lines("nope", "link-1", "link-2"))
    assert said.code == 1
    report = written(said.results)
    assert report["stopped"] == "item 0 failed"
    assert report["counts"]["notRun"] == 2


def test_after_an_input_that_is_broken_from_its_start(sandbox: ThreeCXSandbox, cli: Call) -> None:
    assert cli(*RUN, stdin="no items").code == 2
    report = written([])
    assert report["complete"] is False
    assert report["stopped"] == "the input could not be read further"


def test_after_an_input_that_breaks_on_the_way(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli(
        *RUN, "--on-error", "continue", "--format", "json", stdin='[{"Link":"link-1"},{"Link":"link-2"},nonsense'
    )
    assert said.code == 1
    assert written(said.results)["errors"] == {"invalid_item": 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_after_a_disk_that_is_full(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli(*RUN, "--output", "/dev/full", stdin=lines("link-1", "link-2", "link-3"))
    assert said.code == 1
    assert os.strerror(errno.ENOSPC) in said.err
    assert written()["counts"]["succeeded"] == 10 - len(sandbox.links)


def test_after_a_reader_that_left(slow: ThreeCXSandbox) -> None:
    process = running(stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    said = finish(process)
    assert said.code == 1
    report = written()
    assert report["stopped"] == "the run was stopped"
    assert report["counts"]["succeeded"] == ITEMS - len(slow.links)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeCXSandbox]:
    """A sandbox that takes its time."""
    with ThreeCXSandbox(links=ITEMS, latency=0.2) as taking_its_time:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(taking_its_time.credential))
        yield taking_its_time


def running(**options: Any) -> subprocess.Popen[bytes]:
    Path("items.ndjson").write_text(lines(*(f"link-{number}" for number in range(1, ITEMS + 1))))
    return start(*RUN, "--items", "items.ndjson", "--concurrency", "4", **options)


def signalled(*signals: signal.Signals) -> Said:
    """The command line after these signals, the first of which comes after its first result."""
    process = running()
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    for number in signals:
        process.send_signal(number)
        process.stderr.readline()
    said = finish(process)
    return Said(said.code, first.decode() + said.out, said.err)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_after_a_signal_that_lets_what_is_in_flight_finish(slow: ThreeCXSandbox, number: signal.Signals) -> None:
    said = signalled(number)
    assert said.code == 130
    report = written(said.results)
    assert report["stopped"] == "the run was stopped"
    assert report["complete"] is False
    assert report["counts"]["succeeded"] == ITEMS - len(slow.links)


def test_after_a_second_signal_that_does_not(slow: ThreeCXSandbox) -> None:
    said = signalled(signal.SIGINT, signal.SIGINT)
    assert said.code == 130
    report = written(said.results)
    assert report["errors"].get("request", 0) <= 4, "what became of those in flight is not known"
    assert report["complete"] is False


def test_a_call_that_is_refused_leaves_the_report_before_it(sandbox: ThreeCXSandbox, cli: Call) -> None:
    Path("report.json").write_text("before")
    assert cli(*RUN, "--credential", "nobody", stdin=lines("link-1")).code == 2
    assert Path("report.json").read_text() == "before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_report_that_cannot_be_written_is_told(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=link-1", "--report", "/dev/full")
    assert said.code == 1
    assert "cannot be written to /dev/full" in said.err
