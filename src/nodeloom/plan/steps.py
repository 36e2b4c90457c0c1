"""The steps of a plan: every visible property's contribution to the request, in document order.

A step knows the property's written value and its compiled routing. Which steps there are is `stepbuilder.py`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED, Compiled, Literal, Scope, compile_value
from nodeloom.plan.coercion import Coercion
from nodeloom.plan.constancy import is_settled
from nodeloom.plan.constraints import Constraint
from nodeloom.plan.draft import Draft
from nodeloom.plan.locator import resolve_locator
from nodeloom.plan.marks import NO_MARKS, Marks
from nodeloom.plan.missingvalues import is_missing, missing_value
from nodeloom.plan.placement import name_property
from nodeloom.plan.requestmembers import MembersStep
from nodeloom.plan.routing import CompiledRouting


class Step(Protocol):
    """One contribution to a request."""

    @property
    def static(self) -> bool:
        """Whether it contributes the same for every item and every credential."""
        ...

    @property
    def settled(self) -> bool:
        """Whether it contributes the same for every item as long as the credential stays the same."""
        ...

    @property
    def touches(self) -> frozenset[str]:
        """What of a draft it may change: members of its `options`, ANY for any of them, REST for all else.

        Path values and what is kept for messages are not counted: every property has its own.
        """
        ...

    @property
    def marks(self) -> Marks:
        """What of a request it makes the credential's."""
        ...

    def apply(self, draft: Draft) -> None:
        """Contribute to `draft`."""
        ...


def constant(value: object) -> Compiled:
    """Data as a compiled value that is never read as a template."""
    return compile_value(Literal(value), dialect="author")


def value_of(prop: PropertyDescriptor | None, value: Compiled, scope: Scope) -> object:
    """What a property's written value comes to: `$value`."""
    resolved = value.resolve(scope)
    return resolved if prop is None else resolve_locator(prop, resolved)


@dataclass(slots=True)
class RoutingStep:
    """A property's own routing.

    Args:
        prop: the property; None for the routing of a choice.
        value: what is written for it.
        routing: compiled.
        names: further names for its templates.
        coercion: what makes of the value what the property's type asks for.
        untold: whether the value is sent and not told.
    """

    prop: PropertyDescriptor | None
    value: Compiled
    routing: CompiledRouting
    names: Mapping[str, object] = field(default_factory=dict)
    coercion: Coercion | None = None
    untold: bool = False

    @property
    def static(self) -> bool:
        """Whether value and routing are constant."""
        return self.value.static and self.routing.static and not self.names

    @property
    def settled(self) -> bool:
        """Whether value and routing depend on the credential at most."""
        return is_settled(self.value) and self.routing.settled and not self.names

    @property
    def touches(self) -> frozenset[str]:
        """What the routing touches."""
        return self.routing.touches

    @property
    def marks(self) -> Marks:
        """What the routing marks."""
        return self.routing.marks

    def apply(self, draft: Draft) -> None:
        """Resolve the value and contribute it."""
        value = value_of(self.prop, self.value, draft.scope)
        if self.coercion is not None:
            value = self.coercion.apply(value, draft.scope)
        if self.untold:
            draft.keep_untold(value)
        self.routing.apply(draft, value, self.value, self.names)


# Text that needs no escape and no check as a path value: it is neither empty nor a dot segment.
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*")


@dataclass(slots=True)
class KeyStep:
    """A text in the path, the usual key of what an operation addresses: plain text is put there as it is.

    Everything else is left to the property's routing, which this is a shortcut of.

    Args:
        step: the routing.
        name: the placeholder.
        quote: what stands around the text in the path.
        property_name: for messages and for `echo`.
        value: what is written for the property.
    """

    step: RoutingStep
    name: str
    quote: str
    property_name: str
    value: Compiled

    static = False
    settled = False
    touches = frozenset[str]()

    @property
    def marks(self) -> Marks:
        """What the routing marks."""
        return self.step.marks

    def apply(self, draft: Draft) -> None:
        """Resolve the value and contribute it."""
        value = self.value.resolve(draft.scope)
        # By the exact type, which is the quickest test; any other value goes the way of the routing.
        if type(value) is str and _PLAIN_TEXT.fullmatch(value):
            draft.path[self.name] = f"{self.quote}{value}{self.quote}"
            draft.values[self.property_name] = value
        else:
            self.step.apply(draft)


def _shorten(step: RoutingStep) -> Step:
    """`step`, or its shortcut if it only puts a text into the path."""
    name, quote = step.routing.key_name, step.routing.key_quote
    if step.prop is None or name is None or quote is None or step.value.static or step.prop.extract_value is not None:
        return step
    # These have to see the value, so that the shortcut would leave them out.
    if step.coercion is not None or step.untold:
        return step
    return KeyStep(step, name, quote, step.prop.name, step.value)


def takes_null(prop: PropertyDescriptor) -> bool:
    """Whether null is a value of a required property (`send.nullable`)."""
    send = prop.routing.send if prop.routing is not None else None
    return send is not None and bool(send.nullable)


@dataclass(slots=True)
class RequiredStep:
    """A check that a required property has a value; it fails the item otherwise."""

    prop: PropertyDescriptor
    value: Compiled

    static = False
    settled = False
    touches = frozenset[str]()
    marks = NO_MARKS

    def apply(self, draft: Draft) -> None:
        """Raise MissingValueError when the value is undefined, null (if null is not a value) or empty."""
        value = resolve_locator(self.prop, self.value.resolve(draft.scope))
        if is_missing(value) and not (value is None and takes_null(self.prop)):
            raise missing_value(self.prop.label, self.value, draft.scope)


@dataclass(slots=True)
class ConstraintStep:
    """A check that a property's value fits its `schema`, of a property of which nothing itself is sent."""

    prop: PropertyDescriptor
    value: Compiled
    constraint: Constraint

    settled = False
    touches = frozenset[str]()
    marks = NO_MARKS

    @property
    def static(self) -> bool:
        """Whether the value is the same for every item."""
        return self.value.static

    def apply(self, draft: Draft) -> None:
        """Raise InvalidValueError when there is a value that does not fit."""
        value = resolve_locator(self.prop, self.value.resolve(draft.scope))
        if value is UNDEFINED or value is None:
            return
        try:
            self.constraint.check(value, as_text=False)
        except InvalidValueError as error:
            raise name_property(error, self.prop, self.value) from None


@dataclass(slots=True)
class UntoldStep:
    """Remembers the value of a property that is sent by way of `$parameter` at most, and is not told."""

    value: Compiled

    static = False
    settled = False
    touches = frozenset[str]()
    marks = NO_MARKS

    def apply(self, draft: Draft) -> None:
        """Resolve the value and remember it."""
        draft.keep_untold(self.value.resolve(draft.scope))


def steps_of_routing(
    routing: CompiledRouting,
    prop: PropertyDescriptor | None,
    value: Compiled,
    names: Mapping[str, object],
    coercion: Coercion | None = None,
    *,
    untold: bool = False,
) -> Iterator[Step]:
    """The steps of a routing: what of its request is settled, then the rest of it.

    Args:
        routing: compiled.
        prop: the property it belongs to; None for that of a choice, or of no value at all.
        value: what is written for the property.
        names: further names for its templates.
        coercion: what makes of the value what the property's type asks for.
        untold: whether the value is sent and not told.
    """
    if routing.members:
        yield MembersStep(routing.members, partial(value_of, prop, value), routing.marks)
    if not routing.members or not routing.is_empty:
        yield _shorten(RoutingStep(prop, value, routing, names, coercion, untold))
    elif untold:
        yield UntoldStep(value)
