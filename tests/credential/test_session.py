"""A credential in use: against the sandbox's token endpoint over a socket, and in memory where time matters."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from nodeloom.credential import CredentialSession, Injection, StoredCredential, TokenStore
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import (
    AuthenticationError,
    BadRequestError,
    CredentialError,
    NetworkError,
    PermissionDeniedError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
)
from nodeloom.messages import Request, Response
from nodeloom.testing import ThreeCXSandbox
from tests.credential.helpers import (
    Clock,
    TokenEndpoint,
    answer,
    field,
    jwt,
    make_type,
    send_nothing,
    send_over_socket,
    session_of,
    three_cx_type,
)

pytestmark = pytest.mark.anyio

THREE_CX = three_cx_type()
GIVEN = {"serverUrl": "https://pbx/", "clientId": "me", "clientSecret": "sesame"}


@pytest.mark.parametrize("unit", ["seconds", "minutes"])
@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_the_sandbox_accepts_what_is_put_on(unit: str, token_format: str) -> None:
    """Old and new 3CX, opaque tokens and JWTs; all items share one token."""
    with ThreeCXSandbox(links=3, expires_in_unit=unit, token_format=token_format) as sandbox:
        session = session_of(THREE_CX, {**sandbox.credential, "serverUrl": f"{sandbox.server_url}/xapi/v1/"})
        injections = await asyncio.gather(*(session.injection(send_over_socket) for _ in range(20)))
        assert sandbox.tokens_issued == 1
        assert len({id(i) for i in injections}) == 1
        request = Request("GET", f"{sandbox.server_url}/xapi/v1/WebsiteLinks", dict(injections[0].headers))
        assert len((await send_over_socket(request)).json()["value"]) == 3


async def test_after_a_401_one_fresh_token_is_fetched() -> None:
    """However many items were refused; the old one is not offered again."""
    with ThreeCXSandbox(links=1) as sandbox:
        session = session_of(THREE_CX, sandbox.credential)
        old = await session.injection(send_over_socket)
        sandbox.expire_tokens()
        renewed = await asyncio.gather(*(session.renew(old, send_over_socket) for _ in range(20)))
        assert sandbox.tokens_issued == 2
        assert renewed[0] is not None
        assert {id(i) for i in renewed} == {id(await session.injection(send_over_socket))}
        assert renewed[0].generation > old.generation
        sandbox.expire_tokens()
        assert await session.renew(renewed[0], send_over_socket) is not None
        assert sandbox.tokens_issued == 3


async def test_two_sessions_of_one_client_share_its_token() -> None:
    """A second token would end the first: the process's store knows both."""
    with ThreeCXSandbox(links=1) as sandbox:
        stored = StoredCredential("a", "threeCxApi", sandbox.credential, "given")
        sessions = [CredentialSession(THREE_CX, stored) for _ in range(4)]
        try:
            await asyncio.gather(*(s.injection(send_over_socket) for s in sessions))
            assert sandbox.tokens_issued == 1
        finally:
            TOKENS.clear()


def test_the_same_fields_are_the_same_credential_whatever_it_is_called() -> None:
    """What paces requests knows a credential by its identity, in which no secret stands."""
    names = [StoredCredential(name, "threeCxApi", GIVEN, "given") for name in ("a", "b")]
    first, second = (CredentialSession(THREE_CX, stored, tokens=TokenStore()).identity for stored in names)
    assert first == second
    others = [{**GIVEN, "clientSecret": "other"}, {**GIVEN, "serverUrl": "https://other/"}]
    assert len({first, *(session_of(THREE_CX, fields).identity for fields in others)}) == 3
    assert b"sesame" not in first


async def test_the_identity_outlives_a_token() -> None:
    with ThreeCXSandbox() as sandbox:
        session = session_of(THREE_CX, sandbox.credential)
        before = session.identity
        await session.injection(send_over_socket)
        assert session.identity == before


