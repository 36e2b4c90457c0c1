"""Dotted names are read as lodash's `get` reads them (recorded from n8n 2.41)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.descriptor.keypaths import value_at

ABSENT = object()
DATA: dict[str, Any] = {
    "data": [{"rows": [1, 2]}, {"rows": [3]}],
    "x.y": "dotted",
    "a": {"b": [{"c": 1}], "x.y": 2},
    "n": None,
    "t": "t\u00e9\U0001f600",
    "": "unnamed",
    "0": "zero",
    "a[0]": "bracketed",
}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("data[0].rows", [1, 2]),
        ("data.1.rows[0]", 3),
        ("data[-1]", ABSENT),
        ("data[2]", ABSENT),
        ("data[2].rows", ABSENT),
        ('["x.y"]', "dotted"),
        ("x.y", "dotted"),
        ('a["x.y"]', 2),
        ("a['b'][0].c", 1),
        ("a.x.y", ABSENT),
        ("a[0]", "bracketed"),
        ("n", None),
        ("n.x", ABSENT),
        ("nope", ABSENT),
        ("nope.x", ABSENT),
        ("", "unnamed"),
        ("0", "zero"),
        ("[0]", "zero"),
        ("data.length", 2),
        ("t.length", 4),
        ("t[1]", "\u00e9"),
        ("a.length", ABSENT),
        ("a..b", ABSENT),
    ],
)
def test_a_dotted_name_finds_what_lodash_finds(path: str, wanted: Any) -> None:
    assert value_at(DATA, path, ABSENT) is wanted or value_at(DATA, path, ABSENT) == wanted


def test_a_path_into_a_list_begins_with_its_index() -> None:
    assert value_at([{"a": 1}], "[0].a", ABSENT) == 1
    assert value_at([{"a": 1}], "0.a", ABSENT) == 1
    assert value_at([{"a": 1}], "a", ABSENT) is ABSENT


@given(st.dictionaries(st.text(max_size=6), st.integers(), min_size=1), st.data())
@settings(deadline=None)
def test_a_key_spelt_as_the_whole_path_is_found_whatever_it_holds(held: dict[str, int], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(held)))
    assert value_at(held, key, ABSENT) == held[key]
