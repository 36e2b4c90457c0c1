"""What an author writes for OData's query options (`$filter`, `$orderby`, `$search` …), the values in it as literals.

A block in quotes is part of a string literal: `'` in its value is doubled, so that it cannot end the literal. A block
outside quotes is a literal of another type (a number, true, a date, a GUID, null …) and nothing else. A block with no
text around it is the whole clause, made by its author, and passes as it is. Source: OData v4.01 ABNF.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from nodeloom.errors import InvalidValueError, ParameterError, preview
from nodeloom.expression import UNDEFINED, Compiled, Dialect, Scope, compile_value
from nodeloom.expression.template import TemplateCompiler, composite
from nodeloom.plan.missingvalues import missing_part, spells_nothing, unknown_names
from nodeloom.plan.whole import PartedText, whole_value
from nodeloom.plan.wire import scalar_text

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

_OPTIONS = frozenset({"$filter", "$orderby", "$search", "$expand", "$select", "$apply", "$compute"})

_DATE = r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"
_LITERAL = re.compile(
    r"null|true|false|NaN|-?INF"
    r"|[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    rf"|{_DATE}(?:T{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}}))?|{_TIME}"
    r"|'(?:[^']|'')*'"
    # duration'PT5M', binary'…', and the members of an enumeration: Pbx.PeerType'Queue'.
    r"|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*'[A-Za-z0-9_.,+/= -]*'"
)
# What belongs to a literal's word, before it and behind it.
_TOUCHING = string.ascii_letters + string.digits + "_.:+$@-"


def is_odata(name: object) -> bool:
    """Whether a query parameter is one of OData's that hold an expression, or a parameter alias such as `@key`."""
    return isinstance(name, str) and (name.lower() in _OPTIONS or name.startswith("@"))


def is_literal(text: str) -> bool:
    """Whether `text` is one OData literal, as it stands outside quotes."""
    return _LITERAL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A block inside a string literal, or inside a phrase of `$search` (`"`)."""

    part: Part
    quote: str


@dataclass(frozen=True, slots=True)
class _Token:
    """Blocks outside quotes with the text they touch: `{{ $json.day }}T00:00:00Z`. Together they are one literal."""

    pieces: tuple[Part | str, ...]


_Piece = str | _Quoted | _Token


def _read(pieces: Sequence[Part | str], quotes: str) -> tuple[list[_Piece], str]:
    """The pieces with each block in its place, and the quote that is open at the end. `quotes` are those that count."""
    found: list[_Piece] = []
    quote = ""
    for piece in pieces:
        if isinstance(piece, str):
            quote = _quote_after(piece, quote, quotes)
            found.append(piece)
        elif quote:
            found.append(_Quoted(piece, quote))
        else:
            found.append(_Token((piece,)))
    return list(_join_touching(found)), quote


def _quote_after(text: str, quote: str, quotes: str) -> str:
    """The quote that is open behind `text`, where `quote` is open before it; "" for none."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif quote == '"' and character == "\\":
            escaped = True
        elif not quote and character in quotes:
            quote = character
        elif character == quote:
            quote = ""
    return quote


def _join_touching(pieces: list[_Piece]) -> Iterator[_Piece]:
    """The pieces, with what a token touches taken into it."""
    held: list[Part | str] = []
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if isinstance(piece, _Token):
            held += piece.pieces
            continue
        text = piece
        if held and isinstance(text, str):
            cut = len(text) - len(text.lstrip(_TOUCHING))
            held += [text[:cut]] if cut else []
            text = text[cut:]
            if not text and isinstance(following, _Token):
                continue
        if held:
            yield _Token(tuple(held))
            held = []
        if isinstance(text, str) and isinstance(following, _Token):
            cut = len(text.rstrip(_TOUCHING))
            held += [text[cut:]] if text[cut:] else []
            text = text[:cut]
        if text != "":
            yield text
    if held:
        yield _Token(tuple(held))


