"""What the parts of a descriptor are made of: documents, whose keys are declared once.

A class of documents declares its keys with annotations, as a dataclass does. They are read here, in plain Python: a
document is checked while it is read, which takes a fraction of what importing pydantic takes. Where it does not fit,
pydantic is asked for the reasons (`checking.py` makes its models of the same declarations, and the JSON Schemas of
those).
"""

from __future__ import annotations

import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from nodeloom.descriptor.once import once
from nodeloom.errors import DescriptorError

if TYPE_CHECKING:
    from pydantic import BaseModel

Raw = Mapping[str, Any]
Read = Callable[[Any, Raw], Any]

_REQUIRED: Any = object()


class Misfit(Exception):
    """A value is not what its key declares; pydantic says what is wrong with it."""


class Told:
    """What an entry is that may be one of several kinds: `by` is given it and the object that holds it.

    Stands in an annotation, `kinds` in the order of the union it annotates.
    """

    def __init__(self, by: Callable[[Any, Raw], str], kinds: Mapping[str, Any]) -> None:
        self.by = by
        self.kinds = kinds


class Matching:
    """A text with a form; stands in an annotation."""

    def __init__(self, pattern: str, description: str) -> None:
        self.pattern = pattern
        self.description = description


class Key:
    """A key of a class of documents: how it is spelt, and what is there when it is not written."""

    def __init__(
        self, default: Any, factory: Callable[[], Any] | None, spelling: str | None, description: str | None
    ) -> None:
        self.default = default
        self.factory = factory
        self.spelling = spelling or ""
        self.description = description

    @property
    def required(self) -> bool:
        """Whether a document without it is broken."""
        return self.default is _REQUIRED and self.factory is None


def key(
    *,
    default: Any = _REQUIRED,
    default_factory: Callable[[], Any] | None = None,
    alias: str | None = None,
    description: str | None = None,
) -> Any:
    """Declare a key. `alias` is how the document spells it, where that is not the attribute in camel case."""
    return Key(default, default_factory, alias, description)


class Declared:
    """What a class of documents declares; worked out when a document of the class is first met."""

    def __init__(self, kind: type[Document], keys: Mapping[str, Key]) -> None:
        self._kind = kind
        #: By attribute, in order.
        self.keys = keys

    @once
    def annotations(self) -> Mapping[str, Any]:
        """The annotations of the keys, by attribute."""
        # A key may be called as a type is (`list`), so what the class holds is not what an annotation speaks of.
        module = vars(sys.modules[self._kind.__module__])
        return inspect.get_annotations(self._kind, globals=module, locals={}, eval_str=True)

    @once
    def readers(self) -> Mapping[str, tuple[str, Read]]:
        """By spelling: the attribute, and how its value is read."""
        return {k.spelling: (attribute, _reader(self.annotations[attribute])) for attribute, k in self.keys.items()}

    @once
    def required(self) -> frozenset[str]:
        """The attributes without which a document is broken."""
        return frozenset(attribute for attribute, k in self.keys.items() if k.required)

    @once
    def made(self) -> Mapping[str, Callable[[], Any]]:
        """The attributes whose default is made for each document."""
        return {attribute: k.factory for attribute, k in self.keys.items() if k.factory is not None}

    @once
    def model(self) -> type[BaseModel]:
        """The class as pydantic knows it."""
        from nodeloom.descriptor.checking import model_of

        return model_of(self._kind)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key,))
