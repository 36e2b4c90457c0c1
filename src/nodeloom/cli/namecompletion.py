"""Tab completion of names: nodes, resources, operations, properties, credentials.

An error gives an empty list of completions, because a shell does not show messages there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from nodeloom.errors import NodeloomError
from nodeloom.printable import escaped, one_line
from nodeloom.values import JsonObject

if TYPE_CHECKING:
    from nodeloom.runtime.registry import Registry

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
Names = Iterable[tuple[str, str | None]]


def _completes(names: Callable[[Registry, JsonObject], Names]) -> Complete:
    @functools.wraps(names)
    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from nodeloom.cli.installednodes import load_registry

        try:
            found = list(names(load_registry(), _words(ctx)))
        except NodeloomError:
            return []
        wanted = incomplete.casefold()
        return [
            CompletionItem(name, help=None if note is None else one_line(note))
            for name, note in found
            # A shell shows a name as it is, so one that is not safe to show is not offered.
            if name.casefold().startswith(wanted) and escaped(name) == name
        ]

    return complete


def _words(ctx: click.Context) -> JsonObject:
    """The arguments so far. After an option that still lacks its value, click has them in `args` only."""
    given = {name: value for name, value in ctx.params.items() if value is not None}
    return {"resource": None, **dict(zip(("node", "resource", "operation"), ctx.args, strict=False)), **given}


def _describe(known: Registry, node: str, *names: str | None) -> JsonObject:
    from nodeloom.descriptor.forms import describe

    return describe(known.node(node), *names)


@_completes
def complete_node(known: Registry, _params: JsonObject) -> Names:
    """Names of nodes."""
    return [(name, None) for name in known.nodes]


@_completes
def complete_resource(known: Registry, params: JsonObject) -> Names:
    """Resources of the node; of a node without resources, its operations."""
    described = _describe(known, params["node"])
    return [(r["name"], None) for r in described["resources"] or described.get("operations", [])]


@_completes
def complete_operation(known: Registry, params: JsonObject) -> Names:
    """Operations of the resource."""
    described = _describe(known, params["node"], params.get("resource"))
    return [(o["name"], o.get("action")) for o in described.get("operations", [])]


@_completes
def complete_setting(known: Registry, params: JsonObject) -> Names:
    """`NAME=` for every property of the operation, nested ones with a dot."""
    described = _describe(known, params["node"], params.get("resource"), params.get("operation"))
    return list(_settings(described.get("fields", []), ""))


def _settings(fields: list[JsonObject], before: str) -> Names:
    for field in fields:
        name = f"{before}{field['name']}"
        if field.get("fields"):
            yield from _settings(field["fields"], f"{name}.")
        else:
            yield f"{name}=", field.get("description")


@_completes
def complete_credential(known: Registry, _params: JsonObject) -> Names:
    """Names of stored credentials."""
    from nodeloom.credential import Credentials, default_providers

    stored = Credentials(default_providers(type_names=known.credential_types)).list(unusable=lambda _: None)
    return [(kept.name, kept.type) for kept in stored]
