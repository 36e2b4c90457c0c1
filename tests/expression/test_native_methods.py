"""JavaScript's own methods that are replaced: they answer as QuickJS's, and keep the limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ExpressionError
from nodeloom.expression import Environment, Scope, compile_value
from nodeloom.expression.modules import boot_sources
from nodeloom.expression.quickjs import Context
from nodeloom.expressions import Engines, evaluate
from tests.expression.conftest import Evaluate

pytestmark = pytest.mark.slow

ENGINES = Engines()

PATTERNS = st.sampled_from(["a", "b*", "(a)(b)?", "(?<x>a)|b", "", "a(?=b)", "\\s", "[ab]+", "(?:)", "^a", "z"])
FLAGS = st.sampled_from(["g", "gi", "gu", "", "y", "gm"])
REPLACEMENTS = st.sampled_from(
    ["'-'", "'[$&]'", "'$1$2'", "'$<x>'", "'$$'", '"$\'".slice(0, 0)', "(m, ...r) => r.length + m"]
)


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=50, deadline=None)
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
    template = f"={{{{ (() => {{ const a = () => $json.v.concat(); return {code} }})() }}}}"
    ours = evaluate(template, json={"v": values}, dialect="n8n", engines=ENGINES)
    assert ours == bare


def same(code: str, *, time_limit: float = 30) -> None:
    """`code` gives in an engine what it gives in a bare QuickJS."""
    text = f"String(JSON.stringify({code}))"
    environment = Environment(engines=ENGINES, time_limit=time_limit)
    ours = compile_value(f"={{{{ {text} }}}}", dialect="n8n").resolve(Scope(environment, [{"json": {}}], 0))
    assert ours == Context().eval(text)


#: Expressions that give short and long lists, dense and with holes, of what is short, long, equal or a number.
LISTS = st.sampled_from(
    [
        "[]",
        "[3, 1, 2]",
        "[1, , 3, , undefined]",
        "Array.from({ length: 1500 }, (_, i) => (i * 7919) % 1009)",
        "Array(1200).fill('x')",
        "Array.from({ length: 1100 }, (_, i) => 'x'.repeat(1001) + (i % 7))",
        "[undefined, null, 'b', 'a'.repeat(1200), 10, 9, true]",
        "Array(1100)",
        "[10n, 9n, 'a', 10n].map(String)",
    ]
)
LIST_CALLS = st.sampled_from(
    [
        "slice(1, -1)",
        "slice(-3)",
        "concat([1], 2, [[3]])",
        "join('-')",
        "reverse()",
        "toReversed()",
        "sort()",
        "toSorted()",
        "sort((a, b) => a < b)",
        "with(0, 9)",
        "with(-1, 9)",
        "toSpliced(1, 1, 'n')",
        "splice(1, 2, 'n').length",
        "fill(7, 1, -1)",
        "copyWithin(0, 2)",
        "shift()",
        "unshift(1, 2)",
        "indexOf(3)",
        "indexOf('x', -5)",
        "lastIndexOf(3)",
        "lastIndexOf('x', -2)",
        "lastIndexOf(3, undefined)",
        "includes(2)",
        "includes(undefined)",
        "includes('x'.repeat(1001) + '3', 4)",
        "indexOf('x'.repeat(1001) + '3', -900)",
        "lastIndexOf('x'.repeat(1001) + '3', 900)",
        "flat()",
        "flat(Infinity)",
        "flatMap((x) => [x, [x]])",
        "map(String)",
        "filter(Boolean)",
        "some(Boolean)",
        "every(Number)",
        "find((x) => x > 2)",
        "findLastIndex(Boolean)",
        "reduce((a, b) => `${a}${b}`.length, 0)",
        "reduceRight((a, b) => b, 1)",
        "keys().toArray()",
        "entries().toArray()",
        "values().map(String).toArray().length",
        "at(-1)",
        "push(1)",
        "pop()",
        "toString().length",
        "values().includes(3)",
        "values().join('+').length",
    ]
)


@settings(max_examples=100, deadline=None)
@given(LISTS, LIST_CALLS)
def test_methods_of_lists(values: str, call: str) -> None:
    name, _, rest = call.partition("(")  # not `.reverse(`, which would be n8n's
    same(
        f"((list) => {{ try {{ return [list['{name}']({rest}, list.length, list] }} catch (e) {{"
        f" return e.name }} }})({values})"
    )


LIKES = st.sampled_from(
    [
        "'text'",
        "{ length: 3, 0: 'a', 2: 'c' }",
        "{ length: '2', 0: 1, 1: 2 }",
        "new Uint8Array([3, 1, 2])",
        "{}",
        "5",
        "{ length: -1 }",
        "{ __proto__: [1, 2, 3] }",
    ]
)


@settings(max_examples=80, deadline=None)
@given(LIKES, LIST_CALLS)
def test_methods_of_lists_on_what_only_looks_like_one(like: str, call: str) -> None:
    """What would change one is refused; the answers of the others are QuickJS's."""
    name, _, arguments = call.partition("(")
    changing = {"splice", "fill", "copyWithin", "shift", "unshift", "push", "pop", "reverse", "sort"}
    if name not in changing and "()." not in call:
        arguments = f", {arguments}" if arguments != ")" else ")"
        same(f"((x) => {{ try {{ return x.call({like}{arguments} }} catch (e) {{ return e.name }} }})([].{name})")


