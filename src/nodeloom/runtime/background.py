"""An event loop in a thread of its own, for callers that have none, with the connections that live on it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom import openfiles
from nodeloom.errors import ConfigurationError
from nodeloom.runtime.waiting import waited_for

if TYPE_CHECKING:
    from nodeloom.run.runner import Runner
    from nodeloom.transport import Sender

T = TypeVar("T")

logger = logging.getLogger("nodeloom.transport")


# Those of the loop itself, of its library, and of what is imported for the first items.
_FILES_OF_A_LOOP = 24


class ClosedError(Exception):
    """The background was closed; the runtime opens another one, or does without."""


class Background:
    """Runs coroutines for threads that wait for them. Of use in the process that made it only, not in a forked child.

    `open_sender` is called once, on the loop, when the first request is sent.
    """

    def __init__(self, open_sender: Callable[[], Sender]) -> None:
        self._open_sender = open_sender
        self._sender: Sender | None = None
        self._runners: weakref.WeakSet[Runner] = weakref.WeakSet()
        self._calls: set[asyncio.Task[Any]] = set()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event
        self._fault: BaseException | None = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="nodeloom", daemon=True)
        self._thread.start()
        ready.wait()
        if self._fault is not None:
            raise openfiles.cannot_begin() from self._fault

    @property
    def usable(self) -> bool:
        """Whether calls can be made: it is open, and this is the process it was made in."""
        return not self._closing and self._process == os.getpid()

    @property
    def sender(self) -> Sender:
        """What sends requests on this loop; to be asked for on the loop."""
        if self._sender is None:
            self._sender = self._open_sender()
        return self._sender

    def watch(self, runner: Runner) -> None:
        """Remember a run, so that it comes to a clean end when the background is closed."""
        self._runners.add(runner)
        if self._closing:
            runner.control.halt("the runtime was closed")

    def submit(self, function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> concurrent.futures.Future[T]:
        """Begin `function(*arguments)` on the loop.

        Raises ClosedError when the background is closed, and ConfigurationError on the loop itself, where waiting
        for the result would never end.
        """
        if threading.current_thread() is self._thread:
            raise ConfigurationError(
                "A runtime cannot be used synchronously within one of its own runs.",
                hint="Use another Runtime in the hook or function, or call it in a thread.",
            )
        with self._lock:
            if not self.usable:
                raise ClosedError
            return asyncio.run_coroutine_threadsafe(self._counted(function, *arguments), self._loop)

    def call(self, function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        """The result of `function(*arguments)`, run on the loop; cancelled when the wait is interrupted."""
        future = self.submit(function, *arguments)
        try:
            return waited_for(future)
        except BaseException:
            future.cancel()
            raise

    def close(self, *, now: bool = False) -> None:
        """End every run (what is in flight is finished, or with `now` abandoned), close connections and the thread."""
        if self._process != os.getpid():
            # The thread stayed in the parent, and the connections are the parent's.
            return
        with self._lock:
            if self._closing:
                return
            self._closing = True
            future = asyncio.run_coroutine_threadsafe(self._wind_up(now), self._loop)
        if threading.current_thread() is not self._thread:
            future.result()
            self._thread.join()
            if self._sender is not None:
                self._sender.settle()

    def _serve(self, ready: threading.Event) -> None:
        try:
            # libuv aborts the process when it cannot open what a loop needs.
            openfiles.require(_FILES_OF_A_LOOP)
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._until_closed(ready))
        except OSError as fault:
            if ready.is_set():
                raise
            self._fault = fault
            ready.set()

    async def _until_closed(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        ready.set()
        await self._ended.wait()

    async def _counted(self, function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
        task = asyncio.current_task()
        if task is not None:
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        return await function(*arguments)

    async def _wind_up(self, now: bool) -> None:
        try:
            runners = list(self._runners)
            await asyncio.gather(*(runner.aclose(now=now, why="the runtime was closed") for runner in runners))
            # Callers that wait for outcomes get them before the loop ends.
            while self._calls:
                await asyncio.wait(self._calls)
            if self._sender is not None:
                await self._sender.aclose()
        finally:
            self._ended.set()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop if it is installed, which halves what the loop costs a request; None for asyncio's own."""
    try:
        import uvloop

        # libuv aborts the process when one of its own files has the number of a closed standard stream.
        for stream in range(3):
            os.fstat(stream)
    except (ImportError, OSError) as fault:
        logger.info("the event loop is asyncio's own, which is slower: uvloop cannot be used: %s", fault)
        return None
    return uvloop.new_event_loop
