"""Whether standard input holds items.

Without `--items`, a pipe or a regular file on standard input is read for items, unless it is empty; a terminal,
/dev/null, a socket or a closed descriptor is not. The kind of the descriptor decides, not time: a producer that takes
a minute for its first item is waited for. Two cases are seen to, because programs that start others often leave a
silent pipe open:

* when no parameter is an expression, the operation does not depend on items, and after PATIENCE seconds of silence it
  runs once, with a note on standard error;
* else the wait goes on, with a note that says so.
"""

from __future__ import annotations

import os
import queue
import stat
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from nodeloom.inputs.itemfiles import CHUNK, BinaryStream

PATIENCE = 2.0


class Descriptor:
    """A file descriptor as a stream without a lock, so that a thread that waits for it does not bar the exit."""

    def __init__(self, number: int, first: bytes = b"") -> None:
        self._number = number
        self._first = first

    def read(self, size: int, /) -> bytes:
        """What is there, at most `size` bytes."""
        if self._first:
            first, self._first = self._first[:size], self._first[size:]
            return first
        return os.read(self._number, size)


def standard_input() -> BinaryStream | None:
    """Standard input, a file or a stream of a host; None when it is closed."""
    stream: IO[Any] | None = sys.stdin
    if stream is None:
        return None
    number = _number(stream)
    return Descriptor(number) if number is not None else getattr(stream, "buffer", None)


def piped_items(needed: bool, note: Callable[[str], None]) -> BinaryStream | None:
    """Standard input when it holds items, else None. `needed`: whether a parameter is an expression."""
    stream: IO[Any] | None = sys.stdin
    if stream is None:
        return None
    number = _number(stream)
    if number is None:
        # A host that calls main() in its own process has put a text stream there.
        return _unless_empty(getattr(stream, "buffer", None))
    try:
        kind = os.fstat(number).st_mode
    except OSError:
        return None
    if stat.S_ISREG(kind):
        return _unless_empty(Descriptor(number))
    if stat.S_ISFIFO(kind):
        first = _first_chunk(number, needed, note)
        return Descriptor(number, first) if first else None
    return None


def input_number() -> int | None:
    """The file descriptor of standard input; None when it is closed, or not a file."""
    return None if sys.stdin is None else _number(sys.stdin)


def _number(stream: IO[Any]) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _unless_empty(stream: BinaryStream | None) -> BinaryStream | None:
    if stream is None:
        return None
    first = stream.read(CHUNK)
    return _Begun(first, stream) if first else None


class _Begun:
    def __init__(self, first: bytes, rest: BinaryStream) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int, /) -> bytes | None:
        """What was read already, then the rest."""
        if self._first:
            first, self._first = self._first[:size], self._first[size:]
            return first
        return self._rest.read(size)


def _first_chunk(number: int, needed: bool, note: Callable[[str], None]) -> bytes:
    """The first bytes of a pipe; none when it is at its end, or silent and not needed."""
    arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        try:
            arrived.put(os.read(number, CHUNK))
        except OSError:
            arrived.put(b"")

    threading.Thread(target=read, name="nodeloom-stdin", daemon=True).start()
    try:
        return arrived.get(timeout=PATIENCE)
    except queue.Empty:
        if not needed:
            note("Standard input is open but silent, and no parameter is an expression: running once.")
            return b""
        note(f"Waiting for items on standard input. (To run once, end the command with <{os.devnull}.)")
    return arrived.get()
