"""Contributions add up as lodash's `merge` and `set` do; the cases were compared with lodash 4.17."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.descriptor.keypaths import parse_path
from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.plan.merge import MAX_INDEX, at_path, copy_json, merge

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(st.sampled_from(["a", "b", "0", "__proto__"]), JSON, max_size=3)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("a", {"a": "V"}),
        ("$top", {"$top": "V"}),
        ("a.b", {"a": {"b": "V"}}),
        ("a[0].b", {"a": [{"b": "V"}]}),
        ("a.0.b", {"a": [{"b": "V"}]}),
        ("a[0][1]", {"a": [[UNDEFINED, "V"]]}),
        ("a[2]", {"a": [UNDEFINED, UNDEFINED, "V"]}),
        # Only the digits of a whole number, written without a leading zero, are an index.
        ("a[01]", {"a": {"01": "V"}}),
        ("a.-1", {"a": {"-1": "V"}}),
        ("a[1.5]", {"a": {"1.5": "V"}}),
        ("a.1e3", {"a": {"1e3": "V"}}),
        ("a[" + "9" * 5000 + "]", {"a": {"9" * 5000: "V"}}),
        # What is sent is an object, so a number at the top is a key.
        ("[0]", {"0": "V"}),
        ("0.a", {"0": {"a": "V"}}),
        ('a["x.y"]', {"a": {"x.y": "V"}}),
        ("['x.y'].z", {"x.y": {"z": "V"}}),
        ('a["q\\"r"]', {"a": {'q"r': "V"}}),
        ('a["q\\\\r"]', {"a": {"q\\r": "V"}}),
        ('a[""]', {"a": {"": "V"}}),
        ("a[b]", {"a": {"b": "V"}}),
        ("a[b.c]", {"a": {"b": {"c": "V"}}}),
        ("", {"": "V"}),
        (".", {"": {"": "V"}}),
        ("..", {"": {"": {"": "V"}}}),
        (".a", {"": {"a": "V"}}),
        ("a.", {"a": {"": "V"}}),
        ("a..b", {"a": {"": {"b": "V"}}}),
        ("a[]", {"a": {"": "V"}}),
        ("a[].b", {"a": {"": {"b": "V"}}}),
        # Brackets that do not close are letters, unless a dot makes it a path.
        ("a[", {"a[": "V"}),
        ("a[0", {"a[0": "V"}),
        ("a]", {"a]": "V"}),
        ("x[0.y", {"x": [{"y": "V"}]}),
        ("a b.c d", {"a b": {"c d": "V"}}),
    ],
)
def test_set_puts_a_value_at_a_path(path: str, wanted: Any) -> None:
    assert at_path(parse_path(path), "V") == wanted


@given(st.text(st.sampled_from("ab01.[]\"'\\- é"), max_size=12))
@settings(deadline=None)
def test_any_path_has_keys_and_an_object(path: str) -> None:
    keys = parse_path(path)
    assert keys
    assert all(isinstance(k, str) or k >= 0 for k in keys)
    if all(isinstance(k, str) or k <= MAX_INDEX for k in keys):
        assert isinstance(at_path(keys, 1), dict)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=2, max_size=4))
def test_quoted_keys_hold_anything(keys: list[str]) -> None:
    def quoted(key: str) -> str:
        return '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'

    assert [str(k) for k in parse_path("".join(map(quoted, keys)))] == keys


@pytest.mark.parametrize("path", ["a[999999999]", "a.999999999", "a[10000]", "a.b[999999999999999].c"])
def test_a_huge_index_is_refused_rather_than_allocated(path: str) -> None:
    with pytest.raises(InvalidValueError, match="empty entries"):
        at_path(parse_path(path), 1)


def test_the_greatest_index_still_works() -> None:
    found: Any = at_path(parse_path(f"a[{MAX_INDEX}]"), 1)
    assert len(found["a"]) == MAX_INDEX + 1


@pytest.mark.parametrize("path", ["__proto__.x", "a.__proto__.b", "constructor.prototype.x", "__class__.__init__"])
def test_keys_that_javascript_and_python_know_are_data(path: str) -> None:
    target: dict[str, Any] = {}
    merge(target, at_path(parse_path(path), 1))
    first, *rest = path.split(".")
    held = target[first]
    for key in rest:
        held = held[key]
    assert held == 1
    assert not hasattr(object, "x")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ({"b": 1}, {"c": 2}, {"b": 1, "c": 2}),
        ({"b": {"c": 1}}, {"b": {"d": 2}}, {"b": {"c": 1, "d": 2}}),
        ([1, 2, 3], [9], [9, 2, 3]),
        ([{"x": 1}, {"y": 1}], [{"z": 1}], [{"x": 1, "z": 1}, {"y": 1}]),
        ([1, [2, 3]], [0, [5]], [0, [5, 3]]),
        ([1], [], [1]),
        ({"b": 1}, {}, {"b": 1}),
        ({"b": 1}, None, None),
        (None, {}, {}),
        ("x", {"b": 1}, {"b": 1}),
        ({"b": 1}, [1], [1]),
        ({"0": 1}, [9], [9]),
        ("xy", ["q"], ["q"]),
        (1, [], []),
        # A list stays one: an object can change its entries, and nothing else of it.
        ([1, 2], {"0": 9}, [9, 2]),
        ([1, 2], {"b": 1}, [1, 2]),
        ([1], {"2": 3}, [1, UNDEFINED, 3]),
        ([1, 2], [UNDEFINED, 5, UNDEFINED], [1, 5, UNDEFINED]),
        (1, UNDEFINED, 1),
    ],
)
def test_merge_adds_up(old: Any, new: Any, wanted: Any) -> None:
    target = {"a": old}
    merge(target, {"a": new})
    assert target == {"a": wanted}


def test_undefined_makes_a_key_that_is_missing() -> None:
    target: dict[str, Any] = {}
    merge(target, {"a": UNDEFINED})
    assert target == {"a": UNDEFINED}


def test_an_object_with_a_huge_index_cannot_blow_up_a_list() -> None:
    with pytest.raises(InvalidValueError, match="empty entries"):
        merge({"a": [1]}, {"a": {"999999999": 1}})


@given(OBJECT, OBJECT)
def test_merging_changes_nothing_of_the_source_and_shares_nothing_with_it(target: Any, source: Any) -> None:
    before = copy.deepcopy(source)
    merge(target, source)
    merge(target, {"a": {"b": "changed"}, "b": ["changed"]})
    assert source == before


@given(OBJECT)
def test_merging_the_same_twice_is_merging_once(source: Any) -> None:
    once: dict[str, Any] = {}
    merge(once, source)
    twice = copy.deepcopy(once)
    merge(twice, source)
    assert once == twice == source


@given(JSON)
def test_a_copy_is_equal_and_shares_nothing(value: Any) -> None:
    copied = copy_json(value)
    assert copied == value
    if isinstance(value, (list, dict)):
        assert copied is not value
