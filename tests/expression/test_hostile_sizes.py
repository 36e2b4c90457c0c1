"""What a built-in method is given cannot hold the thread: data alone, a few characters of code, or both.

QuickJS looks at its clock between calls and not within a built-in method, so none of these could be stopped. They are
evaluated in a process of their own, and a watchdog ends it where they are not contained.
"""

from __future__ import annotations

import pytest

from tests.expression.contained import outcomes

pytestmark = pytest.mark.slow


def _crowd(count: int = 6000) -> str:
    """Code of an object whose members share one place in its table (Fibonacci hashing)."""
    steps = {"a": 46368, "b": 75025, "c": 121393}
    number, written = 12345, ""
    while len(written) < count:
        step = next(s for s in steps if _place(number + steps[s]) == _place(12345))
        number, written = number + steps[step], written + step
    gaps = ",".join(f"{name}:{step}" for name, step in steps.items())
    loop = f"for (const step of '{written}') o[n += g[step]] = 1"
    return f"(() => {{ let n = 12345; const o = {{}}, g = {{{gaps}}}; {loop}; return o }})()"


def _place(number: int) -> int:
    return ((number | 1 << 31) * 0x61C8864680B583EB % 2**64) >> 48


CROWD = _crowd()
DEEP = "(() => { let o = null; for (let i = 0; i < 3e4; i++) o = Object.create(o); return o })()"
ERRORS = {"ExpressionError", "ExpressionMemoryError", "ExpressionTimeoutError", "ExpressionSyntaxError"}