class ClauseText(PartedText):
    """Text of one query option, with blocks in it."""

    __slots__ = ("_search", "_written")

    def __init__(
        self,
        source: str,
        pieces: list[Part | str],
        property: str | None,  # noqa: A002 - the descriptor's own word
        *,
        search: bool,
    ) -> None:
        super().__init__(source, pieces, property)
        self._search = search
        self._written, open_quote = _read(pieces, "'\"" if search else "'")
        if search and open_quote == "'":
            # In $search an apostrophe is a letter.
            self._written, open_quote = _read(pieces, '"')
        if open_quote:
            self._refuse(
                f"has a quote that is not closed: {open_quote}",
                "Double a quote that belongs to the text: 'O''Brien'." if open_quote == "'" else 'Close it with ".',
            )
        for before, piece, after in zip(["", *self._written], self._written, [*self._written[1:], ""], strict=False):
            if isinstance(piece, _Token) and ("'" in (_last(before), _first(after))):
                self._refuse("has a block that touches a literal", "Put the block into the quotes, or a blank between.")
            if isinstance(piece, _Quoted) and "odata" in piece.part.block.facts.names:
                self._refuse("has odata() in quotes", "odata() writes the quotes itself: leave those around it out.")

    def _refuse(self, what: str, hint: str) -> NoReturn:
        raise ParameterError(f"{self.label} {what}.", property=self.property, value=self.source, hint=hint)

    def resolve(self, scope: Scope) -> str:
        """The clause. Raises MissingValueError for a block of nothing, InvalidValueError if it is not a literal."""
        return "".join([p if isinstance(p, str) else self._text_of(p, scope) for p in self._written])

    def _text_of(self, piece: _Quoted | _Token, scope: Scope) -> str:
        if isinstance(piece, _Quoted):
            return self._in_quotes(piece.part, piece.quote, scope)
        texts = []
        for part in piece.pieces:
            if isinstance(part, str):
                texts.append(part)
                continue
            value = part.value.resolve(scope)
            nothing = _is_nothing(value) or (value is None and len(piece.pieces) > 1)
            if nothing or unknown_names(part.value, scope):
                raise missing_part(self.label, self.source, part.block.code, part.value, scope)
            texts.append(_bare(value))
        text = "".join(texts).strip()
        if _LITERAL.fullmatch(text) is None:
            code = next(part.block.code for part in piece.pieces if not isinstance(part, str))
            quote = '"' if self._search else "'"
            raise InvalidValueError(
                f"The value would be a part of {self.label} that is not a literal.",
                property=self.property,
                value=text,
                expression=str(self.source),
                hint=f"Put the block into quotes, {quote}{{{{{code}}}}}{quote}, or write the whole as one expression.",
            )
        return text

    def _in_quotes(self, part: Part, quote: str, scope: Scope) -> str:
        value = part.value.resolve(scope)
        # Most values are plain texts without a quote, of which nothing else can be said.
        quick = not self._search and not part.value.needs_javascript
        if quick and type(value) is str and value and "'" not in value:
            return value
        if isinstance(value, (Mapping, list, tuple)):
            self._refuse_value("A list or object cannot stand in a literal.", value, "Pick one member of it.")
        text = value.isoformat() if isinstance(value, datetime) else part.text(value, scope)
        if not text or spells_nothing(text, part.value, scope):
            raise missing_part(self.label, self.source, part.block.code, part.value, scope)
        if quote == '"':
            return text.replace("\\", "\\\\").replace('"', '\\"')
        if self._search and '"' in text:
            self._refuse_value("The value would end a phrase.", value, "In $search a phrase stands in double quotes.")
        return quote_text(text, part)

    def _refuse_value(self, message: str, value: object, hint: str) -> NoReturn:
        raise InvalidValueError(message, property=self.property, value=value, expression=str(self.source), hint=hint)


def _last(piece: _Piece) -> str:
    return piece[-1:] if isinstance(piece, str) else ""


def _first(piece: _Piece) -> str:
    return piece[:1] if isinstance(piece, str) else ""


def _is_nothing(value: object) -> bool:
    return value is UNDEFINED or value == "" or (isinstance(value, float) and math.isnan(value))


def _bare(value: object) -> str:
    """A value as it would stand outside quotes; if it never can, a text that is not a literal."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return preview(value) if isinstance(value, (Mapping, list, tuple)) else scalar_text(value)


def quote_text(text: str, part: Part) -> str:
    """`text` as it stands in an OData string literal. An expression that doubles quotes itself is taken at its word."""
    # Doubling such a text again would look for another value.
    if "'" in text and "'" not in text.replace("''", "") and _doubles_quotes(part):
        return text
    return text.replace("'", "''")


def _doubles_quotes(part: Part) -> bool:
    """Whether a block's code writes doubled quotes, as `replaceAll("'", "''")` does."""
    from nodeloom.expression.syntax import walk

    return any(isinstance(node.value, str) and "''" in node.value for node in walk(part.block.tree))


def clause(name: object) -> TemplateCompiler:
    """A compiler of the templates of the query option `name`; a block with no text around it is the whole clause."""

    def compile_clause(source: str, dialect: Dialect, property: str | None) -> Compiled:  # noqa: A002 - the descriptor's own word
        # The parser is loaded with the first template.
        from nodeloom.expression.blocks import compile_parts, compile_template

        pieces = compile_parts(source, dialect, property)
        told = [piece for piece in pieces if not (isinstance(piece, str) and not piece.strip())]
        if len(told) == 1 and not isinstance(told[0], str):
            return whole_value(told[0].value, may_be_null=True)
        if all(isinstance(piece, str) for piece in pieces):
            return compile_template(source, dialect, property)
        return ClauseText(source, pieces, property, search=str(name).lower() == "$search")

    return compile_clause


def refuse_unread_clause(name: str, written: Compiled | None) -> None:
    """Raise InvalidValueError for text with blocks that was not compiled as a clause.

    That the query option is `name` turned out with the item, when nothing can be quoted in it any more.
    """
    from nodeloom.expression.compiled import Template

    if isinstance(written, Template) and len(written.blocks) > 1:
        raise InvalidValueError(
            f"An expression says that the text is {name}, so the values in it cannot be quoted.",
            property=written.property,
            expression=str(written.source),
            hint=f"Write {name} out, or make the whole text one expression.",
        )


def compile_query(written: object, property: str) -> Compiled:  # noqa: A002 - the descriptor's own word
    """What a descriptor writes for `qs`: members of OData's names as clauses, the others as they are."""
    if not isinstance(written, Mapping):
        return compile_value(written, dialect="n8n", property=property)
    keys = list(written)
    parts = [
        compile_value(value, dialect="n8n", property=str(key), template=clause(key) if is_odata(key) else None)
        for key, value in written.items()
    ]
    return composite(written, parts, lambda values: dict(zip(keys, values, strict=True)), property)
