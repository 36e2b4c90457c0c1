"""Nodes copied out of n8n: the JSON that its editor puts on the clipboard, or a node of a workflow file.

In it only a string that begins with `=` is an expression, so it runs with `dialect="n8n"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nodeloom.descriptor.catalogue import plain
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import ConfigurationError, ParameterError, UnknownNameError, preview
from nodeloom.values import Json, JsonObject

REQUEST_OPTIONS = "requestOptions"
_MAX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class NodeInstance:
    """A filled-in node.

    `type` is n8n's name of the node type with its package (`n8n-nodes-x.pet`, `@scope/n8n-nodes-x.pet`), `name` what
    the author called the node in the workflow, `version` its `typeVersion`, `credentials` credential type → the name
    the credential has in n8n. `parameters` are as n8n keeps them, `requestOptions` among them.
    """

    type: str
    name: str
    version: int | float | None = None
    parameters: Mapping[str, Json] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The node type's own name, without its package."""
        return self.type.rpartition(".")[2]

    @property
    def package(self) -> str:
        """The package the node type comes from; empty when the type does not say."""
        return self.type.rpartition(".")[0]

    @property
    def request_options(self) -> Mapping[str, Json]:
        """What n8n adds to every declarative node: batching, proxy, timeout, certificates."""
        options = self.parameters.get(REQUEST_OPTIONS)
        return options if isinstance(options, Mapping) else {}

    def run_arguments(self, known: Iterable[str]) -> JsonObject:
        """The keyword arguments of `Runtime.run` (and `plan`, `stream`): node, parameters, dialect, version.

        `known` are the names of the runtime's nodes. Raises UnknownNameError when the node is not among them.
        """
        return {
            "node": self.match(known),
            "parameters": dict(self.parameters),
            "dialect": "n8n",
            "version": self.version,
        }

    def match(self, known: Iterable[str]) -> str:
        """The node among `known` that this is one of; UnknownNameError, with what to do, when it is not there."""
        names = list(known)
        for name in names:
            if name == self.node:
                return name
        for name in names:
            # Names of nodes written by hand differ in case and dashes; an exact match was tried first.
            if plain(name) == plain(self.node):
                return name
        fault = UnknownNameError("node", self.node, names)
        # The package's name goes into a command that is shown, so only characters that mean nothing to a shell.
        if re.fullmatch(r"[@\w./-]+", self.package):
            steps = f"npm pack {self.package}, nodeloom import n8n"
            fault.hint = f"Import it ({steps}), then give the descriptor's path as NODE."
        raise fault


def read_instance(path: str | Path, *, node_name: str | None = None) -> NodeInstance:
    """The node in a JSON file; see `parse_instance`. Raises DescriptorError if the file is not JSON."""
    return parse_instance(read_json(Path(path)), node_name=node_name, source=str(path))


def is_instance(raw: Json) -> bool:
    """Whether a document is a node of n8n or holds nodes of n8n."""
    is_workflow = isinstance(raw, Mapping) and isinstance(raw.get("nodes"), list) and "connections" in raw
    return is_workflow or _is_node(raw)


def _is_node(raw: Json) -> bool:
    return isinstance(raw, Mapping) and isinstance(raw.get("type"), str) and isinstance(raw.get("parameters"), Mapping)


def parse_instance(raw: Json, *, node_name: str | None = None, source: str = "the document") -> NodeInstance:
    """The node in what n8n copies: one node, or `{"nodes": […], "connections": …}`.

    Of several nodes, `node_name` says which (as it is called in the workflow). Raises ConfigurationError when there is
    none, or more than one and no name; UnknownNameError, with the nearest, when none has that name.
    """
    listed = raw.get("nodes") if isinstance(raw, Mapping) else raw
    entries = [node for node in (listed if isinstance(listed, list) else [raw]) if _is_node(node)]
    if not entries:
        raise ConfigurationError(
            f"{source} holds no node of n8n.", value=raw, hint="Select the node in n8n's editor and copy it (Ctrl-C)."
        )
    if node_name is not None:
        found = _find_named(entries, node_name, source)
    elif len(entries) == 1:
        found = entries[0]
    else:
        names = ", ".join(preview(str(n.get("name"))) for n in entries[:_MAX_SHOWN])
        raise ConfigurationError(
            f"{source} holds {len(entries)} nodes: {names}{', …' if len(entries) > _MAX_SHOWN else ''}.",
            hint="Say which with --node-name, or copy the one node that shall run.",
        )
    return _instance(found, source)


def _find_named(entries: list[Json], name: str, source: str) -> Json:
    for entry in entries:
        if entry.get("name") == name:
            return entry
    for entry in entries:
        if plain(entry.get("name")) == plain(name):
            return entry
    raise UnknownNameError("node", name, [str(e.get("name")) for e in entries], within=source)


def _instance(raw: Mapping[str, Json], source: str) -> NodeInstance:
    version = raw.get("typeVersion")
    if version is not None and (isinstance(version, bool) or not isinstance(version, (int, float))):
        raise ParameterError(f"{source}: typeVersion is not a number.", path="$.typeVersion", value=version)
    credentials = raw.get("credentials")
    return NodeInstance(
        type=str(raw["type"]),
        name=str(raw.get("name") or ""),
        version=version,
        parameters=raw["parameters"],
        credentials=_credential_names(credentials if isinstance(credentials, Mapping) else {}),
    )


def _credential_names(raw: Mapping[str, Json]) -> dict[str, str]:
    found = {}
    for kind, entry in raw.items():
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        if isinstance(name, str):
            found[kind] = name
    return found
