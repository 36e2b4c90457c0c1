"""`$filter`: names and types are settled first, then an entity is kept when the condition is true."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.testing.odata.declarations import ComplexType, Edm, EnumType, Field
from nodeloom.testing.odata.filters import parse_filter, parse_path_expression
from nodeloom.testing.odata.literals import literal_text
from nodeloom.testing.odata.refusal import ODataError

INNER = ComplexType("Pbx.Inner", (Field("Size", Edm.INT32), Field("Label")))
THING = ComplexType(
    "Pbx.Thing",
    (
        Field("Name"),
        Field("Other"),
        Field("Number", Edm.INT32),
        Field("Rate", Edm.DOUBLE),
        Field("On", Edm.BOOLEAN),
        Field("Made", Edm.DATETIME),
        Field("Day", Edm.DATE),
        Field("Uid", Edm.GUID),
        Field("Type", EnumType("Pbx.Kind", frozenset({"Queue", "Fax"}))),
        Field("Inner", INNER),
        Field("Tags", collection=True),
        Field("Parts", INNER, collection=True),
    ),
)
ENTITY: dict[str, Any] = {
    "Name": "O'Brien",
    "Other": None,
    "Number": 5,
    "Rate": 0.1,
    "On": True,
    "Made": "2026-01-31T10:00:00Z",
    "Day": "2026-01-31",
    "Uid": "12345678-1234-1234-1234-123456789abc",
    "Type": "Queue",
    "Inner": {"Size": 3, "Label": "in"},
    "Tags": ["a", "bc"],
    "Parts": [{"Size": 1, "Label": "x"}, {"Size": 9, "Label": None}],
}


def keeps(text: str, entity: dict[str, Any] | None = None) -> bool:
    return parse_filter(text, THING)(ENTITY if entity is None else entity)


@pytest.mark.parametrize(
    "text",
    [
        "'O''Brien' eq Name",
        "Number eq 5.0",
        "Rate eq 0.1",
        "On",
        "Other eq null",
        "Name ne null",
        "Made eq 2026-01-31T11:00:00+01:00",
        "Made gt 2026-01-31T09:59:59.999Z",
        "Uid eq 12345678-1234-1234-1234-123456789ABC",
        "Type eq 'Queue'",
        "Type eq Pbx.Kind'Queue'",
        "Type in ('Fax','Queue')",
        "Inner/Size eq 3",
        "contains(Inner/Label,'n')",
        "tolower(Name) eq 'o''brien'",
        "concat(concat(Name,'-'),'x') eq 'O''Brien-x'",
        "trim(toupper(' a ')) eq 'A'",
        "Tags/any()",
        "Parts/any(p: p/Size gt 5 and p/Label eq null)",
        "Parts/any(p: Tags/any(t: startswith(t,'b')) and p/Size eq 1)",
        "  Name  eq  'O''Brien'  ",
        "true",
        "Number eq 1 or Number eq 2 and Number eq 3 or Number eq 5",
        "Number eq 5 eq true",
    ],
)
def test_true_conditions_keep_the_entity(text: str) -> None:
    assert keeps(text)


@pytest.mark.parametrize(
    "text",
    [
        "Other gt 'a'",
        "not (Other gt 'a') and false",
        "contains(Other,'a')",
        "not contains(Other,'a')",
        "null",
        "(Number eq 5 or Number eq 1) and Number eq 1",
        "Number eq 1 or Number eq 5 and Number eq 1",
    ],
)
def test_false_and_unknown_conditions_do_not(text: str) -> None:
    assert not keeps(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Nmae eq 'x'", "Name"),
        ("Inner/Sise eq 1", "Size"),
        ("Number eq 'x'", "compare a number with a string"),
        ("Name eq 5", "compare"),
        ("Name gt true", "compare"),
        ("Day eq 2026-01-31T10:00:00Z", "compare a date with a datetime"),
        ("Type eq 'Fex'", "not a member"),
        ("Name", "needs a condition"),
        ("not Number eq 5", "needs a condition"),
        ("Name eq", "the end"),
        ("Name eq 'x", "closing quote"),
        ("Name eq 'x')", "found"),
        ("(Name eq 'x'", "found"),
        ("Name eq x-1", "named 'x'"),
        ("Name is 'x'", "found"),
        ("contain(Name,'x')", "contains"),
        ("contains(Name)", "takes 2"),
        ("contains(Number,'x')", "takes a string"),
        ("Name/x eq 1", "no properties"),
        ("Tags/x eq 1", "no properties"),
        ("Tags eq 1", "compare"),
        ("Tags/any(Name: Name eq 'a') or Tags/any(t: Tags/any(t: true))", "twice"),
        ("", "the end"),
        ("Number eq ?", "unexpected"),
        ("(" * 50 + "On" + ")" * 50, "nested deeper"),
        ("On eq On eq On eq On eq On eq On", "in one chain"),
        (" and ".join(["On"] * 1500), "more than"),
        ("Number eq " + "9" * 50, "digits"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ODataError, match=says) as caught:
        parse_filter(text, THING)
    assert caught.value.status == 400


def test_sorting_takes_a_path_to_a_value() -> None:
    assert parse_path_expression("Inner/Size", THING).evaluate({"": ENTITY}) == 3
    assert parse_path_expression("Inner/Size", THING).evaluate({"": {"Inner": None}}) is None
    for text in ("Inner", "Tags", "'x'", "Name eq 'x'"):
        with pytest.raises(ODataError):
            parse_path_expression(text, THING)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_asked_for(text: str) -> None:
    entity = {**ENTITY, "Name": text}
    assert keeps(f"Name eq {literal_text(text)}", entity)
    assert keeps(f"contains(Name,{literal_text(text[1:3])}) and Number eq 5", entity)


@given(st.text())
def test_whatever_the_filter_it_is_read_or_refused_with_400(text: str) -> None:
    status = 200
    try:
        parse_filter(text, THING)(ENTITY)
    except ODataError as error:
        status = error.status
    assert status in (200, 400)


Condition = tuple[str, Callable[[dict[str, Any]], bool]]
_COMPARE = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def _compared(word: str, field: str, value: Any) -> Condition:
    return f"{field} {word} {literal_text(value)}", lambda e: bool(_COMPARE[word](e[field], value))


def _negated(inner: Condition) -> Condition:
    return f"not ({inner[0]})", lambda e: not inner[1](e)


def _joined(left: Condition, word: str, right: Condition) -> Condition:
    if word == "and":
        return f"({left[0]}) and ({right[0]})", lambda e: left[1](e) and right[1](e)
    return f"({left[0]}) or ({right[0]})", lambda e: left[1](e) or right[1](e)


def _one_of(field: str, values: list[Any]) -> Condition:
    return f"{field} in ({','.join(map(literal_text, values))})", lambda e: e[field] in values


def _text_function(word: str, value: str) -> Condition:
    return f"{word}(Name,{literal_text(value)})", lambda e: bool(_TEXT_FUNCTIONS[word](e["Name"], value))


def _measured(word: str, function: str, value: int) -> Condition:
    measures: dict[str, Callable[[str], int]] = {"length(Name)": len, "indexof(Name,'a')": lambda t: t.find("a")}
    return f"{function} {word} {value}", lambda e: bool(_COMPARE[word](measures[function](e["Name"]), value))


def _quantified(word: str, value: str) -> Condition:
    quantifier = {"any": any, "all": all}[word]
    return f"Tags/{word}(t: t ge {literal_text(value)})", lambda e: quantifier(tag >= value for tag in e["Tags"])


def _null(word: str, field: str) -> Condition:
    return f"null {word} {field}", lambda e: (e[field] is None) is (word == "eq")


_TEXT_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
words = st.sampled_from(sorted(_COMPARE))
short_texts = st.text("ab'", max_size=2)
numbers = st.integers(-3, 3)
days = st.sampled_from([date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)])
leaves = st.one_of(
    st.builds(_compared, words, st.just("Number"), numbers),
    st.builds(_compared, words, st.just("Name"), short_texts),
    st.builds(_compared, words, st.just("Day"), days),
    st.builds(_compared, st.sampled_from(["eq", "ne"]), st.just("On"), st.booleans()),
    st.builds(_one_of, st.just("Number"), st.lists(numbers, min_size=1, max_size=3)),
    st.builds(_text_function, st.sampled_from(sorted(_TEXT_FUNCTIONS)), short_texts),
    st.builds(_measured, words, st.sampled_from(["length(Name)", "indexof(Name,'a')"]), numbers),
    st.builds(_quantified, st.sampled_from(["any", "all"]), short_texts),
    st.builds(_null, st.sampled_from(["eq", "ne"]), st.sampled_from(["Name", "Other"])),
)
NAME, DAY = "O'Brien", date(2026, 1, 31)
EVERY_LEAF: list[Condition] = [
    *(_compared(word, "Number", value) for word in _COMPARE for value in (4, 5, 6)),
    *(_compared(word, "Rate", value) for word in _COMPARE for value in (0.05, 0.1, 0.3)),
    *(_compared(word, "Name", value) for word in _COMPARE for value in ("A", NAME, "Z")),
    *(_compared(word, "Day", DAY + timedelta(days)) for word in _COMPARE for days in (-1, 0, 1)),
    *(_compared(word, "On", value) for word in ("eq", "ne") for value in (True, False)),
    *(_one_of("Number", values) for values in ([5], [1, 5], [1, 2])),
    *(_text_function(word, value) for word in _TEXT_FUNCTIONS for value in ("O'B", "Bri", "n", "x", "", NAME)),
    *(_measured(word, "length(Name)", value) for word in _COMPARE for value in (6, 7, 8)),
    *(_measured(word, "indexof(Name,'a')", value) for word in _COMPARE for value in (-2, -1, 0)),
    *(_quantified(word, value) for word in ("any", "all") for value in ("", "a", "b", "c")),
    *(_null(word, field) for word in ("eq", "ne") for field in ("Name", "Other")),
]


def test_each_condition_means_what_python_means() -> None:
    """Every comparison below, at and above the value that is there."""
    wrong = [text for text, holds in EVERY_LEAF if keeps(text) is not holds({**ENTITY, "Day": DAY})]
    assert wrong == []


conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(_negated, inner), st.builds(_joined, inner, st.sampled_from(["and", "or"]), inner)
    ),
    max_leaves=8,
)


@given(conditions, numbers, short_texts, st.lists(short_texts, max_size=3))
def test_conditions_mean_what_the_same_conditions_in_python_mean(
    condition: Condition, number: int, name: str, tags: list[str]
) -> None:
    plain = {**ENTITY, "Number": number, "Name": name, "Tags": tags}
    assert keeps(condition[0], plain) is condition[1]({**plain, "Day": DAY})
