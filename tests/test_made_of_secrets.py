"""What an expression made of a secret is the credential's, whatever it looks like: it crosses to no other origin.

An author's template can turn a secret into a text in which no search would find it. So what counts is that the template
reads `$credentials`. As in test_origins, there are two real servers, over both channels; the first one redirects to the
second, and repeats in the new address all it was sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import pytest

from nodeloom import CallContext, Request, Runtime, hookimpl
from nodeloom.errors import NodeloomError, UnexpectedRedirectError
from tests.run.watching import Diary
from tests.transport.servers import RawServer, answer, serving
from tests.twoorigins import KEY_TYPE, credential, node, received, redirecting, runtime, says_json

KEY = "Secret-Canary-4711"
BARE = {**KEY_TYPE, "authenticate": {"type": "generic", "properties": {}}}
REVERSED = "$credentials.key.split('').reverse().join('')"

# JavaScript → what it makes of the key.
FORMS: dict[str, str] = {
    "$credentials.key": KEY,
    "$credentials['key']": KEY,
    "$credentials?.key": KEY,
    "Object.values($credentials)[1]": KEY,
    "(c => c.key)($credentials)": KEY,
    "(({key}) => key)($credentials)": KEY,
    "({...$credentials}).key.slice(2)": KEY[2:],
    "$credentials[['k','e','y'].join('')].slice(3)": KEY[3:],
    REVERSED: KEY[::-1],
    "$credentials.key.toUpperCase()": KEY.upper(),
    "$credentials.key.toLowerCase()": KEY.lower(),
    "$credentials.key.slice(3, 12)": KEY[3:12],
    "$credentials.key.substring(0, 9)": KEY[:9],
    "$credentials.key.substr(-6)": KEY[-6:],
    "$credentials.key.slice(0, 7)": KEY[:7],
    "$credentials.key.hash()": hashlib.md5(KEY.encode()).hexdigest(),
    "$credentials.key.hash('sha256')": hashlib.sha256(KEY.encode()).hexdigest(),
    "$credentials.key.hash('sha512').slice(0, 20)": hashlib.sha512(KEY.encode()).hexdigest()[:20],
    "$credentials.key.base64Encode()": base64.b64encode(KEY.encode()).decode(),
    "($credentials.key + ':x').base64Encode()": base64.b64encode(f"{KEY}:x".encode()).decode(),
    "$credentials.key.slice(0, 6).base64Encode() + $credentials.key.slice(6).base64Encode()": (
        base64.b64encode(KEY[:6].encode()).decode() + base64.b64encode(KEY[6:].encode()).decode()
    ),
    "$credentials.key.split('-').join('_')": KEY.replace("-", "_"),
    "$credentials.key.split('').join('.')": ".".join(KEY),
    "$credentials.key.replaceAll('-', '')": KEY.replace("-", ""),
    "$credentials.key.replace(/[aeiou]/gi, '')": "".join(c for c in KEY if c.lower() not in "aeiou"),
    "[...$credentials.key].map(c => c.charCodeAt(0)).join(',')": ",".join(str(ord(c)) for c in KEY),
    "[...$credentials.key].map(c => String.fromCharCode(c.charCodeAt(0) + 1)).join('')": "".join(
        chr(ord(c) + 1) for c in KEY
    ),
    "[...$credentials.key].map(c => c.charCodeAt(0).toString(16)).join('')": KEY.encode().hex(),
    "[...$credentials.key].sort().join('')": "".join(sorted(KEY)),
    "'a' + $credentials.key.slice(1) + 'z'": f"a{KEY[1:]}z",
    "`${$credentials.key.toUpperCase()}!`": f"{KEY.upper()}!",
    "JSON.stringify({k: $credentials.key.toUpperCase()})": json.dumps({"k": KEY.upper()}, separators=(",", ":")),
    "$json.id + '.' + $credentials.key.slice(4)": f"7.{KEY[4:]}",
    "encodeURIComponent($credentials.key.toUpperCase() + '/')": f"{KEY.upper()}%2F",
    "$parameter.derived": KEY[::-1],
    "$parameter['derived'].toUpperCase()": KEY[::-1].upper(),
    "$parameter.twice": KEY[::-1].lower(),
    "Object.values($parameter).find(v => v.endsWith && v.endsWith('terceS'))": KEY[::-1],
}
DERIVED = [
    {"displayName": "Derived", "name": "derived", "type": "string", "default": f"={{{{ {REVERSED} }}}}"},
    {
        "displayName": "Twice",
        "name": "twice",
        "type": "string",
        "default": "={{ $parameter.derived.toLowerCase() }}",
    },
]


def prop(name: str, routing: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"displayName": name, "name": name, "type": "string", "default": "", "routing": routing, **more}


# Position → (parts of the request, properties, parameters) that put `={{ CODE }}` there.
Place = tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]


def places(template: str) -> dict[str, Place]:
    """Every position of a request, by the descriptor's own template and by an author's parameter."""
    sent: dict[str, Place] = {
        kind: ({}, [prop("Way", {"send": {"type": kind, "property": "x-way", **more}})], {"Way": template})
        for kind, more in {
            "query": {},
            "header": {"encode": "string"},
            "cookie": {"encode": "string"},
            "body": {},
        }.items()
    }
    entry = prop("word", {"send": {"type": "query", "property": "way"}})
    list_of = {
        "displayName": "Words",
        "name": "words",
        "type": "fixedCollection",
        "typeOptions": {"multipleValues": True},
        "default": {},
        "options": [{"name": "all", "displayName": "All", "values": [entry]}],
    }
    group = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [entry]}
    by_value = prop("Way", {"request": {"headers": {"X-Way": "=v{{ $value }}"}}})
    by_parent = {
        **list_of,
        "options": [
            {
                "name": "all",
                "displayName": "All",
                "values": [
                    prop("secret", {}),
                    prop("name", {"send": {"type": "query", "property": "way", "value": "={{ $parent.secret }}"}}),
                ],
            }
        ],
    }
    return {
        "header": ({"headers": {"X-Way": template}}, [], {}),
        "all headers": ({"headers": "={{ ({'X-Way': " + template[3:-2] + "}) }}"}, [], {}),
        "query": ({"qs": {"way": template}}, [], {}),
        "all of the query": ({"qs": "={{ ({way: " + template[3:-2] + "}) }}"}, [], {}),
        "address": ({"url": f"=/go/{template[1:]}"}, [], {}),
        "address's query": ({"url": f"=/go?way={template[1:]}"}, [], {}),
        "body": ({"body": {"deep": {"er": [template]}}}, [], {}),
        "body as text": ({"body": f"=way={template[1:]}"}, [], {}),
        "form": (
            {"headers": {"content-type": "application/x-www-form-urlencoded"}, "body": {"way": template}},
            [],
            {},
        ),
        "multipart": ({"headers": {"content-type": "multipart/form-data"}, "body": {"way": template}}, [], {}),
        "header of a part": (
            {"headers": {"content-type": "multipart/form-data"}},
            [
                prop(
                    "Way",
                    {"send": {"type": "body", "property": "w", "encode": "string", "headers": {"X-Part": template}}},
                )
            ],
            {"Way": "x"},
        ),
        **{f"parameter sent as {kind}": place for kind, place in sent.items()},
        "parameter in the path": (
            {"url": "/go/{way}"},
            [prop("Way", {"send": {"type": "path", "property": "way"}})],
            {"Way": template},
        ),
        "parameter as the whole body": (
            {},
            [prop("Way", {"send": {"type": "body", "encode": "json"}})],
            {"Way": "={{ ({way: " + template[3:-2] + "}) }}"},
        ),
        "parameter that another template reads": ({}, [by_value], {"Way": template}),
        "entry of a list": ({}, [list_of], {"words": {"all": [{"word": template}]}}),
        "member of a collection": ({}, [group], {"more": {"word": template}}),
        "whole collection": ({}, [group], {"more": "={{ ({word: " + template[3:-2] + "}) }}"}),
        "another member of an entry": ({}, [by_parent], {"words": {"all": [{"secret": template, "name": "x"}]}}),
        "name of a member": (
            {},
            [prop("Way", {"send": {"type": "query", "property": template}})],
            {"Way": "x"},
        ),
    }


PLACES = list(places("={{ 1 }}"))


@pytest.fixture
def other() -> Iterator[RawServer]:
    with serving(says_json({})) as server:
        yield server


def document(place: Place, **defaults: Any) -> dict[str, Any]:
    request, properties, _parameters = place
    made = node(request, properties=[*DERIVED, *properties])
    made["requestDefaults"] = {"baseURL": "={{ $credentials.serverUrl }}", "method": "POST", **defaults}
    return made


def ran(home: RawServer, made: dict[str, Any], parameters: dict[str, Any], **how: Any) -> Any:
    """What one item becomes, or the error it fails with."""
    with runtime(how.pop("kind", BARE), made, **how) as opened:
        given = credential(home, key=KEY)
        result = opened.run("probe", parameters, [{"id": 7}], credentials=given, on_error="continue")
    return result.outcomes[0].error or result.items


def decoded(text: str) -> str:
    return f"{text}\n{unquote(text)}\n{unquote_plus(unquote(text))}"


def repeating(status: str, other: RawServer) -> Any:
    """Redirects to the other server, with the target it was asked for in the new address."""

    def talk(connection: socket.socket, head: bytes) -> None:
        target = head.split(b" ")[1].decode()
        location = f"{other.url}/landed?from={quote(target, safe='')}"
        connection.sendall(answer(status, b"", f"Location: {location}"))

    return talk


# -- what is made of a secret ----------------------------------------------------------------------------------------


# A parameter that looks for itself among all parameters goes round in a circle.
CIRCLES = [("parameter sent as header", code) for code in FORMS if "values($parameter)" in code]
FEW = ["header", "address's query", "body", "parameter sent as header"]


# One place of them, and below one kind of redirect, stays in the quick run; the others are the same code again.
@pytest.mark.parametrize(
    ("place", "code"),
    [
        pytest.param(place, code, marks=pytest.mark.slow if place != FEW[0] else ())
        for place in FEW
        for code in FORMS
        if (place, code) not in CIRCLES
    ],
)
def test_no_form_of_a_secret_crosses(place: str, code: str, other: RawServer) -> None:
    """The first server gets it, the second one does not."""
    chosen = places(f"={{{{ {code} }}}}")[place]
    status = "307 Temporary Redirect" if place == "body" else "302 Found"
    with serving(repeating(status, other)) as home:
        outcome = ran(home, document(chosen), chosen[2])
    assert FORMS[code] in decoded(received(home)).replace('\\"', '"'), "it was not sent where it belongs"
    if place in ("body", "address's query"):
        assert isinstance(outcome, UnexpectedRedirectError)
        assert other.heads == []
    else:
        assert not isinstance(outcome, NodeloomError)
        assert len(other.heads) == 1
        assert "x-way" not in received(other).lower()
        assert FORMS[code] not in decoded(received(other))


@pytest.mark.parametrize("url_values", ["strict", pytest.param("raw", marks=pytest.mark.slow)])
@pytest.mark.parametrize("status", [pytest.param("302 Found", marks=pytest.mark.slow), "307 Temporary Redirect"])
@pytest.mark.parametrize("place", PLACES)
def test_it_crosses_from_no_position(place: str, status: str, url_values: str, channel: str, other: RawServer) -> None:
    """Neither in a header or body that is sent on, nor in an address that repeats what was asked for."""
    chosen = places(f"={{{{ {REVERSED} }}}}")[place]
    with serving(repeating(status, other)) as home:
        outcome = ran(home, document(chosen), chosen[2], url_values=url_values)
    # In n8n an expression in place of a collection selects nothing.
    assert (KEY[::-1] in decoded(received(home))) == ((place, url_values) != ("whole collection", "raw"))
    crossed = decoded(received(other))
    assert KEY[::-1] not in crossed, (outcome, crossed)
    assert isinstance(outcome, UnexpectedRedirectError) == (other.heads == [])


def test_what_is_made_of_no_secret_crosses(other: RawServer) -> None:
    """A key of an item, a constant, and in an address what is made of the credential's own address."""
    made = document(({"url": "=/go/{{ $json.id }}", "headers": {"X-Plain": "={{ 'a' + $json.id }}"}}, [], {}))
    made["requestDefaults"]["baseURL"] = "={{ $credentials.serverUrl.replace(/x$/, '') + '/v' + 1 }}"
    with serving(repeating("307 Temporary Redirect", other)) as home:
        outcome = ran(home, made, {})
    assert not isinstance(outcome, NodeloomError)
    assert "/landed?from=%2Fv1%2Fgo%2F7" in received(other)
    assert "X-Plain: a7".lower() in received(other).lower()


