"""Which values are the same for every item of a run: they are worked out once, before the first item."""

from __future__ import annotations

from collections.abc import Collection

from nodeloom.expression import Compiled

# What is the same for every item as long as the credential is.
_SETTLED_NAMES = frozenset({"$credentials", "$version"})


def is_settled(value: Compiled, *, more: frozenset[str] = frozenset(), constants: Collection[str] = ()) -> bool:
    """Whether a value is the same for every item of a run as long as the credential stays the same.

    `more` are names that are settled in its place, `constants` the parameters that are the same for every item.
    """
    if value.static:
        return True
    allowed = _SETTLED_NAMES | more
    if reads_only(value, constants):
        allowed |= {"$parameter"}
    # JavaScript may give another value for each item: the time, a random number.
    return bool(value.names) and value.names <= allowed and not value.needs_javascript


def reads_only(value: Compiled, parameters: Collection[str]) -> bool:
    """Whether of `$parameter` nothing but members of these names are read."""
    # `$parameter` alone, or with a computed name, may read any of them: that is None here.
    read = [path[1] if len(path) > 1 else None for path in value.references if path[0] == "$parameter"]
    return bool(read) and all(name in parameters for name in read)
