"""What is read off a tree: free names, paths, what leads to the machinery behind values."""

from __future__ import annotations

import pytest

from nodeloom.errors import ExpressionSyntaxError
from nodeloom.expression import compile_value
from nodeloom.expression.analysis import facts_of
from nodeloom.expression.syntax import parse_expression


@pytest.mark.parametrize(
    ("code", "free", "changed"),
    [
        ("a + $json.b", "a $json", ""),
        ("x => x + y", "y", "x"),
        ("({ a, b: c })", "a c", ""),
        ("({ a, b: [c = d] }) => e", "d e", "a c"),
        ("(a = b, b) => a", "", "a b"),
        ("(a = b) => { var b }", "b", "a b"),
        ("() => { { let a } return a }", "a", "a"),
        ("() => { { var a } return a }", "", "a"),
        ("() => { for (let i = j; i;) i; i }", "i j", "i"),
        ("() => { for (const x of x) y }", "y", "x"),
        ("() => { for (a.b in c); for (d of e); }", "a c d e", "d"),
        ("() => { try { a } catch (a) { b } catch2 }", "a b catch2", "a"),
        ("() => { try { } catch ({ a, b: c }) { a + c } }", "", "a c"),
        ("() => { f(); function f() { g } }", "g", "f"),
        ("() => { { function f() {} } f() }", "f", "f"),
        ("(function f() { return f })()", "", "f"),
        ("[function f() {}, f]", "f", "f"),
        ("class2, (class A extends B { c = A; [d]() {} static e() { return f } })", "class2 B d f", "A"),
        ("() => { new A(); class A {} }", "", "A"),
        ("() => { switch (a) { case b: let c; case c: c } c }", "a b c", "c"),
        ("[a = 1, b++, [c] = d, { e: f } = g]".replace("{", "({").replace("= g", "= g)"), "a b c d f g", "a b c f"),
        ("() => { l: for (;;) break l }", "", ""),
        ("a.b.c[d]`e${f}`", "a d f", ""),
        ("undefined + (undefined => 1)", "undefined", "undefined"),
    ],
)
def test_names_are_free_or_bound(code: str, free: str, changed: str) -> None:
    """By ECMA-262's scopes; what is bound by the code is nothing the engine has to give."""
    facts = facts_of(parse_expression(code))
    assert (set(facts.names), set(facts.changed)) == (set(free.split()), set(changed.split()))


@pytest.mark.parametrize(
    "code",
    [
        "x.constructor",
        "x?.['constructor']",
        "x[(`__proto__`)]",
        "x.\\u0063onstructor",
        "constructor",
        "({ constructor } = x)",
        "({ constructor: c } = x)",
        "({ 'constructor': c = 1 } = x)",
        "({ ['constructor']: c } = x)",
        "({ [`__proto__`]: c } = x)",
        "({ a: { b: { prototype: c } } } = x)",
        "(({ constructor: c }) => c)(x)",
        "(([{ __proto__: c }]) => c)(x)",
        "(() => { const { getPrototypeOf: g } = Object; return g })()",
        "(() => { for (const { constructor: c } of x) return c })()",
        "(() => { try { x } catch ({ constructor: c }) { return c } })()",
        "[...[{ a: 1 }].map(({ ['defineProperty']: d }) => d)]",
    ],
)
def test_no_code_names_the_machinery_behind_a_value(code: str) -> None:
    """As a member, a name, or the key of a pattern."""
    spaced = code.replace("}}", "} }").replace("}}", "} }")
    with pytest.raises(ExpressionSyntaxError, match="not available in expressions"):
        compile_value(f"={{{{ [{spaced}] }}}}", dialect="n8n")


@pytest.mark.parametrize("code", ["({ constructor2: 1 })", "({ 'constructor': 1 })", "(class { constructor() {} })"])
def test_data_may_have_such_a_name(code: str) -> None:
    compile_value(f"={{{{ {code} }}}}", dialect="n8n")


def test_paths_begin_at_free_names() -> None:
    """What is called `$json` by the code itself is not the item's data."""
    facts = facts_of(parse_expression("[$json.a, $node.b['c'][`d`], ($vars => $vars.x)(1)]"))
    assert facts.paths == (("$json", "a"), ("$node", "b", "c", "d"))
    assert facts.dollar_names == {"$json", "$node"}