def test_a_redirect_at_home_keeps_what_is_the_credential_s(other: RawServer) -> None:
    """The same origin may have it."""
    chosen = places(f"={{{{ {REVERSED} }}}}")
    both: Place = ({**chosen["header"][0], **chosen["body"][0]}, [], {})
    with serving(redirecting("307 Temporary Redirect", "/landed")) as home:
        assert not isinstance(ran(home, document(both), {}), NodeloomError)
    assert len(home.heads) == 2
    assert KEY[::-1].encode() in home.heads[1]
    assert KEY[::-1].encode() in home.bodies[1]
    assert other.heads == []


def test_a_method_that_is_made_of_a_secret_is_not_sent_on(other: RawServer) -> None:
    """It goes wherever a redirect leads, so none is followed."""
    made = document(({"method": "={{ $credentials.key.slice(0, 6).toUpperCase() }}"}, [], {}))
    with serving(repeating("307 Temporary Redirect", other)) as home:
        assert isinstance(ran(home, made, {}), UnexpectedRedirectError)
    assert home.heads[0].startswith(KEY[:6].upper().encode())
    assert other.heads == []


def test_what_a_request_signs_in_with_is_not_sent_on(channel: str, other: RawServer) -> None:
    """n8n's `auth`; in whatever form a service repeats it."""
    made = document(({"auth": {"username": "me", "password": f"={{{{ {REVERSED} }}}}"}}, [], {}))
    pair = base64.b64encode(f"me:{KEY[::-1]}".encode()).decode()
    with serving(redirecting("302 Found", f"{other.url}/landed")) as home:
        assert not isinstance(ran(home, made, {}), NodeloomError)
    assert pair in received(home)
    assert "authorization" not in received(other).lower()

    def talk(connection: socket.socket, _head: bytes) -> None:
        body = json.dumps({"error": {"message": f"refused {KEY[::-1]} {pair}"}}).encode()
        connection.sendall(answer("400 Bad Request", body, "Content-Type: application/json"))

    with serving(talk) as home:
        error = ran(home, made, {})
    assert KEY[::-1] not in json.dumps(error.to_dict())
    assert pair not in json.dumps(error.to_dict())


