"""Who may write a journal: one run at a time, until it ends or its process dies."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from nodeloom import openfiles
from nodeloom.errors import JournalError
from nodeloom.run.journal.faults import translated

# How long a run waits for the lock, in seconds: `nodeloom report` looks whether it is held, which takes a moment.
_PATIENCE = 0.2


def lock_path(journal: Path) -> Path:
    """The file that is locked, beside the journal's own: what locks that one would keep its readers out too."""
    return journal.with_name(f"{journal.name}-lock")


class Lock:
    """Holds a journal for one run, by SQLite's own locks, which the system lets go of when a process dies.

    Raises JournalError when another run holds it, in this process or another.
    """

    def __init__(self, journal: Path) -> None:
        self._path = lock_path(journal)
        while True:
            inode = _made(self._path, journal)
            self._connection = _locked(self._path, journal)
            if _inode(self._path) == inode:
                return
            # The run before took the file away between these two lines: what is locked is nobody's any more.
            self._connection.close()

    def release(self) -> None:
        """Let go of it, and take the file away."""
        # Taken away while it is held, so that nobody locks a file that is about to go; where the system does not
        # allow that (Windows), it stays behind and does no harm.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._connection.close()


def is_held(journal: Path) -> bool:
    """Whether a run holds the journal now."""
    path = lock_path(journal)
    if not path.exists():
        return False
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()
        finally:
            connection.close()
    except sqlite3.OperationalError as fault:
        return fault.sqlite_errorname.startswith("SQLITE_BUSY")
    return False


def _made(path: Path, journal: Path) -> int | None:
    """The lock file's inode; it is made when it is missing, for its owner only."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError as fault:
        if openfiles.used_up(fault):
            raise openfiles.cannot_begin() from None
        raise JournalError(
            f"The journal {journal} cannot be written: {fault.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from None
    return _inode(path)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _locked(path: Path, journal: Path) -> sqlite3.Connection:
    with translated(path):
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            # Nothing is ever written there, so there is nothing to keep for a rollback.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as fault:
            connection.close()
            if not fault.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            raise JournalError(
                f"The journal {journal} is in use by another run.",
                hint="Wait for it to end. See how far it is with: nodeloom report",
            ) from None
        except BaseException:
            connection.close()
            raise
    return connection
