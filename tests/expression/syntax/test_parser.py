"""The JavaScript parser: it accepts what QuickJS accepts, and knows where things stand."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nodeloom.expression.analysis import facts_of, member_path
from nodeloom.expression.judgement import syntax_fault
from nodeloom.expression.quickjs import Context, JSException
from nodeloom.expression.rewrite import Block, build_program
from nodeloom.expression.syntax import CodeError, Node, parse_expression, walk
from nodeloom.expression.syntax.lexemes import string_value
from nodeloom.expression.words import words

NAMES = st.sampled_from(["a", "b", "$json", "async", "of", "get", "x1", "ñ"])
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        [
            "1",
            ".5",
            "1.",
            "1e3",
            "0x1f",
            "1_000",
            "10n",
            "null",
            "true",
            "this",
            "[]",
            "({})",
            "/a[/]b/gi",
            "`t`",
            "`a${b}c`",
        ]
    ),
    st.text(alphabet="ab'\"\\\n😀{}", max_size=4).map(json.dumps),
)


def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Larger expressions of smaller ones."""
    binary = st.sampled_from(sorted(words("+ - * / % == === != < > <= >= && || & | ^ << >> >>> , in instanceof")))
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["!", "-", "typeof ", "void ", "~"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, NAMES).map(lambda t: f"({t[0]}).{t[1]}"),
        st.tuples(inner, NAMES).map(lambda t: f"({t[0]})?.{t[1]}"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}]"),
        st.tuples(inner, st.lists(inner, max_size=2)).map(lambda t: f"({t[0]})({', '.join(t[1])})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(({t[0]}) ? {t[1]} : {t[2]})"),
        st.lists(inner, max_size=3).map(lambda t: f"[{', '.join(t)}]"),
        st.lists(st.tuples(NAMES, inner), max_size=2).map(lambda t: f"({{{', '.join(f'{k}: {v}' for k, v in t)}}})"),
        inner.map(lambda t: f"(x => ({t}))"),
        inner.map(lambda t: f"(({{p, q = 1}}, ...r) => {{ const z = {t}; if (z) return [z]; else {{ z; }} }})"),
        inner.map(lambda t: f"(function f(u) {{ for (const i of [1]) {{ u += i }} return {t} }})"),
        inner.map(lambda t: f"`x${{{t}}}y`"),
        inner.map(lambda t: f"({t}) /* }} */"),
        inner.map(lambda t: f"new Map({t})"),
    )


CODE = st.recursive(ATOMS, extend, max_leaves=8)


def compiles(code: str) -> bool:
    try:
        Context().eval(f"(function(){{ return function(){{ return ({code}\n) }} }})")
    except JSException:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(CODE)
def test_what_quickjs_compiles_the_parser_accepts(code: str) -> None:
    """And the tree spans the code."""
    assume(compiles(code))
    tree = parse_expression(code)
    assert tree.start <= len(code)
    for node in walk(tree):
        assert tree.start <= node.start <= node.end <= tree.end


@settings(max_examples=400, deadline=None)
@given(CODE, st.data())
def test_broken_code_is_refused_or_left_to_quickjs(code: str, data: st.DataObject) -> None:
    """Code with a character taken out never makes the parser fail in any other way than its own error."""
    at = data.draw(st.integers(0, max(len(code) - 1, 0)))
    broken = code[:at] + code[at + 1 :]
    position = 0
    try:
        parse_expression(broken)
    except CodeError as fault:
        position = fault.position
    assert 0 <= position <= len(broken)


@settings(max_examples=200, deadline=None)
@given(CODE)
def test_what_is_printed_quickjs_compiles(code: str) -> None:
    """Whatever QuickJS has for code that both parsers took, it has for what was printed of it."""
    assume(compiles(code))
    tree = parse_expression(code)
    program = build_program([Block(code, 0, tree, facts_of(tree))])
    assert program.source.isascii()
    assert syntax_fault(program) is None


@given(st.text(max_size=20))
def test_a_string_literal_stands_for_what_json_reads(text: str) -> None:
    """For the escapes that the two languages share."""
    assert string_value(json.dumps(text)) == text


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r'"\x41\u0042\u{43}"', "ABC"),
        (
            r'"a\
b"',
            "ab",
        ),
        (r"'\v\0\q'", "\v\0q"),
        (r'"\ud83d\ude00"', "😀"),
        (r"'\101'", "A"),
    ],
)
def test_javascripts_own_escapes(literal: str, value: str) -> None:
    """Hexadecimal, code points, continued lines, octal; surrogate pairs are joined."""
    assert string_value(literal) == value


@pytest.mark.parametrize(
    ("code", "position"),
    [
        ("a +", 3),
        ("a b", 2),
        ("(a", 2),
        ("[1,", 3),
        ("'open", 0),
        ("`open", 1),
        ("if (a) b", 0),
        ("", 0),
        ("  ", 2),
        ("a.", 2),
        ("1x", 1),
        ("/* c", 0),
        ("const a = 1", 0),
    ],
)
def test_errors_know_their_place(code: str, position: int) -> None:
    """The position of the first thing that cannot be."""
    with pytest.raises(CodeError) as caught:
        parse_expression(code)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("a; b", "Identifier", "a"),
        ("{ a: 1 }", "Object", ""),
        ("a\nb", "Identifier", "a"),
        ("a / b / c", "Binary", "/"),
        ("x => { return 1 }", "Arrow", ""),
        ("async(x)", "Call", ""),
        ("new A.B(1).c", "Member", "c"),
        ("a ? b : c ? d : e", "Conditional", ""),
        ("a ** b ** c", "Binary", "**"),
        ("a?.5:1", "Conditional", ""),
        ("({ get: 1, async, set: 2, static: 3 })", "Paren", ""),
        ("({ get x() { return 1 }, *y() {} , [z]: 1 })", "Paren", ""),
        ("class { a = 1; static b = 2; c() {} }".join(["(", ")"]), "Paren", ""),
        ("f`x${1}`", "Tagged", ""),
        ("yield", "Identifier", "yield"),
        ("a = b += c", "Assign", "="),
        ("[a, b] = [b, a]", "Assign", "="),
    ],
)
def test_the_kind_of_the_first_statement(code: str, kind: str, text: str) -> None:
    """Only the first counts (n8n)."""
    node = parse_expression(code)
    assert (node.kind, node.text) == (kind, text)


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("$json.a.b", ("$json", "a", "b")),
        ('$json["a b"][0]', ("$json", "a b", 0)),
        ('($json)?.a?.["x"]', ("$json", "a", "x")),
        ('$json["0"]', ("$json", 0)),
        ('$json["01"][1.5][1e3]', ("$json", "01", "1.5", 1000)),
        ("$json[a]", None),
        ("$json.a()", None),
        ("f().a", None),
    ],
)
def test_member_paths(code: str, path: tuple[object, ...] | None) -> None:
    """Chains of literal keys, whichever way they are written."""
    assert member_path(parse_expression(code)) == path


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    """Python's stack is not the author's concern."""
    for code in ("(" * 5000, "[" * 5000 + "]" * 5000, "!" * 5000 + "a", "a=" * 5000 + "a", "(" * 70 + "1" + ")" * 70):
        try:
            node = parse_expression(code)
        except CodeError:
            continue
        assert isinstance(node, Node)
