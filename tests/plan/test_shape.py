"""Whatever text stands in an item, the request has the shape the node gave it, and exactly that text in its place.

Requests are written to bytes and read back by parsers that know nothing of Nodeloom: h11, urllib, email, json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import InvalidValueError, ItemError, MissingValueError
from nodeloom.messages import Request
from tests.plan.harness import node, request_of

# Text that means something to somebody on the way.
HOSTILE = [
    "a\r\nX-Evil: 1",
    "a\r\n\r\nGET /evil HTTP/1.1",
    "\0",
    "a?b=c&d=e#f",
    "../../admin",
    "..",
    "%2e%2e%2fadmin",
    "https://evil.test/",
    "//evil.test",
    "\\\\evil.test",
    "'; DROP TABLE",
    "a') or true or ('",
    '"}, "admin": true, {"',
    '"; filename="evil.sh',
    "trailing\\",
    "--boundary--",
    "x; path=/; admin=1",
    "={{ 7 * 7 }}",
    "{{ $json.other }}",
    "<<$json.other>>",
    "${7*7}",
    "{Other}",
    "__proto__",
    "constructor",
    "a\u2028\u2029\x85b",
    "🦊 Ünïcödé",
    "+ %20 +",
]
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=60)).filter(str.strip)
TEMPLATES = ["={{ $json.v }}", "={{ $json.v + '' }}"]


def prop(send: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    routing = {"send": {"property": "field", **send}}
    return {"displayName": "Field", "name": "field", "type": "string", "default": "", "routing": routing, **more}


def read_back(request: Request) -> tuple[h11.Request, bytes]:
    """The one request that a server reads from the bytes; it fails when there are more, or none."""
    parts = urlsplit(request.url)
    target = request.url[request.url.index(parts.netloc) + len(parts.netloc) :]
    body = request.body or b""
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    headers = [("Host", parts.netloc), *request.headers.items(), ("Content-Length", str(len(body)))]
    encoded = [(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
    head = client.send(h11.Request(method=request.method, target=target, headers=encoded))
    server.receive_data((head or b"") + (client.send(h11.Data(body)) or b"" if body else b""))
    assert not client.send(h11.EndOfMessage())
    found = server.next_event()
    assert isinstance(found, h11.Request)
    received = b""
    while isinstance(event := server.next_event(), h11.Data):
        received += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
    return found, received


def sent(probe: Node, value: Any, template: str = "={{ $json.v }}", **how: Any) -> tuple[h11.Request, bytes] | None:
    """The request for an item that holds `value`; None when none would leave, which is right as well."""
    try:
        request = request_of(probe, {"field": template}, {"v": value, "other": "EVALUATED"}, **how)
    except ItemError:
        return None
    return read_back(request)


def fields(request: h11.Request) -> dict[str, str]:
    return {name.decode(): value.decode("utf-8") for name, value in request.headers}


USUAL_FIELDS = {"host", "content-length"}


@pytest.mark.slow
@given(value=TEXT, template=st.sampled_from(TEMPLATES))
@settings(deadline=None)
def test_a_value_in_the_path_is_one_segment(value: str, template: str) -> None:
    found = sent(probe_at("/things/{field}/parts", {"type": "path"}), value, template)
    if found is None:
        return
    path = found[0].target.decode("ascii")
    segments = path.split("/")
    assert segments[:3] + segments[4:] == ["", "v1", "things", "parts"]
    assert unquote(segments[3]) == value
    assert "?" not in path
    assert set(fields(found[0])) <= USUAL_FIELDS


@given(value=TEXT)
@settings(deadline=None)
def test_an_odata_key_is_one_closed_literal(value: str) -> None:
    """A quote inside is doubled (OData v4.01 part 2, section 5.1.1.6.1), so that the literal ends where it should."""
    found = sent(probe_at("/Links({field})", {"type": "path", "encode": "odata.string"}), value)
    if found is None:
        return
    path = found[0].target.decode("ascii")
    assert path.startswith("/v1/Links('")
    assert path.endswith("')")
    assert path.count("/") == 2
    literal = unquote(path.removeprefix("/v1/Links('").removesuffix("')"))
    assert "'" not in literal.replace("''", "")
    assert literal.replace("''", "'") == value


def probe_at(url: str, send: Mapping[str, Any], method: str = "POST", **request: Any) -> Node:
    """A node whose one operation calls `url` and takes one value."""
    routing = {"request": {"method": method, "url": url, **request}}
    go = {"name": "Go", "value": "go", "routing": routing}
    operation = {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]}
    return Node(
        {
            "name": "probe",
            "displayName": "Probe",
            "requestDefaults": {"baseURL": "https://api.test/v1"},
            "properties": [operation, prop(send)],
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"queryEncoding": "odata"}])
@given(value=TEXT)
@settings(deadline=None)
def test_a_value_in_the_query_is_one_value(how: dict[str, Any], value: str) -> None:
    found = sent(probe_at("/go", {"type": "query"}, qs={"fixed": "1"}, **how), value)
    if found is None:
        return
    path, _, query = found[0].target.decode("ascii").partition("?")
    assert path == "/v1/go"
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=True) == [("fixed", "1"), ("field", value)]


@given(value=TEXT)
@example(value="a\r\nX-Evil: 1")
@settings(deadline=None)
def test_a_value_in_a_header_is_one_field(value: str) -> None:
    found = sent(probe_at("/go", {"type": "header", "property": "X-Field"}), value)
    if found is None:
        assert any(ord(c) < 32 or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in value) or not value.strip()
        return
    assert set(fields(found[0])) == USUAL_FIELDS | {"x-field"}
    assert fields(found[0])["x-field"] == value.strip(" \t")


@given(value=TEXT)
@settings(deadline=None)
def test_a_value_in_a_cookie_is_one_cookie(value: str) -> None:
    found = sent(probe_at("/go", {"type": "cookie"}, headers={"Cookie": "fixed=1"}), value)
    if found is None:
        return
    pairs = [pair.partition("=") for pair in fields(found[0])["cookie"].split("; ")]
    assert [(name, unquote(text)) for name, _, text in pairs] == [("fixed", "1"), ("field", value)]


@given(value=TEXT)
@settings(deadline=None)
def test_a_header_s_name_out_of_an_item_is_a_name(value: str) -> None:
    """Nothing of an item ends a message, opens another, or says whom it is for."""
    found = sent(probe_at("/go", {"type": "header", "property": "={{ $value }}", "value": "text"}), value)
    if found is None:
        return
    assert set(fields(found[0])) == USUAL_FIELDS | {value.lower()}
    assert value.lower() not in USUAL_FIELDS


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "TE", "Trailer", "Upgrade", "Expect", "Keep-Alive"],
)
@pytest.mark.parametrize("url_values", ["strict", "raw"])
def test_the_connection_s_own_headers_are_nobody_s(name: str, url_values: str) -> None:
    """A second `Content-Length` or a `Transfer-Encoding` makes two requests of one for some servers (RFC 9112)."""
    probe = probe_at("/go", {"type": "body"}, headers={name: "={{ $json.v }}"})
    with pytest.raises(ItemError, match="the connection's own"):
        request_of(probe, {"field": "x"}, {"v": "chunked"}, url_values=url_values)


@pytest.mark.parametrize("url_values", ["strict", "raw"])
@pytest.mark.parametrize(
    "value", ["GET /evil HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET", "G ET", "GÉT", "CONNECT", "trace", "TRACK", "X" * 1000]
)
def test_a_method_out_of_an_item_is_a_method(value: str, url_values: str) -> None:
    """`CONNECT` has no path, and the answer to `TRACE` is the request, with the credential in it."""
    asking = node(requestDefaults={"baseURL": "https://api.example.test/v1"}, properties=[operation("={{ $json.v }}")])
    assert request_of(asking, {}, {"v": "patch"}, url_values=url_values).method == "PATCH"
    with pytest.raises(InvalidValueError, match="method"):
        request_of(asking, {}, {"v": value}, url_values=url_values)


def operation(method: str) -> dict[str, Any]:
    """The operation `go`, by a method of its own."""
    go = {"name": "Go", "value": "go", "routing": {"request": {"method": method, "url": "/go"}}}
    return {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]}


@pytest.mark.parametrize("item", [{}, {"v": ""}, {"v": None}, {"v": []}])
def test_an_item_that_gives_no_address_calls_nothing(item: dict[str, Any]) -> None:
    """Or a `DELETE` would be of the service's root."""
    go = {"name": "Go", "value": "go", "routing": {"request": {"method": "DELETE", "url": "={{ $json.v }}"}}}
    asking = node(properties=[{**operation(""), "options": [go]}])
    with pytest.raises(MissingValueError, match="address"):
        request_of(asking, {}, item)