def test_the_ground_all_requests_stand_on_counts_too(channel: str, other: RawServer) -> None:
    """`requestDefaults`: headers, query and base address."""
    template = f"={{{{ {REVERSED} }}}}"
    made = document(({}, [], {}), headers={"X-Way": template}, qs={"way": template})
    made["requestDefaults"]["baseURL"] = f"={{{{ $credentials.serverUrl }}}}/{template[1:]}"
    with serving(redirecting("302 Found", f"{other.url}/landed")) as home:
        assert not isinstance(ran(home, made, {}), NodeloomError)
    assert received(home).count(KEY[::-1]) == 3
    assert KEY[::-1] not in received(other)
    assert "x-way" not in received(other).lower()


# -- other requests ----------------------------------------------------------------------------------------------------


def test_the_next_page_s_request_counts_too(channel: str, other: RawServer) -> None:
    """Its templates read `$credentials`, and by `$request` what earlier ones made of it."""
    pagination = {
        "type": "generic",
        "properties": {
            "continue": "={{ $pageCount < 2 }}",
            "request": {
                "headers": {"X-Next": "={{ $request.headers['X-Way'].toUpperCase() }}"},
                "qs": {"next": "={{ $request.headers['X-Way'].slice(2) }}", "page": "={{ $pageCount }}"},
            },
        },
    }
    made = document(({}, [], {}), headers={"X-Way": f"={{{{ {REVERSED} }}}}"})
    made["properties"][0]["options"][0]["routing"] |= {
        "send": {"paginate": True},
        "operations": {"pagination": pagination},
    }

    def talk(connection: socket.socket, head: bytes) -> None:
        if b"page=0" in head:
            connection.sendall(answer("200 OK", b"[{}]", "Content-Type: application/json"))
        else:
            connection.sendall(answer("302 Found", b"", f"Location: {other.url}/landed"))

    with serving(talk) as home:
        outcome = ran(home, made, {})
    assert not isinstance(outcome, NodeloomError), outcome
    assert KEY[::-1].upper() in received(home)
    assert KEY[::-1][2:] in received(home)
    assert KEY[::-1][2:].lower() not in received(other).lower()
    assert "x-next" not in received(other).lower()
    assert len(other.heads) == 1


