"""Header fields are read by one reader: RFC 9110, RFC 6266 and RFC 8187, and as far as it is plain what is careless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import dump_options_header, parse_options_header

from nodeloom.headerfields import (
    charset,
    disposition,
    keep_alive_seconds,
    list_members,
    media_type,
    parameters,
    retry_after,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOKENS = st.text("abcxyzABC019!#$&+-^_`|~.", min_size=1, max_size=8)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1)


@pytest.mark.parametrize(
    ("field", "kind", "name"),
    [
        ("attachment", "attachment", None),
        ('Attachment; FileName="a.csv"', "attachment", "a.csv"),
        ("ATTACHMENT;filename=a.csv", "attachment", "a.csv"),
        ('attachment; filename = "a.csv" ; size=3', "attachment", "a.csv"),
        ('attachment; filename="a;b.csv"; x=1', "attachment", "a;b.csv"),
        ('attachment; filename="he said \\"no\\".csv"', "attachment", 'he said "no".csv'),
        ('attachment; filename="back\\\\"; x="y"', "attachment", None),
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.csv", "attachment", "€ rates.csv"),
        ("attachment; filename*=utf-8'en'a%2Fb.csv", "attachment", "b.csv"),
        ("attachment; filename*=iso-8859-1'en'%A3%20rates.csv", "attachment", "£ rates.csv"),
        ("attachment; filename=\"EURO.csv\"; filename*=UTF-8''%e2%82%ac.csv", "attachment", "€.csv"),
        ("attachment; filename*=UTF-8''%e2%82%ac.csv; filename=\"EURO.csv\"", "attachment", "€.csv"),
        ("attachment; filename=\"plain.csv\"; filename*=klingon''%e2.csv", "attachment", "plain.csv"),
        ("attachment; filename=\"plain.csv\"; filename*=UTF-8''%ff%fe", "attachment", "plain.csv"),
        ('attachment; filename="../../etc/passwd"', "attachment", "passwd"),
        ('attachment; filename="C:\\dir\\f.txt"', "attachment", "f.txt"),
        ('attachment; filename="..\\dir\\f.txt"', "attachment", "f.txt"),
        ('attachment; filename="\\\\host\\dir\\f.txt"', "attachment", "f.txt"),
        # A backslash makes the next character stand for itself (RFC 9110 section 5.6.4).
        ('attachment; filename="f\\oo.html"', "attachment", "foo.html"),
        ('attachment; filename="a\\;b\\ c.txt"', "attachment", "a;b c.txt"),
        ('attachment; filename=".."', "attachment", None),
        ('attachment; filename=""', "attachment", None),
        ('attachment; filename="a\x00b\x1f.csv"', "attachment", "ab.csv"),
        ("attachment; filename=a b.csv", "attachment", "a b.csv"),
        ('attachment; filename="never closed.csv', "attachment", "never closed.csv"),
        ('inline; filename="a.pdf"', "inline", "a.pdf"),
        ('form-data; name="x"; filename="y.bin"', "form-data", "y.bin"),
        ("", "", None),
        (";;;", "", None),
    ],
)
def test_a_file_is_named_by_its_content_disposition(field: str, kind: str, name: str | None) -> None:
    assert disposition(field) == (kind, name)


@given(NAMES)
def test_a_name_in_utf_8_comes_through(name: str) -> None:
    wanted = name.strip()
    found = disposition(f"attachment; filename=\"x\"; filename*=UTF-8''{quote(name, safe='')}").name
    assert found == (wanted if wanted not in ("", ".", "..") else None)


@given(st.text())
def test_no_name_leads_anywhere(text: str) -> None:
    for field in (text, f"attachment; filename={text}", f'attachment; filename="{text}"', f"attachment; {text}"):
        name = disposition(field).name
        assert name is None or (name not in ("", ".", "..") and "/" not in name and "\\" not in name)
        assert name is None or name.isprintable() or not any(c < " " for c in name)


@given(st.dictionaries(TOKENS.map(str.lower), st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))))
def test_parameters_are_those_that_another_reader_finds(given_parameters: dict[str, str]) -> None:
    field = dump_options_header("text/plain", {k: v for k, v in given_parameters.items() if v and v.strip() == v})
    assert parameters(field) == parse_options_header(field)[1]


@pytest.mark.parametrize(
    ("field", "kind", "named"),
    [
        ('Application/JSON ; Charset="ISO-8859-1"', "application/json", "iso-8859-1"),
        ("text/html;charset=utf-8", "text/html", "utf-8"),
        ("text/html; charset='utf-8'", "text/html", "utf-8"),
        ("text/plain; format=flowed; charset=latin1", "text/plain", "latin1"),
        ('text/plain; note="charset=wrong"; charset=right', "text/plain", "right"),
        ("text/plain; charset", "text/plain", ""),
        ("application/json, application/json", "application/json", ""),
        ("application/json; charset=utf-8, text/html; charset=ascii", "application/json", "utf-8"),
        ("", "", ""),
    ],
)
def test_the_media_type_and_its_charset(field: str, kind: str, named: str) -> None:
    assert (media_type(field), charset(field)) == (kind, named)


@pytest.mark.parametrize(
    ("field", "elements"),
    [
        ("gzip", ["gzip"]),
        (" gzip , , br,", ["gzip", "br"]),
        ('a;x="1,2", b', ['a;x="1,2"', "b"]),
        ('"never, closed', ['"never, closed']),
        ("", []),
    ],
)
def test_a_list_has_elements(field: str, elements: list[str]) -> None:
    assert list_members(field) == elements


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("0.25", 0.25),
        ("2.", 2.0),
        ("0", 0.0),
        ("120, 120", 120.0),
        ("9" * 400, 1e9),
        ("-5", None),
        ("1e3", None),
        ("5 seconds", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("²", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=3), usegmt=True), 0.0),
        ("Sunday, 01-Mar-26 12:01:30 GMT", 90.0),
        ("Sun Mar  1 12:01:30 2026", 90.0),
        ("Sun, 01 Mar 2026 12:01:30 -0000", 90.0),
        ("Sun, 01 Mar 2026 13:01:30 +0100", 90.0),
        ("Mon, 32 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_how_long_to_wait(field: str, seconds: float | None) -> None:
    """A number with a fraction is none by RFC 9110, and plain all the same; ANSI C's dates are in UTC."""
    assert retry_after(field, NOW) == seconds


@given(st.one_of(st.text(max_size=40), st.text("0123456789.,:- GMTadehinrstu", max_size=40)))
def test_any_retry_after_is_a_time_or_nothing(field: str) -> None:
    found = retry_after(field)
    assert found is None or 0 <= found <= 1e9


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("timeout=5", 5.0),
        ("timeout=5, max=1000", 5.0),
        ('max=100, Timeout = "15"', 15.0),
        ("max=100", None),
        ("idletimeout=5", None),
        ("timeout=x", None),
        ("", None),
    ],
)
def test_how_long_an_idle_connection_is_kept(field: str, seconds: float | None) -> None:
    assert keep_alive_seconds(field) == seconds
