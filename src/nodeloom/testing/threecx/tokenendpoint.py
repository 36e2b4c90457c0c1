"""`POST /connect/token`: OAuth 2 client credentials (RFC 6749, 4.4) as 3CX grants them.

A client has one token: a second one ends the first. `expires_in` is in minutes before 3CX 20.0.9 and in seconds
since; the token lives equally long either way.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, unquote_plus

from nodeloom.values import Json, JsonObject

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Status, JSON document and further headers of an answer of the token endpoint."""

    status: int
    document: Mapping[str, Json]
    headers: tuple[tuple[str, str], ...] = ()


class TokenIssuer:
    """Issues bearer tokens to one client and says which are good.

    Args:
        client_id: of the one client.
        client_secret: of the one client.
        lifetime: of a token, in seconds.
        unit: of `expires_in`: "seconds" or "minutes".
        fixed: a bearer that is always good.
        jwt: whether tokens are JSON Web Tokens whose `exp` tells the lifetime; without it they are opaque.
        clock: gives seconds since the epoch.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        lifetime: float = 3600.0,
        unit: str = "seconds",
        fixed: str | None = None,
        jwt: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = (client_id, client_secret)
        self._lifetime = lifetime
        self._unit = unit
        self._fixed = fixed
        self._jwt = jwt
        self._clock = clock
        self._signing_key = secrets.token_bytes(32)
        self._token: str | None = None
        self._expires = 0.0
        self.issued = 0

    def is_good(self, authorization: str | None) -> bool:
        """Whether an Authorization header carries a token that is good now."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return False
        if self._fixed is not None and _is_same(token, self._fixed):
            return True
        return self._token is not None and _is_same(token, self._token) and self._clock() < self._expires

    def expire(self) -> None:
        """End the token that is out, if there is one; the fixed bearer stays good."""
        self._token = None

    def grant(self, body: bytes, content_type: str | None, authorization: str | None) -> TokenAnswer:
        """Answer a token request: the client in the form, or in HTTP Basic authentication."""
        if (content_type or "").partition(";")[0].strip().lower() != _FORM:
            return _refuse("invalid_request", f"The request must be {_FORM}.")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
        except ValueError as error:
            return _refuse("invalid_request", f"The form cannot be read: {error}.")
        form = dict(pairs)
        # RFC 6749, 3.2: a parameter must not be given twice.
        if len(form) != len(pairs):
            return _refuse("invalid_request", "A form field is given twice.")
        basic = _basic(authorization)
        client = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        if not form.get("grant_type"):
            return _refuse("invalid_request", "The form has no grant_type.")
        if form["grant_type"] != "client_credentials":
            return _refuse("unsupported_grant_type", "This server grants client_credentials only.")
        if not all(_is_same(given, known) for given, known in zip(client, self._client, strict=True)):
            # RFC 6749, 5.2: 401 and a challenge only if the client came in the header.
            challenge = (("WWW-Authenticate", 'Basic realm="3CX"'),) if basic else ()
            text = "There is no client of this client_id and client_secret."
            return _refuse("invalid_client", text, 401 if basic else 400, challenge)
        return TokenAnswer(200, self._issue())

    def _issue(self) -> JsonObject:
        now = self._clock()
        self.issued += 1
        self._expires = now + self._lifetime
        self._token = self._sign(now) if self._jwt else secrets.token_urlsafe(32)
        expires_in = self._lifetime if self._unit == "seconds" else self._lifetime / 60
        return {
            "token_type": "Bearer",
            "expires_in": max(1, round(expires_in)),
            "access_token": self._token,
            "refresh_token": None,
        }

    def _sign(self, now: float) -> str:
        claims = {"iat": int(now), "exp": int(self._expires), "jti": secrets.token_hex(8), "client_id": self._client[0]}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{signed}.{_base64url(hmac.digest(self._signing_key, signed.encode(), sha256))}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _is_same(given: str, known: str) -> bool:
    # In constant time, so that the sandbox is not a bad example.
    return hmac.compare_digest(given.encode(), known.encode())


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Client and secret out of HTTP Basic, form-decoded as RFC 6749 2.3.1 has them; None without it."""
    scheme, _, data = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, client_secret = base64.b64decode(data, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return unquote_plus(client_id), unquote_plus(client_secret)


def _refuse(code: str, description: str, status: int = 400, headers: tuple[tuple[str, str], ...] = ()) -> TokenAnswer:
    return TokenAnswer(status, {"error": code, "error_description": description}, headers)
