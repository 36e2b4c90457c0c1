"""Values held to a JSON Schema (2020-12) that a descriptor brings.

jsonschema checks them, within bounds: references are resolved in the schema alone, patterns are run by the bounded
matcher (`patterns.py`), and formats are those of `formats.py`, also if others are installed. The size of a value bounds
how often a schema that refers to itself is looked up for it.
"""

from __future__ import annotations

import functools
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from nodeloom import javascript
from nodeloom.descriptor import formats
from nodeloom.descriptor.once import once
from nodeloom.descriptor.patterns import search
from nodeloom.descriptor.problems import Keys, json_path
from nodeloom.descriptor.schemaoutline import Outline
from nodeloom.descriptor.schemareasons import hint_of, reason_of
from nodeloom.errors import DescriptorError, InvalidValueError
from nodeloom.values import Json

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

# References that are followed for one value: so many, and so many for each piece of it.
_REFERENCES, _REFERENCES_A_PIECE = 10_000, 100
# Seconds of processor time that the patterns of a schema may take for one value, all matches together.
_PATTERN_SECONDS = 1.0
# Faults that are looked at to find the one nearest to the top.
_MOST_FAULTS = 50


class BoundedSchema:
    """A JSON Schema, compiled. Raises DescriptorError, with the JSON path below `at`, for one that cannot be used."""

    def __init__(self, schema: Json, at: Keys = ()) -> None:
        outline = Outline(schema, at)
        self._schema = outline.schema
        self._references = outline.references
        # Without JavaScript there is no bounded matcher: the service is left to judge what its patterns ask.
        self._patterns = outline.patterns and javascript.is_allowed()
        self._fits_plainly = _plain_check(outline.schema)

    @once
    def _validator(self) -> Validator:
        # Made with the first value, for jsonschema takes a while to import.
        from referencing import Registry

        made: Validator = _kind(self._patterns)(self._schema, registry=Registry(), format_checker=_pass(None))
        return made

    def check(self, value: Json) -> None:
        """Raise InvalidValueError, which says what does not fit and where in the value, unless the value fits."""
        if self._fits_plainly is not None and self._fits_plainly(value):
            return
        validator = self._validator
        if self._references or self._patterns:
            most = _REFERENCES + _REFERENCES_A_PIECE * _pieces(value) if self._references else None
            validator = validator.evolve(format_checker=_pass(most))
        try:
            found = list(islice(validator.iter_errors(value), _MOST_FAULTS))
        except DescriptorError as fault:
            raise InvalidValueError(f"The value cannot be checked: {fault.message}", value=value) from None
        except _Slow:
            raise InvalidValueError(
                "The value cannot be checked: the schema's patterns do not come to an end in time.",
                value=value,
                hint="Give a shorter value, or write a simpler pattern in the descriptor.",
            ) from None
        except _Spent:
            raise InvalidValueError(
                "The value cannot be checked: its schema refers to itself in too many ways.", value=value
            ) from None
        except RecursionError:
            raise InvalidValueError("The value is nested too deeply to be checked.", value=value) from None
        if found:
            # A fault near the top says most: what is deeper in is often only a consequence of it.
            nearest = min(found, key=lambda f: len(f.absolute_path))
            inside = f" at {json_path(list(nearest.absolute_path))}" if nearest.absolute_path else ""
            raise InvalidValueError(
                f"The value does not fit{inside}: {reason_of(nearest)}.", value=nearest.instance, hint=hint_of(nearest)
            )


# What is quickly told of a text, a number or a boolean: most values fit, and jsonschema then has nothing to say.
_PLAIN_WORDS = frozenset({"type", "format", "minimum", "maximum", "minLength", "maxLength"})
_PLAIN_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _plain_check(schema: Json) -> Callable[[Json], bool] | None:
    """A test that is true for values that certainly fit; None for a schema that needs more than that."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _PLAIN_WORDS or "type" not in schema:
        return None
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not set(names) <= _PLAIN_TYPES.keys():
        return None
    # By the exact type: true is not a number, and what else a type may have below it is jsonschema's to judge.
    types = frozenset(kind for name in names for kind in _PLAIN_TYPES[name])
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    short, long = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    form = schema.get("format")

    def fits(value: Json) -> bool:
        kind = type(value)
        if kind not in types:
            return False
        if kind is str:
            return short <= len(value) <= long and (form is None or formats.fits(value, form))
        if kind is int or kind is float:
            return least <= value <= most and (form is None or formats.fits(value, form))
        return True

    return fits


# jsonschema has no word for stopping, so that these leave it as exceptions.
class _Spent(Exception):
    """More references were followed than a value of its size is worth."""


class _Slow(Exception):
    """The patterns took longer for one value than all of it is worth."""


def _pieces(value: object) -> int:
    """How many values are in `value`, itself counted."""
    count, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        count += 1
        if isinstance(part, Mapping):
            waiting += part.values()
        elif isinstance(part, (list, tuple)):
            waiting += part
    return count


@functools.cache
def _pass_kind() -> Callable[[int | None], FormatChecker]:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import FormatError

    class Pass(FormatChecker):
        """What goes with a validator through all of a schema: the formats, how many references are left, and time."""

        def __init__(self, left: int | None) -> None:
            # None of the library's own formats: which it knows depends on what else is installed.
            super().__init__(formats=())
            self.left = left
            self.seconds = _PATTERN_SECONDS

        def matches(self, pattern: str, text: str) -> bool:
            """Whether `pattern` is found in `text`. Raises _Slow once all the time for patterns is used up."""
            began = time.thread_time()
            found = search(pattern, text, unicode=True) is not None
            self.seconds -= time.thread_time() - began
            if self.seconds < 0:
                raise _Slow
            return found

        def check(self, instance: object, format: str) -> None:  # noqa: A002 - jsonschema's word
            if not formats.fits(instance, format):
                raise FormatError(f"the value is not {formats.wanted(format)}")

    return Pass


def _pass(left: int | None) -> FormatChecker:
    return _pass_kind()(left)


# -- keywords -----------------------------------------------------------------------------------------------------


class _Checks(Protocol):
    """What `_pass` gives, as the keywords below use it."""

    left: int | None

    def matches(self, pattern: str, text: str) -> bool: ...


class _Walk(Protocol):
    """jsonschema's validator at one place of a value, as the keywords below use it."""

    @property
    def format_checker(self) -> _Checks: ...

    def descend(
        self, instance: Json, schema: Json, path: str | int | None = None, schema_path: str | int | None = None
    ) -> Iterator[ValidationError]: ...


