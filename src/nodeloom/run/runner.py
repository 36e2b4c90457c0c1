"""The runner: a bounded number of items in flight, one outcome each, and a clean end in every case."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any

from nodeloom.errors import Effect, ItemError, NodeloomError, NotRunError, RequestError
from nodeloom.inputs.itemsource import END, WAIT, ItemSource
from nodeloom.outcomes import Outcome
from nodeloom.plan.transfer import Batching
from nodeloom.redaction import clean_interruption
from nodeloom.run.runoptions import OnError
from nodeloom.run.stop import Stop
from nodeloom.transport.politeness.breaker import Breaker
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip

# The item of a trip may be whatever the input gave: a bad one has an outcome like any other.
Work = Callable[[Trip], Awaitable[Outcome]]
# Is told how many items there were; None where the input was not read to its end.
Closing = Callable[[int | None], Awaitable[None]]

logger = logging.getLogger("nodeloom")

# What is in flight at the deadline has until its own timeout, and not longer than this.
GRACE_SECONDS = 5.0


class Runner:
    """Runs `work` for every item of a source; for one run on one event loop, and one caller of `next_batch` at a time.

    Outcomes are given in input order by default. As an asynchronous context manager it is closed at the end.
    `broke_off` says whether items were broken off in flight or were not tried again.

    Args:
        work: the work on one item.
        source: where the items come from.
        control: says whether the run goes on. The runner halts it, and everything that waits in the run asks it.
        concurrency: the most items in flight.
        on_error: with "stop" the first failed item ends the run as `stop.set()` does.
        stop: ends the run from outside.
        window: how many more items may be finished and not taken yet.
        held_bytes: no item is begun while the answers of those in flight and not taken hold so many bytes or more.
        ordered: False to give outcomes as they come.
        batching: a pause after every so many items that were begun.
        breaker: ends a run that only fails.
        deadline: seconds after which the run ends; what is in flight then has a few more.
        closing: is called once, when nothing is in flight any more; an error of it is the control's `fault`.
        masking: gives, for a raw item, what takes secrets out of a text about it.
    """

    def __init__(
        self,
        work: Work,
        source: ItemSource,
        control: RunControl | None = None,
        *,
        concurrency: int = 8,
        on_error: OnError = "stop",
        stop: Stop | None = None,
        window: int = 256,
        held_bytes: int = 64 * 1024 * 1024,
        ordered: bool = True,
        batching: Batching | None = None,
        breaker: Breaker | None = None,
        deadline: float | None = None,
        closing: Closing | None = None,
        masking: Callable[[Any], Callable[[str], str]] = lambda _raw: str,
    ) -> None:
        self._work = work
        self._masking = masking
        self._source = source
        self._concurrency = concurrency if source.size is None else max(1, min(concurrency, source.size))
        self._on_error = on_error
        self._batching = batching
        self._breaker = breaker
        self._deadline = deadline
        self._timer: asyncio.TimerHandle | None = None
        self._stop = stop or Stop()
        self._closing = closing
        self._most_begun = self._concurrency + window
        self._most_held = held_bytes
        self._ordered = ordered
        self._reading = asyncio.Lock()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ready: dict[int, Outcome] = {}
        self._held = 0
        self._read = 0
        self._given = 0
        self._gathering = 0
        self._begun = False
        self._workers: list[asyncio.Task[None]] = []
        self._forget: Callable[[], None] = lambda: None
        self.broke_off = False
        self.control = control or RunControl()
        self.control.listen(self._on_halt)

    @property
    def complete(self) -> bool:
        """Whether every item of the source has, or will have, an outcome."""
        return not self.control.halted or self._source.exhausted

    @property
    def over(self) -> bool:
        """Whether nothing is in flight any more and nothing will be: `left` then gives what is still to be given."""
        return self._begun and all(worker.done() for worker in self._workers)

    async def outcomes(self) -> AsyncIterator[Outcome]:
        """The outcomes, in input order. Raises what the input raised, after the outcomes of what it gave before."""
        while batch := await self.next_batch():
            for outcome in batch:
                yield outcome
        if self.control.fault is not None:
            raise self.control.fault

    async def next_batch(self, most: int = 256, *, linger: float = 0.0) -> list[Outcome]:
        """The next outcomes, at least one; none when the run is over (see the control's `fault` then).

        When one is there, up to `linger` seconds are waited for more while the run goes on.
        """
        self._begin()
        while True:
            if linger and not self.over and self._is_ready():
                await self._gathered(most, linger)
            batch = self._taken(most)
            if batch:
                return batch
            if self.over:
                if self.control.halted:
                    await self._source.settle()
                await self._close()
                return self.left(most)
            self._changed.clear()
            await self._changed.wait()

    def _is_ready(self) -> bool:
        return self._given in self._ready if self._ordered else bool(self._ready)

    async def _gathered(self, most: int, linger: float) -> None:
        """Wait for more outcomes: until there are `most`, the time is over, or the run is."""
        loop = asyncio.get_running_loop()
        self._gathering = most
        end = loop.call_later(linger, self._changed.set)
        self._changed.clear()
        try:
            await self._changed.wait()
        finally:
            end.cancel()
            self._gathering = 0

    def left(self, most: int = 256) -> list[Outcome]:
        """The next outcomes of a run that is over. The items that were not begun are in them, as not run."""
        batch = self._taken(most)
        if batch:
            return batch
        for _raw in self._source.rest():
            error = NotRunError(
                f"The item was not run: {self.control.why or 'the run ended'}.",
                item=self._read,
                hint=self.control.advice,
            )
            batch.append(Outcome(self._read, error=error))
            self._read += 1
            self._given += 1
            if len(batch) >= most:
                break
        return batch

    async def aclose(self, *, now: bool = False, why: str = "the run was closed") -> None:
        """End the run: nothing further is begun, and what is in flight is finished, or with `now` abandoned.

        A caller that is cancelled while it waits abandons it too.
        """
        self.control.halt(why)
        if now:
            self._abandon()
        try:
            await self._finished()
        except asyncio.CancelledError:
            self._abandon()
            await self._finished()
            await self._close()
            raise
        finally:
            self._forget()
            if self._timer is not None:
                self._timer.cancel()
        await self._source.settle()
        await self._close()

    async def _close(self) -> None:
        closing, self._closing = self._closing, None
        if closing is not None:
            try:
                await closing(None if self.control.halted else self._read)
            except NodeloomError as fault:
                self.control.keep(fault)

    async def __aenter__(self) -> Runner:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose(now=kind is not None and issubclass(kind, asyncio.CancelledError))

    async def _finished(self) -> None:
        pending = [worker for worker in self._workers if not worker.done()]
        if pending:
            # Not `gather`: cancelling the wait must not leave workers behind.
            await asyncio.wait(pending)

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        loop = asyncio.get_running_loop()

        def stopped(level: int) -> None:
            # Suppressed when the loop was closed: nothing of this run is left that could end.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._on_stop, level)

        self._forget = self._stop.listen(stopped)
        if self._stop.is_set:
            # Known before the first worker has had its turn, so nothing is begun at all.
            self.control.halt("the run was stopped")
        if not self.control.halted:
            self._workers = [loop.create_task(self._worker()) for _ in range(self._concurrency)]
        for worker in self._workers:
            worker.add_done_callback(self._worker_done)
        if self._deadline is not None:
            self._timer = loop.call_later(self._deadline, self._on_deadline, self._deadline)

    def _on_deadline(self, seconds: float) -> None:
        if not self.over:
            self.control.halt(f"the deadline of {seconds:g} s was reached", "Run it again, or allow the run more time.")
            self._timer = asyncio.get_running_loop().call_later(GRACE_SECONDS, self._abandon)

    def _worker_done(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (fault := worker.exception()) is not None:
            self.control.fail(fault, "the run failed")
        self._changed.set()

    def _on_stop(self, level: int) -> None:
        self.control.halt("the run was stopped")
        if level > 1:
            self._abandon()

    def _abandon(self) -> None:
        for worker in self._workers:
            worker.cancel()

    def _on_halt(self) -> None:
        self._source.close()
        # Workers that wait for room look up and end.
        self._room.set()

    async def _worker(self) -> None:
        source = self._source
        simple = self._batching is None
        breaker, control = self._breaker, self.control
        with clean_interruption():
            while not control.halted:
                if self._is_full():
                    self._room.clear()
                    await self._room.wait()
                    continue
                raw = source.poll() if simple else WAIT
                if raw is WAIT:
                    raw = await self._read_next()
                    if raw is WAIT:
                        continue
                    if raw is END:
                        return
                elif raw is END:
                    return
                else:
                    self._read += 1
                index = self._read - 1
                try:
                    outcome = await self._work(Trip(index, raw))
                except Exception as fault:  # noqa: BLE001 - one item must not take the run with it
                    error = unexpected(index, fault, self._masking(raw))
                    outcome = Outcome(index, error=error, effect=Effect.UNKNOWN)
                except asyncio.CancelledError:
                    self.broke_off = True
                    broken_off = RequestError(
                        "The run was broken off while this item was in flight.",
                        item=index,
                        hint="Check whether it was done before you repeat it.",
                        sent="unknown",
                    )
                    self._keep(Outcome(index, error=broken_off, effect=broken_off.effect))
                    return
                self._keep(outcome)
                self.broke_off = self.broke_off or outcome.cut_short
                # What a journal tells has ended an earlier run already; this one is to get past it.
                if outcome.error is not None and self._on_error == "stop" and not outcome.told:
                    self.control.halt(
                        f"item {index} failed",
                        'Run it again, or go on after errors with on_error="continue" (--on-error continue).',
                    )
                elif breaker is not None and not outcome.told and (why := breaker.see(outcome.error)) is not None:
                    self.control.halt(
                        why,
                        "Mend that and run it again; --break-after 0 (break_after=0) runs all items.",
                    )

    def _is_full(self) -> bool:
        return self._read - self._given >= self._most_begun or self._held >= self._most_held

    async def _read_next(self) -> Any:
        """The next raw item, counted; END when there is none, WAIT when the window has filled up meanwhile."""
        async with self._reading:
            if self._batching is not None and self._read and self._read % self._batching.size == 0:
                await self.control.pause(self._batching.seconds)
            if self.control.halted:
                return END
            if self._is_full():
                return WAIT
            try:
                raw = await self._source.next()
            except BaseException as fault:
                task = asyncio.current_task()
                if isinstance(fault, asyncio.CancelledError) and task is not None and task.cancelling():
                    raise
                # Kept, and raised where the outcomes are taken, after those of the items that were read.
                self.control.fail(fault, "the input could not be read further")
                return END
            if raw is not END:
                self._read += 1
            return raw

    def _keep(self, outcome: Outcome) -> None:
        self._ready[outcome.index] = outcome
        self._held += outcome.size
        if self._gathering:
            # Whoever gathers is woken by the clock, by a full batch, or when nothing more can come.
            if len(self._ready) >= self._gathering or self._is_full():
                self._changed.set()
        elif not self._ordered or outcome.index == self._given:
            self._changed.set()

    def _taken(self, most: int) -> list[Outcome]:
        ready = self._ready
        batch: list[Outcome] = []
        if self._ordered:
            while self._given + len(batch) in ready and len(batch) < most:
                batch.append(ready.pop(self._given + len(batch)))
        else:
            for index in list(ready)[:most]:
                batch.append(ready.pop(index))
        if batch:
            self._given += len(batch)
            self._held -= sum(outcome.size for outcome in batch)
            self._room.set()
        return batch


def unexpected(index: int, fault: Exception, mask: Callable[[str], str]) -> ItemError:
    """The error for an item on which Nodeloom itself failed; the fault's words stay in the log, masked."""
    text = "".join(traceback.format_exception(fault))
    logger.error("item %d: unexpected %s\n%s", index, type(fault).__name__, mask(text))
    return ItemError(
        f"Nodeloom itself failed on this item: {type(fault).__name__}.",
        item=index,
        hint="Please report it; the log holds the details.",
    )
