"""Whether a JSON Schema that a descriptor brings can be used: looked at whole when it is compiled, before any value is.

What its keywords hold is right (JSON Schema 2020-12), its patterns are regular expressions, its references lead to a
place in it (nothing is fetched), and it does not apply itself to the same value again and again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from nodeloom import javascript
from nodeloom.descriptor.misspelling import typo_of
from nodeloom.descriptor.patterns import search
from nodeloom.descriptor.problems import Keys, json_path
from nodeloom.errors import DescriptorError, nearest, preview
from nodeloom.jsonbounds import deeper_than
from nodeloom.values import Json

# Levels of lists and objects in a schema; its keywords are two of them for each level of the value.
_MOST_LEVELS = 64
# Schemas that apply to one and the same value: one below the other, and in all.
_MOST_CHAINED = 50
_MOST_APPLIED = 10_000

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_type(value: Json) -> bool:
    return value in _TYPES if isinstance(value, str) else _is_texts(value) and set(value) <= set(_TYPES) and bool(value)


def _is_count(value: Json) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


_TEXT = (lambda value: isinstance(value, str), "a text")
_NUMBER = (_is_number, "a number")
_COUNT = (_is_count, "a whole number from 0 on")
_TEXTS = (_is_texts, "a list of texts")
#: keyword → whether its value is right, and what would be.
_FORMS: Mapping[str, tuple[Callable[[Json], bool], str]] = {
    "type": (_is_type, f"one or several of {', '.join(_TYPES)}"),
    "enum": (lambda value: isinstance(value, list), "a list"),
    "required": _TEXTS,
    "dependentRequired": (lambda value: isinstance(value, dict) and all(map(_is_texts, value.values())), "lists"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    **dict.fromkeys(("minContains", "maxContains"), _COUNT),
    **dict.fromkeys(("pattern", "format", "$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor"), _TEXT),
}
# Where schemas stand that apply to the value itself, that apply to a piece of it, and that wait to be named.
_Words = tuple[str, ...]
_SAME: _Words = ("not", "if", "then", "else")
_SAME_LISTS: _Words = ("allOf", "anyOf", "oneOf")
_SAME_MAPS: _Words = ("dependentSchemas",)
_INNER_LISTS: _Words = ("prefixItems",)
_INNER_MAPS: _Words = ("properties", "patternProperties")
_INNER: _Words = (
    "items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_NAMED_MAPS: _Words = ("$defs", "definitions")

# Every other word of JSON Schema and of OpenAPI's dialect of it; a word that is almost one of all these is a typo, and
# what it asks for would never be checked.
_NOTES = frozenset({
    "$anchor", "$comment", "$dynamicAnchor", "$id", "$recursiveAnchor", "$recursiveRef", "$schema", "$vocabulary",
    "additionalItems", "const", "contentEncoding", "contentMediaType", "contentSchema", "default", "dependencies",
    "deprecated", "description", "discriminator", "example", "examples", "externalDocs", "id", "nullable", "readOnly",
    "title", "writeOnly", "xml",
})  # fmt: skip
_WORDS = _NOTES.union(
    _FORMS, _SAME, _SAME_LISTS, _SAME_MAPS, _INNER_LISTS, _INNER_MAPS, _INNER, _NAMED_MAPS
)  # fmt: skip


class _Place(NamedTuple):
    """A schema, its place, and what its references are resolved with."""

    part: Json
    keys: Keys
    resolver: Json


def refers(schema: Json) -> bool:
    """Whether a key of a reference stands anywhere in a schema; few have one, and the rest need no resolver."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            if "$ref" in part or "$dynamicRef" in part:
                return True
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return False


