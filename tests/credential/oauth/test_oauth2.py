"""The token request, and what its answer means, without a socket."""

from __future__ import annotations

import base64
import math
import pickle
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential.oauth.oauth2 import OAuth2Client, jwt_claims, read_token
from nodeloom.errors import (
    AuthenticationError,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
)
from nodeloom.messages import Response
from nodeloom.redaction import Secret
from tests.credential.helpers import answer, jwt

NOW = 1_700_000_000.0
URL = "https://pbx/connect/token"
TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(TEXT, TEXT)
def test_the_form_carries_client_and_secret(client_id: str, secret: str) -> None:
    """RFC 6749 section 4.4.2, the client in the body; any text survives the form."""
    request = OAuth2Client(URL, client_id, Secret(secret)).client_credentials_request()
    form = parse_qs((request.body or b"").decode("ascii"), strict_parsing=True, keep_blank_values=True)
    assert form == {"client_id": [client_id], "client_secret": [secret], "grant_type": ["client_credentials"]}
    assert (request.method, request.url, request.follow_redirects) == ("POST", URL, False)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.credential_headers == frozenset()


@given(TEXT, TEXT)
def test_the_client_may_stand_in_a_header(client_id: str, secret: str) -> None:
    """RFC 6749 section 2.3.1: form-encoded, then basic authentication; the secret is not in the body then."""
    client = OAuth2Client(URL, client_id, Secret(secret), scope="a b", authentication="header")
    request = client.client_credentials_request()
    encoded = request.headers["Authorization"].removeprefix("Basic ")
    user, _, password = base64.b64decode(encoded).decode().partition(":")
    assert (unquote_plus(user), unquote_plus(password)) == (client_id, secret)
    assert parse_qs((request.body or b"").decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    assert request.credential_headers == {"authorization"}
    assert set(client.secrets()) == {secret, encoded}


def life(document: dict[str, Any]) -> float:
    return read_token(answer({"access_token": "opaque", **document}), NOW).expires_at - NOW


@pytest.mark.parametrize(
    ("expires_in", "expected"),
    [(3600, 3570.0), (60, 54.0), ("60", 54.0), (1.0, 0.9), (300, 270.0)],
)
def test_expires_in_is_read_as_seconds_with_a_margin(expires_in: Any, expected: float) -> None:
    """30 s or a tenth of it, whichever is less; 60 may have meant minutes, the shorter reading is the safe one."""
    assert life({"expires_in": expires_in}) == pytest.approx(expected)


@pytest.mark.parametrize("expires_in", [None, 0, -5, "soon", True, "nan", "1e999", [], {}])
def test_without_a_usable_expires_in_the_token_lasts_until_it_is_refused(expires_in: Any) -> None:
    """It is optional (RFC 6749 section 5.1)."""
    assert life({"expires_in": expires_in}) == math.inf


def test_a_jwt_says_itself_when_it_ends() -> None:
    """60 minutes by `exp`, whatever unit `expires_in` is in."""
    for expires_in in (60, 3600, None):
        document = {"access_token": jwt(exp=NOW + 3600), "expires_in": expires_in}
        assert life(document) == pytest.approx(3570.0)


def test_a_jwt_that_seems_over_already_means_a_wrong_clock() -> None:
    """Its length is used, so that not every item fetches a token."""
    document = {"access_token": jwt(iat=NOW - 7200, exp=NOW - 3600), "expires_in": 60}
    assert life(document) == pytest.approx(3570.0)
    assert life({"access_token": jwt(exp=NOW - 3600), "expires_in": 60}) == pytest.approx(54.0)


@pytest.mark.parametrize("exp", ["soon", None, True, [], -1, 0, float("inf")])
def test_a_jwt_without_a_usable_exp_is_read_by_expires_in(exp: Any) -> None:
    """The decoding is tolerant."""
    assert life({"access_token": jwt(exp=exp), "expires_in": 60}) == pytest.approx(54.0)


@given(st.text() | st.builds(".".join, st.lists(st.text(), min_size=3, max_size=3)))
def test_any_text_may_be_a_token(text: str) -> None:
    """Reading claims never fails."""
    assert isinstance(jwt_claims(text), dict)


def test_the_services_own_words_are_passed_on() -> None:
    """RFC 6749 section 5.2: `error` and `error_description`."""
    response = answer({"error": "invalid_client", "error_description": "Unknown client."}, 401, "Unauthorized")
    with pytest.raises(AuthenticationError, match="invalid_client: Unknown client") as caught:
        read_token(response, NOW, url=URL)
    assert caught.value.details == {
        "status": 401,
        "method": "POST",
        "url": URL,
        "serviceCode": "invalid_client",
        "serviceMessage": "Unknown client.",
    }


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({}, 400), AuthenticationError),
        (answer({"error": ["x"], "error_description": 5}, 403), AuthenticationError),
        (Response(404, {}, b"<html>"), AuthenticationError),
        (Response(405, {}, b""), AuthenticationError),
        (Response(302, {"location": "https://other"}, b""), UnexpectedRedirectError),
        (Response(429, {}, b""), RateLimitedError),
        (Response(503, {}, b"down"), ServerError),
        (answer({"error": "invalid_request"}), AuthenticationError),
        (answer({"access_token": ""}), UnreadableAnswerError),
        (answer({"access_token": 5}), UnreadableAnswerError),
        (answer(["canary-11"]), UnreadableAnswerError),
        (Response(200, {"content-type": "text/html"}, b"<html>canary-11"), UnreadableAnswerError),
        (Response(200, {}, b"\xff\xfe"), UnreadableAnswerError),
    ],
)
def test_an_answer_without_a_token_is_an_error_of_its_status(response: Response, kind: type[ResponseError]) -> None:
    """Never NotFoundError: a repeated DELETE would take that for done. What came instead is not repeated."""
    with pytest.raises(ResponseError) as caught:
        read_token(response, NOW, url=URL)
    assert type(caught.value) is kind
    assert not isinstance(caught.value, NotFoundError)
    assert caught.value.status == response.status
    assert "canary" not in str(caught.value)


