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
from nodeloom.descriptor.models import DisplayOptions, PropertyDescriptor

_KEY = re.compile(r"[^.\[\]]+")


def _lookup(values: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `filters.conditions[0].field`; a key that holds dots is found as it stands."""
    if path in values:
        return values[path]
    found: Any = values
    for key in _KEY.findall(path):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return ABSENT
    return found


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


@dataclass(slots=True)
class Surroundings:
    """What a part's `displayOptions` can see: its siblings, the root's values, and the node's version."""

    siblings: Mapping[str, Any]
    root: Mapping[str, Any]
    version: int | float
    is_template: Callable[[Any], bool] = _is_template

    def values(self, key: str) -> list[Any]:
        """The values a `displayOptions` key stands for: ABSENT alone when the parameter has no value."""
        if key == "@version":
            return [self.version]
        if key == "@tool":
            return [False]  # whether n8n's AI agent uses the node
        where, path = (self.root, key[1:]) if key.startswith("/") else (self.siblings, key)
        found = _lookup(where, path)
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
            if not any(matches(condition, values) for condition in _as_list(conditions)):
                return False
        for key, conditions in (options.hide or {}).items():
            values = self.values(key)
            if values and any(matches(condition, values) for condition in _as_list(conditions)):
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
    version: int | float,
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
