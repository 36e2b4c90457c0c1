"""Where a block of an address stands in OData's grammar: in a key or function argument, or in a query option.

`/Users('{{ $parameter.name }}')` holds a string literal, `?$filter=Id eq {{ $parameter.id }}` one of another type. A
value there is written as the literal that it is part of (OData URL Conventions 4.01, section 5.1.1.14).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from nodeloom.plan.clause import is_odata

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

#: `quoted`: part of a string literal; `literal`: a literal that is not in quotes; `other`: anything else, a whole query
#: option among them.
Place = Literal["quoted", "literal", "other"]

# A percent-encoded quote counts as well: the service decodes before it reads the literal.
_SYMBOL = re.compile(r"%27|.", re.DOTALL | re.IGNORECASE)
_QUOTES = ("'", "%27")


class _Scanner:
    """Reads an address from its beginning; `pieces` are its text and blocks."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        # The name of the query option that is read, None in the path.
        self._option: str | None = None
        self._in_value = False
        self._value_begun = False

    def text(self, text: str) -> None:
        """Read text of the address."""
        for symbol in _SYMBOL.findall(text):
            if self._option is None:
                self._path(symbol)
            else:
                self._query(symbol)

    def _path(self, symbol: str) -> None:
        if symbol.lower() in _QUOTES and self._depth:
            self._quoted = not self._quoted
        elif self._quoted:
            return
        elif symbol == "(":
            self._depth += 1
        elif symbol == ")":
            self._depth = max(0, self._depth - 1)
        elif symbol == "?":
            self._begin_option()

    def _query(self, symbol: str) -> None:
        if symbol == "&":
            self._begin_option()
        elif not self._in_value and symbol == "=":
            self._in_value = True
        elif not self._in_value:
            self._option = (self._option or "") + symbol
        else:
            self._value_begun = True
            if symbol.lower() in _QUOTES and self._is_clause():
                self._quoted = not self._quoted

    def _begin_option(self) -> None:
        self._option, self._in_value, self._value_begun, self._quoted = "", False, False, False

    def _is_clause(self) -> bool:
        return self._option is not None and self._in_value and is_odata(unquote(self._option))

    def block(self, after: str) -> Place:
        """The place of a block, `after` being the text behind it."""
        # A block that is the whole option is a clause that its author made, not a literal in one.
        alone = self._is_clause() and not self._value_begun and after[:1] in ("", "&", "#")
        self._value_begun = self._value_begun or self._in_value
        if self._quoted:
            return "quoted"
        if alone:
            return "other"
        return "literal" if self._is_clause() or (self._option is None and self._depth) else "other"


def address_places(pieces: Sequence[Part | str]) -> list[Place]:
    """The place of each block among an address's `pieces`, in order."""
    scanner = _Scanner()
    found: list[Place] = []
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            scanner.text(piece)
        else:
            after = pieces[number + 1] if number + 1 < len(pieces) else ""
            found.append(scanner.block(after if isinstance(after, str) else "x"))
    return found
