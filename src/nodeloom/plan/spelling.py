"""The names an author uses inside collections, as the descriptor spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodeloom.descriptor.catalogue import PropertyNames
from nodeloom.descriptor.models import GroupDescriptor, PropertyDescriptor
from nodeloom.errors import ParameterError, UnknownNameError


def respell(prop: PropertyDescriptor, value: Any) -> Any:
    """`value` with the members of collections under their properties' names; names match without case.

    Raises UnknownNameError, with the nearest, for a member the collection does not have, and ParameterError for one
    that is given twice. What is no written object (an expression) is left as it is.
    """
    if not isinstance(value, Mapping) or "$literal" in value:
        return value
    if prop.type == "collection" and not prop.multiple:
        return _members(prop.label, prop.children(), value)
    if prop.type == "fixedCollection":
        return {
            group.name: _entries(group, entries)
            for group, entries in ((_group(prop, key), held) for key, held in value.items())
        }
    return value


def _members(label: str, properties: list[PropertyDescriptor], value: Mapping[str, Any]) -> dict[str, Any]:
    names = PropertyNames(properties)
    found: dict[str, Any] = {}
    for key, held in value.items():
        name = names.find(key)
        if name is None:
            raise UnknownNameError("member", key, names.labels(), within=label, property=label)
        if name in found:
            raise ParameterError(f"{name} is given twice.", property=label, hint="Leave one of them out.")
        prop = next(p for p in properties if p.name == name)
        found[name] = respell(prop, held)
    return found


def _group(prop: PropertyDescriptor, key: str) -> GroupDescriptor:
    groups = {group.name: group for group in prop.groups()}
    found = groups.get(key) or {name.casefold(): group for name, group in groups.items()}.get(key.casefold())
    if found is None:
        raise UnknownNameError("member", key, groups, within=prop.label, property=prop.label)
    return found


def _entries(group: GroupDescriptor, entries: Any) -> Any:
    label = group.display_name or group.name
    if isinstance(entries, list):
        return [_members(label, group.values, e) if isinstance(e, Mapping) else e for e in entries]
    return _members(label, group.values, entries) if isinstance(entries, Mapping) else entries
