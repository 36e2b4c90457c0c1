"""The work on one item by the journal: what is done is told again, the rest done, and what became of it written down.

Its intent is written when a request's turn has come, by what sends it (`intents.py`).
"""

from __future__ import annotations

import functools
import time
from typing import Any

from nodeloom.errors import Effect, InvalidItemError, JournalError, NotRunError
from nodeloom.journal.committer import UNUSABLE, Committer
from nodeloom.journal.entries import FAILURES, Entry, Slot, State, broken_off, state_of
from nodeloom.journal.intents import ItemIntent
from nodeloom.journal.itemdigest import NO_DIGEST, canonical, digest_of
from nodeloom.journal.journalfile import Past
from nodeloom.journal.scrub import Scrub, encode
from nodeloom.outcomes import JournalReport, Outcome
from nodeloom.run.runner import Work
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip

# Looked up once: in Python 3.11 a member of an enumeration takes as long as a call, and every item asks.
_SUCCEEDED, _NOT_RUN, _UNKNOWN = State.SUCCEEDED, State.NOT_RUN, State.UNKNOWN


class JournaledWork:
    """Does items by `work`, used like it; what that sends goes through `recorded`.

    Args:
        work: the work on one item.
        committer: writes the journal.
        past: what an earlier run left.
        scrub: takes secrets out of what is written.
        repeatable: whether the operation may happen twice.
        retry_failed: whether what failed and may be run again is.
        control: is told if the run cannot go on: the items are not those of the journal, or it cannot be written.
        report: where it is counted what is done.
        total: how many items the journal's run has, if that is known.
    """

    def __init__(
        self,
        work: Work,
        committer: Committer,
        past: Past,
        scrub: Scrub,
        *,
        repeatable: bool,
        retry_failed: bool,
        control: RunControl,
        report: JournalReport,
        total: int | None = None,
    ) -> None:
        self._work = work
        self._committer = committer
        self._past = past
        self._scrub = scrub
        self._repeatable = repeatable
        self._retry_failed = retry_failed
        self._control = control
        self._total = total
        self._report = report

    async def __call__(self, trip: Trip) -> Outcome:
        """The outcome of one item, given again where it has one."""
        index, raw = trip.index, trip.raw
        try:
            entry = self._past.take(index) if index < self._past.end else None
        except JournalError as fault:
            self._control.fail(fault, UNUSABLE)
            return _not_run(index, fault)
        try:
            text = self._scrub.text(canonical(raw))
        except InvalidItemError as error:
            return self._refused(index, error, entry)
        digest = digest_of(text)
        if entry is not None or self._total is not None:
            other = self._mismatch(index, entry, digest, text)
            if other is not None:
                self._control.fail(other, UNUSABLE)
                return _not_run(index, other)
        if entry is not None and not self._runs_again(entry):
            return self._told(entry)
        # What may not happen twice is kept whole from the beginning, for whoever has to look what became of it.
        kept = None if self._repeatable else _item(raw, text)
        intent = ItemIntent(self._committer, index, digest, kept, entry)
        trip.intents = (intent,)
        if intent.maybe_done:
            trip.may_be_done()
            self._report.repeated += 1
        outcome = await self._work(trip)
        state = state_of(outcome, repeatable=self._repeatable)
        to_go_on = outcome.cut_short and (self._repeatable or outcome.effect is Effect.NONE)
        if state is _NOT_RUN or to_go_on:
            # The journal says of it what it said before: what may have been done stays in flight.
            return outcome
        item = None if state is _SUCCEEDED else _item(raw, text)
        self._write(intent, outcome, state, item)
        return outcome

    def _mismatch(self, index: int, entry: Entry | None, digest: bytes, text: str | None) -> JournalError | None:
        if entry is not None and entry.digest != digest:
            return JournalError(
                f"The journal {self._report.file} was made with other items: item {index} differs.",
                item=index,
                value=text,
                hint="Run with the items it was made with, or name another file for the journal.",
            )
        if self._total is not None and index >= self._total:
            return JournalError(
                f"The journal {self._report.file} was made with {self._total} items, and there are more.",
                item=index,
                hint="Run further items with a journal of their own.",
            )
        return None

    def _runs_again(self, entry: Entry) -> bool:
        if entry.state is State.IN_FLIGHT:
            return self._repeatable
        return entry.state is State.NOT_RUN or (entry.state in FAILURES and self._retry_failed)

    def _told(self, entry: Entry) -> Outcome:
        """The outcome an earlier run came to; of what it was broken off in, that nothing is known."""
        self._report.told += 1
        if entry.state is not State.IN_FLIGHT:
            self._report.unknown += entry.state is State.UNKNOWN
            return entry.outcome()
        error = broken_off(entry.position)
        outcome = Outcome(entry.position, error=error, told=True, effect=error.effect)
        self._write(Slot(entry.position, entry.digest, entry.checksum), outcome, State.UNKNOWN, entry.item)
        return outcome

    def _write(self, slot: Slot, outcome: Outcome, state: State, item: str | None) -> None:
        """Write down what became of an item."""
        if state is _UNKNOWN:
            self._report.unknown += 1
        results = encode(outcome.items) if outcome.error is None else None
        error = encode(outcome.error.to_dict()) if outcome.error is not None else None
        statuses = _statuses(outcome.statuses) if outcome.statuses else None
        now, retries = time.time(), outcome.retries
        # A plain int: sqlite3 asks an enumeration's member at length how it wants to be stored.
        row = (slot.position, slot.digest, int(state), now, item, results, error, statuses, retries)
        self._committer.put(slot, row)

    def _refused(self, index: int, error: InvalidItemError, entry: Entry | None) -> Outcome:
        """The outcome of an item that cannot be known again, and so is not run."""
        error.item = index
        outcome = Outcome(index, error=error)
        if entry is None or entry.digest == NO_DIGEST:
            slot = Slot(index, NO_DIGEST, 0 if entry is None else entry.checksum)
            self._write(slot, outcome, State.FAILED, None)
        else:
            self._control.fail(self._mismatch(index, entry, NO_DIGEST, None) or error, UNUSABLE)
        return outcome


@functools.lru_cache(maxsize=256)
def _statuses(statuses: tuple[int, ...]) -> str:
    # Nearly every item has the same.
    return encode(statuses)


def _item(raw: Any, text: str) -> str | None:
    """The item as it is kept: as JSON, without secrets; None of a line that could not be read."""
    return None if isinstance(raw, InvalidItemError) else text


def _not_run(index: int, fault: JournalError) -> Outcome:
    error = NotRunError(f"The item was not run: {fault.message}", item=index, hint=fault.hint)
    return Outcome(index, error=error)
