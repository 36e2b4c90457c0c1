"""Several credential types, chosen by the parameter `authentication`, from the run to the wire."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from nodeloom import Runtime
from nodeloom.credential import FileProvider
from nodeloom.credential.oauth.tokenstore import TOKENS
from nodeloom.errors import AuthenticationError, CredentialError, CredentialNotFoundError, DescriptorError
from nodeloom.testing import RecordingTransport
from tests.credential.helpers import field


def reference(name: str, authentication: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "required": True, "displayOptions": {"show": {"authentication": [authentication]}}, **more}


NODE = {
    "name": "demo",
    "displayName": "Demo",
    "version": 1,
    "group": [],
    "inputs": ["main"],
    "outputs": ["main"],
    "credentials": [
        reference("httpBasicAuth", "basic"),
        reference("httpQueryAuth", "query"),
        reference("httpCustomAuth", "custom"),
        reference("demoOAuth2Api", "oAuth2"),
        reference("brokenApi", "broken"),
    ],
    "requestDefaults": {"baseURL": "https://api.example.com"},
    "properties": [
        {
            "displayName": "Authentication",
            "name": "authentication",
            "type": "options",
            "options": [{"name": n, "value": n} for n in ("basic", "query", "custom", "oAuth2", "broken", "none")],
            "default": "basic",
        },
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "options": [
                {
                    "name": "Send",
                    "value": "send",
                    "routing": {"request": {"method": "POST", "url": "/things", "body": {"n": "={{ $json.n }}"}}},
                }
            ],
            "default": "send",
        },
    ],
}

OAUTH2_TYPE = {
    "name": "demoOAuth2Api",
    "displayName": "Demo OAuth2",
    "extends": ["oAuth2Api"],
    "properties": [
        field("host", required=True, default="auth.example.com"),
        field("grantType", type="hidden", default="clientCredentials"),
        field("accessTokenUrl", type="hidden", default="=https://{{ $self.host }}/token"),
        field("authentication", type="hidden", default="header"),
    ],
}

GIVEN: dict[str, dict[str, Any]] = {
    "httpBasicAuth": {"user": "me", "password": "canary-60"},
    "httpQueryAuth": {"name": "key", "value": "canary/61"},
    "httpCustomAuth": {"json": '{"headers": {"X-Key": "canary-62"}, "body": {"token": "canary-63"}}'},
    "demoOAuth2Api": {"clientId": "me", "clientSecret": "canary-64"},
}


class Service:
    """Issues numbered tokens, and answers everything else with `status`."""

    def __init__(self) -> None:
        self.tokens = 0
        self.status = 200
        self.revoked: str | None = None
        self.faults: list[Exception | int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/token":
            revoked = request.headers.get("authorization") == f"Bearer {self.revoked}"
            return httpx.Response(401 if revoked else self.status, json={"ok": True})
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return httpx.Response(fault)
        self.tokens += 1
        return httpx.Response(200, json={"access_token": f"canary-token-{self.tokens}", "token_type": "bearer"})


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def transport(service: Service) -> RecordingTransport:
    return RecordingTransport(service)


@pytest.fixture
def runtime(transport: RecordingTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """One that knows the node, with all its types in the credential file."""
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "credentials.toml"))
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        runtime.add_node(NODE)
        runtime.add_credential_type(OAUTH2_TYPE)
        runtime.add_credential_type({"name": "brokenApi", "extends": ["oAuth1Ap"], "properties": []})
        yield runtime
    TOKENS.clear()


def sent(runtime: Runtime, transport: RecordingTransport, authentication: str | None, **more: Any) -> httpx.Request:
    """The last request of a run over one item."""
    parameters = {"operation": "send"} | ({"authentication": authentication} if authentication else {})
    result = runtime.run("demo", parameters, [{"n": 1}], **more)
    assert result.items[0]["json"] == {"ok": True}
    return transport.requests[-1]


@pytest.mark.parametrize("stored", [True, False])
def test_the_type_that_authentication_names_is_put_on(
    runtime: Runtime, transport: RecordingTransport, stored: bool
) -> None:
    """Without a word about it the default's; all are given, or kept in the file, and one is used."""
    if stored:
        for name, values in GIVEN.items():
            FileProvider().put(name, name, values)
    for authentication in (None, "basic"):
        given = {} if stored else {"credentials": {"httpBasicAuth": GIVEN["httpBasicAuth"]}}
        request = sent(runtime, transport, authentication, **given)
        assert request.headers["authorization"] == f"Basic {base64.b64encode(b'me:canary-60').decode()}"
        assert request.url.query == b""
    request = sent(runtime, transport, "query", **({} if stored else {"credentials": pick("httpQueryAuth")}))
    assert request.url.query == b"key=canary%2F61"
    assert "authorization" not in request.headers
    request = sent(runtime, transport, "custom", **({} if stored else {"credentials": pick("httpCustomAuth")}))
    assert request.headers["x-key"] == "canary-62"
    assert json.loads(request.content) == {"n": 1, "token": "canary-63"}
    request = sent(runtime, transport, "oAuth2", **({} if stored else {"credentials": pick("demoOAuth2Api")}))
    assert request.headers["authorization"] == "Bearer canary-token-1"
    assert json.loads(request.content) == {"n": 1}
    token = next(r for r in transport.requests if r.url.path == "/token")
    assert str(token.url) == "https://auth.example.com/token"
    assert parse_qs(token.content.decode()) == {"grant_type": ["client_credentials"]}
    request = sent(runtime, transport, "none")
    assert "authorization" not in request.headers


