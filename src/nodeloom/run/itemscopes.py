"""The scopes of a run's items: what the templates of a plan are resolved in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nodeloom.expression import UNDEFINED, Environment, Scope
from nodeloom.values import Item

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.plan.operation import OperationPlan


class ItemScopes:
    """Makes the scopes of a plan's items.

    `items` are all input items if a template looks at more than its own, else empty.
    """

    def __init__(
        self,
        plan: OperationPlan,
        session: CredentialSession | None,
        environment: Environment,
        items: Sequence[Item] = (),
    ) -> None:
        self._parameters = plan.parameters
        self._session = session
        self._environment = environment
        self._items = items
        # In n8n there is no such name without a credential; ours has no fields, so that a field may have a substitute.
        without: Any = UNDEFINED if plan.url_values == "raw" else {}
        self._names: dict[str, Any] = {
            "$version": plan.descriptor.type_version,
            "$credentials": session.values if session is not None else without,
        }

    def of(self, index: int, item: Item) -> Scope:
        """The scope the item's templates are resolved in."""
        names = self._names
        if self._session is not None:
            values = self._session.values
            if names["$credentials"] is not values:
                # A new token; scopes that were made before keep what they had.
                names = self._names = {**names, "$credentials": values}
        return Scope(self._environment, self._items, index, item=item, parameters=self._parameters, names=names)