async def test_the_check_tells_what_was_answered() -> None:
    """A token, then `GET /xapi/v1/Defs?$select=Id`, with one repeat after a 401."""
    with ThreeCXSandbox() as sandbox:
        session = session_of(THREE_CX, sandbox.credential)
        await session.injection(send_over_socket)
        sandbox.expire_tokens()
        said = await session.check(send_over_socket)
        assert said.endswith(f"GET {sandbox.server_url}/xapi/v1/Defs?$select=Id answered 200.")
        assert sandbox.tokens_issued == 2


async def test_a_wrong_secret_is_refused_in_the_services_words() -> None:
    """Asked once, not once an item."""
    with ThreeCXSandbox() as sandbox:
        session = session_of(THREE_CX, {**sandbox.credential, "clientSecret": "canary-13"})
        errors = await asyncio.gather(*(session.injection(send_over_socket) for _ in range(9)), return_exceptions=True)
        assert {type(e) for e in errors} == {AuthenticationError}
        assert "invalid_client" in str(errors[0])
        assert "canary" not in str(errors[0])
        assert len(sandbox.requests) == 1


async def test_values_and_secrets_follow_the_token() -> None:
    """`$credentials.accessToken` is there once it was fetched; all tokens seen are masked."""
    endpoint = TokenEndpoint()
    session = session_of(THREE_CX, GIVEN)
    assert "accessToken" not in session.values
    before = session.secrets
    assert before is session.secrets
    injection = await session.injection(endpoint.send)
    assert session.values["accessToken"] == "token-1"
    await session.renew(injection, endpoint.send)
    assert session.values["accessToken"] == "token-2"
    assert session.secrets > before | {"sesame"}
    assert session.masker("token-1 and sesame") == "*** and ***"
    assert session.masker is session.masker
    assert {"token-1", "token-2"} <= session.secrets


async def test_a_token_is_replaced_before_it_runs_out() -> None:
    """With the margin, by the clock."""
    clock = Clock()
    endpoint = TokenEndpoint(expires_in=100)
    session = session_of(THREE_CX, GIVEN, tokens=TokenStore(clock))
    first = await session.injection(endpoint.send)
    clock.now += 89
    assert await session.injection(endpoint.send) is first
    clock.now += 2
    assert (await session.injection(endpoint.send)).headers == {"Authorization": "Bearer token-2"}


async def test_the_minutes_of_an_old_3cx_cost_a_fetch_more_and_nothing_else() -> None:
    """60 is read as a minute; a JWT is believed to last its hour."""
    clock = Clock()
    opaque, signed = TokenEndpoint(expires_in=60), TokenEndpoint()
    signed.answers = [answer({"access_token": jwt(exp=clock.now + 3600), "expires_in": 60})]
    by_opaque = session_of(THREE_CX, GIVEN, tokens=TokenStore(clock))
    by_jwt = session_of(THREE_CX, GIVEN, tokens=TokenStore(clock))
    for _ in range(10):
        await by_opaque.injection(opaque.send)
        await by_jwt.injection(signed.send)
        clock.now += 60
    assert (len(opaque.requests), len(signed.requests)) == (10, 1)


async def test_a_ready_token_needs_no_request() -> None:
    """The simplest credential; when it is refused there is nothing to renew it with."""
    session = session_of(THREE_CX, {"serverUrl": "https://pbx", "accessToken": "ready"})
    injection = await session.injection(send_nothing)
    assert injection.headers == {"Authorization": "Bearer ready"}
    assert await session.renew(injection, send_nothing) is None
    assert "ready" in session.secrets


async def test_a_ready_token_that_ran_out_gives_way_to_client_and_secret() -> None:
    """When all three are given."""
    endpoint = TokenEndpoint()
    session = session_of(THREE_CX, {**GIVEN, "accessToken": "ready"})
    injection = await session.injection(send_nothing)
    assert injection.generation == 0
    renewed = await session.renew(injection, endpoint.send)
    assert renewed is not None
    assert renewed.headers == {"Authorization": "Bearer token-1"}
    assert await session.injection(endpoint.send) is renewed


