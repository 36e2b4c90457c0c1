"""What is right by its form and breaks a node later: types, names, methods, choices and schemas that mean nothing.

`validation.py` judges the form of a document. Here is what reading it does not need and running it does: a condition on
a parameter that no property has hides its part for ever, the second of two choices with one value is never reached.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nodeloom.descriptor.misspelling import typo_of
from nodeloom.descriptor.partkeys import unknown_part_keys
from nodeloom.descriptor.problems import Keys, Problem, json_path, misspelt
from nodeloom.descriptor.schemaoutline import Outline
from nodeloom.errors import DescriptorError, nearest, preview
from nodeloom.values import Json

#: n8n 2.41's types of properties.
TYPES = frozenset({
    "assignmentCollection", "boolean", "button", "callout", "collection", "color", "credentials", "credentialsSelect",
    "curlImport", "dateTime", "filter", "fixedCollection", "hidden", "icon", "json", "multiOptions", "notice",
    "number", "options", "resourceLocator", "resourceMapper", "string", "workflowSelector",
})  # fmt: skip
#: IANA's registry of methods without those that are not sent, and what caches are emptied by.
METHODS = frozenset({
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "DELETE", "GET", "HEAD", "LABEL", "LINK",
    "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS",
    "ORDERPATCH", "PATCH", "POST", "PRI", "PROPFIND", "PROPPATCH", "PURGE", "PUT", "QUERY", "REBIND", "REPORT",
    "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL", "VIEW",
})  # fmt: skip
#: n8n 2.41's options of a property's type, and Nodeloom's.
TYPE_OPTIONS = frozenset({
    "action", "allowArbitraryValues", "alwaysOpenEditWindow", "assignment", "binaryDataProperty", "buttonConfig",
    "calloutAction", "codeAutocomplete", "containerClass", "editor", "editorIsReadOnly", "expirable", "filter",
    "fixedCollection", "hideEmptyMessage", "hideOptionalFields", "loadOptions", "loadOptionsDependsOn",
    "loadOptionsMethod", "maxAllowedFields", "maxValue", "minRequiredFields", "minValue", "multipleValueButtonText",
    "multipleValues", "multipleValuesButtonText", "noDataExpression", "numberPrecision", "password", "resourceMapper",
    "rows", "searchListMethod", "showAlpha", "sortable", "sqlDialect", "stripSuffixes", "url",
})  # fmt: skip
#: What n8n 2.41's `validateType` may be.
VALIDATED = frozenset({
    "array", "binary", "boolean", "dateTime", "form-fields", "jwt", "number", "object", "options", "string",
    "string-alphanumeric", "time", "url",
})  # fmt: skip
_COMMON = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_FIRST_NAME = re.compile(r"[^.\[]+")


@dataclass(frozen=True, slots=True)
class _Around:
    """The names that a part's conditions may read: of the properties beside it, and of those at the root.

    The choices are by name, for names that have only such values; a name without an entry may have any.
    """

    beside: frozenset[str]
    root: frozenset[str]
    choices: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    root_choices: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)

    def below(self, properties: Json) -> _Around:
        """For parts that stand among `properties`."""
        return replace(self, beside=names_of(properties), choices=_choices_of(properties))


def names_of(properties: Json) -> frozenset[str]:
    """The names of a list of properties, as far as it is one."""
    listed = properties if isinstance(properties, list) else []
    return frozenset(p["name"] for p in listed if isinstance(p, Mapping) and isinstance(p.get("name"), str))


def unsound_parts(raw: Json, more_names: frozenset[str] = frozenset()) -> list[Problem]:
    """What would break a node, resource or credential type later, in document order.

    `more_names` are properties that stand in another document: a split node's head, the types that one extends.
    """
    if not isinstance(raw, Mapping):
        return []
    root = names_of(raw.get("properties")) | more_names
    choices = {name: found for name, found in _choices_of(raw.get("properties")).items() if name not in more_names}
    around = _Around(root, root, choices, choices)
    found = [*_properties(raw.get("properties"), ("properties",), around)]
    for index, reference in enumerate(_list(raw.get("credentials"))):
        if isinstance(reference, Mapping):
            found += _conditions(reference, ("credentials", index), around)
    found += _method(raw.get("requestDefaults"), ("requestDefaults",))
    test = raw.get("test")
    if isinstance(test, Mapping):
        found += _method(test.get("request"), ("test", "request"))
    return [*found, *_operations_of_one_name(raw.get("properties")), *unknown_part_keys(raw)]


def _choices_of(properties: Json) -> dict[str, tuple[Json, ...]]:
    """The values that a name may have, where all of its properties have choices of their own."""
    found: dict[str, tuple[Json, ...]] = {}
    for prop in _list(properties):
        name = prop.get("name") if isinstance(prop, Mapping) else None
        if isinstance(name, str):
            own = _own_choices(prop)
            closed = own and (name not in found or found[name])
            found[name] = (*found.get(name, ()), *own) if closed else ()
    return {name: values for name, values in found.items() if values}


def _own_choices(prop: Mapping[str, Json]) -> tuple[Json, ...]:
    """The values of a property's options; empty where others may come to them."""
    if prop.get("type") not in ("options", "multiOptions"):
        return ()
    type_options = _object(prop.get("typeOptions"))
    if any(key.startswith("loadOptions") for key in type_options) or type_options.get("allowArbitraryValues"):
        return ()
    values = tuple(
        option.get("value") if isinstance(option, Mapping) else None for option in _list(prop.get("options"))
    )
    # An object or a template may come to any value, so that nothing can be said of conditions on it.
    plain = all(isinstance(value, (str, int, float)) for value in values)
    return values if plain and not any(isinstance(v, str) and v.startswith("=") for v in values) else ()


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _properties(properties: Json, at: Keys, around: _Around) -> Iterator[Problem]:
    for index, prop in enumerate(_list(properties)):
        if isinstance(prop, Mapping):
            yield from _property(prop, (*at, index), around)


