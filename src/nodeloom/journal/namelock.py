"""Who may write a journal, by its name: one run at a time, until it ends or its process dies.

`hold.py` locks the file itself, under any name. Both are needed: a file that is put in the place of one in use is
another file of the same name, and would share its write-ahead log.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from nodeloom import filelocks, openfiles
from nodeloom.errors import JournalError
from nodeloom.journal.journalplace import JournalPlace

# How long a run waits for the lock, in seconds: `nodeloom report` looks whether it is held, which takes a moment.
_PATIENCE = 0.2
_PAUSE = 0.01
# The open lock files of this process. A forked child has them open too, and would hold on to the locks of its parent.
_OPEN: set[int] = set()


def lock_path(place: Path) -> Path:
    """The file that is locked, beside the journal's own."""
    return place.with_name(f"{place.name}-lock")


class Lock:
    """Holds the name of a journal for one run; the system lets go of it when the process dies.

    Raises JournalError when another run holds it, in
    this process or another.
    """

    def __init__(self, place: JournalPlace) -> None:
        self._path = lock_path(place.real)
        self._process = os.getpid()
        deadline = time.monotonic() + _PATIENCE
        while True:
            self._fd = _opened(self._path, place)
            _OPEN.add(self._fd)
            try:
                if _taken(self._fd, place) and _is_at(self._fd, self._path):
                    return
            except BaseException:
                self._close()
                raise
            # Held by another; or the run before took the file away just now, and what is locked is not there any more.
            self._close()
            if time.monotonic() >= deadline:
                raise place.in_use()
            time.sleep(_PAUSE)

    def release(self) -> None:
        """Let go of it, and take the file away."""
        if self._process != os.getpid():
            return
        # Taken away while it is held, so that no other run locks a file that is about to go; if the system does not
        # allow that (Windows), it stays behind and does no harm.
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        _OPEN.discard(self._fd)
        os.close(self._fd)


def is_held(place: Path) -> bool:
    """Whether a run holds that name now."""
    try:
        fd = os.open(lock_path(place), os.O_RDONLY)
    except OSError:
        return False
    try:
        filelocks.try_lock(fd, shared=True)
    except OSError as fault:
        return filelocks.is_held(fault)
    finally:
        os.close(fd)
    return False


def _opened(lock_file: Path, place: JournalPlace) -> int:
    # A link planted in its place must not make us create or lock another file.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(lock_file, flags, 0o600)
    except OSError as fault:
        if openfiles.used_up(fault):
            raise openfiles.cannot_begin() from None
        raise JournalError(
            f"The journal {place.path} cannot be written: {fault.strerror}.",
            hint="Name a file in a folder that exists and that you may write to.",
        ) from None


def _taken(fd: int, place: JournalPlace) -> bool:
    try:
        filelocks.try_lock(fd)
    except OSError as fault:
        if filelocks.is_held(fault):
            return False
        raise JournalError(
            f"The journal {place.path} cannot be locked: {fault.strerror}.",
            hint="Network file systems often have no locks; name a file on a local disk.",
        ) from None
    return True


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


def _leave_to_parent() -> None:
    for fd in _OPEN:
        with suppress(OSError):
            os.close(fd)
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
