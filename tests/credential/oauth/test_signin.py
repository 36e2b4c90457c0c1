"""A sign-in without a browser: PKCE, state, the address to visit, and the address the browser came back to."""

from __future__ import annotations

import pickle
import string
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import SignIn
from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token
from nodeloom.credential.oauth.signin import challenge_of, new_verifier
from nodeloom.errors import AuthenticationError, CredentialError, NetworkError
from nodeloom.messages import Request, Response
from nodeloom.printable import escaped
from nodeloom.redaction import Secret
from tests.credential.helpers import answer

REDIRECT = "http://127.0.0.1:8765/callback"
TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
UNRESERVED = set(string.ascii_letters + string.digits + "-._~")


def client(**more: object) -> OAuth2Client:
    fields = {"auth_url": "https://auth/authorize", "grant": "authorization_code", **more}
    return OAuth2Client("https://auth/token", "me", Secret("canary-50"), **fields)  # type: ignore[arg-type]


def state_of(sign_in: SignIn) -> str:
    return parse_qs(urlsplit(sign_in.url).query)["state"][0]


def test_the_challenge_is_the_one_of_the_standard() -> None:
    """RFC 7636 appendix B."""
    assert (
        challenge_of(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def test_verifier_and_state_are_new_for_every_attempt() -> None:
    """At least 256 bits, 43 to 128 unreserved characters (RFC 7636 section 4.1)."""
    verifiers = {new_verifier().reveal() for _ in range(100)}
    assert len(verifiers) == 100
    assert all(43 <= len(v) <= 128 and set(v) <= UNRESERVED for v in verifiers)
    states = {state_of(SignIn(client(), REDIRECT)) for _ in range(100)}
    assert len(states) == 100


@given(TEXT, TEXT, st.sampled_from(["", "?", "?a=b", "?a=b&c=%26", "#top"]))
def test_the_address_carries_any_text(client_id: str, scope: str, tail: str) -> None:
    """RFC 6749 section 4.1.1: the endpoint's own query stays, its fragment does not."""
    sign_in = SignIn(OAuth2Client("https://t", client_id, scope=scope, auth_url=f"https://auth/a{tail}"), REDIRECT)
    assert sign_in.url.isascii()
    parts = urlsplit(sign_in.url)
    assert (parts.netloc, parts.path, parts.fragment) == ("auth", "/a", "")
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    own = dict(parse_qsl(urlsplit(f"https://auth/a{tail}").query))
    assert own.items() <= query.items()
    assert query["client_id"] == client_id
    assert query["scope"] == scope
    assert query["redirect_uri"] == REDIRECT
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43


def test_further_parameters_go_over_the_scope() -> None:
    """Some services want scopes under another name, or parted otherwise."""
    sign_in = SignIn(client(scope="a b", auth_parameters=(("scope", "a,b"), ("prompt", ""))), REDIRECT)
    query = parse_qs(urlsplit(sign_in.url).query, keep_blank_values=True)
    assert query["scope"] == ["a,b"]
    assert query["prompt"] == [""]


@given(TEXT)
def test_any_code_comes_through(code: str) -> None:
    """As the service encodes it; further parameters do not matter (RFC 6749 section 4.1.2)."""
    sign_in = SignIn(client(), REDIRECT)
    query = urlencode({"session": "1", "code": code, "state": state_of(sign_in)})
    assert sign_in.code(f"{REDIRECT}?{query}").reveal() == code
    assert sign_in.code(f"/callback?{query}").reveal() == code


@given(st.text() | st.builds(urlencode, st.lists(st.tuples(st.sampled_from(["code", "state", "error"]), st.text()))))
def test_no_other_redirect_does(query: str) -> None:
    """Whatever stands in it, the state is not the one that was sent."""
    with pytest.raises(CredentialError, match="another sign-in"):
        SignIn(client(), REDIRECT).code(f"/callback?{query}")


@pytest.mark.parametrize("host", ["http://[half", "//[", "http://a]b"])
def test_whose_address_it_is_does_not_matter(host: str) -> None:
    with pytest.raises(CredentialError, match="another sign-in"):
        SignIn(client(), REDIRECT).code(f"{host}/callback?state=x&code=y")


@given(TEXT, st.none() | st.text())
def test_a_denial_is_told_in_the_services_words(error: str, description: str | None) -> None:
    """RFC 6749 section 4.1.2.1; control characters do not reach the terminal."""
    sign_in = SignIn(client(), REDIRECT)
    words = {"error": error, "state": state_of(sign_in)} | (
        {} if description is None else {"error_description": description}
    )
    with pytest.raises(CredentialError, match="sign") as caught:
        sign_in.code(f"/callback?{urlencode(words, errors='surrogatepass')}")
    assert escaped(caught.value.message) == caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("tail", ["", "&code=", "&code=a&code=b"])
def test_a_redirect_without_one_code_is_refused(tail: str) -> None:
    """A parameter stands once (RFC 6749 section 3.1)."""
    sign_in = SignIn(client(), REDIRECT)
    with pytest.raises(CredentialError, match="without an authorization code"):
        sign_in.code(f"/callback?state={state_of(sign_in)}{tail}")


@pytest.mark.anyio
@pytest.mark.parametrize("canary", ["canary-51", "canary/+ é&=51"])
async def test_the_exchange_sends_the_verifier_and_shows_nothing(canary: str) -> None:
    """RFC 7636 section 4.5; not repeatable, since a code is good once. Code and verifier are masked in every form."""
    sent: list[Request] = []
    sign_in = SignIn(client(), REDIRECT)

    async def refuse(request: Request) -> Response:
        sent.append(request)
        return answer({"error": "invalid_grant", "error_description": (request.body or b"").decode() + canary}, 400)

    async def fail(request: Request) -> Response:
        raise NetworkError(f"lost {(request.body or b'').decode()} {canary}")

    async def accept(request: Request) -> Response:
        return answer({"access_token": "a"})

    with pytest.raises(AuthenticationError) as refused:
        await sign_in.token(Secret(canary), refuse, lambda: 0.0)
    with pytest.raises(NetworkError) as lost:
        await sign_in.token(Secret(canary), fail, lambda: 0.0)
    form = parse_qs((sent[0].body or b"").decode())
    challenge = parse_qs(urlsplit(sign_in.url).query)["code_challenge"][0]
    assert challenge_of(Secret(form["code_verifier"][0])) == challenge
    assert form["code"] == [canary]
    assert form["redirect_uri"] == [REDIRECT]
    assert not sent[0].idempotent
    for error in (refused.value, lost.value):
        shown = f"{error} {error.to_dict()}"
        assert "canary" not in shown
        assert form["code_verifier"][0] not in shown
    assert (await sign_in.token(Secret("code"), accept, lambda: 0.0)).text.reveal() == "a"


@pytest.mark.parametrize(
    ("asked", "given_scope", "scope", "withheld"),
    [
        ("a b", None, "a b", ()),
        ("a b", "a", "a", ("b",)),
        ("a b", "b,a,c", "b,a,c", ()),
        (None, None, None, ()),
        (None, "x", "x", ()),
    ],
)
def test_what_was_granted_is_told(
    asked: str | None, given_scope: str | None, scope: str | None, withheld: tuple[str, ...]
) -> None:
    """RFC 6749 section 5.1: without a scope in the answer, what was asked for."""
    granted = SignIn(client(scope=asked), REDIRECT).granted(Token(Secret("t"), float("inf"), None, given_scope))
    assert (granted.scope, granted.withheld) == (scope, withheld)
    assert (granted.expires_at, granted.refreshable) == (None, False)


def test_a_sign_in_shows_and_hands_over_no_secret() -> None:
    """Not by repr, not by pickle."""
    sign_in = SignIn(client(), REDIRECT)
    assert "canary" not in repr(sign_in)
    assert state_of(sign_in) not in repr(sign_in)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(sign_in)
