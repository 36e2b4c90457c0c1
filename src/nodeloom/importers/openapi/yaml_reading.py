"""YAML by the 1.2 core schema, built from PyYAML's events.

PyYAML's own composers are recursive: libyaml's ends the process on a document of a hundred thousand brackets. Here a
document is built without recursion, and held to limits while it is: how deep it is nested and how many values it has,
both with every alias counted as what it stands for. So an anchor cannot hold itself, and a small file cannot mean a
billion values. Tags are those of the core schema; no other is constructed. A key stands once in an object.

Dates, `yes` and `0o7` stay text, as OpenAPI asks for (its JSON schema ruleset): a date in an example is a text,
and so is the country `no`. Merge keys (`<<`), which YAML 1.2 has no longer, are followed, because documents have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from nodeloom.descriptor.documentfiles import MAX_DEPTH, MAX_VALUES
from nodeloom.errors import ConfigurationError, DescriptorError, preview
from nodeloom.values import Json, JsonObject

_CORE = "tag:yaml.org,2002:"
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NULL = re.compile(r"~|null|Null|NULL|")
_MERGE = "<<"
# Python refuses to read an integer of more digits than these.
_MAX_DIGITS = 4_000


def parse_yaml(text: str, name: str) -> Json:
    """The one document in `text`; None when it is empty.

    Raises DescriptorError, with line and column, for a text that is not YAML, has other tags than the core schema's, or
    goes over a limit; ConfigurationError when PyYAML (the extra `nodeloom[openapi]`) is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise ConfigurationError(
            f"{name} is YAML, and PyYAML is not installed.",
            hint="Install it with: pip install 'nodeloom[openapi]'; or give the document as JSON.",
        ) from None
    builder = _Builder(name)
    try:
        # The stubs name the events' base class, which has none of what is read of them.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events: Iterator[_Event] = yaml.parse(text, Loader=loader)  # type: ignore[assignment]
        # Events instead of PyYAML's composer, which calls itself for each level.
        for event in events:
            builder.take(type(event).__name__, event)
    except yaml.MarkedYAMLError as fault:
        raise _broken(name, fault.problem or fault.context or "it breaks off", fault.problem_mark) from None
    except yaml.YAMLError as fault:
        raise _broken(name, preview(str(fault)), None) from None
    except UnicodeEncodeError:
        raise _broken(name, "half of a surrogate pair is not a character", None) from None
    return builder.document


def _broken(name: str, problem: str, mark: _Mark | None, hint: str = "Mend the document there.") -> DescriptorError:
    at = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
    return DescriptorError(f"{name} is not YAML: {preview(problem)}{at}.", hint=hint)


class _Mark(Protocol):
    """A place in the text, counted from 0."""

    line: int
    column: int


class _Event(Protocol):
    """What PyYAML's events hold that are read here; the class of an event says which of it there is."""

    start_mark: _Mark
    anchor: str | None
    tag: str | None
    value: str
    implicit: tuple[bool, ...]


@dataclass(slots=True)
class _Built:
    """A value: how many values it stands for, how deep it is, and its text if it is a scalar."""

    value: Json
    weight: int = 1
    height: int = 0
    text: str | None = None


@dataclass(slots=True)
class _Open:
    """A list or an object that is being read; `key` is the one whose value comes next."""

    value: list[Json] | JsonObject
    anchor: str | None
    weight: int = 1
    height: int = 1
    key: str | None = None
    plain_key: bool = False
    merged: list[Json] = field(default_factory=list)


