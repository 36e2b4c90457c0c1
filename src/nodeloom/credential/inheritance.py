"""`extends`: a credential type with what it takes over from others (n8n's rule for properties)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nodeloom.errors import DescriptorError, nearest
from nodeloom.values import JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType, PropertyDescriptor

# Of these a type has its own, or else the one of the last parent that has one.
_WHOLE = ("authenticate", "test", "token", "require_one_of")


def inherited(type: CredentialType, known: Mapping[str, CredentialType]) -> CredentialType:  # noqa: A002 - a credential type
    """`type` with the properties, `authenticate`, `test`, `token` and `requireOneOf` of the types it extends.

    As in n8n, properties of the parents come first, a later parent's over an earlier one's; an own property stands in
    the place of the inherited ones of that name (`grantType` as a hidden field, say), and one marked `doNotInherit`
    stays with its type. Everything else is the type's own, or inherited whole. A type that extends nothing is given
    back as it is; the result extends nothing any more. Raises DescriptorError for a parent that is not in `known`,
    with the nearest name, and for types that extend each other.
    """
    return _inherit(type, known, (type.name,))


def _inherit(
    type: CredentialType,  # noqa: A002 - a credential type
    known: Mapping[str, CredentialType],
    chain: tuple[str, ...],
) -> CredentialType:
    if not type.extends:
        return type
    parents = [_parent(type, index, name, known, chain) for index, name in enumerate(type.extends)]
    properties: list[PropertyDescriptor] = []
    for parent in parents:
        kept = [prop for prop in parent.properties if not prop.model_extra.get("doNotInherit")]
        properties = _merge(properties, kept)
    update: JsonObject = {"properties": _merge(properties, type.properties), "extends": None}
    for name in _WHOLE:
        brought = [getattr(parent, name) for parent in parents if getattr(parent, name) is not None]
        if getattr(type, name) is None and brought:
            update[name] = brought[-1]
    return type.model_copy(update=update)


def _parent(
    type: CredentialType,  # noqa: A002 - a credential type
    index: int,
    name: str,
    known: Mapping[str, CredentialType],
    chain: tuple[str, ...],
) -> CredentialType:
    path = f"extends[{index}]"
    if name in chain:
        raise DescriptorError(
            f"The credential type {name!r} extends itself: {' → '.join((*chain, name))}.",
            path=path,
            hint="Take one of these out of `extends`.",
        )
    if name not in known:
        close = nearest(name, known)
        raise DescriptorError(
            f"The credential type {type.name!r} extends {name!r}, and there is no credential type of that name.",
            path=path,
            value=name,
            hint=f"Did you mean {close!r}?" if close else "Add that credential type too.",
            nearest=close,
        )
    return _inherit(known[name], known, (*chain, name))


def _merge(under: Sequence[PropertyDescriptor], over: Sequence[PropertyDescriptor]) -> list[PropertyDescriptor]:
    """`over` upon `under`: a name keeps the place it had, with all that `over` has under it."""
    replacing: dict[str, list[PropertyDescriptor]] = {}
    for prop in over:
        replacing.setdefault(prop.name, []).append(prop)
    merged: list[PropertyDescriptor] = []
    for prop in under:
        if prop.name not in replacing:
            merged.append(prop)
        elif prop.name not in {other.name for other in merged}:
            merged += replacing[prop.name]
    placed = {prop.name for prop in under}
    return merged + [prop for prop in over if prop.name not in placed]
