"""Requests and answers as plain data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.messages import Request, Response, origin_of
from nodeloom.redaction import MaskedTexts


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://pbx.test", "https://pbx.test:443"),
        ("http://pbx.test/a?b#c", "http://pbx.test:80"),
        ("HTTPS://PBX.Test:5001/x", "https://pbx.test:5001"),
        ("https://user:word@pbx.test/", "https://pbx.test:443"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
        ("https://pbx.test?x=https://evil.test/", "https://pbx.test:443"),
        ("https://pbx.test#@evil.test/", "https://pbx.test:443"),
        ("https://pbx.test@evil.test/", "https://evil.test:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url", ["", "/x", "pbx.test", "ftp://pbx.test", "https://", "https:///x", "http://x:99999/", "http://x:a/"]
)
def test_what_is_no_absolute_http_address_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - urllib has words of its own for ports
        origin_of(url)


@given(st.text(max_size=40))
def test_the_path_does_not_decide_about_the_origin(rest: str) -> None:
    for start in "/?#":
        assert origin_of(f"https://pbx.test:1{start}{rest}") == "https://pbx.test:1"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_idempotent_methods(method: str) -> None:
    assert Request(method, "https://x.test/").idempotent


@pytest.mark.parametrize("method", ["POST", "PATCH", "CONNECT", "QUERY"])
def test_other_methods(method: str) -> None:
    assert not Request(method, "https://x.test/").idempotent


def test_the_content_type_is_read_without_case_and_parameters() -> None:
    response = Response(200, {"content-type": 'Application/JSON ; Charset="ISO-8859-1"'}, b"")
    assert response.content_type == "application/json"
    assert response.charset == "iso-8859-1"
    assert Response(200, {}, b"").content_type == ""
    assert Response(200, {"content-type": "text/plain; charset="}, b"").charset == "utf-8"


def test_json_is_read_with_or_without_a_byte_order_mark() -> None:
    assert Response(200, {}, b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}
    for body in (b"", b"{", b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011 - json and codecs have words of their own
            Response(200, {}, body).json()


def test_printing_shows_no_secret() -> None:
    request = Request("POST", "https://x.test/a?key=canary", {"Authorization": "Bearer canary"}, b"canary")
    response = Response(200, {"set-cookie": "canary"}, b"canary", url="https://x.test/a?key=canary")
    assert repr(request) == "<Request POST https://x.test/a [Authorization] 6 bytes>"
    assert repr(response) == "<Response 200 https://x.test no content type, 6 bytes>"


def test_a_path_that_holds_a_secret_is_printed_without_it() -> None:
    """What the credential's expressions made, what its masker knows, and what the teller of its run does."""

    class Teller:
        def about(self, text: str, request: Request) -> str:
            return text.replace("told-by-name", "***")

    def mask(text: str) -> str:
        return text.replace("canary", "***")

    request = Request("GET", "https://x.test/canary/yranac/told-by-name", mask=mask)
    request.credential_texts = MaskedTexts(["yranac"])
    assert repr(request) == "<Request GET https://x.test/***/***/told-by-name [] 0 bytes>"
    request.teller = Teller()
    assert repr(request) == "<Request GET https://x.test/canary/yranac/*** [] 0 bytes>"
    assert request.holds_secret("a%63 yranac")
    assert not request.holds_secret("a canar")