class Document:
    """What all parts of a descriptor share: camel-case keys, unknown keys kept, immutable once loaded.

    Values are taken as they are: `"true"` is no boolean, as the published JSON Schemas say too. A document is read with
    `model_validate`, or made of its keys by name; pydantic's ValidationError says what does not fit.
    """

    declared: ClassVar[Declared]
    #: The keys that are written and not known.
    model_extra: Mapping[str, Any]
    #: The attributes whose keys are written.
    model_fields_set: frozenset[str]

    def __init_subclass__(cls) -> None:
        keys: dict[str, Key] = {}
        for attribute in cls.__annotations__:
            declared = cls.__dict__.get(attribute, _REQUIRED)
            if not isinstance(declared, Key):
                declared = Key(declared, None, None, None)
            declared.spelling = declared.spelling or _camel(attribute)
            keys[attribute] = declared
            if declared.default is not _REQUIRED:
                setattr(cls, attribute, declared.default)
            elif attribute in cls.__dict__:
                delattr(cls, attribute)
        cls.declared = Declared(cls, keys)

    def __init__(self, **written: Any) -> None:
        self.__dict__.update(self.model_validate(written).__dict__)

    @classmethod
    def model_validate(cls, raw: Any) -> Self:
        """The document that `raw` is. Raises pydantic's ValidationError when it is none.

        DescriptorError when it is nested too deeply to be read.
        """
        try:
            return cls._read(raw, {})
        except Misfit:
            cls.declared.model.model_validate(raw)
            raise  # the model allows what cannot be read: a fault of this module, which a test would have found
        except RecursionError:
            raise DescriptorError(
                f"A {cls.__name__} is nested too deeply.", hint="Use fewer levels of nesting."
            ) from None

    @classmethod
    def _read(cls, raw: Any, _holder: Raw) -> Self:
        if not isinstance(raw, dict):
            if isinstance(raw, cls):
                return raw
            raise Misfit
        declared = cls.declared
        known = declared.readers
        document = cls.__new__(cls)
        values = document.__dict__
        extra: dict[str, Any] = {}
        for name, value in raw.items():
            if name in known:
                attribute, read = known[name]
                values[attribute] = read(value, raw)
            elif isinstance(name, str):
                extra[name] = value
            else:
                raise Misfit
        written = frozenset(values)
        if not declared.required <= written:
            raise Misfit
        for attribute, factory in declared.made.items():
            if attribute not in written:
                values[attribute] = factory()
        values["model_fields_set"] = written
        values["model_extra"] = extra
        return document

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """The document with other values of some attributes, which are not checked."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied.__dict__.update(update, model_fields_set=self.model_fields_set | update.keys())
        return copied

    def entries(self) -> dict[str, Any]:
        """The keys that were written, unknown ones included, as the document spells them."""
        written = self.model_fields_set
        known = {k.spelling: getattr(self, name) for name, k in self.declared.keys.items() if name in written}
        return {**known, **self.model_extra}

    def to_dict(self) -> dict[str, Any]:
        """The document as JSON, as it was written."""
        return {name: _plain(value) for name, value in self.entries().items()}

    def __setattr__(self, name: str, _value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name}: a document is not changed; model_copy gives another one")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.entries() == other.entries()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.entries().items())})"


def kinds_in(annotation: Any) -> Iterator[type[Document]]:
    """The classes of documents that an annotation names, in order."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from kinds_in(argument)


def told_in(annotation: Any) -> Iterator[Told]:
    """What an annotation says about entries that may be of several kinds."""
    if isinstance(annotation, Told):
        yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from told_in(argument)


def _camel(attribute: str) -> str:
    first, *others = attribute.split("_")
    return first + "".join(word.capitalize() for word in others)


def _plain(value: Any) -> Any:
    if isinstance(value, Document):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


# -- reading ------------------------------------------------------------------------------------------------------


def _reader(annotation: Any) -> Read:
    """How a value is read that is declared so; Misfit is raised for one that does not fit."""
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            return _annotated(arguments[0], arguments[1])
        case typing.Literal:
            allowed = frozenset(arguments)
            return _checked(lambda value: isinstance(value, str) and value in allowed)
        case typing.Union | types.UnionType:
            return _union([_reader(argument) for argument in arguments])
        case origin if origin is list:
            return _list(_reader(arguments[0]))
        case origin if origin is dict:
            return _mapping(_reader(arguments[1]))
    if annotation is Any:
        return _as_it_is
    if annotation is bool or annotation is str:
        return _checked(lambda value: isinstance(value, annotation))
    if annotation is int or annotation is float:
        # A float may be written as a whole number; a union of both is how n8n's numbers are declared.
        return _checked(lambda value: isinstance(value, annotation) and not isinstance(value, bool))
    if annotation is type(None):
        return _checked(lambda value: value is None)
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation._read
    raise TypeError(f"a key of a document cannot be declared as {annotation!r}")


def _as_it_is(value: Any, _holder: Raw) -> Any:
    return value


def _checked(fits: Callable[[Any], bool]) -> Read:
    def read(value: Any, _holder: Raw) -> Any:
        if not fits(value):
            raise Misfit
        return value

    return read


def _union(readers: list[Read]) -> Read:
    def read(value: Any, holder: Raw) -> Any:
        for branch in readers:
            try:
                return branch(value, holder)
            except Misfit:
                continue
        raise Misfit

    return read


def _list(entry: Read) -> Read:
    def read(value: Any, holder: Raw) -> Any:
        if not isinstance(value, list):
            raise Misfit
        return [entry(part, holder) for part in value]

    return read


def _mapping(entry: Read) -> Read:
    def read(value: Any, holder: Raw) -> Any:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise Misfit
        return {name: entry(part, holder) for name, part in value.items()}

    return read


def _annotated(annotation: Any, note: Any) -> Read:
    if isinstance(note, Told):
        readers = {name: _reader(kind) for name, kind in note.kinds.items()}
        return lambda value, holder: readers[note.by(value, holder)](value, holder)
    form = re.compile(note.pattern)
    plain = _reader(annotation)

    def read(value: Any, holder: Raw) -> Any:
        if form.search(plain(value, holder)) is None:
            raise Misfit
        return value

    return read
