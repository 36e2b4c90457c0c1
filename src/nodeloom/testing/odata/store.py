"""Entities in memory, in the order they came, each with an ETag that no later state has again."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from nodeloom.testing.odata.declarations import Edm, EntitySet, Key, from_json
from nodeloom.values import Json, JsonObject


@dataclass(slots=True)
class Entity:
    """One entity: its fields as JSON values, and its ETag (weak, as OData services give them)."""

    values: JsonObject
    etag: str


class EntityStore:
    """The entities of one set. Not locked: the service's owner does that."""

    def __init__(self, entity_set: EntitySet) -> None:
        self.entity_set = entity_set
        self._entities: dict[Key, Entity] = {}
        self._version = 0
        # Ids are not used again, as a database's sequence does not: a stale Id must not hit a new entity.
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._entities)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._entities.values())

    def __contains__(self, key: Key) -> bool:
        return key in self._entities

    def get(self, key: Key) -> Entity | None:
        """The entity of that key, or None."""
        return self._entities.get(key)

    def find(self, field: str, value: Json) -> Entity | None:
        """The first entity whose `field` holds `value`, or None."""
        return next((e for e in self if e.values.get(field) == value), None)

    def first(self) -> Entity | None:
        """The oldest entity: that of a singleton."""
        return next(iter(self), None)

    def add(self, values: Mapping[str, Json]) -> Entity:
        """Keep a new entity: `values`, checked, over the set's defaults. A key in use is replaced.

        Key fields that the service makes (`made_keys`) get their value here if they have none, or 0.
        """
        full = {
            f.name: copy.deepcopy(self.entity_set.defaults.get(f.name, [] if f.collection else None))
            for f in self.entity_set.type.fields
        }
        # A copy: a test that changes what it sent must not change what is stored.
        full.update(copy.deepcopy(dict(values)))
        self._number(full)
        for name in self.entity_set.made_keys:
            if not full[name]:
                full[name] = self._make_key(name)
        entity = Entity(full, self._next_etag())
        # An entity without a key is not addressed by one, so the version serves.
        self._entities[self.entity_set.key_of(full) if self.entity_set.type.key else self._version] = entity
        return entity

    def update(self, entity: Entity, values: Mapping[str, Json]) -> None:
        """Put `values`, checked, over the entity's own; its ETag changes even if no value does."""
        entity.values.update(values)
        entity.etag = self._next_etag()

    def remove(self, key: Key) -> bool:
        """Forget the entity; False if there was none."""
        return self._entities.pop(key, None) is not None

    def remove_by(self, field: str, value: Json) -> bool:
        """Forget the first entity whose `field` holds `value`; False if there was none."""
        key = next((k for k, e in self._entities.items() if e.values.get(field) == value), None)
        return key is not None and self.remove(key)

    def snapshot(self) -> dict[Key, JsonObject]:
        """Copies of all entities by key, in order."""
        return {key: copy.deepcopy(entity.values) for key, entity in self._entities.items()}

    def _number(self, values: JsonObject) -> None:
        """Give an entity whose type declares an Id the next free number, if it has none."""
        field = self.entity_set.type.by_name.get("Id")
        if field is None or field.type not in (Edm.INT32, Edm.INT64):
            return
        if values["Id"] is None:
            values["Id"] = self._last_id + 1
        if isinstance(values["Id"], int):
            self._last_id = max(self._last_id, values["Id"])

    def _make_key(self, name: str) -> str | int:
        """A value that no entity has had in the key field `name`."""
        kind = self.entity_set.type.by_name[name].type
        while True:
            self._last_id += 1
            made: str | int = self._last_id
            if kind is Edm.GUID:
                made = str(UUID(int=self._last_id, version=4))
            elif kind is Edm.STRING:
                made = f"{name.lower()}-{self._last_id}"
            if from_json(kind, made) not in self._entities:
                return made

    def _next_etag(self) -> str:
        self._version += 1
        return f'W/"{self._version:08x}"'
