"""From a finished draft to a request: bodies by content type, headers, query, what a credential puts on."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import InvalidValueError, ParameterError
from nodeloom.expression import UNDEFINED
from nodeloom.messages import Request
from nodeloom.plan.call import Call
from nodeloom.plan.multipart import encode_multipart
from nodeloom.plan.pieces import Address, Origin, Piece
from nodeloom.plan.transfer import Transfer, transfer_of
from tests.plan.harness import request_of, requesting


@dataclass
class Put:
    headers: dict[str, str] = field(default_factory=dict)
    qs: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    author_hosts: tuple[str, ...] | None = None
    basic: bool = False
    open_fields: frozenset[str] = frozenset()


def call(**options: Any) -> Call:
    base = Address((Piece("https://api.example.test/v1", Origin.DESCRIPTOR),))
    return Call({"method": "POST", "baseURL": base, **options}, {}, "strict", Transfer())


def sent(**options: Any) -> Request:
    return call(**options).request()


def as_n8n(**options: Any) -> Request:
    return Call(call(**options).options, {}, "raw", Transfer()).request()


def test_a_body_is_json_unless_a_content_type_says_otherwise() -> None:
    request = sent(body={"a": 1, "b": UNDEFINED})
    assert request.body == b'{"a":1}'
    assert request.headers["content-type"] == "application/json"


def test_an_empty_body_is_not_sent_but_one_with_undefined_members_is() -> None:
    assert sent(body={}).body is None
    assert "content-type" not in sent(body={}).headers
    assert sent(body={"a": UNDEFINED}).body == b"{}"


@pytest.mark.parametrize("method", ["GET", "get"])
def test_a_get_carries_no_body(method: str) -> None:
    assert sent(method=method, body={"a": 1}).body is None
    assert sent(method=method, bodyRequired=True).body is None


@pytest.mark.parametrize("method", [None, UNDEFINED, "HEAD", "OPTIONS", "DELETE"])
def test_every_other_call_carries_its_body_also_one_that_names_no_method(method: Any) -> None:
    request = sent(method=method, body={"a": 1})
    assert request.method == (method or "GET")
    assert request.body == b'{"a":1}'
    assert sent(method=method, body={}).body is None


@pytest.mark.parametrize(
    ("body", "strict", "raw"),
    [
        (5, b"5", None),
        (True, b"true", None),
        (False, b"false", None),
        ("", None, None),
        ([], None, None),
        ([1], b"[1]", b"[1]"),
        (None, None, None),
        (UNDEFINED, None, None),
    ],
)
def test_n8n_sends_no_number_true_or_false_as_a_body(body: Any, strict: bytes | None, raw: bytes | None) -> None:
    assert sent(body=body).body == strict
    assert as_n8n(body=body).body == raw


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"]
)
def test_a_form_body_is_written_as_axios_writes_it(kind: str) -> None:
    body = {
        "a": "x y&ü'()*!~-._",
        "flat": [1, "b", None, UNDEFINED],
        "deep": {"list": [1, 2], "objects": [{"z": 1}], "none": None},
        "mixed": [1, {"z": 2}],
        "none": None,
        "gone": UNDEFINED,
        "on": False,
        "at": datetime(1970, 1, 1, tzinfo=UTC),
        "json{}": {"k": [1]},
        "named[]": [1],
        "empty": {},
        "blank": "",
    }
    assert unquote_plus(sent(body=body, headers={"Content-Type": kind}).body.decode()) == (  # type: ignore[union-attr]
        "a=x y&ü'()*!~-._&flat[]=1&flat[]=b&deep[list][0]=1&deep[list][1]=2&deep[objects][0][z]=1"
        '&mixed[0]=1&mixed[1][z]=2&on=false&at=1970-01-01T00:00:00.000Z&json{}={"k":[1]}&named[]=1&blank='
    )
    assert sent(body={"a": "x y*~"}, headers={"Content-Type": kind}).body == b"a=x+y*%7E"


def test_a_list_is_a_form_by_its_indices() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert sent(body=[1, "b"], headers=form).body == b"0=1&1=b"
    assert parts_of(sent(body=[1, "b"], headers={"Content-Type": "multipart/form-data"})) == [
        ("0", None, b"1"),
        ("1", None, b"b"),
    ]


@pytest.mark.parametrize("body", [[1, 2], ["ab"], [{"a": 1}], [["a", 1], 2]])
def test_a_list_without_names_is_no_form(body: list[Any]) -> None:
    """n8n makes pairs of it, and fails."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for send in (sent, as_n8n):
        with pytest.raises(InvalidValueError, match="fields with names"):
            send(body=body, headers=form)
    assert as_n8n(body=[["a", 1]], headers=form).body == b"0%5B%5D=a&0%5B%5D=1"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_number_is_no_form(kind: str) -> None:
    with pytest.raises(InvalidValueError, match="fields with names"):
        sent(body=5, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("hello wörld", '"hello wörld"'),
        (' {"a": 1} ', '{"a": 1}'),
        ("5", "5"),
        ('{"a":', '"{\\"a\\":"'),
        ('"x"', '"x"'),
    ],
)
def test_a_text_called_json_is_json(text: str, wanted: str) -> None:
    assert sent(body=text, headers={"content-type": "application/json; charset=utf-8"}).body == wanted.encode()


