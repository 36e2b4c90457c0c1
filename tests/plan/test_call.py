"""From a finished draft to a request: bodies by content type, headers, query, what a credential puts on."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.expression import UNDEFINED
from nodeloom.messages import Request
from nodeloom.plan.address import Address, Origin, Piece
from nodeloom.plan.call import Call
from nodeloom.plan.multipart import encode_multipart
from nodeloom.plan.transfer import Transfer, transfer_of


@dataclass
class Put:
    headers: dict[str, str] = field(default_factory=dict)
    qs: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    author_hosts: tuple[str, ...] | None = None
    open_fields: frozenset[str] = frozenset()


def call(**options: Any) -> Call:
    base = Address((Piece("https://api.example.test/v1", Origin.DESCRIPTOR),))
    return Call({"method": "POST", "baseURL": base, **options}, {}, "strict", Transfer())


def sent(**options: Any) -> Request:
    return call(**options).request()


def test_a_body_is_json_unless_a_content_type_says_otherwise() -> None:
    request = sent(body={"a": 1, "b": UNDEFINED})
    assert request.body == b'{"a":1}'
    assert request.headers["content-type"] == "application/json"


def test_an_empty_body_is_not_sent_but_one_with_undefined_members_is() -> None:
    assert sent(body={}).body is None
    assert "content-type" not in sent(body={}).headers
    assert sent(body={"a": UNDEFINED}).body == b"{}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_carry_no_body(method: str) -> None:
    assert sent(method=method, body={"a": 1}).body is None


def test_a_form_body_is_encoded_as_a_query_is() -> None:
    request = sent(body={"a": "x y", "b": [1, 2]}, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert request.body == b"a=x%20y&b%5B0%5D=1&b%5B1%5D=2"


def parts_of(request: Request) -> list[tuple[str | None, str | None, bytes]]:
    assert request.body is not None
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    return [
        (str(p.get_param("name", header="content-disposition")), p.get_filename(), p.get_payload(decode=True))  # type: ignore[misc]
        for p in message.iter_parts()
    ]


def test_a_multipart_body_names_nested_values_and_files() -> None:
    content = base64.b64encode(b"\x00\xff").decode()
    body = {"a": {"b": 1}, "l": ["x"], "f": {"data": content, "mimeType": "image/png", "fileName": "p.png"}}
    request = sent(body=body, headers={"Content-Type": "multipart/form-data"})
    assert parts_of(request) == [("a[b]", None, b"1"), ("l[]", None, b"x"), ("f", "p.png", b"\x00\xff")]


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_a_multipart_body_keeps_its_shape_whatever_names_and_values_hold(values: dict[str, str]) -> None:
    if any("\ud800" <= c <= "\udfff" for text in (*values, *values.values()) for c in text):
        with pytest.raises(InvalidValueError):
            encode_multipart(values, "BOUNDARY-THAT-IS-RANDOM")
        return
    body = encode_multipart(values, "BOUNDARY-THAT-IS-RANDOM")
    assert body.count(b"--BOUNDARY-THAT-IS-RANDOM") == len(values) + 1
    for part in body.split(b"--BOUNDARY-THAT-IS-RANDOM")[1:-1]:
        assert part.startswith(b'\r\nContent-Disposition: form-data; name="')


def test_text_goes_as_it_is() -> None:
    assert sent(body="<a/>", headers={"Content-Type": "text/xml"}).body == b"<a/>"


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="surrogate"):
        sent(body="\ud800", headers={"Content-Type": "text/plain"})


def test_headers_without_value_are_left_out_and_blanks_around_one_are_no_part_of_it() -> None:
    assert sent(headers={"A": UNDEFINED, "B": None, "C": "", "D": "Bearer ", "E": 5}).headers == {
        "C": "",
        "D": "Bearer",
        "E": "5",
    }


@pytest.mark.parametrize(("name", "value"), [("A", "x\r\nB: y"), ("A", "x\x00"), ("A B", "x"), ("", "x"), ("A:", "x")])
def test_a_header_cannot_bring_another(name: str, value: str) -> None:
    with pytest.raises(InvalidValueError):
        sent(headers={name: value})


def test_a_query_in_the_address_is_kept() -> None:
    url = Address((Piece("/go?x=1", Origin.DESCRIPTOR),))
    assert sent(url=url, qs={"a": "b&c"}).url == "https://api.example.test/v1/go?x=1&a=b%26c"


def test_what_a_credential_puts_on_comes_last_and_is_known_as_its() -> None:
    put = Put({"authorization": "Bearer t"}, {"key": "k"}, {"token": "t"})
    request = call(headers={"Authorization": "old"}, qs={"a": 1}, body={"x": 1}).request(put)
    assert request.headers["Authorization"] == "Bearer t"
    assert parse_qsl(urlsplit(request.url).query) == [("a", "1"), ("key", "k")]
    assert request.body == b'{"x":1,"token":"t"}'
    assert request.credential_headers == {"authorization"}
    assert call().request(put).body is None


def test_a_secret_goes_to_no_host_that_an_item_names() -> None:
    evil = Address((Piece("https://evil.test", Origin.VALUE),))
    with pytest.raises(InvalidValueError):
        Call({"url": evil}, {}, "strict", Transfer()).request(Put({"Authorization": "Bearer t"}))


def test_request_options_say_how_a_run_travels() -> None:
    options = {"timeout": 1500, "proxy": "http://p.test:3128", "allowUnauthorizedCerts": True}
    transfer = transfer_of({**options, "batching": {"batch": {"batchSize": 2, "batchInterval": 100}}})
    assert (transfer.timeout, transfer.proxy, transfer.verify) == (1.5, "http://p.test:3128", False)
    assert transfer.batching is not None
    assert (transfer.batching.size, transfer.batching.seconds) == (2, 0.1)
    assert transfer_of(None) == Transfer()


@pytest.mark.parametrize("proxy", ["http://[half", "socks5://p.test", "p.test:3128", 3128, "http://p.test:port"])
def test_a_proxy_that_is_no_address_is_refused(proxy: Any) -> None:
    with pytest.raises(ParameterError, match="proxy"):
        transfer_of({"proxy": proxy})


@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "http://["},
        {"proxy": "http://"},
        {"proxy": "http://proxy.test:99999"},
        {"proxy": "http://proxy.test\0"},
        {"proxy": "ftp://proxy.test"},
        {"proxy": 5},
        {"timeout": float("nan")},
        {"timeout": float("inf")},
        {"timeout": 10**400},
        {"batching": {"batch": {"batchSize": float("inf")}}},
    ],
)
def test_request_options_that_cannot_be_used_are_an_author_s_mistake(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        transfer_of(options)


def test_a_proxy_s_password_is_not_shown() -> None:
    with pytest.raises(ParameterError) as caught:
        transfer_of({"proxy": "ftp://me:canary@proxy.test"})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(1500, 1.5), (1e300, 2147483.647), (10**400, 2147483.647), (float("inf"), 2147483.647)]
    + [(nothing, None) for nothing in (0, -1, True, "5", None, float("nan"))],
)
def test_a_timeout_out_of_an_item_is_one(milliseconds: Any, seconds: float | None) -> None:
    """Longer than a timer can count is as long as it can."""
    assert sent(timeout=milliseconds).timeout == seconds