async def test_a_network_error_passes_as_it_is() -> None:
    """What to do about it is the transport's business; the next item tries again."""
    endpoint = TokenEndpoint()
    endpoint.answers = [NetworkError("refused")]
    session = session_of(THREE_CX, GIVEN)
    with pytest.raises(NetworkError, match="refused"):
        await session.injection(endpoint.send)
    assert (await session.injection(endpoint.send)).generation > 0


async def test_the_token_block_may_ask_in_a_header_with_a_scope() -> None:
    """As other services want it."""
    kind = make_type(
        properties=[field("id"), field("secret")],
        token={
            "accessTokenUrl": "https://auth/token",
            "clientId": "={{ $credentials.id }}",
            "clientSecret": "={{ $credentials.secret }}",
            "scope": "read write",
            "authentication": "header",
            "field": "bearer",
        },
        authenticate={"type": "generic", "properties": {"qs": {"t": "={{ $credentials.bearer }}"}}},
    )
    endpoint = TokenEndpoint()
    session = session_of(kind, {"id": "me", "secret": "sesame"})
    assert (await session.injection(endpoint.send)).qs == {"t": "token-1"}
    assert endpoint.requests[0].headers["Authorization"] == "Basic bWU6c2VzYW1l"
    assert endpoint.forms[0]["scope"] == ["read write"]
    assert "bWU6c2VzYW1l" in session.secrets
    assert await session.check(endpoint.send) == (
        "The service issued an access token. The credential type does not have a further test."
    )


def test_a_token_address_that_is_none_is_reported() -> None:
    """Before anything is sent."""
    kind = make_type(token={"accessTokenUrl": "/token", "clientId": "a", "clientSecret": "b"})
    with pytest.raises(CredentialError, match="no absolute address"):
        session_of(kind, {})


def probe_type(**test: Any) -> CredentialType:
    return make_type(
        properties=[field("key"), field("baseUrl")],
        authenticate={
            "type": "generic",
            "properties": {
                "headers": {"X-Key": "={{ $credentials.key }}"},
                "qs": {"k": "={{ $credentials.key }}"},
                "body": {"key": "={{ $credentials.key }}"},
            },
        },
        test={
            "request": {"baseURL": "=https://{{ $credentials.baseUrl }}/", "url": "/me?a=1", **test.pop("request", {})}
        }
        | test,
    )


async def test_the_test_request_carries_the_credential() -> None:
    """Address, query and body as in the type's document, the credential on top."""
    kind = probe_type(
        request={
            "method": "post",
            "qs": {"f": {"x": [1, True]}},
            "body": {"n": 1},
            "headers": {"x-key": "old", "A": "b"},
        }
    )
    session = session_of(kind, {"key": "canary-14", "baseUrl": "api"})
    request = session.test_request(await session.injection(send_nothing))
    assert request is not None
    assert request.method == "POST"
    parts = urlsplit(request.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://api/me"
    assert parse_qs(parts.query) == {"a": ["1"], "f[x][0]": ["1"], "f[x][1]": ["true"], "k": ["canary-14"]}
    assert request.headers == {"A": "b", "Content-Type": "application/json", "X-Key": "canary-14"}
    assert json.loads(request.body or b"") == {"n": 1, "key": "canary-14"}
    assert request.credential_headers == {"x-key"}
    bare = session.test_request()
    assert bare is not None
    assert "canary" not in str(bare)


async def test_a_test_request_without_an_address_is_reported() -> None:
    """The address field is most likely empty."""
    kind = make_type(
        properties=[field("host")], test={"request": {"baseURL": "={{ $credentials.host }}", "url": "/me"}}
    )
    with pytest.raises(CredentialError, match="no absolute address"):
        await session_of(kind, {}).check(send_nothing)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, BadRequestError),
        (429, RateLimitedError),
        (500, ServerError),
        (302, UnexpectedRedirectError),
    ],
)
async def test_a_refused_test_request_is_an_error_of_its_status(status: int, kind: type[ResponseError]) -> None:
    """With the address, secrets taken out."""

    async def send(request: Request) -> Response:
        return Response(status, {}, b"", "Reason", request.url)

    with pytest.raises(ResponseError) as caught:
        await session_of(probe_type(), {"key": "canary-15", "baseUrl": "api"}).check(send)
    assert type(caught.value) is kind
    assert caught.value.details["url"] == "https://api/me?a=1&k=***"
    assert "canary" not in json.dumps(caught.value.to_dict())


