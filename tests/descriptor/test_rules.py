"""A visibility rule as JSON Schema says what settling the form says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from nodeloom.descriptor.models import PropertyDescriptor
from nodeloom.descriptor.rules import Rules
from nodeloom.descriptor.visibility import visible_form

VALUES = ["a", "b", "", 5, 6, True, False, None]
CONDITIONS: list[Any] = [
    *VALUES,
    {"_cnd": {"eq": 5}},
    {"_cnd": {"not": "a"}},
    {"_cnd": {"exists": True}},
    {"_cnd": {"startsWith": "a"}},
    {"_cnd": {"endsWith": "."}},
    {"_cnd": {"includes": "b"}},
]
NUMBERS: list[Any] = [
    {"_cnd": {"gt": 5}},
    {"_cnd": {"gte": 5}},
    {"_cnd": {"lt": 6}},
    {"_cnd": {"between": {"from": 5, "to": 5}}},
]


@st.composite
def forms(draw: st.DrawFn) -> list[PropertyDescriptor]:
    """Two to five properties, some of which depend on others, also in chains."""
    count = draw(st.integers(2, 5))
    made = []
    for number in range(count):
        raw: dict[str, Any] = {"name": f"p{draw(st.integers(0, number))}", "type": "string"}
        if draw(st.booleans()):
            raw["default"] = draw(st.sampled_from(VALUES))
        display: dict[str, Any] = {}
        for word in ("show", "hide"):
            for _ in range(draw(st.integers(0, 1)) if number else 0):
                other = f"p{draw(st.integers(0, number - 1))}"
                if other != raw["name"]:
                    wanted = draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=2))
                    display.setdefault(word, {})[draw(st.sampled_from(["", "/"])) + other] = wanted
        if display:
            raw["displayOptions"] = display
        made.append(PropertyDescriptor.model_validate(raw))
    return made


def rules(properties: list[PropertyDescriptor]) -> Rules:
    conditions = {}
    for prop in properties:
        options = prop.display_options
        conditions[id(prop)] = {"show": options.show or {}, "hide": options.hide or {}} if options else {}
    return Rules(properties, conditions)


def visible_by_schema(properties: list[PropertyDescriptor], given_values: Any) -> list[bool | None]:
    found: list[bool | None] = []
    for prop in properties:
        schema = rules(properties).visible(prop)
        if schema is not None:
            Draft202012Validator.check_schema(schema)
        found.append(None if schema is None else Draft202012Validator(schema).is_valid(given_values))
    return found


def visible_by_form(properties: list[PropertyDescriptor], given_values: Any) -> list[bool]:
    shown = {id(p) for p in visible_form(properties, given_values, version=1).properties}
    return [id(prop) in shown for prop in properties]


@pytest.mark.slow
@given(forms(), st.dictionaries(st.sampled_from(["p0", "p1", "p2", "p3"]), st.sampled_from(VALUES), max_size=4))
@settings(deadline=None)
def test_schema_and_form_agree_about_what_is_visible(properties: list[PropertyDescriptor], values: Any) -> None:
    # Names that come twice may have two values in sight; the schema looks at each of them.
    if len({p.name for p in properties}) == len(properties):
        assert visible_by_schema(properties, values) == visible_by_form(properties, values)
    else:
        visible_by_schema(properties, values)


def prop(name: str, show: Any = None, hide: Any = None, **more: Any) -> PropertyDescriptor:
    display = {k: v for k, v in (("show", show), ("hide", hide)) if v is not None}
    raw = {"name": name, "type": "string", **({"displayOptions": display} if display else {}), **more}
    return PropertyDescriptor.model_validate(raw)


@pytest.mark.slow
@pytest.mark.parametrize("condition", [*NUMBERS, 5, {"_cnd": {"not": 5}}])
@pytest.mark.parametrize(
    "value", [4, 5, 5.5, 6, [5, 6], [], ["a", 5], {"__rl": True, "mode": "id", "value": 5}, {"x": 1}]
)
def test_numbers_lists_and_locators(condition: Any, value: Any) -> None:
    properties = [prop("n"), prop("shown", {"n": [condition]}), prop("hidden", hide={"n": [condition]})]
    assert visible_by_schema(properties, {"n": value}) == visible_by_form(properties, {"n": value})


def test_an_expression_shows_what_depends_on_it_and_hides_nothing() -> None:
    properties = [prop("a"), prop("b", {"a": ["x"]}), prop("c", hide={"a": ["x"]})]
    assert visible_by_schema(properties, {"a": "={{ $json.a }}"}) == [True, True, True]


def test_what_is_not_visible_is_not_anything() -> None:
    properties = [prop("f"), prop("h", {"f": [1]}), prop("b", {"h": [{"_cnd": {"not": "x"}}]})]
    for values in ({}, {"f": 1}, {"f": 1, "h": "x"}, {"f": 2, "h": "x"}, {"f": 1, "h": "y"}):
        assert visible_by_schema(properties, values) == visible_by_form(properties, values)


def test_every_definition_of_a_name_counts() -> None:
    properties = [
        prop("f", default=True),
        prop("n", {"f": [True]}, default="1"),
        prop("n", {"f": [False]}, default="2"),
        prop("d", {"n": ["2"]}),
    ]
    for values in ({}, {"f": False}, {"f": False, "n": "1"}, {"n": "2"}):
        assert visible_by_schema(properties, values) == visible_by_form(properties, values)


@pytest.mark.parametrize(
    "show",
    [
        {"a": [{"_cnd": {"regex": "^x"}}]},
        {"a.b": [1]},
        {"unknown": [1]},
        {"a": [{"_cnd": {"gt": "x"}}]},
        {"a": [{"_cnd": {}}]},
    ],
)
def test_what_json_schema_cannot_say_is_left_open(show: Any) -> None:
    properties = [prop("a"), prop("b", show), prop("c", {"b": [1]})]
    assert visible_by_schema(properties, {}) == [True, None, None]


def test_properties_that_decide_about_each_other_are_left_open() -> None:
    properties = [prop("a", {"b": [1]}), prop("b", {"a": [1]})]
    assert visible_by_schema(properties, {}) == [None, None]


def test_text_is_matched_letter_by_letter() -> None:
    odd = r"a.*+?()[]{}|/\^$-"
    for kind in ("startsWith", "endsWith", "includes"):
        properties = [prop("a"), prop("b", {"a": [{"_cnd": {kind: odd}}]})]
        for value in (odd, f"x{odd}", f"{odd}x", "a"):
            assert visible_by_schema(properties, {"a": value}) == visible_by_form(properties, {"a": value})
