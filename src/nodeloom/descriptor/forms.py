"""What a host needs to draw a form for an operation: the fields in order, and a JSON Schema of its parameters."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, OptionDescriptor, PropertyDescriptor
from nodeloom.descriptor.visibility import Surroundings

Json = dict[str, Any]

# A template may stand for a value of any type; `$literal` is data that is never read as one.
TEMPLATE: Json = {
    "type": "string",
    "pattern": r"^=|\{\{[\s\S]*?\}\}|<<\s*\$[\s\S]*?>>",
    "description": "An expression.",
}
LITERAL: Json = {"type": "object", "required": ["$literal"], "properties": {"$literal": {}}, "maxProperties": 1}

_TEXT_TYPES = {"string", "color", "dateTime", "hidden", "options", "json", "icon", "credentialsSelect"}


def describe(node: Node, resource: str | None = None, operation: str | None = None) -> Json:
    """A node, one of its resources, or one operation, as JSON.

    Names match without case; UnknownNameError has the nearest one. A node without resources takes its operation as
    the second argument as well; one without operations too is its own operation.
    """
    if resource is None and operation is None and (node.resources() or node.operations(None)):
        return _node(node)
    if operation is None and not node.resources():
        resource, operation = None, resource
    matched = node.match_resource(resource) if resource is not None and node.resources() else None
    if operation is None and node.operations(matched):
        return _resource(node, matched)
    option = node.match_operation(matched, operation) if operation is not None else None
    return _operation(node, matched, option)


def _node(node: Node) -> Json:
    resources = node.resources()
    described: Json = {
        "node": node.name,
        "label": node.label,
        "description": node.document.description,
        "version": node.document.version,
        "credentials": [reference.name for reference in node.document.credentials],
        "resources": [
            {
                "name": node.resource_label(r),
                "value": r,
                "operations": len(node.operation_names(r)),
            }
            for r in resources
        ],
    }
    if not resources:
        described["operations"] = _operations(node, None)
    return described


def _operations(node: Node, resource: str | None) -> list[Json]:
    return [
        _known({"name": o.name, "value": o.value, "action": o.action, "description": o.description})
        for o in node.operations(resource)
    ]


def _resource(node: Node, resource: str | None) -> Json:
    return {
        "node": node.name,
        "resource": None if resource is None else node.resource_label(resource),
        "operations": _operations(node, resource),
    }


def _operation(node: Node, resource: str | None, operation: OptionDescriptor | None) -> Json:
    descriptor = node.descriptor(resource)
    chosen = {k: v for k, v in ((RESOURCE, resource), (OPERATION, operation.value if operation else None)) if v}
    form = _Form(descriptor, chosen)
    request = operation.routing.request if operation and operation.routing else None
    return _known(
        {
            "node": node.name,
            "resource": None if resource is None else node.resource_label(resource),
            "operation": operation.name if operation else None,
            "description": (operation.description if operation else None) or descriptor.description,
            "method": request.method if request else None,
            "url": request.url if request else None,
            "credentials": [reference.name for reference in descriptor.credentials],
            "fields": form.fields(),
            "schema": form.schema(node.label),
            "example": _example(node, resource, operation, form),
        }
    )


def _known(pairs: Json) -> Json:
    return {key: value for key, value in pairs.items() if value is not None}


class _Form:
    """The properties an operation can show, and on what the conditional ones depend."""

    def __init__(self, descriptor: NodeDescriptor, chosen: Mapping[str, Any]) -> None:
        self._chosen = chosen
        self._version = descriptor.type_version
        self.properties = [
            prop
            for prop in descriptor.properties
            if prop.name not in (RESOURCE, OPERATION) and prop.type != "notice" and self._possible(prop.display_options)
        ]

    def _possible(self, options: DisplayOptions | None) -> bool:
        return self._around().visible(self._decided(options))

    def _around(self) -> Surroundings:
        return Surroundings(self._chosen, self._chosen, self._version)

    def _decided(self, options: DisplayOptions | None) -> DisplayOptions | None:
        """The conditions that resource, operation and version settle."""
        if options is None:
            return None
        known = {"@version", RESOURCE, OPERATION, f"/{RESOURCE}", f"/{OPERATION}"}
        return DisplayOptions(
            show={k: v for k, v in (options.show or {}).items() if k in known} or None,
            hide={k: v for k, v in (options.hide or {}).items() if k in known and k.lstrip("/") in self._chosen}
            or None,
        )

    def conditions(self, prop: PropertyDescriptor) -> Json:
        """What other parameters must hold for the property to be visible: `show` and `hide`, where there are any."""
        found: Json = {}
        options = prop.display_options
        for word, keys in (("show", options.show if options else None), ("hide", options.hide if options else None)):
            open_ones = {
                k: v for k, v in (keys or {}).items() if k.lstrip("/") not in (RESOURCE, OPERATION, "@version")
            }
            if open_ones:
                found[word] = open_ones
        return found

    def fields(self) -> list[Json]:
        """The form fields in order."""
        return [self._field(prop) for prop in self.properties]

    def _field(self, prop: PropertyDescriptor) -> Json:
        field: Json = _known(
            {
                "name": prop.name,
                "label": prop.label,
                "type": prop.type,
                "required": prop.required,
                "description": prop.description,
                "hint": prop.hint,
                "placeholder": prop.placeholder,
            }
        )
        if prop.has_default:
            field["default"] = prop.default
        if prop.multiple:
            field["multiple"] = True
        visible_when = self.conditions(prop)
        if visible_when:
            field["visibleWhen"] = visible_when
        if prop.choices():
            field["options"] = [
                _known({"name": o.name, "value": o.value, "description": o.description}) for o in prop.choices()
            ]
        if prop.children():
            field["fields"] = [self._field(child) for child in prop.children()]
        if prop.groups():
            field["groups"] = [
                {
                    "name": group.name,
                    "label": group.display_name or group.name,
                    "fields": [self._field(child) for child in group.values],
                }
                for group in prop.groups()
            ]
        return field

    def schema(self, title: str) -> Json:
        """A JSON Schema (2020-12) of the flat parameters the operation takes."""
        properties: Json = {name: {"const": value} for name, value in self._chosen.items()}
        required = list(self._chosen)
        rules: list[Json] = []
        for prop in self.properties:
            schema = _value_schema(prop)
            known = properties.get(prop.name)
            properties[prop.name] = schema if known is None or known == schema else {"anyOf": [known, schema]}
            needed = prop.required and not prop.has_default
            conditions = self.conditions(prop)
            if needed and not conditions:
                required.append(prop.name)
            elif needed and "hide" not in conditions and (when := _when(conditions["show"])) is not None:
                rules.append({"if": when, "then": {"required": [prop.name]}})
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": ", ".join([title, *map(str, self._chosen.values())]),
            "type": "object",
            "properties": properties,
            "required": list(dict.fromkeys(required)),
            "additionalProperties": False,
        }
        properties["requestOptions"] = {"type": "object", "description": "Timeout, proxy and batching, as in n8n."}
        if rules:
            schema["allOf"] = rules
        return schema


def _when(show: Mapping[str, Any]) -> Json | None:
    """`displayOptions.show` as a schema, where it asks for plain values."""
    properties: Json = {}
    for key, wanted in show.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if "." in key or any(isinstance(v, Mapping) for v in values):
            return None
        properties[key.removeprefix("/")] = {"enum": values}
    return {"properties": properties, "required": list(properties)}


def _value_schema(prop: PropertyDescriptor) -> Json:
    """What the runtime accepts for a property: a value of its type, an expression, or a literal."""
    plain = _plain_schema(prop)
    if prop.multiple and prop.type not in ("collection", "fixedCollection"):
        plain = {"anyOf": [{"type": "array", "items": plain}, plain]}
    accepted = [plain, LITERAL] if prop.no_data_expression else [plain, TEMPLATE, LITERAL]
    schema: Json = {"title": prop.label, "anyOf": accepted}
    if prop.description:
        schema["description"] = prop.description
    if prop.has_default:
        schema["default"] = prop.default
    return schema


def _plain_schema(prop: PropertyDescriptor) -> Json:
    match prop.type:
        case "number":
            return {"type": ["number", "null"]}
        case "boolean":
            return {"type": "boolean"}
        case "options" if prop.choices():
            return {"enum": list(_values(prop))}
        case "multiOptions":
            return {"type": "array", "items": {"enum": list(_values(prop))} if prop.choices() else {}}
        case "collection":
            return {
                "type": "object",
                "properties": {child.name: _value_schema(child) for child in prop.children()},
                "additionalProperties": False,
            }
        case "fixedCollection":
            return {"type": "object", "properties": {group.name: _group_schema(prop, group) for group in prop.groups()}}
        case "resourceLocator":
            return {
                "anyOf": [
                    {"type": ["string", "number"]},
                    {"type": "object", "required": ["mode", "value"], "properties": {"mode": {"type": "string"}}},
                ]
            }
        case "json":
            text: Json = {"type": "string", "contentMediaType": "application/json"}
            return {"anyOf": [text, prop.value_schema or {"type": ["object", "array", "null"]}]}
        case kind if kind in _TEXT_TYPES:
            return {"type": ["string", "number", "boolean", "null"]}
        case _:
            return {}


def _values(prop: PropertyDescriptor) -> Iterator[Any]:
    for option in prop.choices():
        if option.value not in ("",) or not prop.has_default:
            yield option.value
    if prop.has_default and prop.default not in [o.value for o in prop.choices()]:
        yield prop.default


def _group_schema(prop: PropertyDescriptor, group: Any) -> Json:
    entry: Json = {"type": "object", "properties": {child.name: _value_schema(child) for child in group.values}}
    return {"type": "array", "items": entry} if prop.multiple else entry


def _example(node: Node, resource: str | None, operation: OptionDescriptor | None, form: _Form) -> str:
    """A command that runs the operation when pasted, with the values to fill in where the author must choose."""
    words = ["nodeloom", "run", node.name]
    if resource is not None:
        words.append(node.resource_label(resource))
    if operation is not None:
        words.append(operation.name)
    for prop in form.properties:
        if prop.required and not form.conditions(prop):
            words += ["--set", f"{prop.name}={_example_value(prop)}"]
    return shlex.join(words)


def _example_value(prop: PropertyDescriptor) -> str:
    if prop.choices():
        return str(prop.choices()[0].value)
    if prop.type == "json" and isinstance(prop.placeholder, str):
        return prop.placeholder
    if isinstance(prop.default, str) and prop.default and not prop.default.startswith("="):
        return prop.default
    return {"number": "1", "boolean": "true", "json": "{}", "dateTime": "2026-01-31T09:30:00Z"}.get(
        prop.type, "example"
    )