def pick(name: str) -> dict[str, Any]:
    return {name: GIVEN[name]}


def test_a_credential_of_another_type_is_no_substitute(runtime: Runtime, transport: RecordingTransport) -> None:
    """What is missing is the type that `authentication` names."""
    FileProvider().put("httpBasicAuth", "httpBasicAuth", GIVEN["httpBasicAuth"])
    with pytest.raises(CredentialNotFoundError, match="'httpQueryAuth'"):
        sent(runtime, transport, "query")
    assert transport.requests == []


def test_a_type_whose_parent_is_not_there_is_reported(runtime: Runtime, transport: RecordingTransport) -> None:
    """With the nearest one, before anything is sent."""
    with pytest.raises(DescriptorError, match="'oAuth1Ap'") as caught:
        sent(runtime, transport, "broken", credentials={"brokenApi": {}})
    assert "'oAuth2Api'" in (caught.value.hint or "")
    assert transport.requests == []


def test_a_plan_shows_where_each_goes(runtime: Runtime, transport: RecordingTransport) -> None:
    """Without a token being fetched, and without a secret."""
    for authentication, name in (("query", "httpQueryAuth"), ("custom", "httpCustomAuth"), ("oAuth2", "demoOAuth2Api")):
        (planned,) = runtime.plan(
            "demo", {"operation": "send", "authentication": authentication}, [{"n": 1}], credentials=pick(name)
        )
        assert planned.error is None
        shown = json.dumps(planned.to_dict())
        assert "***" in shown
        assert "canary" not in shown
    assert transport.requests == []


def test_a_user_who_has_not_signed_in_stops_the_run_at_once(runtime: Runtime, transport: RecordingTransport) -> None:
    """Before the first item."""
    runtime.add_credential_type({**OAUTH2_TYPE, "properties": [field("authUrl", default="https://auth/a")]})
    values = {**GIVEN["demoOAuth2Api"], "accessTokenUrl": "https://auth/token"}
    with pytest.raises(CredentialError, match="not signed in yet"):
        sent(runtime, transport, "oAuth2", credentials={"demoOAuth2Api": values})
    assert transport.requests == []


def test_a_users_tokens_are_refreshed_during_a_run_and_kept(
    runtime: Runtime, transport: RecordingTransport, service: Service
) -> None:
    """Once before the first item, once after a 401; every item succeeds, and the file has the last token."""
    runtime.add_credential_type({**OAUTH2_TYPE, "properties": [field("authUrl", default="https://auth/a")]})
    tokens = {"access_token": "canary-old", "refresh_token": "canary-refresh", "expires_at": 1}
    values = {**GIVEN["demoOAuth2Api"], "accessTokenUrl": "https://auth/token", "oauthTokenData": tokens}
    FileProvider().put("office", "demoOAuth2Api", values)
    service.revoked = "canary-token-1"
    result = runtime.run(
        "demo",
        {"operation": "send", "authentication": "oAuth2"},
        [{"n": n} for n in range(20)],
        credentials="office",
    )
    assert [item["json"] for item in result.items] == [{"ok": True}] * 20
    assert service.tokens == 2
    (stored,) = FileProvider().list()
    assert stored.values["oauthTokenData"]["access_token"] == "canary-token-2"
    assert stored.values["oauthTokenData"]["refresh_token"] == "canary-refresh"
    assert "canary-token-1" not in FileProvider().path.read_text()


