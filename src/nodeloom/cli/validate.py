"""`nodeloom validate`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.options import json_option
from nodeloom.cli.terminal import show, show_json
from nodeloom.errors import ConfigurationError, DescriptorError, UnknownNameError

if TYPE_CHECKING:
    from nodeloom.descriptor.validation import Problem

_WITH_TEMPLATES = ("node", "resource", "credential")


@click.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--kind",
    metavar="KIND",
    help="What the files are: node, credential, resource, node-instance, items or run-report; seen without.",
)
@json_option
def validate(files: tuple[Path, ...], kind: str | None, as_json: bool) -> int:
    """Check documents: their form, and whether every template in them compiles.

    A folder stands for every JSON file in it. Ends with 0 when all are right, else with 2.

    \b
    Example:
      nodeloom validate my-node.json
      nodeloom validate nodes/threecx credentials --json
    """
    from nodeloom.descriptor.validation import KINDS

    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)
    checked = [(file, *_check(file, kind)) for path in files for file in _json_files(path)]
    if as_json:
        rows = [
            {"file": str(file), "kind": found, "ok": not problems, "problems": [p.to_dict() for p in problems]}
            for file, found, problems in checked
        ]
        show_json(rows)
    else:
        for file, found, problems in checked:
            show(f"{file}: ok ({found})" if not problems else f"{file}: {_count(len(problems))}")
            for problem in problems:
                for line in str(problem).splitlines():
                    show(f"  {line}")
    return 2 if any(problems for _file, _found, problems in checked) else 0


def _count(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"


def _json_files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(path.rglob("*.json"))
    if not found:
        raise ConfigurationError(f"There is no JSON file in {path}.", hint="Name the file or another folder.")
    yield from found


def _check(file: Path, kind: str | None) -> tuple[str | None, list[Problem]]:
    """The document's kind, and everything wrong with it."""
    from nodeloom.descriptor.files import read_json
    from nodeloom.descriptor.validation import Problem, kind_of, validate_document
    from nodeloom.plan.check import template_problems

    try:
        raw = read_json(file)
        kind = kind or kind_of(raw)
    except DescriptorError as fault:
        return kind, [Problem(fault.path or "$", fault.message, fault.value, fault.hint)]
    problems = validate_document(raw, kind)
    if kind in _WITH_TEMPLATES:
        problems += template_problems(raw)
    if kind == "node" and isinstance(raw, Mapping) and isinstance(raw.get("resources"), Mapping) and not problems:
        problems += _split_problems(file, raw["resources"])
    return kind, problems


def _split_problems(file: Path, resources: Mapping[str, Any]) -> list[Problem]:
    """What is wrong between a split node's head and the files it names."""
    from nodeloom.descriptor.catalogue import Node
    from nodeloom.descriptor.validation import Problem, json_path

    found: list[Problem] = []
    node = Node.from_path(file)
    for name, entry in resources.items():
        try:
            actual = [option.name for option in node.operations(name)]
        except DescriptorError as fault:
            found.append(Problem(json_path(("resources", name, "file")), fault.message, hint=fault.hint))
            continue
        if actual != list(entry.get("operations", [])):
            found.append(
                Problem(
                    json_path(("resources", name, "operations")),
                    "The operations are not those of the resource's file.",
                    json.dumps(entry.get("operations", []), ensure_ascii=False),
                    f"The file has: {', '.join(actual)}.",
                )
            )
    return found
