"""A loaded node and the names in it: resources, operations, properties.

A node is one document, or split: a head that names a file for each resource (`resources`). A split node reads a
resource's file when the resource is first asked for, so a node with hundreds of operations starts at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from nodeloom.descriptor.documentfiles import read_json
from nodeloom.descriptor.models import (
    CredentialType,
    Document,
    NodeDescriptor,
    OptionDescriptor,
    PropertyDescriptor,
    ResourceDocument,
)
from nodeloom.descriptor.once import once
from nodeloom.descriptor.visibility import Surroundings, edition_of, keep_decided
from nodeloom.errors import DescriptorError, UnknownNameError, nearest
from nodeloom.values import Json

Model = TypeVar("Model", bound=Document)
Key = TypeVar("Key")

RESOURCE = "resource"
OPERATION = "operation"


def plain(name: object) -> str:
    """`name` without case, spaces and punctuation: how names are compared when no exact one is there."""
    text = str(name)
    return "".join(c for c in text.casefold() if c.isalnum()) or text


def _load(model: type[Model], raw: Json, name: str) -> Model:
    try:
        return model.model_validate(raw)
    except RecursionError:
        raise DescriptorError(f"{name} is nested too deeply.", path="$", hint="Use fewer levels of nesting.") from None
    except ValueError as fault:
        # Imported only now: what fits does without pydantic.
        from pydantic import ValidationError

        from nodeloom.descriptor.problems import problems_of

        if not isinstance(fault, ValidationError):
            raise
        found = problems_of(fault, raw)
        raise DescriptorError(
            f"{name} is not a valid descriptor.\n" + "\n".join(str(p) for p in found[:10]),
            path=found[0].path,
            hint="`nodeloom validate FILE` lists every problem.",
        ) from None


class Node:
    """A loaded node.

    `document` is the node's descriptor; of a split node, its head. Raises DescriptorError when the document is
    not a descriptor.
    """

    def __init__(self, raw: Mapping[str, Json], *, folder: Path | None = None, source: str = "given") -> None:
        self.document = _load(NodeDescriptor, raw, source)
        self.source = source
        self._folder = folder
        self._descriptors: dict[str, NodeDescriptor] = {}
        self._labels: dict[str, str] | None = None

    @classmethod
    def from_path(cls, path: Path) -> Node:
        """Load a node from a JSON file, or from a folder that holds `node.json`."""
        file = path / "node.json" if path.is_dir() else path
        raw = read_json(file)
        if not isinstance(raw, dict):
            raise DescriptorError(f"{file} holds no JSON object.", path="$", hint="A node descriptor is an object.")
        return cls(raw, folder=file.parent, source=str(file))

    def at_version(self, version: int | float) -> Node:
        """The same node as it is in one of its versions. Raises UnknownNameError for a version it does not have."""
        known = self.document.version if isinstance(self.document.version, list) else [self.document.version]
        if version not in known:
            raise UnknownNameError("version", f"{version:g}", [f"{v:g}" for v in known], within=self.label)
        chosen = copy.copy(self)
        chosen.document = self.document.model_copy(update={"version": version})
        # What was worked out for the other version does not hold for this one.
        chosen._descriptors = {}
        chosen._labels = None
        return chosen

    @property
    def name(self) -> str:
        """The node's unique name."""
        return self.document.name

    @property
    def label(self) -> str:
        """What a person calls the node."""
        return self.document.display_name

    def resources(self) -> list[str]:
        """Values of the parameter `resource`, in document order; empty when the node has none."""
        if self.document.resources is not None:
            return list(self.document.resources)
        return [str(o.value) for o in self._options(RESOURCE, {})]

    def resource_label(self, resource: str) -> str:
        """What a person calls the resource."""
        return self._resource_labels().get(resource, resource)

    def _resource_labels(self) -> dict[str, str]:
        """What a person calls each resource; settled once, a node may have hundreds."""
        if self._labels is None:
            labels: dict[str, str] = {}
            for option in self._options(RESOURCE, {}):
                labels.setdefault(str(option.value), option.name)
            self._labels = labels
        return self._labels

    def operation_names(self, resource: str | None) -> list[str]:
        """Labels of a resource's operations, without reading the resource's file."""
        if self.document.resources is not None and resource is not None:
            return list(self.document.resources[resource].operations)
        return [o.name for o in self.operations(resource)]

    def search_file(self) -> Path | None:
        """The node's search index, if it brings one."""
        if self.document.search is None or self._folder is None:
            return None
        return self._beside(self.document.search)

    def operations(self, resource: str | None) -> list[OptionDescriptor]:
        """The operations a resource can show, in document order; other parameters may decide which it shows at a time.

        Of several choices with one value the first is given.
        """
        return self._options(OPERATION, {RESOURCE: resource} if resource is not None else {})

    def descriptor(self, resource: str | None) -> NodeDescriptor:
        """The descriptor that describes `resource` whole; reads the resource's file once."""
        index = self.document.resources
        if index is None or resource is None:
            return self.document
        if resource not in self._descriptors:
            if resource not in index:
                raise UnknownNameError(RESOURCE, resource, index, within=self.label)
            entry = index[resource]
            if self._folder is None:
                raise DescriptorError(
                    f"{self.label} is split over files, but was given without a folder.",
                    hint="Load it from its folder.",
                    path="$.resources",
                )
            file = self._beside(entry.file)
            part = _load(ResourceDocument, read_json(file), str(file))
            self._descriptors[resource] = self.document.model_copy(
                update={"properties": [*self.document.properties, *part.properties]}
            )
        return self._descriptors[resource]

    def _beside(self, name: str) -> Path:
        """A file that the head names. Raises DescriptorError when it is outside the node's folder."""
        folder = self._folder or Path()
        file = folder / name
        # A package of others must not make the runtime read any file of the machine.
        if not file.resolve().is_relative_to(folder.resolve()):
            raise DescriptorError(f"{self.source} names a file outside its own folder.", value=name)
        return file

    def match_resource(self, name: object, among: Iterable[OptionDescriptor] | None = None) -> Json:
        """The value of the resource that `name` means (value or label, without case), of all or of those in `among`.

        Raises UnknownNameError with the nearest name.
        """
        names: list[tuple[Json, list[Json]]]
        if among is None:
            names = [(r, [r, self.resource_label(r)]) for r in self.resources()]
        else:
            names = [(option.value, [option.value, option.name]) for option in among]
        return _match(RESOURCE, name, names, within=self.label)

    def match_operation(
        self, resource: str | None, name: object, among: Iterable[OptionDescriptor] | None = None
    ) -> OptionDescriptor:
        """The operation that `name` means (value, label or action, without case), of all or of those in `among`.

        Raises UnknownNameError with the nearest name.
        """
        offered = self.operations(resource) if among is None else among
        names = [(o, [o.value, o.name, *([o.action] if o.action else [])]) for o in offered]
        within = self.label if resource is None else f"{self.label}, {self.resource_label(resource)}"
        self._refuse_gone(resource, name, {plain(n) for _o, own in names for n in own}, within)
        return _match(OPERATION, name, names, within=within)

    def _refuse_gone(self, resource: str | None, name: object, here: set[str], within: str) -> None:
        """Say so when the service had such an operation and has it no longer."""
        index = (self.document.resources or {}).get(resource or "")
        for gone, until in (index.gone or {}).items() if index is not None else ():
            if plain(gone) == plain(name) and plain(name) not in here:
                raise UnknownNameError(
                    OPERATION,
                    str(name),
                    [],
                    within=within,
                    advice=f"The service had it up to {until}; {self.label} {self.document.release or 'now'} does not.",
                )

    def _options(self, parameter: str, given: Mapping[str, Json]) -> list[OptionDescriptor]:
        descriptor = self.descriptor(given.get(RESOURCE))
        around = Surroundings(given, given, edition_of(descriptor))

        def possible(part: PropertyDescriptor | OptionDescriptor) -> bool:
            return around.visible(keep_decided(part.display_options, (RESOURCE,)))

        found: dict[Json, OptionDescriptor] = {}
        for prop in descriptor.properties:
            if prop.name == parameter and (parameter == RESOURCE or possible(prop)):
                for option in prop.choices():
                    if possible(option):
                        found.setdefault(id(option) if option.value is None else str(option.value), option)
        return list(found.values())


