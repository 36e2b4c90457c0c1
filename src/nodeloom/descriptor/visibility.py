"""Which parts of a form are visible, and what the visible ones hold before expressions are resolved.

The rules are n8n's (`displayOptions`): every key of `show` must match, no key of `hide` may. A key names a
sibling parameter, `/name` a parameter at the root, `@version` the node's version. An invisible parameter has no
value, so what depends on it is invisible as well, unless all it asks is that the value be another one (`not`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodeloom.descriptor.conditions import ABSENT, matches
from nodeloom.descriptor.keypaths import value_at
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, PropertyDescriptor


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


@dataclass(frozen=True, slots=True)
class Edition:
    """What of a node, besides its parameters, decides about its form.

    `features` are those of its `version`, None for a node that declares none; `tool` says whether it is an AI agent's
    tool.
    """

    version: int | float
    features: frozenset[str] | None = None
    tool: bool = False

    def values(self, key: str) -> list[Any]:
        """The values of `@version`, `@feature` and `@tool` (n8n)."""
        if key == "@feature":
            return sorted(self.features or ())
        return [self.version if key == "@version" else self.tool]


def edition_of(node: NodeDescriptor) -> Edition:
    """The edition of a node in its newest version. Raises DescriptorError for a feature's condition that is none."""
    version = node.type_version
    features = None
    if node.features is not None:
        features = frozenset(
            name for name, rule in node.features.items() if _holds(_as_list(rule.get("@version")), [version])
        )
    return Edition(version, features, node.name.endswith("Tool"))


def _holds(conditions: Iterable[Any], values: list[Any]) -> bool:
    return any(matches(condition, values) for condition in conditions)


@dataclass(slots=True)
class Surroundings:
    """What a part's `displayOptions` can see: its siblings, the root's values, and the node's edition."""

    siblings: Mapping[str, Any]
    root: Mapping[str, Any]
    edition: Edition | int | float
    is_template: Callable[[Any], bool] = _is_template

    def values(self, key: str) -> list[Any]:
        """The values a `displayOptions` key stands for: ABSENT alone when the parameter has no value."""
        if key in ("@version", "@feature", "@tool"):
            edition = self.edition if isinstance(self.edition, Edition) else Edition(self.edition)
            return edition.values(key)
        where, path = (self.root, key[1:]) if key.startswith("/") else (self.siblings, key)
        found = value_at(where, path, ABSENT)
        if isinstance(found, Mapping) and found.get("__rl"):
            found = found.get("value")
        return list(found) if isinstance(found, list) else [found]

    def visible(self, options: DisplayOptions | None) -> bool:
        """Whether a part with these `displayOptions` is visible here."""
        if options is None:
            return True
        for key, conditions in (options.show or {}).items():
            values = self.values(key)
            if any(self.is_template(value) for value in values):
                return True  # n8n shows what depends on an expression, whatever else is asked
            if not _holds(_as_list(conditions), values):
                return False
        for key, conditions in (options.hide or {}).items():
            values = self.values(key)
            if values and _holds(_as_list(conditions), values):
                return False
        return True


def _as_list(conditions: Any) -> list[Any]:
    return conditions if isinstance(conditions, list) else [conditions]


def controlling_names(options: DisplayOptions | None) -> Iterable[str]:
    """The sibling or root parameters that decide about a part."""
    if options is None:
        return
    for keys in (options.show, options.hide):
        for key in keys or ():
            if not key.startswith("@"):
                plain = key.removeprefix("/")
                yield plain
                yield re.split(r"[.\[]", plain, maxsplit=1)[0]


@dataclass(slots=True)
class VisibleForm:
    """The visible properties in document order, and their values as written (given, or the default)."""

    properties: list[PropertyDescriptor] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Any:
        return iter(self.properties)


def visible_form(
    properties: Iterable[PropertyDescriptor],
    given: Mapping[str, Any],
    *,
    version: Edition | int | float,
    root: Mapping[str, Any] | None = None,
    defaults: bool = True,
    is_template: Callable[[Any], bool] = _is_template,
) -> VisibleForm:
    """Settle which of `properties` are visible, and what each holds.

    `given` are the author's values; a property that is not given has its default (`defaults=False`: no value).
    With `root`, the properties are nested ones and `/name` looks there. Properties may refer to later ones; the
    parameters that decide are settled first. Two that decide about each other count as written.
    """
    ordered = list(properties)
    by_name: dict[str, list[PropertyDescriptor]] = {}
    for prop in ordered:
        by_name.setdefault(prop.name, []).append(prop)
    values: dict[str, Any] = {}
    settled: set[str] = set()
    around = Surroundings(values, values if root is None else root, version, is_template)

    def settle(name: str) -> None:
        """Give `name` the value of its first visible definition, after what decides about that one."""
        if name in settled:
            return
        settled.add(name)
        for prop in by_name[name]:
            for controlling in controlling_names(prop.display_options):
                if controlling in by_name:
                    settle(controlling)
            if around.visible(prop.display_options):
                if name in given:
                    values[name] = given[name]
                elif prop.has_default and defaults:
                    values[name] = prop.initial
                return

    for name in by_name:
        settle(name)
    return VisibleForm([p for p in ordered if around.visible(p.display_options)], values)
