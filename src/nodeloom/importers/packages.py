"""A package in memory, and where the packages it depends on are found."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nodeloom.descriptor.documentfiles import parse_json_document, read_json
from nodeloom.errors import ConfigurationError, DescriptorError
from nodeloom.importers.archive import Files, Limits, is_archive, read_archive, read_folder
from nodeloom.values import Json

#: npm's package names, old ones with capitals among them; none that leads anywhere but to a folder of that name.
_NAME = re.compile(r"(?:@[a-z0-9~_-][a-z0-9._~-]*/)?[a-z0-9~_-][a-z0-9._~-]*", re.IGNORECASE)
# What goes into a shell command that is shown: no range with `git+`, a URL or `workspace:`.
_RANGE = re.compile(r"[~^<>=]*\d[\w.+~^<>= |-]*|\*")
MODULES = "node_modules"


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its manifest (`package.json`) and files. `root` is its folder, if it has one."""

    name: str
    version: str
    manifest: Mapping[str, Json]
    files: Files
    source: Path
    root: Path | None = None

    def dependency_range(self, name: str) -> str | None:
        """The versions of a package that this one asks for; None if it does not name a plain range."""
        for table in ("dependencies", "peerDependencies", "optionalDependencies"):
            entries = self.manifest.get(table)
            wanted = entries.get(name) if isinstance(entries, Mapping) else None
            if isinstance(wanted, str) and _RANGE.fullmatch(wanted):
                return wanted
        return None


def is_package_name(name: str) -> bool:
    """Whether npm would take `name` as a package's name."""
    # npm's limit on a package's name.
    return len(name) <= 214 and _NAME.fullmatch(name) is not None


def open_package(path: Path, limits: Limits) -> Package:
    """The package in an archive or a folder. Raises DescriptorError if it does not hold one."""
    if path.is_dir():
        root = path.resolve()
        if not (root / "package.json").is_file() and (root / "package" / "package.json").is_file():
            root = root / "package"
        if not (root / "package.json").is_file():
            raise DescriptorError(
                f"{path} holds no package: there is no package.json in it.",
                hint="Name the package's own folder, such as node_modules/NAME.",
            )
        return _package(read_folder(root, limits), path, root)
    if not is_archive(path) and path.is_file():
        raise DescriptorError(
            f"{path} is neither a folder, a .tgz archive nor a JSON file.", hint="`npm pack NAME` makes a .tgz."
        )
    return _package(read_archive(path, limits), path, None)


def _package(files: Files, source: Path, root: Path | None) -> Package:
    text = files.texts.get("package.json")
    if text is None:
        raise DescriptorError(f"{source} holds no package.json.", hint="`npm pack NAME` makes a package.")
    manifest = parse_json_document(text, f"{source}, package.json")
    if not isinstance(manifest, dict):
        raise DescriptorError(f"{source}, package.json is not a JSON object.", path="$")
    name, version = manifest.get("name"), manifest.get("version")
    if not isinstance(name, str) or not is_package_name(name):
        raise DescriptorError(f"{source} has no package name that npm would take.", path="$.name", value=name)
    return Package(name, version if isinstance(version, str) else "", manifest, files, source, root)


class Shelf:
    """Finds the packages that packages depend on: those given, those beside the source, those in `node_modules`.

    Args:
        source: what is imported. Archives beside it, named as npm names them, are found, and so is what
            `npm install` put into the `node_modules` that a folder has or is in.
        dependencies: packages (archives or folders), or folders with such in them.
        limits: for each package.
    """

    def __init__(self, source: Path, dependencies: Iterable[Path], limits: Limits) -> None:
        self._limits = limits
        self._given: dict[str, Package] = {}
        self._folders: list[Path] = []
        for path in dependencies:
            self._give(path)
        if source.is_file():
            self._folders.append(source.resolve().parent)
        self._opened: dict[Path, Package] = {}

    def _give(self, path: Path) -> None:
        if not path.exists():
            raise ConfigurationError(f"There is no dependency {path}.", hint="Name a folder or a .tgz.")
        if path.is_dir():
            self._folders.append(path.resolve())
            # In a folder that npm installed into, package.json lists dependencies and does not describe a package.
            if not (path / "package.json").is_file() or not _is_named(path / "package.json"):
                return
        package = open_package(path, self._limits)
        self._given[package.name] = package

    def find(self, name: str, wanted_by: Package) -> Package | None:
        """The package called `name` as `wanted_by` would find it, or None."""
        if not is_package_name(name):
            return None
        if name in self._given:
            return self._given[name]
        for folder in self._module_folders(wanted_by):
            # A link in `node_modules` (`npm link`) leads to a folder that was not named to Nodeloom.
            if _is_plain_folder(folder / name, folder) and (folder / name / "package.json").is_file():
                return self._open(folder / name, name)
        archives = [a for folder in self._folders for a in _archives(folder, name)]
        for archive in archives:
            package = self._open(archive, name)
            if package is not None:
                return package
        return None

    def _module_folders(self, package: Package) -> list[Path]:
        found = []
        if package.root is not None:
            found.append(package.root / MODULES)
            found += [p for p in package.root.parents if p.name == MODULES]
        for folder in self._folders:
            found += [folder, folder / MODULES]
        return found

    def _open(self, path: Path, name: str) -> Package | None:
        if path not in self._opened:
            self._opened[path] = open_package(path, self._limits)
        package = self._opened[path]
        return package if package.name == name else None


def _is_named(manifest: Path) -> bool:
    raw = read_json(manifest)
    return isinstance(raw, dict) and "name" in raw


def _is_plain_folder(path: Path, above: Path) -> bool:
    """Whether `path` is a folder and no step from `above` to it is a link."""
    step = path
    while step != above:
        if step.is_symlink():
            return False
        step = step.parent
    return path.is_dir()


def _archives(folder: Path, name: str) -> list[Path]:
    """The archives of a package in a folder, newest version first."""
    plain = packed_stem(name)
    found: list[tuple[list[int], Path]] = []
    for path in folder.glob(f"{plain}-*.tgz"):
        version = path.name[len(plain) + 1 : -len(".tgz")]
        if version[:1].isdigit() and path.is_file() and not path.is_symlink():
            # As numbers, because as text version 10 comes before 9.
            found.append(([int(n) for n in re.findall(r"\d+", version)][:6], path))
    return [path for _version, path in sorted(found, reverse=True)]


def packed_stem(name: str) -> str:
    """What npm calls a package's archive, before the version."""
    return name.removeprefix("@").replace("/", "-")


def shell_request(name: str, wanted_range: str | None) -> str:
    """A package, whose name npm takes, and its versions as a word of a shell command."""
    return shlex.quote(f"{name}@{wanted_range}" if wanted_range not in (None, "*") else name)
