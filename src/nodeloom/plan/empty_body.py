"""A request that was to send what its author set, and sends nothing of it.

An update with no field set changes nothing, and is reported as a success all the same; fields whose expressions came to
nothing leave an empty body, which some services take for "all of it". Both are errors (strict).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.errors import MissingValueError
from nodeloom.plan.draft import Draft
from nodeloom.plan.payload import is_sent

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class BodyFields:
    """The properties of an operation that are sent in its body: the labels of all, and of those that were set."""

    title: str
    known: tuple[str, ...]
    given: tuple[str, ...]

    def check(self, draft: Draft) -> None:
        """Raise MissingValueError when nothing is left to send of what should be.

        A body that the descriptor asks for, whatever is set, is sent empty (`bodyRequired`).
        """
        method = str(draft.options.get("method") or "").upper()
        if method not in _WITH_BODY or is_sent(draft.options.get("body"), as_n8n=False):
            return
        if self.given:
            several = len(self.given) > 1
            raise MissingValueError(
                f"{', '.join(self.given)} came to nothing, so there is nothing to send.",
                property=self.given[0],
                hint=f"Check what {'their expressions read' if several else 'its expression reads'}, or leave "
                f"{'them' if several else 'it'} out.",
            )
        if method == "PATCH" and draft.options.get("bodyRequired") is not True:
            raise MissingValueError(
                f"{self.title} changes nothing: none of its fields is set.",
                property=self.known[0],
                hint=f"Set what is to change: {', '.join(self.known[:12])}{', …' if len(self.known) > 12 else ''}.",
            )


def body_fields(title: str, properties: Iterable[PropertyDescriptor], given: Mapping[str, Any]) -> BodyFields | None:
    """The fields of a body among the visible `properties`, of which `given` were set; None when there are none."""
    known: dict[str, bool] = {}
    for prop in properties:
        value = given.get(prop.name)
        if _is_sent_in_body(prop):
            known[prop.label] = known.get(prop.label, False) or prop.name in given
        for child, is_set in _inside(prop, value):
            known[child.label] = known.get(child.label, False) or is_set
    return BodyFields(title, tuple(known), tuple(label for label, is_set in known.items() if is_set)) if known else None


def _inside(prop: PropertyDescriptor, value: Any) -> Iterator[tuple[PropertyDescriptor, bool]]:
    """What a collection holds that is sent in the body, and whether it was set."""
    held = value if isinstance(value, Mapping) else {}
    for child in prop.children():
        if _is_sent_in_body(child):
            yield child, child.name in held
    for group in prop.groups():
        for child in group.values:
            if _is_sent_in_body(child):
                yield child, bool(held.get(group.name))


def _is_sent_in_body(prop: PropertyDescriptor) -> bool:
    return prop.routing is not None and prop.routing.send is not None and prop.routing.send.type == "body"
