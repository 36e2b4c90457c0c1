"""What a service offers, declared as data: types, fields, entity sets, and operations bound to them.

The words are those of OData's metadata (CSDL 4.01): an entity set holds entities of one type, told apart by
their key; an action or function is bound to the set or to one entity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from nodeloom.testing.odata.literals import Value, parse_datetime, parse_duration, parse_time
from nodeloom.values import Json

#: What an operation gives: rows that options choose from, a file, other JSON, or nothing.
Result: TypeAlias = "Json | Rows | File | None"

Key = Value | tuple[Value, ...]
"""An entity's key: the bare value, or a tuple in the declared order if the key has several parts."""


class Edm(StrEnum):
    """The primitive types in use (CSDL 4.01, section 4.4)."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DOUBLE = "Edm.Double"
    SINGLE = "Edm.Single"
    DECIMAL = "Edm.Decimal"
    BYTE = "Edm.Byte"
    GUID = "Edm.Guid"
    DATE = "Edm.Date"
    DATETIME = "Edm.DateTimeOffset"
    DURATION = "Edm.Duration"
    TIME = "Edm.TimeOfDay"


@dataclass(frozen=True)
class EnumType:
    """An enumeration; in JSON a value is the member's name, of `flags` any number of names between commas."""

    name: str
    members: frozenset[str]
    flags: bool = False

    def holds(self, value: object) -> bool:
        """Whether a JSON value or a literal is of this type."""
        if not isinstance(value, str):
            return False
        # OData JSON Format 4.01, 7.1: members of flags stand in one text, with commas between them.
        return value in self.members or (self.flags and all(part.strip() in self.members for part in value.split(",")))


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

    `run` is given a `boundoperations.Call` and gives what it answers: None becomes 204, other values the JSON of a 200.
    """

    name: str
    # Not `Callable[[Call], …]`: a `boundoperations.Call` holds the stores of sets, so its module imports this one.
    run: Callable[..., Result]
    parameters: tuple[Field, ...] = ()
    kind: Literal["action", "function"] = "action"
    bound_to: Literal["set", "entity"] = "set"
    options: frozenset[str] = frozenset()
    """The query options it takes; they work on what it answers, which must be `Rows` then."""
    gives: str = ""
    """The name of the type it answers, for `@odata.context`; without it an answer has none."""


class Rows(NamedTuple):
    """What an operation answers when it answers a collection: its elements, each with the fields of `type`.

    Elements that are not structures have the one field `$it`. `file` makes the chosen elements a file; without it
    they are answered as JSON.
    """

    type: ComplexType
    values: Sequence[Mapping[str, Json]]
    file: Callable[[Sequence[Mapping[str, Json]]], File] | None = None


class File(NamedTuple):
    """What an operation answers when it answers a file."""

    name: str
    content_type: str
    content: bytes


ALL_VERBS = frozenset({"list", "get", "create", "update", "delete"})


@dataclass(frozen=True)
class EntitySet:
    """A set of entities and what may be done with it. Without `etags` its entities carry none.

    A set whose type has no key offers no path to one entity, except by `alternate_keys`: fields that tell entities
    apart as well (OData URL Conventions 4.01, section 4.3.5). A `singleton` holds one entity, at the path of the set.
    """

    name: str
    type: EntityType
    verbs: frozenset[str] = ALL_VERBS
    operations: tuple[Operation, ...] = ()
    etags: bool = True
    singleton: bool = False
    alternate_keys: tuple[str, ...] = ()
    navigation: frozenset[str] = frozenset()
    """The navigation fields with a path of their own: `/Groups(1)/Members`."""
    made_keys: frozenset[str] = frozenset()
    """The key fields the service gives a value when an entity is created without one (or with 0)."""
    defaults: Mapping[str, Json] = field(default_factory=dict)
    """What a created entity holds in fields that the request does not set; null (or an empty list) without an entry."""

    @cached_property
    def operations_by_name(self) -> Mapping[str, Operation]:
        """The bound operations by qualified name."""
        return {o.name: o for o in self.operations}

    def key_of(self, values: Mapping[str, Json]) -> Key:
        """The key of an entity given as JSON values, its key fields already checked."""
        parts = [from_json(self.type.by_name[k].type, values[k]) for k in self.type.key]
        return parts[0] if len(parts) == 1 else tuple(parts)


def from_json(kind: Edm | EnumType | ComplexType, value: Json) -> Json:
    """A primitive's JSON form as the value it means (a GUID's text as UUID, and so on).

    Raises ValueError, TypeError or AttributeError if `value` is not of that type; null stays None.
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
        case Edm.TIME:
            return parse_time(value)
        case Edm.DOUBLE | Edm.SINGLE if isinstance(value, str):
            return _WORDS_FOR_NUMBERS[value]
        case _:
            return value


# OData JSON Format 4.01, section 7.1: values that JSON cannot write as a number are strings.
_WORDS_FOR_NUMBERS = {"NaN": float("nan"), "INF": float("inf"), "-INF": float("-inf")}
_PYTHON_TYPES: dict[Edm, tuple[type, ...]] = {
    Edm.STRING: (str,),
    Edm.BOOLEAN: (bool,),
    Edm.INT32: (int,),
    Edm.INT64: (int,),
    Edm.BYTE: (int,),
    Edm.DOUBLE: (int, float, Decimal, str),
    Edm.SINGLE: (int, float, Decimal, str),
    Edm.DECIMAL: (int, float, Decimal),
    Edm.GUID: (str,),
    Edm.DATE: (str,),
    Edm.DATETIME: (str,),
    Edm.DURATION: (str,),
    Edm.TIME: (str,),
}
_RANGES = {
    Edm.INT32: range(-(2**31), 2**31),
    Edm.INT64: range(-(2**63), 2**63),
    Edm.BYTE: range(2**8),
}


def fits_json(kind: Edm, value: Json) -> bool:
    """Whether a JSON value other than null is of the primitive type `kind`."""
    # In Python True is an int; in JSON it is not.
    if not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind is not Edm.BOOLEAN):
        return False
    bounds = _RANGES.get(kind)
    if bounds is not None:
        return value in bounds
    try:
        from_json(kind, value)
    except (ValueError, KeyError):
        return False
    return True


def fits_literal(kind: Edm | EnumType | ComplexType, value: Value) -> bool:
    """Whether a literal out of a URL, not null, is of the type `kind`."""
    if isinstance(kind, EnumType):
        return kind.holds(value)
    if isinstance(kind, ComplexType):
        return False
    match kind:
        case Edm.GUID:
            return isinstance(value, UUID)
        case Edm.DATETIME:
            return isinstance(value, datetime)
        case Edm.DATE:
            # In Python a datetime is a date; in OData it is not.
            return isinstance(value, date) and not isinstance(value, datetime)
        case Edm.DURATION:
            return isinstance(value, timedelta)
        case Edm.TIME:
            return isinstance(value, time)
        case Edm.DOUBLE | Edm.SINGLE if isinstance(value, str):
            return False
        case _:
            return fits_json(kind, value)
