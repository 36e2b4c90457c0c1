"""What a target raises when a promise does not hold."""

from __future__ import annotations


class BrokenPromise(Exception):
    """A promise does not hold."""


def hold(promise: bool, said: str, *found: object) -> None:
    """Raise BrokenPromise, with what was found, unless `promise` holds."""
    if not promise:
        raise BrokenPromise(f"{said}: {' | '.join(map(ascii, found))}")
