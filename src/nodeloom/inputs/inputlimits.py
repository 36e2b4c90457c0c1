"""How large an input may be, so that memory does not grow with what somebody sends: its lines, and where values end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: The longest item, line or row, in bytes, unless a host says otherwise.
ITEM_BYTES = 16 * 1024 * 1024
#: So many times the size of an item is read on to find the end of one that is too long, before the input is given up.
PATIENCE = 64
_SHOWN = 200
_BRACKETS = re.compile(rb'["\\\[\]{}]')


@dataclass(frozen=True, slots=True)
class InputLimits:
    """`item_bytes`: the longest item, line or row in bytes. `items`: how many there may be; None for any number.

    `depth`: how many levels of lists and objects an item may have, itself counted.
    """

    item_bytes: int = ITEM_BYTES
    items: int | None = None
    depth: int = 200


class LongLine(bytes):
    """The beginning of a line that is longer than allowed; `endless` when its end was not found."""

    endless: bool = False


def size_text(number: int) -> str:
    """A number of bytes for a message."""
    for unit, size in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return f"{number} bytes"


def split_lines(chunks: Iterator[bytes], limit: int = ITEM_BYTES) -> Iterator[bytes]:
    """The lines in `chunks`, each as soon as it is whole, with its line break; the last one may have none.

    Of a line longer than `limit` only the beginning is kept, as a LongLine. One that goes on for PATIENCE times the
    limit is the last.
    """
    rest: list[bytes] = []
    size = 0
    for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for line in whole:
            if rest or len(line) >= limit:
                rest.append(line)
                size += len(line)
                yield _line(rest, size, limit, b"\n")
                rest, size = [], 0
            else:
                yield line + b"\n"
        if last:
            size += len(last)
            if size <= limit:
                rest.append(last)
            elif rest or size == len(last):
                # Too long already: what comes is only looked through for the line's end.
                rest = [b"".join([*rest, last])[:_SHOWN]]
            if size > limit * PATIENCE:
                endless = LongLine(rest[0])
                endless.endless = True
                yield endless
                return
    if rest:
        yield _line(rest, size, limit, b"")


def _line(parts: list[bytes], size: int, limit: int, end: bytes) -> bytes:
    return LongLine(b"".join(parts)[:_SHOWN]) if size > limit else b"".join(parts) + end


class EndFinder:
    """Finds where a JSON object or array ends, without keeping it: by its brackets and quotes."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = False
        self._escaped = False

    def feed(self, piece: str) -> int | None:
        """Read on: the place in `piece` right after the end, or None when it is not in there."""
        # One character a byte, so that places are the same; only ASCII matters.
        data = piece.encode("ascii", "replace")
        at = 0
        if self._escaped and data:
            at, self._escaped = 1, False
        while (found := _BRACKETS.search(data, at)) is not None:
            at = found.end()
            sign = found[0]
            if sign == b"\\":
                if self._in_text:
                    if at >= len(data):
                        self._escaped = True
                        return None
                    at += 1
            elif sign == b'"':
                self._in_text = not self._in_text
            elif not self._in_text:
                self._depth += 1 if sign in b"[{" else -1
                if self._depth <= 0:
                    return at
        return None
