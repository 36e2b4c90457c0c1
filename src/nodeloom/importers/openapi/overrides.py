"""The overrides file: what a person knows about a service and its document does not say.

It is JSON, so that no YAML reader is needed to use the generated files. Keys (all optional):

* `name`, `displayName`, `description`, `release`: of the node, and of the document.
* `node`: more keys of the node's head. `requestDefaults`, `credentials`: in place of what the document says.
* `names`: a tag, operationId or `METHOD /path` → what it is called instead.
* `entities`: operation's entity → what one such thing is called in sentences.
* `descriptions`: kind of operation (`list`, `create`, `get`, `update`, `delete`, followed by ` single` for one without
  a key, `of` for a list below a key), `key` for key properties, `etag` for If Match → a sentence with `{entity}`.
* `errors`: `key`, `etag` → status → `{message, hint}`, for every operation with a key or an If Match; `{entity}`,
  `{key}` and `{list}` (the resource's list operation) stand for the operation's own.
* `operations`: `Resource/Operation` → `rename`, `resource`, `action`, `description`, `errors`, `echo`, `bulk`, and
  `properties`: name → keys of that property, with `null` to take one out.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nodeloom.descriptor.documentfiles import read_json
from nodeloom.descriptor.problems import json_path
from nodeloom.errors import DescriptorError, UnknownNameError, nearest
from nodeloom.importers.openapi.operations import Operation
from nodeloom.values import Json, JsonObject

_KEYS = (
    "name",
    "displayName",
    "description",
    "release",
    "node",
    "requestDefaults",
    "credentials",
    "names",
    "entities",
    "descriptions",
    "errors",
    "operations",
)
_OPERATION_KEYS = ("rename", "resource", "action", "description", "errors", "echo", "bulk", "properties")
_BULK_KEYS = ("operation", "item", "list")
_IF_MATCH = "If Match"
_OF_FIELDS = ("key", "etag")
_SLOT = re.compile(r"\{(entity|key|list)\}")


@dataclass(slots=True)
class Overrides:
    """An overrides file, checked. `source` is what messages call it."""

    raw: Mapping[str, Json] = field(default_factory=dict)
    source: str = "the overrides"

    @classmethod
    def from_path(cls, path: Path) -> Overrides:
        """The overrides in a JSON file. Raises DescriptorError, with the JSON path, if it is not an overrides file."""
        return cls.check(read_json(path), str(path))

    @classmethod
    def check(cls, raw: Json, source: str) -> Overrides:
        """`raw` as overrides; DescriptorError when it is not."""
        overrides = cls(raw, source)
        overrides._object(raw, (), _KEYS)
        for part in ("node", "names", "entities", "descriptions", "errors", "operations", "requestDefaults"):
            overrides._object(raw.get(part, {}), (part,))
        for name, entry in raw.get("operations", {}).items():
            at = ("operations", name)
            overrides._object(entry, at, _OPERATION_KEYS)
            overrides._object(entry.get("bulk", {}), (*at, "bulk"), _BULK_KEYS)
            overrides._object(entry.get("properties", {}), (*at, "properties"))
        return overrides

    def _object(self, raw: Json, at: tuple[str, ...], known: Sequence[str] | None = None) -> None:
        if not isinstance(raw, Mapping):
            raise DescriptorError(
                f"{self.source}: here an object is wanted.", path=json_path(at), value=raw, hint="Write an object here."
            )
        for key in raw if known is not None else ():
            if key not in (known or ()):
                close = nearest(str(key), known or ())
                raise DescriptorError(
                    f"{self.source}: unknown key {key!r}.",
                    path=json_path((*at, str(key))),
                    hint=f"Did you mean {close!r}?" if close else f"Known: {', '.join(known or ())}.",
                )

    def text(self, key: str) -> str | None:
        """The text under `key`, or None."""
        found = self.raw.get(key)
        if found is not None and not isinstance(found, str):
            raise DescriptorError(f"{self.source}: {key} is not a text.", path=json_path((key,)), value=found)
        return found

    def part(self, key: str) -> JsonObject:
        """The object under `key`; empty if it is missing."""
        return dict(self.raw.get(key, {}))

    def apply(self, operations: list[Operation]) -> None:
        """Put the overrides over `operations`, in place.

        Raises UnknownNameError when they name an operation or a property that the document does not have.
        """
        own = self.part("operations")
        by_name = {f"{o.resource}/{o.name}": o for o in operations}
        for name, entry in own.items():
            if name not in by_name:
                raise UnknownNameError("operation", name, by_name, within=f"{self.source} (or its document)")
            self._regroup(by_name[name], entry)
        entities = _entities(operations)
        for operation in operations:
            self._say(operation, entities)
        # Reversed, so that the first list of a path counts.
        lists = {o.path: o.name for o in reversed(operations) if o.kind == "list"}
        for operation in operations:
            self._explain(operation, lists.get(_collection(operation.path)))
        for name, entry in own.items():
            self._own(by_name[name], entry)
        self._check_bulk(operations)

    def _regroup(self, operation: Operation, entry: JsonObject) -> None:
        operation.resource = entry.get("resource", operation.resource)
        operation.name = entry.get("rename", operation.name)

    def _say(self, operation: Operation, entities: Mapping[str, str]) -> None:
        """Describe the operation and its keys, from the tables of sentences."""
        called, sentences = self.part("entities"), self.part("descriptions")
        entity = called.get(operation.entity, operation.entity)
        kind: str = operation.kind
        if operation.keys and kind == "list":
            kind = "list of"
        elif not operation.keys and kind in ("get", "update"):
            kind = f"{kind} single"
        if kind in sentences and entity:
            operation.more["description"] = sentences[kind].replace("{entity}", entity)
        addressed = entities.get(_key_path(operation.path), "")
        operation.entity = called.get(addressed, addressed) or entity
        if operation.entity:
            said = {
                part: sentences[part].replace("{entity}", operation.entity) for part in _OF_FIELDS if part in sentences
            }
            operation.properties = [_describe(p, operation, said) for p in operation.properties]

    def _explain(self, operation: Operation, listing: str | None) -> None:
        """The meaning of error statuses, from the table of rules."""
        table = self.part("errors")
        found: JsonObject = {}
        if operation.keys:
            found |= self._fill(table.get("key", {}), operation, listing)
            if any(p["name"] == _IF_MATCH for p in operation.properties):
                found |= self._fill(table.get("etag", {}), operation, listing)
        if found:
            operation.more["errors"] = found

    def _fill(self, rules: Mapping[str, JsonObject], operation: Operation, listing: str | None) -> JsonObject:
        """`rules` with the operation's own words; a sentence about a list is left out without one."""
        words = {
            "entity": operation.entity or f"entry of {operation.resource}",
            "key": f"{{{operation.keys[0]}}}",
            "list": listing,
        }
        found: JsonObject = {}
        for status, rule in rules.items():
            found[status] = {
                key: _SLOT.sub(lambda m: str(words[m[1]]), text)
                for key, text in rule.items()
                if listing is not None or "{list}" not in text
            }
        return found

    def _own(self, operation: Operation, entry: JsonObject) -> None:
        for key in ("action", "description", "bulk"):
            if key in entry:
                operation.more[key] = entry[key]
        if "errors" in entry:
            operation.more["errors"] = {**operation.more.get("errors", {}), **entry["errors"]}
        if "echo" in entry:
            operation.routing.setdefault("output", {})["echo"] = entry["echo"]
        for name, keys in entry.get("properties", {}).items():
            index = next((i for i, p in enumerate(operation.properties) if p["name"] == name), None)
            if index is None:
                raise UnknownNameError(
                    "property",
                    name,
                    [p["name"] for p in operation.properties],
                    within=f"{self.source}, {operation.name}",
                )
            operation.properties[index] = _change(operation.properties[index], keys)

    def _check_bulk(self, operations: list[Operation]) -> None:
        by_name = {(o.resource, o.name): o for o in operations}
        for operation in operations:
            bulk = operation.more.get("bulk")
            if bulk is None:
                continue
            known = [name for resource, name in by_name if resource == operation.resource]
            twin = by_name.get((operation.resource, bulk.get("operation")))
            if twin is None:
                raise UnknownNameError("operation", str(bulk.get("operation")), known, within=operation.resource)
            for owner, key in ((operation, "item"), (twin, "list")):
                names = [p["name"] for p in owner.properties]
                if bulk.get(key) not in names:
                    raise UnknownNameError("property", str(bulk.get(key)), names, within=owner.name)


