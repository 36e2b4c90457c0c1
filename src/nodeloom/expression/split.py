r"""Take a template apart into text and code.

n8n's rules (2.41), kept exactly: splitting knows nothing of JavaScript. `{{` opens a block and the *first*
`}}` closes it, wherever that stands. An odd run of backslashes before either escapes it: an escaped `{{`
stays text with its backslash, the first `\}}` in a block becomes `}}`. Text before a block has each `\\`
halved, text after the last block has not. An unclosed block reaches to the end; an unclosed and empty one is
nothing.

Templates that an author writes also know `<< … >>`, with the same rules, where the content begins with `$`
and is closed. Without a leading `=`, what is not closed is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Dialect = Literal["author", "n8n"]

_OPEN = re.compile(r"\\*(\{\{)")
_OPEN_BOTH = re.compile(r"\\*(\{\{|<<(?=\s*\$[\s\S]*?>>))")
_OPEN_CLOSED = re.compile(r"\\*(\{\{(?=[\s\S]*?\}\})|<<(?=\s*\$[\s\S]*?>>))")
_CLOSE = {"{{": re.compile(r"\\*(\}\})"), "<<": re.compile(r"\\*(>>)")}
_CLOSER = {"{{": "}}", "<<": ">>"}
_WRITTEN_BLOCK = re.compile(r"\{\{.*?\}\}|<<\s*\$.*?>>", re.DOTALL)


class Text(NamedTuple):
    """Text between blocks, as it goes into the result."""

    text: str


class Code(NamedTuple):
    """The JavaScript of one block; `start` is where it begins in the whole string the author wrote."""

    code: str
    start: int


def is_template(value: str, dialect: Dialect) -> bool:
    """Whether the string `value` is a template: it begins with `=`, or (author) holds a block."""
    if value.startswith("="):
        return True
    return dialect == "author" and ("{{" in value or "<<" in value) and _WRITTEN_BLOCK.search(value) is not None


def split(value: str, dialect: Dialect) -> list[Text | Code]:
    """The pieces of the template `value` in order; its leading `=`, if there is one, is no part of it.

    A template without a block gives one `Text` (or none, if it is empty).
    """
    marked = value.startswith("=")
    opener = _OPEN if dialect == "n8n" else _OPEN_BOTH if marked else _OPEN_CLOSED
    return list(_pieces(value, 1 if marked else 0, opener))


def _pieces(value: str, at: int, opener: re.Pattern[str]) -> Iterator[Text | Code]:
    text_start = at
    while True:
        opening = _next_unescaped(opener, value, at)
        if opening is None:
            if text_start < len(value):
                yield Text(value[text_start:])
            return
        before = value[text_start : opening.start(1)]
        if before:
            yield Text(before.replace("\\\\", "\\"))
        start, kind = opening.end(1), opening[1]
        closing = _next_unescaped(_CLOSE[kind], value, start)
        end = closing.start(1) if closing is not None else len(value)
        code = value[start:end]
        if closing is not None or code:
            closer = _CLOSER[kind]
            yield Code(code.replace("\\" + closer, closer, 1), start)
        if closing is None:
            return
        at = text_start = closing.end(1)


def _next_unescaped(pattern: re.Pattern[str], value: str, at: int) -> re.Match[str] | None:
    """The next match whose run of backslashes, all of it at or after `at`, has an even length."""
    while (found := pattern.search(value, at)) is not None:
        if (found.start(1) - found.start()) % 2 == 0:
            return found
        at = found.end()
    return None
