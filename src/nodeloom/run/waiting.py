"""Waiting in a thread for what happens on an event loop in another."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_WINDOWS = os.name == "nt"
_SLICE = 0.2


def waited_for(future: Future[T]) -> T:
    """The result of `future`. Raises what it raised, and KeyboardInterrupt when the wait is interrupted."""
    # Windows holds Ctrl-C back until a wait for a lock has ended.
    while _WINDOWS and not future.done():
        with suppress(TimeoutError):
            future.exception(timeout=_SLICE)
    return future.result()
