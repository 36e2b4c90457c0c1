"""A lock between processes and threads, for stores that are read, changed and written back."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodeloom.errors import CredentialStoreError

_PAUSE = 0.02

if sys.platform == "win32":  # pragma: no cover - exercised on Windows only
    import msvcrt

    def _try_lock(fd: int) -> None:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def private_folder(folder: Path) -> None:
    """Make `folder` for its owner only (0700) where it is missing. Raises CredentialStoreError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as fault:
        raise CredentialStoreError(
            f"The folder {folder} cannot be made: {fault.strerror}.",
            hint="Set NODELOOM_CREDENTIALS to a file in a folder you may write to.",
        ) from None


@contextmanager
def exclusive(lock_file: Path, *, patience: float = 10.0) -> Iterator[None]:
    """Hold `lock_file` alone, against other threads and other processes.

    Waits at most `patience` seconds, then raises CredentialStoreError. The file stays behind: deleting it would let
    two holders lock two different files. The system lets go of it when the process dies.
    """
    private_folder(lock_file.parent)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    try:
        fd = os.open(lock_file, flags, 0o600)
    except OSError as fault:
        raise CredentialStoreError(
            f"The lock file {lock_file} cannot be opened: {fault.strerror}.",
            hint="Check that you may write to its folder.",
        ) from None
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                _try_lock(fd)
                break
            except OSError:
                if time.monotonic() >= deadline:
                    raise CredentialStoreError(
                        f"Another process holds {lock_file} for more than {patience:g} s.",
                        hint="Wait for it to end, and try again.",
                    ) from None
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(fd)
