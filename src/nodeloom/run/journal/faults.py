"""SQLite's complaints as errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodeloom import openfiles
from nodeloom.errors import JournalError

_DAMAGED = "It cannot be gone on with, and what the service did only the service can tell. Is there a copy of it?"

# By the beginning of SQLite's name for the error; the first that fits counts.
_WORDS = [
    ("SQLITE_FULL", "the disk is full", "Make room, and run again with the same journal: it is whole up to here."),
    ("SQLITE_NOTADB", "it is no journal", "Name another file for the journal."),
    ("SQLITE_CORRUPT", "it is damaged", _DAMAGED),
    ("SQLITE_BUSY", "another process holds it", "Close what has it open (a database browser?), and run again."),
    ("SQLITE_LOCKED", "another process holds it", "Close what has it open (a database browser?), and run again."),
    ("SQLITE_READONLY", "it may not be written", "Check its permissions and those of its folder."),
    ("SQLITE_CANTOPEN", "it cannot be opened", "Check its permissions and those of its folder."),
    ("SQLITE_PERM", "it may not be opened", "Check its permissions and those of its folder."),
    ("SQLITE_IOERR", "the disk failed", "Check the disk, and run again with the same journal."),
]


def translate(fault: sqlite3.Error, path: Path) -> JournalError:
    """The error for what SQLite raised on the journal at `path`."""
    name = getattr(fault, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) and not openfiles.some_left():
        return JournalError(f"The journal {path} cannot be opened: {openfiles.WHAT}.", hint=openfiles.HINT, sqlite=name)
    for beginning, reason, hint in _WORDS:
        if name.startswith(beginning):
            return JournalError(f"The journal {path} cannot be used: {reason}.", hint=hint, sqlite=name)
    return JournalError(
        f"The journal {path} cannot be used: {fault}.", hint="Name another file for the journal.", sqlite=name or None
    )


def damaged(path: Path) -> JournalError:
    """The error for a journal that does not hold together."""
    return JournalError(f"The journal {path} cannot be used: it is damaged.", hint=_DAMAGED)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise JournalError for what SQLite raises inside."""
    try:
        yield
    except sqlite3.Error as fault:
        raise translate(fault, path) from None