def _property(prop: Mapping[str, Json], at: Keys, around: _Around) -> Iterator[Problem]:
    kind = prop.get("type")
    if isinstance(kind, str) and kind not in TYPES:
        close = nearest(kind, sorted(TYPES))
        hint = f"Did you mean {close!r}?" if close else f"Known: {', '.join(sorted(TYPES))}."
        yield Problem(json_path((*at, "type")), f"unknown type of a property {preview(kind)!r}.", kind, hint)
    validated = prop.get("validateType")
    if isinstance(validated, str) and validated not in VALIDATED and (close := typo_of(validated, VALIDATED)):
        place = json_path((*at, "validateType"))
        yield Problem(place, f"unknown type of a value {preview(validated)!r}.", validated, f"Did you mean {close!r}?")
    yield from _conditions(prop, at, around)
    yield from _default(prop, at)
    yield from _routing(prop.get("routing"), (*at, "routing"))
    type_options = _object(prop.get("typeOptions"))
    for key, value in type_options.items():
        if (
            isinstance(key, str)
            and key not in TYPE_OPTIONS
            and (meant := typo_of(key, TYPE_OPTIONS - type_options.keys()))
        ):
            yield misspelt((*at, "typeOptions"), key, meant, value)
    load = _object(type_options.get("loadOptions"))
    yield from _routing(load.get("routing"), (*at, "typeOptions", "loadOptions", "routing"))
    if "schema" in prop:
        try:
            Outline(prop["schema"], (*at, "schema"))
        except DescriptorError as fault:
            yield Problem(fault.path or json_path(at), fault.message, fault.value, fault.hint)
    if kind in ("options", "multiOptions"):
        yield from _choices(prop.get("options"), (*at, "options"), around)
    elif kind == "collection":
        inner = around.below(prop.get("options"))
        yield from _properties(prop.get("options"), (*at, "options"), inner)
    elif kind == "fixedCollection":
        for index, group in enumerate(_list(prop.get("options"))):
            values = _object(group).get("values")
            inner = around.below(values)
            yield from _properties(values, (*at, "options", index, "values"), inner)


def _conditions(part: Mapping[str, Json], at: Keys, around: _Around) -> Iterator[Problem]:
    """Names in `displayOptions` that no property has."""
    options = _object(part.get("displayOptions"))
    for word in ("show", "hide"):
        for name, wanted in _object(options.get(word)).items():
            if not isinstance(name, str) or name.startswith("@"):
                continue
            known = around.root if name.startswith("/") else around.beside
            first = _FIRST_NAME.match(name.removeprefix("/"))
            if name.removeprefix("/") in known or (first is not None and first[0] in known):
                values = (around.root_choices if name.startswith("/") else around.choices).get(name.removeprefix("/"))
                if values:
                    yield from _condition_values(wanted, values, (*at, "displayOptions", word, name))
                continue
            place = json_path((*at, "displayOptions", word, name))
            yield Problem(place, f"there is no property {preview(name)!r}.", None, _hint(name, around))


