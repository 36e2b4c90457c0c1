"""The journal's file: an SQLite database in WAL mode, so that others read it while a run writes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nodeloom import openfiles
from nodeloom.errors import JournalError
from nodeloom.run.journal.entries import COLUMNS, Entry
from nodeloom.run.journal.faults import damaged, translated

# What `PRAGMA application_id` says of a journal ("NLjr"), and the version of its layout.
APPLICATION = 0x4E4C6A72
FORMAT = 1

_LAYOUT = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE item (
    position INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    state INTEGER NOT NULL,
    at REAL NOT NULL,
    item TEXT,
    results TEXT,
    error TEXT,
    statuses TEXT,
    retries INTEGER NOT NULL DEFAULT 0
);
"""
_BEGIN = """
INSERT INTO item (position, digest, state, at, item) VALUES (?, ?, 0, ?, ?)
ON CONFLICT (position) DO UPDATE
SET state = 0, at = excluded.at, item = excluded.item, results = NULL, error = NULL, statuses = NULL, retries = 0
"""
_END = (
    "UPDATE item SET state = ?, at = ?, item = ?, results = ?, error = ?, statuses = ?, retries = ? WHERE position = ?"
)
_BACK = "UPDATE item SET state = ?, at = ? WHERE position = ?"
_FETCH = f"SELECT {COLUMNS} FROM item WHERE position >= ? AND position < ? ORDER BY position"  # noqa: S608 - a constant

# From how many bytes on the write-ahead log is carried over into the database. Everything waits meanwhile, and what is
# written over and over in between is carried over once.
_LOG_BYTES = 64 * 1024 * 1024
# How many commits go by before its size is looked at again.
_LOOK_EVERY = 32

BeginRow = tuple[int, bytes, float, str | None]
"""Position, digest, time, item."""
EndRow = tuple[int, float, str | None, str | None, str | None, str | None, int, int]
"""State, time, item, results, error, statuses, retries, position."""
BackRow = tuple[int, float, int]
"""State, time, position."""


class JournalFile:
    """The database. Raises JournalError for whatever goes wrong with it. For one thread at a time.

    `durable` says that what is committed is on the disk, also after a power failure; without, it survives the death of
    the process, and a power failure may take the last moments with it, never the order of things.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A run may change its folder.
        self._absolute = path.absolute()
        self._log = self._absolute.with_name(f"{path.name}-wal")
        self._commits = 0
        self.is_new = _made(path)
        with translated(path):
            self._connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise
        self._place = _place(self._absolute)

    def _prepare(self) -> None:
        with translated(self.path):
            run = self._connection.execute
            check_kind(self._connection, self.path, empty_is_fine=True)
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA wal_autocheckpoint = 0")
            run("PRAGMA journal_size_limit = 0")
            run("PRAGMA synchronous = FULL")
            if run("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                self.is_new = True
                # An empty file that was there already may be open to others.
                self.path.chmod(0o600)
                self._connection.executescript(
                    f"BEGIN; {_LAYOUT} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"
                )
            else:
                self._check_whole()

    def _check_whole(self) -> None:
        """Raise JournalError when the database is damaged: better now than in the middle of a run."""
        found = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != ("ok",):
            raise damaged(self.path)

    def be_durable(self, durable: bool) -> None:
        """Whether a commit waits until it is on the disk."""
        with translated(self.path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def facts(self) -> dict[str, Any]:
        """What the journal knows of the run as a whole."""
        with translated(self.path):
            return facts_in(self._connection)

    def set_facts(self, facts: Mapping[str, Any]) -> None:
        """Write facts down, in place of those of the same names."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        with translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", rows)
            except BaseException:
                self._connection.rollback()
                raise
        self.commit()

    def write(self, begins: Iterable[BeginRow], ends: Iterable[EndRow], backs: Iterable[BackRow] = ()) -> None:
        """Begin a transaction with these rows; `commit` ends it. Nothing is left of it when this raises.

        What is taken back (`backs`) was begun before, and may be begun again.
        """
        with translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_BACK, backs)
                self._connection.executemany(_BEGIN, begins)
                self._connection.executemany(_END, ends)
            except BaseException:
                self._connection.rollback()
                raise

    def commit(self) -> None:
        """End the transaction. Nothing is left of it when this raises."""
        with translated(self.path):
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
        self._commits += 1

    @property
    def wants_checkpoint(self) -> bool:
        """Whether the write-ahead log has grown so long that `checkpoint` should be called.

        Looks from time to time, and raises JournalError when the journal is not where it was.
        """
        if self._commits % _LOOK_EVERY:
            return False
        self.check_there()
        return self._log.stat().st_size >= _LOG_BYTES

    def check_there(self) -> None:
        """Raise JournalError when the file or its log was taken away: what is written goes nowhere then."""
        if not self._log.exists() or _place(self._absolute) != self._place:
            raise JournalError(
                f"The journal {self.path} was removed, or replaced, while the run went on.",
                hint="What this run did is in its output only. Leave the journal and what is beside it where they are.",
            )

    def checkpoint(self) -> None:
        """Carry the write-ahead log over into the database, which takes a moment (two waits for the disk)."""
        with translated(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def end(self) -> int:
        """The position after the last one there is an entry for."""
        with translated(self.path):
            return int(self._connection.execute("SELECT coalesce(max(position) + 1, 0) FROM item").fetchone()[0])

    def fetch(self, start: int, stop: int) -> list[Entry]:
        """The entries of the positions from `start` up to, not including, `stop`."""
        with translated(self.path):
            return [Entry.of(row) for row in self._connection.execute(_FETCH, (start, stop))]

    def close(self) -> None:
        """Close it: one file is left, which can be copied, and read where nothing can be written."""
        with translated(self.path):
            try:
                # Refused while somebody reads; the log then stays, and the next who opens it carries it over.
                with suppress(sqlite3.OperationalError):
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            finally:
                self._connection.close()


def check_kind(connection: sqlite3.Connection, path: Path, *, empty_is_fine: bool = False) -> None:
    """Raise JournalError when the database is no journal of this format, sqlite3.Error when it is no database."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application == 0 and tables == 0:
        if empty_is_fine:
            return
        raise JournalError(f"The journal {path} is empty.", hint="A run that is given it with --journal fills it.")
    if application != APPLICATION:
        raise JournalError(
            f"{path} is a database, but no journal of Nodeloom.", hint="Name another file for the journal."
        )
    if version != FORMAT:
        raise JournalError(
            f"The journal {path} is of format {version}, this Nodeloom writes format {FORMAT}.",
            hint="Go on with it by the version of Nodeloom that made it, or name another file for the journal.",
        )


def facts_in(connection: sqlite3.Connection) -> dict[str, Any]:
    """All facts in a journal's database."""
    return {name: json.loads(value) for name, value in connection.execute("SELECT name, value FROM fact")}


def check_place(path: Path) -> None:
    """Raise JournalError when there is something at `path` that is no file, a folder for example."""
    if path.exists() and not path.is_file():
        raise JournalError(f"The journal {path} is no file.", hint="Name a file.")


def _place(path: Path) -> tuple[int, int] | None:
    """What tells the file at `path` from any other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _made(path: Path) -> bool:
    """Make the file, for its owner only; whether it was not there."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError as fault:
        if openfiles.used_up(fault):
            raise openfiles.cannot_begin() from None
        raise JournalError(
            f"The journal {path} cannot be written: {fault.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from None
    return True
