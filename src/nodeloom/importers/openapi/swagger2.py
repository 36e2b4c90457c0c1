"""Swagger 2.0 documents as OpenAPI 3: one reader for both, and errors that still name the document's own paths.

Schemas keep their place (`#/definitions/…`), so that references and JSON paths stay what the author wrote.
"""

from __future__ import annotations

from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.document import OutsideReferenceError, Part
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.values import JsonObject

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
# What a parameter of Swagger 2 says itself and OpenAPI 3 says in its schema.
_OF_SCHEMA = (
    "type", "format", "items", "enum", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "x-nullable",
)  # fmt: skip
_STYLES = {
    "csv": ("form", False),
    "multi": ("form", True),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
}
_FLOWS = {
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
    "implicit": "implicit",
    "password": "password",
}


def as_openapi3(document: Part, report: Report) -> JsonObject:
    """The document as OpenAPI 3.0; what is broken in it costs its operation or scheme, and is told.

    Raises DescriptorError if it is not Swagger 2.0.
    """
    version = document.value["swagger"]
    if str(version) not in ("2.0", "2"):
        raise document.child("swagger").broken("This version of Swagger is not read.", "Convert it to Swagger 2.0.")
    converted: JsonObject = {
        key: value for key, value in document.value.items() if key not in ("swagger", "securityDefinitions")
    }
    converted["openapi"] = "3.0.4"
    converted["servers"] = _servers(document, document, report)
    converted["components"] = {"securitySchemes": _schemes(document, report)}
    paths = document.get("paths")
    if paths is not None:
        converted["paths"] = {}
        for path in paths.mapping():
            kept = paths.value[path]
            converted["paths"][path] = kept if path.startswith("x-") else _item(document, paths.child(path), report)
    return converted


def _servers(document: Part, of: Part, report: Report) -> list[JsonObject]:
    """The servers of a document, by the `schemes` that `of` has: the document itself, or an operation."""
    try:
        base = (document.text("basePath") or "").strip().strip("/")
        path = f"/{base}" if base else ""
        host = (document.text("host") or "").strip().strip("/")
        schemes = [str(s.value).strip().lower() for s in of.parts("schemes")]
    except DescriptorError as fault:
        if of is not document:
            raise
        report.add_fault(fault, "give the address as Server URL.")
        return []
    # Swagger 2: without a host the service is where the document came from, which a file does not tell.
    if not host:
        return [{"url": path or "/"}]
    if "://" in host:
        return [{"url": f"{host}{path}"}]
    # The others are those of web sockets.
    callable_ones = [scheme for scheme in ("https", "http") if scheme in schemes] or schemes or ["https"]
    return [{"url": f"{callable_ones[0]}://{host}{path}"}]


def _item(document: Part, item: Part, report: Report) -> JsonObject | None:
    """A path item; its own parameters go to its operations, because a body among them does."""
    converted: JsonObject = {}
    try:
        item = item.resolve()
        shared = item.parts("parameters")
        methods = [key for key in item.mapping() if key in _METHODS]
    except (DescriptorError, OutsideReferenceError) as fault:
        report.leave_out(fault)
        return converted
    for key in item.mapping():
        if key not in methods and key != "parameters":
            converted[key] = item.value[key]
    for key in methods:
        try:
            converted[key] = _operation(document, item.child(key), shared, report)
        except (DescriptorError, OutsideReferenceError) as fault:
            report.leave_out(fault)
    return converted


def _operation(document: Part, operation: Part, shared: list[Part], report: Report) -> JsonObject:
    given: dict[tuple[str, str], Part] = {}
    for entry in [*shared, *operation.parts("parameters")]:
        parameter = entry.resolve()
        given[parameter.require_text("in"), parameter.require_text("name")] = parameter
    converted = {key: value for key, value in operation.mapping().items() if key not in ("parameters", "responses")}
    if operation.parts("schemes"):
        own = _servers(document, operation, report)
        if own != _servers(document, document, Report()):
            converted["servers"] = own
    plain = [_parameter(p) for (where, _name), p in given.items() if where not in ("body", "formData")]
    if plain:
        converted["parameters"] = plain
    body = next((p for (where, _name), p in given.items() if where == "body"), None)
    fields = [p for (where, _name), p in given.items() if where == "formData"]
    consumes = [str(c.value) for c in (operation.parts("consumes") or document.parts("consumes"))]
    if body is not None and fields:
        raise body.broken("The operation has a body and fields of a form beside it.", "Leave one of them out.")
    if body is not None:
        kinds = [c for c in consumes if c not in (_FORM, _MULTIPART)] or [_JSON]
        schema = {"schema": body.value["schema"]} if "schema" in body.value else {}
        converted["requestBody"] = {"content": dict.fromkeys(kinds, schema), "required": body.flag("required")}
    elif fields:
        converted["requestBody"] = _form(fields, consumes)
    produces = [str(p.value) for p in (operation.parts("produces") or document.parts("produces"))] or [_JSON]
    converted["responses"] = _responses(operation, produces)
    return converted


