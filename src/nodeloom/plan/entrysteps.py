"""Entries of a fixedCollection: what they may be, and steps for which `$parent` is the entry around them (n8n)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nodeloom.descriptor.models import GroupDescriptor, PropertyDescriptor
from nodeloom.errors import InvalidValueError
from nodeloom.expression import Dialect, Scope, compile_value
from nodeloom.plan.draft import Draft
from nodeloom.plan.marks import Marks, Within
from nodeloom.plan.steps import RoutingStep, Step, value_of
from nodeloom.plan.uses import Name, Use, compiler_for


def has_templates(prop: PropertyDescriptor, value: object) -> bool:
    """Whether a template stands where a group of a fixedCollection has its entries, or one of them."""
    if prop.type != "fixedCollection" or not isinstance(value, Mapping):
        return False
    for entries in value.values():
        if any(isinstance(entry, str) for entry in (entries if isinstance(entries, list) else [entries])):
            return True
    return False


def check_entries(prop: PropertyDescriptor, group: GroupDescriptor, entries: object) -> None:
    """Raise InvalidValueError for what cannot be the entries of a group."""
    # One object is taken for a list of one (n8n).
    several = entries if isinstance(entries, list) and prop.multiple else [entries]
    wrong = next((entry for entry in several if not isinstance(entry, Mapping)), None)
    if wrong is not None:
        label = group.display_name or group.name
        raise InvalidValueError(
            f"{label} takes {'a list of objects' if prop.multiple else 'one object'}.",
            property=prop.label,
            value=wrong,
            hint=f"Give each entry as {{{group.values[0].name!r}: …}}." if group.values else None,
        )


class EntryTemplate:
    """The written members of one entry of a fixedCollection, compiled, for `$parent`.

    `made_of` are the credential's fields that its members read.

    Args:
        values: the members as they were written, defaults among them.
        dialect: that of the author's templates.
        given: the members that the author gave; the others are the descriptor's own.
        uses: what the members are put into.
        within: what the names around them were made of.
    """

    __slots__ = ("_members", "made_of")

    def __init__(
        self,
        values: Mapping[str, object],
        dialect: Dialect,
        given: Mapping[str, object],
        uses: Mapping[Name, Use],
        within: Within,
    ) -> None:
        self._members = {
            name: compile_value(
                value,
                dialect=dialect if name in given else "n8n",
                property=name,
                template=compiler_for(uses.get(("$parent", name))),
            )
            for name, value in values.items()
        }
        self.made_of = within.fields(*self._members.values())

    def resolve(self, scope: Scope) -> dict[str, object]:
        """The members for one item."""
        return {name: member.resolve(scope) for name, member in self._members.items()}


@dataclass(slots=True)
class EntryStep:
    """A step inside an entry of a fixedCollection: `$parent` is the entry, resolved for the item."""

    step: RoutingStep
    parent: EntryTemplate

    static = False
    settled = False

    @property
    def touches(self) -> frozenset[str]:
        """What the step inside touches."""
        return self.step.touches

    @property
    def marks(self) -> Marks:
        """What the step inside marks."""
        return self.step.marks

    def apply(self, draft: Draft) -> None:
        """Resolve the entry and the value, and contribute the value."""
        parent = self.parent.resolve(draft.scope)
        value = value_of(self.step.prop, self.step.value, draft.scope)
        if self.step.untold:
            draft.keep_untold(value)
        self.step.routing.apply(draft, value, self.step.value, {**self.step.names, "$parent": parent})


def in_entry(step: Step) -> Step:
    """`step` so that `$parent` is resolved for each item; any other step as it is."""
    parent = step.names.get("$parent") if isinstance(step, RoutingStep) else None
    return EntryStep(step, parent) if isinstance(step, RoutingStep) and isinstance(parent, EntryTemplate) else step
