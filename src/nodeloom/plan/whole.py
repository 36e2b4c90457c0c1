"""Text that must be whole: where a block that came to nothing would address, or ask for, something else.

`web-{{ $json.Lnk }}` without a `Lnk` would be the key `web-`. In keys, path pieces, header fields and OData's query
options such text fails its item (strict); elsewhere the block contributes nothing, as in n8n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nodeloom.expression import Compiled, Dialect, Scope
from nodeloom.expression.template import TemplateCompiler
from nodeloom.plan.missing import missing_part

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

#: Whether a block may come to nothing: what it reads is not anybody's to give.
Excused = Callable[[Compiled], bool]


class PartedText(Compiled):
    """A template of blocks and text, of which each block is resolved by itself."""

    __slots__ = ("pieces",)

    def __init__(self, source: str, pieces: list[Part | str], property: str | None) -> None:  # noqa: A002
        super().__init__(source, property)
        self.pieces = pieces
        values = [piece.value for piece in pieces if not isinstance(piece, str)]
        self.names = frozenset[str]().union(*(value.names for value in values))
        self.references = tuple(dict.fromkeys(path for value in values for path in value.references))
        self.needs_javascript = any(value.needs_javascript for value in values)
        self.needs_all_items = any(value.needs_all_items for value in values)

    @property
    def label(self) -> str:
        """What errors call the text."""
        return self.property or "The text"


class WholeText(PartedText):
    """Text of which no block may come to nothing."""

    __slots__ = ("_excused",)

    def __init__(
        self,
        source: str,
        pieces: list[Part | str],
        property: str | None,  # noqa: A002
        excused: Excused,
    ) -> None:
        super().__init__(source, pieces, property)
        self._excused = frozenset(
            number for number, piece in enumerate(pieces) if not isinstance(piece, str) and excused(piece.value)
        )

    def resolve(self, scope: Scope) -> str:
        """The joined text. Raises MissingValueError for a block that is undefined, null or empty."""
        texts = []
        for number, piece in enumerate(self.pieces):
            if type(piece) is str:
                texts.append(piece)
                continue
            part: Part = piece  # type: ignore[assignment]
            text = part.text(part.value.resolve(scope), scope)
            if not text and number not in self._excused:
                raise missing_part(self.label, self.source, part.block.code, part.value, scope)
            texts.append(text)
        return "".join(texts)


def _nothing(_part: Compiled) -> bool:
    return False


def whole(excused: Excused = _nothing) -> TemplateCompiler:
    """A compiler of templates that gives WholeText; a block without text around it keeps its type and its silence."""

    def compile_whole(source: str, dialect: Dialect, property: str | None) -> Compiled:  # noqa: A002
        # The parser is loaded with the first template.
        from nodeloom.expression.blocks import compile_parts, compile_template

        pieces = compile_parts(source, dialect, property)
        if len(pieces) > 1 and any(not isinstance(piece, str) for piece in pieces):
            return WholeText(source, pieces, property, excused)
        return compile_template(source, dialect, property)

    return compile_whole
