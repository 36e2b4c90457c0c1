"""Where a run's items come from: a sequence, any iterable, or an async iterable, one item at a time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence, Sized
from typing import Any, Protocol

from nodeloom.inputs.frames import check_items
from nodeloom.inputs.items import plain_item

_END = object()
_WAIT = object()

# How long a stopped run waits for a read under way, so that no item that was read is lost (seconds). A generator
# is done with it at once; a pipe without a writer never is.
_SETTLE_SECONDS = 0.25


class ItemSource(Protocol):
    """Gives raw items one after the other. `next()` is never called again before it has returned."""

    @property
    def size(self) -> int | None:
        """How many items there are, if that is known."""
        ...

    def poll(self) -> object:
        """The next raw item if it is at hand, END after the last one, WAIT when `next` has to be asked."""
        ...

    async def next(self) -> object:
        """The next raw item, or END after the last one or if the source was closed. Raises what the input raises."""
        ...

    def close(self) -> None:
        """Stop reading: a `next()` that waits returns END."""
        ...

    async def settle(self) -> None:
        """After `close()`: wait a moment for a read under way, so that `rest` knows its item."""
        ...

    def rest(self) -> Iterator[object]:
        """The items not given yet, as far as they are known without waiting."""
        ...

    @property
    def exhausted(self) -> bool:
        """Whether the input was read to its end (the rest included)."""
        ...


END: object = _END
WAIT: object = _WAIT


def open_source(items: Iterable[object] | AsyncIterable[object], *, whole: bool = False) -> ItemSource:
    """The right source for `items`. An iterable that is not a sequence is read in a thread, so it may block.

    With `whole`, all items are read before the first one is given. Raises ConfigurationError for what holds no items.
    """
    check_items(items)
    if whole:
        return WholeSource(open_source(items))
    if isinstance(items, Sequence):
        return SequenceSource(items)
    if isinstance(items, AsyncIterable):
        return AsyncSource(items)
    return ThreadedSource(items)


class SequenceSource:
    """Items that are all there."""

    def __init__(self, items: Sequence[object]) -> None:
        self._items = items
        self._at = 0
        self._closed = False
        self.size = len(items)

    def poll(self) -> object:
        """The next item, or END."""
        if self._closed or self._at >= len(self._items):
            return END
        self._at += 1
        return plain_item(self._items[self._at - 1])

    async def next(self) -> object:
        """The next item, or END."""
        return self.poll()

    def close(self) -> None:
        """Give no further items."""
        self._closed = True

    async def settle(self) -> None:
        """Nothing to wait for."""

    def rest(self) -> Iterator[object]:
        """The items not given yet."""
        while self._at < len(self._items):
            self._at += 1
            yield plain_item(self._items[self._at - 1])

    @property
    def exhausted(self) -> bool:
        """Whether all items were given."""
        return self._at >= len(self._items)


class AsyncSource:
    """Items of an async iterable."""

    size = None

    def __init__(self, items: AsyncIterable[object]) -> None:
        self._iterator: AsyncIterator[object] = aiter(items)
        self._waiting: asyncio.Future[object] | None = None
        self._closed: bool = False
        self.exhausted = False

    def poll(self) -> object:
        """WAIT: what an async iterable has is not known without asking."""
        return END if self._closed or self.exhausted else WAIT

    async def next(self) -> object:
        """The next item, or END."""
        if self._closed or self.exhausted:
            return END
        self._waiting = asyncio.ensure_future(self._read())
        try:
            return await self._waiting
        except asyncio.CancelledError:
            # close() cancels the waiting read, and so does a caller that cancels the whole run.
            if self._was_closed():
                return END
            raise
        finally:
            self._waiting = None

    def _was_closed(self) -> bool:
        return self._closed

    async def _read(self) -> object:
        try:
            return plain_item(await anext(self._iterator))
        except StopAsyncIteration:
            self.exhausted = True
            return END

    def close(self) -> None:
        """Stop waiting for items."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def settle(self) -> None:
        """Nothing to wait for: the read under way was cancelled."""

    def rest(self) -> Iterator[object]:
        """Nothing: what an async iterable still has is not known without waiting."""
        return iter(())


