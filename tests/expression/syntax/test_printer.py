"""What QuickJS is given: code printed from the tree, which does what the tree says and can do no more."""

from __future__ import annotations

import re

import pytest
from fuzz.inputs import Input
from fuzz.javascript import judge
from fuzz.programs import program, soup
from fuzz.recording import foreign_piece
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import ExpressionError, ExpressionSyntaxError
from nodeloom.expression import UNDEFINED
from nodeloom.expression.analysis import facts_of
from nodeloom.expression.judgement import syntax_fault
from nodeloom.expression.rewrite import Block, Program, build_program
from nodeloom.expression.syntax import CodeError, parse_expression
from nodeloom.expression.syntax.mangling import mangle
from nodeloom.expressions import Engines, evaluate

ENGINES = Engines()

PROGRAMS = st.binary(max_size=160).map(lambda data: program(Input(data)))
SOUPS = st.binary(max_size=60).map(lambda data: soup(Input(data)))


def built(code: str) -> Program:
    tree = parse_expression(code)
    return build_program([Block(code, 0, tree, facts_of(tree))])


# -- the promise ------------------------------------------------------------------------------------------------------

# A template that gave another tenant's credential away: QuickJS took `<!--` for a comment to the end of the line, the
# parser for operators and the beginning of a template literal.
EXPLOIT = "={{ 1 <!--`\n? _kit.define('$json', () => 'planted') : 0\n//`\n}}"


@pytest.mark.parametrize(
    "template",
    [
        EXPLOIT,
        "={{ 1 <!--`\n? name('$credentials') : 0\n//`\n}}",
        "={{ 1\n--> `\n; self() //`\n}}",
        "={{ /*\n*/ --> `\n; regex('a', '') //`\n}}",
        "={{ 1\u2028--> `\n; tick() //`\n}}",
    ],
)
def test_what_only_one_parser_sees_is_refused(template: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=r"HTML|may stand only in text"):
        evaluate(template)


@pytest.mark.parametrize(
    "code",
    [
        "_kit",
        "kit",
        "name",
        "tick",
        "extend2",
        "guard",
        "regex",
        "strings",
        "members",
        "self0",
        "r0",
        "error",
        "_a",
        "globalThis2",
    ],
)
def test_code_reaches_nothing_of_the_printers(code: str) -> None:
    """Every name is the author's own, however it is spelled; nothing is there under it."""
    assert evaluate(f"={{{{ typeof {code} + /x/.test('x') + [1].first() + this }}}}") == "undefinedtrue1[object Object]"


@settings(max_examples=300, deadline=None)
@given(PROGRAMS)
def test_a_program_does_what_its_tree_says(code: str) -> None:
    """Printed code holds nothing foreign, resolves no other names, and has the effects QuickJS sees in the code."""
    judge(code)


@settings(max_examples=300, deadline=None)
@given(SOUPS)
def test_any_text_is_refused_or_does_what_its_tree_says(code: str) -> None:
    judge(code)