TEXTS = st.sampled_from(
    ["", "a", "abcabc", "aXbXc", "aaaa", "ab".join("x" * 400 for _ in range(5)), "\u00e9\U0001f600\ud800" * 300]
).map(json.dumps)
TEXT_CALLS = st.sampled_from(
    [
        "indexOf('b')",
        "indexOf('abc', 1)",
        "indexOf('x'.repeat(20))",
        "indexOf('x'.repeat(20), 500)",
        "indexOf('')",
        "indexOf('', 9999)",
        "lastIndexOf('x'.repeat(20))",
        "lastIndexOf('a')",
        "lastIndexOf('x'.repeat(20), 300)",
        "includes('x'.repeat(20), 1999)",
        "includes('')",
        "split('')",
        "split('x')",
        "split('x'.repeat(9), 2)",
        "split()",
        "split(undefined, 0)",
        "split(/x+/)",
        "split(/(x)(y)?/)",
        "split(/x+/, 3)",
        "split(/(?:)/u)",
        "replace('x', '[$&]')",
        "replace('x'.repeat(12), '[$`$&]'.slice(0, 5))",
        "replace('b', (m, i, s) => m + i)",
        "replaceAll('x', 'yy')",
        "replaceAll('x'.repeat(12), '$$')",
        "replaceAll('', '-')",
        "replaceAll('xx', (m, i) => i)",
        "replaceAll(/x/g, '$&$&')",
        "replace(/(x+)(b)?/g, '<$1$2$3>')",
        "replace(/(?<n>x)/g, '$<n>!')",
        "replace(/x/g, (...m) => m.length)",
        "match(/x/g)",
        "match('a')",
        "match(/b/)",
        "search('b')",
        "search(/X/)",
        "padStart(7, 'xy')",
        "padStart(3000, 'xy')",
        "padEnd(2500)",
        "padEnd(2500, '')",
        "repeat(3)",
        "trim()",
        "toUpperCase()",
        "normalize()",
        "normalize('NFD')",
        "normalize('NFKC')",
        "isWellFormed()",
        "toWellFormed()",
        "link('u')",
        "big()",
        "concat(1, 'x')",
        "at(-1)",
        "localeCompare",
    ]
)


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXT_CALLS)
def test_methods_of_texts(text: str, call: str) -> None:
    if call != "localeCompare":
        same(f"{text}.{call}")


@settings(max_examples=15, deadline=None)
@given(st.text("ab", min_size=1, max_size=4), st.text("ab", max_size=3), st.text("ab$&", max_size=3))
def test_replacing_all_of_a_short_text_in_a_long_one(piece: str, sought: str, by: str) -> None:
    """It is done a stretch at a time; matches that begin in one and end in the next are found all the same."""
    repeated = f"{json.dumps(piece)}.repeat({140_000 // len(piece)})"
    found = "((text) => [text.length, text.slice(0, 50), text.slice(-50), text.slice(65530, 65560)])"
    same(f"{found}({repeated}.replaceAll({json.dumps(sought)}, {json.dumps(by)}))")


