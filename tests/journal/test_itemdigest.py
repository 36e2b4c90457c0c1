"""An item is known again by its content."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import InvalidItemError
from nodeloom.journal.itemdigest import canonical, digest_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any) -> Any:
    """`value` with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(inner) for inner in value] if isinstance(value, list) else value


@given(JSON)
def test_content_counts_and_the_order_of_keys_does_not(value: Any) -> None:
    text = canonical(value)
    assert text.isascii()
    assert json.loads(text) == value
    assert canonical(shuffled(value)) == text
    assert canonical(json.loads(json.dumps(value))) == text, "read anew from a file it is the same"


@pytest.mark.slow
@given(JSON, JSON)
def test_different_content_has_different_digests(one: Any, other: Any) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest_of(canonical(one)) == digest_of(canonical(other))) is same


def test_halves_of_surrogate_pairs_and_numbers_beyond_json_have_a_text() -> None:
    assert digest_of(canonical({"a": "\ud800", "b": math.inf, "c": math.nan, "d": 10**400}))


@pytest.mark.parametrize("value", [{"a": {1}}, {"a": object()}, {"a": b"x"}, {("x",): 1}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(InvalidItemError, match="not JSON"):
        canonical(value)


@pytest.mark.slow
def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = {}
    for _ in range(100_000):
        value = {"a": value}
    with pytest.raises(InvalidItemError, match="nested"):
        canonical(value)