INJECTED = {
    **KEY_TYPE,
    "authenticate": {
        "type": "generic",
        "properties": {
            "headers": {"X-Way": f"={{{{ {REVERSED} }}}}"},
            "qs": {"way": f"={{{{ {REVERSED} }}}}"},
        },
    },
    "test": {
        "request": {
            "baseURL": "={{ $credentials.serverUrl }}",
            "url": "=/who/{{ $credentials.key.toUpperCase() }}",
            "headers": {"X-Test": "={{ $credentials.key.toLowerCase() }}", "X-Plain": "here"},
        }
    },
}


def test_what_a_credential_type_s_expressions_make_counts_too(channel: str, other: RawServer) -> None:
    """n8n's `authenticate`: in the query it would be repeated, in a header sent on."""
    with serving(repeating("302 Found", other)) as home:
        error = ran(home, document(({}, [], {})), {}, kind=INJECTED)
    assert isinstance(error, UnexpectedRedirectError)
    assert KEY[::-1] not in json.dumps(error.to_dict())
    assert received(home).count(KEY[::-1]) == 2
    assert other.heads == []


def test_the_test_of_a_credential_counts_too(channel: str, other: RawServer) -> None:
    """Its headers are dropped, and its address is not repeated."""
    fields = {"key": KEY}
    with serving(redirecting("302 Found", f"{other.url}/landed")) as home, runtime(INJECTED, node()) as opened:
        opened.test_credential("twoOriginsApi", {"serverUrl": home.url, **fields})
    assert KEY.lower() in received(home)
    assert "x-plain" in received(other).lower()
    assert "x-test" not in received(other).lower()
    assert "x-way" not in received(other).lower()
    with (
        serving(repeating("302 Found", other)) as home,
        runtime(INJECTED, node()) as opened,
        pytest.raises(UnexpectedRedirectError) as caught,
    ):
        opened.test_credential("twoOriginsApi", {"serverUrl": home.url, **fields})
    assert KEY.upper() not in json.dumps(caught.value.to_dict())
    assert len(other.heads) == 1