def test_a_token_request_is_repeated(runtime: Runtime, transport: RecordingTransport, service: Service) -> None:
    """A broken connection and a 503 without Retry-After, though it is a POST; a token too many does no harm."""
    service.faults = [httpx.ReadError("gone"), 503]
    request = sent(runtime, transport, "oAuth2", credentials=pick("demoOAuth2Api"))
    assert request.headers["authorization"] == "Bearer canary-token-1"
    assert [r.url.path for r in transport.requests] == ["/token", "/token", "/token", "/things"]


def test_testing_a_credential_repeats_too(runtime: Runtime, transport: RecordingTransport, service: Service) -> None:
    """`Runtime.test_credential` sends by the same policy."""
    service.faults = [httpx.ReadError("gone")]
    assert "access token" in runtime.test_credential("demoOAuth2Api", GIVEN["demoOAuth2Api"])
    assert service.tokens == 1


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_service_that_refuses_every_token_costs_few(
    runtime: Runtime, transport: RecordingTransport, service: Service, concurrency: int
) -> None:
    """Every item has its AuthenticationError; two renewals show that a third is of no use."""
    service.status = 401
    result = runtime.run(
        "demo",
        {"operation": "send", "authentication": "oAuth2"},
        [{"n": n} for n in range(40)],
        credentials=pick("demoOAuth2Api"),
        on_error="continue",
        concurrency=concurrency,
        break_after=0,
    )
    assert {type(outcome.error) for outcome in result.outcomes} == {AuthenticationError}
    assert service.tokens <= 3
    assert "canary" not in json.dumps(result.items)


def test_further_parameters_of_a_token_request_are_sent(runtime: Runtime, transport: RecordingTransport) -> None:
    """Auth0 wants an audience; n8n asks for such parameters where client ID and secret stand in the body."""
    runtime.add_credential_type({**OAUTH2_TYPE, "name": "auth0Api", "properties": OAUTH2_TYPE["properties"][:-1]})
    runtime.add_node({**NODE, "name": "auth0", "credentials": [{"name": "auth0Api", "required": True}]})

    def token_form(**more: Any) -> dict[str, list[str]]:
        TOKENS.clear()
        given = {"auth0Api": {"clientId": "me", "clientSecret": "canary-65", **more}}
        runtime.run("auth0", {"operation": "send"}, [{"n": 1}], credentials=given)
        return parse_qs([r for r in transport.requests if r.url.path == "/token"][-1].content.decode())

    audience = '{"audience": "https://api.example.com", "n": 1, "on": true}'
    plain = {"grant_type": ["client_credentials"], "client_id": ["me"], "client_secret": ["canary-65"]}
    body = {"authentication": "body"}
    assert token_form(**body) == plain
    more = {"audience": ["https://api.example.com"], "n": ["1"], "on": ["true"]}
    assert token_form(**body, additionalBodyProperties=audience) == plain | more
    assert token_form(**body, additionalBodyProperties=json.loads(audience)) == plain | more
    # A list is sent entry by entry, and who the client is stays the credential's to say.
    other = {"resource": ["a", "b"], "client_id": "other", "client_secret": "other"}
    assert token_form(**body, additionalBodyProperties=other) == plain | {"resource": ["a", "b"]}
    # Hidden in n8n's form, so it has no value, whatever was left in it.
    assert token_form(**body, additionalBodyProperties=audience, sendAdditionalBodyProperties=False) == plain
    assert "audience" not in token_form(authentication="header", additionalBodyProperties=audience)
    for broken in ("canary{", "[1]", '{"a": {"canary": 1}}', '{"a": [["canary"]]}'):
        with pytest.raises(CredentialError, match="not a JSON object of texts") as caught:
            token_form(**body, additionalBodyProperties=broken)
        assert "canary" not in str(caught.value)