RULES = [
    {"type": "responseCode", "properties": {"value": 403, "message": "no access to canary-16"}},
    {"type": "responseSuccessBody", "properties": {"key": "data.0.ok", "value": False, "message": "not ok"}},
    {"type": "responseSuccessBody", "properties": {"key": "error.codes[0]", "value": 7, "message": "seven"}},
    {"type": "responseSuccessBody", "properties": {"key": "lacking", "value": {}, "message": "never the same"}},
    {"type": "unknown", "properties": {}},
    "no rule",
]


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (answer({}, 403), "403: no access to"),
        (answer({"data": [{"ok": False}]}), "200: not ok"),
        (answer({"data": [{"ok": 0}]}), None),
        (answer({"data": []}), None),
        (answer([{"error": {"codes": [7]}}]), "200: seven"),
        (answer({"error": {"codes": [7]}}), "200: seven"),
        (answer({"lacking": {}}), None),
        (answer({"other": 1}), None),
        (answer([]), None),
        (Response(200, {}, b"no json"), None),
        (answer({"data": [{"ok": False}]}, 500), "was answered 500"),
    ],
)
def test_the_rules_of_the_type_are_applied(response: Response, said: str | None) -> None:
    """n8n's `responseCode` and `responseSuccessBody`; `0` is not `false`."""
    session = session_of(probe_type(rules=RULES), {"key": "canary-16", "baseUrl": "api"})
    if said is None:
        session.test_outcome(response)
        return
    with pytest.raises(ResponseError, match=said) as caught:
        session.test_outcome(response)
    assert "canary" not in str(caught.value)


async def test_a_type_without_a_test_says_so() -> None:
    """Nothing is sent then."""
    session = session_of(make_type(properties=[field("key")]), {"key": "k"})
    assert session.test_request() is None
    assert "nothing was sent" in await session.check(send_nothing)
    session.test_outcome(Response(500, {}, b""))


async def test_nothing_shows_or_hands_over_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """repr, str, format, logging, pickle and copy."""
    caplog.set_level(0)
    secret = "canary-17"
    endpoint = TokenEndpoint()
    endpoint.answers = [answer({"access_token": "canary-17-token"})]
    stored = StoredCredential("a", "threeCxApi", {**GIVEN, "clientSecret": secret}, "given")
    session = CredentialSession(THREE_CX, stored, tokens=TokenStore())
    injection = await session.injection(endpoint.send)
    things = (stored, stored.values, session, session.values, injection, injection.headers and injection)
    for thing in things:
        assert "canary" not in f"{thing!r} {thing!s} {thing}"
        assert "canary" not in repr([thing]) + repr({"x": thing})
    for thing in (stored, session, injection):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(thing)
        with pytest.raises(TypeError, match="not pickled"):
            copy.copy(thing)
    assert "canary" not in caplog.text
    assert repr(Injection()) == "Injection(headers={}, qs={}, body={}, generation=0)"


async def test_why_a_token_request_was_not_repeated_is_told_to_all_who_waited_for_it() -> None:
    session = session_of(THREE_CX, GIVEN)
    asked: list[Request] = []

    async def send(request: Request) -> Response:
        asked.append(request)
        await asyncio.sleep(0)
        response = answer({}, status=429)
        response.denied = "It was not repeated again: it was refused 51 times."
        return response

    errors = await asyncio.gather(*(session.injection(send) for _ in range(5)), return_exceptions=True)
    assert len(asked) == 1
    for error in errors:
        assert isinstance(error, RateLimitedError)
        assert error.hint == "It was not repeated again: it was refused 51 times. Wait, then try again."
