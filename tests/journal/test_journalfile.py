"""The file: whose it is, what is wrong with it, and who else has it."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nodeloom.errors import JournalError
from nodeloom.journal.journalreader import JournalReader
from nodeloom.journal.namelock import is_held, lock_path
from nodeloom.outcomes import Outcome
from nodeloom.transport.trip import Trip
from tests.journal.driving import Service, by_journal, crashed_copy, drive, links, open_journal

IS_ROOT = sys.platform != "win32" and os.geteuid() == 0


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, which finds these tests too."""
    folders = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "PYTHONPATH": folders}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def cut_copy(path: Path, to: Path, kept: float) -> None:
    """A copy whose log has lost its end."""
    crashed_copy(path, to)
    log = Path(f"{to}-wal")
    log.write_bytes(log.read_bytes()[: int(log.stat().st_size * kept)])


def test_all_its_files_are_its_owners_only_and_the_helpers_go_at_the_end(tmp_path: Path) -> None:
    seen: dict[str, int] = {}

    async def work(trip: Trip) -> Outcome:
        seen.update(modes(tmp_path))
        return await Service()(trip)

    before = os.umask(0)
    try:
        drive(tmp_path / "j", links(3), work)
    finally:
        os.umask(before)
    assert seen == {"j": 0o600, "j-wal": 0o600, "j-shm": 0o600, "j-lock": 0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


@pytest.mark.parametrize("content", [b"Link\nsummer-sale\n", b"\0" * 5000, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "items.csv"
    path.write_bytes(content)
    for opening in (open_journal, JournalReader):
        with pytest.raises(JournalError, match=r"items\.csv"):
            opening(path)
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["items.csv"]


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE customer (name)")
    other.close()
    content = (tmp_path / "other.db").read_bytes()
    for opening in (open_journal, JournalReader):
        with pytest.raises(JournalError, match="no journal of Nodeloom"):
            opening(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == content


def test_a_journal_of_another_format_says_which(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(3), Service())
    with sqlite3.connect(tmp_path / "j") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="format 99"):
        open_journal(tmp_path / "j")


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / "j").touch()
    with pytest.raises(JournalError, match="is empty"):
        JournalReader(tmp_path / "j")
    assert drive(tmp_path / "j", links(3), Service()).codes == ["ok"] * 3


def test_a_truncated_journal_is_refused(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(2000), Service())
    whole = (tmp_path / "j").read_bytes()
    for kept in (len(whole) // 2, len(whole) - 4096, 3000, 50):
        (tmp_path / "j").write_bytes(whole[:kept])
        with pytest.raises(JournalError, match=r"cannot be used|is empty"):
            open_journal(tmp_path / "j")


@pytest.mark.slow
def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    drive(tmp_path / "j", links(2000), Service())
    with (tmp_path / "j").open("r+b") as file:
        for page in range(3, 20):
            file.seek(page * 4096)
            file.write(os.urandom(4096))
    with pytest.raises(JournalError, match="damaged"):
        open_journal(tmp_path / "j")


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_a_log_that_was_cut_short_loses_its_end_and_nothing_else(tmp_path: Path, kept: float) -> None:
    """As after a power failure: an operation that may happen twice is then repeated, and nothing is lost."""
    path, left = tmp_path / "j", tmp_path / "left"

    async def run() -> None:
        journal = open_journal(path)
        work = by_journal(journal, Service())
        for index, raw in enumerate(links(200)):
            await work(index, raw)
        cut_copy(path, left, kept)
        await journal.aclose()

    asyncio.run(run())
    if kept == 0.0:
        # Not even what the journal is for has reached the disk.
        with pytest.raises(JournalError):
            JournalReader(left)
    service = Service()
    driven = drive(left, links(200), service)
    assert driven.codes == ["ok"] * 200
    assert driven.told + len(service.sent) == 200


def test_a_folder_is_no_journal_and_a_missing_one_is_not_made(tmp_path: Path) -> None:
    for opening in (open_journal, JournalReader):
        with pytest.raises(JournalError, match="is not a file"):
            opening(tmp_path)
    assert list(tmp_path.parent.glob("*-lock")) == []
    with pytest.raises(JournalError, match=os.strerror(errno.ENOENT)):
        open_journal(tmp_path / "nowhere" / "j")
    with pytest.raises(JournalError, match="There is no journal"):
        JournalReader(tmp_path / "nowhere" / "j")


@pytest.mark.skipif(IS_ROOT, reason="nothing is forbidden to root")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(JournalError, match="cannot be written"):
        open_journal(tmp_path / "closed" / "j")


@pytest.mark.slow
def test_a_journal_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "j")
    assert is_held(tmp_path / "j")
    with pytest.raises(JournalError, match="in use by another run"):
        open_journal(tmp_path / "j")
    program = f"""
from pathlib import Path
from nodeloom.outcomes import Outcome
from tests.journal.driving import open_journal
open_journal(Path({str(tmp_path / "j")!r}))
"""
    done = python(program)
    assert "in use by another run" in done.stderr
    journal.close()
    assert not is_held(tmp_path / "j")
    open_journal(tmp_path / "j").close()


@pytest.mark.slow
def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from nodeloom.outcomes import Outcome
from tests.journal.driving import open_journal
journal = open_journal(Path({str(tmp_path / "j")!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = python(program)
    assert done.returncode == -9, done.stderr
    assert lock_path(tmp_path / "j").exists()
    assert not is_held(tmp_path / "j")
    assert drive(tmp_path / "j", links(3), Service()).codes == ["ok"] * 3
    assert not lock_path(tmp_path / "j").exists()


FILLING = """
import resource, sys
from pathlib import Path
from nodeloom.outcomes import Outcome
from tests.journal.driving import Service, drive, links
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
service = Service()
driven = drive(Path(sys.argv[1]), links(3000), service, repeatable=sys.argv[2] == "True")
assert driven.fault is not None
print(len(service.sent), len([c for c in driven.codes if c == "not_run"]), len(driven.outcomes))
print(driven.fault.message)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited there")
@pytest.mark.parametrize("repeatable", [True, False])
def test_a_full_disk_ends_the_run_and_leaves_a_journal_that_can_be_gone_on_with(
    tmp_path: Path, repeatable: bool
) -> None:
    done = python(FILLING, str(tmp_path / "j"), str(repeatable))
    assert done.stderr == ""
    sent, not_run, outcomes = map(int, done.stdout.splitlines()[0].split())
    assert "cannot be used" in done.stdout
    assert sent + not_run == outcomes == 3000, "every item has its outcome"
    assert not_run > 0
    service = Service()
    driven = drive(tmp_path / "j", links(3000), service, repeatable=repeatable)
    assert set(driven.codes) <= {"ok", "unknown"}
    unknown = driven.codes.count("unknown")
    assert unknown <= (0 if repeatable else 8)
    if not repeatable:
        assert sent + len(service.sent) <= 3000, "nothing was sent twice"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes")
def test_an_empty_file_that_is_made_a_journal_is_its_owners_only(tmp_path: Path) -> None:
    (tmp_path / "j").touch(mode=0o644)
    (tmp_path / "j").chmod(0o644)
    drive(tmp_path / "j", links(1), Service())
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be removed there")
@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("taken", ["j", "j-wal"])
@pytest.mark.parametrize("count", [5, 2000])
def test_a_journal_that_is_taken_away_ends_the_run(tmp_path: Path, repeatable: bool, taken: str, count: int) -> None:
    """SQLite would go on writing where nobody can read it."""
    service = Service()

    async def work(trip: Trip) -> Outcome:
        if trip.index == 3:
            (tmp_path / taken).unlink()
        return await service(trip)

    driven = drive(tmp_path / "j", links(count), work, repeatable=repeatable)
    assert "was removed, or replaced" in str(driven.fault)
    assert len(service.sent) < 400
    assert len(driven.outcomes) == count
