"""Operations laid out as the documents of a split node: a head with an index, and a file for each resource.

Properties that several operations of a resource have alike stand once, with the operations in `displayOptions`; every
operation keeps its own order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from nodeloom.importers.filing import file_stem
from nodeloom.importers.openapi.displaynames import make_unique, slug
from nodeloom.importers.openapi.operations import Operation
from nodeloom.values import JsonObject


def by_resource(operations: Sequence[Operation]) -> dict[str, list[Operation]]:
    """Operations by resource, in the order in which each is first met."""
    found: dict[str, list[Operation]] = {}
    for operation in operations:
        found.setdefault(operation.resource, []).append(operation)
    return found


def file_names(resources: Sequence[str]) -> dict[str, str]:
    """A file for each resource; names that differ in case or punctuation, or late, only get a number."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    found: dict[str, str] = {}
    for resource in resources:
        name = make_unique(file_stem(slug(resource)), taken, numbers, "-")
        taken.add(name)
        found[resource] = f"resources/{name}.json"
    return found


def resource_document(resource: str, operations: Sequence[Operation]) -> JsonObject:
    """The document of one resource: its operations, then their properties."""
    shown = {"show": {"resource": [resource]}}
    chooser = {
        "displayName": "Operation",
        "name": "operation",
        "type": "options",
        "noDataExpression": True,
        "required": True,
        "displayOptions": shown,
        "options": [operation.option() for operation in operations],
    }
    merged = merge_properties([(operation.name, operation.properties) for operation in operations])
    properties = [_show_for(prop, resource, names) for prop, names in merged]
    return {"resource": resource, "properties": [chooser, *properties]}


def merge_properties(forms: Sequence[tuple[str, Sequence[JsonObject]]]) -> list[tuple[JsonObject, list[str]]]:
    """The properties of several operations in one order that keeps each one's own, and the operations that have each.

    A property is shared if an equal one stands behind the last shared one; otherwise it is put in behind that.
    """
    merged: list[tuple[str, JsonObject, list[str]]] = []
    known: set[str] = set()
    for name, properties in forms:
        position = 0
        for prop in properties:
            # As text, because objects that are equal compare slowly and cannot be looked up.
            text = json.dumps(prop, sort_keys=True, ensure_ascii=False)
            found = None
            if text in known:
                found = next((i for i in range(position, len(merged)) if merged[i][0] == text), None)
            known.add(text)
            if found is None:
                merged.insert(position, (text, prop, [name]))
                position += 1
            else:
                merged[found][2].append(name)
                position = found + 1
    return [(prop, names) for _text, prop, names in merged]


def _show_for(prop: JsonObject, resource: str, operations: list[str]) -> JsonObject:
    """`prop` with its `displayOptions`, the keys in the order people read them in."""
    display = {"show": {"resource": [resource], "operation": operations}}
    last: JsonObject = {key: prop[key] for key in ("schema", "options", "typeOptions", "routing") if key in prop}
    first = {key: value for key, value in prop.items() if key not in last}
    return {**first, "displayOptions": display, **last}


def index_of(file: str, operations: Sequence[Operation], baseline: str | None, gone: dict[str, str]) -> JsonObject:
    """A resource's entry in the head: file, operations, their methods, and the releases of those that came later."""
    since = {o.name: o.since for o in operations if o.since is not None and o.since != baseline}
    return {
        "file": file,
        "operations": [o.name for o in operations],
        "methods": [o.method for o in operations],
        **({"since": since} if since else {}),
        **({"gone": gone} if gone else {}),
    }
