"""What the syntax tree cannot hold, and what is easily read in two ways, is refused by name."""

from __future__ import annotations

import pytest

from nodeloom.errors import ExpressionSyntaxError
from nodeloom.expression import compile_value
from nodeloom.expression.analysis import facts_of
from nodeloom.expression.rewrite import Block, build_program
from nodeloom.expression.syntax import CodeError, parse_expression


def build(code: str) -> None:
    tree = parse_expression(code)
    build_program([Block(code, 0, tree, facts_of(tree))])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("async () => 1", "async"),
        ("async x => x", "async"),
        ("async function f() {}", "async"),
        ("({ async f() {} })", "async"),
        ("({ async *f() {} })", "async"),
        ("(class { async f() {} })", "async"),
        ("(() => { async function f() {} })", "async"),
        ("(() => { for await (const a of b); })", "for await"),
        ("await a", "await"),
        ("await", "await"),
        ("(() => { await: 1 })", "await"),
        ("(() => { with (a) b })", "with"),
        ("(() => { debugger })", "debugger"),
        ("a.b(import('x'))", "import"),
        ("1 + import.meta", "import"),
        ("a.#b", "Private"),
        ("(class { #a = 1 })", "Private"),
        ("#a in b", "Private"),
        ("(class { static { a } })", "Static blocks"),
        ("new.target", "new.target"),
        ("(() => new.target)", "new.target"),
        ("a <!-- b", "HTML"),
        ("a\n--> b", "HTML"),
        ("--> b", "HTML"),
        ("#!/bin/x", "begins with #!"),
        ("({ __proto__: 1, '__proto__': 2 })", "__proto__"),
        ("a() = 1", "assigned"),
        ("a++ ++", "Unexpected|assigned"),
        ("(a, b) = 1", "assigned"),
        ("([a]) = 1", "assigned"),
        ("a?.b++", "assigned"),
        ("({ a() {} } = b)", "assigned"),
        ("this = 1", "assigned"),
        ("({ a = 1 })", "Unexpected '='"),
        ("f({ a = 1 })", "Unexpected '='"),
        ("((a)) => 1", "name or a pattern"),
        ("(a.b) => 1", "name or a pattern"),
        ("([a.b]) => 1", "name or a pattern"),
        ("([[a.b] = 1]) => 1", "name or a pattern"),
        ("(...a, b) => 1", "rest parameter"),
        ("[...a, b] = c", "rest element"),
        ("\\u0069f", "reserved"),
        ("(() => { var \\u{63}lass })", "reserved"),
        ("²", "is not a name"),
        ("a²", "is not a name"),
        ("\\u0028", "is not a name"),
        ("a\\u{110000}", "is not a name"),
        ("\ud835\udcb3".encode("utf-16", "surrogatepass").decode("utf-16") + "\ud835", "is not a name"),
        ("a\u2028b", "may stand only in text"),
        ("a\u2029", "may stand only in text"),
        ("a\x0bb", "may stand only in text"),
        ("a\x0cb", "may stand only in text"),
        ("a\x85b", "may stand only in text"),
        ("1 //\u2028+ 1", "may stand only in text"),
        ("/*\u2029*/1", "may stand only in text"),
        ("'\\u{110000}'", "escape"),
        ("'\\x4'", "escape"),
        ("`\\08`", "escape"),
        ("`\\x`", "escape"),
        ("1_", "number"),
        ("1__0", "number"),
        ("0_1", "number"),
        ("08n", "number"),
        ("3in[]", "number"),
        ("-a ** 2", "Parentheses"),
        ("a ?? b || c", "Parentheses"),
        ("a && b ?? c", "Parentheses"),
        ("() => {} + 1", "Unexpected"),
        ("1 + () => 1", "Unexpected"),
        ("delete a", "deleted"),
        ("delete (a)", "deleted"),
        ("a?.b`x`", "tagged"),
        ("new a?.b()", "Unexpected"),
        ("super", "Unexpected"),
        ("/a/gg", "flags"),
        ("/a/x", "flags"),
        ("(() => { if (a) let b = 1 })", "declaration"),
        ("(() => { while (a) function f() {} })", "declaration"),
        ("(() => { l: class A {} })", "declaration"),
        ("(() => { throw\na })", "throw"),
        ("(() => { try {} })", "catch"),
        ("(() => { for (var i = 0 in a); })", "without a value"),
        ("(() => { for (let a, b of c); })", "without a value"),
        ("1;" * 50_001, "100,000 characters"),
        ("a" + ".first()" * 101, "extension methods"),
    ],
)
def test_what_the_tree_cannot_hold_is_refused_by_name(code: str, why: str) -> None:
    with pytest.raises(CodeError, match=why) as caught:
        build(code)
    assert 0 <= caught.value.position <= len(code)


@pytest.mark.parametrize(
    ("code", "hint"),
    [("async () => a", "at once"), ("a <!-- b", "/*"), ("(() => { with (a) b })", "object.name"), ("#!a", "Leave")],
)
def test_a_refusal_says_what_to_write_instead(code: str, hint: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_value(f"={{{{ {code} }}}}", dialect="n8n")
    assert hint in str(caught.value.hint)
