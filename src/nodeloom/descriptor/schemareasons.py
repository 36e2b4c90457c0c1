"""What does not fit a JSON Schema, in words: why, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nodeloom.descriptor import formats
from nodeloom.errors import nearest, preview
from nodeloom.values import Json
from nodeloom.valuewords import kind_of

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_MOST_SHOWN = 12
_UNDESCRIBED = "what the service's description says"
_TYPE_WORDS = {
    "array": "a list",
    "object": "an object",
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
#: keyword → what is wrong with a value that does not fit it; `{}` is what the keyword asks for.
_REASONS = {
    "minimum": "the number is less than {}",
    "maximum": "the number is greater than {}",
    "exclusiveMinimum": "the number is not greater than {}",
    "exclusiveMaximum": "the number is not less than {}",
    "multipleOf": "the number is not a multiple of {}",
    "minLength": "the text is shorter than {}",
    "maxLength": "the text is longer than {}",
    "minItems": "the list has fewer than {} entries",
    "maxItems": "the list has more than {} entries",
    "minProperties": "the object has fewer than {} keys",
    "maxProperties": "the object has more than {} keys",
    "minContains": "fewer than {} entries of the list are as they must be",
    "maxContains": "more than {} entries of the list are as only so many may be",
    "uniqueItems": "the list holds an entry twice",
    "pattern": "the text does not match {}",
    "contains": "no entry of the list is as one must be",
    "dependentRequired": "a key is missing that another one asks for",
    "not": "it is what it may not be",
    "unevaluatedProperties": "it has a key that is not known",
    "unevaluatedItems": "the list has an entry too many",
    "items": "the list has an entry too many",
}
_BOUNDS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "more than {}",
    "maximum": "{} or less",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long",
    "pattern": "matched by {}",
}


def reason_of(fault: ValidationError) -> str:
    """Why a value does not fit, without the value, which stands in the error already."""
    wanted: Json = fault.validator_value
    word = str(fault.validator)
    match word:
        case "type":
            return f"{kind_of(fault.instance)} is not {_words(wanted)}"
        case "enum":
            return "it is not one of the values that it may be"
        case "const":
            return f"it is not {preview(wanted)}"
        case "format":
            return f"it is not {formats.wanted(wanted)}"
        case "minItems" if wanted == 1:
            return "the list is empty"
        case "minLength" if wanted == 1:
            return "the text is empty"
        case "required":
            absent = next((name for name in wanted if name not in fault.instance), None)  # type: ignore[operator]  # an object, as "required" judges no other
            return "a key is missing" if absent is None else f"the key {absent!r} is missing"
        case "additionalProperties":
            return str(fault.message)
        case "anyOf" | "oneOf":
            return _of_forms(fault)
        case _:
            # What is left is `False` as a schema: nothing fits.
            return _REASONS.get(word, "nothing may stand here").format(preview(wanted))


def _of_forms(fault: ValidationError) -> str:
    forms = len(fault.validator_value) if isinstance(fault.validator_value, list) else 0
    if not fault.context:
        return f"it fits more than one of {forms} forms, and may fit only one"
    return f"it fits none of {forms} forms; of the nearest, {reason_of(_meant(fault))}"


def _meant(fault: ValidationError) -> ValidationError:
    """Of the faults of several forms that of the one which was most likely meant: it is the deepest in."""
    # A value that got far in one form was most likely written for it.
    return max(fault.context or (fault,), key=lambda f: len(f.absolute_path))


def hint_of(fault: ValidationError) -> str | None:
    """What would be right; None if the reason says all."""
    schema: Json = fault.schema
    match fault.validator:
        case "enum":
            return allowed_hint(fault.instance, list(schema["enum"]))
        case "additionalProperties" | "unevaluatedProperties" if schema.get("properties"):
            return f"Known: {', '.join(list(schema['properties'])[:_MOST_SHOWN])}."
        case "anyOf" | "oneOf" if fault.context:
            return hint_of(_meant(fault))
    described = describe_schema(schema)
    return None if described == _UNDESCRIBED else f"It must be {described}."


def allowed_hint(value: Json, allowed: list[Json]) -> str:
    """The values that are allowed, and the one that was most likely meant."""
    texts = [entry if isinstance(entry, str) else preview(entry) for entry in allowed]
    shown = ", ".join(repr(e) if isinstance(e, str) else preview(e) for e in allowed[:_MOST_SHOWN])
    listed = f"Allowed: {shown}{', …' if len(allowed) > _MOST_SHOWN else ''}."
    close = nearest(value if isinstance(value, str) else preview(value), texts)
    return listed if close is None else f"Did you mean {close!r}? {listed}"


def describe_schema(schema: Json) -> str:
    """A small JSON Schema in words, such as "a list of a text"."""
    if not isinstance(schema, Mapping):
        return _UNDESCRIBED
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        few, many = schema.get("minItems"), schema.get("maxItems")
        least = f" with at least {'one entry' if few == 1 else f'{few} entries'}" if few else ""
        least += f"{' and' if few else ' with'} at most {many} entries" if many is not None else ""
        return f"a list of {describe_schema(schema['items']).removeprefix('an ').removeprefix('a ')}s{least}"
    if "enum" in schema:
        return "one of " + ", ".join(map(repr, schema["enum"][:_MOST_SHOWN]))
    bounds = [text.format(preview(schema[word])) for word, text in _BOUNDS.items() if word in schema]
    if schema.get("format") in formats.FORMATS:
        bounds.append(formats.wanted(schema["format"]))
    if "type" not in schema:
        return " and ".join(bounds) if bounds else _UNDESCRIBED
    if schema.get("minLength") == 1 and schema["type"] == "string" and len(bounds) == 1:
        return "a non-empty text"
    return ", ".join([_words(schema["type"]), *bounds])


def _words(types: Json) -> str:
    return " or ".join(_TYPE_WORDS.get(t, str(t)) for t in (types if isinstance(types, list) else [types]))
