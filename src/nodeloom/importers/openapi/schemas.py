"""What a schema of an OpenAPI document says a value is: one flat shape, even if the schema is composed of others.

`allOf` adds up, also what an inherited schema brings; `oneOf` and `anyOf` become the one alternative that is left when
null is set aside, the common kind of several scalars, or an object that has the members of all. A schema that contains
itself is ended before it would begin again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nodeloom.descriptor.once import once
from nodeloom.descriptor.problems import Keys
from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.bounds import both_bounds, bounds_of, relevant_bounds
from nodeloom.importers.openapi.document import OutsideReferenceError, Part, values_in
from nodeloom.importers.openapi.statedtypes import (
    SCALARS,
    Kind,
    fit_choices,
    read_choices,
    read_required,
    read_types,
    settle_kind,
)
from nodeloom.values import Json, JsonObject

# Formats that make a number of what OData's files declare as an integer or leave open.
_FRACTIONS = frozenset({"decimal", "float", "double"})
# How far down a schema goes that stands in a descriptor: a value's members, or those of its entries.
_BUDGET = 3
_MOST_MEMBERS = 120
# How many schemas of a document are worked out: so many, and more of a document that has more values. One is worked out
# once, unless it contains itself: then every way to it counts, and only such documents come near the bound.
_MOST_STEPS = 20_000
_STEPS_A_VALUE = 2
_STEPS, _MOST, _VALUES, _WHOLE_SHAPES = "steps", "most steps", "value schemas", "shapes"
# Parts that one schema is composed of; each is laid over what the ones before it came to.
_MOST_PARTS = 1_000


@dataclass(frozen=True)
class Shape:
    """What a value is.

    `members` are the properties of an object by name, `required` those that must be there, `items` what a list holds.
    `enum` is None if every value is allowed. `open` says that an object takes members that are not listed. `forms` is
    how many alternatives were laid together into one object; `outside` lists references that lead out of the document.
    `cut` says that the schema contains itself and was ended there. `bounds` are the keywords of JSON Schema that bound
    the value (`bounds.py`).
    """

    kind: Kind = "any"
    format: str | None = None
    enum: tuple[Json, ...] | None = None
    nullable: bool = False
    members: Mapping[str, Part] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Part | None = None
    open: bool = False
    read_only: bool = False
    deprecated: bool = False
    forms: int = 1
    outside: tuple[str, ...] = ()
    cut: bool = False
    bounds: Mapping[str, Json] = field(default_factory=dict)

    @once
    def small_schema(self) -> JsonObject:
        """`value_schema` of it; one for all fields that have this shape, and never changed."""
        return value_schema(self)

    @once
    def writable(self) -> Mapping[str, Shape]:
        """The members of an object that a request may set, with their shapes."""
        shapes = ((name, shape_of(part)) for name, part in self.members.items())
        return {name: shape for name, shape in shapes if not shape.read_only}

    @property
    def scalar(self) -> bool:
        """Whether the value is a text, a number or a boolean."""
        return self.kind in SCALARS or self.kind == "scalar"

    @property
    def binary(self) -> bool:
        """Whether the value is a file's bytes (OpenAPI 3.0 `format: binary`, 3.1 `contentMediaType`)."""
        return self.kind == "string" and self.format == "binary"


def shape_of(part: Part) -> Shape:
    """The shape of the schema at `part`. Raises DescriptorError if the document is broken."""
    return _shape(part, frozenset())


def _shape(part: Part, within: frozenset[Keys]) -> Shape:
    # JSON Schema 2020-12: `true` allows every value; `false` none, which no sensible document means.
    if isinstance(part.value, bool):
        return Shape(open=True)
    reference = part.reference
    if reference is None:
        known: Shape | None = part.memory.get(part.keys)
        if known is None:
            _count_step(part)
            known = _compose(part, within | {part.keys})
            # A schema that contains itself is cut at another point on each way to it, so this one is not kept.
            if not known.cut:
                part.memory[part.keys] = known
        return known
    try:
        target = part.resolve()
    except OutsideReferenceError as fault:
        return Shape(open=True, outside=(fault.reference,))
    if target.keys in within:
        return Shape(kind="object", open=True, cut=True)
    found = _shape(target, within) if within else _whole_shape(target)
    # OpenAPI 3.1 lets keywords stand beside `$ref`; of these, whether it may be null or written matters here.
    own = part.mapping()
    nullable = found.nullable or own.get("nullable") is True or own.get("x-nullable") is True
    read_only = found.read_only or own.get("readOnly") is True
    # The same object, so that what was worked out for it once (`@once`) is not worked out again.
    if (nullable, read_only) == (found.nullable, found.read_only):
        return found
    return replace(found, nullable=nullable, read_only=read_only)