#: Letters that join with what is before them, or whose marks are sorted, in every script that has some.
JOINING = "aeóְ̧̈ͅำཱི각가각ㄱㅏｶﾞﾡￂ"
JOINING += "োේᬆガשׁΩÅ¨ﷺ̈́άힰퟋ𑄱"
JOINING += "𑄧𝅗𝅥𖵪𖵧𑒻丽中Å"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(JOINING, min_size=1, max_size=40), min_size=30, max_size=60),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    st.integers(0, 1023),
)
def test_normalizing_a_piece_at_a_time(pieces: list[str], form: str, shift: int) -> None:
    """A long text is cut before characters that join with nothing before them."""
    text = json.dumps("x" * shift + "".join(pieces) * 3)
    same(f"{text}.normalize('{form}')")


def test_a_text_is_cut_before_no_character_that_joins_with_one_before_it() -> None:
    """For every character there is: none that is second in a pair, as QuickJS has them, begins a piece."""
    source = next(part for part in boot_sources() if "const starter" in part)
    starter = source.partition("const starter = ")[2].partition(";\n")[0]
    unsafe = Context().eval(
        """(() => {
        const starter = STARTER, seconds = new Set(), firsts = new Map();
        for (let code = 0; code < 0x30000; code++) {
          if (code >= 0xd800 && code < 0xe000) continue;
          const letter = String.fromCodePoint(code), [...parts] = letter.normalize("NFD");
          if (letter.normalize("NFC") === letter) for (const part of parts.slice(1)) seconds.add(part);
          if (starter.test(letter)) firsts.set(letter, [...letter.normalize("NFKD")][0]);
        }
        return [...firsts].filter(([, first]) => seconds.has(first) || /\\p{M}/u.test(first))
          .map(([letter]) => letter.codePointAt(0).toString(16)).join(" ");
        })()""".replace("STARTER", starter).replace("\\\\p", "\\p")
    )
    assert unsafe == ""


