"""`nodeloom run --journal`: the same command goes on with what was broken off."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, Call, Said, finish, start

pytestmark = pytest.mark.slow

ITEMS = 200
RUN = ("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson", "--journal", "run.journal")


def write_items(folder: Path, count: int = 10) -> None:
    (folder / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, count + 1)))


def deletes(sandbox: ThreeCXSandbox) -> int:
    return len([r for r in sandbox.requests if r.method == "DELETE"])


def test_a_run_is_told_again_and_says_so(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    write_items(tmp_path)
    first = cli(*RUN)
    assert first.code == 0
    assert first.err.splitlines()[-1] == "journal run.journal"
    second = cli(*RUN)
    assert (second.code, second.out) == (0, first.out)
    assert second.err.splitlines()[-1] == "journal run.journal: 10 told again"
    assert deletes(sandbox) == 10
    assert "succeeded  10" in cli("report", "run.journal").out


def test_another_run_is_refused_and_its_output_is_left_alone(
    sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path
) -> None:
    write_items(tmp_path)
    assert cli(*RUN, "--output", "results.ndjson").code == 0
    before = (tmp_path / "results.ndjson").read_bytes()
    said = cli(*RUN, "--output", "results.ndjson", "--set", "Link=link-1")
    assert said.code == 2
    assert "parameter Link: <<$json.Link>> → link-1" in said.err
    assert "Traceback" not in said.err
    assert (tmp_path / "results.ndjson").read_bytes() == before
    assert deletes(sandbox) == 10


def test_other_items_are_refused_with_their_place(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    write_items(tmp_path)
    cli(*RUN)
    write_items(tmp_path, 9)
    said = cli(*RUN)
    assert said.code == 2
    assert "was made with 10 items, and now there are 9" in said.err
    (tmp_path / "items.ndjson").write_text('{"Link":"link-1"}\n{"Link":"other"}\n')
    said = cli(*RUN)
    assert said.code == 2
    assert "item 1 differs" in said.err
    assert deletes(sandbox) == 10


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere/run.journal", os.strerror(errno.ENOENT)),
        ("/dev/null", "is not a file"),
        ("some.text", "it is not a journal"),
        ("", "--journal is empty"),
    ],
)
def test_a_file_that_cannot_be_a_journal_is_a_clear_error(
    sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path, path: str, words: str
) -> None:
    write_items(tmp_path)
    (tmp_path / "some.text").write_text("no journal, whatever it is")
    said = cli(*RUN[:-1], path)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert sandbox.requests == []


def test_failed_items_are_given_and_run_again(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    write_items(tmp_path, 12)
    assert cli(*RUN, "--on-error", "continue").code == 1
    failed = cli("report", "run.journal", "--failed").results
    assert failed == [{"Link": "link-11"}, {"Link": "link-12"}]
    for name in ("link-11", "link-12"):
        sandbox.add_link(name)
    assert cli(*RUN, "--on-error", "continue").code == 1
    said = cli(*RUN, "--on-error", "continue", "--retry-failed")
    assert said.code == 0
    assert len(said.results) == 12
    assert sandbox.links == {}


def test_retrying_without_a_journal_is_a_usage_error(sandbox: ThreeCXSandbox, cli: Call) -> None:
    said = cli("run", *DELETE, "--set", "Link=x", "--retry-failed")
    assert said.code == 2
    assert said.err.startswith("error: --retry-failed needs --journal.")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeCXSandbox]:
    """A sandbox that takes its time."""
    with ThreeCXSandbox(links=ITEMS, latency=0.2) as running:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(running.credential))
        yield running


@pytest.mark.parametrize(
    "signals", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)], ids=["once", "term", "twice"]
)
def test_whatever_the_signal_the_journal_is_valid_and_is_gone_on_with(
    slow: ThreeCXSandbox, cli: Call, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    write_items(tmp_path, ITEMS)
    process = start(*RUN, "--concurrency", "4", "--report", "report.json")
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    told = b""
    for number in signals:
        process.send_signal(number)
        told += process.stderr.readline()
    said = finish(process)
    said = Said(said.code, first.decode() + said.out, told.decode() + said.err)
    assert said.code == 130
    assert said.err.splitlines()[-1].startswith("journal run.journal: ")
    assert "go on with the same command" in said.err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["journal"]["file"] == "run.journal"
    done = [r for r in said.results if "error" not in r]
    states = dict(line.split()[:2] for line in cli("report", "run.journal").out.splitlines()[1:3])
    assert int(states["succeeded"]) == len(done)
    last = cli(*RUN, "--concurrency", "64")
    assert last.code == 0, last.err
    assert [r["pairedItem"]["item"] for r in last.results] == list(range(ITEMS))
    assert all("error" not in r for r in last.results)
    assert slow.links == {}


def test_two_runs_on_one_journal_are_refused(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    write_items(tmp_path)
    reading, writing = os.pipe()
    process = start(*RUN, "--items", "-", stdin=reading)
    os.close(reading)
    os.write(writing, (tmp_path / "items.ndjson").read_bytes())
    assert process.stdout is not None
    first = process.stdout.readline()
    # It goes on as long as more items may come.
    said = cli(*RUN)
    assert said.code == 2
    assert "in use by another run" in said.err
    live = cli("report", "run.journal")
    assert live.code == 0
    assert "(a run is going on)" in live.out
    os.close(writing)
    ended = finish(process)
    assert ended.code == 0
    assert len((first.decode() + ended.out).splitlines()) == deletes(sandbox) == 10


@pytest.mark.parametrize("option", ["--output", "--report", "--log-file", "--items"])
def test_a_journal_shares_its_file_with_nothing_else(
    sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path, option: str
) -> None:
    write_items(tmp_path)
    before = (tmp_path / "items.ndjson").read_bytes()
    path = "./items.ndjson" if option == "--items" else "run.journal"
    said = cli(*RUN[:-1], "items.ndjson" if option == "--items" else "run.journal", option, path)
    assert said.code == 2
    assert f"{option} and --journal name the same file" in said.err
    assert sandbox.requests == []
    assert (tmp_path / "items.ndjson").read_bytes() == before
    assert not (tmp_path / "run.journal").exists()


def test_devices_may_be_named_more_than_once(sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path) -> None:
    write_items(tmp_path)
    assert cli(*RUN, "--output", os.devnull, "--report", os.devnull, "--log-file", os.devnull).code == 0


@pytest.mark.parametrize("damage", ["DELETE FROM fact", "UPDATE item SET state = 4", "DELETE FROM item"])
def test_a_damaged_journal_is_refused_before_anything_is_sent(
    sandbox: ThreeCXSandbox, cli: Call, tmp_path: Path, damage: str
) -> None:
    write_items(tmp_path)
    assert cli(*RUN).code == 0
    with closing(sqlite3.connect(tmp_path / "run.journal", isolation_level=None)) as connection:
        connection.execute(damage)
    sandbox.clear_requests()
    said = cli(*RUN)
    assert said.code == 2
    assert "The journal run.journal cannot be used: it is damaged" in said.err
    assert "nodeloom report run.journal" in said.err
    assert "Traceback" not in said.err
    assert sandbox.requests == []


LIMITED = """
import resource, sys
from nodeloom.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited there")
def test_a_journal_that_cannot_be_written_any_more_ends_the_run_and_tells_what_was_done(
    sandbox: ThreeCXSandbox, tmp_path: Path
) -> None:
    """It is no mistake in the call, where nothing was sent: some items were not run."""
    write_items(tmp_path, 2000)
    words = [*RUN, "--on-error", "continue", "--output", "/dev/null"]
    said = subprocess.run([sys.executable, "-c", LIMITED, *words], capture_output=True, text=True, check=False)
    assert deletes(sandbox) > 0
    assert said.returncode == 1
    assert "The journal run.journal cannot be used" in said.stderr
    assert "not run in" in said.stderr
    assert "journal run.journal: go on with the same command" in said.stderr
