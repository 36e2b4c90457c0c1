"""The fault after which a JavaScript engine is not used again."""

from __future__ import annotations

from nodeloom.errors import ExpressionError


class DiscardedEngine(Exception):
    """The engine cannot be used any more; holds the error that says why."""

    def __init__(self, error: ExpressionError) -> None:
        super().__init__(error.message)
        self.error = error
