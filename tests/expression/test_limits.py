"""The limits hold whatever takes the time, also where QuickJS itself would not look at the clock for minutes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from nodeloom.errors import ExpressionError, ExpressionSyntaxError
from nodeloom.expression import UNDEFINED, Environment, Scope, compile_value
from nodeloom.expression.engines import Engines

ENGINES = Engines()

QUICK = Environment(engines=ENGINES, time_limit=0.2)
BIG = "'x'.repeat(1e7)"
NUMBER = "2n ** 500000n"


def run(code: str, environment: Environment = QUICK, **data: Any) -> object:
    scope = Scope(environment, [{"json": data}], 0)
    return compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(scope)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        # a loop around something long that QuickJS does in one go
        f"(() => {{ for (;;) {BIG} }})()",
        f"(() => {{ const s = {BIG}; while (true) s.indexOf('y') }})()",
        f"(() => {{ const s = {BIG}; do s.toUpperCase(); while (1) }})()",
        f"(() => {{ const s = {BIG}; for (const _ of Array(1e6).keys()) s.trim() === s.slice(1) }})()",
        "(() => { const b = new Uint8Array(5e7); for (;;) b.fill(1) })()",
        "(() => { const b = new Float64Array(6e6); for (;;) b.sort() })()",
        "(() => { const l = Array.from({ length: 1e6 }); for (;;) [...l] })()",
        "(() => { const s = '[' + '1,'.repeat(5e5) + '1]'; for (;;) JSON.parse(s) })()",
        f"(() => {{ const o = {{}}, s = {BIG}; for (;;) o[s] }})()",
        f"(() => {{ const m = new Map(), s = {BIG}; for (;;) m.set(s, 1) }})()",
        f"(() => {{ class A {{ x = {BIG}.indexOf('y') }}; for (;;) new A() }})()",
        f"(() => {{ const o = {{ valueOf() {{ return {BIG}.length }} }}; let n = 0; for (;;) n += o }})()",
        f"(() => {{ function f() {{ return {BIG}.length + f() }} return f() }})()",
        f"(() => {{ try {{ for (;;) {BIG} }} catch {{ return 1 }} finally {{ for (;;) {BIG} }} }})()",
        # the same one after the other, without a loop
        f"(() => {{ const a = {NUMBER}; return [{','.join(['a * a'] * 60)}].length }})()",
        f"(() => {{ const a = {NUMBER}; return [{','.join(['String(a)'] * 60)}].length }})()",
        f"(() => {{ const a = '1'.repeat(1e7); return [{','.join(['+a'] * 200)}].length }})()",
        # work that is the product of what it is given
        "'a'.repeat(1e7).indexOf('a'.repeat(5e6) + 'b')",
        "'a'.repeat(1e7).includes('a'.repeat(5e6) + 'b')",
        "('b' + 'a'.repeat(1e7)).lastIndexOf('a'.repeat(5e6) + 'c')",
        "'a'.repeat(1e7).replace('a'.repeat(5e6) + 'b', '')",
        "'a'.repeat(1e7).replaceAll('a'.repeat(5e6) + 'b', '')",
        "'a'.repeat(1e7).split('a'.repeat(5e6) + 'b').length",
        f"Array(1e6).fill({BIG} + 'a').indexOf({BIG} + 'b')",
        f"new Set(Array(1e5).fill({BIG})).size",
        f"Array(1e4).fill({BIG}).sort().length",
        f"Array(1e4).fill({BIG}).toSorted().length",
        f"Array(1000).fill({NUMBER}).join().length",
        f"`${{Array(1000).fill({NUMBER})}}`.length",
        f"Array(1000).fill({NUMBER}).sort().length",
        "JSON.stringify((() => { let a = {}; for (let i = 0; i < 30; i++) a = { a, b: a }; return a })()).length",
        # built-in functions that call each other
        "Array(1000).fill('1'.repeat(1e7)).some(isNaN)",
        f"Array(1000).fill({NUMBER}).map(String).length",
        "(() => { const b = Array.from({ length: 1e6 }); b.forEach(b.forEach.bind(b, Boolean)) })()",
        "(() => { const b = Array.from({ length: 1e6 }); b.forEach(b.indexOf.bind(b, 5)) })()",
        "Array.from({ length: 1e6 }).map(Math.abs.bind(null, '1'.repeat(1e7)))",
        "Array.from({ length: 1e6 }).values().filter(Number.bind(null, '1'.repeat(1e7))).toArray()",
        "new Set({ [Symbol.iterator]: () => ({ next: Object.bind(null, { value: 1 }) }) })",
        # results that do not end
        "({ get a() { for (;;); } })",
        f"({{ get a() {{ for (;;) {BIG} }} }})",
        # regular expressions
        "/^(a*?)(?:\\1?a)*b/.test('a'.repeat(20000))",
        "(() => { for (;;) new RegExp('[a-z]'.repeat(1e5), 'iu') })()",
    ],
)
@pytest.mark.timeout(60)
def test_no_code_runs_on(code: str) -> None:
    """Without its ticks, any of these would run for minutes: the test's own timeout tells."""
    with pytest.raises(ExpressionError):
        run(code)
    assert run("1 + 1") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "/^(a{5000000})(?:(?=\\1)a)*b/.test('a'.repeat(1e7))",
        "new RegExp('^(a{5000000})(?:(?=\\\\1)a)*b').test('a'.repeat(1e7))",
        "'a'.repeat(1e7).replace(/(?<x>a+)\\k<x>b/g, '')",
        "new RegExp('[\\\\p{L}--\\\\p{Lu}]'.repeat(3e4), 'v').test('a')",
        "new RegExp('a'.repeat(2e6))",
    ],
)
def test_regular_expressions_that_nothing_could_stop_are_refused(code: str) -> None:
    with pytest.raises(ExpressionError, match="A regular expression"):
        run(code)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        # a clock that is looked at changes no value
        ("[3, 1, 10, 2].sort().join()", "1,10,2,3"),
        ("[3, 1, 10, 2].sort((a, b) => a - b).join()", "1,2,3,10"),
        ("[[1, [2, 3]], null, undefined, {}, true].join('-')", "1,2,3---[object Object]-true"),
        ("['b', undefined, 'a', null].sort().length", 4),
        ("[2n, 1n].sort().join()", "1,2"),
        ("['a', 'b', 'a'].lastIndexOf('a') + ['a'].indexOf('b') + [NaN].includes(NaN)", 2),
        ("[1, 2, 3].reduce((a, b) => a + b) + [1, 2].reduce((a, b) => a + b, 10)", 19),
        ("[1, 2, 3].map(String).concat(['4'].map(Number)).join()", "1,2,3,4"),
        ("Array.from('abc', (c, i) => c + i).join()", "a0,b1,c2"),
        ("(() => { let n = 0; for (let i = 0; i < 3; i++) n += i; while (n < 9) n++; do n++; while (n < 12);"
         " return n })()", 12),
        ("(() => { const o = {}; for (const k in { a: 1, b: 2 }) o[k] = 1;"
         " for (const [k] of [['c']]) o[k] = 2; return o })()",
         {"a": 1, "b": 1, "c": 2}),
        ("['a', 'proto' + 'type'].reduce((o, k) => { o[k] = 1; return o }, {})", {"a": 1, "prototype": 1}),
        ("(() => { outer: for (;;) { for (;;) { break outer } } return 1 })()", 1),
        ("(({ a, ...rest }, [b, ...more] = [1, 2, 3]) => [a, rest, b, more])({ a: 1, c: 2 })",
         [1, {"c": 2}, 1, [2, 3]]),
        ("(() => { let a, b, r; [a, ...r] = [1, 2, 3]; ({ b, ...r } = { b: 5, c: 6 });"
         " return [a, b, r, a+b, -a, a*b, a**b] })()",
         [1, 5, {"c": 6}, 6, -1, 5, 1]),
        ("(() => { let s = ''; for (let i = 0; i < 3; s += i++); return s })()", "012"),
        ("[x => x * 2, function (x) { return x + 1 }].map(f => f(4)).join()", "8,5"),
        ("((a, b) => [a?.b().c, a + 1, a + 2, a * 2, a - 1, b?.(1).x.y].length)()", 6),
        ("'a.b.c'.split('.').length + 'abcabc'.lastIndexOf('c') + 'abc'.indexOf('c', 1)", 10),
        ("'aXbX'.replaceAll('X', (m, at) => at) + 'aXb'.replace('X', '[$&]')", "a1b3a[X]b"),
        ("/(a)\\1/.test('aa') + '' + 'abab'.replace(/(ab)\\1/, '$1!')", "trueab!"),
        ("RegExp('a+').source + (RegExp(/x/g) instanceof RegExp)", "a+true"),
        ("JSON.stringify({ a: [1, undefined, () => 1], b: undefined, d: 'x' }) + JSON.stringify(undefined)",
         '{"a":[1,null,null],"d":"x"}undefined'),
        ("JSON.stringify({ a: 1, b: { a: 2, c: 3 } }, ['a', 'b'], 1).length", 32),
        ("((x, y) => x + y).bind(null, 1)(2)", 3),
        ("Array(2000).fill('ab').join('').indexOf('ab'.repeat(40) + 'c')", -1),
        ("(() => { const s = 'ab'.repeat(2000) + 'c', t = 'ab'.repeat(40) + 'c'; return"
         " [s.indexOf(t), s.lastIndexOf(t),"
         " s.includes(t), s.split(t).map(p => p.length), s.replace(t, '$&$&').length,"
         " s.replaceAll(t, m => m.length).length,"
         " s.indexOf(t, 3921), s.lastIndexOf(t, 5)] })()",
         [3920, 3920, True, [3920, 0], 4082, 3922, -1, -1]),
    ],
)  # fmt: skip
def test_what_looks_at_the_clock_gives_what_it_gave(code: str, value: object) -> None:
    if value is None:
        assert run(code) is UNDEFINED
    else:
        assert run(code) == value


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "10n ** 5000n",
        "[10n ** 5000n]",
        "new Date(8.64e15)",
        "DateTime.fromMillis(-8.64e15)",
        "(() => { let a = []; for (let i = 0; i < 900; i++) a = [a]; return a })()",
        "(() => { let a = []; for (let i = 0; i < 30; i++) a = [a, a]; return a })()",
        "Array(2e6).fill(0)",
        "({ get a() { throw null } })",
        "({ get a() { return this } })",
        "({ toJSON() { return 1 } })",
        "Object.create(new Date())",
        "Object.create(DateTime.now())",
    ],
)
def test_results_that_python_has_no_word_or_room_for_are_errors(code: str) -> None:
    with pytest.raises(ExpressionError):
        run(code, Environment(engines=ENGINES))


