"""Queries as the `qs` library writes them (compared with qs 6.14), bodies as JSON.stringify does."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.plan.wire import ARRAY_FORMATS, encode_form, encode_json, encode_query, iso_text, query_pairs

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]"), min_size=1, max_size=8)
SCALAR = TEXT | st.booleans() | st.integers(-(10**6), 10**6)
NESTED = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEY, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def read_back(query: str) -> Any:
    """A query in brackets notation as nested data: lists by index, everything scalar as text."""
    root: dict[str, Any] = {}
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        first, *inner = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", unquote(name))
        held, keys = root, [first, *inner]
        for key in keys[:-1]:
            held = held.setdefault(key, {})
        held[keys[-1]] = unquote(value)
    return root


def as_text(value: Any) -> Any:
    """`value` as `read_back` gives it: a list as an object of its indices."""
    if isinstance(value, dict):
        return {k: as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return {str(i): as_text(v) for i, v in enumerate(value)}
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


@given(st.dictionaries(KEY, NESTED, max_size=4))
@settings(deadline=None)
def test_a_nested_query_reads_back(values: dict[str, Any]) -> None:
    query = encode_query(values)
    assert re.fullmatch(r"[A-Za-z0-9\-._~%=&]*", query)
    assert read_back(query) == as_text(values)


@pytest.mark.parametrize(
    ("array_format", "value", "wanted"),
    [
        ("indices", ["x", "y"], "a[0]=x&a[1]=y"),
        ("brackets", ["x", "y"], "a[]=x&a[]=y"),
        ("repeat", ["x", "y"], "a=x&a=y"),
        ("comma", ["x", "y"], "a=x,y"),
        ("indices", [{"b": 1}, {"b": 2}], "a[0][b]=1&a[1][b]=2"),
        ("brackets", [{"b": 1}], "a[][b]=1"),
        ("repeat", [{"b": 1}, {"b": 2}], "a[b]=1&a[b]=2"),
        ("indices", [[1, 2], 3], "a[0][0]=1&a[0][1]=2&a[1]=3"),
        ("brackets", [[1, 2], 3], "a[][]=1&a[][]=2&a[]=3"),
        ("repeat", [[1, 2], 3], "a=1&a=2&a=3"),
        ("comma", [[1, 2], 3], "a=1,2,3"),
        ("indices", [None, "", 1], "a[0]=&a[1]=&a[2]=1"),
        ("comma", [None, "", 1], "a=,,1"),
        # Undefined leaves its index behind; among commas it is an empty entry.
        ("indices", [1, UNDEFINED, 2], "a[0]=1&a[2]=2"),
        ("brackets", [UNDEFINED, 1], "a[]=1"),
        ("comma", [1, UNDEFINED, 2], "a=1,,2"),
        ("comma", [UNDEFINED], ""),
        ("comma", [""], "a="),
        ("comma", [True, 1.5], "a=true,1.5"),
        ("comma", {"b": {"c": [1, 2]}}, "a[b][c]=1,2"),
        ("indices", {"b": {"c": [1]}}, "a[b][c][0]=1"),
    ],
)
def test_lists_stand_in_the_query_as_array_format_says(array_format: str, value: Any, wanted: str) -> None:
    assert unquote(encode_query({"a": value}, array_format)) == wanted


@pytest.mark.parametrize("array_format", ARRAY_FORMATS)
@pytest.mark.parametrize("value", [[], {}, UNDEFINED, {"b": UNDEFINED}, {"b": []}])
def test_what_holds_nothing_is_left_out(array_format: str, value: Any) -> None:
    assert encode_query({"a": value, "b": ""}, array_format) == "b="


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, ""),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (10**20, "100000000000000000000"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00.000Z"),
        ("~(!*)' +&=%#ü😀", "~(!*)' +&=%#ü😀"),
    ],
)
def test_scalars_are_texts_as_javascript_writes_them(value: Any, wanted: str) -> None:
    assert query_pairs({"a": value}) == [("a", wanted)]
    assert unquote(encode_query({"a": value})) == f"a={wanted}"


def test_a_query_is_percent_encoded_by_rfc_3986() -> None:
    assert encode_query({"$filter": "Link eq 'a+b'", "~k[x]": "a/b?c"}) == (
        "%24filter=Link%20eq%20%27a%2Bb%27&~k%5Bx%5D=a%2Fb%3Fc"
    )


@pytest.mark.parametrize("value", [[{"b": 1}], [[{}]]])
def test_an_object_among_commas_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="object cannot stand"):
        encode_query({"a": value}, "comma")


@given(st.dictionaries(KEY, TEXT, max_size=5))
def test_a_form_is_read_back_by_any_server(values: dict[str, str]) -> None:
    assert parse_qsl(encode_form(values).decode("ascii"), keep_blank_values=True) == list(values.items())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(deadline=None)
def test_json_reads_back(value: Any) -> None:
    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"a": UNDEFINED, "b": 1}, '{"b":1}'),
        ({"a": UNDEFINED}, "{}"),
        ([UNDEFINED, 1], "[null,1]"),
        ([math.nan, math.inf, -math.inf], "[null,null,null]"),
        ({"n": math.nan}, '{"n":null}'),
        (-0.0, "0"),
        (1.0, "1"),
        (-3.0, "-3"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (10**30, "1000000000000000000000000000000"),
        (0.1, "0.1"),
        ('ü\u2028"\\\n', '"ü\u2028\\"\\\\\\n"'),
        ((1, 2), "[1,2]"),
        (datetime(2026, 1, 31, 9, 30, 0, 123999, tzinfo=timezone(timedelta(hours=2))), '"2026-01-31T07:30:00.123Z"'),
        ({"__proto__": {"x": 1}}, '{"__proto__":{"x":1}}'),
        (UNDEFINED, "null"),
    ],
)
def test_json_is_written_as_javascript_does(value: Any, wanted: str) -> None:
    assert encode_json(value).decode("utf-8") == wanted


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("encode", [encode_json, lambda value: encode_query({"a": value})], ids=["json", "query"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("\ud800", "surrogate pair"),
        ({"k\udfff": 1}, "surrogate pair"),
        (nested(20_000), "nested too deeply"),
        pytest.param(10**5000, "digits|not JSON", id="5001 digits"),
        ({1, 2}, "not JSON|object cannot"),
        (b"x", "not JSON|object cannot"),
        (datetime(2026, 1, 31), "no time zone"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(encode: Any, value: Any, why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        encode(value)


def test_dates_before_the_year_1000_keep_four_digits() -> None:
    assert iso_text(datetime(7, 1, 2, tzinfo=UTC)) == "0007-01-02T00:00:00.000Z"
