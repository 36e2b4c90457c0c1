"""What a service offers, declared as data: types, fields, entity sets, and operations bound to them.

The words are those of OData's metadata (CSDL 4.01): an entity set holds entities of one type, told apart by
their key; an action or function is bound to the set or to one entity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from .literals import Value, parse_datetime, parse_duration

if TYPE_CHECKING:
    from .service import Call

Key = Value | tuple[Value, ...]
"""An entity's key: the bare value, or a tuple in the declared order where the key has several parts."""


class Edm(StrEnum):
    """The primitive types in use (CSDL 4.01, section 4.4)."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DOUBLE = "Edm.Double"
    DECIMAL = "Edm.Decimal"
    GUID = "Edm.Guid"
    DATE = "Edm.Date"
    DATETIME = "Edm.DateTimeOffset"
    DURATION = "Edm.Duration"


@dataclass(frozen=True)
class EnumType:
    """An enumeration; in JSON a value is the member's name."""

    name: str
    members: frozenset[str]


@dataclass(frozen=True)
class ComplexType:
    """A structure without a key. `name` is qualified: `Pbx.LiveChatBox`."""

    name: str
    fields: tuple[Field, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {f.name: f for f in self.fields}


@dataclass(frozen=True)
class EntityType(ComplexType):
    """A structure whose `key` fields tell its entities apart."""

    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One property of a structure. A `navigation` field is part of an answer only when `$expand` names it."""

    name: str
    type: Edm | EnumType | ComplexType = Edm.STRING
    nullable: bool = True
    collection: bool = False
    navigation: bool = False
    max_length: int | None = None


@dataclass(frozen=True)
class Operation:
    """An action (POST, arguments in the body) or function (GET, arguments in the path).

    `run` gets the call and gives what it answers: None becomes 204, anything else is the JSON of a 200.
    """

    name: str
    run: Callable[[Call], Any]
    parameters: tuple[Field, ...] = ()
    kind: Literal["action", "function"] = "action"
    bound_to: Literal["set", "entity"] = "set"


ALL_VERBS = frozenset({"list", "get", "create", "update", "delete"})


@dataclass(frozen=True)
class EntitySet:
    """A set of entities and what may be done with it. Without `etags` its entities carry none."""

    name: str
    type: EntityType
    verbs: frozenset[str] = ALL_VERBS
    operations: tuple[Operation, ...] = ()
    etags: bool = True
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a created entity holds where the request says nothing; null (or an empty list) without an entry."""

    @cached_property
    def operations_by_name(self) -> Mapping[str, Operation]:
        """The bound operations by qualified name."""
        return {o.name: o for o in self.operations}

    def key_of(self, values: Mapping[str, Any]) -> Key:
        """The key of an entity given as JSON values, its key fields already checked."""
        parts = [from_json(self.type.by_name[k].type, values[k]) for k in self.type.key]
        return parts[0] if len(parts) == 1 else tuple(parts)


def from_json(kind: Edm | EnumType | ComplexType, value: Any) -> Any:
    """A primitive's JSON form as the value it means (a GUID's text as UUID, and so on).

    Raises ValueError, TypeError or AttributeError where `value` is no such thing; null stays None.
    """
    if value is None:
        return None
    match kind:
        case Edm.GUID:
            return UUID(value)
        case Edm.DATETIME:
            return parse_datetime(value)
        case Edm.DATE:
            return date.fromisoformat(value)
        case Edm.DURATION:
            return parse_duration(value)
        case _:
            return value


_PYTHON_TYPES: dict[Edm, tuple[type, ...]] = {
    Edm.STRING: (str,),
    Edm.BOOLEAN: (bool,),
    Edm.INT32: (int,),
    Edm.INT64: (int,),
    Edm.DOUBLE: (int, float, Decimal),
    Edm.DECIMAL: (int, float, Decimal),
    Edm.GUID: (str,),
    Edm.DATE: (str,),
    Edm.DATETIME: (str,),
    Edm.DURATION: (str,),
}
_RANGES = {Edm.INT32: 2**31, Edm.INT64: 2**63}


def fits_json(kind: Edm, value: Any) -> bool:
    """Whether a JSON value other than null is of the primitive type `kind`."""
    if not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind is not Edm.BOOLEAN):
        return False
    limit = _RANGES.get(kind)
    if limit is not None:
        return isinstance(value, int) and -limit <= value < limit
    try:
        from_json(kind, value)
    except ValueError:
        return False
    return True


def fits_literal(kind: Edm | EnumType | ComplexType, value: Value) -> bool:
    """Whether a literal out of a URL, not null, is of the type `kind`."""
    if isinstance(kind, EnumType):
        return isinstance(value, str) and value in kind.members
    if isinstance(kind, ComplexType):
        return False
    match kind:
        case Edm.GUID:
            return isinstance(value, UUID)
        case Edm.DATETIME:
            return isinstance(value, datetime)
        case Edm.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case Edm.DURATION:
            return isinstance(value, timedelta)
        case _:
            return fits_json(kind, value)