@pytest.mark.parametrize("zone", ["1e9", "6000", "NaN", "-1440", "'UTC+99'", "0.5"])
def test_an_offset_that_python_does_not_have_leaves_the_instant(zone: str) -> None:
    value = run(f"DateTime.fromMillis(0).setZone({zone})")
    assert value is None or (isinstance(value, datetime.datetime) and value.timestamp() == 0)


@pytest.mark.parametrize("zone", ["America", "../../etc/passwd", "/etc/passwd", "x" * 90_000, "a\\u0000b"])
def test_a_zones_name_leads_to_no_file(zone: str) -> None:
    assert run(f"DateTime.fromMillis(0).setZone('{zone}')") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "1" * 5000,
        "0x" + "f" * 5000,
        '"\\u{110000}"',
        "a\\u{110000}",
        "(" * 5000,
        "a." * 20_000 + "b",
        "a[b]." * 5_000 + "b",
        "$json." * 20_000 + "b",
        "$json" + "?.a" * 5_000,
        "a" + ".first()" * 2_000,
        "a" + ".b()" * 2_000,
        "$json[" + "9" * 5000 + "]",
        "$json['" + "9" * 5000 + "']",
        "/" + "[" * 50_000,
        "'x" + "\\" * 100_001,
        "!" * 50_000,
        "`${" * 5_000,
    ],
)
@pytest.mark.timeout(60)
def test_code_of_any_size_and_depth_is_compiled_or_refused_at_once(code: str) -> None:
    """In time that grows with its length, and with no other error than one of expressions."""
    try:
        run(code)
    except ExpressionError as error:
        assert isinstance(error, ExpressionSyntaxError)  # noqa: PT017 - either outcome is right
