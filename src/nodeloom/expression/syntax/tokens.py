"""JavaScript's tokens (ECMA-262 12), read one at a time.

A `/` is a division or begins a regular expression, and a `}` ends a block or continues a template literal;
only the parser knows which, so it says so when it asks for the next token.

What is easily taken for something else is refused, though ECMA-262 has a meaning for it: comments that look like
those of HTML (Annex B.1.1), line ends that editors do not show. QuickJS never sees the text, so nothing that is read
here is read a second time, in another way.
"""

from __future__ import annotations

import re
import string
from typing import NamedTuple

from nodeloom.expression.syntax.nodes import CodeError

# White space (ECMA-262 12.2, 12.3) with the line ends that are refused, which have to be found first.
_WIDE = "\u00a0\ufeff\u1680\u2000-\u200a\u202f\u205f\u3000"
_ODD = "\v\f\x85\u2028\u2029"
_TRIVIA = re.compile(rf"(?:[ \t\n\r{_WIDE}{_ODD}]+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL)
_NEWLINE = re.compile("[\n\r]")
_ODD_CHARACTER = re.compile(f"[{_ODD}]")
# Any other character beyond ASCII may belong to a name; which ones do `lexemes.name_text` tells.
_NAME = re.compile(
    rf"(?:[A-Za-z_$]|[^\x00-\x7f{_WIDE}{_ODD}]|\\u[0-9a-fA-F]{{4}}|\\u\{{[0-9a-fA-F]+\}})"
    rf"(?:[A-Za-z0-9_$]+|[^\x00-\x7f{_WIDE}{_ODD}]+|\\u[0-9a-fA-F]{{4}}|\\u\{{[0-9a-fA-F]+\}})*+"
)
_DIGIT = frozenset(string.digits)
_BEGIN_NAMES = frozenset(f"{string.ascii_letters}$_\\")
#: Where a token may begin that no white space or comment stands before; a `/` is looked at.
_BEGIN_TOKENS = _DIGIT | _BEGIN_NAMES | frozenset("\"'`.,;:?()[]{}<>=!+-*%&|^~")
_DIGITS = "[0-9](?:_?[0-9])*"
_WHOLE = "(?:0|[1-9](?:_?[0-9])*)"
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*n?|0[oO][0-7](?:_?[0-7])*n?|0[bB][01](?:_?[01])*n?"
    r"|0[0-7]++(?![89])|0[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?"
    rf"|{_WHOLE}n|(?:{_WHOLE}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?"
)
_STRING = {q: re.compile(rf"{q}(?:[^{q}\\\n\r\u2028\u2029]|\\(?:\r\n|.))*+{q}", re.DOTALL) for q in "\"'"}
_REGEX = re.compile(
    r"/(?![*/])(?:[^\\/\[\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029]|\[(?:[^\]\\\n\r\u2028\u2029]|\\[^\n\r\u2028\u2029])*+\])++/"
    r"[A-Za-z0-9_$]*"
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(`|\$\{)", re.DOTALL)
_PUNCTUATION = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|\+\+|--|&&|\|\||\?\?|\?\.(?![0-9])"
    r"|\*\*|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|[{}()\[\];,<>+\-*/%&|^!~?:=.@#]"
)


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
    start, newline = at, False
    if source[at : at + 1] not in _BEGIN_TOKENS:
        start, newline = _skip_trivia(source, at)
    character = source[start : start + 1]
    if character == "":
        return Token("end", "", start, start, newline)
    if character in _BEGIN_NAMES or character > "\x7f":
        return _token("name", _NAME, source, start, newline, f"Unexpected character {character!a}")
    if character in _STRING:
        return _token("string", _STRING[character], source, start, newline, "This string does not end")
    if character == "`":
        return Token("template", "`", start, start + 1, newline)
    if character in _DIGIT or (character == "." and source[start + 1 : start + 2] in _DIGIT):
        return _number(source, start, newline)
    if regex_allowed and character == "/":
        return _token("regex", _REGEX, source, start, newline, "This regular expression does not end")
    if character in "<-":
        _refuse_comments_of_html(source, start, newline or at == 0)
    return _token("punctuation", _PUNCTUATION, source, start, newline, f"Unexpected character {character!a}")


def _number(source: str, start: int, newline: bool) -> Token:
    token = _token("number", _NUMBER, source, start, newline, "This is not a number")
    if source[token.end : token.end + 1] in _DIGIT or _NAME.match(source, token.end):
        raise CodeError("A number may not run into a name", token.end)
    return token


def _skip_trivia(source: str, at: int) -> tuple[int, bool]:
    """Where the white space and comments at `at` end, and whether there is a line break among them."""
    found = _TRIVIA.match(source, at)
    start = found.end() if found else at
    if source.startswith("/*", start):
        raise CodeError("This comment does not end", start)
    if start == at:
        return start, False
    odd = _ODD_CHARACTER.search(source, at, start)
    if odd is not None:
        raise CodeError(f"The character {odd[0]!a} may stand only in text: end lines with \\n", odd.start())
    return start, _NEWLINE.search(source, at, start) is not None


def _refuse_comments_of_html(source: str, start: int, begins_line: bool) -> None:
    """QuickJS and n8n take `<!--`, and `-->` at the beginning of a line, for the beginning of a comment."""
    if source.startswith("<!--", start):
        raise CodeError("Comments of HTML (<!--) are not available in expressions", start, _NO_COMMENT)
    if begins_line and source.startswith("-->", start):
        raise CodeError("Comments of HTML (-->) are not available in expressions", start, _NO_COMMENT)


_NO_COMMENT = "Write a comment as /* … */, and a comparison with a space and parentheses: a < !(--b), (a--) > b."


def read_template_part(source: str, at: int) -> tuple[int, bool]:
    """Where the literal part at `at` of a template literal ends, and whether `${` (not the closing backtick) ended it.

    Raises:
        CodeError: it does not end.
    """
    found = _TEMPLATE.match(source, at)
    if found is None:
        raise CodeError("This template literal does not end", at)
    return found.end(), found[1] == "${"


def _token(kind: str, pattern: re.Pattern[str], source: str, start: int, newline: bool, fault: str) -> Token:
    found = pattern.match(source, start)
    if found is None:
        raise CodeError(fault, start)
    return Token(kind, found[0], start, found.end(), newline)
