"""What reading answers and fetching pages must know of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.descriptor.models import OptionDescriptor
from nodeloom.expression.fieldreads import Fields


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one item's answers may bring, by whose rules they are read, and what errors say of the operation.

    Args:
        as_n8n: whether answers are read to the letter of n8n (`url_values="raw"`).
        title: the operation as a person names it.
        operation: the operation, whose own words for a status go into an error.
        made_of: the credential's fields that a parameter was made of, by its name.
        max_pages: how many pages one item's answers may have.
        max_items: how many items these may become.
    """

    as_n8n: bool
    title: str
    operation: OptionDescriptor | None
    made_of: Mapping[str, Fields]
    max_pages: int = 10_000
    max_items: int = 1_000_000