def _resolver(schema: Json) -> Json:
    """What resolves references in `schema`, and nowhere else: its registry retrieves nothing."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    return Registry().resolver_with_root(DRAFT202012.create_resource(schema))


class Outline:
    """What was found in a schema: its references are right, and so is what else can be told before a value is there.

    `schema` is the schema to use, `patterns` whether there is one, `references` whether there is one. Raises
    DescriptorError with the JSON path, which begins at `at`.
    """

    def __init__(self, schema: Json, at: Keys = ()) -> None:
        self._at = at
        self.patterns = self.references = False
        self._unevaluated: Keys | None = None
        self._named_by_pattern = False
        if isinstance(schema, Mapping) and "$schema" in schema:
            # Another dialect would bring other rules, and the library's own class for it.
            schema = {key: value for key, value in schema.items() if key != "$schema"}
        self.schema = schema
        # Before anything walks through it: jsonschema itself is recursive.
        if deeper_than(schema, _MOST_LEVELS):
            raise self._fault("The schema is nested too deeply.", (), None, f"Use at most {_MOST_LEVELS} levels.")
        self._follow(schema)

    def _fault(self, message: str, keys: Keys, value: Json, hint: str | None = None) -> DescriptorError:
        return DescriptorError(message, path=json_path((*self._at, *keys)), value=value, hint=hint)

    def _follow(self, schema: Json) -> None:
        """Look at every schema that the root holds or names, and at which of them apply to the same value."""
        same: dict[int, list[tuple[int, Keys]]] = {}
        try:
            self._form(schema, ())
            waiting = [_Place(schema, (), _resolver(schema) if refers(schema) else None)]
            while waiting:
                at = waiting.pop()
                if isinstance(at.part, Mapping) and id(at.part) not in same:
                    inner = list(self._inside(at))
                    waiting += [place for place, _is_same in inner]
                    same[id(at.part)] = [(id(place.part), place.keys) for place, is_same in inner if is_same]
        except ValueError as fault:
            # An `$id` or `$ref` that is not an address at all; urllib says why.
            raise self._fault(f"An address in the schema cannot be read: {preview(str(fault))}.", (), None) from None
        if self._unevaluated is not None and self._named_by_pattern:
            raise self._fault(
                "'unevaluatedProperties' beside 'patternProperties' is not checked.",
                self._unevaluated,
                None,
                "Use 'additionalProperties' in the schema that has the patterns.",
            )
        self._refuse_circles(same, id(schema))

    def _inside(self, at: _Place) -> Iterator[tuple[_Place, bool]]:
        """The schemas directly in a part or named by it, each with whether it applies to the same value."""
        part, keys = at.part, at.keys
        for word in ("$ref", "$dynamicRef"):
            if word in part:
                self.references = True
                yield self._target(part[word], (*keys, word), at.resolver), True
        for words, is_same in ((_SAME_LISTS, True), (_INNER_LISTS, False)):
            for word in words:
                for index, inner in enumerate(self._list_at(part, word, keys)):
                    yield self._below(at, inner, word, index), is_same
        for words, is_same in ((_SAME_MAPS, True), (_INNER_MAPS, False), (_NAMED_MAPS, False)):
            for word in words:
                for name, inner in self._mapping_at(part, word, keys).items():
                    yield self._below(at, inner, word, name), is_same
        for words, is_same in ((_SAME, True), (_INNER, False)):
            for word in words:
                if word in part:
                    yield self._below(at, part[word], word), is_same

    def _below(self, at: _Place, inner: Json, *keys: str | int) -> _Place:
        keys = (*at.keys, *keys)
        self._form(inner, keys)
        if at.resolver is None:
            return _Place(inner, keys, None)
        from referencing.jsonschema import DRAFT202012

        return _Place(inner, keys, at.resolver.in_subresource(DRAFT202012.create_resource(inner)))

    def _form(self, part: Json, keys: Keys) -> Json:
        """`part`, its own keywords looked at."""
        if isinstance(part, bool):
            return part
        if not isinstance(part, Mapping):
            raise self._fault("Here a schema is wanted.", keys, part, "Write an object, true or false.")
        for word, value in part.items():
            fits, wanted = _FORMS.get(word, (None, ""))
            if fits is not None and not fits(value):
                raise self._fault(f"{word!r} of the schema is not {wanted}.", (*keys, word), value)
            if word not in _WORDS and (meant := typo_of(word, _WORDS - part.keys())):
                raise self._fault(
                    f"The schema has no keyword {preview(word)!r}.", (*keys, word), value, f"Did you mean {meant!r}?"
                )
        if "$schema" in part and keys:
            raise self._fault("A part of the schema is of another dialect.", (*keys, "$schema"), part["$schema"])
        if "unevaluatedProperties" in part:
            self._unevaluated = (*keys, "unevaluatedProperties")
        self._named_by_pattern = self._named_by_pattern or "patternProperties" in part
        patterns = [((*keys, "pattern"), part["pattern"])] if "pattern" in part else []
        patterns += [((*keys, "patternProperties", p), p) for p in self._mapping_at(part, "patternProperties", keys)]
        for place, pattern in patterns:
            self.patterns = True
            self._refuse_pattern(pattern, place)
        return part

    def _refuse_pattern(self, pattern: str, keys: Keys) -> None:
        if not javascript.is_allowed():
            return
        try:
            search(pattern, "", unicode=True)
        except DescriptorError as fault:
            raise self._fault(fault.message, keys, pattern, fault.hint) from None

    def _list_at(self, part: Mapping[str, Json], word: str, keys: Keys) -> list[Json]:
        found = part.get(word, [])
        if not isinstance(found, list):
            raise self._fault(f"{word!r} of the schema is not a list of schemas.", (*keys, word), found)
        return found

    def _mapping_at(self, part: Mapping[str, Json], word: str, keys: Keys) -> Mapping[str, Json]:
        found = part.get(word, {})
        if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
            raise self._fault(f"{word!r} of the schema is not an object of schemas.", (*keys, word), found)
        return found

    def _target(self, reference: str, keys: Keys, resolver: Json) -> _Place:
        from referencing.exceptions import Unresolvable

        try:
            resolved = resolver.lookup(reference)
        except Unresolvable:
            hint = "Put what it names under '$defs' of the schema, and refer to it as '#/$defs/NAME'."
            inside = reference.startswith("#")
            close = nearest(reference.rpartition("/")[2], self._names()) if inside else None
            raise self._fault(
                f"The reference {preview(reference)} "
                + ("leads nowhere." if inside else "leads out of the schema, and nothing is fetched."),
                keys,
                None,
                f"Did you mean '#/$defs/{close}'?" if close else hint,
            ) from None
        return _Place(self._form(resolved.contents, keys), keys, resolved.resolver)

    def _names(self) -> list[str]:
        defined = self.schema.get("$defs") if isinstance(self.schema, Mapping) else None
        return [str(name) for name in defined] if isinstance(defined, Mapping) else []

    def _refuse_circles(self, same: Mapping[int, list[tuple[int, Keys]]], root: int) -> None:
        """Refuse schemas that apply themselves to the same value, or a great many schemas to it."""
        # By schema: how many apply to its value, itself among them, and how long their longest chain is.
        settled: dict[int, tuple[int, int]] = {}
        for start in (root, *same):
            path = [(start, iter(same.get(start, ())))] if start not in settled else []
            standing = {start}
            while path:
                node, others = path[-1]
                for inner, place in others:
                    if inner in standing:
                        raise self._fault("The schema applies itself to the same value without end.", place, None)
                    if inner not in settled:
                        path.append((inner, iter(same.get(inner, ()))))
                        standing.add(inner)
                        break
                else:
                    path.pop()
                    standing.discard(node)
                    below = [settled[inner] for inner, _place in same.get(node, ())]
                    count, length = 1 + sum(c for c, _l in below), 1 + max((n for _c, n in below), default=0)
                    if count > _MOST_APPLIED or length > _MOST_CHAINED:
                        hint = f"{_MOST_APPLIED:,} are followed, {_MOST_CHAINED} of them one in the other."
                        raise self._fault("Too many schemas apply to one value.", (), None, hint)
                    settled[node] = count, length
