"""What a document that is validated stands among: the files beside it, and what is installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nodeloom.errors import DescriptorError, NodeloomError, UnknownNameError, nearest, preview
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.descriptor.catalogue import Node
    from nodeloom.descriptor.problems import Keys, Problem
    from nodeloom.runtime.registry import Registry

# How many files of a folder are looked into for credential types.
_MOST_FILES = 300
# Files of the tools of a package, which are not documents of Nodeloom.
_OF_TOOLS = frozenset({"package.json", "package-lock.json", "npm-shrinkwrap.json", "composer.json", "renovate.json"})


def is_of_tools(path: Path) -> bool:
    """Whether a JSON file in a package's folder is for its tools, or for packages that it depends on."""
    hidden = any(part.startswith(".") or part == "node_modules" for part in path.parts[:-1] if part not in (".", ".."))
    return hidden or path.name in _OF_TOOLS or path.name.startswith(("tsconfig", "."))


class Pack:
    """The documents that are validated together, by their files, and the nodes and types that are installed."""

    def __init__(self, documents: Mapping[Path, Json]) -> None:
        self._documents = documents
        self._types: dict[str, Mapping[str, Json]] = {}
        for raw in documents.values():
            self._take(raw)
        self._seen: set[Path] = set()
        self._registry: Registry | None = None

    @property
    def registry(self) -> Registry:
        """What is installed; the shipped pack alone where a plugin cannot be read."""
        if self._registry is None:
            from nodeloom.plugins import Plugins
            from nodeloom.runtime.registry import Registry

            try:
                self._registry = Registry(Plugins())
            except NodeloomError:
                self._registry = Registry(Plugins(discover=False))
        return self._registry

    def _take(self, raw: Json) -> None:
        from nodeloom.descriptor.validation import kind_of

        try:
            if isinstance(raw, dict) and isinstance(raw.get("name"), str) and kind_of(raw) == "credential":
                self._types.setdefault(raw["name"], raw)
        except DescriptorError:
            return

    def _look_beside(self, file: Path) -> None:
        """Take the credential types in the folders in which a package keeps them: beside a node, and one above."""
        from nodeloom.descriptor.documentfiles import read_json

        here = file.resolve().parent
        for folder in (here, here / "credentials", here.parent, here.parent / "credentials"):
            if folder in self._seen or not folder.is_dir():
                continue
            self._seen.add(folder)
            for path in sorted(folder.glob("*.json"))[:_MOST_FILES]:
                try:
                    self._take(read_json(path))
                except DescriptorError:
                    continue

    def _known_types(self, file: Path) -> list[str]:
        self._look_beside(file)
        return [*self._types, *self.registry.credential_types]

    def unknown_types(self, file: Path, raw: Json) -> list[Problem]:
        """Credential types that a node names, or that a type extends, and that are neither beside it nor installed."""
        from nodeloom.descriptor.validation import Problem, json_path

        named: list[tuple[Keys, Json]] = [
            (("credentials", i, "name"), _name(entry)) for i, entry in enumerate(_list(raw.get("credentials")))
        ]
        named += [(("extends", i), entry) for i, entry in enumerate(_list(raw.get("extends")))]
        found = []
        for keys, name in named:
            if not isinstance(name, str):
                continue
            known = self._known_types(file)
            if name.casefold() not in {other.casefold() for other in known}:
                close = nearest(name, known)
                hint = (
                    f"Did you mean {close!r}?" if close else "Validate its file with the node's, or install its pack."
                )
                found.append(
                    Problem(json_path(keys), f"unknown credential type {preview(name)!r}.", preview(name), hint)
                )
        return found

    def inherited_fields(self, file: Path, raw: Mapping[str, Json]) -> frozenset[str] | None:
        """The names of the fields that a credential type inherits; None where a parent is not known."""
        from nodeloom.descriptor.soundness import names_of

        fields: set[str] = set()
        waiting, seen = [*_list(raw.get("extends"))], set[str]()
        self._look_beside(file)
        while waiting:
            name = waiting.pop()
            if not isinstance(name, str) or name in seen:
                continue
            seen.add(name)
            if name in self._types:
                fields |= names_of(self._types[name].get("properties"))
                waiting += _list(self._types[name].get("extends"))
                continue
            try:
                kind = self.registry.credential_type(name)
            except NodeloomError:
                return None
            fields |= {prop.name for prop in kind.properties}
            waiting += kind.extends or ()
        return frozenset(fields)

    def head_names(self, file: Path) -> frozenset[str]:
        """The names of the properties in the head of the split node that a resource's file belongs to."""
        from nodeloom.descriptor.documentfiles import read_json
        from nodeloom.descriptor.soundness import names_of

        for folder in (file.parent, file.parent.parent):
            try:
                head = read_json(folder / "node.json")
            except DescriptorError:
                continue
            if isinstance(head, Mapping) and isinstance(head.get("resources"), Mapping):
                return names_of(head.get("properties")) | {"resource"}
        return frozenset({"resource"})

    def node_of(self, raw: Mapping[str, Json]) -> Node | None:
        """The node that a copied one is of: among those validated with it, or installed; None when it is neither."""
        from nodeloom.importers.instance import parse_instance

        own = {
            name: file for file, name in ((f, _name(d)) for f, d in self._documents.items()) if isinstance(name, str)
        }
        known = [*own, *self.registry.nodes]
        try:
            name = parse_instance(raw).match(known)
            if name in own:
                from nodeloom.descriptor.catalogue import Node

                return Node.from_path(own[name])
            return self.registry.node(name)
        except UnknownNameError:
            return None
        except NodeloomError:
            # What is wrong with the node's own document is said with that.
            return None


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _name(value: Json) -> Json:
    return value.get("name") if isinstance(value, Mapping) else None
