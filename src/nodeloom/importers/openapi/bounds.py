"""What a schema of a document asks of a value beside its type: bounds, lengths, patterns, formats, choices.

Documents are sloppy about these, so a fault in them costs only the check. A bound that is not a number, or a pattern
that is not a regular expression or does not match the document's own example, is left out, and the report says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nodeloom.descriptor.formats import FORMATS
from nodeloom.descriptor.patterns import search
from nodeloom.errors import NodeloomError, preview
from nodeloom.importers.openapi.document import Part
from nodeloom.values import Json, JsonObject

_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format", "allOf"),
    "integer": (*_NUMBERS, "format", "allOf"),
    "number": (*_NUMBERS, "format", "allOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
# Every number that JSON readers agree on fits; it would only make descriptors longer.
_WIDEST = frozenset({"int64", "uint64"})


def bounds_of(part: Part) -> JsonObject:
    """The keywords of the schema at `part` that can be checked, as JSON Schema 2020-12 spells them."""
    schema = part.mapping()
    found: JsonObject = {}
    for word in (*_NUMBERS, *_COUNTS):
        value = schema.get(word)
        # OpenAPI 3.0: whether the bound itself is outside.
        if value is None or isinstance(value, bool):
            continue
        if _fits(word, value):
            found[word] = value
        else:
            part.doubt(word, f"{word!r} is not a {'number' if word in _NUMBERS else 'whole number from 0 on'}")
    for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and word in found:
            found[exclusive] = found.pop(word)
    for low, high in _PAIRS:
        # No value can meet both, so the document means something else; neither is kept.
        if low in found and high in found and found[low] > found[high]:
            part.doubt(low, f"{low!r} is greater than {high!r}")
            del found[low], found[high]
    if schema.get("uniqueItems") is True:
        found["uniqueItems"] = True
    if isinstance(schema.get("format"), str) and schema["format"] in FORMATS - _WIDEST:
        found["format"] = schema["format"]
    if isinstance(schema.get("pattern"), str) and _can_be_checked(part, schema["pattern"]):
        found["pattern"] = schema["pattern"]
    return found


def _fits(word: str, value: Json) -> bool:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return False
    if word == "multipleOf":
        return value > 0
    return word in _NUMBERS or (value >= 0 and value == int(value))


def _can_be_checked(part: Part, pattern: str) -> bool:
    try:
        search(pattern, "", unicode=True)
        unmatched = next((e for e in _examples(part) if search(pattern, e, unicode=True) is None), None)
    except NodeloomError as fault:
        part.doubt("pattern", fault.message.rstrip("."))
        return False
    if unmatched is not None:
        part.doubt("pattern", f"The schema's own example {preview(unmatched)!r} does not match its pattern")
        return False
    if pattern.startswith("/^") and pattern.rstrip("gimsuy").endswith("$/"):
        part.doubt("pattern", "The pattern stands between slashes, and so matches nothing")
        return False
    return True


def _examples(part: Part) -> Iterator[str]:
    schema = part.mapping()
    listed = schema.get("examples")
    for value in (schema.get("example"), schema.get("default"), *(listed if isinstance(listed, list) else ())):
        if isinstance(value, str) and value:
            yield value


def both_bounds(one: Mapping[str, Json], other: Mapping[str, Json]) -> JsonObject:
    """The bounds of a value that is held to both: the tighter of each."""
    found = dict(one)
    for word, value in other.items():
        if word not in found:
            found[word] = value
        elif word.startswith("min") or word == "exclusiveMinimum":
            found[word] = max(found[word], value)
        elif word.startswith("max") or word == "exclusiveMaximum":
            found[word] = min(found[word], value)
        # JSON Schema has each keyword once; `allOf` is its way to ask for two.
        elif word in ("pattern", "multipleOf") and found[word] != value:
            found["allOf"] = [*found.get("allOf", ()), {word: value}]
    return found


def relevant_bounds(kind: str, bounds: Mapping[str, Json]) -> JsonObject:
    """Those of the bounds that speak of a value of `kind`; what its format says already is left out."""
    found = {word: bounds[word] for word in _OF_KIND.get(kind, ()) if word in bounds}
    width = _WIDTHS.get(str(found.get("format")))
    if width is not None:
        for word, end in zip(("minimum", "maximum"), width, strict=True):
            if word in found and found[word] == end:
                del found[word]
    return found


_WIDTHS = {
    **{f"int{bits}": (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for bits in (8, 16, 32)},
    **{f"uint{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32)},
}
