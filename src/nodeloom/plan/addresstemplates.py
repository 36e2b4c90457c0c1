"""Templates of addresses: what a descriptor writes as `url` or `baseURL`, with who wrote each piece of the result."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Scope
from nodeloom.expression.fieldreads import NO_FIELDS, Fields
from nodeloom.expression.splitting import is_template
from nodeloom.expression.template import PathTemplate
from nodeloom.expression.text import NotPlainError, mixed_text
from nodeloom.plan.address_literals import Place, address_places
from nodeloom.plan.clause import is_literal, quote_text
from nodeloom.plan.constancy import is_settled, reads_only
from nodeloom.plan.marks import NOTHING_WITHIN, Within
from nodeloom.plan.missingvalues import came_to_nothing, missing_address, read_nothing_else, spells_nothing
from nodeloom.plan.pieces import Address, Origin, Piece
from nodeloom.plan.wire import scalar_text

if TYPE_CHECKING:
    from nodeloom.expression.blocks import Part

# Stands for a block while the text before the next block is looked at: any letter would do.
_STAND_IN = "x"
# Text before a block that stands in the path: behind the host, and before a query.
_IN_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*/|(?![A-Za-z][A-Za-z0-9+.-]*://))[^?#]*")
_ENCODED_QUOTE = re.compile(r"%27")


class AddressTemplate:
    """A compiled `url` or `baseURL`: a template, or constant text.

    `made_of` are the credential's fields that it reads.

    Args:
        source: as the descriptor has it.
        static_parameters: the names of the parameters that are the same for every item.
        value_is_static: whether `$value` is a constant.
        strict: whether no block of the path may come to nothing, and a block in an OData literal is written as one.
        within: what the names around it were made of.
    """

    __slots__ = ("_chunks", "made_of", "settled", "source", "static")

    def __init__(
        self,
        source: str,
        *,
        static_parameters: Collection[str],
        value_is_static: bool = False,
        strict: bool = False,
        within: Within = NOTHING_WITHIN,
    ) -> None:
        self.source = source
        self._chunks: list[Piece | _Block] = []
        pieces: list[Part | str] = [source]
        if is_template(source, "n8n"):
            # The parser is loaded with the first template.
            from nodeloom.expression.blocks import compile_parts

            pieces = compile_parts(source, "n8n", "url")
        others: list[Place] = ["other"] * len(pieces)
        places = iter(address_places(pieces) if strict else others)
        before = ""
        for piece in pieces:
            if isinstance(piece, str):
                before += piece
                if piece:
                    self._chunks.append(Piece(piece, Origin.DESCRIPTOR))
                continue
            origin = _writer(piece.value, static_parameters, value_is_static)
            # A lone block is the whole address, so its slashes are its own; a computed one may bring ours.
            whole = len(pieces) > 1 and isinstance(piece.value, PathTemplate)
            needed = strict and origin is Origin.VALUE and _IN_PATH.fullmatch(before) is not None
            made_of = within.fields(piece.value)
            self._chunks.append(_Block(piece, source, origin, next(places), made_of, whole=whole, needed=needed))
            before += _STAND_IN
        self.static = all(isinstance(chunk, Piece) for chunk in self._chunks)
        self.settled = all(is_settled(code) for code in self.all_templates())
        self.made_of = NO_FIELDS.union(*(chunk.made_of for chunk in self._chunks))

    def all_templates(self) -> list[Compiled]:
        """The code blocks, for the plan's account of what its templates read."""
        return [chunk.part.value for chunk in self._chunks if isinstance(chunk, _Block)]

    def resolve(self, scope: Scope) -> Address | object:
        """The address for one item; UNDEFINED when the template is one block that resolves to undefined.

        Raises MissingValueError for a block in the path that came to nothing, InvalidValueError for a value that
        has to be an OData literal and is not one.
        """
        if len(self._chunks) == 1 and isinstance(block := self._chunks[0], _Block):
            value = block.part.value.resolve(scope)
            if block.needed and (
                (value is UNDEFINED and read_nothing_else(block.part.value, scope))
                or block.is_made_of_nothing(value, scope)
            ):
                raise missing_address(self.source, block.part.block.code, block.part.value, scope)
            return (
                UNDEFINED if value is UNDEFINED else Address((Piece(_text(value), block.origin, None, block.made_of),))
            )
        return Address(tuple(c if isinstance(c, Piece) else c.piece(scope) for c in self._chunks))


@dataclass(frozen=True, slots=True)
class _Block:
    """A code block of an address template.

    Args:
        part: the block, compiled.
        source: the whole template, for errors.
        origin: who decides about its value.
        place: where it stands in OData's grammar.
        made_of: the credential's fields that it reads.
        whole: whether it is one value and nothing else, in which a `/` or `&` cannot be the template's.
        needed: whether it may not come to nothing.
    """

    part: Part
    source: str
    origin: Origin
    place: Place
    made_of: Fields
    whole: bool
    needed: bool

    def piece(self, scope: Scope) -> Piece:
        value = self.part.value.resolve(scope)
        # If a descriptor computes an empty text from an item, that is what its author means.
        nothing = self.needed and value != "" and came_to_nothing(value)
        if self.needed and (nothing or self.is_made_of_nothing(value, scope)):
            raise missing_address(self.source, self.part.block.code, self.part.value, scope)
        text = _text(value)
        if self.place != "other":
            text = self._as_literal(text, value, scope)
        expression = f"{{{{{self.part.block.code}}}}}" if self.whole else None
        return Piece(text, self.origin, expression, self.made_of)

    def is_made_of_nothing(self, value: object, scope: Scope) -> bool:
        """Whether what the block computes holds nothing: all that it reads is missing, or its text says so."""
        code = self.part.value
        if not code.needs_javascript:
            return False
        return spells_nothing(value, code, scope) or read_nothing_else(code, scope)

    def _as_literal(self, text: str, value: object, scope: Scope) -> str:
        if self.place == "quoted":
            if not text and self.origin is Origin.VALUE:
                raise missing_address(self.source, self.part.block.code, self.part.value, scope)
            # A service decodes before it reads the literal, so an encoded quote would end the literal as well.
            return _ENCODED_QUOTE.sub(r"\g<0>\g<0>", quote_text(text, self.part))
        if value is None:
            # OData's word for null; as text it would be nothing.
            text = "null"
        if self.origin is Origin.VALUE and not is_literal(text):
            raise InvalidValueError(
                "The value stands where the address holds an OData literal, and is not one.",
                value=text,
                expression=self.source,
                hint=f"Put the block into quotes in the address: '{{{{{self.part.block.code}}}}}'.",
            )
        return text


def _text(value: object) -> str:
    try:
        return mixed_text(value)
    except NotPlainError:
        return scalar_text(value)


def _writer(block: Compiled, static_parameters: Collection[str], value_is_static: bool) -> Origin:
    names = block.names - {"$version"}
    if names <= {"$credentials"}:
        return Origin.CREDENTIAL
    if names <= {"$credentials", "$parameter", "$value"}:
        constant = "$parameter" not in names or reads_only(block, static_parameters)
        if constant and (value_is_static or "$value" not in names):
            return Origin.AUTHOR
    return Origin.VALUE
