"""`nodeloom nodes` and `nodeloom plugins`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import say, show, show_json
from nodeloom.printable import one_line

_WIDEST = 200


@click.command("nodes")
@json_option
def nodes(as_json: bool) -> int:
    """List the nodes that are installed. One that a plugin brings and that is broken is named, with the reason.

    \b
    Example:
      nodeloom nodes
      nodeloom nodes --json
    """
    from nodeloom.cli.installednodes import installed, warn

    known = installed()
    listed = [
        {
            "name": node.name,
            "label": node.label,
            "description": node.document.description,
            "resources": len(node.resources()),
            "credentials": [reference.name for reference in node.document.credentials],
        }
        for node in known.nodes.values()
    ]
    if as_json:
        broken = [{"name": name, "error": error.to_dict()} for name, error in known.broken_nodes.items()]
        show_json([*listed, *broken])
        warn(known.failures)
        return 0
    for line in columns([(row["name"], row["label"], row["description"] or "") for row in listed]):
        show(line)
    warn(known.failures)
    say("See what one offers with: nodeloom describe NODE")
    return 0


@click.command("plugins")
@json_option
def plugins(as_json: bool) -> int:
    """List the plugins, with the hooks they implement, and what is wrong with those that failed.

    The documents they bring are read too, so that a broken one shows. Ends with 2 when a plugin failed.
    NODELOOM_DISABLE_PLUGINS (all, or names with commas) leaves installed ones out.

    \b
    Example:
      nodeloom plugins
      nodeloom plugins --json
    """
    from nodeloom.cli.app import USAGE
    from nodeloom.runtime.runtime import Runtime

    with Runtime() as runtime:
        runtime.check_plugins()
        found = runtime.plugins
    if as_json:
        show_json([info.to_dict() for info in found])
    else:
        rows = [(i.name, " ".join(filter(None, (i.distribution, i.version))), ", ".join(i.hooks)) for i in found]
        for line, info in zip(columns(rows), found, strict=True):
            show(line)
            if info.disabled:
                show("    disabled by NODELOOM_DISABLE_PLUGINS")
            if info.error is not None:
                show(f"    failed: {info.error}")
            for warning in info.warnings:
                show(f"    warning: {warning}")
    return USAGE if any(info.error is not None for info in found) else 0


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """The rows as lines, in columns two spaces apart; one overlong cell does not make the whole column so."""
    texts = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*texts, strict=True)] if texts else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
