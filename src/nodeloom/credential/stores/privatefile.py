"""A file that only its owner can read: checked when it is read, replaced whole when it is written, locked meanwhile.

It is refused when it belongs to someone else or others may touch it (as OpenSSH does with keys), and when others may
exchange it for another one, by any folder or link on the way to it (`waycheck.py`). On Windows, where modes say
nothing, the folder's own access list has to do.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from nodeloom.credential.stores.storelock import exclusive, private_folder
from nodeloom.credential.stores.waycheck import quoted, refuse_weakness
from nodeloom.errors import CredentialStoreError

logger = logging.getLogger("nodeloom")

_OTHERS = 0o077
_POSIX = os.name == "posix"
_MOST_BYTES = 16 * 1024 * 1024
_SUFFIX = ".tmp"
_PATIENCE = 2.0
_PAUSE = 0.02
# A FIFO in the file's place must not keep the reader waiting for a writer.
_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class PrivateFile:
    """The file at `path`; `what` is what messages call it, `variable` the environment variable that names another.

    A link is followed, so that a file kept elsewhere (dotfiles) stays a link; checks and locks concern its target.
    """

    def __init__(self, path: Path, *, what: str = "credential file", variable: str = "NODELOOM_CREDENTIALS") -> None:
        self.path = path
        self._what = what
        self._variable = variable

    @property
    def _target(self) -> Path:
        return Path(os.path.realpath(self.path))

    def same_as(self, other: PrivateFile) -> bool:
        """Whether both are one file, also by way of a link."""
        return self._target == other._target

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def read(self) -> bytes | None:
        """What the file holds, after its owner and mode were checked on the open file; None when there is none.

        Raises CredentialStoreError when it cannot be read, or is open to others.
        """
        try:
            fd = os.open(self.path, _READING)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise self._unreadable(fault) from None
        try:
            with os.fdopen(fd, "rb") as file:
                self._check(os.fstat(file.fileno()))
                refuse_weakness(self.path, self._what)
                raw = file.read(_MOST_BYTES + 1)
        except OSError as fault:
            raise self._unreadable(fault) from None
        if len(raw) > _MOST_BYTES:
            raise CredentialStoreError(
                f"The {self._what} {self.path} is larger than {_MOST_BYTES // 1024**2} MiB.",
                hint=f"Most likely it is another file; set {self._variable} to the right one.",
            )
        return raw

    def write(self, raw: bytes) -> None:
        """Put `raw` in place of the file, in one step. Call it with the file `locked`.

        A reader sees the old file or the new one, also after a crash. Raises
        CredentialStoreError, with the old file as it was.
        """
        import tempfile

        target = self._target
        private_folder(target.parent)
        refuse_weakness(self.path, self._what)
        try:
            self._sweep(target)
            self._tell_of_other_names(target)
            fd, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent)  # mode 0600
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(raw)
                    file.flush()
                    os.fsync(file.fileno())
                _put_in_place(Path(name), target)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
            _keep_entries(target.parent)
        except OSError as fault:
            raise CredentialStoreError(
                f"The {self._what} {self.path} cannot be written: {fault.strerror}.",
                hint="Check that you may write to its folder, and that the disk is not full.",
            ) from None

    def remove(self) -> None:
        """Remove the file, if there is one; a link to it stays. Call it with the file `locked`."""
        try:
            self._target.unlink(missing_ok=True)
            _keep_entries(self._target.parent)
        except OSError as fault:
            raise CredentialStoreError(
                f"The {self._what} {self.path} cannot be removed: {fault.strerror}.",
                hint=f"Remove it yourself: rm {quoted(self.path)}",
            ) from None

    def locked(self) -> AbstractContextManager[None]:
        """Hold the file alone, against every other process and thread that writes it.

        Raises CredentialStoreError also when another user could exchange the file or its lock.
        """
        target = self._target
        private_folder(target.parent)
        refuse_weakness(self.path, self._what)
        return exclusive(target.with_name(f"{target.name}.lock"))

    def lock_beside(self, name: str) -> Path:
        """A lock file beside the file for something in it that has a lock of its own."""
        target = self._target
        return target.with_name(f"{target.name}.{name}.lock")

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise CredentialStoreError(f"The {self._what} {self.path} is not a regular file.")
        if not _POSIX:
            return
        if status.st_uid not in (os.geteuid(), 0):
            raise CredentialStoreError(
                f"The {self._what} {self.path} belongs to another user (uid {status.st_uid}).",
                hint=f"If you trust what it holds: sudo chown {os.geteuid()} {quoted(self.path)}",
            )
        mode = stat.S_IMODE(status.st_mode)
        if mode & _OTHERS:
            raise CredentialStoreError(
                f"The {self._what} {self.path} is open to other users (mode {mode:04o}).",
                hint=f"Run: chmod 600 {quoted(self.path)}",
            )

    def _tell_of_other_names(self, target: Path) -> None:
        """A hard link keeps what the file held; it is only the name that is replaced."""
        try:
            names = target.stat().st_nlink
        except FileNotFoundError:
            return
        if names > 1 and _POSIX:
            logger.warning(
                "The %s %s has %d more name(s), under which the secrets that are replaced now stay. Find them with: "
                "find / -xdev -samefile %s",
                self._what,
                self.path,
                names - 1,
                quoted(target),
            )

    def _sweep(self, target: Path) -> None:
        """Remove what a process that was killed while it wrote left behind: the lock says that none writes now."""
        for entry in os.scandir(target.parent):
            if entry.name.startswith(f".{target.name}.") and entry.name.endswith(_SUFFIX):
                with suppress(FileNotFoundError):
                    Path(entry.path).unlink()

    def _unreadable(self, fault: OSError) -> CredentialStoreError:
        return CredentialStoreError(
            f"The {self._what} {self.path} cannot be read: {fault.strerror}.",
            hint=f"Check its owner and mode, or set {self._variable} to another file.",
        )


def _put_in_place(new: Path, target: Path) -> None:
    """Replace `target` by `new`. Windows refuses that while somebody reads it, which takes a moment."""
    deadline = time.monotonic() + _PATIENCE
    while not _POSIX and time.monotonic() < deadline:
        with suppress(PermissionError):
            new.replace(target)
            return
        time.sleep(_PAUSE)
    new.replace(target)


def _keep_entries(folder: Path) -> None:
    """Have the system write the folder's entries to the disk: a rename may be lost in a power cut before that."""
    if not _POSIX:
        return
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
