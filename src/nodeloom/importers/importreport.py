"""What an import found: as data, and as text for a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nodeloom.errors import preview
from nodeloom.importers.codeneeds import OperationReport
from nodeloom.values import JsonObject

_SHOWN_NAMES = 6


@dataclass(slots=True)
class TypeReport:
    """A node or credential type of the package.

    `module` is its path in the package, `file` the path its document is written to (None when `refused` says why it
    is not), `problems` what validation has against the document, `hooks` what a credential type does by function.
    """

    kind: str
    name: str
    module: str
    version: str | None = None
    file: str | None = None
    refused: str | None = None
    operations: list[OperationReport] = field(default_factory=list)
    methods: dict[str, list[str]] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> JsonObject:
        """The type as JSON, without what is empty."""
        found = {
            "name": self.name,
            "version": self.version,
            "module": self.module,
            "file": self.file,
            "refused": self.refused,
            "operations": [o.to_dict() for o in self.operations],
            "methods": self.methods,
            "hooks": self.hooks,
            "problems": self.problems,
        }
        return {k: v for k, v in found.items() if v not in (None, [], {})}


@dataclass(slots=True)
class MissingPackage:
    """A package that the code requires and that was not found.

    `uses` tells what was done with its stand-in while descriptions were made ("called", "listed", "as text"): the
    descriptions may lack something then. `command` is the one that fetches it, `flag` how to hand it over; None when
    npm would not take the name.
    """

    name: str
    wanted_by: str
    why: str
    uses: list[str] = field(default_factory=list)
    command: str | None = None
    flag: str | None = None

    def to_dict(self) -> JsonObject:
        """The missing package as JSON."""
        found = {
            "name": self.name,
            "wantedBy": self.wanted_by,
            "why": self.why,
            "uses": self.uses,
            "command": self.command,
            "flag": self.flag,
        }
        return {k: v for k, v in found.items() if v not in (None, [])}


@dataclass(slots=True)
class ImportReport:
    """What an import found.

    `used` are the dependencies that were there, `stand_ins` those that Nodeloom has a version of its own of; `outside`
    are credential types that nodes name and the package does not bring; `skipped` are links in a folder.
    """

    package: str
    version: str
    nodes: list[TypeReport] = field(default_factory=list)
    credential_types: list[TypeReport] = field(default_factory=list)
    missing: list[MissingPackage] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    stand_ins: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def to_dict(self) -> JsonObject:
        """The report as JSON."""
        return {
            "package": self.package,
            "version": self.version,
            "nodes": [n.to_dict() for n in self.nodes],
            "credentialTypes": [c.to_dict() for c in self.credential_types],
            "missing": [m.to_dict() for m in self.missing],
            "dependencies": self.used,
            "standIns": self.stand_ins,
            "credentialTypesOfOthers": self.outside,
            "skipped": self.skipped,
        }

    def lines(self) -> Iterator[str]:
        """The report as text. Names come from the package; a character that cannot be printed is escaped."""
        yield f"{_plain(self.package)} {_plain(self.version)}".rstrip()
        for node in self.nodes:
            yield from _node_lines(node)
        for kind in self.credential_types:
            yield from _credential_lines(kind)
        if self.outside:
            yield f"credential types that others bring: {_names(self.outside)}"
        if self.used:
            yield f"dependencies: {_names(self.used)}"
        if self.stand_ins:
            yield f"not there, Nodeloom's own version was used: {_names(self.stand_ins)}"
        for package in self.missing:
            yield from _missing_lines(package)
        if self.skipped:
            yield f"links in the folder, not followed: {_names(self.skipped)}"


def _node_lines(node: TypeReport) -> Iterator[str]:
    version = f" (version {_plain(node.version)})" if node.version else ""
    if node.refused is not None:
        yield f"node {_plain(node.name)}{version}: not imported; {_plain(node.refused, 400)}"
    else:
        counts = {status: sum(o.status == status for o in node.operations) for status in ("pure", "partly", "hooked")}
        parts = [
            f"{counts['pure']} of {len(node.operations)} operations are pure data",
            *([f"{counts['partly']} in part"] if counts["partly"] else []),
            *([f"{counts['hooked']} need JavaScript"] if counts["hooked"] else []),
        ]
        yield f"node {_plain(node.name)}{version}: {', '.join(parts)} → {_plain(node.file)}"
    for operation in node.operations:
        title = " / ".join(_plain(part) for part in (operation.resource, operation.name) if part)
        if operation.hooks:
            yield f"  {title}: refused, needs {_names(operation.hooks)}"
        elif operation.parameters:
            for label, hooks in operation.parameters.items():
                yield f"  {title}: runs without {_plain(label)}, which needs {_names(hooks)}"
    for group, members in node.methods.items():
        yield f"  methods.{_plain(group)}, not imported: {_names(members)}"
    yield from _problem_lines(node)


def _credential_lines(kind: TypeReport) -> Iterator[str]:
    if kind.refused is not None:
        yield f"credential type {_plain(kind.name)}: not imported; {_plain(kind.refused, 400)}"
    else:
        needs = f", needs JavaScript for {_names(kind.hooks)}" if kind.hooks else ""
        yield f"credential type {_plain(kind.name)}{needs} → {_plain(kind.file)}"
    yield from _problem_lines(kind)


def _problem_lines(found: TypeReport) -> Iterator[str]:
    for problem in found.problems[:_SHOWN_NAMES]:
        yield f"  problem: {_plain(problem, 300)}"
    if len(found.problems) > _SHOWN_NAMES:
        yield f"  … and {len(found.problems) - _SHOWN_NAMES} more problems, in report.json"


def _missing_lines(package: MissingPackage) -> Iterator[str]:
    used = f", and was used while descriptions were made ({', '.join(package.uses)})" if package.uses else ""
    yield f"missing: {_plain(package.name)}, which {_plain(package.wanted_by)} requires, {_plain(package.why)}{used}"
    if package.command is not None:
        yield f"  to have it: {_plain(package.command, 400)}, beside the package or with {_plain(package.flag, 400)}"


def _names(names: list[str]) -> str:
    shown = ", ".join(_plain(name) for name in names[:_SHOWN_NAMES])
    return f"{shown}, … ({len(names)} in all)" if len(names) > _SHOWN_NAMES else shown


def _plain(text: str | None, most: int = 120) -> str:
    """Text from a package without what a terminal would act on."""
    whole = text or ""
    cut = whole[:most] + ("…" if len(whole) > most else "")
    return "".join(preview(cut[i : i + 100]) for i in range(0, len(cut), 100))
