"""A compiled operation: item in, calls out; answers in, items out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.models import CredentialReference, NodeDescriptor, OptionDescriptor
from nodeloom.descriptor.visibility import Surroundings, edition_of
from nodeloom.errors import InvalidValueError, ItemError
from nodeloom.expression import Compiled, Scope
from nodeloom.expression.fieldreads import Fields
from nodeloom.messages import Content, Response
from nodeloom.plan.address import UrlValues
from nodeloom.plan.answerbounds import Bounds
from nodeloom.plan.body_fields import BodyFields
from nodeloom.plan.call import Call
from nodeloom.plan.common import CommonCalls
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import NO_MARKS, Marks
from nodeloom.plan.pages import exchange_pages
from nodeloom.plan.reception import Reception
from nodeloom.plan.routing import ANY, REST
from nodeloom.plan.steps import Step
from nodeloom.plan.transfer import Transfer
from nodeloom.redaction import MASK
from nodeloom.values import Item


class OperationPlan:
    """One operation of a node with an author's parameters, compiled once for all items. Made by `compile_plan`.

    Args:
        node: whose operation it is.
        descriptor: the part of the node that describes the resource.
        resource: the chosen one; None if the node has none.
        operation: the chosen one; None if the node has none.
        parameters: the visible properties' values, compiled: what `$parameter` reads.
        values: the same values as they were written.
        steps: what makes a request, in order.
        needs_all_items: whether a template reads other items than its own, so that a stream is read to its end first.
        url_values: how values get into addresses.
        transfer: how the requests travel.
        pages_choose_method: whether later pages may have a method of their own.
        marks: the parts of the requests that are the credential's.
        made_of: the credential's fields that a parameter was made of, by its name.
        body_fields: what the author set for the body; None if that need not be checked.
    """

    def __init__(
        self,
        *,
        node: Node,
        descriptor: NodeDescriptor,
        resource: str | None,
        operation: OptionDescriptor | None,
        parameters: Mapping[str, Compiled],
        values: Mapping[str, object],
        steps: Sequence[Step],
        needs_all_items: bool,
        url_values: UrlValues,
        transfer: Transfer | None = None,
        pages_choose_method: bool = False,
        marks: Marks = NO_MARKS,
        made_of: Mapping[str, Fields] | None = None,
        body_fields: BodyFields | None = None,
    ) -> None:
        self.node = node
        self.descriptor = descriptor
        self.resource = resource
        self.operation = operation
        self.parameters = parameters
        self.url_values: UrlValues = url_values
        self.transfer = transfer or Transfer()
        self.marks = marks
        self._body_fields = body_fields
        self.made_of: Mapping[str, Fields] = made_of or {}
        self.bounds = Bounds(url_values == "raw", _title(node, resource, operation), operation, self.made_of)
        self.needs_all_items = needs_all_items
        self._values = values
        self._pages_choose_method = pages_choose_method
        self._settled, self._own = arrange_steps(steps)
        touched = frozenset[str]().union(*(step.touches for step in self._own))
        # None if an item may change any part of the request: then no part is common to all.
        self._touched = None if ANY in touched else touched - {REST}
        self._ground: _Ground | None = None

    @property
    def values(self) -> Mapping[str, object]:
        """The visible properties' values as they were written, defaults among them."""
        return self._values

    def method(self, scope: Scope) -> str | None:
        """The HTTP method of every item's request; None if it is not known before. `scope` is that of any item."""
        # A journal asks before any item is read, so the method is known only if no item and no page can change it.
        if self._touched is None or "method" in self._touched or self._pages_choose_method:
            return None
        try:
            return Call(self._laid(scope).draft.options, {}, self.url_values, self.transfer).method
        except ItemError:
            # Every item fails with it, in its own words.
            return None

    @property
    def title(self) -> str:
        """The operation as a person names it, such as "3CX, Website Links, Delete Weblink"."""
        return self.bounds.title

    def bound(self, *, max_pages: int | None = None, max_items: int | None = None) -> None:
        """Let one item's answers have so many pages and items at most; None leaves the bound as it is."""
        self.bounds = replace(
            self.bounds,
            max_pages=max_pages or self.bounds.max_pages,
            max_items=max_items or self.bounds.max_items,
        )

    def credential_references(self) -> list[CredentialReference]:
        """The credential types that apply with these parameters, the first choice first (n8n `authentication`)."""
        around = Surroundings(self._values, self._values, edition_of(self.descriptor))
        return [r for r in self.descriptor.credentials if around.visible(r.display_options)]

    def draft(self, scope: Scope, said: list[Content] | None = None) -> Draft:
        """Resolve everything for one item. Raises an ItemError subclass; nothing is sent.

        `said` is given the draft before anything can fail: an error may repeat what is in it.
        """
        ground = self._ground
        # By identity: the credential's fields are one object until they change.
        if ground is None or ground.credentials is not scope.names.get("$credentials"):
            ground = self._ground = self._laid(scope)
        touched = self._touched
        draft = ground.draft.copy(scope, ground.draft.options if touched is None else touched)
        if said is not None:
            said.append(draft)
        _apply(self._own, draft)
        if self._body_fields is not None:
            self._body_fields.check(draft)
        return draft

    def _laid(self, scope: Scope) -> _Ground:
        draft = Draft(scope, marks=self.marks)
        _apply(self._settled, draft)
        common = None
        if self._touched is not None:
            ground = Call(draft.options, {}, self.url_values, self.transfer, marks=self.marks)
            common = CommonCalls(ground, self._touched)
        return _Ground(scope.names.get("$credentials"), draft, common)

    def call(self, draft: Draft) -> Call:
        """The call of a draft; of several pages the first one."""
        common = self._ground.common if self._ground is not None and not _has_pages(draft) else None
        return Call(draft.options, draft.path, self.url_values, self.transfer, common, draft.marks, draft)

    def exchange(self, scope: Scope, said: list[Content] | None = None) -> Generator[Call, Response, list[Item]]:
        """Everything one item does: yields calls, is sent their answers, and returns the items that come out.

        Raises an ItemError subclass when the item fails. `said` is for what an error may repeat, see `draft`.
        """
        draft = self.draft(scope, said)
        reception = Reception(self.bounds, draft)
        call = self.call(draft)
        if _has_pages(draft):
            return (yield from exchange_pages(call, draft, reception, self.bounds))
        response = yield call
        return reception.limit_items(reception.items(response, call))


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the settled steps contributed, for the credential it was made with."""

    credentials: object
    draft: Draft
    common: CommonCalls | None


def _title(node: Node, resource: str | None, operation: OptionDescriptor | None) -> str:
    parts = [node.label]
    if resource is not None:
        parts.append(node.resource_label(resource))
    if operation is not None:
        parts.append(operation.name)
    return ", ".join(parts)


def _has_pages(draft: Draft) -> bool:
    return bool(draft.paginate) and draft.pagination is not None


def _apply(steps: Iterable[Step], draft: Draft) -> None:
    """Have each step contribute. An error does not tell a value that its step made of the credential."""
    for step in steps:
        try:
            step.apply(draft)
        except InvalidValueError as error:
            if step.marks.tells_of_values and error.value is not None:
                error.value = MASK
            raise


def arrange_steps(steps: Iterable[Step]) -> tuple[list[Step], list[Step]]:
    """The steps that can be applied once for all items, and those of the item, which come after them.

    A settled step stays behind an item's own step that touches the same: the later one wins.
    """
    settled: list[Step] = []
    own: list[Step] = []
    taken: set[str] = set()
    for step in steps:
        if step.settled and not (taken and (ANY in taken or taken & step.touches)):
            settled.append(step)
        else:
            own.append(step)
            taken |= step.touches
    return settled, own
