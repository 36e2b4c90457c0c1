"""What of a form is visible, by n8n's rules (compared with n8n-workflow 2.41)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor.conditions import ABSENT, CONDITIONS, matches, same
from nodeloom.descriptor.models import DisplayOptions, NodeDescriptor, PropertyDescriptor
from nodeloom.descriptor.visibility import Surroundings, VisibleForm, controlling_names, edition_of, visible_form
from nodeloom.errors import DescriptorError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


def prop(
    name: str, default: Any = "on", show: Any = None, hide: Any = None, kind: str = "string", **more: Any
) -> PropertyDescriptor:
    raw: dict[str, Any] = {"name": name, "type": kind, "default": default, **more}
    if show is not None or hide is not None:
        raw["displayOptions"] = {k: v for k, v in (("show", show), ("hide", hide)) if v is not None}
    return PropertyDescriptor.model_validate(raw)


def form(*properties: PropertyDescriptor, version: float = 1, **given_values: Any) -> VisibleForm:
    return visible_form(properties, given_values, version=version)


def shown(show: Any = None, hide: Any = None, *, version: float = 1, root: Any = None, **values: Any) -> bool:
    options = DisplayOptions(show=show, hide=hide)
    return Surroundings(values, values if root is None else root, version).visible(options)


def cnd(kind: str, wanted: Any) -> list[Any]:
    return [{"_cnd": {kind: wanted}}]


def test_without_conditions_everything_is_visible() -> None:
    assert Surroundings({}, {}, 1).visible(None)
    assert shown()
    assert shown(show={}, hide={})


def test_every_key_of_show_must_match_and_no_key_of_hide_may() -> None:
    assert shown({"a": [1], "b": ["x", "y"]}, a=1, b="y")
    assert not shown({"a": [1], "b": ["x", "y"]}, a=1, b="z")
    assert not shown(hide={"a": [1], "b": [2]}, a=0, b=2)
    assert shown(hide={"a": [1], "b": [2]}, a=0, b=0)
    assert not shown({"a": [1]}, {"b": [2]}, a=1, b=2)


@pytest.mark.parametrize(
    ("value", "literal", "equal"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        ("", None, False),
        (None, None, True),
        ("a", "A", False),
        # An object in a document is never the one in the parameters.
        ({"a": 1}, {"a": 1}, False),
    ],
)
def test_literals_are_compared_as_javascript_does(value: Any, literal: Any, equal: bool) -> None:
    assert shown({"x": [literal]}, x=value) is equal
    assert shown(hide={"x": [literal]}, x=value) is not equal


@pytest.mark.parametrize(
    ("kind", "wanted", "value", "holds"),
    [
        ("eq", 5, 5, True),
        ("eq", 5, "5", False),
        ("eq", 1, True, False),
        ("eq", {"a": [1]}, {"a": [1.0]}, True),
        ("eq", {"a": True}, {"a": 1}, False),
        ("not", 5, 6, True),
        ("not", 5, 5, False),
        ("not", 1, True, True),
        ("gt", 4, 5, True),
        ("gt", 5, 5, False),
        ("gt", 4, "5", True),
        ("gt", "a", "b", True),
        ("gt", "10", "9", True),  # two texts are ordered as texts
        ("gt", 0, True, True),
        ("gt", 0, "abc", False),
        ("gt", 0, {}, False),
        ("gte", "5", {"a": 1}, True),  # an object is compared as its text, `[object Object]`
        ("lt", "b", {"a": 1}, True),
        ("lt", "5", {"a": 1}, False),
        ("gte", 5, 5, True),
        ("gte", 0, None, True),
        ("gte", 0, "", True),
        ("lt", 5, 4, True),
        ("lt", 5, 5, False),
        ("lte", 5, 5, True),
        ("lte", 5, "x", False),
        ("between", {"from": 1, "to": 6}, 1, True),
        ("between", {"from": 1, "to": 6}, 6, True),
        ("between", {"from": 1, "to": 6}, 7, False),
        ("between", {"from": "a", "to": "c"}, "b", True),
        ("startsWith", "he", "hello", True),
        ("startsWith", "lo", "hello", False),
        ("startsWith", "5", 55, False),
        ("endsWith", "lo", "hello", True),
        ("includes", "ell", "hello", True),
        ("includes", "x", "hello", False),
        ("regex", "^h.*o$", "hello", True),
        ("regex", "^5+$", 55, False),
        ("exists", True, "x", True),
        ("exists", True, 0, True),
        ("exists", True, False, True),
        ("exists", True, "", False),
        ("exists", True, None, False),
        ("exists", False, "", False),  # n8n does not look at what is wanted
    ],
)
def test_conditions(kind: str, wanted: Any, value: Any, holds: bool) -> None:
    assert shown({"x": cnd(kind, wanted)}, x=value) is holds
    assert shown(hide={"x": cnd(kind, wanted)}, x=value) is not holds


@pytest.mark.parametrize("kind", [k for k in CONDITIONS if k != "not"])
def test_a_parameter_without_a_value_meets_no_condition_but_not(kind: str) -> None:
    wanted: Any = {"from": 0, "to": 1} if kind == "between" else "x"
    assert not matches({"_cnd": {kind: wanted}}, [ABSENT])


def test_a_parameter_without_a_value_is_not_anything() -> None:
    assert shown({"x": cnd("not", "q")})
    assert not shown(hide={"x": cnd("not", "q")})
    assert not shown({"x": [None]})
    assert shown(hide={"x": [None, "", 0]})


def test_one_of_several_conditions_is_enough() -> None:
    conditions = [{"_cnd": {"gt": 10}}, {"_cnd": {"lt": 0}}, 5]
    assert [n for n in (-1, 4, 5, 11) if shown({"x": conditions}, x=n)] == [-1, 5, 11]


def test_only_the_first_rule_of_a_condition_counts() -> None:
    assert shown({"x": [{"_cnd": {"gt": 4, "lt": 5}}]}, x=5)


def test_an_object_with_more_than_a_condition_is_a_literal() -> None:
    assert not shown({"x": [{"_cnd": {"gt": 4}, "more": 1}]}, x=5)


def test_an_unknown_condition_is_named_with_the_nearest() -> None:
    with pytest.raises(DescriptorError, match="'startswith'") as caught:
        shown({"x": cnd("startswith", "a")}, x="abc")
    assert caught.value.hint == "Did you mean 'startsWith'?"


@pytest.mark.parametrize(
    "broken", [{"_cnd": {}}, {"_cnd": 5}, {"_cnd": {"between": 5}}, {"_cnd": {"between": {"from": 1}}}]
)
def test_a_broken_condition_is_a_descriptor_error(broken: Any) -> None:
    with pytest.raises(DescriptorError):
        shown({"x": [broken]}, x=1)


def test_a_broken_pattern_is_a_descriptor_error() -> None:
    with pytest.raises(DescriptorError, match="not a JavaScript regular expression"):
        shown({"x": cnd("regex", "(")}, x="a")


def test_a_condition_that_is_no_list_counts_as_one() -> None:
    assert shown({"x": "a"}, x="a")
    assert not shown({"x": "a"}, x="b")


def test_an_empty_list_of_conditions_never_matches() -> None:
    assert not shown({"x": []}, x=1)
    assert shown(hide={"x": []}, x=1)


def test_of_a_list_any_entry_may_be_the_literal_and_all_must_meet_a_condition() -> None:
    assert shown({"m": ["b"]}, m=["a", "b"])
    assert not shown({"m": cnd("not", "a")}, m=["a", "b"])
    assert shown({"m": cnd("startsWith", "a")}, m=["ab", "ac"])
    assert not shown({"m": ["a"]}, m=[])
    assert shown({"m": cnd("not", "a")}, m=[])
    assert shown(hide={"m": cnd("not", "a")}, m=[])


def test_a_resource_locator_counts_by_its_value() -> None:
    assert shown({"x": ["v"]}, x={"__rl": True, "mode": "id", "value": "v"})
    assert shown({"x": ["v"]}, x={"__rl": True, "mode": "list", "value": ["u", "v"]})


def test_the_version_of_the_node() -> None:
    assert shown({"@version": [1, 1.1]}, version=1.1)
    assert not shown({"@version": cnd("gte", 2)}, version=1.1)
    assert not shown(hide={"@version": cnd("gte", 2)}, version=2)
    assert shown({"@tool": [False]})
    assert not shown({"@unknown": [1]})


def test_a_slash_leads_to_the_root_and_dots_and_brackets_inside() -> None:
    root = {"operation": "go", "a": {"b": [{"c": "x"}]}, "d.e": "y"}
    assert shown({"/operation": ["go"]}, root=root, operation="other")
    assert shown({"operation": ["other"]}, root=root, operation="other")
    assert shown({"/a.b[0].c": ["x"]}, root=root)
    assert shown({"/a.b.0.c": ["x"]}, root=root)
    assert shown({"/d.e": ["y"]}, root=root)
    for path in ("/a.b[1].c", "/a.x", "/a.b.c", "/operation.x", "/"):
        assert not shown({path: ["x"]}, root=root)


def test_an_expression_shows_what_depends_on_it_whatever_else_is_asked() -> None:
    assert shown({"a": ["x"]}, a="={{ $json.a }}")
    assert shown({"a": ["x"], "b": ["y"]}, a="=1", b="no")
    assert shown({"a": ["x"]}, {"b": ["y"]}, a="=1", b="y")
    # A key before it that does not match has decided already.
    assert not shown({"b": ["y"], "a": ["x"]}, a="=1", b="no")
    assert shown(hide={"a": ["x"]}, a="=x")


def test_what_counts_as_an_expression_is_the_caller_s_to_say() -> None:
    around = Surroundings({"a": "{{ $json.a }}"}, {}, 1, lambda value: isinstance(value, str) and "{{" in value)
    assert around.visible(DisplayOptions(show={"a": ["x"]}, hide=None))


def test_defaults_fill_what_is_not_given() -> None:
    found = form(prop("a", "x"), prop("b", "y", {"a": ["x"]}), prop("c", "z", {"a": ["given"]}))
    assert found.values == {"a": "x", "b": "y"}
    assert [p.name for p in found] == ["a", "b"]
    assert form(prop("a", "x"), prop("c", "z", {"a": ["given"]}), a="given").values == {"a": "given", "c": "z"}


def test_a_property_without_a_default_has_no_value() -> None:
    bare = PropertyDescriptor.model_validate({"name": "a", "type": "string"})
    found = form(bare, prop("b", show={"a": cnd("exists", True)}))
    assert found.values == {}
    assert [p.name for p in found] == ["a"]


def test_a_property_may_depend_on_a_later_one() -> None:
    assert form(prop("dep", show={"f": [True]}), prop("f", True)).values == {"dep": "on", "f": True}


def test_what_depends_on_an_invisible_parameter_is_invisible() -> None:
    chain = (prop("dep", show={"hidden": ["z"]}), prop("hidden", "z", {"f": [False]}), prop("f", True))
    assert form(*chain).values == {"f": True}
    assert form(*chain, f=False).values == {"dep": "on", "hidden": "z", "f": False}
    # Also when the author gave the invisible one a value.
    assert form(*chain, hidden="z").values == {"f": True}


def test_of_several_properties_of_a_name_the_visible_one_counts() -> None:
    twice = (
        prop("n", "1", {"f": [True]}),
        prop("n", "2", {"f": [False]}),
        prop("f", False),
        prop("d", show={"n": ["2"]}),
    )
    assert form(*twice).values == {"n": "2", "f": False, "d": "on"}
    assert form(*twice, f=True).values == {"n": "1", "f": True}


def test_properties_that_decide_about_each_other_come_to_an_end() -> None:
    form(prop("a", "1", {"b": ["1"]}), prop("b", "1", {"a": ["1"]}))
    form(prop("a", "1", {"a": ["1"]}))


def test_a_long_chain_of_dependencies_is_no_trouble() -> None:
    chain = [prop("p0", "on"), *(prop(f"p{i}", "on", {f"p{i - 1}": ["on"]}) for i in range(1, 200))]
    assert len(form(*reversed(chain)).values) == 200
    assert form(*reversed(chain), p0="off").values == {"p0": "off"}


def test_nested_properties_see_their_siblings_and_the_root() -> None:
    nested = [prop("x", "1", {"/f": [True]}), prop("y", "2", {"x": ["1"]}), prop("z", "3", {"f": [True]})]
    found = visible_form(nested, {"x": "1"}, version=1, root={"f": True}, defaults=False)
    assert [p.name for p in found] == ["x", "y"]
    assert found.values == {"x": "1"}


def test_the_names_that_decide_about_a_part() -> None:
    options = DisplayOptions(show={"/a.b": [1], "@version": [1]}, hide={"c[0]": [2]})
    assert {"a", "c"} <= set(controlling_names(options))
    assert "@version" not in set(controlling_names(options))
    assert list(controlling_names(None)) == []


@given(JSON, JSON)
def test_equality_is_symmetric_and_never_mixes_booleans_and_numbers(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)
    if same(one, other) and not isinstance(one, (dict, list)):
        assert isinstance(one, bool) == isinstance(other, bool)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_order_is_total_on_numbers(one: float, other: float) -> None:
    hits = [k for k, w in (("lt", other), ("gt", other), ("eq", other)) if CONDITIONS[k](one, w)]
    assert len(hits) == 1


def test_what_is_no_number_is_in_no_order() -> None:
    assert not any(CONDITIONS[k]("abc", 5) or CONDITIONS[k](math.nan, 5) for k in ("lt", "gt", "lte", "gte"))


FEATURES = {"fresh": {"@version": [{"_cnd": {"gte": 2}}]}, "first": {"@version": [1]}}


def of_version(version: float, options: dict[str, Any], **document: Any) -> bool:
    node = NodeDescriptor.model_validate(
        {"name": "probe", "displayName": "P", "version": version, "features": FEATURES, **document}
    )
    return Surroundings({}, {}, edition_of(node)).visible(DisplayOptions.model_validate(options))


@pytest.mark.parametrize(
    ("options", "versions"),
    [
        ({"show": {"@feature": ["fresh"]}}, [2, 3]),
        ({"hide": {"@feature": ["fresh"]}}, [1]),
        ({"show": {"@feature": [{"_cnd": {"not": "fresh"}}]}}, [1]),
        ({"show": {"@feature": ["first", "fresh"]}}, [1, 2, 3]),
        ({"show": {"@version": [2]}, "hide": {"@feature": ["first"]}}, [2]),
        ({"show": {"@feature": ["never"]}}, []),
    ],
)
def test_a_feature_is_that_of_the_version(options: dict[str, Any], versions: list[int]) -> None:
    assert [version for version in (1, 2, 3) if of_version(version, options)] == versions


@pytest.mark.parametrize("features", [None, {}])
def test_a_node_without_features_shows_only_what_asks_for_none(features: Any) -> None:
    assert not of_version(1, {"show": {"@feature": ["fresh"]}}, features=features)
    assert of_version(1, {"hide": {"@feature": ["fresh"]}}, features=features)
    assert of_version(1, {"show": {"@feature": [{"_cnd": {"not": "fresh"}}]}}, features=features)


@pytest.mark.parametrize(("name", "tool"), [("exampleTool", True), ("toolbox", False), ("example", False)])
def test_a_node_is_a_tool_by_its_name(name: str, tool: bool) -> None:
    assert of_version(1, {"show": {"@tool": [True]}}, name=name) is tool
    assert of_version(1, {"hide": {"@tool": [True]}}, name=name) is not tool


def test_of_an_empty_list_only_not_holds() -> None:
    for kind, wanted in (("eq", "v"), ("exists", True), ("gte", 5), ("includes", "v"), ("regex", "^v")):
        assert not shown({"a": cnd(kind, wanted)}, a=[])
    assert shown({"a": cnd("not", "v")}, a=[])
    assert not shown({"a": [None]}, a=[])
    # What hides is not asked about no values at all.
    assert shown(hide={"a": cnd("not", "v")}, a=[])


def test_a_key_is_a_path_as_lodash_reads_it() -> None:
    assert shown({"c[0].a": ["1"]}, c=[{"a": "1"}])
    assert shown({'c["x.y"]': ["1"]}, c={"x.y": "1"})
    assert shown({"c.length": [2]}, c=["p", "q"])
