"""What kind of value something is, in the words that messages say it with."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.values import Undefined

# The order matters: to Python true and false are numbers, too.
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (Undefined, "undefined"),
    (bool, "true or false"),
    (str, "a text"),
    ((int, float), "a number"),
    ((list, tuple), "a list"),
    (Mapping, "an object"),
)


def kind_of(value: object) -> str:
    """The kind of a value, as a noun that a sentence can go on with: "null", "a text", "a value of type Decimal"."""
    for kind, words in _KINDS:
        if isinstance(value, kind):
            return words
    return f"a value of type {type(value).__name__}"
