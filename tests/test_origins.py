"""A credential's secret goes to its own origin, whatever items, parameters, answers and redirects say.

Each test has two real servers on loopback, over both channels: the credential belongs to the first, and the second one
is looked at for everything a secret can stand in: the address, header fields, cookies, the body.
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from nodeloom import CallContext, Request, Runtime, hookimpl
from nodeloom.errors import CredentialError, InvalidValueError, NodeloomError, UnexpectedRedirectError
from nodeloom.messages import origin_of
from tests.transport.servers import RawServer, answer, serving
from tests.twoorigins import (
    KEY_TYPE,
    SECRET,
    TOKEN,
    TOKEN_TYPE,
    assert_nothing_crossed,
    credential,
    node,
    received,
    redirecting,
    runtime,
    says_json,
)

pytestmark = pytest.mark.usefixtures("channel")


@pytest.fixture
def other() -> Iterator[RawServer]:
    with serving(says_json({"id": "landed"})) as server:
        yield server


def run_once(home: RawServer, document: dict[str, Any], item: dict[str, Any] | None = None, **how: Any) -> Any:
    """What one item becomes, or the error it fails with."""
    parameters = how.pop("parameters", {})
    with runtime(how.pop("kind", KEY_TYPE), document, **how) as opened:
        result = opened.run("probe", parameters, [item or {}], credentials=credential(home), on_error="continue")
    return result.outcomes[0].error or result.items


def test_the_credential_s_own_server_is_sent_the_secret_everywhere(other: RawServer) -> None:
    """Or the tests below would look for what never was there."""
    with serving(says_json({})) as home:
        run_once(home, node())
    head, body = home.heads[0].decode(), json.loads(home.bodies[0])
    assert f"Bearer {SECRET}".encode() in home.heads[0]
    assert head.count(quote(SECRET, safe="")) == 2
    assert body == {"templated": SECRET, "plain": "here", "apiKey": SECRET}
    assert other.heads == []


# -- redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other"])
def test_a_redirect_elsewhere_loses_what_holds_a_secret(status: str, other: RawServer) -> None:
    with serving(redirecting(status, f"{other.url}/landed")) as home:
        assert not isinstance(run_once(home, node()), NodeloomError)
    assert len(other.heads) == 1
    assert b"x-plain: here" in other.heads[0].lower()
    assert_nothing_crossed(other)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_body_that_holds_a_secret_is_not_sent_on(status: str, other: RawServer) -> None:
    with serving(redirecting(status, f"{other.url}/landed")) as home:
        error = run_once(home, node())
    assert isinstance(error, UnexpectedRedirectError)
    assert "secret in the body" in error.message
    assert other.heads == []


@pytest.mark.slow
@pytest.mark.parametrize("template", ["={{ $credentials.key }}", "=Key {{ $credentials.key.toUpperCase() }}", "plain"])
def test_a_body_is_judged_by_what_it_holds(template: str, other: RawServer) -> None:
    """Also where the node's own template put the secret there, or made something of it."""
    kind = {**KEY_TYPE, "authenticate": {"type": "generic", "properties": {}}}
    document = node({"body": {"templated": template}})
    with serving(redirecting("307 Temporary Redirect", f"{other.url}/landed")) as home:
        outcome = run_once(home, document, kind=kind)
    assert isinstance(outcome, UnexpectedRedirectError) == (template != "plain")
    assert_nothing_crossed(other)


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [
        quote(SECRET, safe=""),
        quote(quote(SECRET, safe=""), safe=""),
        quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
    ids=["encoded", "encoded twice", "base64", "base64url"],
)
def test_a_redirect_that_brings_the_secret_in_the_address_is_not_followed(form: str, other: RawServer) -> None:
    """A service that writes the query it was asked with into `Location`."""
    with serving(redirecting("302 Found", f"{other.url}/landed?api_key={form}")) as home:
        error = run_once(home, node())
    assert isinstance(error, UnexpectedRedirectError)
    assert "secret in the address" in error.message
    assert SECRET not in json.dumps(error.to_dict(), ensure_ascii=False)
    assert other.heads == []


@pytest.mark.slow
def test_a_redirect_to_an_address_with_a_user_name_is_not_followed(other: RawServer) -> None:
    """`https://home@elsewhere/` is meant to be misread (RFC 9110 section 4.2.4)."""
    with serving(redirecting("302 Found", f"http://127.0.0.1@{other.url.removeprefix('http://')}/landed")) as home:
        assert isinstance(run_once(home, node()), UnexpectedRedirectError)
    assert other.heads == []


