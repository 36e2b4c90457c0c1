"""The second signal ends a run, whatever it waits for; the journal is right afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeloom.testing import ThreeCXSandbox
from tests.cli.conftest import DELETE, TARGET, Call, Said, finish, heeding_signals, start

pytestmark = pytest.mark.slow

if sys.platform == "win32":
    pytest.skip("signals are sent as POSIX sends them", allow_module_level=True)

ITEMS = 120
CREATE = (*TARGET, "Create Weblink", "--set", 'Website=["https://www.example.com"]')


def pairs(*numbers: tuple[signal.Signals, signal.Signals]) -> pytest.MarkDecorator:
    """These two signals, one after the other. Each pair stands somewhere in this file."""
    return pytest.mark.parametrize(("first", "second"), numbers, ids=lambda number: number.name)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreeCXSandbox]:
    """A sandbox with as many links as there are items to delete, or none of those that are to be made."""
    (tmp_path / "items.ndjson").write_text("".join(f'{{"Link":"link-{n}"}}\n' for n in range(1, ITEMS + 1)))
    (tmp_path / "new.ndjson").write_text("".join(f'{{"Link":"new-{n}"}}\n' for n in range(1, ITEMS + 1)))
    with ThreeCXSandbox(links=ITEMS, log_size=10 * ITEMS) as running:
        monkeypatch.setenv("NODELOOM_CREDENTIAL_THREECXAPI", json.dumps(running.credential))
        yield running


class Pipe:
    """A pipe that is full of empty lines, and that nobody reads unless the test does."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        fill(self.writing)

    def close(self) -> None:
        for end in (self.reading, self.writing):
            with contextlib.suppress(OSError):
                os.close(end)


