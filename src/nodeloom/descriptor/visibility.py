"""Which parts of a form are visible, and what the visible ones hold before expressions are resolved.

The rules are n8n's (`displayOptions`): every key of `show` must match, no key of `hide` may. A key names a
sibling parameter, `/name` a parameter at the root, `@version` the node's version. An invisible parameter has no
value, so what depends on it is invisible as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodeloom.descriptor.models import DisplayOptions, PropertyDescriptor
from nodeloom.errors import DescriptorError

_MISSING = object()


def _number(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def check(value: Any, wanted: Any) -> bool:
        return isinstance(value, (int, float)) and isinstance(wanted, (int, float)) and compare(value, wanted)

    return check


def _text(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def check(value: Any, wanted: Any) -> bool:
        return isinstance(value, str) and isinstance(wanted, str) and compare(value, wanted)

    return check


def _same(value: Any, wanted: Any) -> bool:
    """JavaScript's strict equality on JSON: `true` is not `1`."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _between(value: Any, wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and isinstance(value, (int, float)) and wanted["from"] <= value <= wanted["to"]


_CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "not": lambda value, wanted: not _same(value, wanted),
    "gt": _number(lambda a, b: a > b),
    "gte": _number(lambda a, b: a >= b),
    "lt": _number(lambda a, b: a < b),
    "lte": _number(lambda a, b: a <= b),
    "between": _between,
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "includes": _text(lambda value, wanted: wanted in value),
    "regex": _text(lambda value, wanted: re.search(wanted, value) is not None),
    "exists": lambda value, _wanted: value is not None and value != "",
}


def _matches(condition: Any, values: list[Any]) -> bool:
    if isinstance(condition, Mapping) and "_cnd" in condition:
        (kind, wanted), *_ = condition["_cnd"].items()
        check = _CONDITIONS.get(kind)
        if check is None:
            raise DescriptorError(
                f"displayOptions uses the unknown condition {kind!r}.",
                hint=f"Known conditions: {', '.join(_CONDITIONS)}.",
                value=condition,
            )
        return bool(values) and all(check(value, wanted) for value in values)
    return any(_same(value, condition) for value in values)


def _lookup(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return _MISSING
        found = found[key]
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
        """The values a `displayOptions` key stands for: none when the parameter has no value."""
        if key == "@version":
            return [self.version]
        where, path = (self.root, key[1:]) if key.startswith("/") else (self.siblings, key)
        found = _lookup(where, path)
        if found is _MISSING:
            return []
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
            if not any(_matches(condition, values) for condition in _as_list(conditions)):
                return False
        for key, conditions in (options.hide or {}).items():
            values = self.values(key)
            if values and any(_matches(condition, values) for condition in _as_list(conditions)):
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
            if key != "@version":
                yield key.removeprefix("/").split(".")[0]


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
