"""What a filled-in form holds, as n8n's form does: null is not a value, entries of collections have their defaults.

With `as_n8n` what the form would not have let in counts for as much as it does in n8n: members a collection does not
have, a list in place of one entry, an expression for a property that takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nodeloom.descriptor.models import GroupDescriptor, PropertyDescriptor
from nodeloom.descriptor.visibility import Edition, visible_form
from nodeloom.expression import Dialect, Literal
from nodeloom.expression.splitting import is_template

# False, 0 and null are values of these (n8n); null is not a value of any other kind.
_TAKE_NULL = frozenset({"boolean", "number", "options"})
# What a filter holds beside its conditions, as n8n's form fills it in.
_FILTER_OPTIONS = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 1}
_COLLECTIONS = frozenset({"collection", "fixedCollection"})


def given_values(
    properties: Sequence[PropertyDescriptor], given: Mapping[str, object], dialect: Dialect, *, as_n8n: bool
) -> dict[str, object]:
    """The values of a form that were given: without null where a default stands, `{}` for it in a collection.

    Where a property takes no expression, n8n makes text of one (`as_n8n`).
    """
    by_name: dict[str, list[PropertyDescriptor]] = {}
    for prop in properties:
        by_name.setdefault(prop.name, []).append(prop)
    kept: dict[str, object] = {}
    for name, value in given.items():
        definitions = by_name.get(name, [])
        if value is None and any(prop.type in _COLLECTIONS and prop.has_default for prop in definitions):
            kept[name] = {}
        elif value is None and any(map(_replaces_null, definitions)):
            continue
        elif as_n8n and isinstance(value, str) and any(prop.no_data_expression for prop in definitions):
            kept[name] = _as_text(value, dialect)
        else:
            kept[name] = value
    return kept


def _as_text(value: str, dialect: Dialect) -> object:
    """An expression as the text behind its `=`; another text as it is."""
    text = value[1:] if value.startswith("=") else value
    return text if text is value or dialect == "n8n" or text.startswith("=") else Literal(text)


def _replaces_null(prop: PropertyDescriptor) -> bool:
    located = prop.type == "resourceLocator" and isinstance(prop.default, Mapping)
    return prop.has_default and prop.type not in _TAKE_NULL and not located


@dataclass(frozen=True, slots=True)
class Filling:
    """Fills in the values of collections.

    Args:
        root: the values of the whole form.
        edition: of the node.
        dialect: that of the author's templates.
        is_template: which values are expressions.
        as_n8n: whether what the form would not have let in counts as it does in n8n.
    """

    root: Mapping[str, object]
    edition: Edition
    dialect: Dialect
    is_template: Callable[[object], bool]
    as_n8n: bool

    def value(self, prop: PropertyDescriptor, value: object) -> object:
        """`value` with what its members have by default; anything but a written collection is left as it is."""
        if prop.type == "filter" and isinstance(value, Mapping) and "$literal" not in value:
            options = value.get("options")
            return {
                **value,
                "combinator": value.get("combinator") or "and",
                "options": {**_FILTER_OPTIONS, **(options if isinstance(options, Mapping) else {})},
            }
        # A list of collections has no defaults in its entries in n8n.
        if prop.type not in _COLLECTIONS or (prop.type == "collection" and prop.multiple):
            return value
        if isinstance(value, Literal) or (isinstance(value, Mapping) and "$literal" in value):
            return value
        if not isinstance(value, Mapping):
            return {} if self.as_n8n else value
        if prop.type == "collection":
            return self._members(prop.children(), value, defaults=False)
        groups = {group.name: group for group in prop.groups()}
        found: dict[str, object] = {}
        for name, entries in value.items():
            if name in groups:
                filled = self._entries(prop, groups[name], entries)
                if filled is not None:
                    found[name] = filled
            elif not self.as_n8n:
                found[name] = entries
        return found

    def _entries(self, prop: PropertyDescriptor, group: GroupDescriptor, entries: object) -> object:
        """The entries of a group; None for none."""
        if prop.multiple:
            if not isinstance(entries, list):
                entries = [entries] if isinstance(entries, Mapping) else entries
            if not isinstance(entries, list):
                return entries
            return [
                self._members(group.values, entry, defaults=True) if isinstance(entry, Mapping) else entry
                for entry in entries
            ]
        if isinstance(entries, Mapping):
            return self._members(group.values, entries, defaults=True) or None
        if self.as_n8n and entries is not None:
            # n8n looks for the members of one entry also in a text or a number, and finds none.
            return self._members(group.values, {}, defaults=True) or None
        return entries

    def _members(
        self, properties: Sequence[PropertyDescriptor], given: Mapping[str, object], *, defaults: bool
    ) -> dict[str, object]:
        kept = given_values(properties, given, self.dialect, as_n8n=self.as_n8n)
        # A member of a collection that was given as null has its default, one that was not given has no value.
        asked = properties if defaults else [prop for prop in properties if prop.name in given]
        form = visible_form(asked, kept, version=self.edition, root=self.root, is_template=self.is_template)
        shown = {prop.name: prop for prop in form.properties}
        members = {
            name: self.value(shown[name], value) if name in kept else self._default(shown[name], value)
            for name, value in form.values.items()
        }
        known = {prop.name for prop in properties}
        if not self.as_n8n:
            members.update((name, value) for name, value in given.items() if name not in known)
        return members

    def _default(self, prop: PropertyDescriptor, value: object) -> object:
        """A default, which is a template by n8n's rule, also if the author's rule is another one."""
        if self.dialect != "n8n" and isinstance(value, str) and not value.startswith("="):
            return Literal(value) if is_template(value, self.dialect) else value
        return self.value(prop, value)