@pytest.mark.parametrize(
    "code",
    [
        "a --> b", "a < !--b", "a<! --b", "a\n++b", "a\n--b", "1 + a++ + ++b", "- -a", "+ +a", "- --a", "a-- - --b",
        "typeof let", "async", "async(a)", "[async, of, get, set, static, yield]", "async\n(a)",
        "({ async, get, set })", "({ get get() { return a } }).get", "({ set set(v) {}, static: 1, async: 2 })",
        "({ get: 1, set: 2 })", "(class { static static = 1; static get get() { return 2 } get; set; async = 3 })",
        "(function () { let x = 1; {} /a/g.test('a'); return x / 2 / 1 })()", "((a) / 2 / 1)", "(() => 1) / 2 / 1",
        "[1] / 2", "a.b / c / d", "`x` / 2", "({}) / 1", "a++ / 2",
        "(() => { if (a) /x/.exec(b); return /=/.source })()", "(() => { a\n/b/c })()", "x => {}\n/1/g",
        "(() => { let a = 1\nlet b = 2\nreturn a + b })()", "(() => { return\n1 })()",
        "(() => { do a; while (0) b })()", "(() => { var a = 1; a\n++\na; return a })()", "'\\0\\x41\\u{42}\\\n'",
        "`\\0${1}\\u{42}`", "017 + 08.5 + 09", "\\u0061", "\\u{61}b", "a\\u{62}", "({ \\u0069f: 1 }).\\u0069f",
        "$j\\u0073on", "1_0.0_1 + 0x1_0 + 1_0n.a", "`a${`b${`c${1}`}`}d`", "`${`}`}`", "`${'`'}`",
        "`${{ a: `${1}` }.a}`", "a`x${b`y`}z`", "(a.b)`x`", "a.b`x`", "String.raw`\\u${1}\\x`",
        "(() => { l: for (const x of a) { for (;;) continue l } })()", "(() => { l: { break l } return 1 })()",
        "(() => { for (var i = ('a' in b); i; i = 0); return i })()",
        "(() => { for (let x = (a, 'b' in c) ? 1 : 2; x; x = 0); })()", "(() => { for (const x in a) return x })()",
        "(() => { for (a.b of c); for ([a] of c); for ({ a } of c); })()",
        "(() => { for (let of of a) return of })()", "a?.()", "a?.b?.(1)?.[2].c", "(a?.b).c", "(a?.b)()", "a?.b.c(1)",
        "delete a?.b", "a?.[0]", "a?.5:1", "a?.b = 1", "(-2) ** 2", "2 ** -1", "2 ** 3 ** 2", "(2 ** 3) ** 2",
        "-a ** 2", "++a ** 2", "a ** b ** c", "(-a) ** b", "(a ?? b) || c", "a ?? (b && c)", "a ?? b || c",
        "a || b && c | d ^ e & f == g < h << i + j * k ** l", "new a", "new a()", "new a.b(1)", "new (a())()",
        "new (a?.b)()", "new new a()()", "new a`x`(1)", "(new a)()", "(a, b)", "[(a, b)]", "a ? b : c ? d : e",
        "(a ? b : c) ? d : e", "a = b = c", "(a = b)", "[a, , b, ]", "[, ]", "[a, b] = [b, a]",
        "({ a, b: [c = 1], ...d } = a)", "[a.b, (c), ...d.e] = a", "[a, , ] = b", "({ a = 1 } = b)",
        "(({ a = 1, b: { c } = {} }, [d, ...e] = [], ...f) => [a, c, d, e, f])(b, c, 1)", "({ a = 1 }) => a",
        "({ __proto__: null, a })", "({ __proto__ })", "({ '__proto__': a })", "({ ['__proto__']: a })",
        "({ __proto__() {} })", "({ get __proto__() { return 1 } })", "({ __proto__: a, ['__proto__']: b })",
        "({ 'a b': 1, 1: 2, 0x10: 3, 1.50: 4, 10n: 5, if: 6 })", "({ *a() { yield 1 }, [b]() {}, 'c'() {} })",
        "[...(function* () { const x = yield 1; yield* [2, x]; yield\n3 })()]", "(function* (a) { yield a in b })(1)",
        "(class A extends a { constructor() { super(1); super.b; super.c() } static d = this; e = this })",
        "new (class A extends Object { b = 1; static c() {} get d() { return this.b } })().d",
        "(class { 'constructor'() {} })", "(function f() { return new.target })()", "(() => this)()",
        "(function () { return typeof undefined })()", "(undefined => undefined)(1)",
        "(() => { var NaN = 1; return NaN })()", "[NaN, Infinity, -Infinity, undefined]",
        "(() => { try { throw { a: 1 } } catch ({ a }) { return a } finally { b } })()",
        "(() => { try { a.b } catch { } })()",
        "(() => { switch (a) { case 1: let x = 2; case x: return x; default: b } })()", "(() => { switch (a) {} })()",
        "(() => { var x = 1; { let x = 2; a(x) } return x })()", "(() => { a(h); function h() {} })()",
        "(() => { if (a) b; else if (c) d })()", "((a, b = a, c = () => b) => c())(1)",
        "(function f(n) { return n ? f(n - 1) : f })(2)", "a, b; c", "(() => { 'use strict'; 'x'; return 1 })()",
        "(({ __proto__: x }) => typeof x)({})", "(() => { let x; ({ __proto__: x, ...a } = { b }); return [x, a] })()",
            "(() => { for (a[b] in { c: 1 }); return [a[b]++, [a[b]] = [2], { x: (a[b]) } = { x: 3 }] })()",
            "(() => { switch (a) { case b: case 1 + 2 + 3 + 4 + 5: return 1 } class C extends a {} return new C })()",
            "void 0", "typeof a.b", "!(a in b)", "a instanceof b", "a in b in c", "/[/\\]]+(?<n>a)\\k<n>/dgimsuy",
        "/\\u{61}/u", "/'\"`${/", "é + ñ + ‿x + a\u200c + 𝒳 + नि", "_u + _u61_ + a_u + __u",
    ],
)  # fmt: skip
def test_what_two_parsers_may_read_in_two_ways(code: str) -> None:
    """Value, effects and their order are the ones that QuickJS sees in the code itself, or the parser refuses it."""
    judge(code)


