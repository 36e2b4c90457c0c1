"""The intent of one item in a journal."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from nodeloom.run.journal.entries import State

if TYPE_CHECKING:
    from nodeloom.run.journal.committer import Committer
    from nodeloom.run.journal.file import BeginRow


class ItemIntent:
    """That the item at `index` is about to be sent; `kept` is what the journal keeps of it. An `Intent`.

    `written` and `maybe_done` are as an earlier run left them.
    """

    __slots__ = ("_committer", "_digest", "_index", "_kept", "maybe_done", "written")

    def __init__(
        self, committer: Committer, index: int, digest: bytes, kept: str | None, *, written: bool, maybe_done: bool
    ) -> None:
        self._committer = committer
        self._index = index
        self._digest = digest
        self._kept = kept
        self.written = written
        self.maybe_done = maybe_done

    def row(self) -> BeginRow:
        """The row that says so."""
        return self._index, self._digest, time.time(), self._kept

    def write(self) -> asyncio.Future[None]:
        """Write it down; what is intended may be done when the future is. The future raises JournalError."""
        return self._committer.begin(self.row())

    def take_back(self) -> None:
        """Write down that nothing was done after all."""
        self._committer.take_back((int(State.NOT_RUN), time.time(), self._index))
