"""JavaScript's tokens (ECMA-262 12), read one at a time.

A `/` is a division or begins a regular expression, and a `}` ends a block or continues a template literal;
only the parser knows which, so it says so when it asks for the next token.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nodeloom.expression.syntax.nodes import CodeError

_SPACE = r"[\s\ufeff\u00a0]"
_TRIVIA = re.compile(rf"(?:{_SPACE}+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL)
_NEWLINE = re.compile("[\n\r\u2028\u2029]")
_NAME = re.compile(
    r"(?:[^\W\d]|[$_]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\})(?:[\w$\u200c\u200d\u00b7]|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]+\})*"
)
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*n?|0[oO][0-7](?:_?[0-7])*n?|0[bB][01](?:_?[01])*n?"
    r"|0[0-7]+(?![0-9.])|(?:\d(?:_?\d)*n(?![\w$])|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)"
)
_STRING = {q: re.compile(rf"{q}(?:[^{q}\\\n\r\u2028\u2029]|\\(?:\r\n|.))*{q}", re.DOTALL) for q in "\"'"}
_REGEX = re.compile(
    r"/(?![*/])(?:[^\\/\[\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029]|\[(?:[^\]\\\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029])*\])+/[\w$]*"
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL)
_PUNCTUATION = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|\+\+|--|&&|\|\||\?\?|\?\.(?!\d)"
    r"|\*\*|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|[{}()\[\];,<>+\-*/%&|^!~?:=.@#]"
)
_ESCAPE = re.compile(
    r"\\(?:(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})|([0-3][0-7]{0,2}|[4-7][0-7]?)|(\r\n|[\n\r\u2028\u2029])|(.))",
    re.DOTALL,
)
_LONG_NUMBER = 1000
_LAST_CODE_POINT = 0x10FFFF
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


class Token(NamedTuple):
    """One token: a name, number, string, regex, template, punctuation or the end.

    `newline` says whether a line break stands before it.
    """

    kind: str
    text: str
    start: int
    end: int
    newline: bool


def read_token(source: str, at: int, *, regex_allowed: bool) -> Token:
    """The token after the white space and comments at `at`.

    Raises:
        CodeError: no token can begin there, or one does not end.
    """
    trivia = _TRIVIA.match(source, at)
    start = trivia.end() if trivia else at
    newline = _NEWLINE.search(source, at, start) is not None
    if start >= len(source):
        return Token("end", "", start, start, newline)
    character = source[start]
    if character in _STRING:
        return _token("string", _STRING[character], source, start, newline, "This string does not end")
    if character == "`":
        return Token("template", "`", start, start + 1, newline)
    if source.startswith("/*", start):
        raise CodeError("This comment does not end", start)
    if character.isdigit() or (character == "." and source[start + 1 : start + 2].isdigit()):
        token = _token("number", _NUMBER, source, start, newline, "This is no number")
        if _NAME.match(source, token.end):
            raise CodeError("A number may not run into a name", token.end)
        return token
    if regex_allowed and character == "/":
        return _token("regex", _REGEX, source, start, newline, "This regular expression does not end")
    name = _NAME.match(source, start)
    if name is not None:
        return Token("name", name[0], start, name.end(), newline)
    return _token("punctuation", _PUNCTUATION, source, start, newline, f"Unexpected character {character!r}")


def read_template_part(source: str, at: int) -> tuple[int, bool]:
    """Where the literal part at `at` of a template literal ends, and whether `${` (not the closing backtick) ended it.

    Raises:
        CodeError: it does not end.
    """
    found = _TEMPLATE.match(source, at)
    if found is None:
        raise CodeError("This template literal does not end", at)
    return found.end(), found[1] == "${"


def string_value(literal: str) -> str:
    """What the string literal `literal`, quotes included, stands for; surrogate pairs written as escapes are joined."""
    body = literal[1:-1]
    if "\\" not in body:
        return body
    return join_surrogates(_ESCAPE.sub(_unescaped, body))


def join_surrogates(text: str) -> str:
    """`text` with every pair of surrogates made one character; single ones stay."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def number_value(literal: str) -> int | float | None:
    """What the number literal `literal` stands for; None for a BigInt."""
    text = literal.replace("_", "")
    if text.endswith("n") and not text.lower().startswith("0x"):
        return None
    if text.lower().startswith("0x") and text.endswith("n"):
        return None
    if text[:2].lower() in ("0x", "0o", "0b"):
        return int(text, 0)
    if len(text) > _LONG_NUMBER:
        return float(text)  # Python refuses to read so many digits as a whole number
    if len(text) > 1 and text.isdigit() and text[0] == "0" and not set(text) & set("89"):
        return int(text, 8)
    return int(text) if text.isdigit() else float(text)


def _token(kind: str, pattern: re.Pattern[str], source: str, start: int, newline: bool, fault: str) -> Token:
    found = pattern.match(source, start)
    if found is None:
        raise CodeError(fault, start)
    return Token(kind, found[0], start, found.end(), newline)


def code_point(digits: str) -> str:
    """The character of a hexadecimal number; one beyond Unicode's stays a question for QuickJS, which refuses it."""
    number = int(digits, 16)
    return chr(number) if number <= _LAST_CODE_POINT else "\ufffd"


def _unescaped(found: re.Match[str]) -> str:
    code, octal, line, character = found.groups()
    if code is not None:
        return code_point(code.strip("ux{}"))
    if octal is not None:
        return chr(int(octal, 8))
    if line is not None:
        return ""
    return _SIMPLE_ESCAPES.get(character, character)