def _condition_values(wanted: Json, values: tuple[Json, ...], at: Keys) -> Iterator[Problem]:
    """Values of a condition that are almost a choice of the property, and none of them."""
    texts = [value for value in values if isinstance(value, str)]
    for index, value in enumerate(wanted if isinstance(wanted, list) else ()):
        if near := _near_choice(value, texts):
            hint = f"Did you mean {near!r}?"
            yield Problem(json_path((*at, index)), f"no choice has the value {preview(value)!r}.", preview(value), hint)


def _near_choice(value: Json, texts: Sequence[str]) -> str | None:
    """The choice among `texts` that `value` is almost; None if it is one of them, or is a template."""
    if not isinstance(value, str) or value in texts or value.startswith("="):
        return None
    return typo_of(value, texts)


def _default(prop: Mapping[str, Json], at: Keys) -> Iterator[Problem]:
    """A default that is almost a choice of the property, and none of them."""
    default = prop.get("default")
    texts = [value for value in _own_choices(prop) if isinstance(value, str)]
    for value in default if isinstance(default, list) else [default]:
        if near := _near_choice(value, texts):
            message = f"the default {preview(value)!r} is not one of the choices."
            yield Problem(json_path((*at, "default")), message, preview(value), f"Did you mean {near!r}?")


def _hint(name: str, around: _Around) -> str:
    plain = name.removeprefix("/")
    if not name.startswith("/") and plain in around.root:
        return f"A property at the root is read as '/{plain}'."
    close = nearest(plain, around.root if name.startswith("/") else around.beside)
    return f"Did you mean {close!r}?" if close else "Name a property, or take the condition out."


def _routing(routing: Json, at: Keys) -> Iterator[Problem]:
    yield from _method(_object(routing).get("request"), (*at, "request"))


def _method(request: Json, at: Keys) -> Iterator[Problem]:
    method = _object(request).get("method")
    if not isinstance(method, str) or method.startswith("=") or method.upper() in METHODS:
        return
    close = nearest(method, _COMMON)
    hint = f"Did you mean {close!r}?" if close else f"Use one of: {', '.join(_COMMON)}."
    yield Problem(json_path((*at, "method")), f"unknown method {preview(method)!r}.", preview(method), hint)


def _choices(options: Json, at: Keys, around: _Around) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for index, option in enumerate(_list(options)):
        if not isinstance(option, Mapping):
            continue
        place = (*at, index)
        whole = replace(around, beside=around.beside | around.root, choices={**around.root_choices, **around.choices})
        yield from _conditions(option, place, whole)
        yield from _routing(option.get("routing"), (*place, "routing"))
        if "value" not in option:
            continue
        # Choices that are never visible together may have one value.
        key = json.dumps([option["value"], option.get("displayOptions")], sort_keys=True, default=str)
        label = preview(option.get("name"))
        if key in seen:
            yield _twice(json_path((*place, "value")), seen[key], label, option["value"])
        seen.setdefault(key, label)


def _twice(path: str, first: str, second: str, value: Json) -> Problem:
    return Problem(
        path,
        f"{first!r} and {second!r} have one value.",
        preview(value),
        f"Give {second!r} a value of its own: the first one is always taken.",
    )


def _operations_of_one_name(properties: Json) -> Iterator[Problem]:
    """Operations of several properties that are visible together, and that have one value."""
    seen: dict[str, tuple[int, str]] = {}
    for index, prop in enumerate(_list(properties)):
        if not isinstance(prop, Mapping) or prop.get("name") != "operation":
            continue
        for position, option in enumerate(_list(prop.get("options"))):
            if not isinstance(option, Mapping) or "value" not in option:
                continue
            shown = [option["value"], prop.get("displayOptions"), option.get("displayOptions")]
            key = json.dumps(shown, sort_keys=True, default=str)
            first = seen.setdefault(key, (index, preview(option.get("name"))))
            if first[0] != index:
                path = json_path(("properties", index, "options", position, "value"))
                yield _twice(path, first[1], preview(option.get("name")), option["value"])
