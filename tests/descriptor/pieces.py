"""The pieces of a descriptor and their keys, as n8n's documentation names them; independent of the models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

TEXT, BOOLEAN, LIST, OBJECT = "text", "boolean", "list", "object"
WRONG: dict[str, list[Any]] = {
    TEXT: [5, True, ["a"], {"a": "b"}],
    BOOLEAN: ["true", 1, 0, [], {}],
    LIST: ["a", 5, {"a": 1}, True],
    OBJECT: ["a", 5, ["a"], True],
}
KEYS: dict[str, dict[str, str]] = {
    "node": {
        "name": TEXT,
        "displayName": TEXT,
        "description": TEXT,
        "group": LIST,
        "defaults": OBJECT,
        "credentials": LIST,
        "requestDefaults": OBJECT,
        "requestOperations": OBJECT,
        "properties": LIST,
    },
    "property": {
        "name": TEXT,
        "displayName": TEXT,
        "type": TEXT,
        "required": BOOLEAN,
        "description": TEXT,
        "hint": TEXT,
        "noDataExpression": BOOLEAN,
        "options": LIST,
        "typeOptions": OBJECT,
        "displayOptions": OBJECT,
        "routing": OBJECT,
        "modes": LIST,
    },
    "option": {"name": TEXT, "action": TEXT, "description": TEXT, "displayOptions": OBJECT, "routing": OBJECT},
    "group": {"name": TEXT, "displayName": TEXT, "values": LIST},
    "credential reference": {"name": TEXT, "required": BOOLEAN, "displayOptions": OBJECT},
    "routing": {"request": OBJECT, "send": OBJECT, "output": OBJECT, "operations": OBJECT},
    "request": {"method": TEXT, "url": TEXT, "baseURL": TEXT, "encoding": TEXT, "arrayFormat": TEXT},
    "send": {"type": TEXT, "property": TEXT, "propertyInDotNotation": BOOLEAN},
    "output": {"postReceive": LIST},
    "step": {"type": TEXT, "properties": OBJECT},
    "display": {"show": OBJECT, "hide": OBJECT},
}
REQUIRED: dict[str, list[str]] = {
    "node": ["name", "displayName"],
    "property": ["name", "type"],
    "option": ["name"],
    "group": ["name", "values"],
    "credential reference": ["name"],
    "step": ["type"],
}


@dataclass(frozen=True)
class Piece:
    """An object of a descriptor: where it is, what it is, and what it holds."""

    path: Path
    kind: str
    value: dict[str, Any]


def pieces_of(node: Any) -> list[Piece]:
    """Every object of a node's descriptor whose keys are known."""
    return list(_node(node))


def _node(node: Any) -> Iterator[Piece]:
    yield Piece((), "node", node)
    for index, reference in enumerate(node.get("credentials", [])):
        yield Piece(("credentials", index), "credential reference", reference)
        yield from _display(reference, ("credentials", index))
    if "requestDefaults" in node:
        yield Piece(("requestDefaults",), "request", node["requestDefaults"])
    for index, prop in enumerate(node.get("properties", [])):
        yield from _property(prop, ("properties", index))


def _property(prop: Any, at: Path) -> Iterator[Piece]:
    yield Piece(at, "property", prop)
    yield from _display(prop, at)
    yield from _routing(prop, at)
    for index, part in enumerate(prop.get("options") or []):
        inner = (*at, "options", index)
        if prop["type"] == "collection":
            yield from _property(part, inner)
        elif prop["type"] == "fixedCollection":
            yield Piece(inner, "group", part)
            for number, value in enumerate(part["values"]):
                yield from _property(value, (*inner, "values", number))
        else:
            yield Piece(inner, "option", part)
            yield from _display(part, inner)
            yield from _routing(part, inner)


def _display(part: Any, at: Path) -> Iterator[Piece]:
    if part.get("displayOptions"):
        yield Piece((*at, "displayOptions"), "display", part["displayOptions"])


def _routing(part: Any, at: Path) -> Iterator[Piece]:
    routing = part.get("routing")
    if not routing:
        return
    at = (*at, "routing")
    yield Piece(at, "routing", routing)
    for key in ("request", "send", "output"):
        if routing.get(key):
            yield Piece((*at, key), key, routing[key])
    for index, step in enumerate((routing.get("output") or {}).get("postReceive") or []):
        if "__function__" not in step:
            yield Piece((*at, "output", "postReceive", index), "step", step)