def test_neither_client_nor_token_show_a_secret() -> None:
    """Not by repr, not by pickle."""
    client = OAuth2Client(URL, "me", Secret("canary-12"))
    token = read_token(answer({"access_token": "canary-12", "refresh_token": "canary-12"}), NOW)
    for thing in (client, token):
        assert "canary" not in f"{thing!r} {thing}"
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(thing)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"]
)
def test_a_token_may_be_answered_as_a_form(kind: str) -> None:
    """As GitHub does where nothing else is asked for, and n8n reads it."""
    body = b"access_token=gho_a%2Fb%2B1&scope=repo%2Cgist&token_type=bearer&expires_in=3600&refresh_token=r+1"
    token = read_token(Response(200, {"content-type": kind}, body), NOW)
    assert token.text.reveal() == "gho_a/b+1"
    assert token.scope == "repo,gist"
    assert token.refresh_token is not None
    assert token.refresh_token.reveal() == "r 1"
    assert token.expires_at == NOW + 3600 - 30
    assert token.token_type == "Bearer"


def test_a_refusal_may_be_answered_as_a_form() -> None:
    body = b"error=bad_verification_code&error_description=The+code+is+incorrect."
    for status in (200, 400):
        with pytest.raises(AuthenticationError, match="The code is incorrect") as caught:
            read_token(Response(status, {"content-type": "application/x-www-form-urlencoded"}, body), NOW, url=URL)
        assert caught.value.details["serviceCode"] == "bad_verification_code"


def test_a_form_without_a_token_is_unreadable() -> None:
    with pytest.raises(UnreadableAnswerError):
        read_token(Response(200, {"content-type": "application/x-www-form-urlencoded"}, b"a=1"), NOW, url=URL)
    many = Response(200, {"content-type": "application/x-www-form-urlencoded"}, b"a&" * 5000)
    with pytest.raises(UnreadableAnswerError):
        read_token(many, NOW, url=URL)
