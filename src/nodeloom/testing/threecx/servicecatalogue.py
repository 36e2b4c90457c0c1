"""Every entity set, singleton and unbound operation of 3CX's file, made from `service.json` when it is asked for.

`generate` says what is in the data. Reading it takes a few milliseconds, so the data is read at the first
request for a set that is not declared in this package by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path

from nodeloom.testing.odata.declarations import ComplexType, Edm, EntitySet, EntityType, EnumType, Field, Operation
from nodeloom.testing.odata.query import LIST_OPTIONS, PAGE_OPTIONS
from nodeloom.testing.odata.store import EntityStore
from nodeloom.testing.threecx.behaviours import behaviour_of
from nodeloom.testing.threecx.results import make_answer
from nodeloom.testing.threecx.synthetic import sample_entity, zero_fields
from nodeloom.values import Json

_DATA = Path(__file__).with_name("service.json")
_TYPE = re.compile(r"(>?)(\[?)([\w.]+)\]?(\??)(?:<=(\d+))?")
_OPTIONS = {"list": LIST_OPTIONS, "page": PAGE_OPTIONS}


@cache
def _data() -> Mapping[str, Json]:
    data: Mapping[str, Json] = json.loads(_DATA.read_bytes())
    return data


class DeclaredType(EntityType):
    """A structure whose fields are made when they are first asked for, as structures may hold each other."""

    def __init__(self, name: str, key: tuple[str, ...], make: Callable[[], tuple[Field, ...]]) -> None:
        # The dataclass is frozen; `fields` stays out of it, so that the property below is asked.
        for attribute, value in (("name", name), ("key", key), ("_make", make)):
            object.__setattr__(self, attribute, value)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields, those of the inherited type first."""
        make: Callable[[], tuple[Field, ...]] = self.__dict__["_make"]
        return make()


class ServiceCatalogue:
    """The declarations of the whole service; every set begins with `entities` synthetic entities."""

    def __init__(self, entities: int) -> None:
        self._entities = entities
        self._types: dict[str, DeclaredType] = {}

    @property
    def data(self) -> Mapping[str, Json]:
        """The compiled file, as `generate` describes it; read once in a process."""
        return _data()

    @cached_property
    def _keys(self) -> Mapping[str, tuple[str, ...]]:
        return {s["type"]: tuple(s["key"]) for s in self.data["sets"].values() if "key" in s}

    def names(self) -> Iterable[str]:
        """The names of all sets, singletons and unbound operations."""
        return (*self.data["sets"], *self.data["singletons"], *self.data["imports"])

    def operation(self, name: str) -> Operation | None:
        """The unbound operation of that name, or None."""
        declared = self.data["imports"].get(name)
        return None if declared is None else self._operation("", name, declared)

    def store(self, name: str) -> EntityStore | None:
        """The entities of the set or singleton of that name, None if it is not declared."""
        entity_set = self.entity_set(name)
        if entity_set is None:
            return None
        store = EntityStore(entity_set)
        if self._find_declared(name)["type"] is not None:
            for number in range(1, 2 if entity_set.singleton else self._entities + 1):
                store.add(sample_entity(entity_set, number))
        return store

    def _find_declared(self, name: str) -> Mapping[str, Json]:
        declared: Mapping[str, Json] = self.data["sets"].get(name) or self.data["singletons"].get(name) or {}
        return declared

    def entity_set(self, name: str) -> EntitySet | None:
        """The set or singleton of that name, None if it is not declared."""
        declared = self._find_declared(name)
        if not declared:
            return None
        kind = self._entity_type(declared, name)
        verbs = frozenset(declared.get("verbs", ()))
        return EntitySet(
            name,
            kind,
            verbs=verbs,
            operations=tuple(self._operation(name, n, o) for n, o in declared.get("operations", {}).items()),
            etags=bool(verbs & {"update", "delete"}),
            defaults=zero_fields(kind) if "create" in verbs else {},
            singleton=name in self.data["singletons"],
            alternate_keys=tuple(declared.get("alternate", ())),
            navigation=frozenset(declared.get("navigation", ())),
            made_keys=frozenset(n for n in kind.key if n == "Id" or kind.by_name[n].type is not Edm.STRING),
        )

    def _entity_type(self, declared: Mapping[str, Json], name: str) -> EntityType:
        if declared["type"] is None:
            return EntityType(f"Pbx.{name}", ())
        kind = self._type(declared["type"])
        if isinstance(kind, EntityType) and kind.key == tuple(declared.get("key", ())):
            return kind
        # A type may have a key in one set and, as that of a singleton or of a list without paths, none in another.
        return self._structure(declared["type"], tuple(declared.get("key", ())))

    def _operation(self, set_name: str, name: str, declared: Mapping[str, Json]) -> Operation:
        is_action = "action" in declared
        takes: Mapping[str, str] = declared["action" if is_action else "function"]
        gives = declared.get("gives", "")
        file, _, rows = gives.partition(" of ")
        result = self.field("value", f"[{rows}]" if rows else gives) if gives not in ("", "file") else None
        return Operation(
            name,
            behaviour_of(set_name, name, result) or make_answer(name, result, is_file=file == "file"),
            tuple(self.field(n, t) for n, t in takes.items()),
            kind="action" if is_action else "function",
            bound_to="entity" if declared.get("on") == "entity" else "set",
            options=_OPTIONS.get(declared.get("options", ""), frozenset()),
            gives="" if result is None else getattr(result.type, "name", "") or str(result.type),
        )

    def field(self, name: str, spec: str) -> Field:
        """A field or parameter of a type as the data writes it."""
        match = _TYPE.fullmatch(spec)
        if match is None:
            raise AssertionError(f"service.json has the type {spec!r}; generate it again")
        navigation, collection, kind, nullable, longest = match.groups()
        return Field(
            name,
            self._type(kind),
            nullable=bool(nullable),
            collection=bool(collection),
            navigation=bool(navigation),
            max_length=int(longest) if longest else None,
        )

    def _type(self, name: str) -> Edm | EnumType | ComplexType:
        if "." not in name:
            return Edm(f"Edm.{name}")
        for kind in ("enums", "flags"):
            if name in self.data[kind]:
                return EnumType(name, frozenset(self.data[kind][name]), flags=kind == "flags")
        if name not in self._types:
            self._types[name] = self._structure(name, self._keys.get(name, ()))
        return self._types[name]

    def _structure(self, name: str, key: tuple[str, ...]) -> DeclaredType:
        return DeclaredType(name, key, lambda: self._fields(name))

    def _fields(self, name: str) -> tuple[Field, ...]:
        declared: Mapping[str, str] = self.data["types"][name]
        inherited = self._fields(declared[""]) if "" in declared else ()
        return (*inherited, *(self.field(n, t) for n, t in declared.items() if n))
