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
from typing import TYPE_CHECKING

from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.catalogue import Node


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
    "bulk": ("batch", "multi"),
    "many": ("bulk", "batch", "multi"),
    "several": ("bulk", "batch", "multi"),
    "extension": ("user",),
    "phonebook": ("contact",),
}
# How much a match counts: in the operation's name, the resource, the description, and the names of fields.
_WEIGHTS = (8.0, 5.0, 3.0, 1.0)
_WHOLE, _START, _INSIDE = 1.0, 0.7, 0.4
_SYNONYM = 0.8
# The word that says what is done stands first in a name; doing it to many at once is rarely meant when not said.
_VERB_BONUS = 2.0
_MANY = frozenset({"bulk", "batch", "multi"})
_MANY_PENALTY = 4.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as it is searched: its names, and further words.

    Args:
        node: the node's name.
        resource: its label; None if the node has no resources.
        operation: its label.
        method: the HTTP method, if it is known before an item.
        description: what it does.
        fields: the names of its fields.
    """

    node: str
    resource: str | None
    operation: str
    method: str | None = None
    description: str | None = None
    fields: tuple[str, ...] = ()

    def to_dict(self) -> JsonObject:
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


def index_of(resources: Mapping[str, JsonObject]) -> JsonObject:
    """The search index of a split node: for each resource, its operations with method, description and fields.

    `resources` are the documents of its resources by name, as `ResourceDocument` describes them.
    """
    return {"index": {name: _rows(document) for name, document in resources.items()}}


def _rows(document: JsonObject) -> list[list[Json]]:
    chooser, *properties = document["properties"]
    fields: dict[str, list[str]] = {}
    for prop in properties:
        for operation in prop.get("displayOptions", {}).get("show", {}).get("operation", []):
            fields.setdefault(operation, []).append(prop["name"])
    rows = []
    for option in chooser["options"]:
        method = option.get("routing", {}).get("request", {}).get("method")
        row = [
            option["name"],
            method,
            option.get("description"),
            [f for f in fields.get(option["name"], []) if f != "Options"],
        ]
        rows.append(row)
    return rows


def entries_of(node: Node) -> list[Entry]:
    """All operations of `node`; from its search index if it brings one, so that no file of a resource is read."""
    file = node.search_file()
    if file is not None:
        return _read_index(node, file)
    found = []
    resources: list[str | None] = [*node.resources()] or [None]
    for resource in resources:
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


def _read_index(node: Node, file: Path) -> list[Entry]:
    from nodeloom.descriptor.documentfiles import read_json
    from nodeloom.errors import DescriptorError

    raw = read_json(file)
    try:
        return [
            Entry(node.name, resource, row[0], row[1], row[2], tuple(row[3]))
            for resource, rows in raw["index"].items()
            for row in rows
        ]
    except (AttributeError, IndexError, KeyError, TypeError):
        raise DescriptorError(
            f"{file} is not a search index.", path="$", hint="Import the node again; the index is made with it."
        ) from None


def search(entries: Iterable[Entry], query: str, limit: int | None = None) -> list[Hit]:
    """The entries that `query` means, the best first; entries alike keep their order.

    Every word must match somewhere. If no entry has them all, those that have most of them are given.
    """
    wanted = _words(query)
    held = [(entry, _texts(entry)) for entry in entries]
    # Each word of the query is compared with each word once, not with each entry.
    vocabulary = {word for _entry, texts in held for words in texts for word in words}
    matches = [_matches(word, vocabulary) for word in wanted]
    scored = [([_score(match, texts) for match in matches], entry) for entry, texts in held]
    most = max((sum(s > 0 for s in scores) for scores, _entry in scored), default=0)
    if most == 0:
        return []
    hits = [
        Hit(round(sum(scores) + _order(entry, wanted), 3), entry)
        for scores, entry in scored
        if sum(s > 0 for s in scores) == most
    ]
    hits.sort(key=lambda hit: -hit.score)
    return hits[:limit]


def _texts(entry: Entry) -> tuple[list[str], ...]:
    """The words of an entry, by what they count."""
    return (
        _words(entry.operation),
        _words(entry.resource or ""),
        _words(entry.description or ""),
        _words(" ".join(entry.fields)),
    )


def _matches(wanted: str, vocabulary: Iterable[str]) -> dict[str, float]:
    """The words that `wanted` may mean, and how well: whole, in part, or by a synonym."""
    meant = [(wanted, 1.0)]
    meant += [
        (other, _SYNONYM) for other in dict.fromkeys(_SYNONYMS.get(wanted, ()) + _SYNONYMS.get(_singular(wanted), ()))
    ]
    found: dict[str, float] = {}
    for word in vocabulary:
        quality = max(_match(other, word) * share for other, share in meant)
        if quality > 0:
            found[word] = quality
    return found


def _match(wanted: str, word: str) -> float:
    singular = _singular(wanted)
    if word == wanted or _singular(word) == singular:
        return _WHOLE
    if word.startswith(singular):
        return _START
    return _INSIDE if len(singular) >= 3 and singular in word else 0.0


def _score(matches: Mapping[str, float], texts: Sequence[Sequence[str]]) -> float:
    """The best match of a word, plus a little for each further place it stands in."""
    found = [
        weight * max([matches[word] for word in words if word in matches], default=0.0)
        for weight, words in zip(_WEIGHTS, texts, strict=True)
    ]
    # A word that stands in several places must not outrank one that stands in the name.
    best = max(found)
    return best + 0.1 * (sum(found) - best)


def _order(entry: Entry, wanted: Sequence[str]) -> float:
    """What speaks for an entry beside its words: the verb comes first, one thing before many, short before long."""
    name = _words(entry.operation)
    meant = {other for word in wanted for other in (word, *_SYNONYMS.get(word, ()))}
    score = -0.05 * (len(name) + len(_words(entry.resource or "")))
    if name and name[0] in meant:
        score += _VERB_BONUS
    if _MANY & set(name) and not _MANY & meant:
        score -= _MANY_PENALTY
    return score


def _singular(word: str) -> str:
    """A word without its plural; enough for names."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
