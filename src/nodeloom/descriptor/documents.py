"""Documents, which parts of descriptors are: how they are read by the keys that they declare.

A document is checked in plain Python while it is read, which takes a fraction of the time that importing pydantic
takes. If it does not fit, pydantic is asked for the reasons: `pydanticmodels.py` makes its models of the same
declarations, and the published JSON Schemas are made of these models.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Self, dataclass_transform

from nodeloom.descriptor.documentkeys import (
    Annotation,
    Declarations,
    DocumentPart,
    Matching,
    Raw,
    Told,
    declare_keys,
    key,
)
from nodeloom.descriptor.once import once
from nodeloom.errors import DescriptorError
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from pydantic import BaseModel

Read = Callable[[Json, Raw], object]


class Misfit(Exception):
    """A value is not what its key declares; pydantic says what is wrong with it."""


class _Readable(Declarations):
    """Declarations, with what is made of them once: readers of the values, and pydantic's model."""

    @once
    def readers(self) -> Mapping[str, tuple[str, Read]]:
        """By spelling: the attribute, and how its value is read."""
        return {k.spelling: (attribute, _reader(self.annotations[attribute])) for attribute, k in self.keys.items()}

    @once
    def model(self) -> type[BaseModel]:
        """The class as pydantic knows it."""
        # Most documents fit, and then pydantic is not imported.
        from nodeloom.descriptor.pydanticmodels import model_of

        return model_of(self.kind)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key,))
class Document(DocumentPart):
    """What all parts of a descriptor share: camel-case keys, unknown keys kept, not changed once they are loaded.

    Values are taken as they are: `"true"` is not a boolean, as the published JSON Schemas say too. A document is read
    with `model_validate`, or made of its keys by name; pydantic's ValidationError says what does not fit.
    """

    declared: ClassVar[_Readable]
    #: The keys that are written and not known.
    model_extra: Mapping[str, Json]
    #: The attributes whose keys are written.
    model_fields_set: frozenset[str]

    def __init_subclass__(cls) -> None:
        cls.declared = _Readable(cls, declare_keys(cls))

    def __init__(self, **written: Json) -> None:
        self.__dict__.update(self.model_validate(written).__dict__)

    @classmethod
    def model_validate(cls, raw: Json) -> Self:
        """The document that `raw` is.

        Raises pydantic's ValidationError if `raw` is not one, and DescriptorError if it is nested too deeply.
        """
        try:
            return cls._read(raw, {})
        except Misfit:
            cls.declared.model.model_validate(raw)
            # The model allows what cannot be read. That would be a fault of this module, and a test looks for it.
            raise
        except RecursionError:
            raise DescriptorError(
                f"A {cls.__name__} is nested too deeply.", hint="Use fewer levels of nesting."
            ) from None

    @classmethod
    def _read(cls, raw: Json, _holder: Raw) -> Self:
        if not isinstance(raw, dict):
            # A part that was made in Python, not read.
            if isinstance(raw, cls):
                return raw
            raise Misfit
        declared = cls.declared
        known = declared.readers
        # Without `__init__`, which would read the keys again.
        document = cls.__new__(cls)
        values = document.__dict__
        extra: JsonObject = {}
        for name, value in raw.items():
            if name in known:
                attribute, read = known[name]
                values[attribute] = read(value, raw)
            # A later n8n may know the key.
            elif isinstance(name, str):
                extra[name] = value
            else:
                raise Misfit
        written = frozenset(values)
        if not declared.required <= written:
            raise Misfit
        for attribute, factory in declared.factories.items():
            if attribute not in written:
                values[attribute] = factory()
        values["model_fields_set"] = written
        values["model_extra"] = extra
        return document

    def model_copy(self, *, update: Mapping[str, Json]) -> Self:
        """The document with other values of some attributes, which are not checked."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied.__dict__.update(update, model_fields_set=self.model_fields_set | update.keys())
        return copied

    def entries(self) -> JsonObject:
        """The keys that were written, unknown ones included, as the document spells them."""
        written = self.model_fields_set
        known = {k.spelling: getattr(self, name) for name, k in self.declared.keys.items() if name in written}
        return {**known, **self.model_extra}

    def to_dict(self) -> JsonObject:
        """The document as JSON, as it was written."""
        return {name: _plain(value) for name, value in self.entries().items()}

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name}: a document is not changed; model_copy gives another one")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.entries() == other.entries()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.entries().items())})"


def _plain(value: Json) -> Json:
    if isinstance(value, Document):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


# -- reading ------------------------------------------------------------------------------------------------------


def _reader(annotation: Annotation) -> Read:
    """How a value that is declared so is read. The reader raises Misfit for a value that does not fit."""
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            return _annotated_reader(arguments[0], arguments[1])
        case typing.Literal:
            allowed = frozenset(arguments)
            return _if_fitting(lambda value: isinstance(value, str) and value in allowed)
        case typing.Union | types.UnionType:
            return _union([_reader(argument) for argument in arguments])
        case origin if origin is list:
            return _list(_reader(arguments[0]))
        case origin if origin is dict:
            return _mapping(_reader(arguments[1]))
    if annotation is Json:
        return _as_it_is
    if annotation is bool or annotation is str:
        plain = annotation
        return _if_fitting(lambda value: isinstance(value, plain))
    if annotation is int or annotation is float:
        # A float may be written as a whole number; a union of both is how n8n's numbers are declared.
        number = annotation
        return _if_fitting(lambda value: isinstance(value, number) and not isinstance(value, bool))
    if annotation is type(None):
        return _if_fitting(lambda value: value is None)
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return annotation._read
    raise TypeError(f"a key of a document cannot be declared as {annotation!r}")


def _as_it_is(value: Json, _holder: Raw) -> object:
    return value


def _if_fitting(fits: Callable[[Json], bool]) -> Read:
    def read(value: Json, _holder: Raw) -> object:
        if not fits(value):
            raise Misfit
        return value

    return read


def _union(readers: list[Read]) -> Read:
    def read(value: Json, holder: Raw) -> object:
        for branch in readers:
            try:
                return branch(value, holder)
            except Misfit:
                continue
        raise Misfit

    return read


def _list(entry: Read) -> Read:
    def read(value: Json, holder: Raw) -> object:
        if not isinstance(value, list):
            raise Misfit
        return [entry(part, holder) for part in value]

    return read


def _mapping(entry: Read) -> Read:
    def read(value: Json, holder: Raw) -> object:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            raise Misfit
        return {name: entry(part, holder) for name, part in value.items()}

    return read


def _annotated_reader(annotation: Annotation, note: Told | Matching) -> Read:
    if isinstance(note, Told):
        readers = {name: _reader(kind) for name, kind in note.kinds.items()}
        return lambda value, holder: readers[note.by(value, holder)](value, holder)
    form = re.compile(note.pattern)
    plain = _reader(annotation)

    def read(value: Json, holder: Raw) -> object:
        text = plain(value, holder)
        if not isinstance(text, str) or form.search(text) is None:
            raise Misfit
        return text

    return read
