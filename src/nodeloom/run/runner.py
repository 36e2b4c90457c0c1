"""The runner: a bounded number of items in flight, outcomes in input order, a clean end whatever happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

from nodeloom.errors import ItemError, NodeloomError, NotRunError, RequestError
from nodeloom.run.items import Item, as_item
from nodeloom.run.result import Outcome
from nodeloom.run.source import END, ItemSource
from nodeloom.run.stop import Stop

OnError = Literal["stop", "continue"]
Work = Callable[[int, Item], Awaitable[Outcome]]

logger = logging.getLogger("nodeloom")


class Runner:
    """Runs `work` for every item of a source.

    At most `concurrency` items are in flight, and at most `window` more are finished and waiting for an earlier one.
    With `on_error="stop"` the first failed item ends the run as `stop.set()` does. For one run on one event loop.
    """

    def __init__(
        self,
        work: Work,
        source: ItemSource,
        *,
        concurrency: int = 8,
        on_error: OnError = "stop",
        stop: Stop | None = None,
        window: int = 256,
    ) -> None:
        self._work = work
        self._source = source
        self._concurrency = concurrency
        self._on_error = on_error
        self._stop = stop or Stop()
        self._slots = asyncio.Semaphore(concurrency + window)
        self._reading = asyncio.Lock()
        self._changed = asyncio.Event()
        self._ready: dict[int, Outcome] = {}
        self._read = 0
        self._given = 0
        self._workers: list[asyncio.Task[None]] = []
        self._fault: BaseException | None = None
        self._rest_begun = False
        self._forget: Callable[[], None] = lambda: None
        self.stopped: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every item of the source has, or will have, an outcome."""
        return self.stopped is None or self._source.exhausted

    @property
    def halted(self) -> bool:
        """Whether no further item is begun."""
        return self.stopped is not None

    async def outcomes(self) -> AsyncIterator[Outcome]:
        """The outcomes, in input order."""
        while batch := await self.next_batch():
            for outcome in batch:
                yield outcome

    async def next_batch(self, most: int = 256) -> list[Outcome]:
        """The next outcomes in input order, at least one; none when the run is over. Raises what the input raises."""
        if not self._workers:
            self._begin()
        batch: list[Outcome] = []
        while not batch:
            while self._given in self._ready and len(batch) < most:
                batch.append(self._ready.pop(self._given))
                self._given += 1
                self._slots.release()
            if batch:
                break
            if all(worker.done() for worker in self._workers):
                return self._rest(most)
            self._changed.clear()
            await self._changed.wait()
        return batch

    async def aclose(self) -> None:
        """End the run: what is in flight is finished, nothing further begun."""
        self._halt("the run was closed")
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._forget()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self._worker()) for _ in range(self._concurrency)]
        for worker in self._workers:
            worker.add_done_callback(lambda _task: self._changed.set())

        def stopped(level: int) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._on_stop, level)

        self._forget = self._stop.listen(stopped)

    def _on_stop(self, level: int) -> None:
        self._halt("the run was stopped")
        if level > 1:
            for worker in self._workers:
                worker.cancel()

    def _halt(self, why: str) -> None:
        if self.stopped is None:
            self.stopped = why
            self._source.close()
        # Workers that wait for room in the window look up and end.
        for _ in self._workers:
            self._slots.release()

    async def _worker(self) -> None:
        while not self.halted:
            await self._slots.acquire()
            taken = await self._take()
            if taken is None:
                return
            index, raw = taken
            try:
                outcome = await self._run(index, raw)
            except asyncio.CancelledError:
                error = RequestError(
                    "The run was broken off while this item was in flight.",
                    item=index,
                    hint="Check whether it was done before you repeat it.",
                    sent="unknown",
                )
                self._keep(Outcome(index, error=error))
                return
            self._keep(outcome)
            if outcome.error is not None and self._on_error == "stop":
                self._halt(f"item {index} failed")

    async def _take(self) -> tuple[int, Any] | None:
        async with self._reading:
            if self.halted or self._fault is not None:
                return None
            try:
                raw = await self._source.next()
            except asyncio.CancelledError:
                return None
            except BaseException as fault:  # noqa: BLE001 - raised again to whoever takes the outcomes
                self._fault = fault
                return None
            if raw is END:
                return None
            index = self._read
            self._read += 1
            return index, raw

    async def _run(self, index: int, raw: Any) -> Outcome:
        try:
            return await self._work(index, as_item(raw, index))
        except NodeloomError as error:
            error.item = index
            return Outcome(index, error=error)
        except Exception as fault:
            logger.exception("item %d: unexpected %s", index, type(fault).__name__)
            return Outcome(
                index,
                error=ItemError(
                    f"Nodeloom itself failed on this item: {type(fault).__name__}.",
                    item=index,
                    hint="Please report it; the log holds the details.",
                ),
            )

    def _keep(self, outcome: Outcome) -> None:
        self._ready[outcome.index] = outcome
        self._changed.set()

    def _rest(self, most: int) -> list[Outcome]:
        if not self._rest_begun:
            self._rest_begun = True
            self._forget()
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        batch: list[Outcome] = []
        for _raw in self._source.rest():
            index = self._read
            self._read += 1
            self._given += 1
            error = NotRunError(
                f"The item was not run: {self.stopped}.",
                item=index,
                hint='Run it again, or go on after errors with on_error="continue".',
            )
            batch.append(Outcome(index, error=error))
            if len(batch) >= most:
                break
        return batch
