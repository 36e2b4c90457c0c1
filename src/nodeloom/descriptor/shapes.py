"""The JSON Schema of a property's value: what the runtime accepts for it.

A value of its type, an expression in its place at any depth, or a `{"$literal": …}`, which is never read as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from nodeloom.descriptor.models import GroupDescriptor, PropertyDescriptor
from nodeloom.descriptor.schemaoutline import refers
from nodeloom.values import Json, JsonObject

# A template may stand for a value of any type.
TEMPLATE: JsonObject = {
    "type": "string",
    "pattern": r"^=|\{\{[\s\S]*?\}\}|<<\s*\$[\s\S]*?>>",
    "description": "An expression.",
}
LITERAL: JsonObject = {"type": "object", "required": ["$literal"], "properties": {"$literal": {}}, "maxProperties": 1}

_TEXT_TYPES = {"string", "color", "dateTime", "hidden", "options", "icon", "credentialsSelect", "workflowSelector"}
_SCALAR: JsonObject = {"type": ["string", "number", "boolean", "null"]}
_OF_SCALARS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "pattern", "format",
)  # fmt: skip
# Text that an encoder reads as the type it is named for (`send.encode`).
_READ_AS: dict[str, JsonObject] = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+\s*$"},
    "number": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*$"},
    "boolean": {"type": "string", "pattern": r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$"},
}


def value_schema(prop: PropertyDescriptor) -> JsonObject:
    """What the runtime accepts for a property."""
    plain = _plain(prop)
    if prop.multiple and prop.type != "fixedCollection":
        plain = any_of([{"type": "array", "items": any_of([plain, TEMPLATE, LITERAL])}, plain])
    schema: JsonObject = {"title": prop.label, **any_of([plain, LITERAL] if prop.no_data_expression else _open(plain))}
    if prop.description:
        schema["description"] = prop.description
    if prop.has_default:
        schema["default"] = prop.initial
    return schema


def object_schema(properties: Iterable[PropertyDescriptor]) -> JsonObject:
    """An object of these properties and no others; several of one name take what any of them takes."""
    schemas: dict[str, list[JsonObject]] = {}
    for prop in properties:
        # A notice only shows a text.
        if prop.type != "notice":
            schemas.setdefault(prop.name, []).append(value_schema(prop))
    return {
        "type": "object",
        "properties": {name: any_of(several) for name, several in schemas.items()},
        "additionalProperties": False,
    }


def any_of(schemas: Iterable[JsonObject]) -> JsonObject:
    """One schema for what any of these accepts."""
    different: list[JsonObject] = []
    for schema in schemas:
        for branch in schema["anyOf"] if list(schema) == ["anyOf"] else [schema]:
            if branch not in different:
                different.append(branch)
    return different[0] if len(different) == 1 else {"anyOf": different}


def _open(plain: JsonObject) -> list[JsonObject]:
    return [plain, TEMPLATE, LITERAL]


def _plain(prop: PropertyDescriptor) -> JsonObject:
    encode = prop.routing.send.encode if prop.routing and prop.routing.send else None
    read_as = [_READ_AS[encode]] if encode in _READ_AS else []
    match prop.type:
        case "number":
            return any_of([{"type": ["number", "null"], **_bounds(prop)}, *read_as])
        case "boolean":
            return any_of([{"type": "boolean"}, *read_as])
        case "options" if is_closed(prop):
            return {"enum": list(choice_values(prop))}
        case "multiOptions":
            choice = {"enum": list(choice_values(prop))} if is_closed(prop) else {}
            return {"type": "array", "items": any_of(_open(choice)) if choice else {}}
        case "collection":
            return object_schema(prop.children())
        case "fixedCollection":
            groups = {group.name: _group(prop, group) for group in prop.groups()}
            return {"type": "object", "properties": groups, "additionalProperties": False}
        case "resourceLocator":
            located: JsonObject = {"type": "object", "required": ["value"], "properties": {"mode": {"type": "string"}}}
            return any_of([_SCALAR, located])
        case "json":
            text: JsonObject = {"type": "string", "contentMediaType": "application/json"}
            own = {"type": ["object", "array", "number", "boolean", "null"]}
            return any_of([text, own if prop.value_schema is None else _embed(prop.name, prop.value_schema)])
        case kind if kind in _TEXT_TYPES:
            return {**_SCALAR, **_bounds(prop)}
        case _:
            return {}


def _bounds(prop: PropertyDescriptor) -> JsonObject:
    """What a property's schema asks of a number or text beside its type, which its field knows better."""
    schema = {} if prop.multiple else prop.value_schema or {}
    return {word: value for word, value in schema.items() if word in _OF_SCALARS}


def is_closed(prop: PropertyDescriptor) -> bool:
    """Whether the choices that are written are all there are; a service may fill in more."""
    dynamic = any(key.startswith("loadOptions") for key in prop.type_options or {})
    return bool(prop.choices()) and not dynamic and not prop.model_extra.get("allowArbitraryValues")


def choice_values(prop: PropertyDescriptor) -> Iterator[Json]:
    """What may be chosen: the values of the options, and the default if it is not among them."""
    values = [option.value for option in prop.choices()]
    yield from values
    if prop.type == "options" and prop.has_default and prop.default not in values:
        yield prop.default


def _group(prop: PropertyDescriptor, group: GroupDescriptor) -> JsonObject:
    entry = object_schema(group.values)
    return any_of([{"type": "array", "items": entry}, entry]) if prop.multiple else entry


def _embed(name: str, schema: JsonObject) -> JsonObject:
    """A property's schema as a part of another: if it refers to itself, it stays a document of its own."""
    opened = _with_templates(schema)
    return {"$id": f"urn:nodeloom:{quote(name, safe='')}", **opened} if refers(schema) else opened


def _with_templates(schema: Json) -> JsonObject:
    """A JSON Schema of data that also takes an expression in the place of any part of it."""
    if not isinstance(schema, Mapping):
        return {} if schema is True else {"not": {}}
    opened = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(opened.get(key), Mapping):
            opened[key] = any_of(_open(_with_templates(opened[key])))
    if isinstance(opened.get("properties"), Mapping):
        opened["properties"] = {k: any_of(_open(_with_templates(v))) for k, v in opened["properties"].items()}
    return opened