@given(value=TEXT)
@settings(deadline=None)
def test_a_value_in_a_json_body_is_one_member(value: str) -> None:
    found = sent(probe_at("/go", {"type": "body"}, body={"fixed": 1}), value)
    if found is None:
        return
    assert json.loads(found[1], object_pairs_hook=list) == [("fixed", 1), ("field", value)]
    assert fields(found[0])["content-type"] == "application/json"


@given(value=TEXT)
@settings(deadline=None)
def test_a_value_in_a_form_is_one_field(value: str) -> None:
    kind = "application/x-www-form-urlencoded"
    found = sent(probe_at("/go", {"type": "body"}, body={"fixed": "1"}, headers={"Content-Type": kind}), value)
    if found is None:
        return
    pairs = parse_qsl(found[1].decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert pairs == [("fixed", "1"), ("field", value)]


def multipart(found: tuple[h11.Request, bytes]) -> list[Any]:
    head = f"Content-Type: {fields(found[0])['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + found[1])
    assert message.is_multipart()
    assert not message.defects
    return list(message.iter_parts())


@pytest.mark.slow
@given(value=TEXT)
@settings(deadline=None)
def test_a_value_in_a_multipart_body_is_one_part(value: str) -> None:
    kind = "multipart/form-data"
    found = sent(probe_at("/go", {"type": "body"}, body={"fixed": "1"}, headers={"Content-Type": kind}), value)
    if found is None:
        return
    boundary = fields(found[0])["content-type"].partition("boundary=")[2].encode()
    # By the bytes: the parser takes CR and LF for one.
    first, second = found[1].split(b"--" + boundary + b"\r\n")[1:]
    assert first == b'Content-Disposition: form-data; name="fixed"\r\n\r\n1\r\n'
    content = second.removesuffix(b"\r\n--" + boundary + b"--\r\n")
    assert content == b'Content-Disposition: form-data; name="field"\r\n\r\n' + value.encode()
    assert len(multipart(found)) == 2


@pytest.mark.slow
@given(name=TEXT, kind=TEXT)
@example(name='a"; x="', kind="text/plain\r\nX-Evil: 1")
@example(name="ends in a backslash\\", kind="text/plain")
@example(name="a\x0bX-Evil: 1\x0c\x1c\x1b\x7f\x85\u2028", kind="text/plain")
@settings(deadline=None)
def test_a_file_s_name_and_type_add_no_header_to_its_part(name: str, kind: str) -> None:
    file = {"data": "YQ==", "mimeType": kind, "fileName": name}
    kind_ = "multipart/form-data"
    found = sent(probe_at("/go", {"type": "body"}, headers={"Content-Type": kind_}), file)
    if found is None:
        return
    head = found[1].split(b"\r\n\r\n")[0].split(b"\r\n")
    assert len(head) == 3
    assert head[1].startswith(b'Content-Disposition: form-data; name="field"; filename="')
    assert head[1].count(b'"') == 4
    assert b"\\" not in head[1]
    assert head[2].startswith(b"Content-Type: ")
    assert all(byte >= 0x20 and byte != 0x7F for byte in head[1] + head[2])
    assert len(multipart(found)) == 1


@given(value=TEXT)
@settings(deadline=None)
def test_keys_of_an_object_out_of_an_item_stay_below_their_own_member(value: str) -> None:
    """`__proto__` and its like are keys as any other; none gets out of the member it was put in."""
    hows: list[dict[str, Any]] = [{}, {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}]
    for how in hows:
        found = sent(probe_at("/go", {"type": "body"}, body={"fixed": 1}, **how), {value: {value: "x"}})
        if found is None:
            continue
        if how:
            names = [name for name, _ in parse_qsl(found[1].decode("ascii"), strict_parsing=True)]
            assert names[0] == "fixed"
            assert all(name.startswith("field[") for name in names[1:])
        else:
            assert json.loads(found[1]) == {"fixed": 1, "field": {value: {value: "x"}}}


@pytest.mark.parametrize("where", ["path", "query", "header", "cookie", "body"])
@pytest.mark.parametrize(
    "value", ["={{ $json.other }}", "{{ $json.other }}", "<<$json.other>>", "=$json.other", "{Other}"]
)
def test_no_value_is_evaluated_again(where: str, value: str) -> None:
    url = "/go/{field}" if where == "path" else "/go"
    found = sent(probe_at(url, {"type": where}), value)
    assert found is not None
    text = found[0].target.decode() + str(fields(found[0])) + found[1].decode()
    assert "EVALUATED" not in text
    assert value in unquote(text) or json.dumps(value)[1:-1] in text


@given(value=TEXT)
@settings(deadline=None)
def test_a_list_or_object_filled_whole_by_an_item_is_never_read_as_a_template(value: str) -> None:
    child = {
        "displayName": "Name",
        "name": "name",
        "type": "string",
        "default": "",
        "routing": {"send": {"type": "body", "property": "name"}},
    }
    options = {"displayName": "Options", "name": "options", "type": "collection", "default": {}, "options": [child]}
    try:
        request = request_of(node(options), {"options": "={{ $json.o }}"}, {"o": {"name": value}, "other": "EVALUATED"})
    except ItemError:
        return
    assert json.loads(request.body or b"{}") == {"name": value}
