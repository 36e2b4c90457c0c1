"""A node copied out of n8n held against the node it is of: its parameters, their names and their templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nodeloom.descriptor.catalogue import OPERATION, RESOURCE
from nodeloom.descriptor.problems import Problem, json_path
from nodeloom.errors import ConfigurationError, ItemError, NodeloomError, UnknownNameError, nearest, preview
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.cli.pack import Pack
    from nodeloom.descriptor.catalogue import Node
    from nodeloom.descriptor.problems import Keys

_REQUEST_OPTIONS = "requestOptions"


def instance_problems(raw: Json, pack: Pack) -> tuple[list[Problem], list[str]]:
    """What is wrong with the nodes in a document, and the types of those that no node is known for."""
    listed = raw.get("nodes") if isinstance(raw, Mapping) and "nodes" in raw else None
    entries: list[tuple[Keys, Json]] = [((), raw)]
    if isinstance(listed, list):
        entries = [(("nodes", index), entry) for index, entry in enumerate(listed)]
    problems: list[Problem] = []
    unknown: list[str] = []
    for at, entry in entries:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("parameters"), Mapping):
            continue
        node = pack.node_of(entry) if isinstance(entry.get("type"), str) else None
        if node is None:
            unknown.append(preview(entry.get("type", "?")))
        else:
            problems += _problems(node, entry, at)
    return problems, list(dict.fromkeys(unknown))


def _problems(node: Node, entry: Mapping[str, Json], at: Keys) -> Iterator[Problem]:
    from nodeloom.plan.check import Readable, parameter_problems

    parameters = entry["parameters"]
    place = (*at, "parameters")
    names = _names(node, parameters)
    templates = parameter_problems(parameters, Readable.of_node(names), place)
    yield from templates
    for name in parameters:
        if name not in names and name != _REQUEST_OPTIONS:
            close = nearest(str(name), names)
            hint = f"Did you mean {close!r}?" if close else f"{node.label} ignores it: take it out."
            yield Problem(
                json_path((*place, str(name))), f"{node.label} has no property {preview(name)!r}.", None, hint
            )
    yield from _credentials(node, entry, at)
    if not templates:
        yield from _compile_problems(node, entry, place, names)


def _names(node: Node, parameters: Mapping[str, Json]) -> frozenset[str]:
    """The names of the node's properties, of all resources where the one that is meant is not known."""
    written = parameters.get("resource")
    resource = written if written in node.resources() else None
    if resource is None and node.document.resources is not None:
        resources: list[str | None] = [*node.resources()]
    else:
        resources = [resource]
    return frozenset(prop.name for name in resources for prop in node.descriptor(name).properties)


def _credentials(node: Node, entry: Mapping[str, Json], at: Keys) -> Iterator[Problem]:
    """Credentials of types that the node does not take."""
    known = [reference.name for reference in node.document.credentials]
    given = entry.get("credentials")
    for name in given if isinstance(given, Mapping) else ():
        if name not in known:
            close = nearest(str(name), known)
            hint = f"Did you mean {close!r}?" if close else f"It takes: {', '.join(known) or 'none'}."
            path = json_path((*at, "credentials", str(name)))
            yield Problem(path, f"{node.label} takes no credential of the type {preview(name)!r}.", None, hint)


def _compile_problems(node: Node, entry: Mapping[str, Json], at: Keys, names: frozenset[str]) -> Iterator[Problem]:
    """Why the parameters make no plan: a name that cannot be placed, a required value that is not there."""
    from nodeloom.plan.compiler import compile_plan

    version = entry.get("typeVersion")
    known = node.document.version if isinstance(node.document.version, list) else [node.document.version]
    try:
        compile_plan(node, entry["parameters"], dialect="n8n", version=version if version in known else None)
    except (ConfigurationError, ItemError) as fault:
        yield Problem(json_path(_place(fault, node, at, names)), fault.message, fault.value, fault.hint)


def _place(fault: NodeloomError, node: Node, at: Keys, names: frozenset[str]) -> Keys:
    """The parameter that an error is about, as far as it says."""
    for chooser in (RESOURCE, OPERATION):
        if isinstance(fault, UnknownNameError) and fault.message.startswith(f"There is no {chooser} "):
            return (*at, chooser)
    label = fault.property
    for name in sorted(names):
        if label == name:
            return (*at, name)
    found = next((p.name for p in node.document.properties if p.label == label), None)
    return at if found is None else (*at, found)
