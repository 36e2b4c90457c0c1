"""A damaged journal says the same as before, bit for bit, or is refused by name; never anything else."""

from __future__ import annotations

import asyncio
import functools
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nodeloom.errors import JournalError, NetworkError
from nodeloom.journal.journalreader import JournalReader, to_dict
from nodeloom.outcomes import Outcome
from nodeloom.transport.trip import Trip
from tests.journal.driving import Driven, Service, by_journal, crashed_copy, drive, links, open_journal, sending

ITEMS = 60
PAGE = 4096
FRAME = PAGE + 24
SEED = 20_26


def answer(index: int, raw: Any) -> Outcome:
    """One in ten failed for certain, one in ten may have been done, some answers are long."""
    if index % 10 in (3, 7):
        sent = "no" if index % 10 == 3 else "unknown"
        error = NetworkError("It broke.", item=index, sent=sent)
        return Outcome(index, error=error, retries=2, effect=error.effect)
    return Outcome(index, [{"json": {"done": raw, "text": "x" * (index * 37 % 1700)}}], statuses=(429, 200))


def ended(path: Path, *, repeatable: bool) -> Path:
    drive(path, links(ITEMS), Service(answer), repeatable=repeatable)
    return path


def crashed(path: Path, to: Path, *, repeatable: bool, earlier: int = 0) -> Path:
    """What a run leaves that is killed while two items are in flight; `earlier` items were an earlier run's."""
    if earlier:
        drive(path, links(ITEMS), Service(answer), until=earlier, repeatable=repeatable)

    async def run() -> None:
        journal = open_journal(path, repeatable=repeatable)
        service = Service(answer)
        reached = asyncio.Event()

        @sending
        async def hanging(index: int, raw: Any) -> Outcome:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        async def work(trip: Trip) -> Outcome:
            return await (hanging if trip.index >= ITEMS - 2 else service)(trip)

        journaled = by_journal(journal, work)
        for index, raw in enumerate(links(ITEMS - 2)):
            await journaled(index, raw)
        tasks = [asyncio.create_task(journaled(index, links(ITEMS)[index])) for index in (ITEMS - 2, ITEMS - 1)]
        await reached.wait()
        await asyncio.sleep(0.05)
        crashed_copy(path, to)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await journal.aclose()

    asyncio.run(run())
    return to


KINDS: dict[str, Callable[[Path], Path]] = {
    "ended": lambda folder: ended(folder / "j", repeatable=False),
    "ended, may be repeated": lambda folder: ended(folder / "j", repeatable=True),
    "crashed": lambda folder: crashed(folder / "first", folder / "j", repeatable=False),
    "crashed again": lambda folder: crashed(folder / "first", folder / "j", repeatable=False, earlier=30),
    "crashed, may be repeated": lambda folder: crashed(folder / "first", folder / "j", repeatable=True, earlier=30),
}


