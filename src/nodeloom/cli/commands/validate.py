"""`nodeloom validate`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodeloom.cli.options import json_option
from nodeloom.cli.pack import Pack, is_of_tools
from nodeloom.cli.terminal import show, show_json
from nodeloom.errors import ConfigurationError, DescriptorError, UnknownNameError
from nodeloom.values import Json

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
    """Check documents: their form, whether every template in them compiles, and whether what they name is there.

    A folder stands for every JSON file in it, those of a package's tools left out. Credential types are looked for
    among the files, beside them and among the installed ones; a node copied out of n8n is held against its node.
    Ends with 0 when all are right, else with 2.

    \b
    Example:
      nodeloom validate my-node.json
      nodeloom validate nodes/threecx credentials --json
    """
    from nodeloom.descriptor.validation import KINDS

    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)
    read = _read(files)
    pack = Pack({file: raw for file, (raw, problems) in read.items() if not problems})
    named = {path for path in files if not path.is_dir()}
    checked = [
        (file, *_check(file, raw, kind, broken, pack))
        for file, (raw, broken) in read.items()
        # Of a folder only what is a document of ours, or may be meant as one.
        if file in named or kind is not None or broken or _is_document(raw)
    ]
    if as_json:
        rows = [
            {"file": str(file), "kind": found, "ok": not problems, "problems": [p.to_dict() for p in problems]}
            for file, found, problems, _note in checked
        ]
        show_json(rows)
    else:
        for file, found, problems, note in checked:
            show(f"{file}: ok ({found}{note})" if not problems else f"{file}: {_count(len(problems))}")
            for problem in problems:
                for line in str(problem).splitlines():
                    show(f"  {line}")
    return 2 if any(problems for _file, _found, problems, _note in checked) else 0


def _read(paths: Iterable[Path]) -> dict[Path, tuple[Json, list[Problem]]]:
    """Every file with its document, or with why it does not have one."""
    from nodeloom.descriptor.documentfiles import read_json
    from nodeloom.descriptor.validation import Problem

    found: dict[Path, tuple[Json, list[Problem]]] = {}
    for file in (file for path in paths for file in _json_files(path)):
        try:
            found[file] = read_json(file), []
        except DescriptorError as fault:
            found[file] = None, [Problem(fault.path or "$", fault.message, fault.value, fault.hint)]
    return found


def _is_document(raw: Json) -> bool:
    from nodeloom.descriptor.validation import kind_of

    try:
        return bool(kind_of(raw))
    except DescriptorError:
        return isinstance(raw, Mapping) and "name" in raw and "displayName" in raw


def _count(number: int) -> str:
    return "1 problem" if number == 1 else f"{number} problems"


def _json_files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = sorted(file for file in path.rglob("*.json") if not is_of_tools(file.relative_to(path)))
    if not found:
        raise ConfigurationError(f"There is no JSON file in {path}.", hint="Name the file or another folder.")
    yield from found


def _check(
    file: Path, raw: Json, kind: str | None, broken: list[Problem], pack: Pack
) -> tuple[str | None, list[Problem], str]:
    """The document's kind, everything wrong with it, and a note on what was not looked at.

    Args:
        file: where the document stands.
        raw: the document.
        kind: its kind, if the command line says it.
        broken: what is wrong with the file as JSON; then nothing else is looked at.
        pack: the other documents of the folder.
    """
    from nodeloom.descriptor.places import with_lines
    from nodeloom.descriptor.validation import Problem, kind_of

    if broken:
        return kind, broken, ""
    try:
        kind = kind or kind_of(raw)
    except DescriptorError as fault:
        return kind, with_lines(file, [Problem(fault.path or "$", fault.message, fault.value, fault.hint)]), ""
    problems, note = _problems(file, raw, kind, pack)
    return kind, with_lines(file, problems), note


def _problems(file: Path, raw: Json, kind: str, pack: Pack) -> tuple[list[Problem], str]:
    """Everything wrong with a document of `kind`, and a note on what was not looked at."""
    from nodeloom.descriptor.documentfiles import MAX_DEPTH
    from nodeloom.descriptor.validation import Problem, validate_document
    from nodeloom.jsonbounds import deeper_than

    if deeper_than(raw, MAX_DEPTH):
        return [Problem("$", "it is nested too deeply.", hint=f"Use at most {MAX_DEPTH} levels of nesting.")], ""
    problems = validate_document(raw, kind)
    if kind in _WITH_TEMPLATES and isinstance(raw, Mapping):
        problems += _new(_meaning(file, raw, kind, pack), problems)
    if kind == "node" and isinstance(raw, Mapping) and isinstance(raw.get("resources"), Mapping) and not problems:
        problems += _split_problems(file, raw["resources"])
    if kind != "node-instance" or problems:
        return problems, ""
    from nodeloom.cli.instances import instance_problems

    problems, unknown = instance_problems(raw, pack)
    note = f"; not known here, so the parameters were not looked at: {', '.join(unknown)}" if unknown else ""
    return problems, note


def _new(more: Iterable[Problem], known: Iterable[Problem]) -> list[Problem]:
    """Those of `more` whose place has no problem in `known`."""
    paths = {problem.path for problem in known}
    return [problem for problem in more if problem.path not in paths]


def _meaning(file: Path, raw: Mapping[str, Json], kind: str, pack: Pack) -> Iterator[Problem]:
    """What would break the document later, though its form is right: names that lead nowhere, broken templates."""
    from nodeloom.descriptor.soundness import names_of, unsound_parts
    from nodeloom.plan.check import Readable, routing_problems, template_problems

    own = names_of(raw.get("properties"))
    if kind == "credential":
        inherited = pack.inherited_fields(file, raw)
        elsewhere = inherited or frozenset()
        # Where a parent is not known, neither are the fields that come from it.
        readable = Readable() if inherited is None else Readable.of_credential(own | elsewhere)
    else:
        elsewhere = pack.head_names(file) if kind == "resource" else frozenset()
        types = [entry.get("name") for entry in raw.get("credentials") or () if isinstance(entry, Mapping)]
        fields = pack.inherited_fields(file, {"extends": types}) if types else None
        readable = Readable.of_node(own | elsewhere, credentials=fields)
        if isinstance(raw.get("resources"), Mapping):
            # What a split node's head reads may stand in any of its files.
            readable = Readable()
    yield from unsound_parts(raw, elsewhere)
    yield from template_problems(raw, readable)
    yield from routing_problems(raw)
    yield from pack.unknown_types(file, raw)


def _split_problems(file: Path, resources: Mapping[str, Json]) -> list[Problem]:
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
