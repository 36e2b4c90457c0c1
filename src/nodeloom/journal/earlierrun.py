"""What an earlier run left in a journal, read along as the items come, a bounded number of entries at a time."""

from __future__ import annotations

from collections.abc import Callable

from nodeloom.journal.entries import Entry

CHUNK = 512


class Past:
    """The entries of an earlier run. `fetch` reads those of a range of positions; `end` is the first position without.

    Each position is asked for once, and they come nearly in order.
    """

    def __init__(self, fetch: Callable[[int, int], list[Entry]], end: int) -> None:
        self._fetch = fetch
        self._read: dict[int, Entry] = {}
        self._read_to = 0
        self.end = end

    def take(self, position: int) -> Entry | None:
        """The entry of that position; None when the earlier run did not get to that item."""
        while position >= self._read_to and self._read_to < self.end:
            stop = min(self._read_to + CHUNK, self.end)
            self._read.update((entry.position, entry) for entry in self._fetch(self._read_to, stop))
            self._read_to = stop
        return self._read.pop(position, None)
