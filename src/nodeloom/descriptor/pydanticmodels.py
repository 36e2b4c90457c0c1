"""What is wrong with a document that cannot be read: pydantic's models, made of the keys that documents declare.

They are made when a document does not fit, or for the published JSON Schemas; reading needs none of them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, ForwardRef

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from nodeloom.descriptor.documentkeys import Annotation, DocumentPart, Key, Matching, Told, kinds_in, told_in
from nodeloom.values import Json, JsonObject


class _Entry(JsonObject):
    """An entry that may be of several kinds, with the one its holder says it is."""

    kind: str


class _Model(BaseModel):
    """A class of documents as pydantic checks it. Values are taken as they are (`strict`), unknown keys are kept."""

    # Built when the models know each other.
    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)

    told: typing.ClassVar[Mapping[str, Told]] = {}

    @model_validator(mode="before")
    @classmethod
    def _tell(cls, raw: Json) -> Json:
        if not isinstance(raw, dict):
            return raw
        return raw | {
            name: [_entry(entry, raw, told) for entry in raw[name]]
            for name, told in cls.told.items()
            if isinstance(raw.get(name), list)
        }


def _entry(entry: Json, holder: Mapping[str, Json], told: Told) -> Json:
    if not isinstance(entry, dict):
        return entry
    known = _Entry(entry)
    known.kind = told.by(entry, holder)
    return known


def model_of(kind: type[DocumentPart]) -> type[BaseModel]:
    """The pydantic model of a class of documents, and of all that it is made of, under the same names."""
    models = {part.__name__: _model(part) for part in _parts(kind)}
    for model in models.values():
        model.model_rebuild(_types_namespace=models)
    return models[kind.__name__]


def _parts(kind: type[DocumentPart]) -> list[type[DocumentPart]]:
    """`kind` and every class of documents in it."""
    found = [kind]
    for part in found:
        for annotation in part.declared.annotations.values():
            found += [other for other in dict.fromkeys(kinds_in(annotation)) if other not in found]
    return found


def _model(kind: type[DocumentPart]) -> type[BaseModel]:
    annotations, keys = kind.declared.annotations, kind.declared.keys
    fields: Any = {attribute: (_to_pydantic(annotations[attribute]), _field(key)) for attribute, key in keys.items()}
    model = create_model(kind.__name__, __base__=_Model, __doc__=kind.__doc__, **fields)
    model.told = {key.spelling: told for attribute, key in keys.items() for told in told_in(annotations[attribute])}
    return model


def _field(key: Key) -> Any:
    if key.factory is not None:
        return Field(default_factory=key.factory, alias=key.spelling, description=key.description)
    return Field(... if key.required else key.default, alias=key.spelling, description=key.description)


def _to_pydantic(annotation: Annotation) -> Any:
    """An annotation of a key in pydantic's words; classes of documents by their names, as they hold each other."""
    if isinstance(annotation, type) and issubclass(annotation, DocumentPart):
        return ForwardRef(annotation.__name__)
    arguments = typing.get_args(annotation)
    match typing.get_origin(annotation):
        case typing.Annotated:
            note = arguments[1]
            if isinstance(note, Matching):
                return Annotated[arguments[0], Field(pattern=note.pattern, description=note.description)]
            return _branches(note)
        case typing.Union | types.UnionType:
            return typing.Union[tuple(map(_to_pydantic, arguments))]  # noqa: UP007 - the branches are not known here
        case origin if origin in (list, dict):
            return types.GenericAlias(origin, tuple(map(_to_pydantic, arguments)))
    return annotation


def _branches(told: Told) -> Any:
    def kind(entry: Json) -> str:
        return entry.kind if isinstance(entry, _Entry) else told.by(entry, {})

    branches = tuple(Annotated[_to_pydantic(part), Tag(name)] for name, part in told.kinds.items())
    return Annotated[typing.Union[branches], Discriminator(kind)]  # noqa: UP007 - as above
