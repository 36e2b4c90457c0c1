"""SQLite's complaints, and damage that SQLite does not see, as errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodeloom import openfiles
from nodeloom.errors import JournalError

_PERMISSIONS = "Check its permissions and those of its folder."
_CLOSE = "Close what has it open (a database browser?), and run again."

# By the beginning of SQLite's name for the error; the first that fits counts.
_WORDS = [
    ("SQLITE_FULL", "the disk is full", "Make room, and run again with the same journal: it is whole up to here."),
    ("SQLITE_NOTADB", "it is not a journal", "Name another file for the journal."),
    ("SQLITE_BUSY", "another process holds it", _CLOSE),
    ("SQLITE_LOCKED", "another process holds it", _CLOSE),
    (
        "SQLITE_READONLY_ROLLBACK",
        "a run died while it was opening or closing it",
        "Run again with it: that brings it in order.",
    ),
    ("SQLITE_READONLY", "it may not be written", _PERMISSIONS),
    ("SQLITE_CANTOPEN", "it cannot be opened", _PERMISSIONS),
    ("SQLITE_PERM", "it may not be opened", _PERMISSIONS),
    ("SQLITE_AUTH", "it may not be opened", _PERMISSIONS),
    ("SQLITE_IOERR_SHORT_READ", None, ""),
    ("SQLITE_IOERR", "the disk failed", "Check the disk, and run again with the same journal."),
    (
        "SQLITE_NOMEM",
        "there is too little memory",
        "Give the process more, and run again with the same journal.",
    ),
]


#: What SQLite raises; a number in the file that SQLite did not write becomes an OverflowError.
FAULTS = (sqlite3.Error, OverflowError)


def translate(fault: BaseException, path: Path) -> JournalError:
    """The error for what SQLite raised on the journal at `path`."""
    name = getattr(fault, "sqlite_errorname", None) or ""
    if isinstance(fault, sqlite3.ProgrammingError):
        return JournalError(f"The journal {path} cannot be used: {fault}.", hint="Please report it.")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) and not openfiles.some_left():
        return JournalError(f"The journal {path} cannot be opened: {openfiles.WHAT}.", hint=openfiles.HINT, sqlite=name)
    reason, hint = next(((reason, hint) for start, reason, hint in _WORDS if name.startswith(start)), (None, ""))
    if reason is None:
        # SQLite says something else of a file that is a journal: a run of Nodeloom did not write that.
        return damaged(path, f"SQLite says: {fault}", sqlite=name or None)
    return JournalError(f"The journal {path} cannot be used: {reason}.", hint=hint, sqlite=name)


def damaged(path: Path, *what: str, sqlite: str | None = None) -> JournalError:
    """The error for a journal that does not hold together; `what` says in which ways."""
    return JournalError(
        f"The journal {path} cannot be used: it is damaged: {'; '.join(what)}.",
        hint=f"`nodeloom report {path}` shows what can still be read; the rest only the service can tell. Go on with a "
        "copy that is whole, or begin another journal with the items that were not done.",
        damage=list(what),
        sqlite=sqlite,
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise JournalError for what SQLite and the system raise inside, about the journal's file."""
    try:
        yield
    except FAULTS as fault:
        raise translate(fault, path) from None
    except OSError as fault:
        raise translate_os(fault, path) from None


def translate_os(fault: OSError, path: Path) -> JournalError:
    """The error for what the system says about the journal's file."""
    return JournalError(
        f"The journal {path} cannot be used: {fault.strerror or fault}.",
        hint="Check its permissions and its disk; a journal needs a local disk, no network file system.",
    )


def in_use(path: Path) -> JournalError:
    """The error for a journal that another run holds."""
    return JournalError(
        f"The journal {path} is in use by another run.",
        hint="Wait for it to end. See how far it is with: nodeloom report",
    )
