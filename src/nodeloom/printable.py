"""Text that is safe to show: in a terminal, a log, an editor, a generated file.

Names and messages come from descriptors, packages, documents and answers. A control character makes a terminal act
(ECMA-48), a bidirectional one makes text read otherwise than it is written, an invisible one makes two names look
alike, and half of a surrogate pair cannot be written at all. They are shown as escapes. Joiners (U+200C, U+200D) and
blanks of other scripts stay: words and emoji need them, and nothing acts on them.
"""

from __future__ import annotations

import json
import math
import re

from nodeloom.jsonwriting import json_writer

_PREVIEW_CHARACTERS = 120
_CLASS = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
_UNSAFE = re.compile(f"[{_CLASS}]")
_UNSAFE_IN_LINES = re.compile(f"(?![\n\t])[{_CLASS}]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]+")
_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")


def escaped(text: str) -> str:
    r"""`text` with what is not safe as Python writes it: `\x1b`, `\u202e`, and a line feed as `\n`."""
    return text if text.isprintable() else _UNSAFE.sub(_escape, text)


def escaped_lines(text: str) -> str:
    """`escaped`, with line feeds and tabs left as they are."""
    return text if text.isprintable() else _UNSAFE_IN_LINES.sub(_escape, text)


def one_line(text: str) -> str:
    """`escaped`, with a blank in place of every line break and tab: text that cannot begin a line of its own."""
    return text if text.isprintable() else escaped(_BREAKS.sub(" ", text))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


_compact = json_writer(ensure_ascii=False, allow_nan=False)


def json_text(value: object, indent: int | None = None, *, sort_keys: bool = False, compact: bool = False) -> str:
    r"""`value` as JSON in which what is not safe is written as `\uXXXX`; other characters stand for themselves.

    `compact` leaves out every blank. A number that JSON does not have (NaN, Infinity) is null, as `JSON.stringify`
    writes it.
    """
    try:
        text = _written(value, indent, sort_keys=sort_keys, compact=compact)
    except ValueError:
        text = _written(_with_numbers(value), indent, sort_keys=sort_keys, compact=compact)
    # The encoder escapes what JSON must; line feeds and blanks are those of `indent`.
    return text if text.isascii() and "\x7f" not in text else _UNSAFE_IN_LINES.sub(_json_escape, text)


def _written(value: object, indent: int | None, *, sort_keys: bool, compact: bool) -> str:
    if compact:
        return _compact(value)
    return json.dumps(value, indent=indent, ensure_ascii=False, sort_keys=sort_keys, allow_nan=False)


def _with_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_numbers(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_numbers(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def ascii_json(text: str) -> str:
    r"""JSON with every character beyond ASCII as `\uXXXX`; they stand nowhere but in its strings."""
    return text if text.isascii() else _BEYOND_ASCII.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def preview(value: object) -> str:
    """`value` as short text for a message: as JSON if it is JSON, cut after 120 characters."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    # What is cut off anyway is not looked at: a value may have millions of characters.
    printable = escaped(text[: _PREVIEW_CHARACTERS + 1])
    if len(printable) <= _PREVIEW_CHARACTERS:
        return printable
    return f"{printable[:_PREVIEW_CHARACTERS]}… ({len(text)} characters)"


def said(fault: BaseException) -> str:
    """What an exception says; the empty text if its own `__str__` fails."""
    try:
        return str(fault)
    except Exception:  # noqa: BLE001 - code of a plugin or a transport
        return ""
