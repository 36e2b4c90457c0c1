"""The mark in a journal's file: how many commits the journal must hold.

What a run commits stands in SQLite's write-ahead log first. SQLite reads that log as far as it is whole, and takes
what follows for never written: a log that was cut, damaged, exchanged or lost looks like an earlier moment, in which
an item that was sent had not been begun. So the number of the last commit is written into the database's own file too,
past SQLite: into the free space of a page that SQLite does not write again (file format, section 1.5). It is
written after the commit, so it never promises one that was not made.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from struct import Struct

_PACK = Struct("<8sq")
_CHECK_BYTES = 8
SIZE = _PACK.size + _CHECK_BYTES


@dataclass(frozen=True, slots=True)
class Mark:
    """The journal it belongs to (8 bytes), and the number of its last commit."""

    journal: bytes
    tick: int

    @classmethod
    def of(cls, raw: bytes) -> Mark | None:
        """The mark in a file, or None if it has not been written yet. Raises ValueError if it is damaged."""
        if not raw.strip(b"\0"):
            return None
        mark = cls(*_PACK.unpack(raw[: _PACK.size])) if len(raw) == SIZE else None
        if mark is None or mark_bytes(mark.journal, mark.tick) != raw:
            raise ValueError("the mark is damaged")
        return mark


def mark_bytes(journal: bytes, tick: int) -> bytes:
    """The mark as it stands in a file."""
    content = _PACK.pack(journal, tick)
    return content + blake2b(content, digest_size=_CHECK_BYTES).digest()