def _whole_shape(target: Part) -> Shape:
    """The shape of a schema that is not looked into from within another: the same wherever it is referred to."""
    key = (_WHOLE_SHAPES, target.keys)
    found: Shape | None = target.memory.get(key)
    if found is None:
        found = target.memory[key] = _shape(target, frozenset())
    return found


def _count_step(part: Part) -> None:
    """Count one more schema that is worked out; DescriptorError if there are more than the document's size allows."""
    steps = part.memory[_STEPS] = part.memory.get(_STEPS, 0) + 1
    if steps <= _MOST_STEPS:
        return
    most = part.memory.get(_MOST)
    if most is None:
        most = part.memory[_MOST] = max(_MOST_STEPS, _STEPS_A_VALUE * values_in(part.root))
    if steps > most:
        raise DescriptorError(
            "The schemas refer to each other in more ways than are followed.",
            path=part.path,
            hint=f"{most:,} steps are allowed for a document of this size; let fewer be composed of each other.",
        )


def _compose(part: Part, within: frozenset[Keys]) -> Shape:
    found = _own(part)
    parts = part.parts("allOf")
    if len(parts) > _MOST_PARTS:
        raise DescriptorError(
            f"The schema is composed of {len(parts):,} parts.", path=part.path, hint=f"{_MOST_PARTS:,} are allowed."
        )
    for inherited in parts:
        found = _both(found, _shape(inherited, within))
    for word in ("oneOf", "anyOf"):
        alternatives = [_shape(p, within) for p in part.parts(word)]
        if alternatives:
            found = _both(found, _either(alternatives))
    return found


def _own(part: Part) -> Shape:
    """What the schema says itself, its composition left aside."""
    schema = part.mapping()
    types, nullable = read_types(part)
    enum = read_choices(part)
    kind = settle_kind(types, schema, enum)
    enum = None if enum is None else fit_choices(part, kind, enum)
    written = schema.get("format") if isinstance(schema.get("format"), str) else None
    if kind == "any" and isinstance(schema.get("contentMediaType"), str):
        # OpenAPI 3.1, 4.7.14.3: raw bytes have a media type, and no type of JSON's.
        kind = "string"
    if kind == "string" and isinstance(schema.get("contentEncoding"), str):
        written = written or ("byte" if schema["contentEncoding"].lower() == "base64" else None)
    elif kind == "string" and (schema.get("contentMediaType") or schema.get("type") == "file"):
        written = written or "binary"
    if kind == "integer" and written in _FRACTIONS:
        kind = "number"
    properties = part.get("properties")
    additional = schema.get("additionalProperties")
    return Shape(
        kind=kind,
        format=written,
        enum=tuple(v for v in enum if v is not None) if enum is not None else None,
        nullable=nullable or (enum is not None and None in enum),
        members={} if properties is None else {k: properties.child(k) for k in properties.mapping()},
        required=frozenset(read_required(part)),
        items=part.get("items"),
        open=additional is not None and additional is not False,
        read_only=schema.get("readOnly") is True,
        deprecated=schema.get("deprecated") is True,
        bounds=bounds_of(part),
    )


def _both(one: Shape, other: Shape) -> Shape:
    """A value that is both: members add up, and the more exact kind counts."""
    kind = other.kind if one.kind == "any" else one.kind
    enum = one.enum if other.enum is None else other.enum
    if one.enum is not None and other.enum is not None:
        # The choices that both allow. If there are none, the document cannot mean that: the first list counts.
        enum = tuple(v for v in one.enum if v in other.enum) or one.enum
    return Shape(
        kind=kind,
        format=one.format or other.format,
        enum=enum,
        nullable=one.nullable or (other.nullable and one.kind == "any"),
        members=_unite(one.members, other.members),
        required=one.required | other.required,
        items=one.items or other.items,
        open=one.open or other.open,
        read_only=one.read_only or other.read_only,
        deprecated=one.deprecated or other.deprecated,
        bounds=both_bounds(one.bounds, other.bounds),
        forms=max(one.forms, other.forms),
        outside=(*one.outside, *other.outside),
        cut=one.cut or other.cut,
    )


def _unite(one: Mapping[str, Part], other: Mapping[str, Part]) -> Mapping[str, Part]:
    """The members of both. Where both are sorted, so is what is inherited among what is a schema's own."""
    if not one or not other:
        return one or other
    united = {**one, **other}
    # 3CX's file is sorted by name; an inherited member at the end would look like one that was added later.
    both_sorted = all(list(part) == sorted(part, key=str.casefold) for part in (one, other))
    return {name: united[name] for name in sorted(united, key=str.casefold)} if both_sorted else united