def fill(writing: int) -> None:
    """Write to a pipe until it takes nothing more, as FIONREAD at its other end would say."""
    os.set_blocking(writing, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while os.write(writing, b"\n" * size):
                continue
    os.set_blocking(writing, True)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def told(process: subprocess.Popen[bytes], words: str) -> str:
    """What stands on standard error up to a line with these words."""
    assert process.stderr is not None
    lines = []
    while line := process.stderr.readline().decode():
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def blocked(service: ThreeCXSandbox, pipe: Pipe, *words: str) -> subprocess.Popen[bytes]:
    """A run whose results nobody reads: it waits for that, or is about to."""
    process = start("run", *words, "--set", "Link=<<$json.Link>>", stdout=pipe.writing)
    while sum(1 for request in service.requests if request.resource == "WebsiteLinks") < 20:
        assert process.poll() is None
        threading.Event().wait(0.01)
    return process


def twice(process: subprocess.Popen[bytes], first: signal.Signals, second: signal.Signals) -> Said:
    process.send_signal(first)
    said = told(process, "stopping: ")
    process.send_signal(second)
    ended = finish(process)
    return Said(ended.code, ended.out, said + ended.err)


@pairs((signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGTERM))
def test_results_that_nobody_reads(
    service: ThreeCXSandbox, pipe: Pipe, first: signal.Signals, second: signal.Signals
) -> None:
    said = twice(blocked(service, pipe, *DELETE, "--items", "items.ndjson"), first, second)
    assert said.code in (130, 128 + second)
    assert "stopping now" in said.err
    assert "Traceback" not in said.err
    assert "Exception ignored" not in said.err


@pairs((signal.SIGINT, signal.SIGTERM), (signal.SIGHUP, signal.SIGTERM))
def test_what_was_sent_is_known_as_sent(
    service: ThreeCXSandbox, pipe: Pipe, cli: Call, first: signal.Signals, second: signal.Signals
) -> None:
    run = (*CREATE, "--items", "new.ndjson", "--journal", "run.journal", "--on-error", "continue")
    said = twice(blocked(service, pipe, *run), first, second)
    assert said.code in (130, 128 + second)
    again = cli("run", *run, "--set", "Link=<<$json.Link>>", "--quiet")
    assert [result["pairedItem"]["item"] for result in again.results] == list(range(ITEMS))
    posts = Counter(r.json()["Link"] for r in service.requests if r.method == "POST" and r.resource == "WebsiteLinks")
    assert set(posts.values()) == {1}
    failed = [result for result in again.results if "error" in result]
    assert {result["error"]["code"] for result in failed} <= {"unknown", "request"}
    assert len(posts) == ITEMS or failed


def test_a_report_that_nobody_reads(service: ThreeCXSandbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report")
    reading = os.open(tmp_path / "report", os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(tmp_path / "report", os.O_WRONLY)
    fill(writing)
    process = start("run", *DELETE, "--set", "Link=<<$json.Link>>", "--items", "items.ndjson", "--report", "report")
    assert process.stdout is not None
    # The results are all there; what is left is the report.
    for _ in range(ITEMS):
        process.stdout.readline()
    said = twice(process, signal.SIGTERM, signal.SIGTERM)
    assert said.code in (130, 143)
    assert "Traceback" not in said.err
    os.close(writing)
    os.close(reading)


def test_one_signal_and_a_reader_who_comes_back(service: ThreeCXSandbox, pipe: Pipe) -> None:
    process = blocked(service, pipe, *DELETE, "--items", "items.ndjson")
    process.send_signal(signal.SIGTERM)
    told(process, "stopping: ")
    os.close(pipe.writing)
    with os.fdopen(pipe.reading, "rb") as reader:
        results = [json.loads(line) for line in reader if line.strip()]
    said = finish(process)
    assert said.code == 130
    assert "stopping now" not in said.err
    done = [result for result in results if "error" not in result]
    assert len(done) == ITEMS - len(service.links), "what was done is what was told"
    assert {r["error"]["code"] for r in results if "error" in r} <= {"not_run"}


# A run in a process in which something waits for ever, and says so on standard error.
WAITING = """
import ctypes, os, sys, threading
from nodeloom.cli import main
from nodeloom.cli.sink import Sink
from nodeloom.journal.journalfile import JournalFile

lock = threading.Lock()
lock.acquire()

def say():
    os.write(2, b"waiting\\n")

def in_lock(*_):
    say()
    lock.acquire()

def in_c(*_):
    # Python's handlers do not run there, and no signal ends it.
    libc = ctypes.CDLL(None)
    mutex = ctypes.create_string_buffer(256)
    libc.pthread_mutex_lock(mutex)
    say()
    libc.pthread_mutex_lock(mutex)

commits = 0
commit = JournalFile.commit

def in_commit(file):
    global commits
    commits += 1
    if commits == 3:
        in_lock()
    commit(file)

def in_thread():
    say()
    lock.acquire()

def read_on(*_):
    say()
    os.read(os.pipe()[0], 1)

what = sys.argv.pop(1)
if what == "lock":
    Sink.flush = in_lock
elif what == "C":
    Sink.flush = in_c
elif what == "read":
    Sink.flush = read_on
elif what == "commit":
    JournalFile.commit = in_commit
elif what == "close":
    JournalFile.close = in_lock
code = main()
if what == "thread":
    threading.Thread(target=in_thread).start()
sys.exit(code)
"""


def waiting(what: str, *words: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, what, "run", *words, "--set", "Link=<<$json.Link>>"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        preexec_fn=heeding_signals,
    )
    told(process, "waiting")
    return process


@pytest.mark.parametrize(
    ("what", "operation", "first", "second"),
    [
        ("lock", CREATE, signal.SIGINT, signal.SIGINT),
        ("C", DELETE, signal.SIGTERM, signal.SIGTERM),
        ("read", CREATE, signal.SIGTERM, signal.SIGINT),
        ("commit", CREATE, signal.SIGHUP, signal.SIGTERM),
        ("commit", DELETE, signal.SIGINT, signal.SIGTERM),
        ("close", DELETE, signal.SIGTERM, signal.SIGTERM),
    ],
    ids=lambda given: given[-1] if isinstance(given, tuple) else getattr(given, "name", given),
)
def test_whatever_else_it_waits_for(
    service: ThreeCXSandbox,
    cli: Call,
    what: str,
    operation: tuple[str, ...],
    first: signal.Signals,
    second: signal.Signals,
) -> None:
    items = "items.ndjson" if operation is DELETE else "new.ndjson"
    run = (*operation, "--items", items, "--journal", "run.journal", "--on-error", "continue")
    said = twice(waiting(what, *run), first, second)
    assert said.code == 128 + second
    assert "Traceback" not in said.err
    again = cli("run", *run, "--set", "Link=<<$json.Link>>", "--quiet")
    assert len(again.results) == ITEMS
    if operation is CREATE:
        posts = Counter(
            r.json()["Link"] for r in service.requests if r.method == "POST" and r.resource == "WebsiteLinks"
        )
        assert set(posts.values()) == {1}
    else:
        assert again.code == 0, again.err
        assert service.links == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_waits_for_its_threads_at_the_end(service: ThreeCXSandbox, number: signal.Signals) -> None:
    process = waiting("thread", *DELETE, "--items", "items.ndjson")
    process.send_signal(number)
    said = finish(process)
    assert said.code == -number
    assert said.err == ""