@pytest.mark.parametrize(
    "code",
    [
        "[...new Set([1, 2, 3]).union(new Set([3, 4]))]",
        "[...new Set([1, 2, 3]).intersection(new Set([3, 2]))]",
        "[...new Set([1, 2, 3]).intersection(new Map([[3, 0], [9, 0], [1, 0], [8, 0]]))]",
        "[...new Set([1, 2, 3]).difference(new Set([3, 4]))]",
        "[...new Set([1, 2, 3]).difference(new Set([3]))]",
        "[...new Set([1, 2, 3]).symmetricDifference(new Set([3, 4, 4]))]",
        "[new Set([1]).isSubsetOf(new Set([1, 2])), new Set([1, 3]).isSubsetOf(new Set([1, 2]))]",
        "[new Set([1, 2]).isSupersetOf(new Set([1])), new Set([1]).isSupersetOf(new Set([1, 2]))]",
        "[new Set([1, 2]).isDisjointFrom(new Set([3])), new Set([1]).isDisjointFrom(new Set([1, 2]))]",
        "(() => { try { new Set().union([1]) } catch (error) { return error.name } })()",
        "(() => { try { new Set().union({ size: -1, has() {}, keys() {} }) } catch (error) { return error.name } })()",
        "(() => { try { Set['proto'.concat('type')].union.call([], new Set()) } catch (e) { return e.name } })()",
        "Object.fromEntries([['a', 1], ['b', 2], ['a', 3]])",
        "Object.fromEntries(new Map([['x', [1]], [5, 2]]))",
        "Object.groupBy([1, 2, 3], (x) => (x % 2 ? 'odd' : 'even'))",
        "[...Map.groupBy([1, 2, 3], (x) => x % 2)]",
        "Object.keys(Object.create({ a: 1 })).length + Object.create({ a: 1 }).a",
        "Array.from(new Map([[1, 2]]))",
        "Array.from('a\u00e9b', (c, i) => c + i)",
        "Array.from({ length: 3 })",
        "Array.from({ length: 2, 0: 'x' }, function (x, i) { return [x, i, this.y] }, { y: 1 })",
        "Array.from(new Set([1, 2])[Symbol.iterator]())",
        "Array.from.call(function (...given) { this.n = given.length }, [1, 2]).length",
        "[...Uint8Array.from([1, 2, 300])]",
        "[...Float32Array.from({ length: 2 }, (_, i) => i / 2)]",
        "[...new Int16Array(new Set([1, 2]))]",
        "[...new Uint8Array(new Uint16Array([257, 2]))]",
        "[new Uint8Array(3).length, new Uint8Array(new ArrayBuffer(8), 2, 3).byteOffset, Uint8Array.BYTES_PER_ELEMENT]",
        "[new Uint8Array(2) instanceof Uint8Array, Uint8Array.name, Uint8Array.length, new"
        " Uint8Array([5])['const'.concat('ructor')].name]",
        "[...new Uint8Array([3, 1, 2]).sort()].concat([...new Uint8Array([3, 1, 2]).toSorted((a, b) => b - a)])",
        "(() => { const a = new Uint8Array(4); a.set([1, 2], 1); a.set(new Uint8Array([9]), 3); return [...a] })()",
        "(() => { class Bytes extends Uint8Array { sum() { return this.reduce((a, b) => a + b) } }"
        " return new Bytes([1, 2]).sum() })()",
        "String.raw`a\n${1}b` + String.raw({ raw: ['x', 'y', 'z'] }, 1) + String.raw({ raw: 'abc' }, '-', '+')",
        "Math.max.apply(null, [1, 2, 3]) + Math.max.apply(null, { length: 2, 0: 7, 1: 9 }) +"
        " Math.max.apply(null, undefined)",
        "((f) => f.bind({ a: 1 }, 2)(3))(function (x, y) { return [this.a, x, y] })",
        "[...[1, 2, 3, 4].values().filter((x) => x % 2).map((x) => x * 2).take(1)]",
        "[[1, 2].values().reduce((a, b) => a + b), [1, 2].values().some((x) => x > 1), [1].values().find((x) => x)]",
        "[[1, 2].values().flatMap((x) => [x, x]).toArray(), [0, 1].values().every(Number)]",
        "JSON.stringify({ b: 1, a: { b: 2, c: [{ a: 1, d: 2 }] } }, ['a', 'c'])",
        "JSON.stringify({ a: 1, b: [1, 'x'] }, ['b', 'a', 'a', 5, new String('q'), null], 2)",
        "JSON.stringify({ d: new Date(0), n: new Number(1), a: [undefined] }, ['d', 'n', 'a'])",
        "JSON.stringify({ a: { toJSON: () => ({ a: 1, z: 2 }) } }, ['a'])",
        "JSON.stringify('text', ['a'])",
        "JSON.parse('{\"a\":[1,{\"b\":2}]}', (k, v) => (typeof v === 'number' ? v + 1 : v))",
        "BigInt(12).toString() + BigInt('0x10') + BigInt.asUintN(8, 257n) + BigInt.asIntN(8, 255n) + typeof BigInt(1)",
        "(() => { try { return BigInt(1.5) } catch (error) { return error.name } })()",
        "(() => { try { return BigInt('x') } catch (error) { return error.name } })()",
        "(() => { try { return new BigInt(1) } catch (error) { return error.name } })()",
        "BigInt.name + BigInt.length + (1n)['const'.concat('ructor')].name + String(Object(1n) instanceof BigInt)",
        "String(2n ** 64n - 1n) + String(7n * 6n / 5n % 4n) + String(-(3n ** 3n)) + String(1n <<"
        " 70n >> 3n) + 2 ** 3 ** 2",
        "(() => { let a = 2n; a **= 5n; a += 1n; a <<= 2n; a *= 3n; a -= 1n; a /= 2n; a %= 100n; return String(a) })()",
        "[new RegExp('a').flags, RegExp(/x/gi).flags, new RegExp(/x/g, 'y').flags, new RegExp(undefined).source]",
        "(() => { const r = /x/g; return [RegExp(r) === r, new RegExp(r) === r,"
        " r['const'.concat('ructor')] === RegExp] })()",
        "(() => { try { 'a'.replaceAll(/a/, '') } catch (error) { return error.name } })()",
        "(() => { try { 'a'.matchAll(/a/) } catch (error) { return error.name } })()",
        "(() => { try { 'a'.includes(/a/) } catch (error) { return error.name } })()",
        "(() => { try { ''.trim.call(null) } catch (error) { return error.name } })()",
        "(() => { try { [].map.call(undefined, (x) => x) } catch (error) { return error.name } })()",
        "[''.trim.name, ''.padEnd.length, [].map.length, [].reduce.length, RegExp["
        "'proto'.concat('type')][Symbol.replace].name]",
        "encodeURIComponent('\\ud83d\\ude00é a'.repeat(30000))",
        "[encodeURI('x'.repeat(65535) + '\\ud83d\\ude00/').slice(-14), encodeURI(), encodeURI(12), encodeURI.length]",
        "(() => { try { encodeURI('x'.repeat(65535) + '\\ud83dx') } catch (error) { return error.name } })()",
        "new Uint16Array(new Float64Array([1.5, 70000, NaN])).join()",
        "[RegExp.escape('a+b (é) \\n'), RegExp.escape(''), RegExp.escape.name, RegExp.escape.length]",
        "(() => { try { RegExp.escape(1) } catch (error) { return error.name } })()",
    ],
)
def test_other_methods(code: str) -> None:
    same(code)


