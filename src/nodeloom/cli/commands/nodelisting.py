"""`nodeloom nodes`: the nodes that are installed."""

from __future__ import annotations

import click

from nodeloom.cli.columns import columns
from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import say, show, show_json


@click.command("nodes")
@json_option
def nodes(as_json: bool) -> int:
    """List the nodes that are installed. One that a plugin brings and that is broken is named, with the reason.

    \b
    Example:
      nodeloom nodes
      nodeloom nodes --json
    """
    from nodeloom.cli.installednodes import load_registry, warn

    known = load_registry()
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
