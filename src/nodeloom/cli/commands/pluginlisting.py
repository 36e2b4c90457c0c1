"""`nodeloom plugins`: the plugins, with their hooks and what is wrong with them."""

from __future__ import annotations

import click

from nodeloom.cli.columns import columns
from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import show, show_json


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
