"""An item's content as canonical JSON, by which it is known again, and its digest."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from nodeloom.errors import InvalidItemError
from nodeloom.inputs.items import too_deep
from nodeloom.jsonwriting import json_writer

DIGEST_BYTES = 16

# The digest of what is not JSON. Two such items cannot be told apart.
NO_DIGEST = b""

_encode = json_writer(sort_keys=True)


def canonical(raw: Any) -> str:
    """`raw`, an item as it was read, as JSON in ASCII: the same text for the same content in any order of keys.

    Raises InvalidItemError for what is not JSON. A line that could not be read is an InvalidItemError itself, and is
    known by its words.
    """
    if isinstance(raw, InvalidItemError):
        return _encode({"unreadable": raw.message, "value": raw.value})
    try:
        return _encode(raw)
    except TypeError as fault:
        raise InvalidItemError(
            f"The item is not JSON ({fault}), so a journal cannot know it again.",
            hint="Give items of texts, numbers, true, false, null, lists and objects.",
        ) from None
    except RecursionError:
        raise too_deep() from None


def digest_of(text: str) -> bytes:
    """The digest of a canonical text."""
    return blake2b(text.encode("ascii"), digest_size=DIGEST_BYTES).digest()
