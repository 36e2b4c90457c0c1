"""What an author set for the body of a request, and what is left of it.

A field whose expression comes to nothing is not sent. If that is so of all fields that the author set, and nothing else
is in the body either, the request would say nothing of what was meant: an update of nothing is reported as a success,
and some services take an empty body for "all of it". So it is an error (strict). An update that only names its key is
not an error, since its author set no field; an empty list of entries is not one either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nodeloom.descriptor.models import PropertyDescriptor, RequestRouting, Routing
from nodeloom.expression import UNDEFINED, Compiled
from nodeloom.headerfields import media_type
from nodeloom.plan.draft import Draft
from nodeloom.plan.locator import is_locator
from nodeloom.plan.marks import NO_MARKS
from nodeloom.plan.missingvalues import missing_body
from nodeloom.plan.multipart import MULTIPART
from nodeloom.plan.payload import FORM
from nodeloom.plan.uses import names_read


@dataclass(frozen=True, slots=True)
class BodyFields:
    """The values that an author gave for the body of an operation, each with its property."""

    values: Sequence[tuple[PropertyDescriptor, Compiled]]

    def check(self, draft: Draft) -> None:
        """Raise MissingValueError if none of the values came to anything, and the body of `draft` is empty."""
        body = draft.options.get("body")
        if not _is_empty(body, leaves_null_out=True) or str(draft.options.get("method") or "GET").upper() == "GET":
            return
        # A form cannot say null, so axios leaves such a field out.
        leaves_null_out = _kind(draft) in (FORM, MULTIPART)
        if body is not None and not _is_empty(body, leaves_null_out=leaves_null_out):
            return
        for prop, value in self.values:
            if not _is_nothing(value.resolve(draft.scope), prop, leaves_null_out=leaves_null_out):
                return
        raise missing_body([(prop.label, value) for prop, value in self.values], draft.scope)


@dataclass(frozen=True, slots=True)
class PatchStep:
    """A PATCH of which no field is set sends `{}`, which changes nothing (RFC 7396): services refuse an empty body."""

    static = True
    settled = True
    touches = frozenset({"method", "bodyRequired"})
    marks = NO_MARKS

    def apply(self, draft: Draft) -> None:
        """Ask for a body, if that is the method."""
        if str(draft.options.get("method")).upper() == "PATCH":
            draft.options.setdefault("bodyRequired", True)


def body_fields(values: Sequence[tuple[PropertyDescriptor, Compiled]]) -> BodyFields | None:
    """What is to be checked for each item; None if there is always something left to send."""
    if not values or any(value.static and value.value is not UNDEFINED for _prop, value in values):
        return None
    return BodyFields(tuple(values))


def sends_body(prop: PropertyDescriptor) -> bool:
    """Whether a property, or what a collection holds, is sent in the body."""
    inner: Iterable[PropertyDescriptor] = (*prop.children(), *(p for group in prop.groups() for p in group.values))
    return _sends_value(prop.routing) or any(map(sends_body, inner))


def reads_value(routing: Routing) -> bool:
    """Whether a routing puts its property's value into the body."""
    return _sends_value(routing) or ("$value",) in names_read(_body_of(routing.request))


def parameters_read(routing: Routing | None) -> list[str]:
    """The parameters that a routing puts into the body by their names: `={{ $parameter.title }}`."""
    if routing is None:
        return []
    send = routing.send
    sent = send.value if send is not None and send.type == "body" else None
    return [*parameters_read_by(routing.request), *_parameters_in(sent)]


def parameters_read_by(request: RequestRouting | None) -> list[str]:
    """The parameters that a `request`, or a node's `requestDefaults`, puts into the body by their names."""
    return _parameters_in(_body_of(request))


def _parameters_in(written: object) -> list[str]:
    return [name[1] for name in names_read(written) if name[0] == "$parameter"]


def _sends_value(routing: Routing | None) -> bool:
    return routing is not None and routing.send is not None and routing.send.type == "body"


def _body_of(request: RequestRouting | None) -> object:
    return None if request is None else request.body


def _kind(draft: Draft) -> str:
    headers = draft.options.get("headers")
    fields = headers.items() if isinstance(headers, Mapping) else ()
    return next((media_type(str(value)) for name, value in fields if name.lower() == "content-type"), "")


def _is_empty(body: object, *, leaves_null_out: bool) -> bool:
    """Whether nothing of a body is sent. Null is a value of JSON; a form leaves it out."""
    if isinstance(body, Mapping):
        return all(_is_empty(value, leaves_null_out=leaves_null_out) for value in body.values())
    return body is UNDEFINED or (body is None and leaves_null_out)


def _is_nothing(value: object, prop: PropertyDescriptor | None, *, leaves_null_out: bool) -> bool:
    """Whether what an author wrote for `prop` came to nothing; an object whose members did, came to nothing too."""
    if isinstance(value, Mapping) and is_locator(prop, value):
        value = value.get("value", UNDEFINED)
    if isinstance(value, Mapping) and value:
        return all(_is_nothing(member, None, leaves_null_out=leaves_null_out) for member in value.values())
    return value is UNDEFINED or (value is None and leaves_null_out)
