"""One journal, one run: whatever name a second run finds it by, it is refused, and nothing is sent twice.

Real processes, and a service on a real socket that counts.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import JournalError
from nodeloom.journal.journalreader import JournalReader
from nodeloom.testing import ThreeCXSandbox
from tests.journal.driving import Service, drive, links, open_journal
from tests.journal.holding import holding
from tests.journal.test_journalfile import python

ITEMS = 400
LINES = [f'{{"Link": "new-{n}"}}\n'.encode() for n in range(ITEMS)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the names that are tried are those of POSIX"),
]


@pytest.fixture
def service() -> Iterator[ThreeCXSandbox]:
    with ThreeCXSandbox(links=0, log_size=4 * ITEMS) as sandbox:
        yield sandbox


def posts(service: ThreeCXSandbox) -> Counter[str]:
    """How often each link was asked to be made."""
    return Counter(r.json()["Link"] for r in service.requests if r.method == "POST" and r.resource == "WebsiteLinks")


class Run:
    """A run of 400 POSTs in a process of its own. It waits for further items after the first `fed`, until its end."""

    def __init__(self, service: ThreeCXSandbox, folder: Path, journal: str, *before: str, fed: int = ITEMS) -> None:
        reading, self._writing = os.pipe()
        self._fed = fed
        words = ["run", "threecx", "Website Links", "Create Weblink", "--set", "Link=<<$json.Link>>"]
        words += ["--set", 'Website=["https://www.example.com"]', "--items", "-", "--format", "ndjson"]
        environment = {**os.environ, "NODELOOM_CREDENTIAL_THREECXAPI": json.dumps(service.credential)}
        self._process = subprocess.Popen(
            [*before, sys.executable, "-m", "nodeloom.cli", *words, "--journal", journal, "--output", os.devnull],
            cwd=folder,
            env=environment,
            stdin=reading,
            stderr=subprocess.PIPE,
        )
        os.close(reading)
        # As much as fits into a pipe, so that nobody waits.
        self._feed(0, fed)

    def _feed(self, start: int, stop: int) -> None:
        with suppress(BrokenPipeError):
            os.write(self._writing, b"".join(LINES[start:stop]))

    def refused(self) -> str:
        """What a run says that ends by itself. It has to end with 2."""
        _out, err = self._process.communicate(timeout=60)
        os.close(self._writing)
        assert self._process.returncode == 2, err.decode()
        assert b"Traceback" not in err
        return err.decode()

    def end(self) -> tuple[int, str]:
        """Give it the rest, and let it come to its end."""
        self._feed(self._fed, ITEMS)
        os.close(self._writing)
        _out, err = self._process.communicate(timeout=60)
        return self._process.returncode, err.decode()

    def wait(self) -> bool:
        """Whether it ends within a moment."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.05)
        return self._process.poll() is not None


def wait_for(service: ThreeCXSandbox, count: int) -> None:
    while sum(posts(service).values()) < count:
        threading.Event().wait(0.02)


def link_file(folder: Path) -> str:
    (folder / "other").symlink_to(folder / "run.journal")
    return "other"


def link_folder(folder: Path) -> str:
    (folder / "elsewhere").symlink_to(folder)
    return "elsewhere/run.journal"


def link_link(folder: Path) -> str:
    (folder / "first").symlink_to("run.journal")
    (folder / "second").symlink_to("./first")
    return "second"


def absolute(folder: Path) -> str:
    return str(folder / "run.journal")


def around(folder: Path) -> str:
    (folder / "below").mkdir()
    return "below/../run.journal"


def hard_link(folder: Path) -> str:
    (folder / "other").hardlink_to(folder / "run.journal")
    return "other"


def hard_link_elsewhere(folder: Path) -> str:
    (folder / "below").mkdir()
    (folder / "below" / "run.journal").hardlink_to(folder / "run.journal")
    return "below/run.journal"


def rename(folder: Path) -> str:
    (folder / "run.journal").rename(folder / "renamed")
    return "renamed"


def move(folder: Path) -> str:
    (folder / "below").mkdir()
    (folder / "run.journal").rename(folder / "below" / "run.journal")
    return "below/run.journal"


def replace(folder: Path) -> str:
    """A copy in its place: another file of the same name."""
    shutil.copyfile(folder / "run.journal", folder / "copy")
    (folder / "copy").replace(folder / "run.journal")
    return "run.journal"


def remove(folder: Path) -> str:
    (folder / "run.journal").unlink()
    return "run.journal"


IN_USE, SEVERAL = "in use by another run", "has 2 names"

#: What leaves the journal where it is, or is taken back: one run goes on below all of these.
NAMES: dict[Callable[[Path], str], str] = {
    link_file: IN_USE,
    link_folder: IN_USE,
    link_link: IN_USE,
    absolute: IN_USE,
    around: IN_USE,
    hard_link: SEVERAL,
    hard_link_elsewhere: SEVERAL,
}
TAKEN_AWAY = (rename, move, replace, remove)


