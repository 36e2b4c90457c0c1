"""Who may write a journal, by the file itself: one run at a time, under any name of the file.

A symbolic link, a bind mount, another container or a file that was renamed lead to the same file by another name, with
a write-ahead log of that name: two runs would each see half of the truth. So a byte of the file is locked, one that
SQLite never reads, writes or locks: of the page that holds its own locks (file format, section 1.6).

On POSIX, closing any descriptor of a file lets go of every lock the process has on it (fcntl(2)), those of SQLite too.
Descriptors of a journal's file are therefore kept here, and closed when the process does not use the file any more.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path

from nodeloom import filelocks
from nodeloom.errors import JournalError
from nodeloom.journal.journalplace import JournalPlace

Key = tuple[int, int]
"""Device and inode."""

# SQLite's locks are the first 512 bytes from one GiB on; the rest of that page is never used.
_LOCK_AT = 0x40000000 + 1024

if sys.platform == "win32":  # pragma: no cover - exercised on Windows only
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, _LOCK_AT, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _unlock(fd: int) -> None:
        os.lseek(fd, _LOCK_AT, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

    def _is_locked(fd: int) -> bool:
        _lock(fd)
        _unlock(fd)
        return False

    def _read(fd: int, size: int, offset: int) -> bytes:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)

    def _write(fd: int, data: bytes, offset: int) -> None:
        os.lseek(fd, offset, os.SEEK_SET)
        os.write(fd, data)

else:
    import fcntl

    def _record(kind: int) -> bytes:
        """Linux's `struct flock` for the byte."""
        return struct.pack("hhqqi", kind, os.SEEK_SET, _LOCK_AT, 1, 0)

    def _lock(fd: int) -> None:
        # An "open file description" lock belongs to the descriptor, so that threads are held off as well, and no
        # other descriptor's closing lets go of it. A system without them has the registry below hold off the threads.
        if not _described(fd, "F_OFD_SETLK", fcntl.F_WRLCK):
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LOCK_AT)

    def _unlock(fd: int) -> None:
        if not _described(fd, "F_OFD_SETLK", fcntl.F_UNLCK):
            fcntl.lockf(fd, fcntl.LOCK_UN, 1, _LOCK_AT)

    def _is_locked(fd: int) -> bool:
        found = _described(fd, "F_OFD_GETLK", fcntl.F_WRLCK)
        if found is None:
            fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, _LOCK_AT)
            fcntl.lockf(fd, fcntl.LOCK_UN, 1, _LOCK_AT)
            return False
        return int(struct.unpack_from("h", found)[0]) != fcntl.F_UNLCK

    def _described(fd: int, command: str, kind: int) -> bytes | None:
        """The answer to a command for locks of open file descriptions, or None if the system does not have them."""
        number = getattr(fcntl, command, None)
        if number is None:
            return None
        try:
            return fcntl.fcntl(fd, number, _record(kind))
        except OSError as fault:
            if fault.errno in (errno.EINVAL, errno.ENOSYS):
                return None
            raise

    _read = os.pread
    _write = os.pwrite


class _Entry:
    """A journal's file in this process: its descriptors, how many use it, and whether a run holds it."""

    def __init__(self) -> None:
        self.descriptors: list[int] = []
        self.writable: int | None = None
        self.users = 0
        self.held = False


