"""Properties of a descriptor, made from the shape of a value and the place it is sent to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nodeloom.importers.openapi.bounds import relevant_bounds
from nodeloom.importers.openapi.displaynames import start_case
from nodeloom.importers.openapi.schemas import Shape, shape_of
from nodeloom.values import Json, JsonObject

_ENCODERS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
_READ = frozenset({"integer", "number", "boolean"})
_TYPES = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "scalar": "string"}
# n8n's names of the properties that choose, and of the one it adds to every node.
_LABELS_OF_NAMES = {"resource", "operation", "requestoptions"}


def field_of(name: str, shape: Shape, send: JsonObject, *, required: bool = False) -> JsonObject:
    """The property `name` for a value of `shape` that `send` puts into the request.

    No optional property has a default: what an author does not set is not sent.
    """
    prop: JsonObject = {"displayName": name, "name": name, "type": _type(shape)}
    if required:
        prop["required"] = True
    encoder = _encoder(shape)
    if prop["type"] == "options":
        prop["options"] = choices(shape.enum or ())
    schema = shape.small_schema if prop["type"] == "json" else _scalar_schema(shape, prop["type"], encoder)
    if schema:
        prop["schema"] = schema
    # A header is text already.
    if encoder is not None and "encode" not in send and (send["type"] != "header" or encoder in _READ):
        send = {**send, "encode": encoder}
    # Required and null may both be meant: the member must be there, and null is a value of it.
    if required and shape.nullable and send["type"] == "body":
        send = {**send, "nullable": True}
    prop["routing"] = {"send": send}
    return prop


def _scalar_schema(shape: Shape, kind: str, encoder: str | None) -> JsonObject:
    """What is asked of a text, number or boolean beside its type and the choices that its field offers."""
    stated = shape.small_schema
    if kind == "options" and encoder is not None:
        stated = {word: value for word, value in stated.items() if word != "enum"}
    # A value of mixed kind goes as it is given, so its choices are held to by the schema.
    return stated if set(stated) - {"type"} else {}


def list_field(name: str, shape: Shape, send: JsonObject, *, required: bool = False) -> JsonObject:
    """The property for a list of scalars in a query, header or path; `send` has the `style` it is written in."""
    items = shape_of(shape.items) if shape.items is not None else Shape(kind="string")
    if not items.scalar:
        return field_of(name, shape, send, required=required)
    prop = field_of(name, items, send, required=required)
    del prop["routing"]
    entry = prop.pop("schema", None)
    if items.enum:
        prop["type"] = "multiOptions"
    else:
        prop["typeOptions"] = {"multipleValues": True}
    bounds = relevant_bounds("array", shape.bounds)
    if entry or bounds:
        prop["schema"] = {"type": "array", **bounds, **({"items": entry} if entry else {})}
    return {**prop, "routing": {"send": send}}


def choices(values: Iterable[Json]) -> list[JsonObject]:
    """An enumeration as options: labels are the values' words, or the values themselves where two would look alike."""
    listed = list(values)
    labels = [start_case(v) if isinstance(v, str) else _spell(v) for v in listed]
    often = Counter(labels)
    return [
        {"name": label if label and often[label] == 1 else _spell(value) or "(empty)", "value": value}
        for label, value in zip(labels, listed, strict=True)
    ]


def _spell(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def safe_name(name: str, raw: str) -> str:
    """`name` as a property's name: not empty, and none of those that choose the operation."""
    found = name or raw.strip() or "Value"
    return f"{found} Field" if found.casefold().replace(" ", "") in _LABELS_OF_NAMES else found


def _type(shape: Shape) -> str:
    if shape.enum and shape.scalar and shape.kind != "boolean":
        return "options"
    if shape.kind == "string" and shape.format == "date-time":
        return "dateTime"
    if shape.kind == "any":
        return "json" if shape.open else "string"
    return _TYPES.get(shape.kind, "json")


def _encoder(shape: Shape) -> str | None:
    if shape.kind in ("array", "object"):
        return "json"
    # A value of unknown or mixed kind goes as the author gives it.
    return _ENCODERS.get(shape.kind)


def json_encoder(shape: Shape) -> str:
    """The encoder that writes a value of `shape` as JSON: a text is put in quotes, all other text is read as JSON."""
    return "jsonString" if shape.kind == "string" else "jsonText"
