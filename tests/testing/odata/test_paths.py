"""Resource paths: split at slashes, then decode, then parse; strict about all three."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.testing.odata.literals import quote_literal
from nodeloom.testing.odata.paths import Segment, parse_path, percent_decode
from nodeloom.testing.odata.refusal import ODataError

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts)
def test_any_text_survives_as_a_key(key: str) -> None:
    assert parse_path(f"WebsiteLinks({quote_literal(key)})") == [Segment("WebsiteLinks", {"": key})]


@given(texts, texts)
def test_any_texts_survive_as_named_arguments_before_another_segment(first: str, second: str) -> None:
    raw = f"Set(A={quote_literal(first)},B={quote_literal(second)})/Pbx.Go(x={quote_literal(second)})"
    assert parse_path(raw) == [
        Segment("Set", {"A": first, "B": second}),
        Segment("Pbx.Go", {"x": second}),
    ]


@given(texts)
def test_whatever_the_path_it_is_read_or_refused_with_400(raw: str) -> None:
    status = 200
    try:
        parse_path(raw)
    except ODataError as error:
        status = error.status
    assert status in (200, 400)


def test_an_encoded_quote_is_a_quote_and_an_encoded_slash_belongs_to_the_key() -> None:
    assert parse_path("WebsiteLinks('O%27%27Brien%2Fx')") == [Segment("WebsiteLinks", {"": "O'Brien/x"})]
    assert parse_path("WebsiteLinks(%27a+b%27)") == [Segment("WebsiteLinks", {"": "a+b"})]


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        ("S", None),
        ("S()", {}),
        ("S(5)", {"": 5}),
        ("S(Link='x')", {"Link": "x"}),
        ("S(a=1,%20b=null,c=true)", {"a": 1, "b": None, "c": True}),
        ("S('a=1,b')", {"": "a=1,b"}),
    ],
)
def test_parentheses_hold_one_value_or_named_ones(raw: str, arguments: object) -> None:
    assert parse_path(raw)[0].arguments == arguments


@pytest.mark.parametrize(
    "raw",
    [
        "WebsiteLinks(link-1)",
        "WebsiteLinks('O'Brien')",
        "WebsiteLinks('a/b')",
        "WebsiteLinks('open)",
        "WebsiteLinks('a'",
        "WebsiteLinks('a')x",
        "WebsiteLinks('a','b')",
        "WebsiteLinks('a',)",
        "WebsiteLinks(A='a',A='b')",
        "WebsiteLinks(A='a','b')",
        "WebsiteLinks('%zz')",
        "WebsiteLinks('%F')",
        "WebsiteLinks('%FF')",
        "WebsiteLinks//x",
        "(5)",
    ],
)
def test_what_is_no_path_is_refused(raw: str) -> None:
    with pytest.raises(ODataError) as caught:
        parse_path(raw)
    assert caught.value.status == 400


@given(texts)
def test_what_has_no_percent_sign_is_not_changed(text: str) -> None:
    assert percent_decode(text.replace("%", "")) == text.replace("%", "")