@pytest.mark.slow
def test_a_way_back_brings_no_secret_along(other: RawServer) -> None:
    """What was dropped on the way out is not put on again."""
    with serving(says_json({})) as third:

        def talk(connection: socket.socket, head: bytes) -> None:
            elsewhere = b"/back" in head.split(b"\r\n")[0]
            to = f"{third.url}/landed" if elsewhere else f"{bounce.url}/x"
            connection.sendall(answer("302 Found", b"", f"Location: {to}"))

        with serving(talk) as home, serving(redirecting("302 Found", f"{home.url}/back")) as bounce:
            outcome = run_once(home, node())
    assert not isinstance(outcome, NodeloomError), outcome
    assert len(home.heads) == 2
    assert b"authorization" not in home.heads[1].lower()
    assert_nothing_crossed(bounce)
    assert_nothing_crossed(third)
    assert other.heads == []


def test_another_port_and_another_scheme_are_other_origins() -> None:
    assert origin_of("http://h:0/") == "http://h:0"
    assert len({origin_of(f"{s}://h{p}") for s in ("http", "https") for p in ("", ":1", ":80", ":443")}) == 6


# -- addresses that items and parameters bring ----------------------------------------------------------------------

ITEM_ADDRESSES = [
    ({"url": "={{ $json.url }}"}, {"url": "{other}/landed"}),
    ({"url": "=http://{{ $json.host }}/landed"}, {"host": "{host}"}),
    ({"baseURL": "={{ $json.url }}"}, {"url": "{other}"}),
    ({"baseURL": "=http://{{ $json.host }}"}, {"host": "{host}"}),
    ({"url": "={{ $json.scheme }}://{{ $json.host }}/landed"}, {"scheme": "http", "host": "{host}"}),
    ({"url": "={{ 'http://' + $json.host + '/landed' }}"}, {"host": "{host}"}),
    # What follows the host may turn it into a user name, or into the beginning of another.
    ({"baseURL": "={{ $credentials.serverUrl + $json.rest }}"}, {"rest": "@{host}/landed"}),
    ({"baseURL": "={{ $credentials.serverUrl }}{{ $json.rest }}"}, {"rest": "@{host}/landed"}),
    ({"baseURL": "={{ $credentials.serverUrl }}{{ $json.rest }}"}, {"rest": "\\@{host}/landed"}),
    ({"baseURL": "={{ $credentials.serverUrl }}{{ $json.rest }}"}, {"rest": "\t@{host}/landed"}),
    ({"baseURL": "={{ $credentials.serverUrl }}{{ $json.rest }}"}, {"rest": ".{host}/landed"}),
]


@pytest.mark.slow
@pytest.mark.parametrize("url_values", ["strict", "raw"])
@pytest.mark.parametrize(("request_part", "item"), ITEM_ADDRESSES)
def test_no_item_decides_where_a_secret_goes(
    request_part: dict[str, Any], item: dict[str, Any], url_values: str, other: RawServer
) -> None:
    """`raw` lets an item name the host, as n8n does, but sends no credential there."""
    host = other.url.removeprefix("http://")
    item = {key: text.replace("{other}", other.url).replace("{host}", host) for key, text in item.items()}
    with serving(says_json({})) as home:
        error = run_once(home, node(request_part), item, url_values=url_values)
    assert isinstance(error, InvalidValueError)
    assert home.heads == other.heads == []


@pytest.mark.slow
@pytest.mark.parametrize("url_values", ["strict", "raw"])
def test_no_item_decides_through_a_collection_it_fills_whole(url_values: str, other: RawServer) -> None:
    """What an expression gives for a whole collection came with the item, like any value of it."""
    option = {
        "displayName": "Base URL",
        "name": "baseUrl",
        "type": "string",
        "default": "",
        "routing": {"request": {"baseURL": "={{ $value }}"}},
    }
    options = {"displayName": "Options", "name": "options", "type": "collection", "default": {}, "options": [option]}
    with serving(says_json({})) as home:
        error = run_once(
            home,
            node(properties=[options]),
            {"options": {"baseUrl": other.url}},
            parameters={"options": "={{ $json.options }}"},
            url_values=url_values,
        )
    # In n8n an expression fills in no collection, so there is no option that could decide.
    assert isinstance(error, InvalidValueError) == (url_values == "strict")
    assert len(home.heads) == (0 if url_values == "strict" else 1)
    assert other.heads == []


@pytest.mark.parametrize("url_values", ["strict", "raw"])
def test_no_path_value_decides_about_the_host(url_values: str) -> None:
    """A placeholder in front of the path would be filled with an item's value."""
    host = {
        "displayName": "Host",
        "name": "host",
        "type": "string",
        "default": "",
        "routing": {"send": {"type": "path", "property": "host"}},
    }
    with serving(says_json({})) as home:
        error = run_once(
            home,
            node({"baseURL": "http://{host}"}, properties=[host]),
            {"h": "127.0.0.1"},
            parameters={"host": "={{ $json.h }}"},
            url_values=url_values,
        )
    assert isinstance(error, InvalidValueError)
    assert "which host is called" in error.message
    assert home.heads == []