def refusal(service: ThreeCXSandbox, journal: Path) -> JournalError:
    """What the same run on this journal says, here and now: the lock is another process's all the same."""
    parameters: dict[str, Any] = {"resource": "Website Links", "operation": "Create Weblink"}
    parameters |= {"Link": "={{ $json.Link }}", "Website": ["https://www.example.com"]}
    with Runtime(discover_plugins=False) as runtime, pytest.raises(JournalError) as refused:
        runtime.run(
            "threecx", parameters, [{"Link": "new-0"}], credentials={"threeCxApi": service.credential}, journal=journal
        )
    return refused.value


def put_back(folder: Path) -> None:
    """Take away what made the other name."""
    for path in folder.iterdir():
        if path.is_symlink() or path.name == "other":
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)


def test_a_second_run_by_another_name_is_refused_while_the_first_goes_on(
    service: ThreeCXSandbox, tmp_path: Path
) -> None:
    first = Run(service, tmp_path, "run.journal", fed=8)
    wait_for(service, 1)
    for other, words in NAMES.items():
        refused = refusal(service, tmp_path / other(tmp_path))
        assert words in refused.message, other
        assert refused.hint, other
        put_back(tmp_path)
    said = Run(service, tmp_path, link_file(tmp_path)).refused()
    assert IN_USE in said
    assert "hint:" in said
    code, err = first.end()
    assert code == 0, err
    assert len(posts(service)) == ITEMS
    assert max(posts(service).values()) == 1


@pytest.mark.parametrize("taken_away", TAKEN_AWAY, ids=lambda taken_away: taken_away.__name__)
def test_a_run_whose_journal_was_taken_away_ends_and_no_other_begins(
    service: ThreeCXSandbox, tmp_path: Path, taken_away: Callable[[Path], str]
) -> None:
    # So few that it does not look yet whether its journal is still there.
    first = Run(service, tmp_path, "run.journal", fed=8)
    wait_for(service, 1)
    assert IN_USE in refusal(service, tmp_path / taken_away(tmp_path)).message
    code, err = first.end()
    assert max(posts(service).values()) == 1
    assert code == 1
    assert "was removed, or replaced" in err


def test_of_two_runs_that_begin_together_one_is_refused(service: ThreeCXSandbox, tmp_path: Path) -> None:
    runs = [Run(service, tmp_path, journal) for journal in ("run.journal", link_file(tmp_path))]
    while not any(run.wait() for run in runs):
        continue
    refused, going_on = sorted(runs, key=lambda run: not run.wait())
    assert IN_USE in refused.refused()
    code, err = going_on.end()
    assert code == 0, err
    assert len(posts(service)) == ITEMS
    assert set(posts(service).values()) == {1}


def test_a_journal_with_several_names_is_refused_until_one_is_left(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(3), Service(), repeatable=False, until=2)
    (tmp_path / "k").hardlink_to(tmp_path / "j")
    before = (tmp_path / "j").read_bytes()
    for name in ("j", "k"):
        with pytest.raises(JournalError, match=rf"{name} has 2 names \(hard links\)") as refused:
            open_journal(tmp_path / name, repeatable=False)
        assert "Remove the other names" in str(refused.value.hint)
    assert (tmp_path / "j").read_bytes() == before
    (tmp_path / "j").unlink()
    service = Service()
    assert drive(tmp_path / "k", links(3), service, repeatable=False).codes == ["ok"] * 3
    assert service.sent == links(3)[2:]


def can_mount() -> bool:
    """Whether this process may mount something for itself."""
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-Urm", "true"], check=False).returncode == 0


def test_a_bind_mount_is_the_same_journal(service: ThreeCXSandbox, tmp_path: Path) -> None:
    """As in a container: the same file where nothing else is."""
    if not can_mount():
        pytest.skip("nothing can be mounted here")
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    first = Run(service, here, "run.journal")
    wait_for(service, 1)
    (there / "run.journal").touch()
    for source, target in ((here, there), (here / "run.journal", there / "run.journal")):
        mounted = f'mount --bind {source} {target} && cd {there} && exec "$@"'
        second = Run(service, there, "run.journal", "unshare", "-Urm", "sh", "-c", mounted, "sh")
        assert IN_USE in second.refused()
    code, err = first.end()
    assert code == 0, err
    assert set(posts(service).values()) == {1}


NODE: dict[str, Any] = {
    "name": "things",
    "displayName": "Things",
    "version": 1,
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "default": "make",
            "options": [
                {
                    "name": "Make",
                    "value": "make",
                    "routing": {"request": {"method": "POST", "url": "=/x/{{ $json.id }}"}},
                }
            ],
        }
    ],
}


def things(url: str) -> dict[str, Any]:
    return {**NODE, "requestDefaults": {"baseURL": url}}


