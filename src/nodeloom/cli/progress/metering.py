"""How many items an input holds, told while it is read.

A regular file is not read twice to count its items: at each chunk it is known how many items the bytes before it held,
and so, from the file's size, about how many there are in all. Once the input ended the number is exact. Of a pipe
nothing is known before its end.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from nodeloom.inputs.itemfiles import CHUNK, BinaryStream

T = TypeVar("T")

# A small file is read in so many pieces, so that something is known before its end.
_PIECES = 64
_LEAST_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Total:
    """How many items there are; `exact` once that is known, else an estimate."""

    items: int
    exact: bool = True


def size_of(file: int | str) -> int | None:
    """How many bytes a regular file holds, or one that is open (a descriptor) has left; None for anything else."""
    try:
        about = os.stat(file)  # noqa: PTH116 - a descriptor, not a path
        if not stat.S_ISREG(about.st_mode):
            return None
        return about.st_size if isinstance(file, str) else max(0, about.st_size - os.lseek(file, 0, os.SEEK_CUR))
    except OSError:
        return None


class InputMeter:
    """Follows one input: `through` goes around its bytes, `counted` around its items.

    `total` may be asked for from any thread. A `total` that is given is what it says.
    """

    def __init__(self, total: int | None = None) -> None:
        self._known = Total(total) if total is not None else None
        self._size: int | None = None
        self._bytes = 0
        self._items = 0
        self._sample = (0, 0)

    @property
    def total(self) -> Total | None:
        """How many items there are, as far as that can be told by now."""
        if self._known is not None:
            return self._known
        size, (sampled_bytes, sampled_items) = self._size, self._sample
        if size is None or not sampled_items:
            return None
        return Total(max(self._items, round(sampled_items * max(1.0, size / sampled_bytes))), exact=False)

    def through(self, stream: BinaryStream, size: int | None) -> BinaryStream:
        """`stream`, followed if it is known how many bytes it will give."""
        if size is None:
            return stream
        self._size = size
        return _Followed(self, stream, min(CHUNK, max(_LEAST_CHUNK, size // _PIECES)))

    def count_items(self, items: Iterable[T]) -> Iterator[T]:
        """`items`; each is counted when it is taken."""
        for item in items:
            self._items += 1
            yield item
        self._known = Total(self._items)

    def sample(self) -> None:
        """Note that the bytes so far held the items so far; to be called when a chunk has been used up."""
        self._sample = (self._bytes, self._items)

    def add(self, number: int) -> None:
        """Note that `number` bytes more were read."""
        self._bytes += number


class _Followed:
    def __init__(self, meter: InputMeter, stream: BinaryStream, chunk: int) -> None:
        self._meter = meter
        self._stream = stream
        self._chunk = chunk

    def read(self, size: int, /) -> bytes | None:
        """At most a chunk."""
        self._meter.sample()
        piece = self._stream.read(min(size, self._chunk))
        self._meter.add(len(piece or b""))
        return piece

    def close(self) -> None:
        """Close the stream, if it can be closed."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
