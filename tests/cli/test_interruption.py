"""Signals: what is in flight is finished and told, nothing further is begun."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Said, finish, start

pytestmark = pytest.mark.slow

ITEMS = 400


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeCXSandbox]:
    """A sandbox that takes its time."""
    with ThreeCXSandbox(links=ITEMS, latency=0.3) as running:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(running.credential))
        yield running


def interrupted(tmp_path: Path, *signals: signal.Signals) -> Said:
    (tmp_path / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, ITEMS + 1)))
    process = start(
        "run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson", "--concurrency", "4",
        "--report", "report.json",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    # After the first result others are in flight.
    first = process.stdout.readline()
    told = b""
    for number in signals:
        process.send_signal(number)
        told += process.stderr.readline()
    said = finish(process)
    return Said(said.code, first.decode() + said.out, told.decode() + said.err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_is_in_flight_finish(
    slow: ThreeCXSandbox, tmp_path: Path, number: signal.Signals
) -> None:
    said = interrupted(tmp_path, number)
    assert said.code == 130
    assert "stopping: finishing up to 4 items in flight; Ctrl-C again to stop now" in said.err
    outcomes = ["error" not in result for result in said.results]
    succeeded = outcomes.count(True)
    assert 0 < succeeded < ITEMS
    assert outcomes == sorted(outcomes, reverse=True)
    assert {r["error"]["code"] for r in said.results[succeeded:]} <= {"not_run"}
    assert ITEMS - len(slow.links) == succeeded, "what was done on the service is what was told"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["counts"]["succeeded"] == succeeded
    assert report["stopped"]
    assert report["complete"] is False, "most of the items were not even read"


def test_the_second_signal_does_not_wait(slow: ThreeCXSandbox, tmp_path: Path) -> None:
    said = interrupted(tmp_path, signal.SIGINT, signal.SIGINT)
    assert said.code == 130
    assert "stopping now" in said.err
    unknown = [r for r in said.results if r.get("error", {}).get("sent") == "unknown"]
    assert len(unknown) <= 4
    assert len(said.results) < ITEMS
    assert "Traceback" not in said.err


def test_a_run_that_waits_for_items_is_ended_by_a_signal(slow: ThreeCXSandbox) -> None:
    reading, writing = os.pipe()
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "-", stdin=reading)
    os.close(reading)
    os.write(writing, b'{"Link":"link-1"}\n')
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said = finish(process)
    os.close(writing)
    assert said.code == 130
    assert "Traceback" not in said.err
    assert "Fatal" not in said.err


def test_an_interruption_before_anything_is_read_is_no_traceback(slow: ThreeCXSandbox) -> None:
    reading, writing = os.pipe()
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", stdin=reading)
    os.close(reading)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said = finish(process)
    os.close(writing)
    assert said.code == 130
    assert said.err.strip() == "interrupted"


def test_the_second_signal_does_not_wait_for_a_reader_who_does_not_read(tmp_path: Path) -> None:
    """What could not be written is in the report."""
    with ThreeCXSandbox(links=ITEMS) as sandbox:
        (tmp_path / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, ITEMS + 1)))
        reading, writing = os.pipe()
        # So much that nothing else fits in.
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while os.write(writing, b"\n" * 4096):
                continue
        os.set_blocking(writing, True)
        credential = json.dumps(sandbox.credential)
        process = start(
            "run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson", "--report", "report.json",
            stdout=writing, env={**os.environ, "NODELOOM_CREDENTIAL_THREECXAPI": credential},
        )  # fmt: skip
        os.close(writing)
        # The write has to have waited for a while: nothing is asked for any more when nothing can be given on.
        asked, since = 0, time.monotonic()
        while not asked or time.monotonic() - since < 3:
            if len(sandbox.requests) != asked:
                asked, since = len(sandbox.requests), time.monotonic()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.readline()
        # By then it waits in the write again: what comes just before that is seen only when the write ends.
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        said = finish(process)
        os.close(reading)
    assert b"stopping" in told
    assert said.code == 130
    assert "the reader does not read them" in said.err
    assert "Traceback" not in said.err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["counts"]["succeeded"] == ITEMS - len(sandbox.links) > 0
