"""Finding an operation by words: `delete link` leads to Website Links, Delete Weblink.

A split node may bring an index (its `search` file, made with the node); the operations of others are read from their
documents. Ranking is by words alone: a word of the name counts more than one of the resource, that more than one of
the description or the fields, and a whole word more than its beginning or a piece of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodeloom.descriptor.catalogue import Node

Json = dict[str, Any]

_WORD = re.compile(r"[^\W_]+")
# What people say for what services call otherwise.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "remove": ("delete",),
    "erase": ("delete",),
    "add": ("create",),
    "new": ("create",),
    "make": ("create",),
    "change": ("update",),
    "edit": ("update",),
    "modify": ("update",),
    "set": ("update",),
    "show": ("get", "list"),
    "read": ("get", "list"),
    "fetch": ("get", "list"),
    "find": ("get", "list"),
    "all": ("list",),
    "many": ("bulk", "batch"),
    "several": ("bulk", "batch"),
    "extension": ("user",),
    "phonebook": ("contact",),
}
# How much a match counts: in the operation's name, the resource, the description, and the names of fields.
_WEIGHTS = (8.0, 5.0, 3.0, 1.0)
_WHOLE, _START, _INSIDE = 1.0, 0.7, 0.4
_SYNONYM = 0.8


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as it is searched: its names, and further words."""

    node: str
    resource: str | None
    operation: str
    method: str | None = None
    description: str | None = None
    fields: tuple[str, ...] = ()

    def to_dict(self) -> Json:
        """The operation as JSON."""
        pairs = {
            "node": self.node,
            "resource": self.resource,
            "operation": self.operation,
            "method": self.method,
            "description": self.description,
        }
        return {key: value for key, value in pairs.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry and how well it matches."""

    score: float
    entry: Entry


def index_of(resources: Mapping[str, Json]) -> Json:
    """The search index of a split node: for each resource, its operations with method, description and fields.

    `resources` are the documents of its resources by name, as `ResourceDocument` describes them.
    """
    return {name: _rows(document) for name, document in resources.items()}


def _rows(document: Json) -> list[list[Any]]:
    chooser, *properties = document["properties"]
    fields: dict[str, list[str]] = {}
    for prop in properties:
        for operation in prop.get("displayOptions", {}).get("show", {}).get("operation", []):
            fields.setdefault(operation, []).append(prop["name"])
    rows = []
    for option in chooser["options"]:
        method = option.get("routing", {}).get("request", {}).get("method")
        row = [option["name"], method, option.get("description"), [f for f in fields.get(option["name"], []) if f != "Options"]]
        rows.append(row)
    return rows


def entries_of(node: Node) -> list[Entry]:
    """All operations of `node`; from its search index where it brings one, which reads no resource's file."""
    file = node.search_file()
    if file is not None:
        return _indexed(node, file)
    found = []
    for resource in node.resources() or [None]:
        label = None if resource is None else node.resource_label(resource)
        for option in node.operations(resource):
            request = option.routing.request if option.routing else None
            method = request.method if request else None
            found.append(
                Entry(
                    node.name,
                    label,
                    option.name,
                    method if method and not method.startswith("=") else None,
                    option.description or option.action,
                )
            )
    return found


def _indexed(node: Node, file: Path) -> list[Entry]:
    from nodeloom.descriptor.files import read_json
    from nodeloom.errors import DescriptorError

    raw = read_json(file)
    try:
        return [
            Entry(node.name, resource, row[0], row[1], row[2], tuple(row[3]))
            for resource, rows in raw.items()
            for row in rows
        ]
    except (AttributeError, IndexError, TypeError):
        raise DescriptorError(
            f"{file} is no search index.", path="$", hint="Import the node again; the index is made with it."
        ) from None


def search(entries: Iterable[Entry], query: str, limit: int | None = None) -> list[Hit]:
    """The entries that `query` means, the best first; entries alike keep their order.

    Every word must match somewhere. Where no entry has them all, those that have most of them are given.
    """
    wanted = _words(query)
    if not wanted:
        return []
    scored = [(_scores(entry, wanted), entry) for entry in entries]
    most = max((sum(s > 0 for s in scores) for scores, _entry in scored), default=0)
    if most == 0:
        return []
    hits = [
        Hit(round(sum(scores) - _length(entry), 3), entry)
        for scores, entry in scored
        if sum(s > 0 for s in scores) == most
    ]
    hits.sort(key=lambda hit: -hit.score)
    return hits[:limit]


def _length(entry: Entry) -> float:
    # Of names that match alike, the one that says the least beside it is meant.
    return 0.05 * (len(_words(entry.operation)) + len(_words(entry.resource or "")))


def _scores(entry: Entry, wanted: Sequence[str]) -> list[float]:
    texts = (entry.operation, entry.resource or "", entry.description or "", " ".join(entry.fields))
    held = [_words(text) for text in texts]
    return [
        max(
            [_score(word, held)]
            + [_SYNONYM * _score(other, held) for other in _SYNONYMS.get(word, ()) + _SYNONYMS.get(_singular(word), ())]
        )
        for word in wanted
    ]


def _score(wanted: str, held: Sequence[Sequence[str]]) -> float:
    """The best match of a word, plus a little for each further place it stands in."""
    found = [weight * _match(wanted, words) for weight, words in zip(_WEIGHTS, held, strict=True)]
    best = max(found)
    return best + 0.1 * (sum(found) - best)


def _match(wanted: str, words: Sequence[str]) -> float:
    best = 0.0
    singular = _singular(wanted)
    for word in words:
        if word == wanted or _singular(word) == singular:
            return _WHOLE
        if word.startswith(singular):
            best = max(best, _START)
        elif len(singular) >= 3 and singular in word:
            best = max(best, _INSIDE)
    return best


def _singular(word: str) -> str:
    """A word without its plural; enough for names."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
