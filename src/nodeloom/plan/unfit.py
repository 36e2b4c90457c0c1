"""What a reader of values raises, before anybody knows whose value it is."""

from __future__ import annotations


class Unfit(Exception):
    """The value is none of the type; its text says what would be one."""
