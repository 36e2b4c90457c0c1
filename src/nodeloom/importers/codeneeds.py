"""Which operations of a node are pure data, and which need JavaScript that the node's package brings.

A function in a description is written `{"__function__": name}`. If it stands on a part that every run of an operation
goes through, the operation cannot run. If it stands on a parameter that may be left out, only runs that set it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE, Node
from nodeloom.descriptor.models import DisplayOptions, OptionDescriptor, PropertyDescriptor, Routing
from nodeloom.descriptor.visibility import Surroundings, visible_form
from nodeloom.values import Json, JsonObject

FUNCTION = "__function__"
Status = Literal["pure", "partly", "hooked"]
_CHOOSERS = (RESOURCE, OPERATION)


@dataclass(slots=True)
class OperationReport:
    """One operation: `hooks` it cannot do without, `parameters` label → the hooks that setting it would need."""

    resource: str | None
    operation: str | None
    name: str
    hooks: list[str] = field(default_factory=list)
    parameters: dict[str, list[str]] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """`hooked`: cannot run; `partly`: runs while certain parameters are left out; `pure`: is data alone."""
        return "hooked" if self.hooks else "partly" if self.parameters else "pure"

    def to_dict(self) -> JsonObject:
        """The operation as JSON."""
        found: JsonObject = {"resource": self.resource, "operation": self.operation, "status": self.status}
        if self.hooks:
            found["hooks"] = self.hooks
        if self.parameters:
            found["parameters"] = self.parameters
        return found


def hook_names(value: Json) -> Iterator[str]:
    """The names of the functions anywhere in a part of a description, in its order."""
    if isinstance(value, Mapping):
        if FUNCTION in value:
            yield str(value[FUNCTION])
            return
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from hook_names(entry)


def operation_reports(node: Node) -> list[OperationReport]:
    """Every operation of `node`, resource by resource; of a node without any, the one thing it does."""
    found = []
    resources: list[str | None] = [*node.resources()] or [None]
    for resource in resources:
        operations: list[OptionDescriptor | None] = [*node.operations(resource)] or [None]
        found += [_report(node, resource, operation) for operation in operations]
    return found


def _report(node: Node, resource: str | None, operation: OptionDescriptor | None) -> OperationReport:
    given = {} if resource is None else {RESOURCE: resource}
    if operation is not None:
        given[OPERATION] = operation.value
    descriptor = node.descriptor(resource)
    form = visible_form(descriptor.properties, given, version=descriptor.type_version)
    name = operation.name if operation is not None else node.label
    report = OperationReport(resource, None if operation is None else str(operation.value), name)
    chosen = operation.routing if operation is not None else None
    hooks = list(_routing_hooks(chosen))
    possible = Surroundings(given, given, descriptor.type_version)
    shown = {id(prop) for prop in form.properties}
    for prop in descriptor.properties:
        if not possible.visible(_by_choice(prop.display_options)):
            continue
        # A property that is shown and has a value applies its routing in every run, so the operation cannot do without.
        own = list(_routing_hooks(prop.routing))
        if id(prop) in shown and prop.name in form.values:
            hooks += own
            own = []
        # The routing of the chosen resource and operation is always applied; that of the others never is.
        if prop.name in _CHOOSERS:
            hooks += [h for o in prop.choices() if o.value == given.get(prop.name) for h in _routing_hooks(o.routing)]
        else:
            own += list(_inner_hooks(prop))
        if own:
            report.parameters[prop.label] = _distinct([*report.parameters.get(prop.label, []), *own])
    if paginated := list(hook_names(descriptor.request_operations)):
        report.parameters["pagination"] = _distinct(paginated)
    report.hooks = _distinct(hooks)
    return report


def _by_choice(options: DisplayOptions | None) -> DisplayOptions | None:
    """What resource and operation alone decide of a property's visibility."""
    if options is None:
        return None

    def chosen(keys: Mapping[str, Json] | None) -> JsonObject:
        return {k: v for k, v in (keys or {}).items() if k.removeprefix("/") in _CHOOSERS}

    return DisplayOptions(show=chosen(options.show), hide=chosen(options.hide))


def _routing_hooks(routing: Routing | None) -> Iterator[str]:
    if routing is not None:
        yield from hook_names(routing.to_dict())


def _inner_hooks(prop: PropertyDescriptor) -> Iterator[str]:
    for option in prop.choices():
        yield from _routing_hooks(option.routing)
    for child in (*prop.children(), *(p for group in prop.groups() for p in group.values)):
        yield from _routing_hooks(child.routing)
        yield from _inner_hooks(child)


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))
