r"""Take a template apart into text and code.

n8n's rules (2.41), kept exactly: splitting knows nothing of JavaScript. `{{` opens a block and the *first* `}}`
closes it, wherever that stands. An odd run of backslashes before either escapes it: an escaped `{{` stays text
with its backslash, the first `\}}` in a block becomes `}}`. Text before a block has each `\\` halved, text after the
last block has not. An unclosed block reaches to the end; an unclosed and empty one is nothing.

Templates that an author writes also know `<< … >>`, with the same rules, where the content begins with `$` and is
closed. Without a leading `=`, what is not closed is text, but for `{{ $` and `<<$`: there somebody forgot to close a
block (`find_unclosed` finds it).

Every step looks at each character once, so that no text takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Dialect = Literal["author", "n8n"]

_CLOSER = {"{{": "}}", "<<": ">>"}
_OPENER = {"n8n": re.compile(r"\{\{"), "author": re.compile(r"\{\{|<<(?=\s{0,100}\$)")}
_FORGOTTEN = re.compile(r"(\{\{|<<)\s{0,100}\$")


class Text(NamedTuple):
    """Text between blocks, as it goes into the result."""

    text: str


class Code(NamedTuple):
    """The JavaScript of one block; `start` is its place in the whole string that the author wrote."""

    code: str
    start: int


def is_template(value: str, dialect: Dialect) -> bool:
    """Whether the string `value` is a template: it begins with `=`, or (author) holds a closed block."""
    if value.startswith("="):
        return True
    if dialect == "n8n":
        return False
    first: dict[str, int] = {}
    for opening in _OPENER["author"].finditer(value):
        first.setdefault(opening[0], opening.end())
    return any(value.find(_CLOSER[kind], end) >= 0 for kind, end in first.items())


def find_unclosed(value: str) -> int | None:
    """Where a block that begins with a `$` name is opened in an author's text and never closed; None when none is."""
    if value.startswith("="):
        return None
    for opening in _FORGOTTEN.finditer(value):
        if not _is_escaped(value, opening.start(), 0) and value.find(_CLOSER[opening[1]], opening.end()) < 0:
            return opening.start()
    return None


def split(value: str, dialect: Dialect) -> list[Text | Code]:
    """The pieces of the template `value` in order; its leading `=`, if there is one, is left out.

    A template without a block gives one `Text` (or none, if it is empty).
    """
    marked = value.startswith("=")
    return list(_pieces(value, 1 if marked else 0, dialect, open_ended=marked))


def _pieces(value: str, at: int, dialect: Dialect, *, open_ended: bool) -> Iterator[Text | Code]:
    text_start = at
    unclosed: set[str] = set()
    while (opening := _next_opening(value, at, dialect, unclosed)) is not None:
        kind, start = opening[0], opening.end()
        closing = _next_unescaped(value, _CLOSER[kind], start)
        if closing < 0 and not (open_ended and kind == "{{"):
            unclosed.add(kind)
            at = start
            continue
        before = value[text_start : opening.start()]
        if before:
            yield Text(before.replace("\\\\", "\\"))
        code = value[start:closing] if closing >= 0 else value[start:]
        if closing >= 0 or code:
            closer = _CLOSER[kind]
            yield Code(code.replace("\\" + closer, closer, 1), start)
        if closing < 0:
            return
        at = text_start = closing + 2
    if text_start < len(value):
        yield Text(value[text_start:])


def _next_opening(value: str, at: int, dialect: Dialect, unclosed: set[str]) -> re.Match[str] | None:
    """The next unescaped opening at or after `at` of a kind that may still be closed."""
    lowest = at
    while (found := _OPENER[dialect].search(value, at)) is not None:
        if found[0] not in unclosed and not _is_escaped(value, found.start(), lowest):
            return found
        at = found.end()
    return None


def _next_unescaped(value: str, closer: str, lowest: int) -> int:
    """Where the next unescaped `closer` at or after `lowest` begins; -1 if there is none."""
    at = value.find(closer, lowest)
    while at >= 0 and _is_escaped(value, at, lowest):
        at = value.find(closer, at + len(closer))
    return at


def _is_escaped(value: str, at: int, lowest: int) -> bool:
    """Whether an odd run of backslashes, none of them before `lowest`, stands right before `at`."""
    start = at
    while start > lowest and value[start - 1] == "\\":
        start -= 1
    return (at - start) % 2 == 1
