"""What a service can be made of and asked for, as protocols; they are for the type checker only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from nodeloom.testing.odata.declarations import EntitySet, Operation
from nodeloom.testing.odata.store import EntityStore


class Offers(Protocol):
    """What a path can address; `service.ODataService` is it."""

    def entity_set(self, name: str) -> EntitySet | None:
        """The set or singleton of that name, or None."""

    def operation(self, name: str) -> Operation | None:
        """The unbound operation of that name, or None."""

    def names(self) -> Iterable[str]:
        """All these names."""


class Catalogue(Protocol):
    """Entity sets and unbound operations that are declared elsewhere and only made when they are asked for."""

    def names(self) -> Iterable[str]:
        """The names of all sets and unbound operations."""

    def store(self, name: str) -> EntityStore | None:
        """A new store of the set of that name, filled; None if the set is not declared."""

    def operation(self, name: str) -> Operation | None:
        """The unbound operation of that name, or None."""
