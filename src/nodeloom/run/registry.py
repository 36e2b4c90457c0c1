"""The nodes and credential types a runtime knows, loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom.descriptor.catalogue import Node, credential_type
from nodeloom.descriptor.files import read_json
from nodeloom.errors import DescriptorError, UnknownNameError
from nodeloom.plugins import Plugins, Source

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType

Value = TypeVar("Value")


class Registry:
    """What plugins registered and the host added; a name of the host's replaces one of a plugin's."""

    def __init__(self, plugins: Plugins) -> None:
        self._nodes: dict[str, Source | Node] = {
            name: source for name, (_plugin, source) in plugins.collect("nodeloom_nodes").items()
        }
        self._types: dict[str, Source | CredentialType] = {
            name: source for name, (_plugin, source) in plugins.collect("nodeloom_credential_types").items()
        }

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name. Reading one loads its document."""
        return _Loaded(self._nodes, self.node)

    @property
    def credential_types(self) -> Mapping[str, CredentialType]:
        """All credential types by name. Reading one loads its document."""
        return _Loaded(self._types, self.credential_type)

    def node(self, name: str) -> Node:
        """The node of that name or label (without case). Raises UnknownNameError, or DescriptorError."""
        found = _find(self._nodes, name)
        if found is not None:
            return self._loaded_node(found)
        labelled = self._labelled(name)
        if labelled is None:
            raise UnknownNameError("node", str(name), self._nodes)
        return labelled

    def _labelled(self, label: str) -> Node | None:
        """The node that people call so. Labels are in the documents, hence all are read; a broken one is passed by."""
        for name in list(self._nodes):
            try:
                node = self._loaded_node(name)
            except DescriptorError:
                continue
            if node.label.casefold() == str(label).casefold():
                return node
        return None

    def _loaded_node(self, name: str) -> Node:
        source = self._nodes[name]
        if not isinstance(source, Node):
            source = self._nodes[name] = load_node(source)
        return source

    def knows_type(self, name: str) -> bool:
        """Whether there is a credential type of that name (without case)."""
        return _find(self._types, name) is not None

    def credential_type(self, name: str) -> CredentialType:
        """The credential type of that name (without case). Raises UnknownNameError, or DescriptorError."""
        found = _find(self._types, name)
        if found is None:
            raise UnknownNameError("credential type", str(name), self._types)
        source = self._types[found]
        if isinstance(source, (Mapping, Path)):
            raw = read_json(source) if isinstance(source, Path) else source
            source = credential_type(raw, source=str(source) if isinstance(source, Path) else found)
            self._types[found] = source
        return source

    def add_node(self, source: Mapping[str, Any] | str | Path) -> Node:
        """Add a node: its document, a JSON file, or a folder with `node.json`."""
        node = load_node(Path(source) if isinstance(source, str) else source)
        self._nodes[node.name] = node
        return node

    def add_credential_type(self, source: Mapping[str, Any] | str | Path) -> CredentialType:
        """Add a credential type: its document or a JSON file."""
        raw = read_json(Path(source)) if isinstance(source, (str, Path)) else source
        loaded = credential_type(raw, source=str(source) if isinstance(source, (str, Path)) else "given")
        self._types[loaded.name] = loaded
        return loaded


def type_for(name: str, values: Mapping[str, Any]) -> CredentialType:
    """A credential type for fields whose type nobody brings: they are shown to expressions, and all are secret."""
    fields = [{"name": key, "type": _kind(value), "typeOptions": {"password": True}} for key, value in values.items()]
    return credential_type({"name": name, "displayName": name, "properties": fields})


def load_node(source: Source) -> Node:
    """The node in a document, a JSON file or a folder. Raises DescriptorError."""
    return Node.from_path(source) if isinstance(source, Path) else Node(source)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "json" if isinstance(value, (dict, list)) else "string"


def _find(sources: Mapping[str, Any], name: str) -> str | None:
    if name in sources:
        return name
    return next((known for known in sources if known.casefold() == str(name).casefold()), None)


class _Loaded(Mapping[str, Value]):
    """Names and what they load, loaded when asked for."""

    def __init__(self, sources: Mapping[str, Any], load: Callable[[str], Value]) -> None:
        self._sources = sources
        self._load = load

    def __getitem__(self, name: str) -> Value:
        if name not in self._sources:
            raise KeyError(name)
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)