def test_an_author_s_address_is_not_the_credential_s(other: RawServer) -> None:
    """A `baseURL` that a parameter overrides: the host is the author's, the credential may be another's."""
    base = {
        "displayName": "Base URL",
        "name": "baseUrl",
        "type": "string",
        "default": "",
        "routing": {"request": {"baseURL": "={{ $value }}"}},
    }
    for value in (other.url, "={{ $json.url }}"):
        with serving(says_json({})) as home:
            error = run_once(home, node(properties=[base]), {"url": other.url}, parameters={"baseUrl": value})
        assert isinstance(error, InvalidValueError)
        assert home.heads == other.heads == []


def test_an_address_holds_no_user_name(other: RawServer) -> None:
    """pyreqwest would send `user:password@` as Authorization, httpx would not; neither is asked."""
    host = other.url.removeprefix("http://")
    for url in (f"http://user:pass@{host}/landed", "=http://{{ $credentials.clientId }}:pass@" + host + "/landed"):
        with serving(says_json({})) as home:
            error = run_once(home, node({"url": url}), kind=TOKEN_TYPE)
        assert isinstance(error, InvalidValueError)
        assert "pass" not in str(error).replace("password", "")
        assert home.heads == other.heads == []


# -- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("url_values", ["strict", "raw"])
@pytest.mark.parametrize(
    "request_part",
    [
        {"url": "={{ $response.body?.next || $request.url }}"},
        {"baseURL": "={{ $response.body?.next || $request.baseURL }}"},
        {"url": "={{ $response.headers['x-next'] || $request.url }}"},
    ],
)
def test_a_link_to_the_next_page_leads_no_secret_elsewhere(
    request_part: dict[str, Any], url_values: str, other: RawServer
) -> None:
    pagination = {
        "type": "generic",
        "properties": {"continue": "={{ $response.statusCode === 200 }}", "request": request_part},
    }
    document = node(routing={"send": {"paginate": True}, "operations": {"pagination": pagination}})

    def talk(connection: socket.socket, _head: bytes) -> None:
        body = json.dumps({"next": f"{other.url}/landed"}).encode()
        connection.sendall(answer("200 OK", body, "Content-Type: application/json", f"X-Next: {other.url}/landed"))

    with serving(talk) as home:
        error = run_once(home, document, url_values=url_values)
    assert isinstance(error, InvalidValueError)
    assert len(home.heads) == 1
    assert other.heads == []


def test_a_link_to_the_next_page_at_home_is_followed_as_it_is_written() -> None:
    """With the secret, and never read as a template or with placeholders of its own."""
    pagination = {
        "type": "generic",
        "properties": {
            "continue": "={{ !!$response.body.next }}",
            "request": {"url": "={{ $response.body.next || $request.url }}"},
        },
    }
    document = node(routing={"send": {"paginate": True}, "operations": {"pagination": pagination}})
    pages = iter([{"next": "/go?page=2&t={{ 7*7 }}&p={operation}"}, {}])

    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer("200 OK", json.dumps(next(pages)).encode(), "Content-Type: application/json"))

    with serving(talk) as home:
        assert not isinstance(run_once(home, document), NodeloomError)
    assert b"GET /go?page=2&t=%7B%7B%207*7%20%7D%7D&p=%7Boperation%7D" in home.heads[1].replace(b"POST", b"GET")
    assert b"Authorization" in home.heads[1]


# -- tokens and tests of credentials --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_a_token_request_follows_no_redirect(status: str, other: RawServer) -> None:
    with serving(redirecting(status, f"{other.url}/landed")) as home, runtime(TOKEN_TYPE, node()) as opened:
        result = opened.run("probe", {}, [{}], credentials=credential(home, clientId="me"), on_error="continue")
    assert isinstance(result.outcomes[0].error, UnexpectedRedirectError)
    assert SECRET.encode() in home.bodies[0] or quote(SECRET, safe="").encode() in home.bodies[0]
    assert other.heads == []


@pytest.mark.slow
def test_a_token_that_was_fetched_does_not_cross(other: RawServer) -> None:
    def talk(connection: socket.socket, head: bytes) -> None:
        if b"/token" in head.split(b"\r\n")[0]:
            body = json.dumps({"access_token": TOKEN, "expires_in": 3600}).encode()
            connection.sendall(answer("200 OK", body, "Content-Type: application/json"))
        else:
            connection.sendall(answer("302 Found", b"", f"Location: {other.url}/landed"))

    with serving(talk) as home, runtime(TOKEN_TYPE, node()) as opened:
        opened.run("probe", {}, [{}], credentials=credential(home, clientId="me"))
    assert TOKEN in received(home)
    assert len(other.heads) == 1
    assert_nothing_crossed(other)


