"""A compiled operation: item in, calls out; answers in, items out."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.models import CredentialReference, NodeDescriptor, OptionDescriptor
from nodeloom.descriptor.visibility import Surroundings
from nodeloom.expression import Compiled, Scope
from nodeloom.messages import Response
from nodeloom.plan.address import UrlValues
from nodeloom.plan.call import Call
from nodeloom.plan.draft import Draft
from nodeloom.plan.pagination import GenericPagination, exchange_pages
from nodeloom.plan.receive import Reception
from nodeloom.plan.steps import Step
from nodeloom.plan.transfer import Transfer

Item = dict[str, Any]


class OperationPlan:
    """One operation of a node with an author's parameters, compiled once for all items.

    `parameters` are the visible properties' compiled values (what `$parameter` reads), `values` the same as
    written. `needs_all_items` says that a template reads other items than its own, so that a stream must be read to
    its end first. Made by `compile_plan`.
    """

    def __init__(
        self,
        *,
        node: Node,
        descriptor: NodeDescriptor,
        resource: str | None,
        operation: OptionDescriptor | None,
        parameters: Mapping[str, Compiled],
        values: Mapping[str, Any],
        steps: Sequence[Step],
        needs_all_items: bool,
        url_values: UrlValues,
        transfer: Transfer | None = None,
        max_pages: int = 10_000,
    ) -> None:
        self.node = node
        self.descriptor = descriptor
        self.resource = resource
        self.operation = operation
        self.parameters = parameters
        self.url_values: UrlValues = url_values
        self.transfer = transfer or Transfer()
        self.max_pages = max_pages
        self.needs_all_items = needs_all_items
        self.paginations: dict[int, GenericPagination] = {}
        self._values = values
        self._constant = next((i for i, step in enumerate(steps) if not step.static), len(steps))
        self._steps = list(steps)
        self._ground: Draft | None = None

    @property
    def title(self) -> str:
        """The operation as a person names it, such as "3CX, Website Links, Delete Weblink"."""
        parts = [self.node.label]
        if self.resource is not None:
            parts.append(self.node.resource_label(self.resource))
        if self.operation is not None:
            parts.append(self.operation.name)
        return ", ".join(parts)

    def credential_references(self) -> list[CredentialReference]:
        """The credential types that apply with these parameters, the first choice first (n8n `authentication`)."""
        around = Surroundings(self._values, self._values, self.descriptor.type_version)
        return [r for r in self.descriptor.credentials if around.visible(r.display_options)]

    def draft(self, scope: Scope) -> Draft:
        """Resolve everything for one item. Raises an ItemError subclass; nothing is sent."""
        if self._ground is None:
            ground = Draft(scope)
            for step in self._steps[: self._constant]:
                step.apply(ground)
            self._ground = ground
        draft = self._ground.copy(scope)
        for step in self._steps[self._constant :]:
            step.apply(draft)
        return draft

    def call(self, draft: Draft) -> Call:
        """The (first) call of a draft."""
        return Call(draft.options, draft.path, self.url_values, self.transfer)

    def exchange(self, scope: Scope) -> Generator[Call, Response, list[Item]]:
        """Everything one item does: yields calls, is sent their answers, and returns the items that come out.

        Raises an ItemError subclass when the item fails.
        """
        draft = self.draft(scope)
        reception = Reception(self, draft)
        if draft.paginate and "pagination" in draft.operations:
            return (yield from exchange_pages(self, draft, reception))
        response = yield self.call(draft)
        return reception.limited(reception.items(response, self.call(draft)))