class _Builder:
    """Takes the events of one document, one after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Open] = []
        self._anchors: dict[str, _Built | None] = {}
        self._documents = 0
        self.document: Json = None

    def take(self, kind: str, event: _Event) -> None:
        """Take one event; `kind` is the name of its class."""
        match kind:
            case "ScalarEvent":
                self._scalar(event)
            case "MappingStartEvent":
                self._begin({}, "map", event)
            case "SequenceStartEvent":
                self._begin([], "seq", event)
            case "MappingEndEvent" | "SequenceEndEvent":
                self._end(event)
            case "AliasEvent":
                self._alias(event)
            case "DocumentStartEvent":
                self._documents += 1
                if self._documents > 1:
                    raise self._fault("it holds more than one document", event)

    def _fault(self, problem: str, event: _Event, hint: str = "Mend the document there.") -> DescriptorError:
        return _broken(self._name, problem, event.start_mark, hint)

    def _scalar(self, event: _Event) -> None:
        text = event.value
        value = self._resolve(text, event)
        built = _Built(value, text=text)
        if event.anchor is not None:
            self._anchors[event.anchor] = built
        self._put(built, event, plain=event.implicit[0])

    def _resolve(self, text: str, event: _Event) -> Json:
        """The scalar by its tag, else by the core schema if it is plain."""
        tag = event.tag
        if tag is None or tag == "!":
            return _plain(text) if tag is None and event.implicit[0] else text
        kind = tag.removeprefix(_CORE)
        if kind == "str":
            return text
        value = _plain(text)
        if kind in _KINDS and isinstance(value, _KINDS[kind]) and (kind == "bool") == isinstance(value, bool):
            return value if kind != "float" else float(str(value))
        if kind in _KINDS:
            raise self._fault(f"{text!r} is not a value of the tag {kind}", event)
        raise self._foreign(tag, event)

    def _foreign(self, tag: str, event: _Event) -> DescriptorError:
        return self._fault(f"the tag {tag} is not one of YAML's core schema", event, "Write the value without its tag.")

    def _begin(self, value: list[Json] | JsonObject, kind: str, event: _Event) -> None:
        if event.tag not in (None, "!", _CORE + kind):
            raise self._foreign(event.tag, event)
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise self._fault("a key is a list or an object", event)
        self._open.append(_Open(value, event.anchor))
        if event.anchor is not None:
            # Not known before it ends: what it holds cannot be itself.
            self._anchors[event.anchor] = None
        self._refuse_deep(1, event)

    def _end(self, event: _Event) -> None:
        done = self._open.pop()
        if done.merged and isinstance(done.value, dict):
            inherited: JsonObject = {}
            for other in reversed(done.merged):
                inherited |= other
            own = dict(done.value)
            # In place, because no other value refers to it yet: merged keys first, then its own.
            done.value.clear()
            done.value.update(inherited | own)
        built = _Built(done.value, done.weight, done.height)
        if done.anchor is not None:
            self._anchors[done.anchor] = built
        self._put(built, event)

    def _alias(self, event: _Event) -> None:
        if event.anchor not in self._anchors:
            raise self._fault(f"there is no anchor {event.anchor!r}", event)
        built = self._anchors[event.anchor]
        if built is None:
            raise self._fault(f"what is anchored as {event.anchor!r} holds itself", event)
        self._refuse_deep(built.height, event)
        self._put(built, event)

    def _put(self, built: _Built, event: _Event, *, plain: bool = False) -> None:
        """Put a value into its place: into the list, behind its key, or as the key itself."""
        if not self._open:
            self.document = built.value
            return
        within = self._open[-1]
        if isinstance(within.value, list):
            within.value.append(built.value)
        elif within.key is None:
            self._key(within, built, event, plain=plain)
            return
        elif within.plain_key and within.key == _MERGE:
            self._merge(within, built, event)
            within.key = None
        else:
            within.value[within.key] = built.value
            within.key = None
        within.weight += built.weight
        within.height = max(within.height, built.height + 1)
        if within.weight > MAX_VALUES:
            raise self._fault(
                f"with its aliases it has more than {MAX_VALUES:,} values", event, "Write it with fewer aliases."
            )

    def _key(self, within: _Open, built: _Built, event: _Event, *, plain: bool) -> None:
        """A key is text: `200:` is the key "200", as it is in JSON."""
        if built.text is None:
            raise self._fault("a key is a list or an object", event)
        # YAML 1.2, 3.2.1.3: keys are unique; PyYAML keeps the last one, other readers the first.
        if built.text in within.value:
            raise self._fault(f"the key {built.text!r} stands twice in one object", event)
        within.key, within.plain_key = built.text, plain

    def _merge(self, within: _Open, built: _Built, event: _Event) -> None:
        entries = built.value if isinstance(built.value, list) else [built.value]
        if not all(isinstance(entry, dict) for entry in entries):
            raise self._fault("a merge key is followed by an object, or a list of objects", event)
        within.merged += entries

    def _refuse_deep(self, height: int, event: _Event) -> None:
        if len(self._open) + height > MAX_DEPTH + 1:
            raise self._fault("it is nested too deeply", event, f"Use at most {MAX_DEPTH} levels of nesting.")


_KINDS: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "int": int,
    "float": (int, float),
    "null": type(None),
}


def _plain(text: str) -> Json:
    """A plain scalar by the core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOLEAN.fullmatch(text):
        return text[0] in "tT"
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _MAX_DIGITS else text
    if _FLOAT.fullmatch(text):
        return float(text.replace(".", "", 1) if text[-1] in "fFnN" else text)
    return text
