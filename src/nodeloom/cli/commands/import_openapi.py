"""`nodeloom import openapi`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import show, show_json

if TYPE_CHECKING:
    from nodeloom.importers.openapi import Imported

_SHOWN = 12


@click.command("openapi")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Folder of the node; else one of its name, here.")
@click.option("--name", help="Name of the node; else the overrides' or one made of the document's title.")
@click.option("--overrides", type=click.Path(path_type=Path), help="JSON file with what the document does not say.")
@click.option(
    "--earlier",
    multiple=True,
    metavar="RELEASE=FILE",
    help="An earlier release of the document, the oldest first; operations then say since when they are there.",
)
@click.option("--docs", type=click.Path(path_type=Path), help="Markdown file for a page with every operation.")
@click.option("--force", is_flag=True, help="Write over a node that is there already.")
@json_option
def openapi(
    source: Path,
    output: Path | None,
    name: str | None,
    overrides: Path | None,
    earlier: tuple[str, ...],
    docs: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Make a node of SOURCE, an OpenAPI 3 or Swagger 2 document in JSON or YAML.

    The node runs as it is written: nodeloom run ./FOLDER RESOURCE OPERATION. What the document says and a node cannot
    express is reported, and so is what is wrong with the document: that costs the operation it stands in, and the
    command ends with 1. Nothing is fetched from elsewhere.

    \b
    Example:
      nodeloom import openapi service.yaml
      nodeloom import openapi service.json --output nodes/service --overrides service-overrides.json
    """
    from nodeloom.importers.filing import file_stem, write_file
    from nodeloom.importers.openapi import Overrides, import_openapi, write
    from nodeloom.importers.openapi.docs import page_of

    imported = import_openapi(
        source,
        overrides=None if overrides is None else Overrides.from_path(overrides),
        name=name,
        earlier=[_release(text) for text in earlier],
    )
    folder = output or Path(file_stem(imported.name))
    written = write(imported, folder, force=force)
    if docs is not None:
        write_file(docs, page_of(imported))
        written.append(docs)
    if as_json:
        said = {"node": imported.name, "folder": str(folder), **imported.report.to_dict()}
        show_json({**said, "files": [str(path) for path in written]})
    else:
        _tell(imported, folder)
    return 1 if imported.report.faults else 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _tell(imported: Imported, folder: Path) -> None:
    """Say what was made, and what was not."""
    report = imported.report
    show(
        f"{imported.name}: {_count(report.operations, 'operation')} of {_count(report.resources, 'resource')},"
        f" in {folder}"
    )
    for name in report.credentials:
        show(f"Credential: {name}")
        if name in imported.credentials:
            file = shlex.quote(str(folder / imported.credential_file(name)))
            show(f"  keep one: nodeloom credentials add {file}")
            show(f"  use it:   nodeloom run … --credential-type {file}")
    if report.left_out:
        show(f"Left out: {report.left_out}")
    if report.gone:
        show(f"Gone since earlier releases: {len(report.gone)}")
    faults = report.list_faults()
    if faults:
        show()
        show(f"Faults of the document: {len(faults)}")
        for fault in faults[:_SHOWN]:
            show(f"  {fault.path}: {fault.reason} {fault.outcome}")
        if len(faults) > _SHOWN:
            show(f"  … and {len(faults) - _SHOWN} more (--json names every one)")
    reasons = report.by_reason()
    if reasons:
        show()
        show("Not expressed (--json names every place)")
        for reason, count in reasons[:_SHOWN]:
            show(f"  {count} × {reason}")
        if len(reasons) > _SHOWN:
            show(f"  … and {len(reasons) - _SHOWN} more")


def _release(text: str) -> tuple[str, Path]:
    name, sign, path = text.partition("=")
    if not sign or not name or not path:
        raise click.BadParameter(f"{text!r} is not RELEASE=FILE.", param_hint="--earlier")
    return name, Path(path)