Keyword = Callable[[_Walk, Json, Json, Json], "Iterator[ValidationError]"]


@functools.cache
def _kind(patterns: bool) -> type[Validator]:
    """The class of validators, by whether there is something that runs patterns."""
    from jsonschema import Draft202012Validator, validators

    # The stubs do not know the parts of which jsonschema makes its classes at run time.
    known: Any = Draft202012Validator.VALIDATORS
    own: dict[str, Keyword] = {
        "$ref": _count_references(known["$ref"]),
        "$dynamicRef": _count_references(known["$dynamicRef"]),
        "pattern": _pattern if patterns else _nothing,
        "patternProperties": _pattern_properties if patterns else _nothing,
        "additionalProperties": _additional_properties if patterns else _additional_if_no_patterns,
        "uniqueItems": _unique_items,
        "multipleOf": _multiple_of,
    }
    extend: Any = validators.extend
    made: type[Validator] = extend(Draft202012Validator, own)
    return made


def _count_references(keyword: Keyword) -> Keyword:
    def check(validator: _Walk, wanted: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
        checker = validator.format_checker
        if checker.left is not None:
            checker.left -= 1
            if checker.left < 0:
                raise _Spent
        yield from keyword(validator, wanted, value, schema)

    return check


def _fault(message: str) -> ValidationError:
    from jsonschema.exceptions import ValidationError

    return ValidationError(message)


def _nothing(_validator: _Walk, _wanted: Json, _value: Json, _schema: Json) -> Iterator[ValidationError]:
    return iter(())


def _pattern(validator: _Walk, wanted: str, value: Json, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and not validator.format_checker.matches(wanted, value):
        yield _fault("the text does not match the pattern")


def _pattern_properties(validator: _Walk, wanted: Json, value: Json, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(value, Mapping):
        for pattern, inner in wanted.items():
            for name, member in value.items():
                if validator.format_checker.matches(pattern, name):
                    yield from validator.descend(member, inner, path=name, schema_path=pattern)


def _additional_properties(validator: _Walk, wanted: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    if not isinstance(value, Mapping):
        return
    known, patterns = schema.get("properties", ()), schema.get("patternProperties", ())
    for name, member in value.items():
        if name not in known and not any(validator.format_checker.matches(pattern, name) for pattern in patterns):
            if wanted is False:
                yield _fault(f"the key {name!r} is not known")
            else:
                yield from validator.descend(member, wanted, path=name)


def _additional_if_no_patterns(validator: _Walk, wanted: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    """A key may be one that a pattern names, so nothing is said of additional keys if there are patterns."""
    if "patternProperties" not in schema:
        yield from _additional_properties(validator, wanted, value, schema)


def _unique_items(_validator: _Walk, wanted: Json, value: Json, _schema: Json) -> Iterator[ValidationError]:
    """In one pass: jsonschema compares each entry with each if they cannot be sorted."""
    if wanted and isinstance(value, list):
        seen: set[str] = set()
        for entry in value:
            text = json.dumps(_comparable(entry), sort_keys=True, default=repr)
            if text in seen:
                yield _fault("the list holds an entry twice")
                return
            seen.add(text)


def _comparable(value: object) -> object:
    """`value` so that equal numbers are written alike: 1.0 is 1 (JSON Schema 2020-12, section 4.2.2)."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _comparable(member) for key, member in value.items()}
    return [_comparable(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def _multiple_of(_validator: _Walk, wanted: Json, value: Json, _schema: Json) -> Iterator[ValidationError]:
    """In decimals, as it is written: 19.99 is a multiple of 0.01, though no binary fraction is."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            whole = (Fraction(str(value)) / Fraction(str(wanted))).denominator == 1
        except ValueError:
            # Infinity, not-a-number, and whole numbers of more digits than Python writes.
            whole = False
        if not whole:
            yield _fault(f"the number is not a multiple of {wanted}")
