"""Forks happen when no other thread is importing.

A child has only the thread that forked. A module that another thread was importing then stays locked in the child,
and an import of it there waits for ever. Nodeloom imports what it needs when it needs it, so a fork waits for that,
a few milliseconds; locks of its own are renewed in the child by their owners (TOKENS, PACERS, Loops).
"""

from __future__ import annotations

import os
import sys
import threading
import time

#: Seconds a fork waits at most: an import that takes longer may never end.
PATIENCE = 5.0
_IMPORTING = "<frozen importlib._bootstrap>"


def others_import() -> bool:
    """Whether a thread other than this one is in the midst of an import."""
    own = threading.get_ident()
    for number, top in sys._current_frames().items():
        frame = top if number != own else None
        while frame is not None:
            if frame.f_code.co_filename == _IMPORTING:
                return True
            frame = frame.f_back
    return False


def wait_for_imports() -> None:
    """Wait until no other thread imports, for PATIENCE at most."""
    deadline = time.monotonic() + PATIENCE
    while others_import() and time.monotonic() < deadline:
        time.sleep(0.001)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=wait_for_imports)