def test_a_body_of_the_test_of_a_credential_counts_too(channel: str, other: RawServer) -> None:
    """It is not sent on."""
    request = {**KEY_TYPE["test"]["request"], "headers": {}, "body": {"ask": f"={{{{ {REVERSED} }}}}"}}
    kind = {**BARE, "test": {"request": request}}
    with (
        serving(redirecting("307 Temporary Redirect", f"{other.url}/landed")) as home,
        runtime(kind, node()) as opened,
        pytest.raises(UnexpectedRedirectError),
    ):
        opened.test_credential("twoOriginsApi", {"serverUrl": home.url, "key": KEY})
    assert KEY[::-1] in received(home)
    assert other.heads == []


def test_a_token_request_follows_no_redirect_whatever_is_in_it(channel: str, other: RawServer) -> None:
    """Also where client and secret are made by expressions."""
    kind = {
        **KEY_TYPE,
        "properties": [
            *KEY_TYPE["properties"],
            {"displayName": "Token", "name": "accessToken", "type": "string", "typeOptions": {"password": True}},
        ],
        "token": {
            "grantType": "client_credentials",
            "accessTokenUrl": "={{ $credentials.serverUrl }}/token",
            "clientId": "={{ $credentials.key.toUpperCase() }}",
            "clientSecret": f"={{{{ {REVERSED} }}}}",
            "authentication": "body",
            "field": "accessToken",
        },
        "authenticate": {"type": "generic", "properties": {}},
    }
    with serving(repeating("307 Temporary Redirect", other)) as home:
        error = ran(home, document(({}, [], {})), {}, kind=kind)
    assert isinstance(error, UnexpectedRedirectError)
    assert KEY[::-1] in received(home)
    assert other.heads == []


