"""A user's sign-in by authorization code: RFC 6749 section 4.1, with PKCE (RFC 7636), without a socket or a browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qs, urlencode

from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token, read_token
from nodeloom.errors import CredentialError, NodeloomError, preview
from nodeloom.messages import Request, Response
from nodeloom.redaction import Masker, Secret, refuse_pickling, texts_of


def new_verifier() -> Secret[str]:
    """A code verifier: 43 characters with 256 random bits (RFC 7636 section 4.1)."""
    return Secret(secrets.token_urlsafe(32))


def challenge_of(verifier: Secret[str]) -> str:
    """The code challenge of a verifier by the method S256 (RFC 7636 section 4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class Granted:
    """What a sign-in brought, without the tokens themselves.

    `scope` is what was granted, if that is known; `withheld` what was asked for besides. `expires_at` is when the
    access token is renewed, in seconds since the epoch; None when only a refusal will tell.
    """

    scope: str | None
    withheld: tuple[str, ...]
    expires_at: float | None
    refreshable: bool


class SignIn:
    """One attempt of a user to sign in: send them to `url`, and give `code` what they were redirected to.

    Every attempt has a state and a verifier of its own. Its values are shown by no `repr` and not pickled.
    """

    def __init__(self, client: OAuth2Client, redirect_uri: str) -> None:
        self._client = client
        self._redirect_uri = redirect_uri
        self._state = Secret(secrets.token_urlsafe(32))
        self._verifier = new_verifier()

    def __repr__(self) -> str:
        return f"SignIn(auth_url={self._client.auth_url!r}, client_id={self._client.client_id!r})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    @property
    def url(self) -> str:
        """Where the user signs in (RFC 6749 section 4.1.1)."""
        # PKCE for both grants: a program on a user's machine must use it (RFC 8252 section 6), and a service that does
        # not know it ignores it (RFC 6749 section 3.1).
        parameters = [
            ("response_type", "code"),
            ("client_id", self._client.client_id),
            ("redirect_uri", self._redirect_uri),
            *([("scope", self._client.scope)] if self._client.scope else []),
            ("state", self._state.reveal()),
            ("code_challenge", challenge_of(self._verifier)),
            ("code_challenge_method", "S256"),
        ]
        asked = {name for name, _ in self._client.auth_parameters}
        pairs = [pair for pair in parameters if pair[0] not in asked] + list(self._client.auth_parameters)
        address, _, _fragment = self._client.auth_url.partition("#")
        path, _, query = address.partition("?")
        return f"{path}?{query}{'&' if query else ''}{urlencode(pairs)}"

    def code(self, target: str) -> Secret[str]:
        """The authorization code in the address the user was redirected to (RFC 6749 sections 4.1.2 and 4.1.2.1).

        Raises CredentialError when it belongs to another sign-in, when the service or the user refused, and when there
        is no code in it.
        """
        # Not `urlsplit`, which raises for a host it cannot read: whose it is does not matter here.
        given = parse_qs(target.partition("#")[0].partition("?")[2], keep_blank_values=True)
        single = {name: values[0] for name, values in given.items() if len(values) == 1}
        if not hmac.compare_digest(
            single.get("state", "").encode("utf-8", "surrogatepass"), self._state.reveal().encode("ascii")
        ):
            raise CredentialError(
                "The browser came back from another sign-in: the state is not the one that was sent.",
                hint="Close other sign-in windows, and try again. Nothing was stored.",
            )
        if "error" in single:
            raise _denied(single["error"], single.get("error_description"))
        code = single.get("code")
        if not code:
            raise CredentialError(
                "The service redirected the browser without an authorization code.",
                hint="Check the authorization URL of the credential.",
            )
        return Secret(code)

    def granted(self, token: Token) -> Granted:
        """What `token` allows; a service that does not say grants what was asked for (RFC 6749 section 5.1)."""
        asked = self._client.scope
        # Some services part scopes by commas.
        given = (token.scope or asked or "").replace(",", " ").split()
        return Granted(
            scope=token.scope or asked,
            withheld=tuple(name for name in (asked or "").split() if name not in given),
            expires_at=token.expires_at if math.isfinite(token.expires_at) else None,
            refreshable=token.refresh_token is not None,
        )

    async def token(
        self, code: Secret[str], send: Callable[[Request], Awaitable[Response]], now: Callable[[], float]
    ) -> Token:
        """Exchange the code. Raises ResponseError with the service's own words, and what `send` raises."""
        try:
            response = await send(self._client.code_request(code, self._redirect_uri, self._verifier))
            return read_token(response, now(), url=self._client.token_url)
        except NodeloomError as error:
            held = [code, self._verifier, self._state, self._client.client_secret]
            error.mask(Masker([*texts_of(held), *self._client.secrets()]))
            if error.details.get("serviceCode") == "invalid_grant":
                error.hint = "A code is good for a short time and one exchange: sign in again."
            raise


def _denied(code: str, words: str | None) -> CredentialError:
    said = preview(code) + (f": {preview(words).rstrip('.')}" if words else "")
    if code == "access_denied":
        return CredentialError(
            f"The sign-in was refused ({said}).", hint="Sign in again and allow it. Nothing was stored."
        )
    hints = {
        "invalid_scope": "Check the scope of the credential.",
        "unauthorized_client": "Check that the client may use the authorization code grant.",
        "server_error": "The service is in trouble; try again later.",
        "temporarily_unavailable": "The service is in trouble; try again later.",
    }
    return CredentialError(
        f"The service did not let the user sign in ({said}).",
        hint=hints.get(code, "Check client ID, scope and authorization URL of the credential."),
    )
