"""What a reader of values raises; the caller adds which property the value belongs to."""

from __future__ import annotations


class Unfit(Exception):
    """The value is not of the type; the error's text says what a value of the type looks like."""
