"""A run's journal from its opening to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from nodeloom.errors import JournalError
from nodeloom.journal.committer import Committer
from nodeloom.journal.hold import Hold
from nodeloom.journal.identity import Identity
from nodeloom.journal.journaledwork import JournaledWork
from nodeloom.journal.journalfile import JournalFile, Past
from nodeloom.journal.journalplace import JournalPlace
from nodeloom.journal.namelock import Lock
from nodeloom.journal.scrub import Scrub
from nodeloom.outcomes import JournalReport

if TYPE_CHECKING:
    from nodeloom.journal.examination import Examination
    from nodeloom.redaction import Masker
    from nodeloom.run.runner import Work
    from nodeloom.transport.runcontrol import RunControl

logger = logging.getLogger("nodeloom")


class Journal:
    """A run's journal: made when the file is not there, gone on with when it is this run's.

    `repeatable` says that the operation may happen twice (its method is idempotent). `total` is how many items the run
    has, if that is known beforehand, and `title` the operation as a person names it. Raises JournalError when the
    file cannot be used, another run uses it, or it was made by a run that was not the same. What is opened is closed
    by `aclose`, or by `close` when nothing was begun.
    """

    def __init__(
        self,
        place: JournalPlace,
        identity: Identity,
        *,
        title: str,
        repeatable: bool,
        total: int | None = None,
        masker: Callable[[], Masker] | None = None,
    ) -> None:
        self.path = place.path
        self._scrub = Scrub(masker)
        self._committer: Committer | None = None
        self.report = JournalReport(str(self.path))
        self._place = place
        with ExitStack() as undo, place.translated():
            lock = Lock(place)
            undo.callback(lock.release)
            place.make()
            hold = Hold(place)
            undo.callback(hold.release)
            self._file = JournalFile(place, hold)
            undo.callback(self._file.close)
            past = self._file.past
            facts = {} if past is None else past.facts
            if facts:
                identity.check(facts["identity"], self.path)
            # What an earlier version of Nodeloom would not have sent twice is not sent twice by this one.
            self.repeatable = repeatable and facts.get("repeatable", True)
            self._total: int | None = facts.get("items")
            self._past = Past(self._file.fetch, 0 if past is None else past.end)
            self._check_total(total)
            self._check_lost(past)
            self._file.begin(
                {
                    **({} if facts else {"identity": identity.to_dict(), "title": title, "madeAt": time.time()}),
                    "repeatable": self.repeatable,
                    "items": self._total,
                    "nodeloom": _version(),
                },
                durable=not self.repeatable,
            )
            self._close = undo.pop_all()

    def work(self, work: Work, control: RunControl, *, retry_failed: bool = False) -> JournaledWork:
        """`work` by the journal, for the running event loop; see JournaledWork."""
        self._committer = Committer(self._file, self._scrub, control, durable=not self.repeatable)
        return JournaledWork(
            work,
            self._committer,
            self._past,
            self._scrub,
            repeatable=self.repeatable,
            retry_failed=retry_failed,
            control=control,
            total=self._total,
            report=self.report,
        )

    async def aclose(self, read: int | None = None) -> None:
        """Write what is left, and close. `read` is how many items there were, where the input was read to its end.

        Raises JournalError when something cannot be written, or when there were fewer items than the journal knows.
        """
        try:
            if self._committer is not None:
                await self._committer.aclose()
                self._file.check_there()
            if read is not None:
                self._check_fewer(read)
        except BaseException:
            await asyncio.to_thread(self._close.close)
            raise
        # It waits for the disk, and other runs on this loop need not.
        await asyncio.to_thread(self._end, read)

    def _end(self, read: int | None) -> None:
        """Write down that the run has ended, and close. So the last commit is one that no item's row belongs to."""
        with self._close:
            self._file.set_facts({"endedAt": time.time(), "items": self._total if read is None else read})

    def close(self) -> None:
        """Close a journal that nothing was begun with."""
        self._close.close()

    def __del__(self) -> None:
        # A run that was opened and never begun: a stream whose first outcome was never asked for.
        closing = getattr(self, "_close", None)
        if closing is not None:
            closing.close()

    def _check_total(self, total: int | None) -> None:
        if total is None:
            return
        if self._total is not None and total != self._total:
            raise _other_number(self.path, self._total, total)
        if total < self._past.end:
            raise _other_number(self.path, self._past.end, total)
        self._total = total

    def _check_lost(self, past: Examination | None) -> None:
        """What is missing from the end of the log was sent, as far as anybody knows."""
        if past is None or not past.lost:
            return
        if not self.repeatable:
            raise self._place.damaged(past.words_for_lost)
        self.report.lost = past.lost
        logger.warning("the journal %s is incomplete: %s; what they said is done again", self.path, past.words_for_lost)

    def _check_fewer(self, read: int) -> None:
        known = max(self._past.end, self._total or 0)
        if read < known:
            raise _other_number(self.path, known, read)


def _other_number(path: Path, before: int, now: int) -> JournalError:
    return JournalError(
        f"The journal {path} was made with {before} items, and now there are {now}.",
        hint="Run with the items it was made with, or name another file for the journal.",
    )


def _version() -> str:
    from nodeloom import __version__

    return __version__