def _parameter(parameter: Part) -> JsonObject:
    if parameter.value["in"] not in ("query", "header", "path"):
        raise parameter.child("in").broken(
            f"A parameter cannot stand in {parameter.value['in']!r}.", "Write query, header, path, formData or body."
        )
    converted: JsonObject = {key: parameter.value[key] for key in ("name", "in", "required") if key in parameter.value}
    converted["schema"] = _schema(parameter)
    written = parameter.text("collectionFormat")
    if parameter.value.get("type") == "array":
        style, explode = _STYLES.get(written or "csv", ("form", False))
        if parameter.value["in"] == "query":
            converted |= {"style": style, "explode": explode}
        elif style != "form":
            converted |= {"style": style, "explode": False}
    return converted


def _schema(parameter: Part) -> JsonObject:
    return {key: parameter.value[key] for key in _OF_SCHEMA if key in parameter.value}


def _form(fields: list[Part], consumes: list[str]) -> JsonObject:
    # Only parts can carry a file (RFC 7578).
    has_file = any(f.value.get("type") == "file" for f in fields)
    kind = _MULTIPART if has_file or (_MULTIPART in consumes and _FORM not in consumes) else _FORM
    required = [f.value["name"] for f in fields if f.flag("required")]
    properties = {}
    encoding = {}
    for entry in fields:
        schema = _schema(entry)
        if schema.get("type") == "file":
            schema = {"type": "string", "format": "binary"}
        properties[entry.value["name"]] = schema
        if schema.get("type") == "array":
            style, explode = _STYLES.get(entry.text("collectionFormat") or "csv", ("form", False))
            encoding[entry.value["name"]] = {"style": style, "explode": explode}
    schema = {"type": "object", "properties": properties, **({"required": required} if required else {})}
    media: JsonObject = {"schema": schema, **({"encoding": encoding} if encoding else {})}
    return {"content": {kind: media}, "required": bool(required)}


def _responses(operation: Part, produces: list[str]) -> JsonObject:
    written = operation.get("responses")
    converted: JsonObject = {}
    for status, entry in written.entries() if written is not None else ():
        response = entry.resolve()
        kept = {key: value for key, value in response.mapping().items() if key not in ("schema", "examples")}
        if "schema" in response.value:
            kept["content"] = {kind: {"schema": response.value["schema"]} for kind in produces}
        converted[status] = kept
    return converted


def _schemes(document: Part, report: Report) -> JsonObject:
    converted: JsonObject = {}
    try:
        written = document.get("securityDefinitions")
        entries = [] if written is None else list(written.entries())
    except DescriptorError as fault:
        report.add_fault(fault, "no credential is made.")
        return converted
    for name, entry in entries:
        try:
            kind = entry.require_text("type")
            if kind == "basic":
                converted[name] = {"type": "http", "scheme": "basic"}
            else:
                converted[name] = _oauth2(entry) if kind == "oauth2" else entry.value
        except DescriptorError:
            # The reader of OpenAPI 3 says what is wrong with it, where it is asked for.
            converted[name] = entry.value
    return converted


def _oauth2(entry: Part) -> JsonObject:
    flow = entry.require_text("flow")
    if flow not in _FLOWS:
        raise DescriptorError(
            f"The flow {flow!r} is not known.", path=entry.child("flow").path, hint=f"Known: {', '.join(_FLOWS)}."
        )
    kept = {key: entry.value[key] for key in ("authorizationUrl", "tokenUrl", "scopes") if key in entry.value}
    return {"type": "oauth2", "flows": {_FLOWS[flow]: kept}}
