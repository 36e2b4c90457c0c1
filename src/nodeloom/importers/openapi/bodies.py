"""Request bodies as properties: a field each of a JSON object or a form, the whole of anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from nodeloom.errors import preview
from nodeloom.headerfields import media_type
from nodeloom.importers.openapi.document import Part, evaluates
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.parameters import Form, refuse_header_name, style_of
from nodeloom.importers.openapi.propertyfields import field_of, json_encoder
from nodeloom.importers.openapi.schemas import Shape, shape_of
from nodeloom.plan.contentkind import says_text
from nodeloom.printable import json_text
from nodeloom.values import JsonObject

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
# RFC 9110 section 8.3.1, or a template, which is refused with what is said of templates.
_MEDIA_TYPE = re.compile(r"=.*|[!#$%&'*+\-.^_`|~\w]+/[!#$%&'*+\-.^_`|~\w]+\s*(?:;[\t\x20-\x7e]*)?", re.ASCII)
# A document that accepts any type has no wish; JSON is what a form's fields can become.
_ANYTHING = ("*/*", "application/*")
_ANY_TEXT = "text/*"
_BODY = "Body"
_OF_FILES = {"description": "Name of the item's binary data that is sent, or the data itself.", "placeholder": "data"}
_SEVERAL_FILES = "Names of the item's binary data that are sent, as a list, or the data themselves."


def add_body(form: Form, operation: Part, report: Report, *, all_needed: bool = False) -> JsonObject:
    """Put the fields of an operation's body into `form`; what it adds to the request (headers, whether it must be).

    `all_needed`: a field that may not be null must be given, as OData asks for the parameters of an action.
    Raises DescriptorError if the body is broken, OutsideReferenceError if it is not in the document.
    """
    written = operation.get("requestBody")
    if written is None:
        return {}
    body = written.resolve()
    content = body.get("content")
    kinds = {} if content is None else dict(content.entries())
    if content is None or not kinds:
        raise body.broken("The body names no media type.", "Give it `content` with a media type and its schema.")
    kind = _choose_kind(list(kinds))
    if _MEDIA_TYPE.fullmatch(kind.strip()) is None:
        raise content.broken(f"{preview(kind)!r} is not a media type.", "Write one such as application/json.")
    media = kinds[kind].resolve()
    schema = media.get("schema")
    shape = shape_of(schema) if schema is not None else Shape(kind="any", open=True)
    for reference in shape.outside:
        report.add(
            media.path, f"The schema {reference} is not in the document and is not fetched;", "any body is taken."
        )
    required = body.flag("required")
    sent = _settle_sending(kind, list(kinds), shape)
    request: JsonObject = {} if sent.header is None else {"headers": {"Content-Type": sent.header}}
    # Without it, a body whose fields are all left out is not sent at all.
    if required:
        request["bodyRequired"] = True
    if sent.plain in (_FORM, _MULTIPART):
        _add_form_fields(form, shape, media, multipart=sent.plain == _MULTIPART)
    elif _is_file(sent.plain, shape):
        _add_file(form, required, sent.by_file)
    elif not _is_json(sent.plain):
        _add_text(form, shape if sent.plain.startswith("text/") and shape.scalar else Shape(kind="string"), required)
    elif shape.kind == "object" and shape.members:
        if shape.forms > 1:
            report.add(
                media.path,
                f"The body is one of {shape.forms} forms;",
                "the fields of all are offered, which of them go together is not checked.",
            )
        _add_fields(form, shape, all_needed=all_needed)
    else:
        _add_json(form, shape, required)
    return request


class _Sent(NamedTuple):
    """How a body is sent.

    `plain` is its media type without parameters, `header` the one with them if it is the same for all bodies,
    `by_file` are those of which a file has its own.
    """

    plain: str
    header: str | None = None
    by_file: str | None = None


def _settle_sending(kind: str, kinds: list[str], shape: Shape) -> _Sent:
    """How a body of the media type `kind`, one of `kinds`, is sent; a range of types becomes one that can be sent."""
    plain = media_type(kind)
    if plain in _ANYTHING and shape.kind in ("object", "array"):
        return _Sent(_JSON)
    if plain == _ANY_TEXT:
        return _Sent("text/plain", "text/plain")
    if not _is_file(plain, shape):
        return _Sent(plain, None if plain == _JSON else kind)
    files = [other for other in kinds if _is_file(media_type(other), shape)]
    stated = ", ".join(files)
    return _Sent(plain, None, stated) if len(files) > 1 or "*" in stated else _Sent(plain, stated)


def _is_file(plain: str, shape: Shape) -> bool:
    """Whether a body of the media type is a file, not text or a form; `shape` is what the document says it is."""
    if plain in (_FORM, _MULTIPART) or _is_json(plain) or plain.startswith("text/") or "xml" in plain:
        return False
    return shape.binary or not says_text(plain)


def _choose_kind(kinds: list[str]) -> str:
    """The media type to send: JSON before forms before anything else."""
    plain = {kind: media_type(kind) for kind in kinds}
    for wanted in (lambda p: p == _JSON, _is_json, lambda p: p == _FORM, lambda p: p == _MULTIPART):
        for kind in kinds:
            if wanted(plain[kind]):
                return kind
    return kinds[0]


def _is_json(plain: str) -> bool:
    return plain == _JSON or plain.endswith("+json") or plain == "text/json"


def _add_fields(form: Form, shape: Shape, *, all_needed: bool) -> None:
    for raw, member in shape.writable.items():
        needed = raw in shape.required or (all_needed and not member.nullable)
        send: JsonObject = {"type": "body", "property": raw}
        # n8n splits a property's name at dots and brackets unless it is told not to.
        if "." in raw or "[" in raw:
            send["propertyInDotNotation"] = False
        _add_field(form, raw, needed, partial(field_of, shape=member, send=send, required=needed))
    if shape.open and shape.members:
        _add_rest(form)


def _add_field(form: Form, raw: str, needed: bool, make: Callable[[str], JsonObject]) -> None:
    """Add a field of the body; one with the name of a value in the path is another one, and may differ from it.

    A key of an OData entity is not changed by a body (OData 4.01 part 1, section 11.4.3): it stands once, and fills the
    body if that must have it.
    """
    key = next((name for name, addressed in form.keys.items() if addressed == raw), None)
    if key is not None and key in form.fixed:
        if needed:
            prop = next(p for p in form.properties if p["name"] == key)
            prop["routing"]["request"] = {"body": {raw: "={{ $value }}"}}
        return
    prop = make(form.name(raw))
    if key is not None:
        described = f"{raw!r} in the body; {key} is the one in the path."
        routing = prop.pop("routing")
        prop["description"] = described
        if needed:
            prop["description"] = f"{described} The same, unless it is set."
            prop["default"] = f"={{{{ $parameter[{json_text(key)}] }}}}"
        prop["routing"] = routing
    form.properties.append(prop)


def _add_rest(form: Form) -> None:
    """A field for members that the document lets in without naming them."""
    rest = field_of(form.name("Additional Fields"), Shape(kind="object"), {"type": "body"})
    rest["description"] = "More fields of the body, as a JSON object."
    form.properties.append(rest)


def _add_file(form: Form, required: bool, stated: str | None) -> None:
    """One property that is the whole body, a file; `stated` are the media types it may have, if it has its own."""
    send: JsonObject = {"type": "body", "encode": "binary", **({"contentType": stated} if stated else {})}
    prop = field_of(form.name(_BODY), Shape(kind="string"), send, required=required)
    form.properties.append({**prop, **_OF_FILES})


def _add_text(form: Form, shape: Shape, required: bool) -> None:
    """One property that is the whole body, a text."""
    send: JsonObject = {"type": "body", "encode": "string"}
    held = replace(shape, nullable=False)
    form.properties.append(field_of(form.name(_BODY), held, send, required=required))


def _add_json(form: Form, shape: Shape, required: bool) -> None:
    """One property that is the whole body, as JSON; a text if the body is one, so that it needs no quotes."""
    # A JSON text given as it is would have to be typed with its quotes.
    send: JsonObject = {"type": "body", "encode": "jsonString" if shape.kind == "string" else "json"}
    held = Shape(kind="array", nullable=shape.nullable) if shape.kind == "any" else shape
    prop = field_of(form.name(_BODY), held, send, required=required)
    if shape.kind == "any":
        prop.pop("schema", None)
    if shape.kind != "string" and prop["type"] != "options":
        prop["type"] = "json"
    form.properties.append(prop)


def _add_form_fields(form: Form, shape: Shape, media: Part, *, multipart: bool) -> None:
    """Fields of a form; lists and objects in the style that the body's `encoding` gives (OpenAPI 3.0.4, 4.8.15)."""
    encodings = media.get("encoding")
    if not shape.members:
        # The document does not say which fields there are.
        _add_rest(form)
    for raw, member in shape.writable.items():
        needed = raw in shape.required
        encoding = encodings.get(raw) if encodings is not None else None
        send: JsonObject = {"type": "body", "property": raw, "propertyInDotNotation": False}
        if multipart:
            send |= _part_of(form, raw, encoding)
            _add_transfer_encoding(send, shape.members[raw])
        # A form cannot hold null: a required field of it must have a value.
        held = replace(member, nullable=False)
        _add_field(form, raw, needed, partial(_form_field, held, send, encoding, needed, multipart))


