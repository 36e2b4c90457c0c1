"""Rows of a listing as lines, in columns."""

from __future__ import annotations

from collections.abc import Sequence

from nodeloom.printable import one_line

_WIDEST = 200


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """The rows as lines, in columns two spaces apart; one overlong cell does not make the whole column so."""
    texts = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*texts, strict=True)] if texts else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