def test_choices_count_too(channel: str, other: RawServer) -> None:
    """A property whose options a service fills in."""
    load = {
        "routing": {"request": {"url": "/choices", "method": "GET", "headers": {"X-Way": f"={{{{ {REVERSED} }}}}"}}}
    }
    pick = prop("pick", {}, type="options", typeOptions={"loadOptions": load})
    with (
        serving(redirecting("302 Found", f"{other.url}/landed")) as home,
        runtime(BARE, document(({}, [pick], {}))) as opened,
    ):
        opened.choices("probe", "pick", {}, credentials=credential(home, key=KEY))
    assert KEY[::-1] in received(home)
    assert len(other.heads) == 1
    assert "x-way" not in received(other).lower()


def test_a_call_for_several_items_does_not_lose_the_mark(other: RawServer) -> None:
    """A key that is made of the credential's is sent in a call of its own, where it is known as that."""
    with serving(redirecting("302 Found", f"{other.url}/landed")) as home, Runtime(discover_plugins=False) as opened:
        result = opened.run(
            "threecx",
            {
                "resource": "Website Links",
                "operation": "Delete Weblink",
                "Link": "={{ $credentials.accessToken.slice(3) + $json.n }}",
            },
            [{"n": "a"}, {"n": "b"}],
            credentials={"threeCxApi": {"serverUrl": home.url, "accessToken": KEY}},
            coalesce=2,
            on_error="continue",
        )
    assert len(result.outcomes) == 2
    assert [head.split(b" ")[0] for head in home.heads] == [b"DELETE", b"DELETE"]
    assert KEY[3:] not in received(other)


class Forgetting:
    """A plugin that gives a copy without what the request knows of secrets."""

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request:
        fresh = Request(request.method, request.url, dict(request.headers), request.body)
        fresh.headers["X-Own"] = "own"
        return fresh


