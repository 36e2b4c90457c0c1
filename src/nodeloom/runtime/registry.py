"""The nodes and credential types a runtime knows, loaded when they are first asked for."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom.descriptor.catalogue import Node, credential_type
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.errors import DescriptorError, PluginError, UnknownNameError
from nodeloom.guarding import words
from nodeloom.hooks import Source
from nodeloom.plugins import BUILTIN, Plugins

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.descriptor.nodesearch import Entry

Value = TypeVar("Value")

# The hooks that register.
_NODES = "nodeloom_nodes"
_TYPES = "nodeloom_credential_types"


class Registry:
    """What plugins registered and the host added; a name of the host's replaces one of a plugin's.

    A plugin whose document is broken is named in the plugins' failures when the document is first read; the others are
    there all the same.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        nodes = plugins.collect(_NODES)
        types = plugins.collect(_TYPES)
        self._nodes: dict[str, Source | Node] = {name: source for name, (_plugin, source) in nodes.items()}
        self._types: dict[str, Source | CredentialType] = {name: source for name, (_plugin, source) in types.items()}
        # The plugins of documents that were not read yet.
        self._owners = {
            **{(_NODES, name): plugin for name, (plugin, _source) in nodes.items()},
            **{(_TYPES, name): plugin for name, (plugin, _source) in types.items()},
        }
        self._broken: dict[tuple[str, str], DescriptorError] = {}

    @property
    def failures(self) -> Sequence[PluginError]:
        """What went wrong with plugins so far, in their hooks and in the documents that were read."""
        return tuple(self._plugins.failures)

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name. Reading one loads its document; going through the nodes passes broken ones by."""
        return _Loaded(self._nodes, self.node)

    @property
    def credential_types(self) -> Mapping[str, CredentialType]:
        """All credential types by name. Reading one loads its document; going through them passes broken ones by."""
        return _Loaded(self._types, self.credential_type)

    @property
    def broken_nodes(self) -> Mapping[str, DescriptorError]:
        """The nodes that were asked for and whose documents are broken, with the reason."""
        return {name: error for (kind, name), error in self._broken.items() if kind == _NODES}

    def entries(self, nodes: Iterable[Node] | None = None) -> list[Entry]:
        """The operations of `nodes`, or of all, for a search. What is broken of all is passed by, and noted."""
        from nodeloom.descriptor.nodesearch import entries_of

        if nodes is not None:
            return [entry for node in nodes for entry in entries_of(node)]
        found: list[Entry] = []
        for name, node in self.nodes.items():
            owner = self._owners.get((_NODES, name))
            with contextlib.suppress(DescriptorError):
                found += self._read(_NODES, name, owner, functools.partial(entries_of, node))
        return found

    def check(self) -> None:
        """Read every document that plugins bring, so that `failures` names each one that is broken.

        Those that ship are not read to the last resource: Nodeloom's own tests do that.
        """
        for name in [name for name in self._nodes if (_NODES, name) in self._owners]:
            plugin = self._owners[_NODES, name]
            with contextlib.suppress(DescriptorError):
                node = self._loaded_node(name)
                if plugin != BUILTIN:
                    self._read(_NODES, name, plugin, functools.partial(_whole, node))
        for _kind in self.credential_types.values():
            pass

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
        return next((n for n in self.nodes.values() if n.label.casefold() == str(label).casefold()), None)

    def _loaded_node(self, name: str) -> Node:
        source = self._nodes[name]
        if not isinstance(source, Node):
            loaded = self._read(_NODES, name, self._owners.get((_NODES, name)), functools.partial(load_node, source))
            self._refuse_mask(_NODES, name, loaded.name)
            source = self._nodes[name] = loaded
        return source

    def _refuse_mask(self, kind: str, name: str, own: str) -> None:
        """Raise DescriptorError where a document calls itself by the name of another: it would pass for that one."""
        sources: Mapping[str, Any] = self._nodes if kind == _NODES else self._types
        what = "node" if kind == _NODES else "credential type"
        other = _find(sources, own)
        if other is not None and other != name:
            raise self._note(
                kind,
                name,
                DescriptorError(
                    f"The {what} that is registered as {name!r} calls itself {own!r}, which is another one.",
                    path="$.name",
                    hint="Give it a name of its own.",
                ),
            )

    def _read(self, kind: str, name: str, plugin: str | None, load: Callable[[], Value]) -> Value:
        """What `load` reads of a plugin's document. Raises DescriptorError, and notes which plugin brought it."""
        try:
            return load()
        except DescriptorError as error:
            raise self._note(kind, name, error) from None
        except Exception as fault:
            # A plugin's own mapping or path, which may raise anything.
            if plugin is None:
                raise
            raise self._note(kind, name, DescriptorError(f"{name!r} cannot be read: {words(fault)}")) from fault

    def _note(self, kind: str, name: str, error: DescriptorError) -> DescriptorError:
        plugin = self._owners.get((kind, name))
        if plugin is not None:
            error.details.setdefault("plugin", plugin)
            if (kind, name) not in self._broken:
                self._plugins.fail(plugin, kind, DescriptorError(f"{name!r}: {error.message}", hint=error.hint))
        self._broken[kind, name] = error
        return error

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
            owner = self._owners.get((_TYPES, found))
            source = self._read(_TYPES, found, owner, functools.partial(_load_type, source, found))
            self._refuse_mask(_TYPES, found, source.name)
            self._types[found] = source
        return source

    def add_node(self, source: Mapping[str, Any] | str | Path) -> Node:
        """Add a node: its document, a JSON file, or a folder with `node.json`."""
        node = load_node(Path(source) if isinstance(source, str) else source)
        self._owners.pop((_NODES, node.name), None)
        self._nodes[node.name] = node
        return node

    def add_credential_type(self, source: Mapping[str, Any] | str | Path) -> CredentialType:
        """Add a credential type: its document or a JSON file."""
        raw = read_json(Path(source)) if isinstance(source, (str, Path)) else source
        loaded = credential_type(raw, source=str(source) if isinstance(source, (str, Path)) else "given")
        self._owners.pop((_TYPES, loaded.name), None)
        self._types[loaded.name] = loaded
        return loaded


