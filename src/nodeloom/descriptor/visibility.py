"""Which parts of a form are visible, and what the visible ones hold before expressions are resolved.

The rules are n8n's (`displayOptions`): every key of `show` must match, no key of `hide` may. A key names a
sibling parameter, `/name` a parameter at the root, `@version` the node's version. An invisible parameter has no
value, so what depends on it is invisible as well, unless all it asks is that the value be another one (`not`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nodeloom.descriptor.conditions import ABSENT, matches
from nodeloom.descriptor.keypaths import value_at
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, OptionDescriptor, PropertyDescriptor
from nodeloom.values import Json, JsonObject


def _is_template(value: Json) -> bool:
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

    def values(self, key: str) -> list[Json]:
        """The values of `@version`, `@feature` and `@tool` (n8n)."""
        if key == "@feature":
            return sorted(self.features or ())
        return [self.version if key == "@version" else self.tool]


def edition_of(node: NodeDescriptor) -> Edition:
    """The edition of a node in its newest version. Raises DescriptorError for an unknown condition of a feature."""
    version = node.type_version
    features = None
    if node.features is not None:
        features = frozenset(
            name for name, rule in node.features.items() if _holds(_as_list(rule.get("@version")), [version])
        )
    return Edition(version, features, node.name.endswith("Tool"))


def _holds(conditions: Iterable[Json], values: list[Json]) -> bool:
    return any(matches(condition, values) for condition in conditions)


@dataclass(slots=True)
class Surroundings:
    """What a part's `displayOptions` can see: its siblings, the root's values, and the node's edition."""

    siblings: Mapping[str, Json]
    root: Mapping[str, Json]
    edition: Edition | int | float
    is_template: Callable[[Json], bool] = _is_template

    def values(self, key: str) -> list[Json]:
        """The values a `displayOptions` key stands for: ABSENT alone when the parameter has no value."""
        if key in ("@version", "@feature", "@tool"):
            edition = self.edition if isinstance(self.edition, Edition) else Edition(self.edition)
            return edition.values(key)
        where, path = (self.root, key[1:]) if key.startswith("/") else (self.siblings, key)
        found = value_at(where, path, ABSENT)
        if isinstance(found, Mapping) and (found.get("__rl") or {"mode", "value"} <= found.keys()):
            # A resourceLocator stands for its value; who writes one in Python leaves n8n's mark out.
            found = found.get("value")
        return list(found) if isinstance(found, list) else [found]

    def visible(self, options: DisplayOptions | None) -> bool:
        """Whether a part with these `displayOptions` is visible here."""
        if options is None:
            return True
        for key, conditions in (options.show or {}).items():
            values = self.values(key)
            if any(self.is_template(value) for value in values):
                # n8n shows what depends on an expression, whatever else is asked.
                return True
            if not _holds(_as_list(conditions), values):
                return False
        for key, conditions in (options.hide or {}).items():
            values = self.values(key)
            if values and _holds(_as_list(conditions), values):
                return False
        return True

    def offered(self, properties: Iterable[PropertyDescriptor]) -> list[OptionDescriptor]:
        """The choices of these properties that are visible here, in document order."""
        return [o for prop in properties for o in prop.choices() if self.visible(o.display_options)]


def _as_list(conditions: Json) -> list[Json]:
    return conditions if isinstance(conditions, list) else [conditions]


def keep_decided(options: DisplayOptions | None, known: Collection[str]) -> DisplayOptions | None:
    """Of a part's conditions those that `known` parameters and the node's version settle; the others are left open.

    A part that meets these can be visible, with the right values for the rest.
    """
    if options is None:
        return None

    def settled(conditions: Mapping[str, Json] | None) -> JsonObject | None:
        return {
            k: v for k, v in (conditions or {}).items() if k.startswith("@") or k.removeprefix("/") in known
        } or None

    return DisplayOptions(show=settled(options.show), hide=settled(options.hide))


