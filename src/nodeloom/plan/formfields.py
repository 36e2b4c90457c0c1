"""The fields of a form as a JSON text: n8n's `validateType: form-fields`."""

from __future__ import annotations

from collections.abc import Mapping

from nodeloom.jsonreading import ANY_JSON
from nodeloom.plan.unfit import Unfit
from nodeloom.plan.wire import scalar_text
from nodeloom.values import Json, JsonObject

_KEYS = frozenset(
    [
        "fieldLabel",
        "fieldType",
        "placeholder",
        "defaultValue",
        "fieldOptions",
        "multiselect",
        "multipleFiles",
        "acceptFileTypes",
        "formatDate",
        "requiredField",
        "fieldValue",
        "elementName",
        "html",
        "fieldName",
        "limitSelection",
        "numberOfSelections",
        "minSelections",
        "maxSelections",
    ]
)
_TYPES = frozenset(
    [
        "date",
        "dropdown",
        "email",
        "file",
        "number",
        "password",
        "text",
        "textarea",
        "checkbox",
        "radio",
        "html",
        "hiddenField",
    ]
)
_EXAMPLE = 'the JSON text of a list of form fields, such as [{"fieldLabel": "Name"}]'


def described_fields(value: Json) -> list[JsonObject]:
    """The fields that a JSON text holds, their texts escaped for HTML as n8n does. Raises Unfit for any other."""
    try:
        fields = ANY_JSON.read(value) if isinstance(value, str) else None
    except ValueError:
        fields = None
    if not isinstance(fields, list):
        raise Unfit(_EXAMPLE)
    return [_field(field, index) for index, field in enumerate(fields)]


def _field(field: Json, index: int) -> JsonObject:
    if not isinstance(field, Mapping):
        raise Unfit(f"{_EXAMPLE}; field {index} is not an object")
    strange = next((key for key in field if key not in _KEYS), None)
    if strange is not None:
        raise Unfit(f"{_EXAMPLE}; field {index} has the unknown key {strange!r}")
    found = {key: _options(held, index) if key == "fieldOptions" else _member(key, held) for key, held in field.items()}
    kind = found.get("fieldType", "text")
    if kind not in _TYPES:
        raise Unfit(f"{_EXAMPLE}; field {index} has the unknown type {kind!r}")
    return found


def _member(key: str, value: Json) -> Json:
    if isinstance(value, str):
        # n8n shows these texts in a page of its own; only `html` is meant as markup.
        return value if key == "html" else value.replace("<", "&lt;").replace(">", "&gt;")
    if isinstance(value, (bool, int, float)):
        return value
    return "null" if value is None else scalar_text(value, objects=True)


def _options(value: Json, index: int) -> Mapping[str, Json]:
    """The choices of a field: `{values: [{option: …}]}`, or the list alone."""
    held = {"values": value} if isinstance(value, list) else value
    values = held.get("values") if isinstance(held, Mapping) else None
    if not isinstance(values, list):
        raise Unfit(f"{_EXAMPLE}; the fieldOptions of field {index} have no list of values")
    for choice in values:
        if not (isinstance(choice, Mapping) and list(choice) == ["option"] and isinstance(choice["option"], str)):
            raise Unfit(f'{_EXAMPLE}; each of the fieldOptions of field {index} is written {{"option": "…"}}')
    return dict(held)
