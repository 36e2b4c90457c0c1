"""`nodeloom import`: descriptors out of what was made for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from nodeloom.cli.app import USAGE
from nodeloom.cli.commands.import_openapi import openapi
from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import say, show, show_json


@click.group("import")
def import_() -> None:
    """Make descriptors from n8n packages and OpenAPI documents.

    \b
    Example:
      nodeloom import n8n n8n-nodes-example-1.0.0.tgz --output imported
      nodeloom import openapi openapi.yaml --output nodes/example
    """


@import_.command("n8n")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the descriptors go; without, a folder named after the package.",
)
@click.option("--node", "nodes", multiple=True, metavar="NAME", help="Import this node only; may be repeated.")
@click.option(
    "--dependency",
    "dependencies",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER|TGZ",
    help="A package that SOURCE depends on, or a folder that holds such; may be repeated.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@json_option
def n8n(
    source: Path,
    output: Path | None,
    nodes: tuple[str, ...],
    dependencies: tuple[Path, ...],
    force: bool,
    as_json: bool,
) -> int:
    """Import an n8n package: a .tgz as `npm pack` makes it, a package's folder, or a JSON file of descriptions.

    Writes FOLDER/nodes/NAME.json, FOLDER/credentials/TYPE.json and FOLDER/report.json, and prints which operations are
    pure data and which need JavaScript that the package brings; those are refused when they are run. The package's
    code is evaluated in a sandbox; Node.js is not needed.

    \b
    Example:
      npm pack @devlikeapro/n8n-nodes-petstore
      nodeloom import n8n devlikeapro-n8n-nodes-petstore-1.0.0.tgz --output petstore
      nodeloom run petstore/nodes/petstore.json Pet "Find Pets By Status"
    """
    from nodeloom.importers.importwriting import default_folder, write_import
    from nodeloom.importers.n8n import import_package

    result = import_package(source, dependencies=dependencies, nodes=nodes)
    folder = output if output is not None else default_folder(result)
    if result.files:
        write_import(result, folder, force=force)
    if as_json:
        show_json(result.report.to_dict())
    else:
        for line in result.report.lines():
            show(line)
    if not result.files:
        say("error: nothing could be imported, and nothing was written.")
        return USAGE
    if not as_json:
        count = "1 descriptor" if len(result.files) == 1 else f"{len(result.files)} descriptors"
        say(f"{count} written to {folder}")
    return 0


import_.add_command(openapi)