def _describe(prop: JsonObject, operation: Operation, said: Mapping[str, str]) -> JsonObject:
    """`prop` with a description, when it is one that all operations have alike."""
    part = "key" if prop["name"] in operation.keys else "etag" if prop["name"] == _IF_MATCH else ""
    return _change(prop, {"description": said[part]}) if part in said else prop


def _key_path(path: str) -> str:
    """The part of a path that addresses one thing: up to its first key."""
    return path[: path.index("}")] if "}" in path else path


def _collection(path: str) -> str:
    """The path of the list that the first key of `path` chooses from."""
    return re.sub(r"[(/][^(/]*$", "", path.partition("{")[0])


def _entities(operations: list[Operation]) -> dict[str, str]:
    """Path up to the first key → what it addresses is called, by the operations that get or change it."""
    return {
        _key_path(o.path): o.entity for o in operations if o.keys and o.kind in ("get", "update", "delete") and o.entity
    }


def _change(prop: JsonObject, keys: JsonObject) -> JsonObject:
    """`prop` with `keys` over its own, one level deep; null takes a key out."""
    # Operations share properties that are alike; a change is for one of them.
    changed = copy.deepcopy(prop)
    for key, value in keys.items():
        if value is None:
            changed.pop(key, None)
        else:
            changed[key] = value
    routing = changed.pop("routing", None)
    return changed if routing is None else {**changed, "routing": routing}