DATA = {
    "marks": [
        "$json.text.normalize().length",
        "$json.text.normalize('NFKD').length",
        "$json.text.localeCompare('b')",
        "$json.text.replaceSpecialChars()",
        "[$json.text, 'b'].sort((a, b) => a.localeCompare(b)).length",
        "new Intl.Collator('de').compare($json.text, 'b')",
    ],
    "names": ["$json.inner.a + 1", "Object.keys($json.inner).length", "$input.all().length", "({ ...$json }).inner.a"],
    "numbers": ["$json.inner[0].a + 1", "$json.inner.length + 1", "$input.first().json.inner.length + 1"],
    "texts": [
        "JSON.parse($json.names).a",
        "$json.names.parseJson().a",
        "JSON.parse($json.numbers).length",
        "JSON.parse($json.numbers, (key, value) => value).length",
    ],
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("data", DATA)
def test_data_alone_holds_nobody(data: str) -> None:
    """Long runs of combining marks, and names that share one place in QuickJS's tables."""
    assert set(outcomes(DATA[data], data, time_limit=1)) <= ERRORS


CODES = {
    "lists that only look like one": [
        "[].reverse.call({ length: 2 ** 53 - 1 })",
        "[].concat.call({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true })",
        "[].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true }).length",
        "[].concat(class { static length = 2 ** 53 - 1; static [Symbol.isConcatSpreadable] = true }).length",
        "[].fill.call({ length: 2 ** 53 - 1 }, 0)",
        "[].join.call({ length: 2 ** 53 - 1 })",
        "[].lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "[].includes.call({ length: 2 ** 53 - 1 }, 1)",
        "[].toSpliced.call({ length: 2 ** 31 - 1 }, 0, 1).length",
        "[].with.call({ length: 2 ** 31 - 1 }, 0, 1).length",
        "[].toReversed.call({ length: 2 ** 31 - 1 }).length",
        "[].findLast.call({ length: 2 ** 53 - 1 }, Boolean)",
        "[].reduce.call({ length: 2 ** 53 - 1 }, Boolean)",
        "[...[].values.call({ length: 2 ** 32 - 1 })].length",
        "Array.from({ length: 2 ** 32 - 1 }).length",
        "Array.from.call(Uint8Array, { length: 5e7 }).length",
        "new Uint8Array({ length: 5e7 }).length",
        "Math.max.apply(null, { length: 65535, __proto__: " + DEEP + " })",
        "String.raw({ raw: { length: 2 ** 53 - 1 } })",
        "String.raw({ raw: { get length() { return 2 ** 53 - 1 } } })",
        "[].slice.call((() => { let n = 0; return { get length() { return n++ ? 1 : 2 ** 53 - 1 } } })()).length",
    ],
    "lists of holes": [
        "Array(2 ** 32 - 1).reverse()",
        "Array(2 ** 32 - 1).fill(0).length",
        "Array(2 ** 32 - 1).indexOf(1)",
        "Array(2 ** 32 - 1).copyWithin(1, 0).length",
        "[...Array(2 ** 32 - 1)].length",
        "(() => { const [...all] = Array(2 ** 32 - 1); return all.length })()",
        "new Set(Array(2 ** 32 - 1)).size",
        "Array(2 ** 32 - 1).values().includes(1)",
        "Object.groupBy(Array(2 ** 32 - 1), Boolean)",
        "JSON.stringify(Array(2 ** 32 - 1)).length",
        "(() => { const a = []; a.length = 2 ** 32 - 1; return a.toSorted().length })()",
    ],
    "prototypes that are many": [
        f"[].slice.call({{ length: 1e6, __proto__: {DEEP} }}).length",
        f"[].some.call({{ length: 1e6, __proto__: {DEEP} }}, Boolean)",
        f"[...[].values.call({{ length: 1e6, __proto__: {DEEP} }})].length",
        f"Array.from({{ length: 1e6, __proto__: {DEEP} }}).length",
        f"new Float64Array({{ length: 1e6, __proto__: {DEEP} }}).length",
    ],
    "prototypes one behind the other": [
        f"(f => [{','.join(f'f.x{i}' for i in range(3000))}].length)({DEEP})",
        f"(f => {{ const {{ {','.join(f'x{i}' for i in range(3000))} }} = f; return 1 }})({DEEP})",
        f"(f => {{ {';'.join(f'f.x{i} = 1' for i in range(3000))}; return 1 }})({DEEP})",
        f"new Map(Array(2e4).fill({DEEP})).size",
        f"[].concat(...Array(5e4).fill({DEEP})).length",
        "(() => { let o = {}; for (let i = 0; i < 3e4; i++) o = { __proto__: o }; return o.x || 1 })()",
        "(() => { let C = Object; for (let i = 0; i < 200; i++) C = class extends C {}; return new C().x || 1 })()",
        "(() => { function F() {}; let o = {}; for (let i = 0; i < 3e4; i++) { F['proto' + 'type'] = o; o = new F() }"
        " return 1 })()",
        "(() => { const F = function* () {}, k = { toString: () => 'proto' + 'type' }; [F[k]] = [{}]; return 1 })()",
        "(() => { let o = function () {}; o[(o = {}, 'proto' + 'type')] = {}; return 1 })()",
        "(() => { function F() {}; Object.assign(F, { ['proto' + 'type']: {} }); return 1 })()",
        "(() => { function F() {}; for (F['proto' + 'type'] of [{}]); return 1 })()",
        "(() => { function F() {}; ({ a: (F)['proto' + 'type'] } = { a: {} }); return 1 })()",
    ],
    "members that share one place": [
        f"(o => ({{ ...o }})[12345])({CROWD})",
        f"(o => {{ const {{ a, ...r }} = o; return 1 }})({CROWD})",
        f"(o => {{ let r; ({{ ...r }} = o); return 1 }})({CROWD})",
        f"(o => {{ for (const k in o) return k }})({CROWD})",
        f"Object.assign({{}}, {CROWD})[87370]",
        f"Object.values({CROWD}).length",
        f"Object.freeze({CROWD})[87370]",
        f"JSON.stringify([{CROWD}]).length",
        f"{CROWD}.values().length",
        CROWD,
    ],
    "calls that are written otherwise": [
        f"(t => [{','.join(['new Number(t).x'] * 300)}].length)('1'.repeat(1.5e7))",
        f"(b => [{','.join(['new Float64Array(b)'] * 300)}].length)(new Uint8Array(5e6))",
        "(b => new Uint16Array(b))(new Uint8Array(3e7)).length",
        "RegExp.escape(' '.repeat(16e6)).length",
        f"(t => [{','.join(['t`x`'] * 300)}].length)(encodeURIComponent.bind(null, '\u4e2d'.repeat(1e6)))",
        f"((t, u) => {{ switch (t) {{ {'case u:' * 2000} }} return 1 }})"
        "('ab'.repeat(7e6), 'ab'.repeat(7e6 - 1) + 'ac')",
    ],
    "patterns": [
        "new RegExp('a|'.repeat(4e5)).test('b')",
        "RegExp('a|'.repeat(4e5)).source.length",
        "'b'.match('a|'.repeat(4e5))",
        "'b'.search({ toString: () => 'a|'.repeat(4e5) })",
        "[...'b'.matchAll('a|'.repeat(4e5))].length",
        "new RegExp('\\\\p{RGI_Emoji}'.repeat(600), 'v').test('a')",
        "new RegExp('\\\\p{L}'.repeat(3000), 'iu').test('a')",
        "new RegExp(/a/, { toString: () => 'x'.repeat(1e7) })",
        "new RegExp('(?:'.repeat(3000) + 'a{1000}' + '){1000}'.repeat(3000)).test('a'.repeat(1e5))",
        "/(a+)\\1b/.test('a'.repeat(1e7))",
        "/x/.exec.call(/(a+)\\1b/, 'a'.repeat(1e7))",
        "'a'.repeat(2000).replace(/a()/g, '$1'.repeat(1e6)).length",
        "'a'.repeat(1e5).replaceAll('a', '$$'.repeat(1e6)).length",
        "'a'.repeat(1e6).split(new RegExp('(?=(a{1,9000}b)?)')).length",
    ],
    "patterns that are written out": [
        f"/{'a|' * 40_000}/.test('b')",
        f"/{'[a-z]' * 15_000}/iu.test('b')",
        f"/{'[^a]' * 3000}{'(?:' * 3000}b{')' * 3000}/.test('b')",
        "+".join(f"/[\\p{{RGI_Emoji}}]{{{i}}}/v.test('a')" for i in range(2000)),
    ],
    "JSON": [
        "JSON.stringify(Object.fromEntries([['a', 1]]), Array.from({ length: 6e4 }, (_, i) => `k${i}`)).length + "
        "(() => { for (;;); })()",
        "JSON.stringify((() => { let a = {}; for (let i = 0; i < 40; i++) a = { a, b: a }; return a })(), ['a', 'b'])",
        "JSON.stringify({ a: 1 }, Array(2 ** 32 - 1))",
        "JSON.stringify({ a: 1 }, { length: 2 ** 53 - 1 }) + (() => { for (;;); })()",
        "JSON.stringify((() => { let a = []; for (let i = 0; i < 40; i++) a = [a, a]; return a })(), null, 10).length",
    ],
    "BigInts": [
        "`${2n ** 1000000n}`.length",
        "(2n ** 1000000n - 1n).toString(3).length",
        "String(9n ** 315000n).length",
        "BigInt('9'.repeat(300000)) > 0n",
        "BigInt({ valueOf: () => '9'.repeat(300000) }) > 0n",
        "(1n << 1000000n) + ''",
        "(1n >> -1000000n) + ''",
        "BigInt.asUintN(1000000, -1n) + ''",
        "(() => { let x = 3n; for (;;) x *= x })()",
        "(() => { let x = 3n; for (;;) x **= 2n })()",
        "(() => { const o = { x: 3n }; for (;;) o.x = o.x * o.x })()",
        "(() => { const o = { x: 3n }; for (;;) o.x *= o.x })()",
        "(() => { let x = 3n; for (;;) { try { x *= x } catch { x = x * x * x * x * x } } })()",
        "(() => { let x = 2n ** 60000n; for (;;) { try { x += x } catch { return `${x}`.length + x * x } } })()",
        "9" * 30_000 + "n + 1n",
        "0x" + "f" * 30_000 + "n + 1n",
        "parseInt((2n ** 1000000n)) + 1",
        "encodeURIComponent(2n ** 1000000n).length",
    ],
    "texts that take no memory": [
        "new Map([[(() => { let s = 'xy'; for (let i = 0; i < 28; i++) s += s; return s })(), 1]]).size",
        "new Set().has((() => { let s = 'xy'; for (let i = 0; i < 28; i++) s += s; return s })())",
        "({})[(() => { let s = 'xy'; for (let i = 0; i < 28; i++) s += s; return s })()] + (() => { for (;;); })()",
        "(() => { let s = 'xy'; for (let i = 0; i < 28; i++) s += s; return s.toUpperCase().length })()",
        "'x'.padEnd(2 ** 29).length",
        "'a'.repeat(16e6).replaceAll('', 'b').length",
    ],
    "what takes long to read as a number or a text": [
        "Math.max(...Array(6e4).fill('1'.repeat(1e7)))",
        "Math.hypot.apply(null, Array(6e4).fill('1'.repeat(1e7)))",
        "String.fromCharCode(...Array(6e4).fill('1'.repeat(1e7))).length",
        "new Float64Array(Array(1e5).fill('1'.repeat(1e7))).length",
        "new Float64Array(Array(1e5).fill(new String('1'.repeat(1e7)))).length",
        "new Float64Array(1e5).set(Array(1e5).fill('1'.repeat(1e7)))",
        "Float64Array.of(...Array(6e4).fill('1'.repeat(1e7))).length",
        "Float64Array.from(Array(1e5).fill('1'.repeat(1e7))).length",
        "new BigInt64Array(Array(1e5).fill('9'.repeat(19000))).length",
        "''.concat(...Array(6e4).fill(2n ** 60000n)).length",
        "String.raw({ raw: Array(1e5).fill(2n ** 60000n) }).length",
        "Object.fromEntries(Array(1e5).fill([2n ** 60000n, 1]))",
        "Array(1e5).fill(2n ** 60000n)",
        "Array(1e5).fill({ a: 2n ** 60000n })",
        "$itemIndex }}{{ 2n ** 60000n" + " }}{{ 2n ** 60000n" * 900,
        "Array(1e5).fill('x'.repeat(1e7)).values().includes('x'.repeat(1e7 - 1) + 'y')",
    ],
    "texts put together": [
        "Array(2 ** 20).join('\u4e2d'.repeat(12e6)).length",
        "Array(1e5).fill('\u4e2d'.repeat(12e6)).join('').length",
        "Array(1e6).fill('\u4e2d'.repeat(900)).join('').length",
        "`${[Array(1e5).fill('\u4e2d'.repeat(12e6))]}`.length",
        "new Uint8Array(2 ** 20).join('\u4e2d'.repeat(12e6)).length",
        "Array(2 ** 20).values().join('\u4e2d'.repeat(12e6)).length",
        "'a'.repeat(2e5).replaceAll('a', '\u4e2d'.repeat(12e6)).length",
        "'a'.repeat(1e5).replaceAll('a', '\u4e2d'.repeat(12e6)).length",
        "'a'.repeat(900).replaceAll('a', '\u4e2d'.repeat(12e6)).length",
        "'a'.repeat(1e5).replace(/a/g, '\u4e2d'.repeat(12e6)).length",
        "'a'.repeat(1e5).replace(/a/g, () => '\u4e2d'.repeat(12e6)).length",
        "JSON.stringify(Array(1e5).fill('\u4e2d'.repeat(12e6))).length",
        "String.raw({ raw: Array(1e5).fill('\u4e2d'.repeat(12e6)) }).toUpperCase()",
        "''.concat(...Array(6e4).fill('\u4e2d'.repeat(12e6))).toUpperCase()",
    ],
    "collections": [
        "new Set([1]).union({ size: 1e9, has: Boolean, keys: () => ({ next: Object.bind(null, { value: 1 }) }) })",
        "new Set([1]).isDisjointFrom({ size: 0, has: Boolean, keys: () => ({ next: Object.bind(null, {}) }) })",
        "Object.fromEntries({ [Symbol.iterator]: () => ({ next: Object.bind(null, { value: ['a', 1] }) }) })",
        "Object.keys('a'.repeat(16e6)).length",
        "Object.entries(new Uint8Array(3e7)).length",
        "new Uint8Array(6e7).sort().length",
        "Math.sumPrecise(new Uint8Array(6e7))",
        "new Uint8Array(6e7).values().includes(1)",
        "'a'.repeat(3e7)[Symbol.iterator]().includes('b')",
        "'a'.repeat(3e7)[Symbol.iterator]().join('').length",
    ],
    "functions that are called by another one": [
        "[...Array(1e5).keys()].map(String.prototype.normalize.bind('e' + '\\u0301\\u0327'.repeat(400)))"
        ".length + (() => { for (;;); })()",
        "[...Array(1e6).keys()].forEach(''.toUpperCase.bind('a'.repeat(1e6)))",
        "[...Array(1e6).keys()].forEach([].reverse.bind([...Array(1e6).keys()]))",
        "[...Array(1e6).keys()].sort(''.localeCompare.bind('a'.repeat(1e4))).length",
        "`${{ [Symbol.toPrimitive]: [].join.bind({ length: 2 ** 53 - 1 }) }}`",
        "+{ valueOf: [].fill.bind({ length: 2 ** 53 - 1 }) }",
        "JSON.stringify({ length: 2 ** 53 - 1, toJSON: [].reverse })",
        "[].concat.call(Object.assign([1], { constructor: { [Symbol.species]: function () {"
        " big.length = 2 ** 32 - 1; return [] } } }), big).length",
    ],
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", CODES)
def test_a_few_characters_of_code_hold_nobody(kind: str) -> None:
    """They end as an error: one that says what is too large, of a limit, or of the code, which gives undefined."""
    found = dict(zip(CODES[kind], outcomes(CODES[kind]), strict=True))
    assert {code: end for code, end in found.items() if end not in ERRORS | {"=undefined"}} == {}


@pytest.mark.timeout(120)
def test_numbers_that_take_long_to_spell_hold_nobody() -> None:
    """The least number takes 40 microseconds, and a million of them cross, are joined or are sorted as texts."""
    codes = [
        "Array(1e6).fill(5e-324)",
        "({ a: [Array(1e6).fill(5e-324)] })",
        "Array(1e6).fill(5e-324).join().length",
        "Array(1e6).fill(1e300).join().length",
        "`${Array(1e6).fill(5e-324)}`.length",
        "new Float64Array(1e6).fill(5e-324).join().length",
        "`${new Float64Array(1e6).fill(5e-324)}`.length",
        "Array(65536).fill(5e-324).map((x, i) => x * i).sort().length",
        "Array(65536).fill(5e-324).map((x, i) => x * i).toSorted().length",
    ]
    assert set(outcomes(codes, time_limit=0.2)) <= ERRORS
