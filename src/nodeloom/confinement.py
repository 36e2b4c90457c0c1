"""Limits the process that it is called in. The programs of `start_isolated` load this file by its path."""

from __future__ import annotations

#: Bytes of C stack that JavaScript may use at most.
_STACK = 4 * 1024 * 1024


def confine(memory: int, seconds: float | None = None) -> int:
    """Take from this process what evaluating code does not need. Return the bytes of stack JavaScript may use.

    What is open stays so: the pipes to the parent. Nothing can be opened besides, written to a file, or started.

    Args:
        memory: bytes of address space.
        seconds: of processor time, for the whole life of the process; without, as many as it wants.
    """
    try:
        import resource
    except ImportError:
        # Not every system has resource limits; QuickJS's own and the parent's clock hold there.
        return _STACK // 8
    limits = [
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
    ]
    if seconds is not None:
        limits.append((resource.RLIMIT_CPU, int(seconds) + 5))
    for kind, most in limits:
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            # The system grants less already, or counts otherwise.
            continue
    stack, _hard = resource.getrlimit(resource.RLIMIT_STACK)
    return _STACK if stack == resource.RLIM_INFINITY else min(_STACK, stack // 2)
