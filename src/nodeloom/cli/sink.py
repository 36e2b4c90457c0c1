"""Where results go: standard output or a file, a line each, written through as they come.

Lines that are ready together are written together: a system call for each would be the slow part of a fast run.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from nodeloom.cli.terminal import discard, is_reader_gone
from nodeloom.errors import ConfigurationError
from nodeloom.printable import json_text
from nodeloom.values import Json

# After so many results it pays to import a faster encoder.
_MANY = 5000
# So many bytes are written without waiting for more.
_MOST = 64 * 1024
# A write that has taken so long when the run is to end now waits for somebody to read.
_STUCK_SECONDS = 0.2


def json_line(value: Json) -> bytes:
    """`value` as one line of JSON in UTF-8; what a terminal would act on, and what UTF-8 cannot hold, is escaped."""
    return json_text(value, compact=True).encode() + b"\n"


def encoder(results: int) -> Callable[[Json], bytes]:
    """What writes lines in a run that has written so many results: `json_line`, or what does the same faster.

    pydantic's encoder takes a fifth of the time for a line, and longer to import than a small run needs for all.
    """
    return json_line if results < _MANY else _quick_encoder()


@functools.cache
def _quick_encoder() -> Callable[[Json], bytes]:
    from pydantic_core import PydanticSerializationError, to_json

    def quick_line(value: Json) -> bytes:
        try:
            line = to_json(value, inf_nan_mode="null")
        except PydanticSerializationError:
            # Half of a surrogate pair, or nested deeper than it goes.
            return json_line(value)
        # ASCII is JSON's own affair; what else is not safe to show is escaped by the other.
        return line + b"\n" if line.isascii() and b"\x7f" not in line else json_line(value)

    return quick_line


# The options that name files which are read or written as long as a run goes on.
_FILES = {
    "--items": "items_from",
    "--output": "output",
    "--report": "report",
    "--log-file": "log_file",
    "--journal": "journal",
}


def check_files(options: Mapping[str, Any]) -> None:
    """Raise ConfigurationError when two options name one file: each would write over the other.

    "-" is a standard stream, and devices may be shared.
    """
    seen: dict[Path, str] = {}
    for option, name in _FILES.items():
        path = options[name]
        if path in (None, "-"):
            continue
        place = Path(str(path)).resolve()
        if place.exists() and not place.is_file():
            continue
        if place in seen:
            raise ConfigurationError(
                f"{seen[place]} and {option} name the same file.", value=path, hint=f"Name another file for {option}."
            )
        seen[place] = option


def open_output(path: str) -> BinaryIO:
    """A file for results; what it holds stays until the first write, so that a mistake in the call costs no results.

    Raises ConfigurationError when it cannot be written.
    """
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "wb")
    except OSError as fault:
        raise ConfigurationError(
            f"{path} cannot be written: {fault.strerror or fault}.", hint="Name another file, or mend its permissions."
        ) from None


class Sink:
    """Writes lines to a file, or to standard output without one.

    `write` keeps lines until `flush`, or until they are many. `begin()`, or the first write, empties the file
    (`begun`). Once writing fails nothing more is written: `fault` holds why, and `closed_by_reader` says whether it was
    only that the reader has gone.
    """

    def __init__(self, file: BinaryIO | None = None, name: str = "standard output") -> None:
        self._file = file
        self._name = name
        self._waiting: list[bytes] = []
        self._size = 0
        self._since: float | None = None
        self.begun = False
        self.fault: OSError | None = None

    @property
    def closed_by_reader(self) -> bool:
        """Whether the reading end of a pipe is gone."""
        return self.fault is not None and is_reader_gone(self.fault)

    @property
    def message(self) -> str:
        """What to tell about `fault`."""
        reason = self.fault.strerror or str(self.fault) if self.fault is not None else ""
        return f"The results cannot be written to {self._name}: {reason}."

    def begin(self) -> None:
        """Empty the file."""
        if self.begun:
            return
        self.begun = True
        try:
            if self._file is not None and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                self._file.truncate(0)
        except OSError as fault:
            self.fault = fault

    def write(self, lines: Iterable[bytes]) -> bool:
        """Take whole lines; whether all went well so far."""
        for line in lines:
            self._waiting.append(line)
            self._size += len(line)
        return self.flush() if self._size >= _MOST else self.fault is None

    def flush(self) -> bool:
        """Pass on what was taken; whether that went well."""
        self.begin()
        lines, self._waiting, self._size = self._waiting, [], 0
        if self.fault is not None:
            return False
        try:
            self._since = time.monotonic()
            out = self._file if self._file is not None else _stdout()
            out.write(b"".join(lines))
            out.flush()
        except OSError as fault:
            self.fault = fault
            return False
        finally:
            self._since = None
        return True

    def give_up(self) -> None:
        """For a signal's handler: end a write that waits for a reader who does not read. Raises OSError into it."""
        if self._since is not None and time.monotonic() - self._since > _STUCK_SECONDS:
            raise TimeoutError(errno.ETIMEDOUT, "the reader does not read them")

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._waiting:
            self.flush()
        if self._file is not None:
            if isinstance(self.fault, TimeoutError):
                # What is left in its buffer would wait as well.
                discard(self._file)
            try:
                self._file.close()
            except OSError as fault:
                self.fault = self.fault or fault
        elif self.fault is not None:
            discard(sys.stdout)


def open_sink(options: Mapping[str, Any]) -> Sink:
    """The sink of `--output`; standard output without one, or for `-`. Raises ConfigurationError."""
    path = options["output"]
    return Sink() if path in (None, "-") else Sink(open_output(path), path)


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OSError(9, os.strerror(9))
    # Bytes, because NDJSON is UTF-8 in every locale.
    return sys.stdout.buffer