def _part_of(form: Form, raw: str, encoding: Part | None) -> JsonObject:
    """The media type and header fields of a field's part; a header's value is one, or a property of its own."""
    if encoding is None:
        return {}
    kind = encoding.text("contentType")
    stated: JsonObject = {"contentType": kind} if kind else {}
    headers = encoding.get("headers")
    for header, entry in headers.entries() if headers is not None else ():
        # OpenAPI: this one is said by `contentType`.
        if header.lower() == "content-type":
            continue
        refuse_header_name(entry, header)
        described = entry.resolve()
        schema = described.get("schema")
        values = shape_of(schema).enum if schema is not None else None
        if values is not None and len(values) == 1:
            if evaluates(str(values[0])):
                raise described.broken("The header begins with '=', which a descriptor evaluates.", "Write it without.")
            stated.setdefault("headers", {})[header] = values[0]
            continue
        name = form.name(f"{raw} {header}")
        prop: JsonObject = {"displayName": name, "name": name, "type": "string"}
        if described.flag("required"):
            prop["required"] = True
        prop["description"] = f"The header {header} of the part {raw}."
        form.properties.append(prop)
        stated.setdefault("headers", {})[header] = f"={{{{ $parameter[{json_text(name)}] }}}}"
    return stated


def _add_transfer_encoding(send: JsonObject, member: Part) -> None:
    """Say of a part that its text is encoded, as `contentEncoding` does (OpenAPI 3.1, 4.8.15.1)."""
    schema = member.resolve().value
    written = schema.get("contentEncoding") if isinstance(schema, dict) else None
    if isinstance(written, str) and written.isalnum():
        send.setdefault("headers", {}).setdefault("Content-Transfer-Encoding", written)
        kind = schema.get("contentMediaType")
        if isinstance(kind, str) and _MEDIA_TYPE.fullmatch(kind) is not None:
            send.setdefault("contentType", kind)


