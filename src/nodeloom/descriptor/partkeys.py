"""Keys of the objects that the models keep as they are, and that mean something by what they stand in.

A step of `postReceive` and a pagination have the properties of their type, a credential type's `authenticate` the parts
of a request, a rule of its test what n8n compares. As everywhere in a descriptor, an unknown key is a problem if
it is almost a key that is missing; an unknown part of `authenticate` always is, since it would fail every request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nodeloom.descriptor.misspelling import typo_of
from nodeloom.descriptor.problems import Keys, Problem, json_path, misspelt
from nodeloom.errors import nearest, preview
from nodeloom.values import Json

# n8n 2.41, by the type of a step; `setKeyValue` takes any key.
_STEP_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "rootProperty": ("property",),
    "filter": ("pass",),
    "limit": ("maxResults",),
    "set": ("value",),
    "sort": ("key",),
    "binaryData": ("destinationProperty",),
}
_PAGINATION_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "offset": ("limitParameter", "offsetParameter", "pageSize", "rootProperty", "type"),
    "generic": ("continue", "request"),
}
_AUTHENTICATE = ("type", "properties")
_PARTS = ("headers", "qs", "body", "auth")
_LOGIN = ("username", "password", "sendImmediately")
_RULE = ("type", "properties")
_RULE_PROPERTIES = ("key", "value", "message")
_RULE_TYPES = ("responseCode", "responseSuccessBody")
_FUNCTION = "__function__"


def unknown_part_keys(raw: Json) -> Iterator[Problem]:
    """Misspelt keys and types in those objects of a node, resource or credential document."""
    if isinstance(raw, Mapping):
        yield from _in_routings(raw, ())
        yield from _authentication(raw.get("authenticate"), ("authenticate",))
        test = raw.get("test")
        rules = test.get("rules") if isinstance(test, Mapping) else None
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            yield from _rule(rule, ("test", "rules", index))


def _in_routings(part: Json, at: Keys) -> Iterator[Problem]:
    if isinstance(part, list):
        for index, entry in enumerate(part):
            yield from _in_routings(entry, (*at, index))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            place = (*at, str(key))
            if key == "postReceive" and isinstance(value, list):
                for index, step in enumerate(value):
                    yield from _typed_problems(step, (*place, index), _STEP_PROPERTIES)
            elif key == "pagination":
                yield from _typed_problems(value, place, _PAGINATION_PROPERTIES)
            else:
                yield from _in_routings(value, place)


def _typed_problems(part: Json, at: Keys, known: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """The properties of a step or a pagination, as far as its type says which it has."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(kind, str) or kind not in known:
        return
    properties = part.get("properties")
    yield from _near(properties, (*at, "properties"), known[kind])
    where = properties.get("type") if isinstance(properties, Mapping) and known is _PAGINATION_PROPERTIES else None
    if isinstance(where, str) and where not in ("body", "query"):
        yield _unknown((*at, "properties", "type"), "place of a pagination's parameters", where, ("body", "query"))


def _authentication(block: Json, at: Keys) -> Iterator[Problem]:
    if not isinstance(block, Mapping) or _FUNCTION in block:
        return
    yield from _near(block, at, _AUTHENTICATE)
    kind = block.get("type")
    if isinstance(kind, str) and kind != "generic":
        yield _unknown((*at, "type"), "kind of authentication", kind, ("generic",))
    parts = block.get("properties")
    for name in parts if isinstance(parts, Mapping) else ():
        # n8n would put nothing on the request for it, so that each request would be refused by the service.
        if name not in _PARTS:
            yield _unknown((*at, "properties", name), "part of a request", name, _PARTS)
    if isinstance(parts, Mapping):
        yield from _near(parts.get("auth"), (*at, "properties", "auth"), _LOGIN)


def _rule(rule: Json, at: Keys) -> Iterator[Problem]:
    if not isinstance(rule, Mapping):
        return
    yield from _near(rule, at, _RULE)
    kind = rule.get("type")
    if isinstance(kind, str) and kind not in _RULE_TYPES:
        yield _unknown((*at, "type"), "type of a rule", kind, _RULE_TYPES)
    yield from _near(rule.get("properties"), (*at, "properties"), _RULE_PROPERTIES)


def _near(part: Json, at: Keys, known: Iterable[str]) -> Iterator[Problem]:
    if not isinstance(part, Mapping):
        return
    missing = [name for name in known if name not in part]
    for key, value in part.items():
        if isinstance(key, str) and key not in known and (meant := typo_of(key, missing)):
            yield misspelt(at, key, meant, value)


def _unknown(at: Keys, what: str, value: str, known: tuple[str, ...]) -> Problem:
    close = nearest(value, known)
    hint = f"Did you mean {close!r}?" if close else f"Known: {', '.join(known)}."
    return Problem(json_path(at), f"unknown {what} {preview(value)!r}.", preview(value), hint)
