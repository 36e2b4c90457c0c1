"""`--log`: what goes to the logger `nodeloom`, as lines of text or JSON on standard error or in a file."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from nodeloom.cli.terminal import say
from nodeloom.errors import ConfigurationError, preview
from nodeloom.printable import escaped_lines

# What every record has; the rest is what the message brought along.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextlib.contextmanager
def logs(form: str | None, level: str | None, file: str | None) -> Iterator[None]:
    """While entered, the logger `nodeloom` writes to standard error, or appends to `file`. Nothing when all are None.

    `form` is `text` or `json`, `level` debug, info, warning or error; text and info by default. Raises
    ConfigurationError when the file cannot be opened.
    """
    if form is None and level is None and file is None:
        yield
        return
    logger = logging.getLogger("nodeloom")
    before = logger.level
    handler = _Handler(file)
    handler.setFormatter(JSONLines() if form == "json" else TextLines())
    logger.addHandler(handler)
    logger.setLevel((level or "info").upper())
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
        handler.close()
        if handler.fault is not None:
            say(f"warning: The log cannot be written{f' to {file}' if file else ''}: {handler.fault}.")


class _Handler(logging.Handler):
    """Writes lines through as they come. Once that fails nothing more is written, and `fault` says why."""

    def __init__(self, file: str | None) -> None:
        super().__init__()
        self.fault: str | None = None
        try:
            self._file = None if file is None else open(file, "a", encoding="utf-8")  # noqa: SIM115, PTH123
        except OSError as fault:
            raise ConfigurationError(
                f"{file} cannot be written: {fault.strerror or fault}.",
                hint="Name another file for --log-file, or mend its permissions.",
            ) from None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        if self.fault is not None:
            return
        line = self.format(record) + "\n"
        # Asked for each time: a bar that is on the terminal puts itself in the place of standard error.
        out: TextIO = self._file if self._file is not None else sys.stderr
        try:
            out.write(line)
            out.flush()
        except OSError as fault:
            self.fault = fault.strerror or str(fault)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as fault:
                self.fault = self.fault or fault.strerror or str(fault)
        super().close()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts(record: logging.LogRecord) -> dict[str, object]:
    """What the message brought along, without what is not known."""
    return {k: v for k, v in vars(record).items() if k not in _STANDARD and v is not None}


class JSONLines(logging.Formatter):
    """`{"time": …, "level": …, "logger": …, "message": …}` and the message's facts, a line a record, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry = {
            **_facts(record),
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        first = ("time", "level", "logger", "message")
        return json.dumps({k: entry[k] for k in (*first, *(k for k in entry if k not in first))}, default=preview)


class TextLines(logging.Formatter):
    """`2026-01-31T12:00:00.000Z WARNING nodeloom.item: item 3 failed: … item=3 error=not_found`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback follows on lines of its own."""
        facts = " ".join(f"{name}={_word(value)}" for name, value in _facts(record).items())
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}"
        line = f"{line} {facts}" if facts else line
        return escaped_lines(f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line)


def _word(value: Any) -> str:
    text = preview(value)
    return json.dumps(text, ensure_ascii=False) if any(c in text for c in ' "=') else text
