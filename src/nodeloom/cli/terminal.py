"""Where everything a person reads is written; the one place, so that all of it is safe to show.

Results (`nodeloom run`, `nodeloom plan`) are data and go through `sink.py`; JSON is JSON here too.
"""

from __future__ import annotations

import os
from typing import IO, Any

import click

from nodeloom.printable import escaped, escaped_lines, json_text, one_line


def show(line: object = "") -> None:
    """Write one line to standard output, whatever stands in it."""
    _write(one_line(str(line)))


def show_lines(text: str) -> None:
    """Write text of several lines to standard output."""
    _write(escaped_lines(text))


def show_json(value: Any, indent: int | None = None) -> None:
    """Write `value` to standard output as JSON."""
    _write(json_text(value, indent))


def say(text: str) -> None:
    """Write text to standard error; nothing happens where nobody can read it any more."""
    try:
        _write(escaped_lines(text), err=True)
    except BrokenPipeError:
        return


def confirm(question: str, **options: Any) -> bool:
    """Ask a question that is answered by yes or no; options are those of `click.confirm`."""
    return click.confirm(one_line(question), err=True, **options)


def ask(label: str, *, default: str | None = None, show_default: bool = True, **options: Any) -> Any:
    """Ask for a text; options are those of `click.prompt`. A default that is not safe to show is not shown."""
    shown = show_default and default is not None and escaped(default) == default
    return click.prompt(one_line(label), default=default, show_default=shown, err=True, **options)


def discard(stream: IO[Any]) -> None:
    """Let what is still in an output's buffer go nowhere, because nobody reads it any more."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        # A standard output that is no file (a host that calls main() in its own process) has no buffer to save.
        return


def _write(text: str, *, err: bool = False) -> None:
    try:
        click.echo(text, err=err)
    except UnicodeEncodeError as fault:
        # A terminal that does not know all of Unicode.
        click.echo(text.encode(fault.encoding, "backslashreplace").decode(fault.encoding), err=err)
