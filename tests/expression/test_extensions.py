"""n8n's extension methods, by type."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import ExpressionError
from nodeloom.expression import UNDEFINED

CASES: dict[str, list[tuple[str, Any]]] = {
    "array": [
        ("[1, 1, 2, { a: 1 }, { a: 1 }].unique()", [1, 2, {"a": 1}]),
        ("[{ a: 1, b: 1 }, { a: 1, b: 2 }].removeDuplicates('a').length", 1),
        ("[3, 1, 2].first() + [3, 1, 2].last()", 5),
        ("[{ a: 1 }, { b: 2 }, 5].pluck('a')", [1]),
        ("[1, 2, 3].sum() + [1, 2, 3].average() + [1, 2].min() + [1, 2].max()", 11),
        ("[1, null, '', 'nil', {}, [], 0].compact()", [1, 0]),
        ("[{ k: 'a', v: 1 }].smartJoin('k', 'v')", {"a": 1}),
        ("[1, 2, 3].chunk(2)", [[1, 2], [3]]),
        ("[{ a: 1 }].renameKeys('a', 'b')", [{"b": 1}]),
        ("[{ a: 1 }, { a: 2, b: 3 }].merge()", {"a": 1, "b": 3}),
        ("[1].union([1, 2])", [1, 2]),
        ("[1, 2].difference([2])", [1]),
        ("[1, 2].intersection([2])", [2]),
        ("[1].append(2, [3])", [1, 2, [3]]),
        ("[1, 2].reverse()", [2, 1]),
        ("[].isEmpty()", True),
        ("[1, 'a'].toJsonString()", '[1,"a"]'),
    ],
    "string": [
        ("'hello-world of fun'.toTitleCase()", "Hello-World of Fun"),
        ("'one. two! three'.toSentenceCase()", "One. Two! Three"),
        ("'I am a test!'.toSnakeCase()", "i_am_a_test"),
        ("'x'.hash()", "9dd4e461268c8034f5c8564e155c67a6"),
        ("'é😀'.base64Encode().base64Decode()", "é😀"),
        ("'a b&c'.urlEncode()", "a%20b%26c"),
        ("'a%20b'.urlDecode()", "a b"),
        ("'<b>x</b>'.removeTags()", "x"),
        ("'# T\\n\\n**bold**'.removeMarkdown()", "T\n\nbold"),
        ("'ñandú ß'.replaceSpecialChars()", "nandu ss"),
        ("'mail a@b.co now'.extractEmail()", "a@b.co"),
        ("'https://www.x.io/p?q'.extractDomain()", "www.x.io"),
        ("'https://x.io/p/q?r'.extractUrlPath()", "/p/q"),
        ("'see https://x.io/p'.extractUrl()", "https://x.io/p"),
        ("'12.7px'.toInt() + '1.5'.toFloat() + '2'.toNumber()", 15.5),
        ("'no'.toBoolean()", False),
        ("'{\"a\": 1}'.parseJson()", {"a": 1}),
        ("'x'.quote()", '"x"'),
        ("'abc'.length() + 'abc'.length", 6),
        ("'4e4'.isNumeric() && 'a@b.co'.isEmail() && 'https://x.io'.isUrl() && 'x.io'.isDomain()", True),
    ],
    "number": [
        ("(1.5).round() + (1.2).ceil() + (1.9).floor() + (-1).abs()", 6),
        ("(2.345).round(2)", 2.35),
        ("(1234.5).format()", "1,234.5"),
        ("(1234.5).format('de-DE', { style: 'currency', currency: 'EUR' })", "1.234,50\u00a0€"),
        ("(2).isEven() && (3).isOdd() && (3).isInteger()", True),
        ("(0).toDateTime().toISO()", "1970-01-01T00:00:00.000Z"),
    ],
    "object": [
        ("({ a: 1 }).isEmpty()", False),
        ("({ a: 1 }).hasField('a')", True),
        ("({ a: 1, b: 2 }).removeField('a')", {"b": 2}),
        ("({ a: 'xy', b: 'z' }).removeFieldsContaining('x')", {"b": "z"}),
        ("({ a: 'xy', b: 'z' }).keepFieldsContaining('x')", {"a": "xy"}),
        ("({ a: null, b: 1 }).compact()", {"b": 1}),
        ("({ a: 1, b: 'c d' }).urlEncode()", "a=1&b=c+d"),
        ("({ a: 1 }).keys().concat(({ a: 1 }).values())", ["a", 1]),
    ],
    "boolean": [("true.toInt() + false.toNumber()", 1), ("false.isEmpty()", True)],
    "any": [
        ("null.isEmpty()", True),
        ("undefined.isNotEmpty()", False),
        ("$json.missing?.first()", UNDEFINED),
        ("$json.missing.deeper.first()", UNDEFINED),
        ("$if(true, 1, $json.x.y)", 1),
        ("$if(false, 1)", False),
        ("$ifEmpty('', 'd') + $min(2, 1) + $max(1, 2) + $average(1, 3)", "d122"),
        ("numberList(3, 1)", [3, 2, 1]),
        ("zip(['a'], [1])", {"a": 1}),
        ("toPathSegment('a b/c')", "a%20b%2Fc"),
    ],
}


@pytest.mark.parametrize(("code", "expected"), [case for cases in CASES.values() for case in cases])
def test_what_a_method_gives(js: Any, code: str, expected: object) -> None:
    """As n8n 2.41 answers."""
    assert js(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "['a'].sum()",
        "[1].chunk(0)",
        "[1].union('x')",
        "'abc'.sum()",
        "'x'.hash('nope')",
        "'abc'.toNumber()",
        "'{'.parseJson()",
        "(1.5).isEven()",
        "({}).first()",
        "null.sum()",
        "$if()",
        "$ifEmpty(1)",
        "zip(['a'], [])",
        "toPathSegment('..')",
        "[{ a: 1 }].renameKeys('a')",
        "'nope'.toDateTime()",
    ],
)
def test_misuse_is_an_error_that_is_not_swallowed(js: Any, code: str) -> None:
    """n8n's ExpressionExtensionError; it fails the item also inside text, but code may catch it."""
    with pytest.raises(ExpressionError):
        js(code)
    with pytest.raises(ExpressionError):
        js(f"1 }}}}text{{{{ {code}")
    assert js(f"(() => {{ try {{ return {code} }} catch (e) {{ return 'caught' }} }})()") == "caught"


def test_an_extension_is_found_by_its_call_only(js: Any) -> None:
    """A field of the same name is data, a bracket call the object's own method."""
    assert js("$json.first", first=5) == 5
    assert js("$json.a['first']", a=[1]) is UNDEFINED
    assert js("$json.list.first().first().first()", list=[[[7]]]) == 7


def test_a_method_of_the_object_wins_where_no_type_has_the_name(js: Any) -> None:
    """`Math.round` stays what it is."""
    assert js("Math.round(1.6) + Math.min(4, 3) + Math.abs(-1)") == 6
    assert js("({ sum: () => 5 }).sum()") == 5
