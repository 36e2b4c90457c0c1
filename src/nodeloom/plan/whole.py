"""Text that must be whole: where a block that came to nothing would address, or ask for, something else.

`web-{{ $json.Lnk }}` without a `Lnk` would be the key `web-`. In keys, path pieces, header fields and OData's query
options such text fails its item (strict); elsewhere the block contributes nothing, as in n8n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nodeloom.expression import Compiled, Dialect, Scope
from nodeloom.expression.template import TemplateCompiler
from nodeloom.plan.missingvalues import missing_part, missing_text, spells_nothing

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

#: Whether a block may come to nothing: what it reads is not anybody's to give.
Excused = Callable[[Compiled], bool]


class PartedText(Compiled):
    """A template of blocks and text, of which each block is resolved by itself."""

    __slots__ = ("pieces",)

    def __init__(self, source: str, pieces: list[Part | str], property: str | None) -> None:  # noqa: A002 - the descriptor's own word
        super().__init__(source, property)
        self.pieces = pieces
        values = [piece.value for piece in pieces if not isinstance(piece, str)]
        self.names = frozenset[str]().union(*(value.names for value in values))
        self.references = tuple(dict.fromkeys(path for value in values for path in value.references))
        self.needs_javascript = any(value.needs_javascript for value in values)
        self.needs_all_items = any(value.needs_all_items for value in values)
        self.strange = frozenset[str]().union(*(value.strange for value in values))

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
        property: str | None,  # noqa: A002 - the descriptor's own word
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
            if isinstance(piece, str):
                texts.append(piece)
                continue
            text = piece.text(piece.value.resolve(scope), scope)
            if number not in self._excused and (not text or spells_nothing(text, piece.value, scope)):
                raise missing_part(self.label, self.source, piece.block.code, piece.value, scope)
            texts.append(text)
        return "".join(texts)


class WholeValue(Compiled):
    """A block without text around it: its value may come to nothing, but not spell it (`web-undefined`)."""

    __slots__ = ("_block", "_may_be_null")

    def __init__(self, block: Compiled, *, may_be_null: bool) -> None:
        super().__init__(block.source, block.property)
        self._block = block
        self._may_be_null = may_be_null
        self.names, self.references = block.names, block.references
        self.needs_javascript, self.needs_all_items = block.needs_javascript, block.needs_all_items
        self.strange = block.strange

    def resolve(self, scope: Scope) -> object:
        """The block's value. Raises MissingValueError for text with a part that came to nothing."""
        value = self._block.resolve(scope)
        if spells_nothing(value, self._block, scope, may_be_null=self._may_be_null):
            raise missing_text(self.property or "The text", self._block, scope)
        return value


def whole_value(block: Compiled, *, may_be_null: bool = False) -> Compiled:
    """A block without text around it. Only JavaScript spells out what is undefined; null may be a literal."""
    if not block.needs_javascript:
        return block
    return WholeValue(block, may_be_null=may_be_null) if block.references or block.strange else block


def _nothing(_part: Compiled) -> bool:
    return False


def whole(excused: Excused = _nothing) -> TemplateCompiler:
    """A compiler of templates that gives WholeText; a block without text keeps its type, and may be undefined."""

    def compile_whole(source: str, dialect: Dialect, property: str | None) -> Compiled:  # noqa: A002 - the descriptor's own word
        # The parser is loaded with the first template.
        from nodeloom.expression.blocks import compile_parts, compile_template

        pieces = compile_parts(source, dialect, property)
        # A lone block keeps the type of its value, and text without blocks is whole.
        if len(pieces) > 1 and any(not isinstance(piece, str) for piece in pieces):
            return WholeText(source, pieces, property, excused)
        return whole_value(compile_template(source, dialect, property))

    return compile_whole
