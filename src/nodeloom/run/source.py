"""Where a run's items come from: a sequence, any iterable, or an async iterable, one item at a time."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Protocol

_END = object()


class ItemSource(Protocol):
    """Gives raw items one after the other. `next()` is never called again before it has returned."""

    async def next(self) -> Any:
        """The next raw item, or END when there is none or the source was closed. Raises what the input raises."""
        ...

    def close(self) -> None:
        """Stop reading: a `next()` that waits returns END."""
        ...

    def rest(self) -> Iterator[Any]:
        """The items not read yet, as far as they are known without waiting."""
        ...

    @property
    def exhausted(self) -> bool:
        """Whether the input was read to its end (the rest included)."""
        ...


END: Any = _END


def open_source(items: Iterable[Any] | AsyncIterable[Any]) -> ItemSource:
    """The right source for `items`. An iterable that is no sequence is read in a thread, so it may block."""
    if isinstance(items, Sequence) and not isinstance(items, (str, bytes)):
        return SequenceSource(items)
    if isinstance(items, AsyncIterable):
        return AsyncSource(items)
    return ThreadedSource(items)


class SequenceSource:
    """Items that are all there."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items
        self._at = 0
        self._closed = False

    async def next(self) -> Any:
        """The next item, or END."""
        if self._closed or self._at >= len(self._items):
            return END
        self._at += 1
        return self._items[self._at - 1]

    def close(self) -> None:
        """Give no further items."""
        self._closed = True

    def rest(self) -> Iterator[Any]:
        """The items not given yet."""
        while self._at < len(self._items):
            self._at += 1
            yield self._items[self._at - 1]

    @property
    def exhausted(self) -> bool:
        """Whether all items were given."""
        return self._at >= len(self._items)


class AsyncSource:
    """Items of an async iterable."""

    def __init__(self, items: AsyncIterable[Any]) -> None:
        self._iterator: AsyncIterator[Any] = aiter(items)
        self._waiting: asyncio.Future[Any] | None = None
        self._closed: bool = False
        self.exhausted = False

    async def next(self) -> Any:
        """The next item, or END."""
        if self._closed or self.exhausted:
            return END
        self._waiting = asyncio.ensure_future(self._read())
        try:
            return await self._waiting
        except asyncio.CancelledError:
            # close() cancels the waiting read, and so does whoever cancels the whole run.
            if self._was_closed():
                return END
            raise
        finally:
            self._waiting = None

    def _was_closed(self) -> bool:
        return self._closed

    async def _read(self) -> Any:
        try:
            return await anext(self._iterator)
        except StopAsyncIteration:
            self.exhausted = True
            return END

    def close(self) -> None:
        """Stop waiting for items."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()

    def rest(self) -> Iterator[Any]:
        """Nothing: what an async iterable still has is not known without waiting."""
        return iter(())


class ThreadedSource:
    """Items of an iterable that may block (a pipe, a generator), read ahead in a thread of their own."""

    AHEAD = 64

    def __init__(self, items: Iterable[Any]) -> None:
        self._items = items
        self._buffer: deque[Any] = deque()
        self._space = threading.Semaphore(self.AHEAD)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = asyncio.Event()
        self._closed = False
        self._fault: BaseException | None = None
        self._ended = False

    async def next(self) -> Any:
        """The next item, or END."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._pump, name="nodeloom-items", daemon=True).start()
        while not self._buffer:
            if self._closed:
                return END
            if self._ended:
                if self._fault is not None:
                    fault, self._fault = self._fault, None
                    raise fault
                return END
            self._arrived.clear()
            if not self._buffer and not self._ended and not self._closed:
                await self._arrived.wait()
        if self._closed:
            return END
        self._space.release()
        return self._buffer.popleft()

    def close(self) -> None:
        """Give no further items; the reading thread ends at its next item."""
        self._closed = True
        self._space.release()
        self._arrived.set()

    def rest(self) -> Iterator[Any]:
        """The items that were read ahead."""
        while self._buffer:
            yield self._buffer.popleft()

    @property
    def exhausted(self) -> bool:
        """Whether the input ended and all of it was given."""
        return self._ended and not self._buffer

    def _pump(self) -> None:
        try:
            for item in self._items:
                self._space.acquire()
                if self._closed:
                    return
                self._buffer.append(item)
                self._wake()
        except BaseException as fault:  # noqa: BLE001 - raised again where the items are taken
            self._fault = fault
        finally:
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:
                # The loop was closed between the question and the call: nobody waits any more.
                self._closed = True
