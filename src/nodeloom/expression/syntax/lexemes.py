"""What names, numbers, strings and pieces of template literals stand for (ECMA-262 12.7, 12.9)."""

from __future__ import annotations

import re

_NAME_ESCAPE = re.compile(r"\\u(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{4}))")
_JOINERS = str.maketrans("", "", "$\u200c\u200d")
# Of an escape: a code, octal digits as sloppy code may have them, the end of a line, any other character.
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-3][0-7]{0,2}|[4-7][0-7]?)"
    r"|(\r\n|[\n\r\u2028\u2029])|(.))",
    re.DOTALL,
)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
# n8n makes the last two what ECMA-262 makes the first two.
_LINE_END = re.compile("\r\n?|\u2028|\u2029")
_LAST_CODE_POINT = 0x10FFFF
#: Whole numbers up to here are exact in a double.
_EXACT = 2**53
_EXACT_DIGITS = 15


class _WrongEscapeError(Exception):
    """An escape that does not exist."""


def name_text(written: str) -> str | None:
    """The name `written` stands for, its `\\u` escapes resolved; None if it is not a name (ECMA-262 IdentifierName)."""
    if written.isascii() and "\\" not in written:
        return written
    try:
        name = _NAME_ESCAPE.sub(lambda found: _code_point(found[1] or found[2]), written)
    except _WrongEscapeError:
        return None
    first, rest = name[:1], name[1:]
    if first not in ("$", "_") and not first.isidentifier():
        return None
    return name if f"a{rest.translate(_JOINERS)}".isidentifier() else None


def string_value(literal: str) -> str | None:
    """What the string literal, quotes included, stands for; None if it holds an escape that does not exist.

    Surrogate pairs written as escapes are joined.
    """
    return _unescape(literal[1:-1], octal=True)


def chunk_texts(written: str) -> tuple[str, str | None]:
    """The raw text of a piece of a template literal, and what it stands for; None if an escape does not exist."""
    raw = _LINE_END.sub("\n", written)
    return raw, _unescape(raw, octal=False)


def join_surrogates(text: str) -> str:
    """`text` with every pair of surrogates made one character; single ones stay."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def number_value(literal: str) -> int | float:
    """What the number literal stands for, as a double has it; whole numbers that are exact are ints."""
    text = literal.replace("_", "").lower()
    if text[:2] in ("0x", "0o", "0b"):
        return _round(int(text, 0))
    if text.isdigit() and text[0] == "0" and not set(text) & set("89"):
        return _round(int(text, 8))
    if text.isdigit() and len(text) <= _EXACT_DIGITS:
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() and number <= _EXACT else number


def _round(number: int) -> int | float:
    if number <= _EXACT:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _unescape(body: str, *, octal: bool) -> str | None:
    if "\\" not in body:
        return body

    def replaced(found: re.Match[str]) -> str:
        long, short, byte, digits, line, character = found.groups()
        if digits is not None:
            following = found.string[found.end() : found.end() + 1]
            if not octal and (digits != "0" or following.isdigit()):
                raise _WrongEscapeError
            return chr(int(digits, 8))
        if line is not None:
            return ""
        if character is not None:
            if character in "ux" or (not octal and character in "89"):
                raise _WrongEscapeError
            return _SIMPLE_ESCAPES.get(character, character)
        return _code_point(long or short or byte)

    try:
        return join_surrogates(_ESCAPE.sub(replaced, body))
    except _WrongEscapeError:
        return None


def _code_point(digits: str) -> str:
    """The character of a hexadecimal number."""
    number = int(digits, 16)
    if number > _LAST_CODE_POINT:
        raise _WrongEscapeError
    return chr(number)