def test_two_audiences_of_one_client_have_tokens_of_their_own(runtime: Runtime, service: Service) -> None:
    runtime.add_credential_type({**OAUTH2_TYPE, "name": "auth0Api", "properties": OAUTH2_TYPE["properties"][:-1]})
    runtime.add_node({**NODE, "name": "auth0", "credentials": [{"name": "auth0Api", "required": True}]})
    for audience in ("a", "b", "a"):
        given = {"clientId": "me", "clientSecret": "canary-66", "authentication": "body"}
        given["additionalBodyProperties"] = json.dumps({"audience": audience})
        runtime.run("auth0", {"operation": "send"}, [{"n": 1}], credentials={"auth0Api": given})
    assert service.tokens == 2


@pytest.mark.parametrize(
    ("said", "answered", "renews"),
    [
        (None, 401, True),
        (None, 403, False),
        (403, 403, True),
        ("400", 400, True),
        (403, 401, False),
        ([401, 419], 419, True),
    ],
)
def test_a_credential_says_by_which_status_its_token_has_run_out(
    runtime: Runtime, service: Service, transport: RecordingTransport, said: Any, answered: int, renews: bool
) -> None:
    given = {**GIVEN["demoOAuth2Api"], **({} if said is None else {"tokenExpiredStatusCode": said})}
    sent(runtime, transport, "oAuth2", credentials={"demoOAuth2Api": given})
    service.status = answered
    result = runtime.run(
        "demo",
        {"operation": "send", "authentication": "oAuth2"},
        [{"n": 1}],
        credentials={"demoOAuth2Api": given},
        on_error="continue",
    )
    assert result.errors[0].details["status"] == answered
    assert service.tokens == (2 if renews else 1)


def test_a_status_that_the_node_takes_for_an_answer_renews_no_token(
    runtime: Runtime, service: Service, transport: RecordingTransport
) -> None:
    ignoring = json.loads(json.dumps({**NODE, "name": "ignoring"}))
    ignoring["properties"][1]["options"][0]["routing"]["request"]["ignoreHttpStatusErrors"] = True
    runtime.add_node(ignoring)
    service.status = 401
    parameters = {"operation": "send", "authentication": "oAuth2"}
    result = runtime.run("ignoring", parameters, [{"n": 1}], credentials=pick("demoOAuth2Api"))
    assert result.items[0]["json"] == {"ok": True}
    assert service.tokens == 1


@pytest.mark.parametrize("status", ["many", 200, True, {"a": 1}])
def test_a_status_that_is_none_is_refused(runtime: Runtime, transport: RecordingTransport, status: Any) -> None:
    given = {**GIVEN["demoOAuth2Api"], "tokenExpiredStatusCode": status}
    with pytest.raises(CredentialError, match="status of a token that has run out"):
        sent(runtime, transport, "oAuth2", credentials={"demoOAuth2Api": given})
    assert transport.requests == []


@pytest.mark.parametrize(
    ("supported", "usable"),
    [(["demo"], True), (["n8n-nodes-base.demo", "x"], True), (["x"], False), ([], False), (None, False)],
)
def test_a_type_may_keep_to_the_nodes_it_is_made_for(
    transport: RecordingTransport, supported: Any, usable: bool
) -> None:
    """An optional credential too: a request without it is not what was asked for."""
    listed = {} if supported is None else {"supportedNodes": supported}
    kind = {"name": "keptApi", "restrictToSupportedNodes": True, **listed, "properties": [field("key")]}
    with Runtime(transport=transport, discover_plugins=False) as opened:
        opened.add_credential_type(kind)
        opened.add_node({**NODE, "credentials": [{"name": "keptApi"}]})
        given = {"keptApi": {"key": "canary-67"}}
        if usable:
            opened.run("demo", {"operation": "send"}, [{"n": 1}], credentials=given)
        else:
            with pytest.raises(CredentialError, match="may not be used with Demo"):
                opened.run("demo", {"operation": "send"}, [{"n": 1}], credentials=given)
    assert len(transport.requests) == usable
