"""Checksums of a journal's rows: against damage by disks, copies and people, not against forgers."""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import Any

# Position, tick, state, at, retries, and the length of the digest; the digest follows.
_HEAD = Struct("<qqqdqq").pack
_NUMBER = Struct("<q").unpack

Row = tuple[int, bytes, int, float, str | None, str | None, str | None, str | None, int]
"""Position, digest, state, time, item, results, error, statuses, retries."""

_TEXTS = (str, type(None))


class Checksums:
    """The checksums of one journal, whose name for itself (`journal`, any bytes) is part of every one.

    A row's checksum covers its place and which commit wrote it, so that a row that was altered, exchanged with another,
    copied to another place or taken from another journal shows.
    """

    def __init__(self, journal: bytes) -> None:
        self._base = blake2b(digest_size=8, key=journal)

    def of_row(self, row: Row, tick: int) -> int:
        """The checksum of an item's row that the commit `tick` writes: 64 bits, signed, as SQLite keeps numbers."""
        position, digest, state, at, item, results, error, statuses, retries = row
        hashed = self._base.copy()
        hashed.update(_HEAD(position, tick, state, at, retries, len(digest)) + digest)
        # Texts are JSON in ASCII, so none is "None", and none has a line break.
        hashed.update(f"{item}\n{results}\n{error}\n{statuses}".encode())
        number: int = _NUMBER(hashed.digest())[0]
        return number

    def of_fact(self, name: str, value: str, tick: int) -> int:
        """The checksum of a fact's row."""
        hashed = self._base.copy()
        hashed.update(f"{tick} {name}\n{value}".encode("utf-8", "surrogatepass"))
        number: int = _NUMBER(hashed.digest())[0]
        return number

    def row_holds(self, row: tuple[Any, ...], tick: Any, checksum: Any) -> bool:
        """Whether a row that was read, whatever is in it, is the one that was written."""
        position, digest, state, at, item, results, error, statuses, retries = row
        types = type(digest) is bytes and type(at) is float and type(position) is type(state) is type(retries) is int
        if not types or type(tick) is not int:
            return False
        if not (type(item) in _TEXTS and type(results) in _TEXTS and type(error) in _TEXTS):
            return False
        return type(statuses) in _TEXTS and self.of_row(row, tick) == checksum

    def fact_holds(self, name: Any, value: Any, tick: Any, checksum: Any) -> bool:
        """Whether a fact that was read, whatever is in it, is the one that was written."""
        return type(name) is type(value) is str and type(tick) is int and self.of_fact(name, value, tick) == checksum


def wrapped(total: int) -> int:
    """A sum of checksums as a signed number of 64 bits."""
    return (total + 2**63) % 2**64 - 2**63