@pytest.mark.parametrize(
    ("method", "kind"), [("POST", True), ("put", True), ("PATCH", True), ("DELETE", False), ("OPTIONS", False)]
)
def test_a_text_without_a_content_type_is_called_a_form_by_methods_that_have_bodies(method: str, kind: bool) -> None:
    for send in (sent, as_n8n):
        request = send(method=method, body="a=1")
        assert request.body == b"a=1"
        assert request.headers.get("content-type") == ("application/x-www-form-urlencoded" if kind else None)


def test_a_text_of_a_json_request_is_called_json_but_n8n_calls_it_a_form() -> None:
    assert sent(body="{}", json=True).headers["content-type"] == "application/json"
    assert as_n8n(body="{}", json=True).headers["content-type"] == "application/x-www-form-urlencoded"


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
    headers = {"A": UNDEFINED, "B": None, "C": "", "D": "Bearer ", "E": 5, "F": False, "G": True, "H": ["a", 1]}
    wanted = {"C": "", "D": "Bearer", "E": "5", "G": "true", "H": "a,1"}
    assert sent(headers=headers).headers == wanted
    assert as_n8n(headers=headers).headers == wanted


def test_an_object_is_no_text_but_n8n_sends_what_javascript_makes_of_it() -> None:
    for options in ({"headers": {"A": {"k": 1}}}, {"qs": {"a": [1, {"k": 1}]}, "arrayFormat": "comma"}):
        with pytest.raises(InvalidValueError, match="An object cannot stand"):
            sent(**options)
    assert as_n8n(headers={"A": {"k": 1}}).headers == {"A": "[object Object]"}
    assert unquote(as_n8n(qs={"a": [1, {"k": 1}]}, arrayFormat="comma").url).endswith("?a=1,[object Object]")


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
    assert request.credential_body


def test_a_credential_that_stands_in_the_body_is_a_body_where_there_is_none() -> None:
    put = Put(body={"token": "t"})
    nothing: list[Any] = [{}, None, UNDEFINED, ""]
    for empty in nothing:
        request = call(body=empty).request(put)
        assert request.body == b'{"token":"t"}'
        assert request.credential_body
    assert call(method="GET").request(put).body is None
    assert call(body={"token": {"old": 1}}).request(put).body == b'{"token":"t"}'


@pytest.mark.parametrize("body", ["text", [1], 5])
def test_a_credential_that_stands_in_the_body_needs_an_object(body: Any) -> None:
    with pytest.raises(InvalidValueError, match="no place for it"):
        call(body=body).request(Put(body={"token": "t"}))


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("auth", "wanted"),
    [
        ({"username": "u", "password": "p"}, "u:p"),
        ({"username": "ü", "password": "ß"}, "ü:ß"),
        ({"password": "p"}, ":p"),
        ({"username": "u", "password": UNDEFINED}, "u:"),
        ({"username": 7, "password": 0}, "7:"),
        ({}, ":"),
    ],
)
def test_auth_is_basic_authentication_in_place_of_a_header(auth: Any, wanted: str) -> None:
    assert sent(auth=auth).headers == {"Authorization": basic(wanted)}
    assert sent(auth=auth, headers={"authorization": "Bearer x"}).headers == {"authorization": basic(wanted)}


@pytest.mark.parametrize("auth", [None, UNDEFINED, "", False])
def test_no_auth_leaves_the_header(auth: Any) -> None:
    assert sent(auth=auth, headers={"Authorization": "Bearer x"}).headers == {"Authorization": "Bearer x"}


def test_auth_goes_before_a_credentials_header_and_behind_its_basic_authentication() -> None:
    auth = {"username": "u", "password": "p"}
    request = call(auth=auth).request(Put({"Authorization": "Bearer t", "X-Key": "k"}))
    assert request.headers == {"Authorization": basic("u:p"), "X-Key": "k"}
    assert request.credential_headers == {"x-key"}
    assert call(auth=auth).request(Put({"Authorization": "Basic x"}, basic=True)).headers["Authorization"] == "Basic x"


@pytest.mark.parametrize("auth", ["u:p", {"username": "u", "password": "p", "sendImmediately": False}])
def test_auth_that_is_none_or_digest_is_refused(auth: Any) -> None:
    with pytest.raises(InvalidValueError):
        sent(auth=auth)