def type_for(name: str, values: Mapping[str, Any]) -> CredentialType:
    """A credential type for fields whose type is not installed: expressions see them, and all are secret."""
    fields = [{"name": key, "type": _kind(value), "typeOptions": {"password": True}} for key, value in values.items()]
    return credential_type({"name": name, "displayName": name, "properties": fields})


def _load_type(source: Source, name: str) -> CredentialType:
    raw = read_json(source) if isinstance(source, Path) else source
    return credential_type(raw, source=str(source) if isinstance(source, Path) else name)


def _whole(node: Node) -> None:
    """Read a node to its last resource, and its search index."""
    from nodeloom.descriptor.nodesearch import entries_of

    for resource in node.resources():
        node.descriptor(resource)
    entries_of(node)


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
    """Names and what they load, loaded when asked for; going through values or items leaves out what is broken."""

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

    def values(self) -> ValuesView[Value]:
        """What the names load, but for what is broken."""
        return _WorkingValues(self)

    def items(self) -> ItemsView[str, Value]:
        """The names with what they load, but for what is broken."""
        return _WorkingItems(self)

    def working(self) -> Iterator[tuple[str, Value]]:
        """Each name with what it loads, as far as it can be loaded."""
        for name in list(self._sources):
            with contextlib.suppress(DescriptorError):
                yield name, self._load(name)


class _WorkingValues(ValuesView[Value]):
    _mapping: _Loaded[Value]

    def __iter__(self) -> Iterator[Value]:
        return (value for _name, value in self._mapping.working())


class _WorkingItems(ItemsView[str, Value]):
    _mapping: _Loaded[Value]

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        return self._mapping.working()
