"""OData literals: what is written is read back as the same value, and nothing else is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.testing.odata.literals import Value, literal_text, parse_datetime, read_literal

texts = st.text(st.characters(exclude_categories=["Cs"]))
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(min_value=datetime(1000, 1, 1), timezones=offsets)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    texts,
    st.uuids(),
    moments,
    st.dates(min_value=date(1000, 1, 1)),
    st.timedeltas(timedelta(days=-10000), timedelta(days=10000)),
)


@given(values)
def test_every_value_is_read_back_as_it_was_written(value: Value) -> None:
    text = literal_text(value)
    literal = read_literal(text)
    assert literal is not None
    assert literal.end == len(text)
    assert type(literal.value) is type(value)
    assert literal.value == value


@given(texts, texts)
def test_a_string_ends_at_its_own_quote(inner: str, after: str) -> None:
    literal = read_literal(literal_text(inner) + "," + after)
    assert literal is not None
    assert literal.value == inner


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("-3", -3),
        ("+7", 7),
        ("2.50", Decimal("2.50")),
        ("1e3", Decimal("1e3")),
        ("'O''Brien/x'", "O'Brien/x"),
        ("''", ""),
        ("''''", "'"),
        ("12345678-1234-1234-1234-123456789abc", UUID("12345678-1234-1234-1234-123456789abc")),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T10:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (
            "2026-01-31T10:00:00.1234567-05:30",
            datetime(2026, 1, 31, 10, 0, 0, 123456, timezone(-timedelta(hours=5, minutes=30))),
        ),
        ("duration'PT5M'", timedelta(minutes=5)),
        ("duration'-P1DT2H'", -timedelta(days=1, hours=2)),
    ],
)
def test_a_literal_has_the_type_its_form_says(text: str, value: Value) -> None:
    literal = read_literal(text)
    assert literal is not None
    assert (literal.value, literal.end) == (value, len(text))


@pytest.mark.parametrize("text", ["", "link-1", "nullable", "1a", "1-2", "True", "2026-01-31T10", "-"])
def test_a_name_is_no_literal(text: str) -> None:
    assert read_literal(text) is None


@pytest.mark.parametrize("text", ["'open", "2026-02-30", "2026-01-31T25:00:00Z", "2026-01-01T00:00:00+99:00", "1" * 41])
def test_a_broken_literal_is_said_to_be_broken(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_literal(text)


def test_infinity_and_not_a_number_have_names() -> None:
    for text, value in (("INF", float("inf")), ("-INF", float("-inf"))):
        literal = read_literal(text)
        assert literal is not None
        assert literal.value == value
        assert literal_text(value) == text
    assert literal_text(float("nan")) == "NaN"


def test_a_date_and_time_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        parse_datetime("2026-01-31T10:00:00")
