"""Waiting in a thread for what happens on an event loop in another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")

_SLICE = 0.2


def waited_for(future: Future[T]) -> T:
    """The result of `future`. Raises what it raised, and KeyboardInterrupt when the wait is interrupted."""
    # Python sees a signal only when a wait for a lock ends: one that came just before it began, and all on Windows.
    while not future.done():
        with suppress(TimeoutError):
            future.exception(timeout=_SLICE)
    return future.result()
