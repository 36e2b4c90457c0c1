"""Locks on open files, as each system has them. What is done with them is said by who takes them."""

from __future__ import annotations

import errno
import sys

# What a system says if another holds the lock; Windows says EDEADLK after it has tried for a while.
_HELD = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK})


def is_held(fault: OSError) -> bool:
    """Whether a lock could not be taken because another holds it; other faults say that locks do not work there."""
    return fault.errno in _HELD


if sys.platform == "win32":  # pragma: no cover - exercised on Windows only
    import msvcrt

    def try_lock(fd: int, *, shared: bool = False) -> None:  # noqa: ARG001 - Windows knows no shared lock here
        """Lock an open file, or raise OSError at once; `is_held` says which kind of fault it is."""
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def unlock(fd: int) -> None:
        """Let go of the lock."""
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(fd: int, *, shared: bool = False) -> None:
        """Lock an open file, or raise OSError at once; `is_held` says which kind of fault it is."""
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def unlock(fd: int) -> None:
        """Let go of the lock."""
        fcntl.flock(fd, fcntl.LOCK_UN)
