"""The generic credential types that ship, under n8n's names, with n8n's field names."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.credential import CredentialSession, Injection, inherited
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError
from tests.credential.helpers import ROOT, TokenEndpoint, answer, send_nothing, session_of

pytestmark = pytest.mark.anyio

TYPES = {kind.name: kind for kind in Runtime(discover_plugins=False).credential_types.values()}


async def put_on(type_name: str, /, **values: Any) -> tuple[CredentialSession, Injection]:
    session = session_of(TYPES[type_name], values)
    return session, await session.injection(send_nothing)


def test_every_type_has_its_file_and_hides_its_secrets() -> None:
    """The file is named as the type is."""
    files = {file.stem for file in (ROOT / "credentials").glob("*.json")}
    assert files == set(TYPES)
    assert {name: kind.secret_fields() for name, kind in TYPES.items()} == {
        "httpBasicAuth": {"password"},
        "httpBearerAuth": {"token"},
        "httpCustomAuth": {"json"},
        "httpHeaderAuth": {"value"},
        "httpQueryAuth": {"value"},
        "oAuth2Api": {"clientSecret", "oauthTokenData"},
        "threeCxApi": {"clientSecret", "accessToken"},
    }


async def test_basic_bearer_header_and_query() -> None:
    """Where each puts its secret."""
    _, basic = await put_on("httpBasicAuth", user="me", password="sésame:1")
    assert basic.headers == {"Authorization": f"Basic {base64.b64encode('me:sésame:1'.encode()).decode()}"}
    _, bearer = await put_on("httpBearerAuth", token="abc")
    assert bearer.headers == {"Authorization": "Bearer abc"}
    _, header = await put_on("httpHeaderAuth", name="X-Key", value="abc")
    assert (header.headers, header.qs, header.body) == ({"X-Key": "abc"}, {}, None)
    _, query = await put_on("httpQueryAuth", name="key", value="abc")
    assert (query.headers, query.qs, query.body) == ({}, {"key": "abc"}, None)


async def test_a_header_that_is_none_is_refused_unseen() -> None:
    """Neither a name with a blank nor a value with a line break."""
    for values in ({"name": "canary name", "value": "v"}, {"name": "X", "value": "canary\r\nX: y"}):
        with pytest.raises(CredentialError) as caught:
            await put_on("httpHeaderAuth", **values)
        assert "canary" not in str(caught.value)


async def test_custom_auth_puts_on_what_its_json_says() -> None:
    """Headers, query and body; values are taken as they are, expressions among them. Null and false are no header."""
    document = {
        "headers": {"X-A": "={{ 1 + 1 }}", "X-N": 5, "X-F": False, "X-0": None},
        "qs": {"a": {"b": [1]}},
        "body": {"k": None},
    }
    for given in (json.dumps(document), document):
        _, injection = await put_on("httpCustomAuth", json=given)
        assert injection.headers == {"X-A": "={{ 1 + 1 }}", "X-N": "5"}
        assert injection.qs == {"a": {"b": [1]}}
        assert injection.body == {"k": None}
    _, empty = await put_on("httpCustomAuth", json="{}")
    assert (empty.headers, empty.qs, empty.body) == ({}, {}, None)


@pytest.mark.parametrize(
    "text",
    [
        '{"headers": {"X": "canary-40"}',
        '["canary-40"]',
        '"canary-40"',
        '{"header": {"X": "canary-40"}}',
        '{"headers": ["canary-40"]}',
        '{"headers": {"canary 40": "x"}}',
        '{"headers": {"X": "canary-40\\n"}}',
    ],
)
async def test_custom_auth_that_is_none_is_refused_unseen(text: str) -> None:
    """The JSON is not repeated: all of it may be secret."""
    with pytest.raises(CredentialError) as caught:
        await put_on("httpCustomAuth", json=text)
    shown = f"{caught.value} {caught.value.to_dict()} {caught.value.__cause__} {caught.value.__context__}"
    assert "canary" not in shown


async def test_every_text_in_custom_auth_is_masked() -> None:
    """As written, percent-encoded and in base64; a number or switch of it stands in any text."""
    secret = "canary/+ü 41"
    session, _ = await put_on(
        "httpCustomAuth", json=json.dumps({"headers": {"X-Odd": f"Token {secret}"}, "qs": {"n": 5}})
    )
    encoded = base64.b64encode(secret.encode()).decode()
    masked = session.masker(f"{secret} {encoded} canary%2F%2B%C3%BC%2041 5 true")
    assert masked == "*** *** *** 5 true"


OAUTH2 = {
    "grantType": "clientCredentials",
    "accessTokenUrl": "https://auth/token",
    "clientId": "me",
    "clientSecret": "canary-42",
}


@pytest.mark.parametrize("authentication", ["header", "body"])
async def test_oauth2_client_credentials(authentication: str) -> None:
    """Fetched once, put on as a bearer token; `$credentials.oauthTokenData` is there as in n8n."""
    endpoint = TokenEndpoint()
    session = session_of(TYPES["oAuth2Api"], {**OAUTH2, "scope": " a  b ", "authentication": authentication})
    injection = await session.injection(endpoint.send)
    assert injection.headers == {"Authorization": "Bearer token-1"}
    assert session.values["oauthTokenData"]["access_token"] == "token-1"
    (request,), (form,) = endpoint.requests, endpoint.forms
    assert ("Authorization" in request.headers) == (authentication == "header")
    assert ("client_secret" in form) == (authentication == "body")
    assert form["scope"] == ["a b"]
    assert request.repeatable
    assert request.verify
    renewed = await session.renew(injection, endpoint.send)
    assert renewed is not None
    assert renewed.headers == {"Authorization": "Bearer token-2"}
    assert {"canary-42", "token-1", "token-2"} <= session.secrets
    assert "Bearer" not in session.secrets


async def test_oauth2_client_credentials_begin_with_the_token_they_hold() -> None:
    """As n8n keeps one; not when it ran out."""
    data = {"access_token": "held", "token_type": "bearer"}
    endpoint = TokenEndpoint()
    session = session_of(TYPES["oAuth2Api"], {**OAUTH2, "oauthTokenData": data})
    injection = await session.injection(send_nothing)
    assert injection.headers == {"Authorization": "Bearer held"}
    renewed = await session.renew(injection, endpoint.send)
    assert renewed is not None
    assert renewed.headers == {"Authorization": "Bearer token-1"}
    session = session_of(TYPES["oAuth2Api"], {**OAUTH2, "oauthTokenData": {**data, "expires_at": 1}})
    assert (await session.injection(endpoint.send)).headers == {"Authorization": "Bearer token-2"}


@pytest.mark.parametrize(
    ("part", "put_there"),
    [
        ({"headers": {"X-Token": "={{ $credentials.oauthTokenData.access_token }}"}}, {"X-Token": "token-1"}),
        ({"headers": {"authorization": "=OAuth {{ $credentials.oauthTokenData.access_token }}"}}, None),
        ({"headers": {"X-Version": "2"}}, {"X-Version": "2", "Authorization": "Bearer token-1"}),
        ({"qs": {"access_token": "={{ $credentials.oauthTokenData.access_token }}"}}, {}),
        ({"headers": {"Authorization": "nothing of use"}}, {"Authorization": "Bearer token-1"}),
    ],
)
async def test_a_type_may_put_the_token_elsewhere(part: dict[str, Any], put_there: dict[str, str] | None) -> None:
    """Where its `authenticate` uses it, that is its place; else it goes where RFC 6750 says, beside the rest."""
    document = {"name": "demoApi", "extends": ["oAuth2Api"], "authenticate": {"type": "generic", "properties": part}}
    kind = inherited(CredentialType.model_validate(document), TYPES)
    injection = await session_of(kind, OAUTH2).injection(TokenEndpoint().send)
    assert injection.headers == ({"authorization": "OAuth token-1"} if put_there is None else put_there)
    assert injection.qs == ({"access_token": "token-1"} if "qs" in part else {})


async def test_certificates_of_the_token_endpoint_may_go_unchecked() -> None:
    """n8n's `ignoreSSLIssues`."""
    endpoint = TokenEndpoint()
    await session_of(TYPES["oAuth2Api"], {**OAUTH2, "ignoreSSLIssues": True}).injection(endpoint.send)
    assert not endpoint.requests[0].verify