def _either(alternatives: list[Shape]) -> Shape:
    """A value that is one of several."""
    found = _one_of(alternatives)
    return replace(
        found,
        outside=tuple(name for a in alternatives for name in a.outside),
        cut=any(a.cut for a in alternatives),
    )


def _one_of(alternatives: list[Shape]) -> Shape:
    nullable = any(a.nullable or _is_null(a) for a in alternatives)
    # An alternative that only asks for some members (`required`) constrains the object beside it.
    left = [a for a in alternatives if not _is_null(a) and not (a.kind == "any" and not a.members and not a.open)]
    if not left:
        return Shape(nullable=nullable)
    if len(left) == 1:
        return replace(left[0], nullable=nullable)
    kinds = {a.kind for a in left}
    several = next((a for a in left if _holds_files(a)), None)
    if several is not None and all(a.binary or _holds_files(a) for a in left):
        # One file, or several of the same: several.
        return replace(several, nullable=nullable)
    if kinds <= {"object"}:
        return _one_object(left, nullable)
    if kinds <= {*SCALARS, "scalar"}:
        return _one_scalar(left, nullable)
    return Shape(kind="any", nullable=nullable, open=True)


def _holds_files(shape: Shape) -> bool:
    return shape.kind == "array" and shape.items is not None and shape_of(shape.items).binary


def _is_null(shape: Shape) -> bool:
    return shape.enum == () or (shape.kind == "any" and shape.nullable and not shape.members and not shape.open)


def _one_object(forms: list[Shape], nullable: bool) -> Shape:
    members: dict[str, Part] = {}
    for form in forms:
        for name, part in form.members.items():
            members.setdefault(name, part)
    return Shape(
        kind="object",
        nullable=nullable,
        members=members,
        required=frozenset.intersection(*(f.required for f in forms)),
        open=any(f.open for f in forms),
        forms=len(forms),
    )


def _one_scalar(forms: list[Shape], nullable: bool) -> Shape:
    kinds = {f.kind for f in forms}
    if kinds == {"number", "string"} and any(f.format in _FRACTIONS for f in forms):
        # How OData's files write a number that JSON has no digits for: NaN, INF, or the number itself.
        return Shape(kind="number", nullable=nullable)
    enum = None if any(f.enum is None for f in forms) else tuple(dict.fromkeys(v for f in forms for v in f.enum or ()))
    kind: Kind = kinds.pop() if len(kinds) == 1 else "number" if kinds == {"integer", "number"} else "scalar"
    formats = {f.format for f in forms}
    return Shape(kind=kind, format=formats.pop() if len(formats) == 1 else None, enum=enum, nullable=nullable)


def value_schema(shape: Shape, budget: int = _BUDGET) -> JsonObject:
    """A small JSON Schema (2020-12) of a value: its type and bounds, and those of its members and entries.

    `budget` says how far it goes down: a list takes one of it, an object two.
    """
    if shape.kind == "any":
        return {}
    types: list[str] = list(SCALARS) if shape.kind == "scalar" else [shape.kind]
    if shape.nullable:
        types.append("null")
    schema: JsonObject = {"type": types[0] if len(types) == 1 else types}
    if shape.enum:
        schema["enum"] = [*shape.enum, *([None] if shape.nullable else [])]
    schema |= relevant_bounds(shape.kind, shape.bounds)
    if shape.items is not None and budget >= 1:
        items = _value_schema_at(shape.items, shape_of(shape.items), budget - 1)
        if items:
            schema["items"] = items
    members = _member_schemas(shape, budget - 2) if budget >= 2 else {}
    if members:
        schema["properties"] = members
        required = sorted(name for name in shape.required if name in members)
        if required:
            schema["required"] = required
    return schema


def _value_schema_at(part: Part, shape: Shape, budget: int) -> JsonObject:
    """The small schema of the value at `part`; made once for a document, and never changed."""
    key = (_VALUES, part.keys, budget)
    found: JsonObject | None = part.memory.get(key)
    if found is None:
        found = value_schema(shape, budget)
        if not shape.cut:
            part.memory[key] = found
    return found


def _member_schemas(shape: Shape, budget: int) -> JsonObject:
    found: JsonObject = {}
    for name, member in shape.writable.items():
        found[name] = _value_schema_at(shape.members[name], member, budget)
        if len(found) >= _MOST_MEMBERS:
            break
    return found
