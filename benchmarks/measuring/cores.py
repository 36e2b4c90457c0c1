"""Which core who runs on: the server on one, the client on another, so that neither takes the other's time."""

from __future__ import annotations

import os


def server_and_client() -> tuple[int | None, int | None]:
    """A core for the server and one for the client; None each where the system cannot pin or has one core only."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)


def pin(core: int | None, process: int = 0) -> None:
    """Let a process (by default this one, with the threads it starts from now on) run on one core only."""
    if core is not None:
        os.sched_setaffinity(process, {core})