@pytest.mark.parametrize(
    ("token_type", "scheme"),
    [("bearer", "Bearer"), ("BEARER", "Bearer"), (None, "Bearer"), ("Zoho-token", "Zoho-token")],
)
async def test_the_token_type_is_the_scheme(token_type: str | None, scheme: str) -> None:
    """RFC 6749 section 7.1."""
    endpoint = TokenEndpoint()
    endpoint.answers = [answer({"access_token": "t-1", "token_type": token_type})]
    injection = await session_of(TYPES["oAuth2Api"], OAUTH2).injection(endpoint.send)
    assert injection.headers == {"Authorization": f"{scheme} t-1"}


@pytest.mark.parametrize("token_type", ["DPoP", "mac", "two words", "x\ny"])
async def test_a_token_that_is_not_enough_by_itself_is_refused(token_type: str) -> None:
    """Those want a proof with every request."""
    endpoint = TokenEndpoint()
    endpoint.answers = [answer({"access_token": "canary-43", "token_type": token_type})]
    with pytest.raises(CredentialError, match="not a bearer token") as caught:
        await session_of(TYPES["oAuth2Api"], OAUTH2).injection(endpoint.send)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grantType": "clientCredential"}, "'clientCredentials'"),
        ({"authentication": "heder"}, "'header'"),
        ({"accessTokenUrl": "/token"}, "token endpoint"),
        ({"grantType": "pkce", "authUrl": "example.com/auth"}, "signs in"),
        ({"grantType": "pkce"}, "lacks authUrl"),
        ({"grantType": "pkce", "authUrl": "https://a", "authQueryParameters": "a=b&state=1"}, "'state'"),
        ({"oauthTokenData": "canary-44"}, "JSON object"),
        ({"clientSecret": None}, "lacks clientSecret"),
    ],
)
def test_fields_that_do_not_fit_are_refused(change: dict[str, Any], said: str) -> None:
    """With the nearest name where one is to be chosen."""
    with pytest.raises(CredentialError) as caught:
        session_of(TYPES["oAuth2Api"], {**OAUTH2, **change})
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)
