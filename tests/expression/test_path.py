"""Python and JavaScript give the same answers: the rule the path evaluator lives by."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.compiled import PathTemplate, Template, TextTemplate
from nodeloom.expression.engines import engines_of

KEYS = st.sampled_from(
    ["a", "b", "length", "toString", "0", "1", "01", "name", "valueOf", "é", "a b", "-1", "__proto__x"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1.0]),
    # Numbers of a few digits: for some others QuickJS writes a digit more than the shortest form needs.
    st.builds(
        lambda digits, exponent: float(f"{digits}e{exponent}"), st.integers(-(10**6), 10**6), st.integers(-30, 30)
    ),
    st.text(max_size=6),
    st.sampled_from(["😀x", "", "0", "\ud83d", "\u2028"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=10,
)
DATA = st.dictionaries(KEYS, VALUES, max_size=4)
STEPS = st.lists(st.one_of(KEYS, st.integers(0, 3)), min_size=0, max_size=4)
ENVIRONMENT = Environment()


def written(path: list[str | int]) -> str:
    return "$json" + "".join(f"[{json.dumps(step)}]" for step in path)


def outcome(call: Any) -> object:
    """The result in a form that `==` compares as JavaScript's values are compared, or "error"."""
    try:
        value = call()
    except ExpressionError:
        return "error"
    return shape(value)


def shape(value: Any) -> object:
    if value is UNDEFINED:
        return ("undefined",)
    if isinstance(value, bool) or value is None:
        return (value,)
    if isinstance(value, (int, float)):
        return ("NaN",) if math.isnan(value) else ("number", float(value))
    if isinstance(value, (list, tuple)):
        return [shape(v) for v in value]
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    return value


@settings(max_examples=400, deadline=None)
@given(DATA, STEPS)
def test_a_path_has_the_same_value_in_both(data: dict[str, Any], path: list[str | int]) -> None:
    """A lone member path, on any data."""
    template = compile_value(f"={{{{ {written(path)} }}}}", dialect="n8n")
    assert isinstance(template, PathTemplate)
    scope = Scope(ENVIRONMENT, [{"json": data}], 0)
    assert outcome(lambda: template.resolve(scope)) == outcome(
        lambda: engines_of(ENVIRONMENT).evaluate(template.program, scope)
    )


@settings(max_examples=400, deadline=None)
@given(DATA, STEPS, STEPS, st.text(alphabet="ab <>$é\n", max_size=5))
def test_text_around_paths_is_the_same_in_both(
    data: dict[str, Any], first: list[str | int], second: list[str | int], text: str
) -> None:
    """Mixed text: which values vanish, how numbers, arrays and objects are written."""
    source = f"=x{{{{{written(first)}}}}}{text}{{{{{written(second)}}}}}"
    template = compile_value(source, dialect="n8n")
    assert isinstance(template, (TextTemplate, Template))
    scope = Scope(ENVIRONMENT, [{"json": data}], 0)
    assert outcome(lambda: template.resolve(scope)) == outcome(
        lambda: engines_of(ENVIRONMENT).evaluate(template.program, scope)
    )


def test_integers_beyond_javascripts_range_pass_unharmed() -> None:
    """The one intended difference: an id of twenty digits that is only passed on keeps its digits."""
    scope = Scope(ENVIRONMENT, [{"json": {"id": 12345678901234567890}}], 0)
    assert compile_value("={{ $json.id }}", dialect="n8n").resolve(scope) == 12345678901234567890
    assert compile_value("=#{{ $json.id }}", dialect="n8n").resolve(scope) == "#12345678901234567890"
