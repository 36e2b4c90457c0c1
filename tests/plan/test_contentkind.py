"""What an answer's body is: JSON where it is JSON, text in its charset, a file where it is to be saved."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import errors
from nodeloom.messages import Response
from nodeloom.plan.contentkind import Kind, beginning_of, kind_of, text_of
from tests.plan.harness import answer, answering, exchange


def items(body: Any, kind: str | None, url_values: str = "strict", **headers: str) -> list[Any]:
    content = body.encode() if isinstance(body, str) else body
    fields: dict[str, Any] = headers if kind is None else {**headers, "content_type": kind}
    return exchange(answering({}), [answer(content, **fields)], url_values=url_values)[1]


def data(body: Any, kind: str | None, **more: Any) -> list[Any]:
    return [item["json"] for item in items(body, kind, **more)]


def file_of(found: list[Any]) -> tuple[bytes, str | None]:
    (item,) = found
    binary = item["binary"]["data"]
    return base64.b64decode(binary["data"]), binary.get("fileName")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/problem+json; charset=utf-8",
        "text/json",
        "application/x-json",
        "application/octet-stream",
        "binary/octet-stream",
        "application/vnd.example",
        "application/vnd.example.v2+json",
        "application/x-download",
        "text/plain",
        "text/html; charset=utf-8",
        "application/javascript",
        "text/javascript",
        None,
    ],
)
def test_json_is_json_whatever_it_is_called(kind: str | None) -> None:
    for body in ('{"a": [1]}', '\ufeff {"a": [1]}', '[{"a": [1]}]'):
        assert data(body, kind) == [{"a": [1]}]


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/vnd.example", "application/zip"])
@pytest.mark.parametrize("body", [b"PK\x03\x04\x00", b"{not json", b"[1, 2", b"12", b'"text"', b"\x00[1]"])
def test_bytes_that_are_no_json_are_a_file(kind: str, body: bytes) -> None:
    """A number or a text alone may stand in any file."""
    assert file_of(items(body, kind))[0] == body


@pytest.mark.parametrize("kind", ["image/png", "audio/mpeg", "video/mp4", "font/woff2"])
def test_a_picture_is_a_file_whatever_is_in_it(kind: str) -> None:
    assert file_of(items('{"a": 1}', kind))[0] == b'{"a": 1}'


TEXTS = {
    "application/x-ndjson": '{"a": 1}\n',
    "application/ndjson; charset=utf-8": '{"a": 1}\n{"a": 2}\n',
    "application/jsonl": '{"a": 1}',
    "application/json-seq": '\x1e{"a": 1}\n',
    "application/stream+json": '{"a": 1}\n{"a": 2}',
    "text/csv": "1",
    "text/csv; header=present": "a;b\n1;2\n",
    "application/csv": "a,b",
    "application/vnd.csv": "a,b",
    "text/tab-separated-values": "a\tb",
    "application/yaml": "{a: 1}",
    "application/x-yaml": '{"a": 1}',
    "text/yaml": "a: 1",
    "application/vnd.oai.openapi+yaml": "openapi: 3.1.0",
    "application/xml": "<a/>",
    "text/xml": "<a/>",
    "application/atom+xml; type=feed": "<feed/>",
    "image/svg+xml": "<svg/>",
    "application/toml": "a = 1",
    "text/event-stream": "data: 1\n\n",
    "application/sql": "SELECT 1",
    "application/graphql": "{ a }",
    "application/x-www-form-urlencoded": "a=1&b=2",
    "text/markdown": "# a",
    "text/x-anything": "x",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_what_is_text_is_text_and_no_file(kind: str) -> None:
    """Also where a single line of it would be JSON."""
    assert data(TEXTS[kind], kind) == [{"data": TEXTS[kind]}]


@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "application/yaml", "application/xml", "text/html", None])
@pytest.mark.parametrize("says", ['attachment; filename="a;b.txt"', "Attachment; filename*=UTF-8''a%3Bb.txt"])
def test_text_that_is_to_be_saved_is_a_file(kind: str | None, says: str) -> None:
    assert file_of(items("a;b", kind, content_disposition=says)) == (b"a;b", "a;b.txt")


def test_json_that_is_to_be_saved_is_json_where_it_says_so_and_else_a_file() -> None:
    """An export of records is read; a file of any other name that begins like JSON is what was asked for."""
    says = 'attachment; filename="export.json"'
    assert data('{"a": 1}', "application/json", content_disposition=says) == [{"a": 1}]
    assert file_of(items('{"a": 1}', "application/octet-stream", content_disposition=says))[0] == b'{"a": 1}'


def test_inline_is_not_to_be_saved() -> None:
    assert data("a;b", "text/csv", content_disposition='inline; filename="a.csv"') == [{"data": "a;b"}]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv", "application/yaml"])
def test_to_the_letter_of_n8n_whatever_is_json_is_json(kind: str) -> None:
    says = {"content_disposition": "attachment"}
    for headers in ({}, says):
        assert data('{"a": 1}', kind, url_values="raw", **headers) == [{"a": 1}]
        assert data("a: 1", kind, url_values="raw", **headers) == ["a: 1"]


@pytest.mark.parametrize("charset", ["ISO-8859-1", "latin1", "windows-1252", '"iso-8859-15"', "cp1252", "'latin-1'"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/vnd.example"])
def test_json_in_another_charset_than_utf_8_is_read_in_that(kind: str, charset: str) -> None:
    body = json.dumps({"name": "Gebühr é"}, ensure_ascii=False).encode("latin-1")
    assert data(body, f"{kind}; charset={charset}") == [{"name": "Gebühr é"}]


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "us-ascii", "x-unknown"])
def test_json_that_is_utf_8_is_read_as_that_whatever_it_says(charset: str) -> None:
    """RFC 8259 section 8.1; servers put a charset of their own on everything."""
    body = json.dumps({"name": "Gebühr €"}, ensure_ascii=False).encode()
    assert data(body, f"application/json; charset={charset}") == [{"name": "Gebühr €"}]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-32", "shift_jis", "gb18030", "iso-2022-jp"])
def test_json_in_wider_charsets_is_read(charset: str) -> None:
    body = json.dumps({"name": "日本"}, ensure_ascii=False).encode(charset)
    assert data(body, f"application/json; charset={charset}") == [{"name": "日本"}]


@pytest.mark.parametrize("charset", ["", "; charset=x-unknown", "; charset=utf-8", "; charset=punycode"])
def test_json_in_a_charset_that_nobody_knows_is_an_error_and_no_guess(charset: str) -> None:
    body = json.dumps({"name": "Gebühr"}, ensure_ascii=False).encode("latin-1")
    with pytest.raises(errors.UnreadableAnswerError, match="is not JSON"):
        data(body, f"application/json{charset}")


ALPHABETS = {
    "utf-8": "aü€日😀",
    "utf-16": "aü€日😀",
    "utf-16-be": "aü€日😀",
    "utf-32": "aü€日😀",
    "us-ascii": "abc",
    "iso-8859-1": "aüé£",
    "iso-8859-15": "aü€Š",
    "iso-8859-7": "aαβγ",
    "windows-1252": "aü€“”",
    "windows-1251": "aжЯ",
    "koi8-r": "aжЯ",
    "cp437": "aé░",
    "macintosh": "aé∂",
    "shift_jis": "a日本カ",
    "euc-jp": "a日本カ",
    "iso-2022-jp": "a日本",
    "gb18030": "a日中😀",
    "gbk": "a日中",
    "big5": "a日中",
    "euc-kr": "a한국",
    "tis-620": "aกข",
}


@given(st.data(), st.sampled_from(sorted(ALPHABETS)), st.sampled_from(["text/csv", "text/plain", "application/xml"]))
def test_text_is_what_was_written_in_the_charset_that_is_named(given_: st.DataObject, charset: str, kind: str) -> None:
    text = "x" + given_.draw(st.text(ALPHABETS[charset]))
    response = Response(200, {"content-type": f"{kind}; charset={charset}"}, text.encode(charset))
    assert text_of(response, kind_of(response)) == text


@given(st.binary(min_size=1), st.sampled_from(["", "x-unknown", "utf-8", "iso-8859-1", "us-ascii", "idna", "utf-16"]))
def test_no_text_is_made_of_bytes_that_are_none(body: bytes, charset: str) -> None:
    """What cannot be read in the charset that is named stays bytes, so that nothing is lost."""
    named = f"; charset={charset}" if charset else ""
    (item,) = items(body, f"text/csv{named}")
    if "binary" in item:
        assert base64.b64decode(item["binary"]["data"]["data"]) == body
    else:
        assert "\ufffd" not in item["json"]["data"] or "\ufffd".encode() in body or charset == "utf-16"


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("named", ["", "; charset=iso-8859-1", "; charset=utf-8"])
def test_a_mark_at_the_beginning_says_more_than_a_name(mark: str, named: str) -> None:
    assert data("a;ü\n".encode(mark), f"text/csv{named}") == [{"data": "a;ü\n"}]


@pytest.mark.parametrize("quote", ['"', "'"])
def test_xml_says_itself_what_it_is_in(quote: str) -> None:
    text = f"<?xml version={quote}1.0{quote} encoding={quote}ISO-8859-1{quote}?><a>ü</a>"
    assert data(text.encode("latin-1"), "application/xml") == [{"data": text}]
    assert data(text.encode(), "application/xml; charset=utf-8") == [{"data": text}]


def test_kinds_are_told_without_case() -> None:
    assert kind_of(Response(200, {"content-type": "Application/JSON"}, b"")) is Kind.JSON
    assert kind_of(Response(200, {"content-type": "TEXT/CSV"}, b"")) is Kind.TEXT


def test_json_of_too_many_values_is_too_large_where_it_says_json_and_text_where_it_does_not() -> None:
    body = b"[" + b"1," * 10_000_000 + b"1]"
    with pytest.raises(errors.AnswerTooLargeError, match="more than 10000000 values") as caught:
        data(body, "application/json")
    assert caught.value.details["sent"] == "yes"
    assert len(data(body, "text/plain")[0]["data"]) == len(body)
    assert len(file_of(items(body, "application/octet-stream"))[0]) == len(body)


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-yml",
        "text/yml",
        "application/x-xml",
        "application/xml-external-parsed-entity",
        "application/comma-separated-values",
        "application/x-json-stream",
        "application/vnd.x+yml",
    ],
)
def test_other_names_of_texts(kind: str) -> None:
    assert data("[1]", kind) == [{"data": "[1]"}]


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("l1", "latin-1"),
        ("csISOLatin1", "latin-1"),
        ("ISO_8859-1:1987", "latin-1"),
        ("x-sjis", "shift_jis"),
        ("windows-31j", "cp932"),
        ("ks_c_5601-1987", "euc_kr"),
        ("iso-8859-8-i", "iso-8859-8"),
        ("us-ascii", "utf-8"),
        ("ANSI_X3.4-1968", "utf-8"),
    ],
)
def test_other_names_of_charsets(charset: str, codec: str) -> None:
    """A text that says it is ASCII and is not, is UTF-8 as a rule."""
    text = {"latin-1": "é", "euc_kr": "한", "iso-8859-8": "ש", "utf-8": "é"}.get(codec, "日")
    assert data(text.encode(codec), f"text/plain; charset={charset}") == [{"data": text}]


@pytest.mark.parametrize("charset", ["utf-16", "UTF16", "utf_32", "utf-16le", "utf-16be"])
def test_the_beginning_of_an_answer_without_a_mark_of_its_order_is_shown(charset: str) -> None:
    """Of UTF-16 without one, Python's decoder of parts says an error of its own."""
    explicit = {"utf-16": "utf-16-le", "utf16": "utf-16-le", "utf_32": "utf-32-le"}.get(charset.lower(), charset)
    response = Response(500, {"content-type": f"text/plain; charset={charset}"}, "no such link".encode(explicit))
    assert beginning_of(response, 1000) == "no such link"
