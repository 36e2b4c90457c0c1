"""A document with its place: every piece knows its JSON path, so that what is wrong with it can be said.

`Part` is a read-only cursor. `$ref` is followed when a piece is asked for through `resolve`. The importer does not
fetch other documents: a reference that leads out of this one raises `OutsideReferenceError`, and is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from nodeloom.descriptor.documentfiles import MAX_VALUES
from nodeloom.descriptor.problems import Keys, json_path
from nodeloom.errors import DescriptorError, nearest, preview
from nodeloom.values import Json
from nodeloom.valuewords import kind_of

# A reference to a reference is legal; a circle of them is not, and is found by counting.
_MAX_CHAIN = 64
_DOUBTS = "doubts"
_SEARCHES = "searches"
# How many references of a document that lead nowhere are compared with every name that is there.
_MOST_SEARCHES = 200


class OutsideReferenceError(Exception):
    """A `$ref` that leads out of the document; `reference` is what it says."""

    def __init__(self, reference: str, path: str) -> None:
        super().__init__(f"{reference} at {path}")
        self.reference = reference
        self.path = path


@dataclass(frozen=True)
class Part:
    """A piece of a document: its value, the keys that lead to it, and the whole document as `root`."""

    value: Json
    keys: Keys
    root: Mapping[str, Json] = field(repr=False)
    #: What readers of the document worked out about a piece of it, by its keys; one for all parts of a document.
    memory: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def document(cls, raw: Mapping[str, Json]) -> Part:
        """The whole document."""
        return cls(raw, (), raw)

    @property
    def path(self) -> str:
        """The JSON path of the piece, such as `$.paths['/users'].get`."""
        return json_path(self.keys)

    def broken(self, message: str, hint: str | None = None) -> DescriptorError:
        """The error that says what is wrong here."""
        return DescriptorError(message, path=self.path, value=self.value, hint=hint)

    def doubt(self, key: str, reason: str) -> None:
        """Remember that what stands under `key` cannot be meant as it is written, so that it can be told."""
        self.memory.setdefault(_DOUBTS, {}).setdefault(json_path((*self.keys, key)), reason)

    @property
    def doubts(self) -> Mapping[str, str]:
        """What was remembered of the whole document so far: JSON path → reason."""
        found: Mapping[str, str] = self.memory.get(_DOUBTS, {})
        return found

    def child(self, key: str | int) -> Part:
        """The piece below, which must be there."""
        return Part(self.value[key], (*self.keys, key), self.root, self.memory)

    def get(self, key: str) -> Part | None:
        """The piece under `key` of an object; None if it is missing or null."""
        found = self.mapping().get(key)
        return None if found is None else Part(found, (*self.keys, key), self.root, self.memory)

    def mapping(self) -> Mapping[str, Json]:
        """The value, which must be an object."""
        if not isinstance(self.value, Mapping):
            raise self.broken(f"Here is {kind_of(self.value)}, where an object is wanted.", "Write an object here.")
        return self.value

    def entries(self) -> Iterator[tuple[str, Part]]:
        """The members of an object, in document order; extensions (`x-…`) left out."""
        for key in self.mapping():
            # OpenAPI: extensions are for tools; the standard does not give them a meaning.
            if not key.startswith("x-"):
                yield key, self.child(key)

    def items(self) -> Iterator[Part]:
        """The entries of a list, which the value must be."""
        if not isinstance(self.value, list):
            raise self.broken(f"Here is {kind_of(self.value)}, where a list is wanted.", "Write a list here.")
        for index in range(len(self.value)):
            yield self.child(index)

    def parts(self, key: str) -> list[Part]:
        """The entries of the list under `key`; an empty list without such a key."""
        found = self.get(key)
        return [] if found is None else list(found.items())

    def text(self, key: str) -> str | None:
        """The text under `key`; None if it is missing."""
        found = self.get(key)
        if found is None:
            return None
        if not isinstance(found.value, str):
            raise found.broken(f"{key!r} is {kind_of(found.value)}, where a text is wanted.", "Put it in quotes.")
        return found.value

    def require_text(self, key: str) -> str:
        """The text under `key`, which must be there."""
        found = self.text(key)
        if not found:
            close = nearest(key, [str(k) for k in self.mapping()])
            raise self.broken(
                f"{key!r} is missing.", f"Did you mean it by {close!r}?" if close else f"Give it {key!r}."
            )
        return found

    def literal_text(self, key: str) -> str:
        """As `require_text`, for a place of a descriptor where templates are evaluated; DescriptorError for one."""
        found = self.require_text(key)
        if evaluates(found):
            raise self.child(key).broken(
                f"{key!r} begins with '=' or holds '{{{{', which a descriptor would evaluate.", "Write it without."
            )
        return found

    def flag(self, key: str, otherwise: bool = False) -> bool:
        """The boolean under `key`."""
        found = self.get(key)
        if found is None:
            return otherwise
        if not isinstance(found.value, bool):
            raise found.broken(
                f"{key!r} is {kind_of(found.value)}, where true or false is wanted.", "Write true or false."
            )
        return found.value

    def resolve(self) -> Part:
        """The piece that this one stands for, every `$ref` followed.

        Raises DescriptorError for a reference that leads nowhere or in a circle, OutsideReferenceError for one that
        leads out of the document.
        """
        part = self
        for _ in range(_MAX_CHAIN):
            if not isinstance(part.value, Mapping) or not isinstance(part.value.get("$ref"), str):
                return part
            part = part.target(part.value["$ref"])
        raise self.broken("The reference leads in a circle.", "Let one of them hold what is meant.")

    @property
    def reference(self) -> str | None:
        """What `$ref` says here, or None."""
        found = self.value.get("$ref") if isinstance(self.value, Mapping) else None
        return found if isinstance(found, str) else None

    def target(self, reference: str) -> Part:
        """The piece `reference` (a JSON pointer, RFC 6901, behind `#`) leads to; raises as `resolve` does."""
        outside, _, fragment = reference.partition("#")
        if outside or (fragment and not fragment.startswith("/")):
            raise OutsideReferenceError(reference, self.path)
        found: Json = self.root
        keys: list[str | int] = []
        for raw in fragment.split("/")[1:]:
            # RFC 6901, section 4: `~1` before `~0`, or `~01` would become a slash.
            key = unquote(raw).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
                keys.append(key)
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
                keys.append(int(key))
            else:
                close = self._nearest(key, found)
                missing = f"there is no {preview(key)!r} at {json_path(keys)}"
                raise self.broken(
                    f"The reference {preview(reference)} leads nowhere: {missing}.",
                    f"Did you mean {close!r}?" if close else "Add what it names, or mend the reference.",
                )
        return Part(found, tuple(keys), self.root, self.memory)

    def _nearest(self, key: str, found: Json) -> str | None:
        """The name in `found` that `key` may have meant, for the first of a document's faults."""
        searches = self.memory[_SEARCHES] = self.memory.get(_SEARCHES, 0) + 1
        if not isinstance(found, Mapping) or searches > _MOST_SEARCHES:
            return None
        return nearest(key, [str(k) for k in found])


def evaluates(text: str) -> bool:
    """Whether a text of a document would be an expression, or become a part of one, in a descriptor."""
    return text.startswith("=") or "{{" in text or "}}" in text


def values_in(raw: Json) -> int:
    """How many values a document has, itself counted; no more than a document may have."""
    count, waiting = 0, [raw]
    while waiting and count < MAX_VALUES:
        part = waiting.pop()
        count += 1
        if isinstance(part, Mapping):
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return count