def _form_field(
    shape: Shape, send: JsonObject, encoding: Part | None, needed: bool, multipart: bool, name: str
) -> JsonObject:
    """The property `name` of a form.

    Args:
        shape: what its value is.
        send: the place it goes to, with the media type and header fields that are stated of its part.
        encoding: what the body's `encoding` says of it, if that says anything.
        needed: whether it must be given.
        multipart: whether the form is of parts, each with a media type.
        name: of the property.
    """
    items = shape_of(shape.items) if shape.items is not None else None
    if multipart and (shape.binary or (items is not None and items.binary)):
        prop = field_of(name, Shape(kind="string"), {**send, "encode": "binaryPart"}, required=needed)
        if items is not None and items.binary:
            prop = {**prop, **_OF_FILES, "description": _SEVERAL_FILES, "typeOptions": {"multipleValues": True}}
            return {**prop, "routing": prop.pop("routing")}
        return {**prop, **_OF_FILES}
    kind = media_type(send.get("contentType", ""))
    if multipart and kind and shape.kind in ("any", "string") and shape.format is None and _is_file(kind, shape):
        # OpenAPI 3.1, 4.8.15: the encoding alone says that it is a file.
        return {**field_of(name, Shape(kind="string"), {**send, "encode": "binaryPart"}, required=needed), **_OF_FILES}
    if multipart and (_is_json(kind) if kind else shape.kind == "object" or not _is_scalar_list(shape, items)):
        return _json_part(name, shape, send, needed)
    if shape.kind not in ("array", "object"):
        return field_of(name, shape, send, required=needed)
    style = style_of(encoding) if encoding is not None else None
    explode = encoding.flag("explode", style in (None, "form")) if encoding is not None else True
    if style is None and (shape.kind == "object" or (items is not None and not items.scalar)):
        return field_of(name, shape, {**send, "encode": "jsonText"}, required=needed)
    prop = field_of(name, shape, send, required=needed)
    prop["routing"]["send"].pop("encode", None)
    prop["routing"]["send"] |= {"style": style or "form", "explode": explode}
    return prop


def _is_scalar_list(shape: Shape, items: Shape | None) -> bool:
    """Whether a value stands in parts as plain text: a value that is not a list, or a list of such values."""
    return shape.kind != "array" or items is None or items.scalar


def _json_part(name: str, shape: Shape, send: JsonObject, needed: bool) -> JsonObject:
    """A field whose part is JSON, as that of an object is; each entry of a list of objects has a part of its own."""
    each = shape.kind == "array" and "contentType" not in send
    sent: JsonObject = {
        "contentType": _JSON,
        **send,
        "encode": json_encoder(shape),
        **({"explode": True} if each else {}),
    }
    return field_of(name, shape, {**send, **sent}, required=needed)
