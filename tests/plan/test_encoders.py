"""Values in a path, a header and a body: by type, and never able to end the place they stand in."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.errors import InvalidValueError
from nodeloom.expression import UNDEFINED
from nodeloom.plan.encoders import ENCODERS, encode_path, header_text
from nodeloom.testing.odata.paths import parse_path

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
UNRESERVED_OR_ESCAPED = re.compile(r"(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*")
AWKWARD_KEYS = [
    "O'Brien/x?y#z",
    "a b+c%20d",
    "ünï",
    "'; drop",
    "../Users",
    "..",
    ".",
    "''",
    "'",
    "null",
    "true",
    "42",
    "2026-01-31T09:30:00Z",
    "{Link}",
    "={{ $json.x }}",
    "%27",
    "a\r\nb\0c",
    "x" * 1000,
    "😀" * 250,
]


def key_of(encoded: str) -> object:
    """What an OData service reads as the key of the address that `encoded` stands in."""
    segments = parse_path(f"WebsiteLinks({encoded})")
    assert len(segments) == 1
    assert segments[0].arguments is not None
    return segments[0].arguments[""]


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_an_odata_string_key_addresses_exactly_the_entity_of_that_name(key: str) -> None:
    assert key_of(encode_path("odata.string", key)) == key


@given(TEXT)
@settings(deadline=None)
def test_any_text_as_odata_key_is_one_segment_that_reads_back(text: str) -> None:
    encoded = encode_path("odata.string", text)
    assert encoded[0] == encoded[-1] == "'"
    assert UNRESERVED_OR_ESCAPED.fullmatch(encoded[1:-1])
    assert key_of(encoded) == text


@given(TEXT.filter(lambda t: t not in ("", ".", "..")))
@settings(deadline=None)
def test_any_text_as_a_segment_reads_back(text: str) -> None:
    encoded = encode_path("segment", text)
    assert UNRESERVED_OR_ESCAPED.fullmatch(encoded)
    assert unquote(encoded, errors="strict") == text


@pytest.mark.parametrize("text", ["", ".", ".."])
@pytest.mark.parametrize("encoder", ["segment", "string", "list"])
def test_a_segment_that_would_address_something_else_is_refused(text: str, encoder: str) -> None:
    with pytest.raises(InvalidValueError, match="usable in a path"):
        encode_path(encoder, text)


@pytest.mark.parametrize("encoder", ["odata.string", "segment", "string", "list", "odata.list"])
def test_half_a_surrogate_pair_is_refused_in_words(encoder: str) -> None:
    value: Any = ["\ud800"] if encoder == "odata.list" else "a\ud800"
    with pytest.raises(InvalidValueError, match="surrogate pair"):
        encode_path(encoder, value)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_stand_bare(number: int) -> None:
    assert key_of(encode_path("odata.integer", number)) == number
    assert key_of(encode_path("odata.integer", str(number))) == number


@pytest.mark.parametrize(
    ("value", "wanted"), [(5, 5), ("5", 5), (" 5 ", 5), ("+5", 5), ("-5", -5), (5.0, 5), (-0.0, 0), ("007", 7)]
)
def test_what_counts_as_an_integer(value: Any, wanted: int) -> None:
    found = ENCODERS["integer"](value)
    assert found == wanted
    assert type(found) is int


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        "",
        "5.0",
        "five",
        "1e3",
        5.5,
        math.nan,
        math.inf,
        [5],
        {},
        "٣",
        "1_000",
        "0x10",
        2**63,
        "9" * 19,
        1e300,
    ],
)
def test_what_does_not_count_as_an_integer(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not a whole number"):
        ENCODERS["integer"](value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_stand_bare(number: float) -> None:
    read = key_of(encode_path("odata.number", number))
    assert isinstance(read, (int, Decimal))
    assert float(read) == number


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2.5", 2.5),
        ("2.0", 2),
        ("1e3", 1000),
        (1.0, 1),
        (" -3 ", -3),
        # A float would lose the last digits.
        ("12345678901234567891", 12345678901234567891),
        (10**30, 10**30),
        pytest.param(10**400, 10**400, id="401 digits"),
    ],
)
def test_what_counts_as_a_number(value: Any, wanted: float) -> None:
    found = ENCODERS["number"](value)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize("value", [True, None, "", "NaN", "Infinity", "1e999", math.nan, -math.inf, "1,5", "0x1", [1]])
def test_what_does_not_count_as_a_number(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not a number"):
        ENCODERS["number"](value)


@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), (False, False), ("true", True), ("FALSE", False), (" True ", True)]
)
def test_booleans(value: Any, wanted: bool) -> None:
    assert ENCODERS["boolean"](value) is wanted
    assert key_of(encode_path("odata.boolean", value)) is wanted


@pytest.mark.parametrize("value", [1, 0, "yes", "", None, []])
def test_what_does_not_count_as_a_boolean(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not true or false"):
        ENCODERS["boolean"](value)


@pytest.mark.parametrize("write", ["{}", "{{{}}}"])
@given(guid=st.uuids())
def test_guids_stand_bare(write: str, guid: UUID) -> None:
    assert key_of(encode_path("odata.guid", write.format(guid))) == guid
    assert encode_path("odata.guid", str(guid).upper().replace("-", "")) == str(guid)


@pytest.mark.parametrize("value", ["", "x", 5, "0123", "01234567-89ab-cdef-0123-456789abcde", "0_1" * 12, ["a"]])
def test_what_does_not_count_as_a_guid(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not a GUID"):
        ENCODERS["odata.guid"](value)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
@settings(deadline=None)
def test_dates_read_back_as_the_same_instant(moment: datetime) -> None:
    try:
        encoded = encode_path("odata.dateTime", moment)
    except OverflowError:
        assert moment.year in (1, 9999)  # the instant has no UTC date in Python
        return
    assert key_of(encoded) == moment


@pytest.mark.parametrize(
    "text", ["2026-01-31T09:30:00Z", "2026-01-31T09:30Z", "2026-01-31T09:30:00.123+02:00", "2024-02-29T23:59:59-11:00"]
)
def test_a_date_written_as_text_is_sent_as_it_stands(text: str) -> None:
    assert unquote(encode_path("odata.dateTime", text)) == text
    assert isinstance(key_of(encode_path("odata.dateTime", text)), datetime)


@pytest.mark.parametrize(
    "value", ["2026-01-31", "2026-01-31T09:30:00", "31.1.2026", "2026-13-01T00:00:00Z", "", 5, "٢026-01-31T09:30:00Z"]
)
def test_what_does_not_count_as_a_date(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="not a date and time") as caught:
        ENCODERS["odata.dateTime"](value)
    assert "2026-01-31T09:30:00Z" in str(caught.value.hint)


def test_a_date_without_a_zone_is_no_instant() -> None:
    with pytest.raises(InvalidValueError, match="no time zone"):
        ENCODERS["odata.dateTime"](datetime(2026, 1, 31))


@pytest.mark.parametrize("encoder", [name for name in ENCODERS if name.startswith("odata.") and name != "odata.list"])
def test_null_is_the_literal_null(encoder: str) -> None:
    assert encode_path(encoder, None) == "null"


def test_null_as_text_is_a_string_not_the_literal() -> None:
    assert encode_path("odata.string", "null") == "'null'"


@pytest.mark.parametrize(("value", "wanted"), [(5, "5"), (1.0, "1"), (True, "true"), (1e21, "1e+21"), (-0.0, "0")])
def test_other_scalars_are_texts_as_javascript_writes_them(value: Any, wanted: str) -> None:
    assert key_of(encode_path("odata.string", value)) == wanted


@pytest.mark.parametrize("value", [{}, {"a": 1}, ["a"], UNDEFINED, b"x", math.nan, math.inf])
def test_what_has_no_text_is_refused_with_a_hint(value: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        encode_path("odata.string", value)
    assert caught.value.hint


def test_lists_of_literals() -> None:
    assert unquote(encode_path("odata.list", ["a", 1, 1.0, None])) == '["a",1,1,null]'
    assert unquote(encode_path("odata.list", '["a"]')) == '["a"]'
    with pytest.raises(InvalidValueError, match="not a list"):
        encode_path("odata.list", '{"a": 1}')


def test_a_list_is_joined_by_commas() -> None:
    assert ENCODERS["list"](["Link", "Name", 5]) == "Link,Name,5"
    assert ENCODERS["list"]("Link,Name") == "Link,Name"


@pytest.mark.parametrize(
    ("text", "wanted"), [('["a"]', ["a"]), (" {} ", {}), ("null", None), ("1.5", 1.5), ('"x"', "x"), ("[]", [])]
)
def test_json_text_is_read(text: str, wanted: Any) -> None:
    assert ENCODERS["json"](text) == wanted


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.lists(st.none()), st.lists, max_leaves=5))
def test_json_that_is_data_already_passes(value: Any) -> None:
    assert ENCODERS["json"](value) is value


@pytest.mark.parametrize("text", ["", "[", "[a]", "NaN", "[Infinity]", "{'a': 1}", "[1,]", "[" * 100_000, "9" * 5000])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="JSON"):
        ENCODERS["json"](text)


def test_a_json_fault_says_where_it_is() -> None:
    with pytest.raises(InvalidValueError, match=r"at character [56]"):
        ENCODERS["json"]('["a",]')


@given(st.text(max_size=40))
def test_a_header_never_holds_what_would_end_it(text: str) -> None:
    try:
        sent = header_text(text)
    except InvalidValueError:
        assert re.search(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]", text)
        return
    assert sent == text.strip(" \t")
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", sent)


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\x7f", "\x1b[0m"])
def test_a_header_refuses_line_breaks_and_controls(text: str) -> None:
    with pytest.raises(InvalidValueError, match="line breaks or control characters") as caught:
        header_text(text)
    assert "\n" not in str(caught.value.value)


def test_blanks_around_a_header_are_no_part_of_it() -> None:
    assert header_text(' W/"1"\t') == 'W/"1"'
    assert header_text("a\tb") == "a\tb"


def test_a_header_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="surrogate pair"):
        header_text("\udfff")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("summer", "summer"),
        ("summer sale", '"summer sale"'),
        ("a;b", '"a;b"'),
        ("(x)", '"(x)"'),
        ('"summer sale" OR winter', '"summer sale" OR winter'),
        ("summer AND sale", "summer AND sale"),
        ("NOT sale", "NOT sale"),
        ("  sale ", "sale"),
        ("O'Brien", "O'Brien"),
        (5, "5"),
    ],
)
def test_a_text_that_is_searched_for_is_a_phrase(text: Any, sent: str) -> None:
    """OData URL Conventions 4.01, section 5.1.7: a search expression stays its author's."""
    assert ENCODERS["search"](text) == sent
