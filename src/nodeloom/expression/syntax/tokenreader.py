"""The part of the parser that reads tokens and keeps its place."""

from __future__ import annotations

from nodeloom.expression.syntax.lexemes import name_text
from nodeloom.expression.syntax.nodes import CodeError, Node
from nodeloom.expression.syntax.tokens import Token, read_token
from nodeloom.expression.words import words

#: Expressions nested deeper than this are refused; the parser is recursive and must not exhaust Python's
#: stack.
MAX_DEPTH = 80

#: Words that cannot be names (ECMA-262 12.7.2), without those that are names in sloppy code.
RESERVED = words(
    "break case catch class const continue debugger default delete do else enum export extends false finally "
    "for function if import in instanceof new null return super switch this throw true try typeof var void "
    "while with"
)


class Reader:
    """Tokens of `source` with one token of look-ahead."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.last_end = 0
        self.depth = 0
        self.around = ""  # what `this` belongs to: nothing, a "function" or a "method"
        self.in_generator = False
        self._ahead: Token | None = None
        self._ahead_regex = False

    def peek(self, *, operand: bool = False) -> Token:
        """The next token; `operand` says that a value may begin here, so that `/` begins a regular expression."""
        if self._ahead is None or (self._ahead_regex is not operand and self.source.startswith("/", self._ahead.start)):
            self._ahead = read_token(self.source, self.at, regex_allowed=operand)
            self._ahead_regex = operand
        return self._ahead

    def next(self, *, operand: bool = False) -> Token:
        """Take the next token."""
        token = self.peek(operand=operand)
        self.move_to(token.end)
        return token

    def move_to(self, position: int) -> None:
        """Go on reading at `position`, the end of what was read last."""
        self.at = self.last_end = position
        self._ahead = None

    def look(self, text: str, *, operand: bool = False) -> bool:
        """Whether the next token is the punctuation or keyword `text`."""
        token = self.peek(operand=operand)
        return token.text == text and token.kind in ("punctuation", "name")

    def accept(self, text: str, *, operand: bool = False) -> bool:
        """Take the next token if it is `text`."""
        if self.look(text, operand=operand):
            self.next(operand=operand)
            return True
        return False

    def expect(self, text: str, *, operand: bool = False) -> Token:
        """Take the next token, which must be `text`."""
        token = self.peek(operand=operand)
        if token.text != text or token.kind not in ("punctuation", "name"):
            raise self.unexpected(token, f", expected {text!r}")
        return self.next(operand=operand)

    def unexpected(self, token: Token, more: str = "") -> CodeError:
        """The error for a token that may not stand in its place."""
        if token.kind == "end":
            return CodeError(f"The code ends too early{more}", token.start)
        if token.text == "#":
            first_line = self.source.startswith("#!", token.start)
            return not_available("A line that begins with #! is" if first_line else "Private names are", token.start)
        return CodeError(f"Unexpected {token.text[:100]!r}{more}", token.start)

    def end_statement(self) -> None:
        """Take the `;` that ends a statement, or see that one may be left out (ECMA-262 12.10)."""
        token = self.peek()
        if self.accept(";") or token.text == "}" or token.kind == "end" or token.newline:
            return
        raise self.unexpected(token)

    def deeper(self) -> None:
        """Count one more level, to be taken back when it is left.

        Raises:
            CodeError: there are too many.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CodeError("The expression is nested too deeply", self.at)

    def name_of(self, token: Token) -> str:
        """The name that `token` writes, also a reserved one.

        Raises:
            CodeError: its characters or escapes make no name.
        """
        name = name_text(token.text)
        if name is None:
            raise CodeError(f"{token.text[:100]!r} is not a name in JavaScript", token.start)
        return name

    def identifier(self, token: Token) -> Node:
        """The name `token` as a node."""
        if token.kind != "name" or token.text in RESERVED:
            raise self.unexpected(token)
        name = self.name_of(token)
        if name in RESERVED:
            raise CodeError(f"The word {name} is reserved, also where escapes write it", token.start)
        if name == "await":
            raise not_available("await is", token.start)
        if name == "yield" and self.in_generator:
            raise self.unexpected(token)
        return Node("Identifier", token.start, token.end, text=name)


def not_available(what: str, at: int) -> CodeError:
    """The error for a part of JavaScript that expressions have no use for."""
    return CodeError(f"{what} not available in expressions", at, _HINTS.get(what.split()[0]))


_AT_ONCE = "An expression has its value at once: there is nothing in it to wait for."
_HINTS = {
    "async": _AT_ONCE,
    "await": _AT_ONCE,
    "for": _AT_ONCE,
    "import": "Expressions load no code. luxon's classes, $jmespath and the extension methods are there by themselves.",
    "with": "Write the object before the name: object.name.",
    "debugger": "Leave it out.",
    "Private": "Name the member without the #.",
    "Static": "Give the class static fields instead.",
    "A": "Leave the line out.",
}
