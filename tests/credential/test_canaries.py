"""A service that repeats everything it is sent: no secret reaches an error, a log or a result in any form."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from nodeloom.credential import CredentialSession, FileProvider, TokenStore
from nodeloom.errors import NetworkError, NodeloomError
from nodeloom.messages import Request, Response
from nodeloom.redaction import Secret
from tests.credential.helpers import answer
from tests.credential.test_inheritance import OAUTH2

pytestmark = pytest.mark.anyio

SECRETS = ["canary-70", "canary/+=70 ü&é", "canary\"\\70'", "canary:%70"]


def echo_of(request: Request) -> str:
    """What was sent: as it came, decoded, and the client's secret taken out of its header."""
    body = (request.body or b"").decode()
    said = [body, unquote_plus(body), quote(body)]
    for value in request.headers.values():
        said += [value, quote_plus(value)]
        scheme, _, encoded = value.partition(" ")
        if scheme == "Basic":
            said += [encoded, base64.b64decode(encoded).decode(), unquote_plus(base64.b64decode(encoded).decode())]
    return " | ".join(said)


def session(path: Path, secret: str, **change: Any) -> CredentialSession:
    place = FileProvider(path / "credentials.toml")
    tokens = {"access_token": f"{secret}-access", "refresh_token": f"{secret}-refresh", "expires_at": 1}
    fields = {
        "authUrl": "https://auth/authorize",
        "accessTokenUrl": "https://auth/token",
        "clientId": "me",
        "clientSecret": secret,
        "oauthTokenData": tokens,
        **change,
    }
    place.put("office", "oAuth2Api", fields)
    stored = place.find("oAuth2Api", "office")
    assert stored is not None
    return CredentialSession(OAUTH2, stored, tokens=TokenStore())


@pytest.mark.slow
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("authentication", ["header", "body"])
@pytest.mark.parametrize("grant", ["clientCredentials", "authorizationCode", "pkce"])
async def test_no_token_request_that_fails_shows_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, grant: str, authentication: str, secret: str
) -> None:
    """Refused, answered with nonsense, or without an answer; before and after a 401."""
    caplog.set_level(logging.DEBUG)
    opened = session(tmp_path, secret, grantType=grant, authentication=authentication)

    async def refuse(request: Request) -> Response:
        said = echo_of(request)
        return answer({"error": said, "error_description": said}, 400, said)

    async def fail(request: Request) -> Response:
        raise NetworkError(f"lost: {echo_of(request)}", value=echo_of(request), origin=echo_of(request))

    async def babble(request: Request) -> Response:
        return Response(200, {"content-type": "text/html"}, echo_of(request).encode(), echo_of(request))

    for send in (fail, babble, refuse):
        with pytest.raises(NodeloomError) as caught:
            await opened.injection(send)
        assert_silent(caught.value)
    sign_in = None if grant == "clientCredentials" else opened.sign_in("http://127.0.0.1:1/callback")
    for send in (fail, babble, refuse):
        if sign_in is not None:
            with pytest.raises(NodeloomError) as caught:
                await opened.finish(sign_in, Secret(f"{secret}-code"), send)
            assert_silent(caught.value)
    assert "canary" not in caplog.text


def assert_silent(error: NodeloomError) -> None:
    shown = f"{error} {error!r} {json.dumps(error.to_dict())} {error.__cause__!r}"
    assert "canary" not in shown
    # `canary` in base64, at each of the three places it can begin.
    for prefix in ("", "a", "aa"):
        inner = base64.b64encode(f"{prefix}canary".encode()).decode()[4 if prefix else 0 : 8]
        assert inner not in shown