class _Registry:
    """The journals' files that this process has open, each once. Thread-safe; a forked child begins anew."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._entries: dict[Key, _Entry] = {}
        self._inherited: set[Key] = set()

    def attach(self, place: Path, *, to_write: bool) -> tuple[Key, int, _Entry]:
        """A descriptor of the file; it is closed when all who attached have detached. Raises OSError."""
        found = place.stat()
        key = (found.st_dev, found.st_ino)
        entry = self._entries.get(key)
        fd = None if entry is None else entry.writable if to_write else entry.descriptors[0]
        if entry is None or fd is None:
            fd = os.open(place, os.O_RDWR if to_write else os.O_RDONLY)
            found = os.fstat(fd)
            key = (found.st_dev, found.st_ino)
            entry = self._entries.setdefault(key, _Entry())
            entry.descriptors.append(fd)
            entry.writable = fd if to_write else entry.writable
        entry.users += 1
        return key, fd, entry

    def detach(self, key: Key) -> None:
        """Give the file back."""
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.users -= 1
        if not entry.users:
            del self._entries[key]
            for fd in entry.descriptors:
                os.close(fd)

    def inherited(self, key: Key) -> bool:
        """Whether a parent had the file open when this process was forked: SQLite must not use it here then."""
        return key in self._inherited

    def forked(self) -> None:
        """Leave to the parent what is the parent's: as long as a descriptor is open here, its locks would last."""
        self.lock = threading.RLock()
        for key, entry in self._entries.items():
            self._inherited.add(key)
            for fd in entry.descriptors:
                with suppress(OSError):
                    os.close(fd)
        self._entries.clear()


_FILES = _Registry()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_FILES.forked)


class Hold:
    """Holds a journal's file for one run. Raises JournalError when another run does, or when it has several names.

    What the system says against it is raised as OSError.

    To be let go of after SQLite has closed the file.
    """

    def __init__(self, place: JournalPlace) -> None:
        self._place = place
        self._process = os.getpid()
        with _FILES.lock:
            self.key, self._fd, self._entry = _FILES.attach(place.real, to_write=True)
            try:
                self._take()
            except BaseException:
                _FILES.detach(self.key)
                raise
            self._entry.held = True

    def _take(self) -> None:
        if _FILES.inherited(self.key):
            raise JournalError(
                f"The journal {self._place.path} was open when this process was forked, and cannot be used in it.",
                hint="Run in a process that was started afresh (multiprocessing: the start method spawn).",
            )
        names, place = os.fstat(self._fd).st_nlink, self._place
        if names > 1:
            raise JournalError(
                f"The journal {place.path} has {names} names (hard links), and runs by each would not see each other.",
                hint=f"Remove the other names (find FOLDER -samefile {place.real} finds them), or run with a copy of"
                " it.",
            )
        if self._entry.held:
            raise self._place.in_use()
        try:
            _lock(self._fd)
        except OSError as fault:
            if filelocks.is_held(fault):
                raise self._place.in_use() from None
            raise

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in the file."""
        return os.fstat(self._fd).st_size == 0

    def is_at(self, place: Path) -> bool:
        """Whether the file is still what is found there."""
        try:
            return os.path.samestat(os.fstat(self._fd), place.stat())
        except OSError:
            return False

    def sync(self, place: Path) -> None:
        """Wait until the file and its name are on the disk."""
        with self._place.translated():
            os.fsync(self._fd)
            if os.name == "posix":
                folder = os.open(place.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)

    def read(self, size: int, offset: int) -> bytes:
        """Bytes of the file, past SQLite."""
        with self._place.translated():
            return _read(self._fd, size, offset)

    def write(self, data: bytes, offset: int) -> None:
        """Write bytes of the file, past SQLite. Raises OSError."""
        _write(self._fd, data, offset)

    def release(self) -> None:
        """Let go of it."""
        if self._process != os.getpid():
            return
        with _FILES.lock:
            self._entry.held = False
            with suppress(OSError):
                _unlock(self._fd)
            _FILES.detach(self.key)


class Glance:
    """A look at a journal's file that only reads. It is to be ended after SQLite has closed the file.

    Raises OSError when it cannot be opened. `held` says whether a run holds it.
    """

    def __init__(self, place: Path) -> None:
        self._process = os.getpid()
        with _FILES.lock:
            self._key, self._fd, entry = _FILES.attach(place, to_write=False)
            try:
                self.held = entry.held or _is_locked(self._fd)
            except OSError as fault:
                self.held = filelocks.is_held(fault)

    def read(self, size: int, offset: int) -> bytes:
        """Bytes of the file, past SQLite. Raises OSError."""
        return _read(self._fd, size, offset)

    def end(self) -> None:
        """Give the file back."""
        if self._process == os.getpid():
            with _FILES.lock:
                _FILES.detach(self._key)
