"""`nodeloom describe`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

import click

from nodeloom.cli.columns import columns
from nodeloom.cli.options import json_option, target_arguments
from nodeloom.cli.terminal import show, show_json
from nodeloom.errors import preview
from nodeloom.values import Json


@click.command("describe")
@target_arguments
@json_option
@click.option("--json-schema", is_flag=True, help="Print the JSON Schema of the operation's parameters.")
def describe(node: str, resource: str | None, operation: str | None, as_json: bool, json_schema: bool) -> int:
    """Show what NODE, RESOURCE or OPERATION offers and takes.

    \b
    Example:
      nodeloom describe threecx
      nodeloom describe threecx "Website Links"
      nodeloom describe threecx "Website Links" "Delete Weblink" --json
    """
    from nodeloom.cli.installednodes import load_registry, named_node
    from nodeloom.descriptor import forms

    described = forms.describe(named_node(load_registry(), node), resource, operation)
    if json_schema:
        if "schema" not in described:
            raise click.UsageError("--json-schema is for an operation: nodeloom describe NODE RESOURCE OPERATION.")
        show_json(described["schema"], indent=2)
    elif as_json:
        show_json(described)
    else:
        for line in _lines(described):
            show(line)
    return 0


def _lines(described: Mapping[str, Json]) -> Iterator[str]:
    if "fields" in described:
        return _operation(described)
    if "resource" in described:
        return _resource(described)
    return _node(described)


def _node(described: Mapping[str, Json]) -> Iterator[str]:
    yield f"{described['label']} ({described['node']})"
    if described.get("description"):
        yield str(described["description"])
    if described.get("credentials"):
        yield f"Credential: {', '.join(described['credentials'])}"
    if described["resources"]:
        yield from ("", "Resources")
        rows = [
            (r["name"], "1 operation" if r["operations"] == 1 else f"{r['operations']} operations")
            for r in described["resources"]
        ]
        yield from (f"  {line}" for line in columns(rows))
    if described.get("operations"):
        yield from ("", "Operations")
        yield from _operations(described["operations"])


def _resource(described: Mapping[str, Json]) -> Iterator[str]:
    yield f"{described['node']}, {described['resource']}" if described["resource"] else str(described["node"])
    yield from ("", "Operations")
    yield from _operations(described["operations"])


def _operations(operations: Iterable[Mapping[str, Json]]) -> list[str]:
    rows = [(o["name"], o.get("description") or o.get("action") or "") for o in operations]
    return [f"  {line}" for line in columns(rows)]


def _operation(described: Mapping[str, Json]) -> Iterator[str]:
    yield ", ".join(str(described[key]) for key in ("node", "resource", "operation") if described.get(key))
    if described.get("description"):
        yield str(described["description"])
    if described.get("method"):
        yield f"{described['method']} {described.get('url') or ''}".rstrip()
    if described.get("credentials"):
        yield f"Credential: {', '.join(described['credentials'])}"
    for word, keys in described.get("visibleWhen", {}).items():
        for key, wanted in keys.items():
            values = " or ".join(map(preview, wanted if isinstance(wanted, list) else [wanted]))
            yield f"Offered when {key.removeprefix('/')} is {'not ' if word == 'hide' else ''}{values}"
    if described["fields"]:
        yield from ("", "Parameters")
        yield from _fields(described["fields"], 1)
    yield from ("", "Example")
    yield f"  {described['example']}"


def _fields(fields: Iterable[Mapping[str, Json]], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for field in fields:
        default = field.get("default")
        notes = [
            str(field["type"]),
            *(["required"] if field.get("required") else []),
            *([f"default {json.dumps(default, ensure_ascii=False)}"] if default not in (None, "", {}, []) else []),
        ]
        yield f"{indent}{field['name']}  ({', '.join(notes)})"
        if field.get("description"):
            yield f"{indent}    {field['description']}"
        if field.get("options"):
            yield f"{indent}    one of: {', '.join(str(o.get('value', o['name'])) for o in field['options'])}"
        yield from _fields(field.get("fields", ()), depth + 1)
        for group in field.get("groups", ()):
            yield f"{indent}  {group['name']}"
            yield from _fields(group["fields"], depth + 2)
