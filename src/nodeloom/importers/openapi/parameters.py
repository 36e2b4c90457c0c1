"""Parameters of an operation as properties: path values and required ones first, optional query values in `Options`."""

from __future__ import annotations

from dataclasses import dataclass, field

from nodeloom.errors import nearest, preview
from nodeloom.headerfields import is_token
from nodeloom.importers.openapi import odata
from nodeloom.importers.openapi.displaynames import make_unique, start_case
from nodeloom.importers.openapi.document import Part
from nodeloom.importers.openapi.openapireport import Report
from nodeloom.importers.openapi.propertyfields import field_of, json_encoder, list_field, safe_name
from nodeloom.importers.openapi.schemas import Shape, shape_of
from nodeloom.plan.requestheaders import OWN_HEADERS
from nodeloom.values import Json, JsonObject

OPTIONS = "Options"
_ETAG = '={{ $json["@odata.etag"] }}'
_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_WHERE = ("path", "query", "header", "cookie")
_KNOWN_STYLES = (
    "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject",
)  # fmt: skip
# OpenAPI 3.0.4, 4.8.12: a parameter of one of these names is ignored, because other parts describe these headers.
_SILENT_HEADERS = frozenset({"accept", "content-type", "authorization"})


@dataclass(slots=True)
class Form:
    """The properties of one operation while they are collected; every name is used once.

    `names` leads from a property's name to the parameter's own; `keys` are the properties that address what the
    operation works on, `fixed` those of them that a body cannot change; `query` the names of all query parameters.
    """

    properties: list[JsonObject] = field(default_factory=list)
    options: list[JsonObject] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    arguments: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def name(self, raw: str) -> str:
        """The name of the property for the parameter or field `raw`, which is now taken."""
        name = make_unique(safe_name(start_case(raw), raw), self.names, self._numbers)
        self.names[name] = raw
        return name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the document has it, with the shape of its value."""

    at: Part
    where: str
    name: str
    required: bool
    shape: Shape
    style: str
    explode: bool
    reserved: bool
    as_json: bool

    @property
    def structured(self) -> bool:
        """Whether the value is a list or an object that is written in the parameter's style."""
        return self.shape.kind in ("array", "object") and not self.as_json


def read_parameters(path_item: Part, operation: Part, report: Report) -> list[Parameter]:
    """The parameters of an operation in document order; those of its own replace those of its path.

    Raises DescriptorError if one is broken, OutsideReferenceError if one is not in the document.
    """
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (path_item, operation):
        for entry in holder.parts("parameters"):
            parameter = _read(entry.resolve(), report)
            if parameter is not None:
                found[parameter.where, parameter.name] = parameter
    return list(found.values())


def _read(at: Part, report: Report) -> Parameter | None:
    name, where = at.require_text("name"), at.require_text("in")
    if where not in _WHERE:
        raise at.child("in").broken(f"A parameter cannot stand in {where!r}.", f"Write one of: {', '.join(_WHERE)}.")
    if where == "header" and name.lower() in _SILENT_HEADERS:
        return None
    # Content-Length and the like: a client that let them be set would break its own messages (RFC 9112, 6.3).
    if where == "header" and name.lower() in OWN_HEADERS:
        report.add(at.path, f"The header {name} is written by HTTP itself;", "the parameter is left out.")
        return None
    if where == "header":
        refuse_header_name(at.child("name"), name)
    content = at.get("content")
    schema = at.get("schema")
    as_json = False
    if content is not None:
        kinds = list(content.entries())
        if not kinds:
            raise content.broken("The parameter's content names no media type.", "Name one, such as application/json.")
        as_json = "json" in kinds[0][0]
        schema = kinds[0][1].get("schema")
    shape = Shape(kind="string") if schema is None else shape_of(schema)
    for reference in shape.outside:
        report.add(at.path, f"The schema {reference} is not in the document and is not fetched;", "any value is taken.")
    if content is not None and not as_json and not shape.scalar:
        # The importer cannot write this format, so the author gives the value as it shall be sent.
        shape = Shape(kind="string")
    style = style_of(at) or _STYLES[where]
    return Parameter(
        at=at,
        where=where,
        name=name,
        required=at.flag("required") or where == "path",
        shape=shape,
        style=style,
        explode=at.flag("explode", style == "form"),
        reserved=at.flag("allowReserved"),
        as_json=as_json,
    )


def style_of(at: Part) -> str | None:
    """The `style` that a parameter or an encoding states. Raises DescriptorError for one that there is not."""
    style = at.text("style")
    if style is not None and style not in _KNOWN_STYLES:
        close = nearest(style, _KNOWN_STYLES)
        hint = f"Did you mean {close!r}?" if close else f"Write one of: {', '.join(_KNOWN_STYLES)}."
        raise at.child("style").broken(f"There is no style {preview(style)!r}.", hint)
    return style


def refuse_header_name(at: Part, name: str) -> None:
    """Raise DescriptorError for a name that no header field or cookie can have."""
    if not is_token(name):
        raise at.broken(f"No header can be called {preview(name)!r}.", "Use letters, digits and dashes.")


