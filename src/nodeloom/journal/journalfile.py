"""The journal's file: an SQLite database in WAL mode, so that others read it while a run writes."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from nodeloom.errors import JournalError
from nodeloom.journal.checksum import Checksums, Row, wrapped
from nodeloom.journal.commitmark import mark_bytes
from nodeloom.journal.databaselayout import PAGE_BYTES, check_log, lay_out, log_path, mark_offset
from nodeloom.journal.entries import COLUMNS, Entry, Slot
from nodeloom.journal.examination import Examination, examine, lenient
from nodeloom.journal.hold import Hold
from nodeloom.journal.journalplace import FAULTS, JournalPlace

# Three statements, because each value that is bound and each row that is replaced takes its time.
_BEGIN = "INSERT OR REPLACE INTO item VALUES (?, ?, 0, ?, ?, NULL, NULL, NULL, 0, ?, ?, ?)"
_ADD = "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CHANGE = """
UPDATE item SET state = ?, at = ?, item = ?, results = ?, error = ?, statuses = ?, retries = ?,
tick = ?, total = ?, checksum = ? WHERE position = ?
"""
_PUT_FACT = "INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?, ?)"
_FETCH = f"SELECT {COLUMNS} FROM item WHERE position >= ? AND position < ? ORDER BY position"  # noqa: S608 - a constant

# From how many bytes on the write-ahead log is carried over into the database. Everything waits meanwhile, and what is
# written over and over in between is carried over once.
_LOG_BYTES = 64 * 1024 * 1024
# How many commits go by before its size is looked at again.
_LOOK_EVERY = 32
# How long a fork waits for a commit, in seconds.
_FORK_PATIENCE = 5.0

# How many entries of an earlier run are read at a time.
CHUNK = 512

Change = tuple[Slot, Row]
"""The row that is to stand in an item's place."""


class Past:
    """The entries of an earlier run. `fetch` reads those of a range of positions; `end` is the first position without.

    Each position is asked for once, and they come nearly in order.
    """

    def __init__(self, fetch: Callable[[int, int], list[Entry]], end: int) -> None:
        self._fetch = fetch
        self._read: dict[int, Entry] = {}
        self._read_to = 0
        self.end = end

    def take(self, position: int) -> Entry | None:
        """The entry of that position; None when the earlier run did not get to that item."""
        while position >= self._read_to and self._read_to < self.end:
            stop = min(self._read_to + CHUNK, self.end)
            self._read.update((entry.position, entry) for entry in self._fetch(self._read_to, stop))
            self._read_to = stop
        return self._read.pop(position, None)


