"""The intent of one item in a journal."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from nodeloom.run.journal.entries import State

if TYPE_CHECKING:
    from nodeloom.run.journal.checksum import Row
    from nodeloom.run.journal.committer import Committer
    from nodeloom.run.journal.entries import Slot


class ItemIntent:
    """That the item of `slot` is about to be sent; `kept` is what the journal keeps of it. An `Intent`.

    `written` and `maybe_done` are as an earlier run left them.
    """

    __slots__ = ("_committer", "_kept", "_slot", "maybe_done", "written")

    def __init__(self, committer: Committer, slot: Slot, kept: str | None, *, written: bool, maybe_done: bool) -> None:
        self._committer = committer
        self._slot = slot
        self._kept = kept
        self.written = written
        self.maybe_done = maybe_done

    def write(self) -> asyncio.Future[None]:
        """Write it down; what is intended may be done when the future is. The future raises JournalError."""
        return self._committer.begin(self._slot, self._row(State.IN_FLIGHT))

    def take_back(self) -> None:
        """Write down that nothing was done after all."""
        self._committer.put(self._slot, self._row(State.NOT_RUN))

    def _row(self, state: State) -> Row:
        # A plain int: sqlite3 asks an enumeration's member at length how it wants to be stored.
        return self._slot.position, self._slot.digest, int(state), time.time(), self._kept, None, None, None, 0
