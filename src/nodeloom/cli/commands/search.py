"""`nodeloom search`."""

from __future__ import annotations

import shlex

import click

from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import say, show, show_json
from nodeloom.printable import one_line


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--node", help="Only in this node.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Show at most so many.")
@json_option
def search(words: tuple[str, ...], node: str | None, limit: int, as_json: bool) -> int:
    """Find operations by WORDS, the best match first. Nothing is asked of a service.

    Ends with 1 when nothing matches.

    \b
    Example:
      nodeloom search delete link
      nodeloom search "bulk update users" --node threecx --json
    """
    from nodeloom.cli.app import FAILED
    from nodeloom.cli.columns import columns
    from nodeloom.cli.installednodes import load_registry, named_node, warn
    from nodeloom.descriptor.nodesearch import search as find

    known = load_registry()
    entries = known.entries([named_node(known, node)] if node else None)
    warn(known.failures)
    query = " ".join(words)
    hits = find(entries, query, limit)
    if as_json:
        show_json([{**hit.entry.to_dict(), "score": hit.score} for hit in hits])
    elif not hits:
        say(f"No operation matches {query!r}.")
    else:
        rows = [tuple(filter(None, (hit.entry.node, hit.entry.resource, hit.entry.operation))) for hit in hits]
        width = max(map(len, rows))
        for line in columns([(*row, *[""] * (width - len(row))) for row in rows]):
            show(line)
        best = rows[0]
        say(f"\nSee one with: nodeloom describe {one_line(shlex.join(best))}")
    return 0 if hits else FAILED