class JournalFile:
    """The database, for one thread at a time. All that goes wrong with it is a JournalError.

    It is made where `place.translated()` makes that error of what SQLite and the system raise. `hold` holds the file.
    What is there already is examined: `past` says what was found, None for a file that is new. `begin` is to be called
    before anything is written.
    """

    def __init__(self, place: JournalPlace, hold: Hold) -> None:
        self._place = place
        self._hold = hold
        self._log = log_path(place.real)
        self._commits = 0
        self._process = os.getpid()
        self._using = threading.Lock()
        check_log(place.real)
        self._take_last_step_back()
        self.past: Examination | None = None if hold.is_empty else self._examined()
        self._tick, self._total = (self.past.tick, self.past.total) if self.past is not None else (0, 0)
        self._facts = dict(self.past.fact_checksums) if self.past is not None else {}
        self._journal = self.past.journal if self.past is not None else os.urandom(8)
        self._checksums = Checksums(self._journal)
        # What holds once the transaction is committed, and what held before it.
        self._next_total = 0
        self._next_facts: dict[str, int] = {}
        self._before: list[tuple[Slot, int]] = []
        self._mark_at = 0
        self._connection = sqlite3.connect(place.real, timeout=5, isolation_level=None, check_same_thread=False)
        _FILES.add(self)

    def _take_last_step_back(self) -> None:
        """Bring a file in order that was being made, or closed, when its run died."""
        if self._place.real.with_name(f"{self._place.real.name}-journal").exists():
            connection = sqlite3.connect(self._place.real, timeout=5, isolation_level=None)
            try:
                connection.execute("SELECT 1 FROM sqlite_master").fetchall()
            finally:
                connection.close()

    def _examined(self) -> Examination:
        """What is in the file, by a connection that cannot change it: closing it does not carry a strange log over."""
        connection = sqlite3.connect(f"{self._place.real.as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None)
        try:
            lenient(connection)
            found = examine(connection, self._hold.read)
        finally:
            connection.close()
        if found.damage:
            raise self._place.damaged(*found.damage)
        return found

    def begin(self, facts: Mapping[str, Any], *, durable: bool) -> None:
        """Make the tables where the file is new, and write down what is known of the run as a whole.

        `durable` says that what is committed is on the disk, also after a power failure; without, it survives the death
        of the process, and a power failure may take the last moments with it, never the order of things.
        """
        with self._place.translated():
            run = self._connection.execute
            if self.past is None:
                # An empty file that was there already may be open to others.
                self._place.real.chmod(0o600)
                # All at once at the end: what is lost of a file that is being made costs nothing.
                run("PRAGMA synchronous = OFF")
                run(f"PRAGMA page_size = {PAGE_BYTES}")
                # A page that SQLite moved about would take the mark with it.
                run("PRAGMA auto_vacuum = NONE")
                run("BEGIN IMMEDIATE")
                lay_out(self._connection)
                self._put_facts({"journal": self._journal.hex(), **facts})
                run("COMMIT")
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA wal_autocheckpoint = 0")
            run("PRAGMA journal_size_limit = 0")
            run("PRAGMA synchronous = FULL")
            self._mark_at = mark_offset(self._connection)
            if self.past is None:
                self._hold.sync(self._place.real)
                self._committed()
            else:
                self.set_facts(facts)
            run(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")

    def set_facts(self, facts: Mapping[str, Any]) -> None:
        """Write facts down, in place of those of the same names."""
        with self._using, self._place.translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._put_facts(facts)
            except BaseException:
                self._take_back()
                raise
        self.commit()

    def _put_facts(self, facts: Mapping[str, Any]) -> None:
        tick = self._tick + 1
        texts = {name: json.dumps(value) for name, value in facts.items()}
        found = {name: self._checksums.of_fact(name, text, tick) for name, text in texts.items()}
        self._next_total = wrapped(self._total + sum(c - self._facts.get(name, 0) for name, c in found.items()))
        rows = [(name, text, tick, self._next_total, found[name]) for name, text in texts.items()]
        self._next_facts = found
        self._connection.executemany(_PUT_FACT, rows)

    def write(self, begins: Sequence[Change], puts: Sequence[Change]) -> None:
        """Begin a transaction with these rows; `commit` ends it. Nothing is left of it when this raises.

        `begins` are intents, `puts` all else; what is taken back may be begun again in the same transaction.
        """
        tick, total = self._tick + 1, self._total
        checksum, before = self._checksums.of_row, self._before
        changed: list[Change] = []
        added: list[Change] = []
        for change in puts:
            slot, row = change
            old = slot.checksum
            (changed if old else added).append(change)
            before.append((slot, old))
            slot.checksum = found = checksum(row, tick)
            total += found - old
        for slot, row in begins:
            old = slot.checksum
            before.append((slot, old))
            slot.checksum = found = checksum(row, tick)
            total += found - old
        self._next_total = total = wrapped(total)
        with self._using:
            run = self._connection.executemany
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                run(_CHANGE, [(*row[2:], tick, total, slot.checksum, row[0]) for slot, row in changed])
                if added:
                    run(_ADD, [(*row, tick, total, slot.checksum) for slot, row in added])
                run(_BEGIN, [(row[0], row[1], row[3], row[4], tick, total, slot.checksum) for slot, row in begins])
            except BaseException as fault:
                self._take_back()
                if isinstance(fault, FAULTS):
                    # Not by `translated`, which takes longer than a small transaction.
                    raise self._place.translate(fault) from None
                raise

    def commit(self) -> None:
        """End the transaction. Nothing is left of it when this raises."""
        with self._using:
            try:
                self._connection.execute("COMMIT")
            except BaseException as fault:
                self._take_back()
                if isinstance(fault, FAULTS):
                    # Not by `translated`, which takes longer than a small transaction.
                    raise self._place.translate(fault) from None
                raise
            self._committed()
        self._commits += 1

    def _committed(self) -> None:
        self._tick += 1
        self._total = self._next_total
        self._before.clear()
        if self._next_facts:
            self._facts.update(self._next_facts)
            self._next_facts = {}
        try:
            self._hold.write(mark_bytes(self._journal, self._tick), self._mark_at)
        except OSError as fault:
            raise self._place.translate_os(fault) from None

    def _take_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.rollback()
        for slot, checksum in reversed(self._before):
            slot.checksum = checksum
        self._before.clear()
        self._next_facts = {}

    @property
    def wants_checkpoint(self) -> bool:
        """Whether the write-ahead log has grown so long that `checkpoint` should be called.

        Looks from time to time, and raises JournalError if the journal is not in its place any more.
        """
        if self._commits % _LOOK_EVERY:
            return False
        self.check_there()
        return self._log.stat().st_size >= _LOG_BYTES

    def check_there(self) -> None:
        """Raise JournalError when the file or its log was taken away: what is written goes nowhere then."""
        if not self._log.exists() or not self._hold.is_at(self._place.real):
            raise JournalError(
                f"The journal {self._place.path} was removed, or replaced, while the run went on.",
                hint="What this run did is in its output only. Leave the journal and what is beside it where they are.",
            )

    def checkpoint(self) -> None:
        """Carry the write-ahead log over into the database, which takes a moment (two waits for the disk)."""
        with self._using, self._place.translated():
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def fetch(self, start: int, stop: int) -> list[Entry]:
        """The entries of the positions from `start` up to, not including, `stop`."""
        with self._using, self._place.translated():
            return [Entry.of(row) for row in self._connection.execute(_FETCH, (start, stop))]

    def close(self) -> None:
        """Close it. One file is left, which can be copied, and read on a disk that cannot be written."""
        if self._process != os.getpid():
            # The connection is the parent's; SQLite must not be used across a fork, nor even close there.
            _INHERITED.append(self._connection)
            return
        _FILES.discard(self)
        with self._using, self._place.translated():
            try:
                # SQLite refuses it while another connection reads. The log then stays for the next run to carry over.
                with suppress(sqlite3.OperationalError):
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            finally:
                self._connection.close()


_FILES: weakref.WeakSet[JournalFile] = weakref.WeakSet()
# In a forked child: connections of its parent, which are never closed.
_INHERITED: list[sqlite3.Connection] = []
_WAITED_FOR: list[threading.Lock] = []


def _wait_for_commits() -> None:
    """Before a fork: no thread is inside SQLite, whose locks would stay locked in the child for ever."""
    for file in list(_FILES):
        if file._using.acquire(timeout=_FORK_PATIENCE):
            _WAITED_FOR.append(file._using)


def _go_on() -> None:
    while _WAITED_FOR:
        _WAITED_FOR.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_commits, after_in_parent=_go_on, after_in_child=_go_on)
