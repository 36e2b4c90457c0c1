"""Which code certainly changes nothing of what it reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodeloom.expression.analysis import facts_of
from nodeloom.expression.purity import is_pure
from nodeloom.expression.quickjs import Context
from nodeloom.expression.rewrite import EXTENSIONS, Block, build_program
from nodeloom.expression.syntax import CodeError, parse_expression
from nodeloom.expression.words import words


def pure(code: str) -> bool:
    tree = parse_expression(code)
    return is_pure(tree, facts_of(tree).changed, EXTENSIONS)


@pytest.mark.parametrize(
    "code",
    [
        "$json.a + 1",
        "$json.a.map(x => x.b).join()",
        "$json.a.map(({ b, c = 1 }) => `${b}${c}`)",
        "$json.a.map(function (x) { const { b } = x; if (b) return b; throw x })",
        "$json.name.toTitleCase()",
        "$json.a?.[0]?.b?.toUpperCase()",
        "[...$json.a, ...[1]].filter(Boolean).map(String)",
        "({ ...$json, b: $json.a, first: 'x' })",
        "$json.a.reduce((sum, x) => sum + x.n, 0)",
        "JSON.stringify($json, null, 2) + Object.keys($json).length + Math.round(1.5)",
        "$if($json.a > 1, 'x', typeof $json.b) ?? void 0",
        "$json.a.toSorted((a, b) => a - b)",
        "$json.a.reverse()",
        "/a/.test === $json.t",
        "'a'.replace(/a/g, m => m)",
    ],
)
def test_code_that_only_reads_shares_its_data(code: str) -> None:
    assert pure(code)


@pytest.mark.parametrize(
    "code",
    [
        # what assigns
        "$json.a = 1", "$json.n++", "--$json.n", "$json.a ??= []", "delete $json.a", "[$json.a] = [1]",
        "({ x: $json.a } = { x: 1 })", "({ ...$json.a } = {})", "[...$json.a] = [1]", "[$json.a = 2] = []",
        "(() => { for ($json.a of ['EVIL']); })()", "(() => { for ($json.a in { EVIL: 1 }); })()",
        "(() => { for ([$json.a] of [['EVIL']]); })()", "(() => { for ($json.a = 1; 0;); })()",
        "$json.a.map(x => { x.b = 1 })", "$json.a.map(({ b }) => (b.c = 1))", "(a => a.b++)($json)",
        "[1].map((_, b = $json.a = 1) => b)", "[1].map(({ [$json.a = 1]: b }) => b)", "`${$json.a = 1}`",
        "({ [$json.a = 1]: 1 })", "($json.a, $json.a = 1)", "$if(1, $json.a = 1)", "[...($json.a = [])]",
        # what calls something that nobody knows
        "$json.a.sort()", "$json.a.pop?.()", "$json['sort']()", "f($json)", "Object.assign($json, {})",
        "$json.a?.push(1)",
        "Object?.assign?.($json, {})", "(0, $json.a.pop)()", "$json.a.map.call($json.a, x => x)", "($json.a.pop)``",
        "$json.a.pop`x`", "new Date()", "new (class { a = $json.a = 1 })()", "(class { static a = $json.a.b = 1 })",
        "({ get a() { return $json.b = 1 } }).a", "({ set a(v) {} })", "({ valueOf() { return 1 } }) + 1",
        "[...(function* () { yield $json })()]", "[...{ [Symbol.iterator]: $json.a.pop }]", "this.a", "$('node').all()",
        "(x => x($json.a))(y => y)", "$json.a.forEach(x => x)", "import2($json)", "super2.x()",
        # what is known, under the name of something else
        "(String => String($json, { a: 1 }))(Object.assign)", "[Object.assign].map(String => String($json, { a: 1 }))",
        "({ map: Object.assign }).map($json, { a: 1 })", "({ first: Object.assign }).first($json, { a: 1 })",
        "({ at: [].map, length: 1, 0: 0 }).at($json.a.pop, $json.a)", "({ ['m' + 'ap']: Object.assign }).map($json)",
        "({ __proto__: Object, x: 1 }).keys($json)", "({ at: JSON.stringify }).at($json, $json.a.pop)",
        "[{ k: 'map', v: Object.assign }].smartJoin('k', 'v').map($json, { a: 1 })",
        "[{ x: Object.assign }].renameKeys('x', 'map').first().map($json, { a: 1 })",
        "JSON.parse('{\"map\":1}', () => Object.assign).map($json, { a: 1 })",
        "(() => { const String = Object.assign; return String($json, { a: 1 }) })()",
        "((parseInt = Object.assign) => parseInt($json, { a: 1 }))()",
        # what is handed data by a method that is known
        "[$json].map(Object.assign)", "[1].map($json.a.pop, $json.a)", "[1].some(...[$json.a.pop, $json.a])",
        "JSON.stringify($json, $json.a.sort)", "[$json, { a: 1 }].toSorted(Object.assign)",
        "[$json].reduce(Object.assign, {})", "[[$json]].flatMap(Object.freeze)", "[$json].filter(x.y)",
        "[$json].find([Object.assign].first())",
    ],
)  # fmt: skip
def test_code_that_may_change_something_gets_its_own(code: str) -> None:
    assert not pure(code)


# -- for any code -----------------------------------------------------------------------------------------------------

_METHODS = st.sampled_from(
    sorted(
        words(
            "map at find some filter reduce concat slice first last join keys values entries toSorted reverse flat "
            "flatMap stringify parse pop push sort assign call bind apply every smartJoin renameKeys merge pluck"
        )
    )
)
_ATOMS = st.sampled_from(
    sorted(
        words(
            "$json $json.a $json.o $json.a[0] Object JSON Object.assign [].pop [].map [].push Object.freeze "
            "JSON.stringify 1 'a' 'map' f String ({a:1}) x"
        )
    )
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, _METHODS, st.lists(inner, max_size=3)).map(lambda t: f"{t[0]}.{t[1]}({','.join(t[2])})"),
        st.tuples(inner, _METHODS).map(lambda t: f"{t[0]}.{t[1]}"),
        st.tuples(inner, st.lists(inner, max_size=2)).map(lambda t: f"({t[0]})({','.join(t[1])})"),
        st.lists(inner, max_size=3).map(lambda t: f"[{','.join(t)}]"),
        st.tuples(_METHODS, inner, inner).map(lambda t: f"({{{t[0]}: {t[1]}, x: {t[2]}, length: 1}})"),
        inner.map(lambda t: f"(x => ({t}))"),
        inner.map(lambda t: f"((String, x) => ({t}))"),
        inner.map(lambda t: f"(({{ x, a }}) => ({t}))"),
        st.tuples(st.sampled_from(["$json.a", "$json.o.map", "x", "String"]), inner).map(
            lambda t: f"({t[0]} = {t[1]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}]"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]} || {t[1]})"),
        inner.map(lambda t: f"[...({t})]"),
        inner.map(lambda t: f"({{...({t})}})"),
    )


_CODE = st.recursive(_ATOMS, _larger, max_leaves=9)
_DATA = {"a": [3, {"b": [1, 2]}], "o": {"map": 1, "c": {"d": 1}}}


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(_CODE)
@example("({ at: [].map, length: 1, 0: 0 }).at($json.a.pop, $json.a)")
def test_pure_code_leaves_its_data_as_it_was(code: str) -> None:
    """Run with nothing frozen, and with extension methods that find what the value itself has."""
    try:
        tree = parse_expression(code)
        program = build_program([Block(code, 0, tree, facts_of(tree))])
    except CodeError:
        return
    if not program.pure:
        return
    context = Context()
    context.set_time_limit(1)
    text = json.dumps(_DATA)
    after = context.eval(
        f"""(() => {{
          const data = {text};
          const call = (value, name, given) => name === "reverse" ? [...value] : value[name](...given);
          const known = (name) => (name === "$json" ? data : undefined);
          const helpers = [known, (v) => v, call, call, call, (v) => v, (v) => v, () => undefined,
            (pattern, flags) => () => new RegExp(pattern, flags), (texts) => texts, (v) => v];
          try {{ {program.source}(...helpers)(); }} catch {{}}
          return JSON.stringify([data, Object.isFrozen(data.a)]);
        }})()"""
    )
    assert json.loads(str(after)) == [_DATA, False]
