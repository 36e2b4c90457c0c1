"""JavaScript's own methods that are replaced: they answer as QuickJS's, and keep the limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.expression.conftest import Evaluate

from nodeloom.errors import ExpressionMemoryError, ExpressionTimeoutError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.expression.quickjs import Context
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()

PATTERNS = st.sampled_from(["a", "b*", "(a)(b)?", "(?<x>a)|b", "", "a(?=b)", "\\s", "[ab]+", "(?:)", "^a", "z"])
FLAGS = st.sampled_from(["g", "gi", "gu", "", "y", "gm"])
REPLACEMENTS = st.sampled_from(
    ["'-'", "'[$&]'", "'$1$2'", "'$<x>'", "'$$'", '"$\'".slice(0, 0)', "(m, ...r) => r.length + m"]
)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abAB \n😀", min_size=1, max_size=6), PATTERNS, FLAGS, REPLACEMENTS)
def test_regular_expressions_on_long_texts(piece: str, pattern: str, flags: str, replacement: str) -> None:
    """Their loops are JavaScript then; the answers are those of QuickJS."""
    text = f"{json.dumps(piece)}.repeat({21000 // len(piece) + 1})"
    regex = f"/{pattern or '(?:)'}/{flags}"
    calls = [
        f"{text}.match({regex})?.slice(0, 9)",
        f"{text}.split({regex}).slice(-9)",
        f"{text}.replace({regex}, {replacement}).slice(-99)",
    ]
    if "g" in flags:
        calls.append(f"[...{text}.matchAll({regex})].slice(-3).map(m => [...m, m.index])")
    code = f"JSON.stringify([{', '.join(calls)}])"
    assert evaluate(f"={{{{ {code} }}}}", dialect="n8n", engines=ENGINES) == Context().eval(code)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-9, 9), st.lists(st.integers(0, 3), max_size=3), st.text(max_size=2)), max_size=6)
)
def test_array_methods(values: list[Any]) -> None:
    """On ordinary arrays nothing differs."""
    calls = [
        "slice(1)",
        "slice(-2, 3)",
        "join('-')",
        "concat([1], 2)",
        "flat()",
        "flat(0)",
        "flatMap(x => [x, [x]])",
        "sort()",
        "splice(1, 2)",
        "shift()",
    ]
    answers = [*(f"a().{call}" for call in calls), "`${a()}`", "[,1,,].flat()", "[].concat.call('x', 1)"]
    code = f"JSON.stringify([{', '.join(answers)}])"
    bare = Context().eval(f"const a = () => {json.dumps(values)}; {code}")
    ours = evaluate(
        f"={{{{ (() => {{ const a = () => $json.v.concat(); return {code} }})() }}}}", json={"v": values}, dialect="n8n"
    )
    assert ours == bare


@pytest.mark.parametrize(
    "code",
    [
        "[].concat(Array(2 ** 32 - 1)).length",
        "Array(2 ** 32 - 1).join()",
        "`${[Array(2 ** 32 - 1)]}`",
        "Array(2 ** 32 - 1).slice().length",
        "[Array(2 ** 32 - 1)].flat().length",
        "Array(2 ** 32 - 1).unshift(1)",
        "Array(2 ** 32 - 1).sort().length",
        "[].slice.call({ length: 2 ** 32 - 1 }).length",
        "'a'.repeat(150000).replace(/(?=(a+))/g, '$1').length",
        "'a'.repeat(150000).match(/(?=(a+))/g).length",
    ],
)
def test_loops_inside_quickjs_do_not_hold_the_thread(code: str) -> None:
    """A few characters of code cannot ask for minutes."""
    scope = Scope(Environment(time_limit=0.2), [{"json": {}}], 0)
    with pytest.raises((ExpressionMemoryError, ExpressionTimeoutError)):
        compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(scope)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("(1234567.891).toLocaleString()", "1,234,567.891"),
        ("(1234.5).toLocaleString('fr-FR')", "1\u202f234,5"),
        ("(0.256).toLocaleString('en-US', { style: 'percent', maximumFractionDigits: 1 })", "25.6%"),
        ("(1.005).toLocaleString('en-US', { maximumFractionDigits: 2 })", "1.01"),
        ("(1234567).toLocaleString('en-US', { notation: 'compact' })", "1.2M"),
        ("['b', 'a', 'C', 'ä'].sort((x, y) => x.localeCompare(y))", ["a", "ä", "b", "C"]),
        ("'item10'.localeCompare('item9', undefined, { numeric: true })", 1),
        ("'a'.localeCompare('A', 'en', { sensitivity: 'base' })", 0),
        ("new Date(0).toLocaleDateString('de-DE', { dateStyle: 'long' })", "1. Januar 1970"),
        (
            "new Date(0).toLocaleString('en-US', { dateStyle: 'full', timeStyle: 'long' })",
            "Thursday, January 1, 1970 at 12:00:00 AM UTC",
        ),
        ("Intl.DateTimeFormat('en-US', { month: 'short' }).format(new Date(0))", "Jan"),
        ("new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(-5)", "-$5.00"),
        ("new Intl.ListFormat('en').format(['a', 'b', 'c'])", "a, b, and c"),
    ],
)
def test_languages(js: Any, code: str, expected: object) -> None:
    """What QuickJS leaves to ICU, for the languages that are known."""
    assert js(code) == expected


def test_many_numbers_are_sorted_as_texts(js: Evaluate) -> None:
    """As few are; holes come last."""
    assert js("Array(2000).fill(0.5).map((x, i) => x * (2000 - i)).sort().slice(0, 4)") == [0.5, 1, 1.5, 10]
    assert js("(() => { const a = Array(2001).fill(1.5); delete a[0]; a.sort(); return [a.length, 2000 in a] })()") == [
        2001,
        False,
    ]


def test_many_numbers_of_a_typed_array_are_joined(js: Evaluate) -> None:
    assert js("new Float64Array(1001).fill(0.5).join('-').length") == 1001 * 4 - 1
    assert js("new BigInt64Array(1001).fill(5n).join('').length") == 1001


def test_many_numbers_cross_as_they_are(js: Evaluate) -> None:
    numbers = [n + 0.5 for n in range(1500)]
    assert js("({ a: $json.a.map(x => x), b: NaN })['a']", a=numbers) == numbers