def add_parameters(form: Form, parameters: list[Parameter], path: str, *, function: bool, report: Report) -> None:
    """Put the parameters into `form`: path values in the path's order, then what is required, options, headers.

    Args:
        form: is added to.
        parameters: in the document's order.
        path: the path template.
        function: whether its last segment calls a function of OData.
        report: says which parameters are left out.
    """
    # The path decides about the order: that is how people read `/users/{id}/posts/{post}`.
    by_name = {p.name: p for p in parameters if p.where == "path"}
    standing = odata.placeholders(path, function=function)
    for placeholder in standing:
        _add_path(form, placeholder, by_name.get(placeholder.name))
    for name, parameter in by_name.items():
        if name not in {p.name for p in standing}:
            report.add(parameter.at.path, f"The path has no {{{name}}};", "the parameter is left out.")
    rest = [p for p in parameters if p.where != "path"]
    form.query = [p.name for p in rest if p.where == "query"]
    for parameter in rest:
        if parameter.required:
            form.properties.append(_property(form.name(parameter.name), parameter))
    optional = [p for p in rest if not p.required and p.where in ("query", "cookie")]
    if optional:
        form.names[OPTIONS] = ""
        inner = Form()
        form.options = [_option(inner.name(p.name), p) for p in optional]
    for parameter in rest:
        if not parameter.required and parameter.where == "header":
            prop = _property(form.name(parameter.name), parameter)
            if parameter.name.lower() == "if-match":
                prop = _if_match(prop)
            form.properties.append(prop)


def _add_path(form: Form, placeholder: odata.Placeholder, parameter: Parameter | None) -> None:
    shape = parameter.shape if parameter is not None else Shape(kind="string")
    name = form.name(placeholder.name)
    send: JsonObject = {"type": "path", "property": placeholder.name}
    if placeholder.role == "segment":
        if parameter is not None and parameter.as_json:
            prop = field_of(name, shape, {**send, "encode": json_encoder(shape)}, required=True)
        elif parameter is not None and (parameter.structured or parameter.style != "simple"):
            send |= {"style": parameter.style, "explode": parameter.explode}
            prop = _make_structured(name, shape, send, required=True)
        else:
            prop = field_of(name, shape, send, required=True)
        form.keys[name] = placeholder.name
    else:
        send["encode"] = "odata.string" if placeholder.quoted else odata.literal_encoder(shape)
        prop = field_of(name, shape, send, required=True)
        # A number's bounds are not in OData's grammar.
        if shape.kind != "integer":
            # The encoder of a literal checks the rest by OData's own grammar.
            prop.pop("schema", None)
        if placeholder.role == "key":
            form.keys[name] = placeholder.name
            form.fixed.add(name)
            prop = _with_default(prop, f"={{{{ {_member(placeholder.name)} }}}}")
        else:
            form.arguments.append(name)
            if shape.nullable:
                # OData: an argument that is not given is null, and the call names all of them.
                del prop["required"]
                prop["routing"]["send"]["nullable"] = True
                prop = _with_default(prop, None)
    form.properties.append(prop)


def _if_match(prop: JsonObject) -> JsonObject:
    routing = prop.pop("routing")
    words = {"description": "ETag that what is addressed must still have.", "placeholder": _ETAG}
    return {**prop, **words, "routing": routing}


def _with_default(prop: JsonObject, default: Json) -> JsonObject:
    routing = prop.pop("routing")
    return {**prop, "default": default, "routing": routing}


def _member(name: str) -> str:
    return f"$json.{name}" if name.isidentifier() and name.isascii() else f"$json[{name!r}]"


def _property(name: str, parameter: Parameter) -> JsonObject:
    send: JsonObject = {"type": parameter.where, "property": parameter.name}
    if parameter.where == "query":
        send["propertyInDotNotation"] = False
    if parameter.reserved:
        send["allowReserved"] = True
    if parameter.as_json:
        return field_of(
            name, parameter.shape, {**send, "encode": json_encoder(parameter.shape)}, required=parameter.required
        )
    if not parameter.structured:
        return field_of(name, parameter.shape, send, required=parameter.required)
    send |= {"style": parameter.style, "explode": parameter.explode}
    return _make_structured(name, parameter.shape, send, required=parameter.required)


def _make_structured(name: str, shape: Shape, send: JsonObject, *, required: bool) -> JsonObject:
    if shape.kind == "array":
        return list_field(name, shape, send, required=required)
    prop = field_of(name, shape, send, required=required)
    if shape.kind == "object":
        prop["routing"]["send"].pop("encode", None)
    return prop


def _option(name: str, parameter: Parameter) -> JsonObject:
    if odata.is_option(parameter.name) and parameter.where == "query":
        return odata.option(parameter.name, name)
    return _property(name, parameter)


def options_collection(options: list[JsonObject]) -> JsonObject:
    """The collection that holds what is optional."""
    return {
        "displayName": OPTIONS,
        "name": OPTIONS,
        "type": "collection",
        "default": {},
        "placeholder": "Add Option",
        "options": options,
    }
