"""`$jmespath(data, query)`."""

from __future__ import annotations

import json
from typing import Any

import jmespath  # type: ignore[import-untyped]  # it has no stubs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()

DATA = {
    "people": [{"first": "James", "age": 30}, {"first": "Jacob", "age": 22}, {"first": "Jayden", "age": None}],
    "ops": {"a": {"n": 2}, "b": {"n": 3}, "c": {"x": 1}},
    "nested": [[0, 1], [2, [3]]],
    "text": "hello",
    "number": -1.5,
}
QUERIES = [
    "people[*].first",
    "people[0].first",
    "people[-1]",
    "people[1:].first",
    "people[::-1].first",
    "people[?age > `25`].first",
    "people[?age && contains(first, 'J')].{name: first, old: age}",
    "people[*].[first, age]",
    "ops.*.n",
    "nested[]",
    "nested[][]",
    "ops.*[?n][*]",
    "@.*[?first][*].age",
    "nested[0] | [1]",
    "length(people)",
    "sort_by(people[?age], &age)[0].first",
    "max_by(people[?age], &age).first",
    "join(', ', people[*].first)",
    "keys(ops)",
    "to_string(ops.a)",
    "to_number('5')",
    "type(number)",
    "not_null(nope, text)",
    "reverse(text)",
    "map(&first, people)",
    "sum(people[?age].age)",
    "avg(people[?age].age)",
    "abs(number)",
    "merge(ops.a, ops.c)",
    "values(ops)[0]",
    "starts_with(text, 'he') && !nope",
    "nope || text",
    "nope.deeper[*].x",
    '`{"a": [1]}`.a',
    '"text"',
    "@.text",
    "ops.a.n == `2`",
    "people[?first == 'Jacob'] | [0].age",
]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_answered_as_the_specification_has_it(js: Any, query: str) -> None:
    """The package `jmespath` is the judge."""
    assert js(f"$jmespath($json, {json.dumps(query)})", **DATA) == jmespath.search(query, DATA)


NAMES = st.sampled_from(["a", "b", "people", "ops", "text"])
STEPS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, NAMES).map(".".join),
        inner.map(lambda t: f"{t}[0]"),
        inner.map(lambda t: f"{t}[*]"),
        inner.map(lambda t: f"{t}[]"),
        inner.map(lambda t: f"{t}.*"),
        inner.map(lambda t: f"{t}[?a]"),
        st.tuples(inner, inner).map(" || ".join),
        st.tuples(inner, inner).map(" | ".join),
        st.tuples(inner, inner).map(lambda t: f"[{t[0]}, {t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"{{x: {t[0]}, y: {t[1]}}}"),
        inner.map(lambda t: f"!({t})"),
        inner.map(lambda t: f"{t}[1:]"),
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(alphabet="ab", max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(STEPS, st.dictionaries(NAMES, VALUES, max_size=4))
def test_drawn_queries_too(query: str, data: dict[str, Any]) -> None:
    """Projections, filters, flattening and pipes in any order."""
    try:
        expected = jmespath.search(query, data)
    except jmespath.exceptions.JMESPathError:
        return
    template = f"={{{{ $jmespath($json, {json.dumps(query)}) }}}}".replace('}}"', '} }"')
    if "}}" in template[3:-2]:
        return
    assert evaluate(template, json=data, dialect="n8n", engines=ENGINES) == expected


def test_misuse(js: Any) -> None:
    """Wrong arguments fail; a broken query or a function's wrong type makes the block undefined (n8n)."""
    for code in ("$jmespath($json)", "$jmespath('x', 'y')", "$jmespath()"):
        with pytest.raises(ExpressionError):
            js(code)
    assert js("$jmespath($json, 'a[')") is UNDEFINED
    assert js("$jmespath($json, 'nope(@)')") is UNDEFINED
    assert js("$jmespath($json, 'length(number)')", **DATA) is UNDEFINED
    assert js("$jmespath(null, 'y')") is None
    assert js("$jmespath($json, 'toString')") is None