@settings(max_examples=300, deadline=None)
@given(PROGRAMS)
def test_programs_of_the_grammar_are_taken(code: str) -> None:
    """What the parser takes and QuickJS refuses, it refuses for what both know as an early error."""
    try:
        made = built(code)
    except CodeError:
        return
    fault = syntax_fault(made)
    assert fault is None or re.search("uplicate|redefinition|yield in|group|label|regular|invalid|expecting", fault), (
        fault
    )


@given(st.lists(st.text("aué_$u61ñ", min_size=1, max_size=6), min_size=2, max_size=2, unique=True))
def test_no_two_names_become_one(names: list[str]) -> None:
    first, second = map(mangle, names)
    assert first != second
    assert first.isascii()
    assert re.fullmatch("_[A-Za-z0-9_$]+", first)


def test_the_judge_knows_what_is_foreign() -> None:
    """Names that are not mangled, comments, regular expressions: anything that only an author could have written."""
    honest = built("`a${$json.b?.c}` + /x/.test([1].first()) + Object.keys({ a: 1 })").source
    assert foreign_piece(honest) is None
    for foreign in ("evil", "globalThis", "Object.x", "/*x*/1", "/x/", "1//", "'x'", "<!--", "import('x')", "\\u0061"):
        assert foreign_piece(honest.replace("return(", f"return({foreign},")) is not None, foreign