@pytest.mark.parametrize("place", ["header", "address's query", "body"])
def test_a_plugin_that_makes_the_request_anew_does_not_lose_the_marks(place: str, other: RawServer) -> None:
    """What was given is known of what comes back."""
    chosen = places(f"={{{{ {REVERSED} }}}}")[place]
    status = "307 Temporary Redirect" if place == "body" else "302 Found"
    with serving(repeating(status, other)) as home:
        ran(home, document(chosen), chosen[2], plugins=[Forgetting()])
    assert "x-own" in received(home).lower()
    assert KEY[::-1] in decoded(received(home))
    assert KEY[::-1] not in decoded(received(other))


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [p for p in PLACES if p not in ("name of a member", "parameter sent as cookie")])
def test_it_is_not_told_either(place: str, caplog: pytest.LogCaptureFixture) -> None:
    """Errors in which the service repeats it, logs, observers, planned requests, representations."""
    caplog.set_level(logging.DEBUG, logger="nodeloom")
    chosen = places(f"={{{{ {REVERSED} }}}}")[place]
    diary = Diary()

    def talk(connection: socket.socket, _head: bytes) -> None:
        body = json.dumps({"error": {"message": f"refused {KEY[::-1]}"}}).encode()
        connection.sendall(answer("400 Bad Request", body, "Content-Type: application/json"))

    with serving(talk) as home, runtime(BARE, document(chosen)) as opened:
        given = credential(home, key=KEY)
        keywords: Any = {"credentials": given, "on_error": "continue", "observer": diary}
        error = opened.run("probe", chosen[2], [{"id": 7}], **keywords).outcomes[0].error
        planned = [request.to_dict() for request in opened.plan("probe", chosen[2], [{"id": 7}], credentials=given)]
    assert error is not None
    assert KEY[::-1] in decoded(received(home))
    told = f"{error}\n{json.dumps(error.to_dict())}\n{json.dumps(planned)}\n{caplog.text}"
    told += "\n".join(f"{r.url} {r!r} {r._request!r}" for r in diary.requests)
    assert KEY[::-1] not in decoded(told)
    assert "***" in told


SAYING = {
    "the name of a node": "$(%s).first()",
    "the name of another node": "$node[%s].json.a",
    "the number of an item": "$item(%s)",
    "a thrown error": "({ get a() { throw new Error(%s) } })",
    "a thrown text": "({ get a() { throw %s } })",
    "what no header can hold": "%s + '\\r\\nx: \"y\"'",
}


@pytest.mark.parametrize("place", ["header", "address", "body", "parameter sent as header", "parameter in the path"])
@pytest.mark.parametrize("what", SAYING)
def test_an_expression_does_not_say_it_in_its_error(what: str, place: str, caplog: pytest.LogCaptureFixture) -> None:
    """No search finds in an error what the code made of a secret, so the error of such code says nothing of values."""
    caplog.set_level(logging.DEBUG, logger="nodeloom")
    chosen = places(f"={{{{ {SAYING[what] % REVERSED} }}}}")[place]
    with serving(says_json({})) as home, runtime(BARE, document(chosen)) as opened:
        given = credential(home, key=KEY)
        error = opened.run("probe", chosen[2], [{"id": 7}], credentials=given, on_error="continue").outcomes[0].error
        planned = [request.to_dict() for request in opened.plan("probe", chosen[2], [{"id": 7}], credentials=given)]
    told = f"{error}\n{json.dumps(error.to_dict() if error else None)}\n{json.dumps(planned)}\n{caplog.text}"
    assert KEY[::-1] not in decoded(told)


def test_a_parameter_that_another_template_reads_is_not_said_either() -> None:
    with serving(says_json({})) as home:
        read = node({"headers": {"X-Way": "={{ $($parameter.derived).first() }}"}}, properties=DERIVED)
        read["requestDefaults"] = {"baseURL": "={{ $credentials.serverUrl }}", "method": "POST"}
        error = ran(home, read, {})
    assert isinstance(error, NodeloomError)
    assert KEY[::-1] not in f"{error}{error.to_dict()}"
    assert "reads the credential" in error.message


def test_an_error_of_code_that_reads_no_secret_says_what_it_is_about() -> None:
    with serving(says_json({})) as home:
        error = ran(home, document(places("={{ $('Other node').first() }}")["header"]), {})
    assert isinstance(error, NodeloomError)
    assert "Other node" in error.message
