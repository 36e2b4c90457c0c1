"""A run from beginning to end, and what becomes of its end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from nodeloom.outcomes import Kept, Outcome, RunResult
from nodeloom.run.stop import Stop
from nodeloom.runtime.waiting import waited_for

if TYPE_CHECKING:
    import concurrent.futures

    from nodeloom.run.runner import Runner
    from nodeloom.runtime.background import Background
    from nodeloom.runtime.loops import Loops
    from nodeloom.runtime.opening import OpenedRun, StartedRun
    from nodeloom.transport import Sender

# How long outcomes are gathered before they are handed on, in seconds.
_LINGER = 0.005

# Every outcome, and what the input raised.
Collected = tuple[RunResult, BaseException | None]


async def collected(opened: OpenedRun, sender: Sender, watch: Callable[[Runner], None] | None = None) -> Collected:
    """Run to the end on the running event loop. `watch` is told of the runner."""
    run = opened.start(sender.send)
    if watch is not None:
        watch(run.runner)
    kept, report = Kept(), run.report
    try:
        async with run.runner as runner:
            while batch := await runner.next_batch(linger=_LINGER):
                for outcome in batch:
                    report.add(outcome)
                    kept.add(outcome)
    finally:
        run.close_report()
    return RunResult(kept, report), runner.control.fault


async def collected_in(background: Background, opened: OpenedRun) -> Collected:
    """Run to the end in the background."""
    return await collected(opened, background.sender, background.watch)


def given(batch: list[Outcome], run: StartedRun) -> Iterator[Outcome]:
    """The outcomes of a batch, each counted when it is taken. Those that were not taken are left in `batch`."""
    batch.reverse()
    while batch:
        outcome = batch.pop()
        run.count(outcome)
        yield outcome


class Outcomes(Iterator[Outcome]):
    """The outcomes one at a time, of a run in the background; closing the iterator ends the run."""

    def __init__(self, loops: Loops, opened: OpenedRun) -> None:
        self._batch: list[Outcome] = []
        # A function, not a method: nothing must hold an iterator that is not used any more.
        self._outcomes = _streamed(loops, opened, self._batch)

    @property
    def ready(self) -> int:
        """How many outcomes can be taken without waiting."""
        return len(self._batch)

    def __next__(self) -> Outcome:
        return next(self._outcomes)

    def close(self) -> None:
        """End the run: what is in flight is finished."""
        self._outcomes.close()


def _streamed(loops: Loops, opened: OpenedRun, batch: list[Outcome]) -> Generator[Outcome, None, None]:
    """What `Outcomes` gives; `batch` holds what comes next, in reverse order."""
    from nodeloom.runtime.background import ClosedError

    background, run = waited_for(loops.submit(_begun_in, opened))
    runner = run.runner
    linger = 0.0
    try:
        while True:
            asked = time.perf_counter()
            try:
                batch[:] = background.call(_next_batch, runner, linger)
            except ClosedError:
                # The runtime was closed meanwhile, which brought the run to its end.
                batch[:] = runner.left()
            if not batch:
                break
            # Going from thread to thread costs more than an item, so a quick run's outcomes are given in batches.
            linger = _LINGER if time.perf_counter() - asked < 2 * _LINGER else 0.0
            yield from given(batch, run)
        if runner.control.fault is not None:
            raise runner.control.fault
    finally:
        # When the interpreter is going away, the run has ended with the process, and its report is not looked at. To
        # touch what the loop in the other thread has made crashes early releases of Python 3.12.
        if not sys.is_finalizing():
            with contextlib.suppress(ClosedError):
                background.call(runner.aclose)
            run.close_report(unseen=batch)


async def _next_batch(runner: Runner, linger: float) -> list[Outcome]:
    return await runner.next_batch(linger=linger)


async def _begun_in(background: Background, opened: OpenedRun) -> tuple[Background, StartedRun]:
    """A run in the background, whose outcomes are asked for one after the other."""
    run = opened.start(background.sender.send)
    background.watch(run.runner)
    return background, run


def waited_out(future: concurrent.futures.Future[Collected], stop: Stop) -> RunResult:
    """The result of an interrupted run: it is told to stop, and, interrupted again, to leave what is in flight."""
    try:
        # Inside, for the second interrupt may come as soon as whoever waits for the first to be told knows of it.
        stop.set()
        return waited_for(future)[0]
    except KeyboardInterrupt:
        stop.set(now=True)
        return waited_for(future)[0]


def raise_first(end: Collected, on_error: str) -> RunResult:
    """The result. Raises what the input raised and, with `on_error="stop"`, the first item's error; both hold it."""
    result, fault = end
    if fault is not None:
        # The input may raise anything: what was done before must not be lost with it.
        fault.result = result  # type: ignore[attr-defined]
        raise fault
    if on_error == "stop":
        for error in result.errors:
            if error.code != "not_run":
                error.result = result
                raise error
    return result