def test_two_runtimes_of_one_process_are_held_apart(tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to("run.journal")
    items = [{"id": n} for n in range(ITEMS)]
    refusals: list[str] = []
    with holding(ITEMS) as service, Runtime(discover_plugins=False) as one, Runtime(discover_plugins=False) as two:
        for runtime in (one, two):
            runtime.add_node(things(service.url))
        first = threading.Thread(
            target=lambda: one.run("things", {}, items, journal=tmp_path / "run.journal", concurrency=16)
        )
        first.start()
        assert service.arrived(1)

        def second(name: str) -> None:
            try:
                two.run("things", {}, items, journal=tmp_path / name)
            except JournalError as error:
                refusals.append(error.message)

        others = [threading.Thread(target=second, args=(name,)) for name in ("run.journal", "other") * 4]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
        service.release()
        first.join()
        assert len(refusals) == 8
        assert all(IN_USE in message for message in refusals)
        assert set(service.asked.values()) == {1}
        assert len(service.asked) == ITEMS
    with JournalReader(tmp_path / "run.journal") as reader:
        assert reader.damage is None
        assert reader.account().succeeded == ITEMS


def test_refusals_let_go_of_no_lock_and_leave_no_descriptor_open(tmp_path: Path) -> None:
    """Closing a descriptor of a file lets go of all locks that the process has on it, those of SQLite among them."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("the open descriptors cannot be counted here")
    journal = open_journal(tmp_path / "j")
    before = 0
    for _ in range(6):
        # SQLite keeps one back as long as others have the file open.
        before = before or len([*Path("/proc/self/fd").iterdir()]) + 1
        with pytest.raises(JournalError, match="in use"):
            open_journal(tmp_path / "j")
        with JournalReader(tmp_path / "j") as reader:
            assert reader.live
    assert len([*Path("/proc/self/fd").iterdir()]) <= before
    # A connection that is closed last carries the log over and takes it away, unless it sees that others are there.
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM fact').fetchall(); c.close()"
    )
    assert python(program, str(tmp_path / "j")).returncode == 0
    assert (tmp_path / "j-wal").exists()
    journal.close()
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


FORKING = """
import os, sys, threading
from pathlib import Path
from nodeloom.errors import JournalError
from tests.journal.driving import Service, drive, links, open_journal
path = Path(sys.argv[1])

def child():
    # What it inherited is its parent's: neither used nor taken away, also not at its end.
    try:
        open_journal(path)
    except JournalError as error:
        print(error.message)
    print(drive(path.with_name("own"), links(3), Service()).codes)
    sys.stdout.flush()

journal = open_journal(path)
if os.fork() == 0:
    child()
    journal.close()
    sys.exit(0)
os.wait()
assert path.with_name("run.journal-lock").exists() and path.with_name("run.journal-wal").exists()
try:
    open_journal(path)
except JournalError as error:
    print(error.message)
journal.close()
if os.fork() == 0:
    # The one above was closed before this fork.
    print(drive(path, links(3), Service()).codes)
    sys.stdout.flush()
    os._exit(0)
os.wait()
kept = open_journal(path)
reading, writing = os.pipe()
if os.fork() == 0:
    os.read(reading, 1)
    child()
    os._exit(0)
kept.close()
os.write(writing, b"x")
os.wait()
print(drive(path, links(3), Service()).told)
"""


def test_a_forked_child_leaves_the_journal_to_its_parent(tmp_path: Path) -> None:
    done = python(FORKING, str(tmp_path / "run.journal"))
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    ok = "['ok', 'ok', 'ok']"
    assert IN_USE in lines[0]
    assert lines[1] == ok
    assert IN_USE in lines[2]
    assert lines[3] == ok
    assert "was open when this process was forked" in lines[4]
    assert lines[5:] == [ok, "3"]
    with JournalReader(tmp_path / "run.journal") as reader:
        assert reader.damage is None


ORPHANING = """
import os, signal, sys
from pathlib import Path
from tests.journal.driving import open_journal
journal = open_journal(Path(sys.argv[1]))
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.close(1)
    os.close(2)
    # The parent has the other end; this one outlives it.
    os.read(reading, 1)
    os.read(0, 1)
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lock_of_a_killed_run_is_free_though_its_child_lives_on(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    folders = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": folders}
    command = [sys.executable, "-c", ORPHANING, str(tmp_path / "j")]
    done = subprocess.run(command, stdin=reading, env=environment, capture_output=True, check=False)
    os.close(reading)
    assert done.returncode == -signal.SIGKILL, done.stderr
    try:
        assert drive(tmp_path / "j", links(3), Service()).codes == ["ok"] * 3
    finally:
        os.close(writing)


@contextmanager
def case_insensitive(folder: Path) -> Iterator[None]:
    (folder / "probe").touch()
    if not (folder / "PROBE").exists():
        pytest.skip("the file system tells upper case from lower")
    yield


def test_upper_and_lower_case_are_one_name_where_the_file_system_says_so(tmp_path: Path) -> None:
    with case_insensitive(tmp_path):
        journal = open_journal(tmp_path / "journal")
        with pytest.raises(JournalError, match="in use"):
            open_journal(tmp_path / "JOURNAL")
        journal.close()