@pytest.mark.slow
def test_a_token_that_is_renewed_after_401_does_not_cross(other: RawServer) -> None:
    calls: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        if b"/token" in head.split(b"\r\n")[0]:
            body = json.dumps({"access_token": f"{TOKEN}-{len(calls)}", "expires_in": 3600}).encode()
            connection.sendall(answer("200 OK", body, "Content-Type: application/json"))
            return
        calls.append(head)
        if len(calls) == 1:
            connection.sendall(answer("401 Unauthorized"))
        else:
            connection.sendall(answer("302 Found", b"", f"Location: {other.url}/landed"))

    with serving(talk) as home, runtime(TOKEN_TYPE, node()) as opened:
        opened.run("probe", {}, [{}], credentials=credential(home, clientId="me"))
    assert f"{TOKEN}-1" in received(home)
    assert len(other.heads) == 1
    assert_nothing_crossed(other)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_the_test_of_a_credential_keeps_its_secret(status: str, other: RawServer) -> None:
    with serving(redirecting(status, f"{other.url}/landed")) as home, runtime(KEY_TYPE, node()) as opened:
        # A GET has no body that would have to stay behind.
        refused = (
            pytest.raises(UnexpectedRedirectError, match="secret in the body") if "307" in status else nullcontext()
        )
        with refused:
            opened.test_credential("twoOriginsApi", credential(home)["twoOriginsApi"])
    assert_nothing_crossed(other)


def test_a_credential_s_own_address_holds_no_user_name(other: RawServer) -> None:
    with runtime(KEY_TYPE, node()) as opened, pytest.raises(CredentialError, match="user name or password"):
        opened.test_credential("twoOriginsApi", {"serverUrl": "http://home@127.0.0.1", "key": SECRET})
    assert other.heads == []


# -- other ways to a request ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_choices_that_a_service_fills_in_keep_the_secret(other: RawServer) -> None:
    load = {"routing": {"request": {"url": "/choices", "method": "GET"}}}
    pick = {
        "displayName": "Pick",
        "name": "pick",
        "type": "options",
        "default": "",
        "typeOptions": {"loadOptions": load},
    }
    with (
        serving(redirecting("302 Found", f"{other.url}/landed")) as home,
        runtime(KEY_TYPE, node(properties=[pick])) as opened,
    ):
        opened.choices("probe", "pick", {}, credentials=credential(home))
    assert b"/choices" in home.heads[0]
    assert len(other.heads) == 1
    assert_nothing_crossed(other)


def test_a_call_for_several_items_keeps_the_secret(other: RawServer) -> None:
    token = {"serverUrl": "", "accessToken": SECRET.replace("à", "a")}
    with serving(redirecting("302 Found", f"{other.url}/landed")) as home:
        token["serverUrl"] = home.url
        with Runtime(discover_plugins=False, retries=0) as opened:
            opened.run(
                "threecx",
                {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"},
                [{"Link": "a"}, {"Link": "b"}],
                credentials={"threeCxApi": token},
                coalesce=2,
                on_error="continue",
            )
    assert b"POST " in home.heads[0]
    assert_nothing_crossed(other)
    assert token["accessToken"] not in received(other)


class Preparing:
    """Gives a request of its own in place of the one it was shown."""

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request:
        return Request(request.method, request.url, dict(request.headers), request.body)


class Replacing:
    """Gives a copy."""

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request:
        return replace(request, mask=None, credential_headers=frozenset())


@pytest.mark.slow
@pytest.mark.parametrize("plugin", [Preparing(), Replacing()])
def test_a_plugin_that_makes_the_request_anew_does_not_undo_the_rule(plugin: Any, other: RawServer) -> None:
    with serving(redirecting("303 See Other", f"{other.url}/landed")) as home:
        run_once(home, node(), plugins=[plugin])
    assert SECRET in received(home)
    assert len(other.heads) == 1
    assert_nothing_crossed(other)


def test_cookies_of_an_answer_are_not_kept(other: RawServer) -> None:
    """Neither channel has a jar: what one item's answer sets is not sent with the next one's request."""

    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json", "Set-Cookie: stray=1; Path=/"))

    kind = {**KEY_TYPE, "authenticate": {"type": "generic", "properties": {}}}
    with serving(talk) as home, runtime(kind, node()) as opened:
        opened.run("probe", {}, [{}, {}], credentials=credential(home), concurrency=1)
    assert b"stray" not in home.heads[1]
    assert other.heads == []
