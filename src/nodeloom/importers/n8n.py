"""n8n packages: node and credential descriptors out of what npm packs.

n8n's rules: `package.json` lists modules under `n8n.nodes` and `n8n.credentials`; each exports a class named after the
file; an object of it has a `description`, or `nodeVersions` with one each. A node that has `execute`, `trigger`,
`poll`, `webhook` or `supplyData` is code; the others are declarative, and those are imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import DescriptorError, UnknownNameError
from nodeloom.importers.archive import Limits
from nodeloom.importers.descriptions import credential_report, node_report
from nodeloom.importers.evaluation import Evaluation, Missing, Unit, evaluate
from nodeloom.importers.filing import file_stem
from nodeloom.importers.importreport import ImportReport, MissingPackage, TypeReport
from nodeloom.importers.packages import Package, Shelf, is_package_name, open_package, packed_stem, shell_request
from nodeloom.values import Json, JsonObject

_MAX_UNITS = 5000
LOADING_FAILED = "loading it failed"


@dataclass(slots=True)
class ImportResult:
    """What an import gave: descriptors, and `files`, the same by the path they are written to."""

    report: ImportReport
    nodes: list[JsonObject] = field(default_factory=list)
    credential_types: list[JsonObject] = field(default_factory=list)
    files: dict[str, JsonObject] = field(default_factory=dict)

    def add(self, found: TypeReport, document: Json) -> None:
        """Take a type that was read, and its document if it is not refused."""
        is_node = found.kind == "node"
        (self.report.nodes if is_node else self.report.credential_types).append(found)
        if found.refused is None and found.file is not None:
            (self.nodes if is_node else self.credential_types).append(document)
            self.files[found.file] = document


def import_package(
    source: str | Path,
    *,
    dependencies: Iterable[str | Path] = (),
    nodes: Iterable[str] = (),
    limits: Limits | None = None,
) -> ImportResult:
    """Read the node and credential descriptors of an n8n package.

    Args:
        source: a `.tgz` as `npm pack` makes it, a package's folder, or a JSON file with dumped descriptions.
        dependencies: packages that it depends on (`.tgz` or folder), or folders with such in them. Those in
            `node_modules` and archives beside `source` are found without.
        nodes: names of the nodes to import; without, all.
        limits: how large the package may be, and how much time and memory its code may take.

    The package's code runs in QuickJS, in a process of its own without files or network. Raises DescriptorError when
    the source cannot be read or its code goes over a limit; what is wrong with one node is in the report.
    """
    source = Path(source)
    limits = limits or Limits()
    if source.is_file() and source.suffix.lower() == ".json":
        result = _import_dump(source)
    else:
        if not source.exists():
            raise DescriptorError(
                f"There is no package {source}.",
                hint="Name a .tgz made by `npm pack`, a package's folder or a JSON file.",
            )
        package = open_package(source, limits)
        shelf = Shelf(source, [Path(d) for d in dependencies], limits)
        result = _import_code(package, shelf, limits)
    return _keep_only(result, list(nodes)) if (nodes := list(nodes)) else result


def _keep_only(result: ImportResult, names: list[str]) -> ImportResult:
    """The nodes asked for, with the credential types they use."""
    known = list(dict.fromkeys(n.name for n in result.report.nodes))
    for name in names:
        if name not in known:
            raise UnknownNameError("node", name, known, within=result.report.package)
    chosen = ImportResult(result.report)
    chosen.nodes = [n for n in result.nodes if n.get("name") in names]
    used = {c.get("name") for n in chosen.nodes for c in n.get("credentials") or () if isinstance(c, Mapping)}
    chosen.credential_types = [c for c in result.credential_types if c.get("name") in used]
    kept = [*map(id, chosen.nodes), *map(id, chosen.credential_types)]
    chosen.files = {path: document for path, document in result.files.items() if id(document) in kept}
    report = result.report
    report.nodes = [n for n in report.nodes if n.name in names]
    report.credential_types = [c for c in report.credential_types if c.name in used]
    return chosen


# -- packages ---------------------------------------------------------------------------------------------------------


def _import_code(package: Package, shelf: Shelf, limits: Limits) -> ImportResult:
    units, absent = _units(package)
    evaluation = Evaluation()
    if units:
        evaluation = evaluate(package, units, shelf.find, seconds=limits.seconds, memory=limits.memory_bytes)
    result = ImportResult(ImportReport(package.name, package.version, skipped=package.files.skipped))
    result.report.stand_ins = evaluation.stand_ins
    result.report.used = [f"{p.name} {p.version}".rstrip() for p in evaluation.used]
    result.report.missing = [_describe_missing(m) for m in evaluation.missing]
    for kind, module in absent:
        result.add(TypeReport(kind, _stem(module), module, refused=_why_absent(package, module)), None)
    taken: set[str] = set()
    for (kind, module, name), described in zip(units, evaluation.described, strict=True):
        for found, document in _read_types(kind, module, name, described, taken):
            if (found.refused or "").startswith(LOADING_FAILED) and any(m.uses for m in result.report.missing):
                found.refused = f"{found.refused}; the packages missing below may be the reason"
            result.add(found, document)
    _name_supported(result)
    _note_outside(result)
    return result


def _name_supported(result: ImportResult) -> None:
    """Say in each credential type that keeps to some nodes which these are: those of its package that name it."""
    for kind in result.credential_types:
        if kind.get("restrictToSupportedNodes") and not kind.get("supportedNodes"):
            kind["supportedNodes"] = [
                node.get("name")
                for node in result.nodes
                if any(
                    c.get("name") == kind.get("name") for c in node.get("credentials") or () if isinstance(c, Mapping)
                )
            ]


def _units(package: Package) -> tuple[list[Unit], list[tuple[str, str]]]:
    """What `package.json` lists: the modules that are there, and those that are not."""
    listed = package.manifest.get("n8n")
    if not isinstance(listed, Mapping) or not (listed.get("nodes") or listed.get("credentials")):
        raise DescriptorError(
            f"{package.name} is not an n8n package: its package.json lists no nodes under `n8n`.",
            path="$.n8n",
            hint="Give the package that holds the nodes; a package they depend on goes to --dependency.",
        )
    units: list[Unit] = []
    absent: list[tuple[str, str]] = []
    for key, kind in (("nodes", "node"), ("credentials", "credential")):
        entries = listed.get(key)
        if entries is not None and not isinstance(entries, list):
            raise DescriptorError("package.json lists no modules there.", path=f"$.n8n.{key}", value=entries)
        for entry in entries or ():
            module = _check_inside(entry, f"$.n8n.{key}")
            if module in package.files.texts:
                units.append((kind, module, _stem(module)))
            else:
                absent.append((kind, module))
    if len(units) + len(absent) > _MAX_UNITS:
        raise DescriptorError(f"{package.name} lists more than {_MAX_UNITS} modules.", path="$.n8n")
    return units, absent


def _check_inside(entry: Json, path: str) -> str:
    if not isinstance(entry, str) or entry.startswith("/") or ".." in PurePosixPath(entry).parts or "\\" in entry:
        raise DescriptorError("package.json lists a module outside the package.", path=path, value=entry)
    return str(PurePosixPath(entry))


def _stem(module: str) -> str:
    return PurePosixPath(module).name.split(".")[0]


def _why_absent(package: Package, module: str) -> str:
    typed = f"{_stem(module)}.{'node' if '.node.' in module else 'credentials'}.ts"
    if any(name.endswith(f"/{typed}") or name == typed for name in package.files.names):
        return f"the package holds {typed} but not {module}: TypeScript has to be built first (`npm run build`)"
    return f"{module}, which package.json lists, is not in the package"


def _read_types(
    kind: str, module: str, name: str, described: Json, taken: set[str]
) -> Iterator[tuple[TypeReport, JsonObject | None]]:
    """What one module gave: a type for each version.

    Args:
        kind: "node" or "credential".
        module: its path in the package.
        name: of the class that it exports.
        described: what the sandbox gave for it, which is the package's word.
        taken: the paths of documents so far, in small letters; each document adds its own.
    """
    entries = described.get("result") if isinstance(described, dict) else None
    if not isinstance(entries, list) or not entries:
        error = described.get("error") if isinstance(described, dict) else None
        yield TypeReport(kind, name, module, refused=f"{LOADING_FAILED}: {error or 'it gives nothing'}"), None
        return
    notes = _entries(described, "notes", ("path", "message"))
    lost = _entries(described, "lost", ("path", "name", "kind"))
    groups = _by_description(entries)
    for index, entry in groups:
        document = entry.get("description")
        if not isinstance(document, dict):
            yield TypeReport(kind, name, module, refused="it has no description"), None
            continue
        here = f"$[{index}].description"
        gone = [part for part in lost if part["path"].startswith(here)]
        if kind == "node":
            found = node_report(document, entry, module, gone)
        else:
            found = credential_report(document, name, module, gone)
        noted = [f"${n['path'][len(here) :]}: {n['message']}" for n in notes if n["path"].startswith(here)]
        found.problems = noted + found.problems
        older = len(groups) > 1 and not entry.get("newest")
        _place(found, str(entry.get("version") or "") if older else "", taken)
        yield found, document


def _by_description(entries: list[Json]) -> list[tuple[int, JsonObject]]:
    """The entries with their places; versions that share a description are one, called by the last of them."""
    found: dict[str, tuple[int, JsonObject]] = {}
    for index, entry in enumerate(entries):
        known = entry if isinstance(entry, dict) else {}
        text = json.dumps(known.get("description"))
        before = found[text][1] if text in found else {}
        newest = bool(known.get("newest") or before.get("newest"))
        found[text] = (found[text][0] if before else index, {**known, "newest": newest})
    return list(found.values())


def _entries(described: Mapping[str, Json], key: str, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    entries = described.get(key)
    return [
        {k: str(e.get(k, "")) for k in wanted}
        for e in (entries if isinstance(entries, list) else [])
        if isinstance(e, dict)
    ]


def _place(found: TypeReport, version: str, taken: set[str]) -> None:
    """Settle the path of a type's document (`version` of one that is not the newest).

    No two paths are the same, even on a file system that does not tell capitals from small letters.
    """
    if found.refused is not None:
        return
    stem = file_stem(found.name)
    if version:
        stem += f".v{re.sub(r'[^0-9.]', '', version)[:20]}"
    folder = "nodes" if found.kind == "node" else "credentials"
    path, number = f"{folder}/{stem}.json", 2
    while path.casefold() in taken:
        path, number = f"{folder}/{stem}-{number}.json", number + 1
    taken.add(path.casefold())
    found.file = path


def _describe_missing(missing: Missing) -> MissingPackage:
    found = MissingPackage(missing.name, missing.wanted_by.name, missing.why, list(missing.uses))
    if is_package_name(missing.name):
        request = shell_request(missing.name, missing.wanted_by.dependency_range(missing.name))
        found.command = f"npm pack {request}"
        found.flag = f"--dependency {packed_stem(missing.name)}-*.tgz"
    return found


def _note_outside(result: ImportResult) -> None:
    brought = {c.get("name") for c in result.credential_types}
    named = [c.get("name") for n in result.nodes for c in n.get("credentials") or () if isinstance(c, Mapping)]
    result.report.outside = [n for n in dict.fromkeys(named) if isinstance(n, str) and n not in brought]


# -- dumped descriptions ----------------------------------------------------------------------------------------------


def _import_dump(source: Path) -> ImportResult:
    """Descriptions that someone wrote out as JSON: one, a list, or `{node(s), credentials}`."""
    raw = read_json(source)
    nodes, credentials = _split_dump(raw)
    if not nodes and not credentials:
        raise DescriptorError(
            f"{source} holds no descriptions.", value=raw, hint="A node's description has name and properties."
        )
    version = raw.get("version") if isinstance(raw, dict) and "properties" not in raw else None
    result = ImportResult(ImportReport(source.name, str(version or "")))
    taken: set[str] = set()
    for kind, documents in (("node", nodes), ("credential", credentials)):
        for document in documents:
            entry = {"description": document, "newest": True}
            described = {"result": [entry]}
            for found, read in _read_types(kind, source.name, source.stem, described, taken):
                result.add(found, read)
    _note_outside(result)
    return result


def _split_dump(raw: Json) -> tuple[list[Json], list[Json]]:
    if isinstance(raw, list):
        nodes = [d for d in raw if not _is_credential(d)]
        return nodes, [d for d in raw if _is_credential(d)]
    if not isinstance(raw, dict):
        raise DescriptorError("The file holds no JSON object or list.", path="$", value=raw)
    if "properties" in raw or "displayName" in raw:
        return _split_dump([raw])
    nodes = _as_list(raw.get("nodes", raw.get("node", raw.get("description"))))
    return nodes, _as_list(raw.get("credentialTypes", raw.get("credentials")))


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_credential(document: Json) -> bool:
    keys = set(document) if isinstance(document, dict) else set()
    return not keys & {"inputs", "outputs", "group", "requestDefaults"} and bool(
        keys & {"authenticate", "extends", "test", "documentationUrl", "preAuthentication"}
    )
