"""A lock between processes and threads, for stores that are read, changed and written back."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from nodeloom import filelocks
from nodeloom.credential.stores.waycheck import refuse_weakness
from nodeloom.errors import CredentialStoreError

_PAUSE = 0.02


def private_folder(folder: Path) -> None:
    """Make `folder` for its owner only (0700) if it is missing. Raises CredentialStoreError."""
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
    fd = _open_file(lock_file)
    try:
        deadline = time.monotonic() + patience
        while not _taken(fd, lock_file):
            if time.monotonic() >= deadline:
                raise _busy(lock_file, patience)
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            # Said in so many words: a child that was forked meanwhile has the file open too.
            filelocks.unlock(fd)
    finally:
        os.close(fd)


@asynccontextmanager
async def claimed(lock_file: Path, *, patience: float = 90.0) -> AsyncIterator[None]:
    """`exclusive` for a task: while it waits for the lock, its event loop goes on."""
    import asyncio

    fd = _open_file(lock_file)
    try:
        deadline = time.monotonic() + patience
        while not _taken(fd, lock_file):
            if time.monotonic() >= deadline:
                raise _busy(lock_file, patience)
            await asyncio.sleep(_PAUSE)
        try:
            yield
        finally:
            # Said in so many words: a child that was forked meanwhile has the file open too.
            filelocks.unlock(fd)
    finally:
        os.close(fd)


def _open_file(lock_file: Path) -> int:
    private_folder(lock_file.parent)
    # A user who could exchange it would let two processes hold two different files.
    refuse_weakness(lock_file, "lock file")
    # A link planted in its place must not make us create or lock another file.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(lock_file, flags, 0o600)
    except OSError as fault:
        raise CredentialStoreError(
            f"The lock file {lock_file} cannot be opened: {fault.strerror}.",
            hint="Check that you may write to its folder.",
        ) from None


def _taken(fd: int, lock_file: Path) -> bool:
    try:
        filelocks.try_lock(fd)
    except OSError as fault:
        if filelocks.is_held(fault):
            return False
        # Some network file systems do not have locks; without one, what another process writes would be lost.
        raise CredentialStoreError(
            f"The file system of {lock_file} cannot lock files: {fault.strerror}.",
            hint="Keep credentials on a local disk: set NODELOOM_CREDENTIALS to a file there.",
        ) from None
    return True


def _busy(lock_file: Path, patience: float) -> CredentialStoreError:
    return CredentialStoreError(
        f"Another process holds {lock_file} for more than {patience:g} s.",
        hint="Wait for it to end, and try again.",
    )
