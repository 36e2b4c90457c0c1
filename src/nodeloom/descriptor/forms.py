"""What a host needs to draw a form for an operation: the fields in order, and a JSON Schema of its parameters."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node
from nodeloom.descriptor.conditions import ABSENT, is_condition, matches
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, OptionDescriptor, PropertyDescriptor
from nodeloom.descriptor.rules import Rules
from nodeloom.descriptor.shapes import any_of, object_schema
from nodeloom.descriptor.visibility import Surroundings, edition_of, keep_decided, keep_rooted
from nodeloom.values import Json, JsonObject

REQUEST_OPTIONS = "requestOptions"
_TRANSFER = {"type": "object", "description": "Timeout, proxy and batching, as in n8n."}


def describe(node: Node, resource: str | None = None, operation: str | None = None) -> JsonObject:
    """A node, one of its resources, or one operation, as JSON.

    Names match without case; UnknownNameError has the nearest one. A node without resources takes its operation as
    the second argument as well; one without operations too is its own operation.
    """
    if resource is None and operation is None:
        return _node(node)
    if operation is None and not node.resources():
        resource, operation = None, resource
    matched = node.match_resource(resource) if resource is not None and node.resources() else None
    if operation is None and node.operations(matched):
        return _resource(node, matched)
    option = node.match_operation(matched, operation) if operation is not None else None
    return _operation(node, matched, option)


def deciding_fields(node: Node, resource: object = None) -> list[JsonObject]:
    """The form fields that belong to no one operation: those that may decide which operations are offered.

    Raises UnknownNameError for a resource that is not there.
    """
    matched = None if resource is None or not node.resources() else node.match_resource(resource)
    # A split node's properties stand in the files of its resources; its head has none that could decide.
    if matched is None and node.document.resources is not None:
        return []
    return _Form(node.descriptor(matched), {} if matched is None else {RESOURCE: matched}).fields()


def _node(node: Node) -> JsonObject:
    resources = node.resources()
    described: JsonObject = {
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
        if not described["operations"]:
            described |= _operation(node, None, None)
    return described


def _operations(node: Node, resource: str | None) -> list[JsonObject]:
    return [
        _drop_absent({"name": o.name, "value": o.value, "action": o.action, "description": o.description})
        for o in node.operations(resource)
    ]


def _resource(node: Node, resource: str | None) -> JsonObject:
    return {
        "node": node.name,
        "resource": None if resource is None else node.resource_label(resource),
        "operations": _operations(node, resource),
    }


def _operation(node: Node, resource: str | None, operation: OptionDescriptor | None) -> JsonObject:
    descriptor = node.descriptor(resource)
    chosen = {k: v for k, v in ((RESOURCE, resource), (OPERATION, operation.value if operation else None)) if v}
    form = _Form(descriptor, chosen)
    # Other parameters may decide between several choices of one value; then no one request can be shown.
    variants = [o.routing.request if o.routing else None for _prop, o in form.operations()]
    request = variants[0] if variants and all(variant == variants[0] for variant in variants) else None
    return _drop_absent(
        {
            "node": node.name,
            "resource": None if resource is None else node.resource_label(resource),
            "operation": operation.name if operation else None,
            "description": (operation.description if operation else None) or descriptor.description,
            "method": request.method if request else None,
            "url": request.url if request else None,
            "since": operation.since if operation else None,
            "bulk": operation.bulk.operation if operation and operation.bulk else None,
            "credentials": [reference.name for reference in descriptor.credentials],
            "visibleWhen": form.offered_when(),
            "fields": form.fields(),
            "schema": form.schema(node.label),
            "example": _example(node, resource, operation, form),
        }
    )


def _drop_absent(pairs: JsonObject) -> JsonObject:
    return {key: value for key, value in pairs.items() if value is not None}


class _Form:
    """The properties an operation can show, and on what the conditional ones depend."""

    def __init__(self, descriptor: NodeDescriptor, chosen: Mapping[str, Json]) -> None:
        self._chosen = chosen
        self._descriptor = descriptor
        self._edition = edition_of(descriptor)
        self.properties = [
            prop
            for prop in descriptor.properties
            if prop.name not in (RESOURCE, OPERATION) and prop.type != "notice" and self._possible(prop.display_options)
        ]

    def _possible(self, options: DisplayOptions | None) -> bool:
        """Whether resource, operation and version allow the part; other parameters may decide the rest."""
        return self._around().visible(keep_decided(options, (RESOURCE, OPERATION)))

    def _around(self) -> Surroundings:
        return Surroundings(self._chosen, self._chosen, self._edition)

    def operations(self) -> list[tuple[PropertyDescriptor, OptionDescriptor]]:
        """The choices of `operation` that the chosen operation is, each with the property that offers it."""
        value = self._chosen.get(OPERATION)
        return [(prop, o) for prop, options in self._choices(OPERATION) for o in options if o.value == value]

    def offered_when(self) -> JsonObject | None:
        """What other parameters must hold for the operation to be offered; None if that is not one thing."""
        found = [self.conditions(prop) | self.conditions(option) for prop, option in self.operations()]
        return found[0] if len(found) == 1 and found[0] else None

    def conditions(self, part: PropertyDescriptor | OptionDescriptor) -> JsonObject:
        """What other parameters must hold for the part to be visible: `show` and `hide`, if it has them."""
        found: JsonObject = {}
        options = part.display_options
        for word, keys in (("show", options.show if options else None), ("hide", options.hide if options else None)):
            open_ones = {
                k: v for k, v in (keys or {}).items() if k.lstrip("/") not in (RESOURCE, OPERATION, "@version")
            }
            if open_ones:
                found[word] = open_ones
        return found

    def fields(self) -> list[JsonObject]:
        """The form fields in order."""
        return [self._field(prop) for prop in self.properties]

    def _inner_fields(self, properties: Iterable[PropertyDescriptor]) -> list[JsonObject]:
        """The fields inside a collection or group, without those that this operation can never show."""
        return [
            self._field(prop)
            for prop in properties
            if prop.type != "notice" and self._possible(keep_rooted(prop.display_options))
        ]

    def _field(self, prop: PropertyDescriptor) -> JsonObject:
        field: JsonObject = _drop_absent(
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
            field["default"] = prop.initial
        if prop.multiple:
            field["multiple"] = True
        visible_when = self.conditions(prop)
        if visible_when:
            field["visibleWhen"] = visible_when
        offered = [o for o in prop.choices() if self._possible(o.display_options)]
        if offered:
            field["options"] = [
                _drop_absent({"name": o.name, "value": o.value, "description": o.description}) for o in offered
            ]
        if prop.children():
            field["fields"] = self._inner_fields(prop.children())
        if prop.groups():
            field["groups"] = [
                {
                    "name": group.name,
                    "label": group.display_name or group.name,
                    "fields": self._inner_fields(group.values),
                }
                for group in prop.groups()
            ]
        return field

    def schema(self, title: str) -> JsonObject:
        """A JSON Schema (2020-12) of the flat parameters the operation takes."""
        schema = object_schema(self.properties)
        # A default, or the only choice, need not be written.
        required = [name for name in self._chosen if not self._goes_without_saying(name)]
        rules: list[JsonObject] = []
        offering = self.operations()
        open_conditions = {id(prop): self.conditions(prop) for prop in (*self.properties, *(p for p, _o in offering))}
        seeing = Rules(self.properties, open_conditions)
        offered = [seeing.visible(prop) for prop, _option in offering]
        if offered and all(rule is not None and rule != {} for rule in offered):
            rules.append(any_of([rule for rule in offered if rule is not None]))
        for prop in self.properties:
            # A default fills a required property in, unless it is empty.
            if not prop.required or (prop.has_default and prop.default not in ("", None)):
                continue
            visible = seeing.visible(prop)
            if visible == {}:
                required.append(prop.name)
            elif visible is not None:
                rules.append({"if": visible, "then": {"required": [prop.name]}})
        chosen = {name: self._names_of(name, value) for name, value in self._chosen.items()}
        return _drop_absent(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": ", ".join([title, *map(str, self._chosen.values())]),
                **schema,
                "properties": {**chosen, **schema["properties"], REQUEST_OPTIONS: _TRANSFER},
                "required": list(dict.fromkeys(required)),
                "allOf": rules or None,
            }
        )

    def _choices(self, name: str) -> Iterator[tuple[PropertyDescriptor, list[OptionDescriptor]]]:
        """The properties `resource` or `operation` that are visible here, with the choices they offer."""
        for prop in self._descriptor.properties:
            if prop.name == name and (name == RESOURCE or self._possible(prop.display_options)):
                yield prop, [o for o in prop.choices() if self._possible(o.display_options)]

    def _goes_without_saying(self, name: str) -> bool:
        """Whether the runtime chooses this resource or operation when none is given: the default, or the only one."""
        found = list(self._choices(name))
        default = next((prop.default for prop, _options in found if prop.has_default), None)
        if default not in (None, ""):
            return bool(default == self._chosen[name])
        return len({str(o.value) for _prop, options in found for o in options}) == 1

    def _names_of(self, name: str, value: Json) -> JsonObject:
        """The value of the resource or operation, and its label, which the runtime takes as well."""
        labels = [o.name for _prop, options in self._choices(name) for o in options if o.value == value]
        names = list(dict.fromkeys([value, *labels]))
        return {"const": value} if len(names) == 1 else {"enum": names}


def _example(node: Node, resource: str | None, operation: OptionDescriptor | None, form: _Form) -> str:
    """A command that runs the operation when pasted, with the values to fill in where the author must choose."""
    words = ["nodeloom", "run", node.name]
    if resource is not None:
        words.append(node.resource_label(resource))
    if operation is not None:
        words.append(operation.name)
    settings = dict(_deciding(form))
    for prop in form.properties:
        if prop.required and not form.conditions(prop):
            settings.setdefault(prop.name, _example_value(prop))
    for name, value in settings.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)


def _deciding(form: _Form) -> Iterator[tuple[str, str]]:
    """The parameters without which the operation is not offered, as far as their defaults are not right already."""
    for key, wanted in (form.offered_when() or {}).get("show", {}).items():
        several = wanted if isinstance(wanted, list) else [wanted]
        name = key.removeprefix("/")
        held = next((p.initial for p in form.properties if p.name == name and p.has_default), ABSENT)
        literals = [value for value in several if not is_condition(value)]
        if literals and not any(matches(value, [held]) for value in several):
            yield name, literals[0] if isinstance(literals[0], str) else json.dumps(literals[0])


def _example_value(prop: PropertyDescriptor) -> str:
    if prop.choices():
        value = prop.choices()[0].value
        return value if isinstance(value, str) else json.dumps(value)
    if prop.type == "json":
        return prop.placeholder if isinstance(prop.placeholder, str) else json.dumps(_example_json(prop.value_schema))
    encoder = prop.routing.send.encode if prop.routing and prop.routing.send else None
    if encoder == "odata.guid":
        return "01234567-89ab-cdef-0123-456789abcdef"
    if isinstance(prop.default, str) and prop.default and not prop.default.startswith("="):
        return prop.default
    return {"number": "1", "boolean": "true", "dateTime": "2026-01-31T09:30:00Z"}.get(prop.type, "example")


def _example_json(schema: Mapping[str, Json] | None) -> Json:
    """A value that a small JSON Schema allows: a list of one, an object with what it must have."""
    schema = schema or {}
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "array":
            return [_example_json(schema["items"])] if "items" in schema else []
        case "object":
            members = schema.get("properties", {})
            return {name: _example_json(members.get(name, {})) for name in schema.get("required", [])}
        case "string":
            return "example"
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return None
