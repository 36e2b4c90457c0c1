"""The token endpoint: OAuth's shapes, one token a client, both units of `expires_in`."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import httpx
import pytest

from nodeloom.testing import ThreeCXSandbox
from nodeloom.testing.threecx.tokenendpoint import TokenAnswer, TokenIssuer
from tests.testing.conftest import Connect, fetch_token

FORM = "application/x-www-form-urlencoded"


def grant(issuer: TokenIssuer, **fields: str) -> TokenAnswer:
    form = {"client_id": "me", "client_secret": "s3cret", "grant_type": "client_credentials", **fields}
    return issuer.grant(urlencode(form).encode(), FORM, None)


def bearer(answer: TokenAnswer) -> str:
    return f"Bearer {answer.document['access_token']}"


def test_a_token_is_good_until_its_lifetime_ends() -> None:
    now = [1000.0]
    issuer = TokenIssuer("me", "s3cret", lifetime=60, clock=lambda: now[0])
    header = bearer(grant(issuer))
    now[0] = 1059.9
    assert issuer.is_good(header)
    assert issuer.is_good(header.replace("Bearer", "bearer"))
    now[0] = 1060.0
    assert not issuer.is_good(header)


def test_a_second_token_ends_the_first() -> None:
    issuer = TokenIssuer("me", "s3cret")
    first, second = bearer(grant(issuer)), bearer(grant(issuer))
    assert not issuer.is_good(first)
    assert issuer.is_good(second)
    assert issuer.issued == 2


@pytest.mark.parametrize(("unit", "value"), [("seconds", 3600), ("minutes", 60)])
def test_expires_in_has_the_unit_of_the_release(unit: str, value: int) -> None:
    answer = grant(TokenIssuer("me", "s3cret", unit=unit))
    assert answer.document["expires_in"] == value
    assert answer.document["token_type"] == "Bearer"
    assert answer.document["refresh_token"] is None


def test_a_jwt_tells_when_it_ends() -> None:
    answer = grant(TokenIssuer("me", "s3cret", lifetime=90, jwt=True, clock=lambda: 1000.0))
    head, claims, signature = answer.document["access_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"] == 1090
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_refusal_has_the_shape_of_oauth(fields: dict[str, str], error: str) -> None:
    issuer = TokenIssuer("me", "s3cret")
    answer = grant(issuer, **fields)
    assert answer.status == 400
    assert answer.document["error"] == error
    assert answer.document["error_description"]
    assert issuer.issued == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"client_id": "me"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type", FORM),
        (b"\xff", FORM),
        (b"", FORM),
        (b"", None),
    ],
)
def test_what_is_no_form_is_an_invalid_request(body: bytes, content_type: str | None) -> None:
    answer = TokenIssuer("me", "s3cret").grant(body, content_type, None)
    assert (answer.status, answer.document["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("pair", "status"),
    [(b"me:s3cret", 200), (b"m%65:s3cret", 200), (b"me:wrong", 401), (b"me", 401), (b"\xff", 401)],
)
def test_the_client_may_come_in_basic_authentication(pair: bytes, status: int) -> None:
    header = "Basic " + base64.b64encode(pair).decode()
    answer = TokenIssuer("me", "s3cret").grant(b"grant_type=client_credentials", FORM, header)
    assert answer.status == status
    assert (("WWW-Authenticate", 'Basic realm="3CX"') in answer.headers) is (status == 401)


def test_the_fixed_bearer_is_good_besides() -> None:
    issuer = TokenIssuer("me", "s3cret", fixed="fixed")
    header = bearer(grant(issuer))
    issuer.expire()
    assert issuer.is_good("Bearer fixed")
    assert not issuer.is_good(header)
    for wrong in (None, "", "Bearer", "Bearer ", "Basic fixed", "fixed", "Bearer Fixed"):
        assert not issuer.is_good(wrong)


def test_without_a_good_token_the_api_answers_401(sandbox: ThreeCXSandbox) -> None:
    with httpx.Client(base_url=sandbox.server_url, trust_env=False) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            for path in ("/xapi/v1/Defs", "/xapi/v1/Nope", "/xapi/v1/WebsiteLinks(x"):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["x-3cx-version"] == "20.0.10"
                assert answer.json()["error"]["message"]


def test_expired_tokens_are_401_until_a_new_one_is_fetched(sandbox: ThreeCXSandbox, connect: Connect) -> None:
    client = connect(sandbox)
    assert client.get("Defs").status_code == 200
    sandbox.expire_tokens()
    assert client.get("Defs").status_code == 401
    client.headers["Authorization"] = f"Bearer {fetch_token(sandbox)}"
    assert client.get("Defs").status_code == 200
    assert sandbox.tokens_issued == 2


def test_the_token_endpoint_takes_post_only(sandbox: ThreeCXSandbox) -> None:
    with httpx.Client(base_url=sandbox.server_url, trust_env=False) as client:
        answer = client.get("/connect/token")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        wrong = client.post("/connect/token", data={"grant_type": "client_credentials", "client_id": "x"})
        assert wrong.json()["error"] == "invalid_client"
        assert wrong.headers["cache-control"] == "no-store"