@pytest.mark.parametrize(
    ("ignored", "passing", "raw_passing"),
    [
        (True, {404, 500, 302}, {404, 500, 302}),
        (False, set(), set()),
        (UNDEFINED, set(), set()),
        ({"ignore": True, "except": [404]}, {500, 302}, {500, 302}),
        ({"ignore": True}, {404, 500, 302}, {404, 500, 302}),
        ({"except": [500]}, {404, 302}, {404, 500, 302}),
        ({}, {404, 500, 302}, {404, 500, 302}),
        ({"ignore": False}, set(), {404, 500, 302}),
        ("true", {404, 500, 302}, {404, 500, 302}),
        ("false", set(), {404, 500, 302}),
        (1, {404, 500, 302}, {404, 500, 302}),
        (0, set(), set()),
        ([], set(), {404, 500, 302}),
        ({"ignore": True, "except": ["404", True, 500]}, {404, 302}, {404, 302}),
    ],
)
def test_statuses_that_are_ignored_are_answers(ignored: Any, passing: set[int], raw_passing: set[int]) -> None:
    for send, wanted in ((sent, passing), (as_n8n, raw_passing)):
        request = send(ignoreHttpStatusErrors=ignored)
        assert {status for status in (302, 404, 500) if request.is_answered_by(status)} == wanted


def test_redirects_certificates_and_hosts_are_as_the_request_says() -> None:
    assert sent().most_redirects is None
    assert sent(maxRedirects=3).most_redirects == 3
    assert sent(maxRedirects="3").most_redirects == 3
    assert sent(maxRedirects=0).follow_redirects is False
    assert sent(disableFollowRedirect=True, maxRedirects=3).follow_redirects is False
    assert sent().verify
    assert not sent(agentOptions={"rejectUnauthorized": False, "keepAlive": True}).verify
    assert sent(agentOptions={"rejectUnauthorized": True}).verify
    assert not sent(skipSslCertificateValidation=True).verify
    assert sent(allowedDomains="API.example.test., *.other.test").hosts == ("api.example.test", "*.other.test")
    assert sent(allowedDomains=" ").hosts is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"allowedDomains": "other.test"}, "may not go to api.example.test"),
        ({"allowedDomains": "*.api.example.test"}, "may not go to"),
        ({"allowedDomains": ["api.example.test"]}, "is not a text"),
        ({"agentOptions": {"cert": "secret"}}, "agentOptions.cert"),
        ({"agentOptions": "x"}, "is not an object"),
        ({"maxRedirects": "many"}, "not a number"),
        ({"maxRedirects": -1}, "not a number"),
        ({"maxRedirects": ""}, "not a number"),
        ({"maxRedirects": True}, "not a number"),
        ({"ignoreHttpStatusErrors": {"ignore": True, "except": 404}}, "are not a list"),
        ({"ignoreHttpStatusErrors": {"ignore": True, "except": "404"}}, "are not a list"),
        ({"qs": "a=1&b=2"}, "qs is not an object"),
        ({"qs": [1]}, "qs is not an object"),
        ({"headers": "X-A: 1"}, "headers is not an object"),
        ({"headers": ["X-A"]}, "headers is not an object"),
    ],
)
def test_what_the_request_says_and_nodeloom_cannot_do_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words) as caught:
        sent(**options)
    assert "secret" not in str(caught.value)


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


def test_a_header_that_comes_to_nothing_takes_the_one_of_its_name_away() -> None:
    """As axios has it; what is undefined does so in n8n alone."""
    nothings: list[Any] = [None, False, []]
    for nothing in nothings:
        for send in (sent, as_n8n):
            assert not {"x-a", "X-A"} & send(headers={"X-A": "0", "x-a": nothing}).headers.keys()
            assert "X-B" not in send(headers={"X-B": nothing}).headers
    both = {"X-A": "0", "x-a": UNDEFINED}
    assert sent(headers=both).headers["X-A"] == "0"
    assert "X-A" not in as_n8n(headers=both).headers
    assert sent(headers={"x-a": None, "X-A": "1"}).headers["X-A"] == "1"


def test_a_multipart_body_without_a_part_is_empty() -> None:
    for send in (sent, as_n8n):
        assert send(body={"a": UNDEFINED}, headers={"Content-Type": "multipart/form-data"}).body == b""


@pytest.mark.parametrize("kind", ["header", "cookie"])
def test_a_field_goes_beside_headers_that_are_not_there_and_not_into_a_text(kind: str) -> None:
    key = {"name": "key", "type": "string", "routing": {"send": {"type": kind, "property": "X-Key"}}}
    probe = requesting({"headers": "={{ $json.fields }}"}, key)
    field = ("X-Key", "k") if kind == "header" else ("Cookie", "X-Key=k")
    assert request_of(probe, {"key": "k"}).headers == dict([field])
    assert request_of(probe, {"key": "k"}, {"fields": {"X-A": "a"}}).headers == {"X-A": "a", **dict([field])}
    for fields in ("X-A: a", 5, ["X-A"]):
        with pytest.raises(InvalidValueError, match="headers is not an object"):
            request_of(probe, {"key": "k"}, {"fields": fields})
