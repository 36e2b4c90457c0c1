"""Checksums of a journal's rows: against damage by disks, copies and people, not against forgers.

CRC-32 finds every change within 32 bits, and all but one in four thousand millions of the others. It takes half as long
as a cryptographic digest would, and every item has two rows.
"""

from __future__ import annotations

from struct import Struct
from typing import Any
from zlib import crc32

# Position, tick, state, at, retries, and the length of the digest; the digest follows.
_HEAD = Struct("<qqqdqq").pack
_NO_TEXTS = b"None\nNone\nNone\nNone"

Row = tuple[int, bytes, int, float, str | None, str | None, str | None, str | None, int]
"""Position, digest, state, time, item, results, error, statuses, retries."""

_TEXTS = (str, type(None))


class Checksums:
    """The checksums of one journal, whose name for itself (`journal`, any bytes) is part of every one.

    A row's checksum covers its place and which commit wrote it, so that a row that was altered, exchanged with another,
    copied to another place or taken from another journal shows.
    """

    def __init__(self, journal: bytes) -> None:
        self._start = crc32(journal)

    def of_row(self, row: Row, tick: int) -> int:
        """The checksum of an item's row that the commit `tick` writes; never 0."""
        position, digest, state, at, item, results, error, statuses, retries = row
        # Texts are JSON in ASCII: they are never "None", and never have a line break. Most intents have no texts.
        some = results or item or error or statuses
        texts = f"{item}\n{results}\n{error}\n{statuses}".encode() if some else _NO_TEXTS
        return crc32(_HEAD(position, tick, state, at, retries, len(digest)) + digest + texts, self._start) or 1

    def of_fact(self, name: str, value: str, tick: int) -> int:
        """The checksum of a fact's row."""
        return crc32(f"{tick} {name}\n{value}".encode("utf-8", "surrogatepass"), self._start)

    def row_holds(self, row: tuple[Any, ...], tick: Any, checksum: Any) -> bool:
        """Whether a row that was read is the one that was written. The row may hold anything."""
        position, digest, state, at, item, results, error, statuses, retries = row
        types = type(digest) is bytes and type(at) is float and type(position) is type(state) is type(retries) is int
        if not types or type(tick) is not int:
            return False
        if not (type(item) in _TEXTS and type(results) in _TEXTS and type(error) in _TEXTS):
            return False
        return type(statuses) in _TEXTS and type(checksum) is int and self.of_row(row, tick) == checksum

    def fact_holds(self, name: Any, value: Any, tick: Any, checksum: Any) -> bool:
        """Whether a fact that was read is the one that was written. The fact may hold anything."""
        types = type(name) is type(value) is str and type(tick) is type(checksum) is int
        return types and self.of_fact(name, value, tick) == checksum


def wrapped(total: int) -> int:
    """A sum of checksums as SQLite keeps numbers: 64 bits, signed."""
    return (total + 2**63) % 2**64 - 2**63