class ThreadedSource:
    """Items of an iterable that may block (a pipe, a generator), read ahead in a thread of their own."""

    AHEAD = 64
    AHEAD_BYTES = 16 * 1024 * 1024

    def __init__(self, items: Iterable[object]) -> None:
        self._items = items
        self.size = len(items) if isinstance(items, Sized) else None
        self._buffer: deque[tuple[object, int]] = deque()
        self._room = _Room(self.AHEAD, self.AHEAD_BYTES)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._arrived = asyncio.Event()
        self._hungry = False
        self._closed = False
        self._fault: BaseException | None = None
        self._ended = False
        self._read_all = False

    def poll(self) -> object:
        """The next item that was read ahead."""
        if self._closed:
            return END
        if not self._buffer:
            return WAIT
        return self._take()

    def _take(self) -> object:
        item, size = self._buffer.popleft()
        self._room.give(size)
        return item

    async def next(self) -> object:
        """The next item, or END."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._pump, name="nodeloom-items", daemon=True)
            self._thread.start()
        while not self._closed and not self._buffer:
            if not self._ended:
                await self._wait()
            elif not self._buffer:
                if self._fault is not None:
                    fault, self._fault = self._fault, None
                    raise fault
                return END
        return END if self._closed else self._take()

    async def _wait(self) -> None:
        """Wait until something arrived, the input ended, or the source was closed."""
        self._arrived.clear()
        # Said before looking once more: the reading thread puts the item down first, and then looks who waits.
        self._hungry = True
        if not self._buffer and not self._ended and not self._closed:
            await self._arrived.wait()
        self._hungry = False

    def close(self) -> None:
        """Give no further items; the reading thread ends at its next item."""
        self._closed = True
        self._room.open()
        self._arrived.set()

    async def settle(self) -> None:
        """Wait for the reading thread, a quarter of a second at most: it may wait for an input that never comes."""
        if self._thread is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_SECONDS):
                while not self._ended:
                    self._arrived.clear()
                    self._hungry = True
                    if not self._ended:
                        await self._arrived.wait()
        if self._ended:
            self._thread.join()

    def rest(self) -> Iterator[object]:
        """The items that were read ahead."""
        while self._buffer:
            yield self._buffer.popleft()[0]

    @property
    def exhausted(self) -> bool:
        """Whether the input ended and all of it was given."""
        return self._read_all and not self._buffer

    def _pump(self) -> None:
        try:
            iterator = iter(self._items)
            while True:
                # Room first: an item that was read is in the buffer, never in this thread's hand.
                self._room.wait()
                if self._closed:
                    return
                try:
                    item = next(iterator)
                except StopIteration:
                    self._read_all = True
                    return
                item = plain_item(item)
                size = weight(item)
                self._room.take(size)
                self._buffer.append((item, size))
                if self._hungry:
                    self._wake()
        except BaseException as fault:  # noqa: BLE001 - raised again where the items are taken
            self._fault = fault
        finally:
            self._ended = True
            self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:
                # The loop was closed: nothing waits any more.
                self._closed = True


class _Room:
    """How much may be read ahead: so many items, of so many bytes together (one item may be as big as it likes).

    One thread waits and takes, another gives back.
    """

    def __init__(self, count: int, size: int) -> None:
        self._most_count = count
        self._most_size = size
        self._count = 0
        self._size = 0
        self._changed = threading.Condition()
        self._opened = False
        self._waiting = False

    def wait(self) -> None:
        """Wait until there is room for one more."""
        with self._changed:
            while not self._opened and self._full():
                self._waiting = True
                self._changed.wait()
            self._waiting = False

    def take(self, size: int) -> None:
        """Take the place of one item."""
        with self._changed:
            self._count += 1
            self._size += size

    def give(self, size: int) -> None:
        """Give the place of one item back."""
        with self._changed:
            self._count -= 1
            self._size -= size
            # Woken when half is free, not for each item: waking a thread costs more than an item does.
            if self._waiting and self._count <= self._most_count // 2 and self._size <= self._most_size // 2:
                self._changed.notify()

    def open(self) -> None:
        """Let the waiting side go on, for good."""
        with self._changed:
            self._opened = True
            self._changed.notify()

    def _full(self) -> bool:
        return self._count >= self._most_count or self._size >= self._most_size


def weight(value: Any) -> int:
    """About how many bytes a JSON value holds: its texts and bytes, and 64 for each value."""
    kind = type(value)
    if kind is str or kind is bytes:
        return 64 + len(value)
    if kind is dict:
        return 64 + sum(map(weight, value.values()))
    if kind is list:
        return 64 + sum(map(weight, value))
    return 64


class WholeSource:
    """Items that are all read before the first one is given, for templates that look at all of them."""

    def __init__(self, inner: ItemSource) -> None:
        self._inner = inner
        self._at = 0
        self._whole = False
        self._closed = False
        self.size = inner.size
        self.items: list[object] = []

    def poll(self) -> object:
        """The next item once all are read."""
        if not self._whole and not self._closed:
            return WAIT
        if self._closed or self._at >= len(self.items):
            return END
        self._at += 1
        return self.items[self._at - 1]

    async def next(self) -> object:
        """The next item, or END."""
        while not self._whole:
            raw = await self._inner.next()
            if raw is END:
                self._whole = True
            else:
                self.items.append(raw)
        return self.poll()

    def close(self) -> None:
        """Stop reading, and give no further items."""
        self._closed = True
        self._inner.close()

    async def settle(self) -> None:
        """As the source inside does."""
        await self._inner.settle()

    def rest(self) -> Iterator[object]:
        """The items that were read and not given, and those the source inside still knows."""
        while self._at < len(self.items):
            self._at += 1
            yield self.items[self._at - 1]
        yield from self._inner.rest()

    @property
    def exhausted(self) -> bool:
        """Whether all items were read and given."""
        return self._inner.exhausted and self._at >= len(self.items)
