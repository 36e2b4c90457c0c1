"""Request bodies as properties: a field each of a JSON object or a form, the whole of anything else."""

from __future__ import annotations

from typing import Any

from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.fields import field_of
from nodeloom.importers.openapi.parameters import Form
from nodeloom.importers.openapi.report import Report
from nodeloom.importers.openapi.schemas import Shape, shape_of, writable

Json = dict[str, Any]

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BYTES = "application/octet-stream"
_BODY = "Body"


def add_body(form: Form, operation: Part, report: Report, *, all_needed: bool = False) -> Json:
    """Put the fields of an operation's body into `form`; what it adds to the request (headers, whether it must be).

    `all_needed`: a field that may not be null must be given, as OData asks for the parameters of an action.
    Raises DescriptorError where the body is broken, OutsideReferenceError where it is not in the document.
    """
    written = operation.get("requestBody")
    if written is None:
        return {}
    body = written.resolved()
    content = body.get("content")
    kinds = {} if content is None else dict(content.entries())
    if not kinds:
        raise body.broken("The body names no media type.", "Give it `content` with a media type and its schema.")
    kind = _chosen(list(kinds))
    media = kinds[kind].resolved()
    schema = media.get("schema")
    shape = shape_of(schema) if schema is not None else Shape(kind="any", open=True)
    for reference in shape.outside:
        report.add(
            media.path, f"The schema {reference} is not in the document and is not fetched;", "any body is taken."
        )
    required = body.flag("required")
    request: Json = {}
    plain = kind.partition(";")[0].strip().lower()
    if "*" in plain:
        kind = plain = _JSON if shape.kind in ("object", "array") and shape.members else _BYTES
    if plain != _JSON:
        request["headers"] = {"Content-Type": kind}
    if required:
        request["bodyRequired"] = True
    if plain in (_FORM, _MULTIPART):
        _add_form_fields(form, shape, media, multipart=plain == _MULTIPART)
    elif not _is_json(plain):
        _add_whole(form, shape, required, "string" if plain.startswith("text/") or "xml" in plain else "binary")
    elif shape.kind == "object" and shape.members:
        if shape.forms > 1:
            report.add(
                media.path,
                f"The body is one of {shape.forms} forms;",
                "the fields of all are offered, which of them go together is not checked.",
            )
        _add_fields(form, shape, all_needed=all_needed)
    else:
        _add_whole(form, shape, required, "json")
    return request


def _chosen(kinds: list[str]) -> str:
    """The media type to send: JSON before forms before anything else."""
    plain = {kind: kind.partition(";")[0].strip().lower() for kind in kinds}
    for wanted in (lambda p: p == _JSON, _is_json, lambda p: p == _FORM, lambda p: p == _MULTIPART):
        for kind in kinds:
            if wanted(plain[kind]):
                return kind
    return kinds[0]


def _is_json(plain: str) -> bool:
    return plain == _JSON or plain.endswith("+json") or plain == "text/json"


def _add_fields(form: Form, shape: Shape, *, all_needed: bool) -> None:
    addressed = {raw: name for name, raw in form.keys.items()}
    for raw, member in writable(shape):
        needed = raw in shape.required or (all_needed and not member.nullable)
        if raw in addressed:
            # A field with a key's name stands once, at the key; where the body must have it, the key fills it.
            if needed:
                _also_in_body(form, addressed[raw], raw)
            continue
        send: Json = {"type": "body", "property": raw}
        if "." in raw or "[" in raw:
            send["propertyInDotNotation"] = False
        form.properties.append(field_of(form.name(raw), member, send, required=needed))
    if shape.open and shape.members:
        _add_rest(form)


def _also_in_body(form: Form, name: str, raw: str) -> None:
    prop = next(p for p in form.properties if p["name"] == name)
    prop["routing"]["request"] = {"body": {raw: "={{ $value }}"}}


def _add_rest(form: Form) -> None:
    """A field for members that the document lets in without naming them."""
    rest = field_of(form.name("Additional Fields"), Shape(kind="object"), {"type": "body"})
    rest["description"] = "More fields of the body, as a JSON object."
    form.properties.append(rest)


def _add_whole(form: Form, shape: Shape, required: bool, encoder: str) -> None:
    """One property that is the whole body."""
    send = {"type": "body", "encode": encoder}
    if encoder == "json":
        prop = field_of(
            form.name(_BODY), Shape(kind="array") if shape.kind == "any" else shape, send, required=required
        )
        prop["type"] = "json"
        if shape.kind == "any":
            prop.pop("schema", None)
    else:
        prop = field_of(form.name(_BODY), Shape(kind="string"), send, required=required)
        if encoder == "binary":
            prop["description"] = "Name of the item's binary data that is sent, or the data itself."
            prop["placeholder"] = "data"
    form.properties.append(prop)


def _add_form_fields(form: Form, shape: Shape, media: Part, *, multipart: bool) -> None:
    """Fields of a form; lists and objects in the style that the body's `encoding` gives (OpenAPI 3.0.4, 4.8.15)."""
    encodings = media.get("encoding")
    addressed = {raw: name for name, raw in form.keys.items()}
    for raw, member in writable(shape):
        needed = raw in shape.required
        if raw in addressed:
            if needed:
                _also_in_body(form, addressed[raw], raw)
            continue
        encoding = encodings.get(raw) if encodings is not None else None
        send: Json = {"type": "body", "property": raw, "propertyInDotNotation": False}
        form.properties.append(_form_field(form.name(raw), member, send, encoding, needed, multipart))


def _form_field(name: str, shape: Shape, send: Json, encoding: Part | None, needed: bool, multipart: bool) -> Json:
    items = shape_of(shape.items) if shape.items is not None else None
    if multipart and (shape.binary or (items is not None and items.binary)):
        prop = field_of(name, Shape(kind="string"), {**send, "encode": "binaryPart"}, required=needed)
        prop["description"] = "Name of the item's binary data that is sent, or the data itself."
        prop["placeholder"] = "data"
        return prop
    if shape.kind not in ("array", "object"):
        return field_of(name, shape, send, required=needed)
    style = encoding.text("style") if encoding is not None else None
    explode = encoding.flag("explode", style in (None, "form")) if encoding is not None else True
    if style is None and (shape.kind == "object" or (items is not None and not items.scalar)):
        return field_of(name, shape, {**send, "encode": "jsonText"}, required=needed)
    prop = field_of(name, shape, send, required=needed)
    prop["routing"]["send"].pop("encode", None)
    prop["routing"]["send"] |= {"style": style or "form", "explode": explode}
    return prop
