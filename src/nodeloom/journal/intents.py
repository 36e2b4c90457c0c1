"""The intent of one item in a journal."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from nodeloom.journal.entries import Slot, State

if TYPE_CHECKING:
    from nodeloom.journal.checksum import Row
    from nodeloom.journal.committer import Committer
    from nodeloom.journal.entries import Entry


class ItemIntent(Slot):
    """That the item at `position` is about to be sent; `kept` is what the journal keeps of it. An `Intent`.

    `before` is what an earlier run left.
    """

    __slots__ = ("_committer", "_kept", "maybe_done", "written")

    def __init__(
        self, committer: Committer, position: int, digest: bytes, kept: str | None, before: Entry | None
    ) -> None:
        self.position = position
        self.digest = digest
        self._committer = committer
        self._kept = kept
        if before is None:
            self.checksum = 0
            self.written = self.maybe_done = False
        else:
            self.checksum = before.checksum
            self.written = before.state is State.IN_FLIGHT
            self.maybe_done = before.maybe_done

    def write(self) -> asyncio.Future[None]:
        """Write it down; what is intended may be done when the future is. The future raises JournalError."""
        return self._committer.begin(self, self._row(State.IN_FLIGHT))

    def take_back(self) -> None:
        """Write down that nothing was done after all."""
        self._committer.put(self, self._row(State.NOT_RUN))

    def _row(self, state: State) -> Row:
        # A plain int: sqlite3 asks an enumeration's member at length how it wants to be stored.
        return self.position, self.digest, int(state), time.time(), self._kept, None, None, None, 0
