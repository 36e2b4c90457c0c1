"""A descriptor's JSON Schema is half-trusted: it reaches nothing, ends, and is checked before a value is there."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nodeloom import javascript
from nodeloom.descriptor.boundedschema import BoundedSchema
from nodeloom.errors import DescriptorError, InvalidValueError
from tests.descriptor.hasty import hasty

ENDLESS = "a" * 60 + "!"


class Trap(BaseHTTPRequestHandler):
    """Gives a schema that takes anything, and remembers that it was asked."""

    asked: list[str]

    def do_GET(self) -> None:  # http.server's name
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def trap() -> Iterator[ThreadingHTTPServer]:
    Trap.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trap)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "around",
    [
        lambda ref: ref,
        lambda ref: {"properties": {"a": ref}},
        lambda ref: {"anyOf": [{"type": "null"}, {"items": ref}]},
        lambda ref: {"$defs": {"never used": ref}},
        lambda ref: {"patternProperties": {"^a": ref}},
        lambda ref: {"if": ref, "then": {}},
    ],
    ids=range(6),
)
def test_no_reference_is_fetched_from_an_address(trap: ThreadingHTTPServer, around: Any) -> None:
    """Not when it is compiled, and not with a value, for it is never compiled."""
    outside = {"$ref": f"http://127.0.0.1:{trap.server_address[1]}/schema.json"}
    with pytest.raises(DescriptorError, match="nothing is fetched") as caught:
        BoundedSchema(around(outside), ("schema",))
    assert str(caught.value.path).endswith("['$ref']")
    assert Trap.asked == []


@pytest.mark.parametrize("reference", ["file:///etc/hostname", "other.json", "//h.test/x", "https://h.test/a#/b", "/a"])
def test_no_reference_leads_out_of_the_schema(reference: str) -> None:
    for schema in ({"$ref": reference}, {"$dynamicRef": reference}, {"$id": "http://h.test/", "$ref": reference}):
        with pytest.raises(DescriptorError, match="nothing is fetched"):
            BoundedSchema(schema)


def test_a_base_address_of_the_schema_s_own_reaches_nothing_either(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    for base in ("http://127.0.0.1:9/", tmp_path.as_uri() + "/"):
        with pytest.raises(DescriptorError, match="nothing is fetched"):
            BoundedSchema({"$id": base, "properties": {"a": {"$ref": "x.json"}}})


@pytest.mark.parametrize(
    ("schema", "hint"),
    [
        ({"$defs": {"Person": {}}, "$ref": "#/$defs/Preson"}, "Did you mean '#/$defs/Person'?"),
        ({"$ref": "#/definitions/x"}, "$defs"),
        ({"$ref": "#anchor"}, "$defs"),
        ({"items": {"$dynamicRef": "#nobody"}}, "$defs"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said_when_it_is_compiled(schema: Any, hint: str) -> None:
    with pytest.raises(DescriptorError, match="leads nowhere") as caught:
        BoundedSchema(schema)
    assert hint in str(caught.value.hint)


def test_references_inside_the_schema_are_followed() -> None:
    tree = {"$defs": {"node": {"type": "object", "properties": {"below": {"$ref": "#/$defs/node"}}}}}
    schema = BoundedSchema({**tree, "$ref": "#/$defs/node"})
    schema.check({"below": {"below": {}}})
    with pytest.raises(InvalidValueError, match=r"at \$\.below\.below"):
        schema.check({"below": {"below": 5}})
    anchored = BoundedSchema({"$defs": {"a": {"$anchor": "here", "type": "string"}}, "items": {"$ref": "#here"}})
    with pytest.raises(InvalidValueError, match=r"at \$\[0\]"):
        anchored.check([5])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^(a+)+$"}, ENDLESS),
        ({"properties": {"k": {"pattern": "(a|a)*$"}}}, {"k": ENDLESS}),
        ({"patternProperties": {"^(a+)+$": {}}}, {ENDLESS: 1}),
        ({"propertyNames": {"pattern": "^(a|aa)+$"}}, {ENDLESS: 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {ENDLESS: 1}),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "pattern": "^(a+)+$"}, ENDLESS),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "items": {"pattern": "^(a+)+$"}}, [ENDLESS]),
        # With a reference to the whole, the library would take the class of the dialect that it names.
        (
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "pattern": "^(a+)+$",
                "properties": {"k": {"$ref": "#"}},
            },
            {"k": ENDLESS},
        ),
    ],
    ids=range(8),
)
def test_a_pattern_that_backtracks_for_ever_is_an_error_of_the_value(
    schema: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty(monkeypatch)
    with pytest.raises(InvalidValueError, match="did not come to an end"):
        BoundedSchema(schema).check(value)


def test_patterns_are_javascript_s_with_unicode_s_meaning() -> None:
    BoundedSchema({"pattern": r"^\p{L}+$"}).check("Größe")
    BoundedSchema({"pattern": "^.$"}).check("\U0001f600")
    # What only JavaScript's older meaning takes is read so.
    BoundedSchema({"pattern": r"^\-\_$"}).check("-_")
    with pytest.raises(InvalidValueError, match="does not match"):
        BoundedSchema({"pattern": r"^\d+$"}).check("٣")


def test_without_javascript_the_service_judges_what_patterns_ask() -> None:
    """The rest of the schema is held to all the same."""
    with javascript.allowed(False):
        schema = BoundedSchema({"pattern": "^a$", "maxLength": 3, "patternProperties": {"^a": False}})
    schema.check("b")
    schema.check({"a": 1})
    with pytest.raises(InvalidValueError, match="longer than 3"):
        schema.check("bbbb")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"pattern": "("}, "$.schema.pattern"),
        ({"patternProperties": {"[": {}}}, "$.schema.patternProperties['[']"),
        ({"minimum": "5"}, "$.schema.minimum"),
        ({"exclusiveMinimum": True}, "$.schema.exclusiveMinimum"),
        ({"items": {"type": "strnig"}}, "$.schema.items.type"),
        ({"properties": []}, "$.schema.properties"),
        ({"properties": {"a": 5}}, "$.schema.properties.a"),
        ({"allOf": {}}, "$.schema.allOf"),
        ({"items": [{}]}, "$.schema.items"),
        ({"required": "a"}, "$.schema.required"),
        ({"maxLength": -1}, "$.schema.maxLength"),
        ({"multipleOf": 0}, "$.schema.multipleOf"),
        ({"$ref": 5}, "$.schema['$ref']"),
        ({"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}}, "$.schema.properties.a"),
        ([], "$.schema"),
    ],
)
def test_a_schema_that_says_nothing_right_is_refused_with_its_place(schema: Any, path: str) -> None:
    with pytest.raises(DescriptorError) as caught:
        BoundedSchema(schema, ("schema",))
    assert str(caught.value.path).startswith(path)


def doubling(steps: int) -> Any:
    """Each step names the next one twice: a schema of a few lines, and 2^steps of them for one value."""
    twice = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(steps)}
    return {"$ref": "#/$defs/s0", "$defs": {**twice, f"s{steps}": {}}}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "#"}, "without end"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}, "without end"),
        ({"if": {"$dynamicRef": "#x"}, "$dynamicAnchor": "x"}, "without end"),
        (doubling(40), "Too many schemas"),
        ({"$ref": "#/$defs/0", "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(99)} | {"99": {}}}, "Too"),
    ],
    ids=range(5),
)
def test_a_schema_that_does_not_end_is_refused_before_there_is_a_value(schema: Any, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        BoundedSchema(schema)


def test_a_schema_that_multiplies_with_the_value_s_depth_is_stopped() -> None:
    schema = BoundedSchema({"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}})
    value: Any = {}
    for _ in range(40):
        value = {"a": value}
    with pytest.raises(InvalidValueError, match="in too many ways"):
        schema.check(value)


def test_a_value_nested_deeper_than_can_be_checked_is_an_error_of_the_value() -> None:
    value: Any = []
    for _ in range(900):
        value = [value]
    with pytest.raises(InvalidValueError, match="too deeply"):
        BoundedSchema({"items": {"$ref": "#"}}).check(value)


@pytest.mark.parametrize(
    ("schema", "right", "wrong", "reason"),
    [
        ({"enum": ["fast", "slow"]}, "slow", "fats", "not one of the values that it may be"),
        ({"minimum": 1, "maximum": 5}, 5, 6, "greater than 5"),
        ({"exclusiveMaximum": 5}, 4.9, 5, "not less than 5"),
        ({"minLength": 1}, "a", "", "the text is empty"),
        ({"minItems": 1}, [0], [], "the list is empty"),
        ({"type": ["integer", "null"]}, None, 2.5, "a number is not a whole number or null"),
        ({"required": ["a"]}, {"a": 1}, {}, "the key 'a' is missing"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1}, {"b": 1}, "the key 'b' is not known"),
        ({"anyOf": [{"type": "null"}, {"enum": ["a"]}]}, "a", "b", "none of 2 forms"),
        ({"multipleOf": 0.01}, 19.99, 19.999, "not a multiple of 0.01"),
        ({"multipleOf": 3}, 10**400 - 1, 10**400, "not a multiple of 3"),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 2}, 1, True], [{"a": 1}, {"a": 1.0}], "twice"),
        ({"format": "date"}, "2024-02-29", "2023-02-29", "not a date"),
        ({"format": "date-time"}, "2026-01-31t09:30:00.5+01:00", "2026-01-31 09:30", "not a date and time"),
        ({"format": "time"}, "09:30:00.0000000", "24:00:00", "not a time"),
        ({"format": "duration"}, "-P1DT2H0.5S", "PT", "not a duration"),
        ({"format": "uuid"}, "01234567-89AB-cdef-0123-456789abcdef", "0123", "not a GUID"),
        ({"format": "ipv6"}, "2001:db8::1", "2001:db8::1%eth0", "2001"),
        ({"format": "int32"}, -(2**31), 2**31, "2147483647"),
        ({"format": "uint8"}, 255, -1, "from 0 to 255"),
        ({"format": "nobody knows this"}, "x", None, None),
        (True, 1, None, None),
        (False, None, 1, "nothing may stand here"),
    ],
)
def test_what_does_not_fit_is_said_in_our_own_words(schema: Any, right: Any, wrong: Any, reason: str | None) -> None:
    bounded = BoundedSchema(schema)
    if schema is not False:
        bounded.check(right)
    if reason is not None:
        with pytest.raises(InvalidValueError) as caught:
            bounded.check(wrong)
        assert reason in caught.value.message


def test_a_list_of_objects_is_told_apart_in_one_pass() -> None:
    BoundedSchema({"uniqueItems": True}).check([{"a": n} for n in range(20_000)])


WORDS = st.sampled_from(["a", "b", "ab", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.5]) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "array", "object", "null", ["boolean", "string"]]),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 2),
            "maxLength": st.integers(0, 2),
            "minItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "required": st.lists(WORDS, max_size=2, unique=True),
            "pattern": st.sampled_from(["^a", "b$"]),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "properties": st.dictionaries(WORDS, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=5,
)


def fits(schema: Any, value: Any) -> bool:
    try:
        BoundedSchema(schema).check(value)
    except InvalidValueError:
        return False
    return True


@given(SCHEMAS, VALUES)
@settings(deadline=None)
def test_what_fits_is_what_jsonschema_says(schema: Any, value: Any) -> None:
    """Its own keywords are the judge of those that are ours."""
    assert fits(schema, value) is Draft202012Validator(schema).is_valid(value)


@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["string", "integer", "number", "boolean", ["integer", "null"], ["string", "number"]]
            )
        },
        optional={
            "minimum": st.integers(-2, 2),
            "maximum": st.integers(-2, 2),
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
        },
    ),
    VALUES | st.floats() | st.integers(2**31 - 2, 2**31 + 2),
)
def test_what_is_told_quickly_is_what_jsonschema_says(schema: Any, value: Any) -> None:
    """Texts and numbers with nothing but bounds, the usual case, are not given to it."""
    assert fits(schema, value) is Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"pattern": "a"}}, ["a", "a"]),
        ({"patternProperties": {"a": {}}}, {"a": 1, "b": 1}),
        ({"patternProperties": {"a": {}}, "additionalProperties": False}, {"a": 1}),
        ({"propertyNames": {"pattern": "a"}}, {"a": 1}),
    ],
)
def test_all_patterns_of_a_value_share_one_bound(schema: Any, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    BoundedSchema(schema).check(value)
    monkeypatch.setattr("nodeloom.descriptor.boundedschema._PATTERN_SECONDS", -1.0)
    with pytest.raises(InvalidValueError, match="patterns do not come to an end in time"):
        BoundedSchema(schema).check(value)


@pytest.mark.parametrize(
    ("schema", "path", "meant"),
    [
        ({"minimun": 3}, "$.minimun", "minimum"),
        ({"properties": {"a": {"patern": "a"}}}, "$.properties.a.patern", "pattern"),
        ({"items": {"minLenght": 3}}, "$.items.minLenght", "minLength"),
        ({"reqired": ["a"]}, "$.reqired", "required"),
    ],
)
def test_a_misspelt_keyword_is_named(schema: Any, path: str, meant: str) -> None:
    with pytest.raises(DescriptorError, match="has no keyword") as caught:
        BoundedSchema(schema)
    assert caught.value.path == path
    assert caught.value.hint == f"Did you mean {meant!r}?"


def test_words_of_others_are_let_be() -> None:
    BoundedSchema({"x-min": 1, "example": 1, "examples": [1], "properties": {"minimun": {}}, "enum": [{"minimun": 1}]})


@pytest.mark.parametrize(
    ("bounds", "words"),
    [({"minItems": 1}, "at least one entry"), ({"minItems": 2, "maxItems": 3}, "at least 2 entries and at most 3")],
)
def test_a_hint_says_how_many_entries(bounds: Any, words: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        BoundedSchema({"type": "array", "items": {"type": "string"}, **bounds}).check([])
    assert words in str(caught.value.hint)
