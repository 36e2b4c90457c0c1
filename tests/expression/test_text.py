"""Numbers and other values as text, by JavaScript's rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.expression.quickjs import Context
from nodeloom.expression.text import NotPlainError, mixed_text, number_text, string_text
from nodeloom.values import UNDEFINED


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.floats())
def test_a_number_is_written_as_javascript_writes_it(number: float) -> None:
    """`String(number)` of QuickJS is the judge, but where it gives a digit more than the shortest form needs."""
    context = Context()
    theirs = context.eval("(n) => String(n)")(number)
    ours = number_text(number)
    assert ours == theirs or (len(ours) < len(theirs) and float(ours) == float(theirs))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1.5e300, "1.5e+300"),
        (-12.5, "-12.5"),
        (5e-324, "5e-324"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_where_the_exponent_begins(number: float, text: str) -> None:
    """From 1e21 up and below 1e-6."""
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (UNDEFINED, ""),
        (float("nan"), ""),
        ("", ""),
        (False, "false"),
        (0, "0"),
        ([1, None, [2, UNDEFINED], "x"], "1,,2,,x"),
        ({"a": 1}, "[object Object]"),
        ([{}], "[object Object]"),
    ],
)
def test_what_a_block_contributes_to_text(value: object, text: str) -> None:
    """null, undefined and NaN vanish; arrays are joined, objects named (n8n)."""
    assert mixed_text(value) == text


def test_what_is_not_json_is_left_to_javascript() -> None:
    """Only it knows how a date, or an object with a `toString` of its own, is written."""
    with pytest.raises(NotPlainError):
        string_text(object())
    with pytest.raises(NotPlainError):
        string_text({"toString": 1})