@pytest.fixture(scope="module", params=KINDS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal that is whole: of POST and DELETE, ended and crashed, with and without an earlier run."""
    return KINDS[request.param](tmp_path_factory.mktemp("whole"))


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes copies of the journal."""
    made = 0

    def copy() -> Path:
        nonlocal made
        made += 1
        (tmp_path / str(made)).mkdir()
        return crashed_copy(whole, tmp_path / str(made) / "j")

    return copy


@dataclass
class Said:
    """What a journal says: of each item, of the whole, and what is wrong with it."""

    entries: dict[int, Any] = field(default_factory=dict)
    rest: Any = None
    refusal: JournalError | None = None


def read(path: Path) -> Said:
    try:
        with JournalReader(path) as reader:
            entries = {entry.position: to_dict(entry) for entry in reader.entries()}
            return Said(entries, (reader.facts, reader.account()), reader.damage)
    except JournalError as error:
        return Said(refusal=error)


def is_noticed(path: Path, whole: Path) -> bool:
    """Whether a journal is refused by name; otherwise it says what the whole one says."""
    said, wanted = read(path), wanted_of(whole)[0]
    if said.refusal is None:
        assert said == wanted
        return False
    assert str(path) in said.refusal.message
    assert said.refusal.hint
    # What is shown of it is true all the same, though it may be what was true before.
    if "has lost its end" not in said.refusal.message:
        assert all(wanted.entries.get(item) == entry for item, entry in said.entries.items())
    return True


def run_agrees(path: Path, whole: Path, *, noticed: bool) -> None:
    """A run by a damaged journal sends nothing; by one that is as good as whole, what a run by that would send."""
    _said, repeatable, codes, wanted = wanted_of(whole)
    refusal, sent, driven = driven_by(path, repeatable)
    if refusal is not None:
        assert noticed
        assert str(path) in refusal.message
        assert sent == []
    elif noticed:
        # Its log has lost its end. What may be done twice is done again.
        assert repeatable
        assert len(driven.outcomes) == ITEMS
    else:
        assert driven.codes == codes
        assert sent == wanted


@functools.cache
def wanted_of(whole: Path) -> tuple[Said, bool, list[str], list[Any]]:
    """What the whole journal says; and of a run by it whether it may repeat, how its items end, and what it sends."""
    with JournalReader(whole) as reader:
        repeatable = reader.repeatable
    _refusal, sent, driven = driven_by(crashed_copy(whole, whole.with_name("again")), repeatable)
    return read(whole), repeatable, driven.codes, sent


def driven_by(path: Path, repeatable: bool) -> tuple[JournalError | None, list[Any], Driven]:
    """How a run by the journal ends, and what it sends."""
    service = Service(answer)
    try:
        return None, service.sent, drive(path, links(ITEMS), service, repeatable=repeatable)
    except JournalError as error:
        return error, service.sent, Driven()


def flip(path: Path, offset: int, mask: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def test_the_journals_are_whole(whole: Path, copied: Callable[[], Path]) -> None:
    path = copied()
    assert not is_noticed(path, whole)
    run_agrees(path, whole, noticed=False)


@pytest.mark.slow
def test_a_byte_that_flips_in_any_page(whole: Path, copied: Callable[[], Path]) -> None:
    chance = random.Random(SEED)
    noticed = 0
    pages = range(0, whole.stat().st_size, PAGE)
    offsets = [page + chance.randrange(PAGE) for page in pages for _ in range(2)]
    # Where each page says how it is made.
    offsets += [page + (100 if page == 0 else 0) + chance.randrange(12) for page in pages]
    for offset in offsets:
        path = copied()
        flip(path, offset, 1 << chance.randrange(8))
        found = is_noticed(path, whole)
        run_agrees(path, whole, noticed=found)
        noticed += found
    assert noticed > 0


@pytest.mark.slow
def test_a_byte_that_flips_in_the_head_of_the_file(whole: Path, copied: Callable[[], Path]) -> None:
    chance = random.Random(SEED + 1)
    for offset in chance.sample(range(100), 50):
        path = copied()
        flip(path, offset, 1 << chance.randrange(8))
        run_agrees(path, whole, noticed=is_noticed(path, whole))


@pytest.mark.slow
def test_a_byte_that_flips_in_the_log(whole: Path, copied: Callable[[], Path]) -> None:
    log = whole.with_name("j-wal")
    if not log.exists():
        pytest.skip("a run that ended leaves no log")
    chance = random.Random(SEED + 2)
    noticed = 0
    offsets = [*range(0, 32, 4), *(n + chance.randrange(FRAME) for n in range(32, log.stat().st_size, FRAME * 3))]
    for offset in offsets:
        path = copied()
        flip(path.with_name("j-wal"), offset, 1 << chance.randrange(8))
        found = is_noticed(path, whole)
        run_agrees(path, whole, noticed=found)
        noticed += found
    assert noticed > len(offsets) / 2


@pytest.mark.slow
def test_files_that_were_cut_off_or_overwritten(whole: Path, copied: Callable[[], Path]) -> None:
    chance = random.Random(SEED + 3)
    size = whole.stat().st_size
    for kept in (0, 1, 50, 3000, PAGE, size // 2, size - PAGE, size - 1, chance.randrange(size)):
        path = copied()
        with path.open("r+b") as file:
            file.truncate(kept)
        # What a log says of a page counts, whatever is left of it in the file.
        noticed = is_noticed(path, whole)
        assert noticed or path.with_name("j-wal").exists()
        if kept or path.with_name("j-wal").exists():
            run_agrees(path, whole, noticed=noticed)
    for content in (b"\0" * size, chance.randbytes(size), b"Link\nsummer-sale\n"):
        path = copied()
        path.write_bytes(content)
        assert is_noticed(path, whole)
        run_agrees(path, whole, noticed=True)
    for page in range(0, size, PAGE):
        path = copied()
        with path.open("r+b") as file:
            file.seek(page)
            file.write(b"\0" * PAGE)
        run_agrees(path, whole, noticed=is_noticed(path, whole))


@pytest.mark.slow
def test_a_log_that_was_cut_off_is_gone_or_is_anothers(whole: Path, copied: Callable[[], Path], tmp_path: Path) -> None:
    log = whole.with_name("j-wal")
    if not log.exists():
        pytest.skip("a run that ended leaves no log")
    size = log.stat().st_size
    frames = (size - 32) // FRAME
    for kept in (0, 1, 32, *(32 + FRAME * n for n in range(1, frames, 9)), size - FRAME, size - 1, size // 2):
        path = copied()
        with path.with_name("j-wal").open("r+b") as file:
            file.truncate(kept)
        assert is_noticed(path, whole), kept
        run_agrees(path, whole, noticed=True)
    path = copied()
    path.with_name("j-wal").unlink()
    assert is_noticed(path, whole)
    run_agrees(path, whole, noticed=True)
    for number, earlier in enumerate((0, 30)):
        other = tmp_path / f"other-{number}"
        other.mkdir()
        with JournalReader(whole) as reader:
            repeatable = reader.repeatable
        strange = crashed(other / "first", other / "left", repeatable=repeatable, earlier=earlier)
        path = copied()
        shutil.copyfile(strange.with_name("left-wal"), path.with_name("j-wal"))
        assert is_noticed(path, whole)
        with pytest.raises(JournalError):
            drive(path, links(ITEMS), Service(answer), repeatable=repeatable)


EDITS = [
    "DELETE FROM fact",
    "DELETE FROM fact WHERE name = 'journal'",
    "DELETE FROM fact WHERE name = 'identity'",
    "DELETE FROM fact WHERE name = 'items'",
    "DELETE FROM item",
    "DELETE FROM item WHERE position = 17",
    "DELETE FROM item WHERE position % 2 = 0",
    "DELETE FROM item WHERE state = 3",
    "DELETE FROM item WHERE position = (SELECT max(position) FROM item)",
    "DELETE FROM item WHERE tick = (SELECT max(tick) FROM item)",
    "DELETE FROM mark; DROP TABLE mark",
    "UPDATE fact SET value = 'true' WHERE name = 'repeatable'; UPDATE fact SET value = '5' WHERE name = 'items'",
    "UPDATE fact SET value = 'not JSON' WHERE name = 'title'",
    "UPDATE fact SET value = '\"ffffffffffffffff\"' WHERE name = 'journal'",
    "UPDATE fact SET name = 'Items' WHERE name = 'items'",
    "UPDATE fact SET tick = tick + 1",
    "UPDATE item SET state = 1 WHERE state = 3",
    "UPDATE item SET state = 0 WHERE position = 7",
    "UPDATE item SET state = 4 WHERE position = 5",
    "UPDATE item SET state = 99 WHERE position = 5",
    "UPDATE item SET state = 'done' WHERE position = 5",
    "UPDATE item SET state = 1.0 + 0.5 WHERE position = 5",
    "UPDATE item SET results = '[]' WHERE position = 5",
    "UPDATE item SET results = 'not JSON' WHERE position = 5",
    "UPDATE item SET results = NULL WHERE position = 5",
    "UPDATE item SET results = x'ff00' WHERE position = 5",
    "UPDATE item SET error = NULL WHERE position = 13",
    "UPDATE item SET error = 'null' WHERE position = 13",
    "UPDATE item SET statuses = 5 WHERE position = 5",
    "UPDATE item SET retries = retries + 1 WHERE position = 13",
    "UPDATE item SET at = at + 1 WHERE position = 5",
    "UPDATE item SET at = 'yesterday' WHERE position = 5",
    "UPDATE item SET digest = x'00' WHERE position = 5",
    "UPDATE item SET digest = (SELECT digest FROM item WHERE position = 6) WHERE position = 5",
    "UPDATE item SET tick = tick - 1 WHERE position = 5",
    "UPDATE item SET checksum = 0 WHERE position = 5",
    "UPDATE item SET checksum = 'x' WHERE position = 5",
    "UPDATE item SET position = 5000 WHERE position = 5",
    "UPDATE item SET position = -1 WHERE position = 5",
    "UPDATE item SET position = 9223372036854775807 WHERE position = 5",
    "UPDATE item SET position = 5000 WHERE position = 5; UPDATE item SET position = 5 WHERE position = 6; "
    "UPDATE item SET position = 6 WHERE position = 5000",
    "INSERT INTO item SELECT 1000, digest, state, at, item, results, error, statuses, retries, tick, total, checksum "
    "FROM item WHERE position = 5",
    "INSERT INTO item VALUES (1000, x'00', 1, 0.0, NULL, '[]', NULL, NULL, 0, 1, 0, 0)",
    "ALTER TABLE item ADD COLUMN more",
    "ALTER TABLE item RENAME COLUMN retries TO tries",
    "ALTER TABLE item RENAME TO items",
    "DROP TABLE item",
    "DROP TABLE fact",
    "CREATE TABLE more (a)",
    "CREATE INDEX i ON item (state)",
    "CREATE TRIGGER t AFTER INSERT ON item BEGIN DELETE FROM item; END",
    "CREATE VIEW v AS SELECT * FROM item",
    "PRAGMA application_id = 5",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 3",
]


@pytest.mark.slow
@pytest.mark.parametrize("edit", EDITS)
def test_rows_that_somebody_edited(whole: Path, copied: Callable[[], Path], edit: str) -> None:
    path = copied()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before = list(connection.iterdump())
        connection.executescript(edit)
        if edit.startswith(("UPDATE", "DELETE")) and list(connection.iterdump()) == before:
            pytest.skip("nothing in this journal that it would change")
    assert is_noticed(path, whole)
    run_agrees(path, whole, noticed=True)


def test_a_row_of_an_earlier_moment_is_noticed(whole: Path, copied: Callable[[], Path], tmp_path: Path) -> None:
    """Its checksum is right, and its place too."""
    path = copied()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        old = connection.execute("SELECT * FROM item WHERE position = 3").fetchone()
    with JournalReader(path) as reader:
        repeatable = reader.repeatable
    drive(path, links(ITEMS), Service(answer), repeatable=repeatable, retry_failed=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"REPLACE INTO item VALUES ({', '.join('?' * len(old))})", old)
    assert "rows are missing" in str(read(path).refusal)


def test_looking_with_another_program_is_no_damage(whole: Path, copied: Callable[[], Path]) -> None:
    """A browser of databases carries the log over when it is closed."""
    path = copied()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT * FROM item").fetchall()
    assert not path.with_name("j-wal").exists()
    assert not is_noticed(path, whole)
    run_agrees(path, whole, noticed=False)
