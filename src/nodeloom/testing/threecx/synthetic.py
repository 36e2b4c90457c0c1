"""Synthetic values that fit a declared type: the same number gives the same value, another one another.

No value is random, and no value is a person's data: addresses are those of RFC 2606 and RFC 5737.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from uuid import UUID

from nodeloom.testing.odata.declarations import ComplexType, Edm, EntitySet, EnumType, Field
from nodeloom.values import Json, JsonObject

_MAX_DEPTH = 4
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Where the words of a name say what a text holds; the first that is found decides.
_TEXTS: tuple[tuple[re.Pattern[str], Callable[[int], str]], ...] = (
    (re.compile(r"\b(?:email|e mail)\b"), lambda n: f"user{n}@example.com"),
    (re.compile(r"\bmac(?: address)?\b"), lambda n: f"0200{n:08X}"),
    (re.compile(r"\bip address\b"), lambda n: f"192.0.2.{n % 254 + 1}"),
    (re.compile(r"\burl\b"), lambda n: f"https://www.example.com/{n}"),
    (re.compile(r"\bfile ?name\b"), lambda n: f"file-{n}.wav"),
)
_PRIMITIVES: Mapping[Edm, Callable[[int], Json]] = {
    Edm.BOOLEAN: lambda n: n % 2 == 0,
    Edm.INT32: lambda n: n,
    Edm.INT64: lambda n: n,
    Edm.BYTE: lambda n: n % 28 + 1,
    Edm.DOUBLE: lambda n: n + 0.5,
    Edm.SINGLE: lambda n: n + 0.5,
    Edm.DECIMAL: lambda n: n,
    Edm.GUID: lambda n: str(UUID(int=n, version=4)),
    Edm.DATE: lambda n: f"2026-01-{n % 28 + 1:02}",
    Edm.DATETIME: lambda n: f"2026-01-{n % 28 + 1:02}T09:00:00Z",
    Edm.DURATION: lambda n: f"PT{n % 60}M",
    Edm.TIME: lambda n: f"{n % 24:02}:00:00",
}
_ZEROS: Mapping[Edm, Json] = {
    Edm.STRING: "",
    Edm.BOOLEAN: False,
    Edm.GUID: str(UUID(int=0)),
    Edm.DATE: "0001-01-01",
    Edm.DATETIME: "0001-01-01T00:00:00Z",
    Edm.DURATION: "PT0S",
    Edm.TIME: "00:00:00",
}


def sample_entity(entity_set: EntitySet, number: int) -> JsonObject:
    """Entity number `number` (from 1 on) of a set, all fields given, its key told by the number alone."""
    kind = entity_set.type
    unique = {*kind.key, *entity_set.alternate_keys}
    values = sample_structure(kind, number)
    for name in unique:
        if kind.by_name[name].type is Edm.STRING and name != "Number":
            values[name] = _key_text(kind.by_name[name], number)
    return values


def sample_structure(kind: ComplexType, number: int, depth: int = 0) -> JsonObject:
    """A value of every field; a navigation field only at the top, as OData shows none below without `$expand`."""
    return {
        field.name: sample_value(field, number, depth + 1)
        for field in kind.fields
        if depth == 0 or not field.navigation
    }


def sample_value(field: Field, number: int, depth: int = 0) -> Json:
    """A value of a field: one element in a collection, and null or an empty list if structures nest too deep."""
    kind = field.type
    too_deep = isinstance(kind, ComplexType) and depth > _MAX_DEPTH
    if field.collection:
        return [] if too_deep else [_single(field, number, depth)]
    if too_deep:
        return None if field.nullable else zero(field)
    return _single(field, number, depth)


def _single(field: Field, number: int, depth: int) -> Json:
    kind = field.type
    if isinstance(kind, ComplexType):
        return sample_structure(kind, number, depth)
    if isinstance(kind, EnumType):
        members = sorted(kind.members)
        return members[number % len(members)]
    if kind is not Edm.STRING:
        return _PRIMITIVES[kind](number)
    return _text(field.name, number)[: field.max_length]


def _text(name: str, number: int) -> str:
    if name == "Number":
        return str(99 + number)
    words = " ".join(_WORDS.findall(name))
    made = next((text(number) for pattern, text in _TEXTS if pattern.search(words.lower())), None)
    return f"{words} {number}" if made is None else made


def _key_text(field: Field, number: int) -> str:
    words = _WORDS.findall(field.name)
    made = f"0200{number:08X}" if field.name == "MacAddress" else f"{'-'.join(words).lower()}-{number}"
    # From the end, because the number is what makes it unique.
    return made[-field.max_length :] if field.max_length else made


def zero_fields(kind: ComplexType) -> JsonObject:
    """What a new entity holds in the fields that may not be null and are not collections."""
    return {f.name: zero(f) for f in kind.fields if not f.nullable and not f.collection and not f.navigation}


def zero(field: Field, depth: int = 0) -> Json:
    """The value of a field that was not set: null if that may be, else 0, false, an empty text or the first member."""
    kind = field.type
    if field.collection:
        return []
    if field.nullable or depth > _MAX_DEPTH:
        return None
    if isinstance(kind, EnumType):
        return min(kind.members)
    if isinstance(kind, ComplexType):
        return {f.name: zero(f, depth + 1) for f in kind.fields if not f.navigation}
    return _ZEROS.get(kind, 0)