def test_sorting_more_texts_than_quickjs_is_given_at_once() -> None:
    same(
        "((list) => [list.length, list.slice(0, 5), list.slice(70000, 70005), list.slice(-5)])"
        "(Array.from({ length: 140000 }, (_, i) => `item ${(i * 7919) % 140001}`).sort())"
    )
    same("Array.from({ length: 70000 }, (_, i) => (i * 7919) % 70001).sort().slice(600, 605)")
    same("(() => { const a = Array(70000); a[3] = 'b'; a[5] = 'a'; return a.sort().slice(0, 3) })()")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("$json.text.length + 0", 16_000_000),
        ("$json.text.toUpperCase().length", 16_000_000),
        ("$json.text.slice(5, 9)", "word"),
        ("$json.text.split(',').length", 1_600_001),
        ("$json.text.trim().length", 15_999_999),
        ("$json.text.normalize().length", 16_000_000),
        ("$json.text.indexOf('nothing of it')", -1),
        ("$json.text.replaceAll(',', ';').slice(0, 10)", " the word;"),
        ("$json.text.endsWith(',')", True),
        ("/word,$/.test($json.text)", True),
        ("$json.list.length + $json.list.at(-1) + $json.list.slice(-2).length", 2_000_003),
        ("$json.list.join('').length + $json.list.includes(0)", 2_000_000),
        ("$json.list.map((x) => x + 1).indexOf(3)", -1),
    ],
)
def test_what_is_as_large_as_an_item_may_be_is_worked_on(code: str, value: object) -> None:
    """Sixteen megabytes, and nothing about them but their size."""
    item = {"json": {"text": " the word," * 1_600_000, "list": [1] * 2_000_000}}
    item["json"] = {key: content for key, content in item["json"].items() if f"$json.{key}" in code}
    environment = Environment(engines=ENGINES, time_limit=30, memory_limit=256 * 1024 * 1024)
    assert compile_value(f"={{{{ {code} }}}}", dialect="n8n").resolve(Scope(environment, [item], 0)) == value


@pytest.mark.parametrize(
    "data",
    [
        {str(number): number for number in range(60_000)},
        {str(number * 1000): number for number in range(60_000)},
        {f"item-{number:06}": number for number in range(60_000)},
        {f"{number * 2654435761 % 2**32:x}": number for number in range(60_000)},
        {"rows": [{"id": number, "e-mail": "a@b", '"quoted"': ":"} for number in range(20_000)]},
        {"text": '",:"' * 30_000, "t": ["a:b"] * 10_000},
        {"é" * (number % 50) + str(number): None for number in range(20_000)},
    ],
    ids=["numbers", "thousands", "padded", "hashes", "rows", "quotes", "accents"],
)
def test_names_as_they_come_are_read(js: Any, data: dict[str, Any]) -> None:
    """However many, and however alike."""
    assert js("Object.keys($json).length + 0", **data) == len(data)
    assert js("Object.keys(JSON.parse($json.text)).length", text=json.dumps(data)) == len(data)


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
    with pytest.raises(ExpressionError):
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
