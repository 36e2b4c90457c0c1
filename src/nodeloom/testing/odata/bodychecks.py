"""JSON bodies checked against declared fields: an unknown field, a wrong type or a forbidden null is 400."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from nodeloom.errors import nearest, preview
from nodeloom.testing.odata.declarations import ComplexType, EnumType, Field, fits_json
from nodeloom.testing.odata.refusal import ODataError, bad_request
from nodeloom.values import Json, JsonObject


def read_json_object(body: bytes, content_type: str | None) -> JsonObject:
    """The body as a JSON object. 415 if it is not declared as JSON, 400 if it is not one."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ODataError(415, f"The content type '{kind}' is not supported: send application/json.")
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        if b"\\u" in body:
            # Half a surrogate pair is legal JSON and no text: it could not be sent back.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise bad_request(f"The body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise bad_request(f"The body must be a JSON object, not {preview(value)}.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def check_fields(values: Mapping[str, Json], kind: ComplexType, where: str = "") -> JsonObject:
    """`values` without OData annotations (names with `@`). Raises ODataError (400) at the first misfit."""
    checked: JsonObject = {}
    for name, value in values.items():
        # OData JSON Format 4.01: annotations are metadata, which a service may ignore.
        if "@" in name:
            continue
        field = kind.by_name.get(name)
        if field is None:
            close = nearest(name, kind.by_name)
            hint = f" Did you mean '{close}'?" if close else ""
            raise bad_request(f"The property '{name}' does not exist on type '{kind.name}'.{hint}", target=where + name)
        checked[name] = check_value(field, value, where + name)
    return checked


def check_value(field: Field, value: Json, where: str) -> Json:
    """`value` when it fits the declared field; `where` names it in the error. Raises ODataError (400)."""
    if not field.collection:
        return _check_single(field, value, where)
    if not isinstance(value, list):
        raise _misfit(where, value, "a list")
    return [_check_single(field, element, f"{where}/{i}", in_list=True) for i, element in enumerate(value)]


def _check_single(field: Field, value: Json, where: str, *, in_list: bool = False) -> Json:
    kind = field.type
    if value is None:
        # 3CX's file does not declare a list whose elements may be null.
        if not field.nullable or in_list:
            raise bad_request(f"The property '{where}' must not be null.", target=where)
        return None
    if isinstance(kind, ComplexType):
        if not isinstance(value, dict):
            raise _misfit(where, value, kind.name)
        return check_fields(value, kind, where + "/")
    if isinstance(kind, EnumType):
        if not kind.holds(value):
            raise _misfit(where, value, f"{kind.name}: one of {', '.join(sorted(kind.members))}")
        return value
    if not fits_json(kind, value):
        raise _misfit(where, value, kind.value)
    if field.max_length is not None and len(value) > field.max_length:
        raise bad_request(f"The property '{where}' is longer than {field.max_length} characters.", target=where)
    return value


def _misfit(where: str, value: Json, wanted: str) -> ODataError:
    return bad_request(f"Cannot convert {preview(value)} of '{where}' to {wanted}.", target=where)
