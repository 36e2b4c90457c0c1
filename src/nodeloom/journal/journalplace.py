"""Where a journal is, and what SQLite, the system and the file itself complain of, as errors that name it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


class UnfitFile(Exception):
    """A file that cannot be a run's journal; `{path}` in the text stands for its name, which is known elsewhere."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class DamagedFile(Exception):
    """A journal that does not hold together, and in which way; `{path}` stands for its name."""


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """Where a journal is: its path as it was given, which errors name, and the real path of its file.

    By its real path, since other names lead to the same journal.
    """

    path: Path
    real: Path

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> JournalPlace:
        """The place of the journal that is named so. Raises JournalError if there is something that is not a file."""
        place = cls(Path(path), Path(os.path.realpath(path)))
        place.check()
        return place

    def check(self) -> None:
        """Raise JournalError if there is something that is not a file, a folder for example."""
        if self.real.exists() and not self.real.is_file():
            raise JournalError(f"The journal {self.path} is not a file.", hint="Name a file.")

    def make(self) -> None:
        """Make the file if it is missing, for its owner only. Raises JournalError."""
        try:
            os.close(os.open(self.real, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
        except OSError as fault:
            if openfiles.used_up(fault):
                raise openfiles.cannot_begin() from None
            raise JournalError(
                f"The journal {self.path} cannot be written: {fault.strerror}.",
                hint="Name a file in a folder that exists and that you may write to.",
            ) from None

    def translate(self, fault: BaseException) -> JournalError:
        """The error for what SQLite raised."""
        name = getattr(fault, "sqlite_errorname", None) or ""
        if isinstance(fault, sqlite3.ProgrammingError):
            return JournalError(f"The journal {self.path} cannot be used: {fault}.", hint="Please report it.")
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) and not openfiles.some_left():
            return JournalError(
                f"The journal {self.path} cannot be opened: {openfiles.WHAT}.", hint=openfiles.HINT, sqlite=name
            )
        reason, hint = next(((reason, hint) for start, reason, hint in _WORDS if name.startswith(start)), (None, ""))
        if reason is None:
            # SQLite says something else of a file that is a journal: a run of Nodeloom did not write that.
            return self.damaged(f"SQLite says: {fault}", sqlite=name or None)
        return JournalError(f"The journal {self.path} cannot be used: {reason}.", hint=hint, sqlite=name)

    def damaged(self, *what: str, sqlite: str | None = None) -> JournalError:
        """The error for a journal that does not hold together; `what` says in which ways."""
        return JournalError(
            f"The journal {self.path} cannot be used: it is damaged: {'; '.join(what)}.",
            hint=f"`nodeloom report {self.path}` shows what can still be read; the rest only the service can tell. "
            "Go on with a copy that is whole, or begin another journal with the items that were not done.",
            damage=list(what),
            sqlite=sqlite,
        )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise JournalError for what SQLite, the system and who looks at the file raise inside about it."""
        try:
            yield
        except FAULTS as fault:
            raise self.translate(fault) from None
        except OSError as fault:
            raise self.translate_os(fault) from None
        except DamagedFile as fault:
            raise self.damaged(str(fault).format(path=self.path)) from None
        except UnfitFile as fault:
            raise JournalError(fault.text.format(path=self.path), hint=fault.hint) from None

    def translate_os(self, fault: OSError) -> JournalError:
        """The error for what the system says about the journal's file."""
        return JournalError(
            f"The journal {self.path} cannot be used: {fault.strerror or fault}.",
            hint="Check its permissions and its disk; a journal needs a local disk, no network file system.",
        )

    def in_use(self) -> JournalError:
        """The error for a journal that another run holds."""
        return JournalError(
            f"The journal {self.path} is in use by another run.",
            hint="Wait for it to end. See how far it is with: nodeloom report",
        )
