"""A node's page, generated: every operation with what it takes."""

from __future__ import annotations

import re
import shlex

from nodeloom.importers.openapi import layout
from nodeloom.importers.openapi.importer import Imported
from nodeloom.importers.openapi.operations import Operation
from nodeloom.printable import one_line
from nodeloom.values import JsonObject

_OPTIONS = "Options"
# What means something in Markdown or HTML wherever it stands.
_MARKUP = re.compile(r"[\\`*_\[\]|<>&]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def page_of(imported: Imported) -> str:
    """The Markdown page of a node: how to use it, an index of resources, every operation, and what is gone."""
    resources = layout.by_resource(imported.operations)
    lines = [
        f"# {_text(imported.label)}",
        "",
        f"{len(imported.operations)} operations of {len(resources)} resources"
        + (f", made from the file of release {_text(imported.release)}." if imported.release else "."),
        "This page is generated with the node; edit the overrides, not the page.",
        "",
        *_introduction(imported),
        "## Resources",
        "",
    ]
    lines += [
        f"* [{_text(name)}](#{_anchor(name)}): {len(own)} operation{'' if len(own) == 1 else 's'}"
        for name, own in resources.items()
    ]
    for name, own in resources.items():
        lines += ["", *_resource(name, own, imported)]
    if imported.gone:
        lines += ["", *_gone(imported.gone)]
    return "\n".join(lines) + "\n"


def _introduction(imported: Imported) -> list[str]:
    first = imported.operations[0]
    example = shlex.join(["nodeloom", "describe", imported.name, first.resource, first.name])
    lines = [
        "Find an operation with `nodeloom search`, and see one with all its parameters and a command to paste:",
        "",
        "```sh",
        one_line(example),
        "```",
        "",
        "Required parameters are in bold. A parameter with *from the item* is read from the item's key of that name "
        "unless it is set; of the others only what is set is sent.",
        "",
    ]
    if imported.baseline and imported.release:
        lines += [
            "*Since* names the first release on record that has the operation; without it, "
            f"{_text(imported.baseline)} has it. "
            "An operation that the server's release does not have fails with an error that says so.",
            "",
        ]
    return lines


def _anchor(name: str) -> str:
    kept = "".join(c for c in name.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _resource(name: str, operations: list[Operation], imported: Imported) -> list[str]:
    since = any(o.since not in (None, imported.baseline) for o in operations)
    head = ["Operation", "Request", "Parameters", *(["Since"] if since else [])]
    lines = [f"## {_text(name)}", "", f"| {' | '.join(head)} |", f"|{'|'.join(['---'] * len(head))}|"]
    for operation in operations:
        cells = [_text(operation.name), _code(f"{operation.method} {operation.path}"), _parameters(operation)]
        if since:
            cells.append("" if operation.since == imported.baseline else _text(operation.since or ""))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _parameters(operation: Operation) -> str:
    return ", ".join(_parameter(prop) for prop in operation.properties) or "none"


def _parameter(prop: JsonObject) -> str:
    name = _text(prop["name"])
    # The one collection a generated node has; its members are what an author looks for.
    if prop["name"] == _OPTIONS and prop["type"] == "collection":
        return f"{name} ({', '.join(_text(p['name']) for p in prop['options'])})"
    text = f"**{name}**" if prop.get("required") else name
    return f"{text} *from the item*" if str(prop.get("default") or "").startswith("=") else text


def _text(text: str) -> str:
    """What others wrote as plain text of a page: no markup, no table's end, no line of its own."""
    return _MARKUP.sub(lambda found: _ENTITIES.get(found[0]) or f"\\{found[0]}", one_line(text))


def _code(text: str) -> str:
    """Text of others as code in a table's cell; as plain text if a character of it would end the code or the cell."""
    plain = one_line(text)
    return f"`{plain}`" if not set(plain) & {"`", "|"} else _text(plain)


def _gone(gone: list[JsonObject]) -> list[str]:
    lines = [
        "## Gone",
        "",
        "Operations that earlier releases had and the service has no longer; where the name is still there, it goes "
        "another way now.",
        "",
        "| Resource | Operation | Request | Up to | Still there |",
        "|---|---|---|---|---|",
    ]
    for entry in gone:
        cells = [
            _text(entry["resource"]),
            _text(entry["operation"]),
            _code(f"{entry['method']} {entry['path']}"),
            _text(entry["until"]),
            "yes" if entry.get("moved") else "no",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
