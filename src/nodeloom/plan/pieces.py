"""The pieces of an address, which remember who wrote them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum

from nodeloom.expression.fieldreads import NO_FIELDS, Fields

AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*")


class Origin(IntEnum):
    """Who wrote a piece of an address, the most trusted first."""

    DESCRIPTOR = 0
    CREDENTIAL = 1
    AUTHOR = 2
    # A link in an answer, to the origin that gave it.
    SERVICE = 3
    VALUE = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of an address and who wrote it.

    `expression` is the member path it was read from, when it is one value and nothing else: then a `/` or `&` in it
    cannot be the template's. `made_of` are the credential's fields it was made of.
    """

    text: str
    origin: Origin
    expression: str | None = None
    made_of: Fields = NO_FIELDS


@dataclass(frozen=True, slots=True)
class Address:
    """An address as pieces; `text` is all of it."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def is_missing(self) -> bool:
        """Whether an item was to give the address, and gave nothing."""
        return not self.text and any(piece.origin is Origin.VALUE for piece in self.pieces)

    def behind_authority(self) -> list[Piece]:
        """The pieces, cut to what stands behind the part that decides about the origin."""
        match = AUTHORITY.match(self.text)
        skipped = match.end() if match else 0
        found = []
        for piece in self.pieces:
            if len(piece.text) > skipped:
                found.append(replace(piece, text=piece.text[skipped:]) if skipped else piece)
            skipped = max(0, skipped - len(piece.text))
        return found

    def authority(self) -> list[Piece]:
        """The pieces, cut to the part that decides about the origin; empty when the address is relative."""
        match = AUTHORITY.match(self.text)
        left = match.end() if match else 0
        found = []
        for piece in self.pieces:
            if left > 0 and piece.text:
                found.append(replace(piece, text=piece.text[:left]))
            left -= len(piece.text)
        return found
