"""What a request's path addresses: `resolve` turns the segments of `paths` into one target, or refuses.

OData URL Conventions 4.01, section 4. The method does not matter yet; whether it is allowed is `service`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nodeloom.errors import nearest
from nodeloom.testing.odata.declarations import ComplexType, Edm, EntitySet, EnumType, Key, Operation, fits_literal
from nodeloom.testing.odata.literals import Value
from nodeloom.testing.odata.paths import Segment, parse_path
from nodeloom.testing.odata.refusal import ODataError, bad_request

if TYPE_CHECKING:
    from nodeloom.testing.odata.offers import Offers


@dataclass(frozen=True, slots=True)
class Target:
    """What a path addresses: the service, a set or its count, an entity, what it leads to, or an operation."""

    kind: Literal["service", "set", "count", "entity", "alternate", "singleton", "navigation", "operation"]
    set_name: str = ""
    """Empty for the service itself and for an operation that is not bound."""
    key: Key = None
    """The entity's key, for an entity, an operation bound to one and a navigation field of one."""
    operation: Operation | None = None
    arguments: Mapping[str, Value] = field(default_factory=dict)
    """A function's arguments out of the path."""
    field: str = ""
    """The alternate key that `key` is a value of, or the navigation field."""


def resolve(path: str, offers: Offers) -> Target:
    """What a raw path below the service root addresses. Raises ODataError: 404 for names, 400 for keys."""
    if not path:
        return Target("service")
    first, *rest = parse_path(path)
    entity_set = offers.entity_set(first.name)
    if entity_set is None:
        operation = offers.operation(first.name)
        if operation is None or rest:
            raise _no_resource(first.name, offers.names())
        return Target("operation", operation=operation, arguments=_path_arguments(operation, first))
    target = _resolve_first(first, entity_set)
    if not rest:
        return target
    if len(rest) > 1 or target.kind == "alternate":
        raise _no_resource(rest[-1].name, ())
    return _resolve_below(target, rest[0], entity_set)


def _resolve_first(segment: Segment, entity_set: EntitySet) -> Target:
    """What the first segment alone addresses."""
    if segment.arguments is None:
        return Target("singleton" if entity_set.singleton else "set", segment.name)
    name = next(iter(segment.arguments), "")
    if name in entity_set.alternate_keys and len(segment.arguments) == 1:
        _check_key(segment, entity_set, name)
        return Target("alternate", segment.name, segment.arguments[name], field=name)
    if not entity_set.type.key:
        raise ODataError(404, f"The path '{segment.name}' takes no key.", target=segment.name)
    return Target("entity", segment.name, _key(segment, entity_set))


def _resolve_below(target: Target, segment: Segment, entity_set: EntitySet) -> Target:
    """What `segment` addresses below a set, a singleton or an entity."""
    name = target.set_name
    bound_to = "entity" if target.kind == "entity" else "set"
    if segment.name == "$count" and segment.arguments is None and target.kind == "set":
        return Target("count", name)
    if segment.name in entity_set.navigation and segment.arguments is None and target.kind != "set":
        return Target("navigation", name, target.key, field=segment.name)
    operation = entity_set.operations_by_name.get(segment.name)
    if operation is None or operation.bound_to != bound_to:
        raise _no_resource(segment.name, (*entity_set.operations_by_name, *entity_set.navigation))
    return Target("operation", name, target.key, operation, _path_arguments(operation, segment))


def _no_resource(name: str, known: Iterable[str]) -> ODataError:
    close = nearest(name, known)
    hint = f" Did you mean '{close}'?" if close else ""
    return ODataError(404, f"No resource '{name}'.{hint}", target=name)


def _key(segment: Segment, entity_set: EntitySet) -> Key:
    """The key in `Set(…)`: one bare literal, or all key fields by name. Raises ODataError (400)."""
    given = dict(segment.arguments or {})
    names = entity_set.type.key
    if list(given) == [""] and len(names) == 1:
        given = {names[0]: given[""]}
    if set(given) != set(names):
        raise bad_request(f"The key of '{segment.name}' is ({', '.join(names)}).", target=segment.name)
    named = Segment(segment.name, given)
    for name in names:
        _check_key(named, entity_set, name)
    return given[names[0]] if len(names) == 1 else tuple(given[n] for n in names)


def _check_key(segment: Segment, entity_set: EntitySet, name: str) -> None:
    kind = entity_set.type.by_name[name].type
    if not fits_literal(kind, (segment.arguments or {})[name]):
        raise bad_request(f"The key '{name}' of '{segment.name}' must be a literal of {_type_name(kind)}.", target=name)


def _path_arguments(operation: Operation, segment: Segment) -> dict[str, Value]:
    """A function's arguments, each a literal of its declared type. Raises ODataError (400; 404 for wrong names)."""
    given = dict(segment.arguments or {})
    if operation.kind == "action":
        # Parentheses behind an action are the usual mistake of a client that takes it for a function.
        if given:
            raise bad_request(f"The action '{operation.name}' takes its arguments in the body.")
        return {}
    # The names decide which overload of a function is meant, so with wrong names there is not such a function.
    if set(given) != {p.name for p in operation.parameters}:
        names = ", ".join(p.name for p in operation.parameters)
        raise ODataError(404, f"No function '{operation.name}' with these arguments; it takes ({names}).")
    for parameter in operation.parameters:
        value = given[parameter.name]
        fits = parameter.nullable if value is None else fits_literal(parameter.type, value)
        if not fits:
            kind = _type_name(parameter.type)
            raise bad_request(f"The argument '{parameter.name}' must be a literal of {kind}.", target=parameter.name)
    return given


def _type_name(kind: Edm | EnumType | ComplexType) -> str:
    return kind.value if isinstance(kind, Edm) else kind.name