# -- meaning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("017 + 08.5", 23.5),
        ("'\\101\\08'", "A\x008"),
        ("`a\\u{1F600}$\\`\\${`", "a😀$`${"),
        ("String.raw`\\u${1}\\n`", "\\u1\\n"),
        ("((s, ...v) => [s, s.raw, v])`a\\u${1}\n`", [[UNDEFINED, "\n"], ["a\\u", "\n"], [1]]),
        ("((s) => { try { s.push(1) } catch { return s.length } })`x`", 1),
        ("({ f() { return this.a }, a: 5 }).f``", 5),
        ("({ __proto__: { a: 1 } }).a", 1),
        ("(x => { const __proto__ = x; return Object.keys({ __proto__ }) })({})", ["__proto__"]),
        ("Object.keys({ __proto__() {}, ['__proto__']: 1 }).length", 1),
        ("[0, 1].map(() => /a/g).map(r => [r.test('a'), r.lastIndex])", [[True, 1], [True, 1]]),
        ("(() => { const l = []; for (let i = 0; i < 2; i++) l.push(() => i); return l.map(f => f()) })()", [0, 1]),
        ("(() => { let s = ''; l: for (const a of 'xy') for (const b of 'zw') { if (b === 'w') continue l; s += a + b }"
         " return s })()", "xzyz"),
        ("[this === this, this === (() => this)(), (function () { return this })() === this]", [True, True, True]),
        ("({ f() { return this === undefined } }).f.call()", True),
        ("[..._, ...[1]].length", UNDEFINED),
        ("(() => { undefined2 = 5; return undefined2 })()", 5),
        ("((undefined) => undefined)(3)", 3),
        ("[typeof eval, typeof arguments]", ["object", "undefined"]),
        ("((a, b = a + 1) => { var c = b; { let c = 9 } return c })(1)", 2),
        ("[, 1, , ].length", 3),
        ("1_000 + 0b11 + 0o17 + 0xfn.toString().length", 1020),
        ("(class A { static x = 1; static get y() { return this.x + 1 } }).y", 2),
        ("new (class extends Array { constructor(...a) { super(...a); this.z = 1 } })(1, 2).z", 1),
        ("[...(function* () { yield* [1, 2]; return 3 })()]", [1, 2]),
        ("$if(true, 'a', missing.x)", "a"),
        ("($if => $if(1, 2))((a, b) => a + b)", 3),
        ("$json?.a?.first() ?? 'none'", "none"),
        ("(() => { switch (3) { default: return 'd'; case 3: return 'c' } })()", "c"),
        ("-(2 ** 2) + (-2) ** 2", 0),
        ("((a?.b).c, 1)", UNDEFINED),
        ("typeof a?.b.c.d", "undefined"),
        ("'a\\\n\\\r\nb'", "ab"),
        ("`a\r\nb\rc`", "a\nb\nc"),
        ("9007199254740993", 9007199254740992),
        ("1e999", float("inf")),
        ("(() => { var é = 1, ñ = 2, _ue9_ = 3; return [é, ñ, _ue9_] })()", [1, 2, 3]),
        ("await2", UNDEFINED),
        ("({ await: 1, async: 2 }).await", 1),
    ],
)  # fmt: skip
def test_printed_code_means_what_was_written(code: str, value: object) -> None:
    found = evaluate(f"={{{{ {code.replace('}}', '} }')} }}}}", engines=ENGINES)
    assert found is value if value is UNDEFINED else found == value


@pytest.mark.parametrize(
    "piece",
    ["1+", "a.", "a?.b.", "a[0].", "b().", "a&&", "a,", "a<", "a in ", "!a+", "f(1),", "[1],", "`x`,", "x=>x,", "/a/,"],
)
def test_long_code_costs_no_depth(piece: str) -> None:
    """Chains of operators, members and calls are as flat when printed as they were written."""
    code = piece * (9_000 // len(piece)) + "b"
    made = built(code)
    assert syntax_fault(made) is None
    opened = deepest = 0
    for mark in re.findall(r"[()\[\]]", made.source):
        opened += 1 if mark in "([" else -1
        deepest = max(deepest, opened)
    assert deepest < 12


def test_the_block_at_fault_is_shown() -> None:
    """Also where only the whole of it is at fault."""
    code = "=x{{ 1 + 1 }}y{{ a" + ".first()" * 101 + " }}"
    with pytest.raises(ExpressionError, match="extension methods") as caught:
        evaluate(code)
    assert "column 18" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("({ ...'ab' })", {"0": "a", "1": "b"}),
        ("({ z: 1, ...`${'é'}` })", {"0": "é", "z": 1}),
        ("({ ...$if(true, 'x', 'y'), ...[1] })", {"0": 1}),
        ("({ ...null, ...undefined, ...5, ...true })", {}),
    ],
)
def test_an_object_takes_over_what_a_value_has(code: str, expected: object) -> None:
    """A text has a member for each of its characters (ECMA-262 7.3.26); QuickJS by itself leaves them out."""
    assert evaluate(f"={{{{ {code} }}}}") == expected