def keep_rooted(options: DisplayOptions | None) -> DisplayOptions | None:
    """The conditions of a nested part that speak of the root: its siblings are not the operation's parameters."""
    if options is None:
        return None
    keys = ("/", "@")
    return DisplayOptions(
        show={k: v for k, v in (options.show or {}).items() if k.startswith(keys)} or None,
        hide={k: v for k, v in (options.hide or {}).items() if k.startswith(keys)} or None,
    )


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
    values: JsonObject = field(default_factory=dict)

    def __iter__(self) -> Iterator[PropertyDescriptor]:
        return iter(self.properties)


#: Gives the value of a name from its visible properties, what was written for it (ABSENT for nothing), and what they
#: see; ABSENT if it has none. May raise what is wrong with the value.
Place = Callable[[Sequence[PropertyDescriptor], Json, Surroundings], Json]


def as_written(shown: Sequence[PropertyDescriptor], written: Json, _around: Surroundings) -> Json:
    """The value that was written, else the default: of several visible properties the last one's (n8n)."""
    if written is not ABSENT:
        return written
    return next((prop.initial for prop in reversed(shown) if prop.has_default), ABSENT)


def visible_form(
    properties: Iterable[PropertyDescriptor],
    given: Mapping[str, Json],
    *,
    version: Edition | int | float,
    root: Mapping[str, Json] | None = None,
    defaults: bool = True,
    is_template: Callable[[Json], bool] = _is_template,
    place: Place = as_written,
) -> VisibleForm:
    """Settle which of `properties` are visible, and what each holds.

    Properties may refer to later ones; the parameters that decide are settled first. Two that decide about each other
    count as written.

    Args:
        properties: in document order; several may have one name.
        given: the author's values.
        version: the node's version.
        root: the values at the root where the properties are nested ones; `/name` looks there.
        defaults: whether a property that is not given has its default, or no value.
        is_template: which values are expressions.
        place: how a name's value is found once its visible properties are known.
    """
    ordered = list(properties)
    definitions = _Definitions(ordered)
    values: JsonObject = {}
    settled: set[str] = set()
    around = Surroundings(values, values if root is None else root, version, is_template)

    def settle(names: Iterable[str]) -> None:
        for name in names:
            if name in definitions.by_name and name not in settled:
                settled.add(name)
                settle_one(name)

    def settle_one(name: str) -> None:
        """Give `name` its value, after what decides about its definitions and their choices."""
        shown: list[PropertyDescriptor] = []
        for prop in definitions.deciding(name):
            settle(controlling_names(prop.display_options))
            if around.visible(prop.display_options):
                shown.append(prop)
        # A choice may depend on parameters too, and `place` looks at those that are offered.
        for option in (option for prop in shown for option in prop.choices()):
            settle(controlling_names(option.display_options))
        if shown and (defaults or name in given):
            value = place(shown, given.get(name, ABSENT), around)
            if value is not ABSENT:
                values[name] = value

    settle(definitions.by_name)
    return VisibleForm([p for p in ordered if around.visible(p.display_options)], values)


class _Definitions:
    """Properties by name, and which names decide about which."""

    def __init__(self, properties: Iterable[PropertyDescriptor]) -> None:
        self.by_name: dict[str, list[PropertyDescriptor]] = {}
        for prop in properties:
            self.by_name.setdefault(prop.name, []).append(prop)
        self._reached: dict[str, frozenset[str]] = {}

    def deciding(self, name: str) -> list[PropertyDescriptor]:
        """The definitions that have a part in a name's value: without those whose visibility depends on that value."""
        own = self.by_name[name]
        if len(own) == 1:
            return own
        first = [
            prop for prop in own if not any(name in self._from(c) for c in controlling_names(prop.display_options))
        ]
        return first or own

    def _from(self, start: str) -> frozenset[str]:
        """`start`, and every name that decides about it, however indirectly."""
        # Kept, since a form asks for the same names again and again.
        if start not in self._reached:
            found, open_ones = {start}, [start]
            while open_ones:
                for prop in self.by_name.get(open_ones.pop(), ()):
                    for name in controlling_names(prop.display_options):
                        if name not in found:
                            found.add(name)
                            open_ones.append(name)
            self._reached[start] = frozenset(found)
        return self._reached[start]
