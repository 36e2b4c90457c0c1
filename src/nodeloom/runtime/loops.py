"""Which event loop a runtime's requests are sent on: the caller's, or one in a background thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom.runtime.background import Background, ClosedError
from nodeloom.runtime.settings import closed_runtime

if TYPE_CHECKING:
    from nodeloom.transport import Sender

T = TypeVar("T")


class Loops:
    """The background of sync calls, and the senders of async ones.

    `open_sender` makes a sender for one event loop; it must not hold the owner of the Loops, so that a runtime that
    is not used any more can go. Thread-safe; a forked child begins anew.
    """

    def __init__(self, open_sender: Callable[[], Sender]) -> None:
        self._open_sender = open_sender
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._background: Background | None = None
        self._finalizer: weakref.finalize[..., Loops]
        self._entered: tuple[asyncio.AbstractEventLoop, Sender] | None = None
        self._closed = False

    def submit(self, function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> concurrent.futures.Future[T]:
        """Begin `function(background, *arguments)` on the background's loop. Raises ConfigurationError once closed."""
        while True:
            background = self._running()
            try:
                return background.submit(function, background, *arguments)
            except ClosedError:
                # It ended between the two lines; the next one runs, unless all of it was closed.
                continue

    def sender_here(self) -> tuple[Sender, bool]:
        """A sender for the running event loop, and whether the caller is to close it."""
        if self._entered is not None and self._entered[0] is asyncio.get_running_loop():
            return self._entered[1], False
        return self._open_sender(), True

    def enter(self) -> None:
        """Keep one sender for the running event loop until `leave`."""
        if self._entered is None:
            self._entered = (asyncio.get_running_loop(), self._open_sender())

    async def leave(self) -> None:
        """Close what `enter` opened, and the background."""
        if self._entered is not None and self._entered[0] is asyncio.get_running_loop():
            sender, self._entered = self._entered[1], None
            await sender.aclose()
        if self._background is not None:
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End what runs in the background, for good: what is in flight is finished, the rest not run."""
        self._closed = True
        background = self._background
        if background is not None:
            background.close()
            self._finalizer.detach()

    def _running(self) -> Background:
        if self._process != os.getpid():
            # A forked child has neither the thread of its parent nor whoever might hold the lock.
            self._process, self._lock, self._background, self._entered = os.getpid(), threading.Lock(), None, None
        with self._lock:
            if self._closed:
                raise closed_runtime()
            if self._background is None or not self._background.usable:
                self._background = background = Background(self._open_sender)
                # For a runtime nobody closes: its thread ends with it, or with the process.
                self._finalizer = weakref.finalize(self, background.close, now=True)
            return self._background
