"""Where everything a person reads is written; the one place, so that all of it is safe to show.

Results (`nodeloom run`, `nodeloom plan`) are data and go through `sink.py`; JSON is JSON here too. What a person
answers is read here as well. A stream that was closed before the program began is None in `sys`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

import click

from nodeloom.errors import ConfigurationError
from nodeloom.printable import ascii_json, escaped, escaped_lines, json_text, one_line
from nodeloom.values import Json

_WINDOWS = os.name == "nt"


def show(line: object = "") -> None:
    """Write one line to standard output; what would act on the terminal is shown as an escape."""
    _write(one_line(str(line)))


def show_lines(text: str) -> None:
    """Write text of several lines to standard output."""
    _write(escaped_lines(text))


def show_json(value: Json, indent: int | None = None) -> None:
    """Write `value` to standard output as JSON."""
    _write(json_text(value, indent), within=ascii_json)


def say(text: str) -> None:
    """Write text to standard error; nothing happens if its reading end is gone."""
    try:
        _write(escaped_lines(text), err=True)
    except OSError as fault:
        if not is_reader_gone(fault):
            raise


def is_reader_gone(fault: OSError) -> bool:
    """Whether writing failed because the reading end of a pipe is gone; Windows calls that an invalid argument."""
    # An invalid name of a file has the same number there.
    gone = _WINDOWS and fault.errno == errno.EINVAL and fault.filename is None
    return gone or isinstance(fault, BrokenPipeError)


def confirm(question: str, **options: Any) -> bool:
    """Ask a question that is answered by yes or no; options are those of `click.confirm`."""
    _require_input()
    with _ended_line():
        return click.confirm(one_line(question), err=True, **options)


def ask(label: str, *, default: str | None = None, show_default: bool = True, **options: Any) -> Any:
    """Ask for a text; options are those of `click.prompt`. A default that is not safe to show is not shown."""
    _require_input()
    shown = show_default and default is not None and escaped(default) == default
    with _ended_line(already=bool(options.get("hide_input"))):
        return click.prompt(one_line(label), default=default, show_default=shown, err=True, **options)


@contextlib.contextmanager
def _ended_line(*, already: bool = False) -> Iterator[None]:
    """End the line of a question that nobody answered, so that the error has a line of its own."""
    try:
        yield
    except click.Abort:
        # A person's Ctrl-C is ended by the command; click itself ends the line of a hidden answer.
        if not (already or is_terminal()):
            say("")
        raise


def discard(stream: IO[Any]) -> None:
    """Let what is still in an output's buffer go nowhere, because its reading end is gone."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        # A closed output, or one that is not a file (a host calls main() in its own process), has no buffer to save.
        return


def is_terminal() -> bool:
    """Whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def read_standard_input(*, one_line: bool = False) -> str:
    """What standard input holds, or its first line, in UTF-8; empty if it is closed.

    Raises ConfigurationError when it is something else.
    """
    if sys.stdin is None:
        return ""
    # Bytes, because programs exchange UTF-8 in every locale.
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    content = stream.readline() if one_line else stream.read()
    if isinstance(content, str):
        return content
    try:
        return str(content, "utf-8-sig")
    except UnicodeDecodeError:
        # The decoder's error carries the bytes, secrets included.
        raise ConfigurationError("Standard input is not UTF-8 text.", hint="Write it as UTF-8.") from None


def _require_input() -> None:
    if sys.stdin is None:
        raise click.Abort


def _write(text: str, *, err: bool = False, within: Callable[[str], str] | None = None) -> None:
    """Write `text`; `within` writes it in ASCII, for a terminal that does not know all of Unicode."""
    try:
        click.echo(text, err=err)
    except UnicodeEncodeError as fault:
        plain = within(text) if within else text.encode(fault.encoding, "backslashreplace").decode(fault.encoding)
        click.echo(plain, err=err)