def _match(kind: str, wanted: object, names: Sequence[tuple[Key, Sequence[Json]]], *, within: str) -> Key:
    """The key that `wanted` names. Each key comes with its names: value, label, then others.

    A value counts before a label, an exact name before one without case and punctuation.
    """
    for rank in range(max((len(own) for _key, own in names), default=0)):
        for key, own in names:
            # By the type as well: true is 1 to Python, and another value in JSON.
            if rank < len(own) and own[rank] == wanted and type(own[rank]) is type(wanted):
                return key
    for key, own in names:
        if plain(wanted) in map(plain, own):
            return key
    labels = [str(own[1]) for _key, own in names]
    others = [str(name) for _key, own in names for name in own if plain(name) not in map(plain, labels)]
    close = nearest(str(wanted), labels) or nearest(str(wanted), others)
    raise UnknownNameError(kind, str(wanted), labels if close is None or close in labels else [close], within=within)


class PropertyNames:
    """Finds the property an author means by a parameter's key: its name, else its label, else without case."""

    def __init__(self, properties: Iterable[PropertyDescriptor]) -> None:
        self._properties = list(properties)
        self._exact = {p.name for p in self._properties}

    @once
    def _loose(self) -> dict[str, str]:
        table: dict[str, str] = {}
        for prop in self._properties:
            table.setdefault(plain(prop.name), prop.name)
        for prop in self._properties:
            table.setdefault(plain(prop.label), prop.name)
        return table

    def find(self, key: str) -> str | None:
        """The name of the property that `key` means, or None."""
        return key if key in self._exact else self._loose.get(plain(key))

    def labels(self) -> list[str]:
        """The labels, for a message."""
        return list(dict.fromkeys(p.label for p in self._properties if p.type != "notice"))


def credential_type(raw: Mapping[str, Json], *, source: str = "given") -> CredentialType:
    """A credential type from its document; DescriptorError if it is not one."""
    return _load(CredentialType, raw, source)
