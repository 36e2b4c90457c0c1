"""How a class of documents declares its keys: by annotations, as a dataclass does, and by `key()` for all the rest.

Reading (`documents.py`), pydantic's models (`pydanticmodels.py`) and the search for misspelt keys go by these
declarations, so that each key is declared once.
"""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from nodeloom.descriptor.once import once
from nodeloom.values import Json

Raw = Mapping[str, Json]
#: What stands behind the colon of a key: a class, a union, a `Literal`, `list[…]`, or what `Annotated` makes of these.
Annotation = object

_REQUIRED = object()


class Told:
    """Says what an entry is that may be of several kinds: `by` is given the entry and the object that holds it.

    It stands in an annotation, with `kinds` in the order of the union that it annotates.
    """

    def __init__(self, by: Callable[[Json, Raw], str], kinds: Mapping[str, Annotation]) -> None:
        self.by = by
        self.kinds = kinds


class Matching:
    """A text that matches a pattern; stands in an annotation."""

    def __init__(self, pattern: str, description: str) -> None:
        self.pattern = pattern
        self.description = description


class Key:
    """A key of a class of documents: how it is spelt, and what its value is if it is not written."""

    def __init__(
        self, default: object, factory: Callable[[], object] | None, spelling: str | None, description: str | None
    ) -> None:
        self.default = default
        self.factory = factory
        self.spelling = spelling or ""
        self.description = description

    @property
    def required(self) -> bool:
        """Whether a document without it is broken."""
        return self.default is _REQUIRED and self.factory is None


# The result is declared as Any, as that of `dataclasses.field` is: it stands where a value of the key's type would.
def key(
    *,
    default: object = _REQUIRED,
    default_factory: Callable[[], object] | None = None,
    alias: str | None = None,
    description: str | None = None,
) -> Any:
    """Declare a key. `alias` is how the document spells it, if that is not the attribute in camel case."""
    return Key(default, default_factory, alias, description)


class Declarations:
    """What a class of documents declares; its annotations are read when a document of the class is first met.

    Args:
        kind: the class.
        keys: its keys by attribute, in order.
    """

    def __init__(self, kind: type[DocumentPart], keys: Mapping[str, Key]) -> None:
        self.kind = kind
        self.keys = keys

    @once
    def annotations(self) -> Mapping[str, Annotation]:
        """The annotations of the keys, by attribute."""
        # A key may have the name of a type (`list`). So annotations are read with the names of the module, not with
        # those of the class.
        module = vars(sys.modules[self.kind.__module__])
        return inspect.get_annotations(self.kind, globals=module, locals={}, eval_str=True)

    @once
    def required(self) -> frozenset[str]:
        """The attributes without which a document is broken."""
        return frozenset(attribute for attribute, key in self.keys.items() if key.required)

    @once
    def factories(self) -> Mapping[str, Callable[[], object]]:
        """The attributes whose default is made for each document, with what makes it."""
        return {attribute: key.factory for attribute, key in self.keys.items() if key.factory is not None}


class DocumentPart:
    """What is known of a class of documents without reading one: its declarations."""

    declared: ClassVar[Declarations]


def declare_keys(kind: type[DocumentPart]) -> dict[str, Key]:
    """The keys that a class declares itself. Their defaults become attributes of the class, in place of the keys."""
    keys: dict[str, Key] = {}
    for attribute in kind.__annotations__:
        declared = kind.__dict__.get(attribute, _REQUIRED)
        if not isinstance(declared, Key):
            declared = Key(declared, None, None, None)
        declared.spelling = declared.spelling or _in_camel_case(attribute)
        keys[attribute] = declared
        # So a document needs no entry for a key that is not written, and reading it costs nothing.
        if declared.default is not _REQUIRED:
            setattr(kind, attribute, declared.default)
        elif attribute in kind.__dict__:
            delattr(kind, attribute)
    return keys


def _in_camel_case(attribute: str) -> str:
    first, *others = attribute.split("_")
    return first + "".join(word.capitalize() for word in others)


def kinds_in(annotation: Annotation) -> Iterator[type[DocumentPart]]:
    """The classes of documents that an annotation names, in order."""
    if isinstance(annotation, type) and issubclass(annotation, DocumentPart):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from kinds_in(argument)


def told_in(annotation: Annotation) -> Iterator[Told]:
    """What an annotation says of entries that may be of several kinds."""
    if isinstance(annotation, Told):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from told_in(argument)
