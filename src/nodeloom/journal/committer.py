"""Group commit: what one turn of the event loop brings is written in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from nodeloom.errors import JournalError
from nodeloom.redaction import clean_interruption

if TYPE_CHECKING:
    from nodeloom.journal.checksum import Row
    from nodeloom.journal.entries import Slot
    from nodeloom.journal.journalfile import Change, JournalFile
    from nodeloom.journal.scrub import Scrub
    from nodeloom.transport.runcontrol import RunControl

# Why a run ends that has lost its journal.
UNUSABLE = "the run's journal cannot be used any further"


class Committer:
    """Writes a journal's rows; for one event loop.

    A commit that has to reach the disk (`durable`) is waited for in a thread, and so is carrying the log over; all
    else is quicker where it stands. When something cannot be written, `control` ends the run: nothing is begun after
    that, and the outcomes that come are kept for a last attempt by `aclose`.
    """

    def __init__(self, file: JournalFile, scrub: Scrub, control: RunControl, *, durable: bool) -> None:
        self._file = file
        self._scrub = scrub
        self._durable = durable
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._begins: list[tuple[Change, asyncio.Future[None]]] = []
        self._puts: list[Change] = []
        self._scheduled = False
        self._thread: ThreadPoolExecutor | None = None
        self._working: asyncio.Future[None] | None = None
        self._failure: JournalError | None = None

    def begin(self, slot: Slot, row: Row) -> asyncio.Future[None]:
        """Write down that an item is about to be sent; it may be sent when the future is done.

        The future raises JournalError when that cannot be written. One that is cancelled takes the row back, as long
        as it is not written.
        """
        future = self._loop.create_future()
        if self._failure is not None:
            future.set_exception(self._failure)
            return future
        self._begins.append(((slot, row), future))
        self._schedule()
        return future

    def put(self, slot: Slot, row: Row) -> None:
        """Write down what became of an item: its outcome, or that it is to be begun again before it is sent."""
        self._puts.append((slot, row))
        self._schedule()

    async def aclose(self) -> None:
        """Write what is left. Raises JournalError when it cannot be written."""
        while self._working is not None:
            # `wait` leaves the work alone when it is cancelled itself, and the callback below has its turn first.
            await asyncio.wait([self._working])
            await asyncio.sleep(0)
        self._scheduled = True
        try:
            if self._pending:
                begins, puts, _futures = self._taken()
                self._file.write(begins, puts)
                await self._in_thread(self._file.commit)
        finally:
            if self._thread is not None:
                self._thread.shutdown()

    def _schedule(self) -> None:
        if not self._scheduled and self._working is None and self._failure is None:
            self._scheduled = True
            # Once more round the loop, so that all items that are ready come along.
            self._loop.call_soon(self._flush)

    @property
    def _pending(self) -> bool:
        return bool(self._begins or self._puts)

    def _taken(self) -> tuple[list[Change], list[Change], list[asyncio.Future[None]]]:
        """What is to be written, without secrets: intents, all else, and those who wait for the intents."""
        wanted = [entry for entry in self._begins if not entry[1].done()]
        begins = self._scrubbed([change for change, _future in wanted])
        puts = self._scrubbed(self._puts)
        self._begins, self._puts = [], []
        return begins, puts, [future for _change, future in wanted]

    def _scrubbed(self, changes: list[Change]) -> list[Change]:
        rows = [row for _slot, row in changes]
        clean = self._scrub.rows(rows)
        return changes if clean is rows else [(slot, row) for (slot, _row), row in zip(changes, clean, strict=True)]

    def _flush(self) -> None:
        if self._working is not None:
            return
        self._scheduled = False
        with clean_interruption():
            self._write_taken()

    def _write_taken(self) -> None:
        begins, puts, waiting = self._taken()
        if not (begins or puts):
            return
        try:
            self._file.write(begins, puts)
            if self._durable:
                self._work(self._file.commit, lambda failure: self._committed(failure, puts, waiting))
                return
            self._file.commit()
        except JournalError as failure:
            self._committed(failure, puts, waiting)
        else:
            self._committed(None, puts, waiting)

    def _committed(self, failure: JournalError | None, puts: list[Change], waiting: list[asyncio.Future[None]]) -> None:
        if failure is not None:
            self._fail(failure, puts, waiting)
            return
        for future in waiting:
            if not future.done():
                future.set_result(None)
        try:
            wants_checkpoint = self._file.wants_checkpoint
        except JournalError as gone:
            self._fail(gone, [], [])
            return
        if wants_checkpoint:
            self._work(self._file.checkpoint, self._carried_over)

    def _carried_over(self, failure: JournalError | None) -> None:
        if failure is not None:
            self._fail(failure, [], [])

    def _fail(self, failure: JournalError, puts: list[Change], waiting: list[asyncio.Future[None]]) -> None:
        first = self._failure is None
        self._failure = failure
        self._puts = [*puts, *self._puts]
        for future in [*waiting, *(future for _change, future in self._begins)]:
            if not future.done():
                future.set_exception(failure)
        # Nothing was sent of any of them: what is not on record then may be run again.
        self._begins = []
        if first:
            self._control.fail(failure, UNUSABLE)

    def _work(self, job: Callable[[], None], done: Callable[[JournalError | None], None]) -> None:
        """Do `job` in the thread; what comes meanwhile waits, and is written after it."""

        def worked(future: asyncio.Future[None]) -> None:
            fault = future.exception()
            if fault is not None and not isinstance(fault, JournalError):
                fault = JournalError(f"The journal failed: {type(fault).__name__}: {fault}.")
            self._working = None
            done(fault)
            if self._pending:
                self._schedule()

        self._working = self._in_thread(job)
        self._working.add_done_callback(worked)

    def _in_thread(self, job: Callable[[], None]) -> asyncio.Future[None]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="nodeloom-journal")
        return self._loop.run_in_executor(self._thread, job)
