"""Bytes as instructions: text, JSON values and mutations of a document are read out of a fuzzer's input.

Everything is a function of the bytes alone, so that a find can be repeated from its file, without the fuzzer.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

Entry = TypeVar("Entry")

_SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 1.5, -0.0, 2**53 - 1, "", "a", "=", "={{ $json.a }}", "={{", "{{ 1 }}", "$ref",
    "x\n\x1b", "é", "\ud800", "__proto__", "0", "true", "null", "#/components/schemas/A", "#/paths", "a/b", "..",
)  # fmt: skip


class Input:
    """The bytes of one run, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def byte(self) -> int:
        """The next byte; 0 at the end."""
        if not self.left:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def pick(self, entries: Sequence[Entry]) -> Entry:
        """One of the entries."""
        index = self.byte() if len(entries) <= 256 else self.byte() * 256 + self.byte()
        return entries[index % len(entries)]

    def rest(self) -> bytes:
        """All bytes that are left."""
        found = self._data[self._at :]
        self._at = len(self._data)
        return found

    def text(self) -> str:
        """All that is left as text; bytes that are no UTF-8 become halves of surrogate pairs."""
        return self.rest().decode("utf-8", "surrogateescape")

    def word(self) -> str:
        """A short text."""
        length = self.byte() % 12
        found = self._data[self._at : self._at + length]
        self._at += len(found)
        return found.decode("utf-8", "replace")

    def value(self, words: Sequence[Any] = (), depth: int = 3) -> Any:
        """A JSON value; `words` are what strings and keys often are."""
        kind = self.byte() % 8
        if kind == 0 and depth:
            return [self.value(words, depth - 1) for _ in range(self.byte() % 4)]
        if kind <= 2 and depth:
            return {self._key(words): self.value(words, depth - 1) for _ in range(self.byte() % 5)}
        if kind == 3:
            return self.word()
        if kind <= 5 and words:
            return self.pick(words)
        return self.pick(_SCALARS)

    def _key(self, words: Sequence[Any]) -> str:
        return str(self.pick(words)) if words and self.byte() % 4 else self.word()

    def mutated(self, document: Any, words: Sequence[Any]) -> Any:
        """A copy of `document` with as many changes as there are bytes for, at most sixteen."""
        changed = copy.deepcopy(document)
        for _ in range(16):
            if not self.left:
                break
            changed = self._changed(changed, words)
        return changed

    def _changed(self, document: Any, words: Sequence[Any]) -> Any:
        holder, key = self._place(document)
        if holder is None:
            return self.value(words)
        how = self.byte() % 5
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[self._key(words)] = holder[key]
        elif how == 2 and isinstance(holder, dict):
            holder[self._key(words)] = self.value(words)
        elif how == 3:
            source, at = self._place(document)
            holder[key] = copy.deepcopy(source[at]) if source is not None else self.value(words)
        else:
            holder[key] = self.value(words)
        return document

    def _place(self, document: Any) -> tuple[Any, Any]:
        """An object or a list of the document and a key in it; None when it has none."""
        holder, key = None, None
        here = document
        while isinstance(here, (dict, list)) and here:
            holder = here
            key = self.pick(list(here)) if isinstance(here, dict) else self.byte() % len(here)
            here = holder[key]
            if self.byte() % 3 == 0:
                break
        return holder, key
