"""OAuth 2.0 (RFC 6749) without a socket: token requests, and what their answers mean."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn
from urllib.parse import parse_qsl, quote_plus, urlencode

from nodeloom.errors import (
    AuthenticationError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedRedirectError,
    UnreadableAnswerError,
    preview,
)
from nodeloom.jsonreading import ANY_JSON
from nodeloom.messages import Request, Response
from nodeloom.redaction import MaskedTexts, MaskedValues, Secret, refuse_pickling
from nodeloom.values import JsonObject

_MARGIN_SECONDS = 30.0
_MARGIN_SHARE = 0.1
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000

Grant = Literal["client_credentials", "authorization_code", "pkce"]


@dataclass(frozen=True, slots=True, repr=False)
class OAuth2Client:
    """A client of an authorization server; every text is resolved already.

    `authentication` says where its secret stands, `body` or `header`. With the grants `authorization_code` and `pkce`
    a user signs in at `auth_url`, which is given `auth_parameters` as well. `user` tells the clients' users apart:
    a digest of the tokens a user began with. `verify` says whether the service's certificate is checked, and `way`
    what else decides who answers at `token_url`: unchecked, or another way, the same address may be another server.
    `more` are further parameters of a request for the client itself, such as Auth0's `audience`, and `expired` the
    statuses by which the service says that a token is no longer good.
    """

    token_url: str
    client_id: str
    client_secret: Secret[str] = Secret("")  # noqa: RUF009 - it cannot be changed
    scope: str | None = None
    authentication: str = "body"
    grant: Grant = "client_credentials"
    auth_url: str = ""
    auth_parameters: tuple[tuple[str, str], ...] = ()
    verify: bool = True
    user: bytes = b""
    way: Hashable = None
    more: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    expired: frozenset[int] = frozenset({401})

    def __repr__(self) -> str:
        return f"OAuth2Client(token_url={self.token_url!r}, client_id={self.client_id!r}, grant={self.grant!r})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)

    def secrets(self) -> MaskedTexts:
        """The secret, and the basic authentication value made of it."""
        return MaskedTexts({self.client_secret.reveal(), self._basic()} if self.client_secret else ())

    def _basic(self) -> str:
        # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret.reveal())}"
        return base64.b64encode(pair.encode("ascii")).decode("ascii")

    def client_credentials_request(self) -> Request:
        """The token request of the client itself (section 4.4.2)."""
        form = {"grant_type": "client_credentials", **dict(self.more), **self._scopes()}
        return self._request(MaskedValues(form), repeatable=True)

    def refresh_request(self, refresh_token: Secret[str]) -> Request:
        """The request for a new token in place of one that ran out (section 6)."""
        # Without `scope`, which means the same as was granted before.
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return self._request(MaskedValues(form), repeatable=True)

    def code_request(self, code: Secret[str], redirect_uri: str, verifier: Secret[str]) -> Request:
        """The request that exchanges an authorization code (section 4.1.3; RFC 7636 section 4.5).

        It is not repeated: a code is good for one exchange.
        """
        form = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": redirect_uri}
        return self._request(MaskedValues({**form, "code_verifier": verifier.reveal()}), repeatable=False)

    def _scopes(self) -> dict[str, str]:
        return {"scope": self.scope} if self.scope else {}

    def _request(self, form: Mapping[str, str | tuple[str, ...]], *, repeatable: bool) -> Request:
        """A token request. It follows no redirect: the secret is for this address only.

        Who the client is `form` cannot change, as in n8n.
        """
        headers = MaskedValues({"Content-Type": _FORM, "Accept": "application/json"})
        if self.authentication == "header" and self.client_secret:
            headers["Authorization"] = f"Basic {self._basic()}"
            client = MaskedValues()
        else:
            # A public client does not have a secret, and says who it is in the body (section 3.2.1).
            client = MaskedValues({"client_id": self.client_id})
            if self.client_secret:
                client["client_secret"] = self.client_secret.reveal()
        return Request(
            "POST",
            self.token_url,
            headers=headers,
            body=urlencode({**client, **form, **client}, doseq=True).encode("ascii"),
            follow_redirects=False,
            verify=self.verify,
            credential_headers=frozenset({"authorization"}) & {name.lower() for name in headers},
            repeatable=repeatable,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token. `expires_at` is when to fetch the next one, in seconds of the clock it was read with; infinite
    when the service did not say, and only a refusal will tell.

    `replaces` is the access token it was got in place of by a refresh. `only_here` says that its refresh token is
    kept nowhere but in memory.
    """

    text: Secret[str]
    expires_at: float
    refresh_token: Secret[str] | None = None
    scope: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a secret
    replaces: Secret[str] | None = None
    only_here: bool = False

    def __repr__(self) -> str:
        return f"Token({self.text}, expires_at={self.expires_at!r})"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)


def read_token(response: Response, now: float, *, url: str = "") -> Token:
    """The token in an answer to a token request, received at `now` (seconds since the epoch).

    Its life is what the token itself says if it is a JWT, since `expires_in` is minutes before 3CX 20.0.9 and
    seconds since; otherwise `expires_in` is taken as seconds, the shorter reading. A margin of 30 s, or a tenth of a
    shorter life, is kept. `url` stands in errors where the answer does not say its own. Raises ResponseError with the
    service's own words: AuthenticationError when the client is refused or the address is not that of a token endpoint.
    """
    if not 200 <= response.status < 300:
        raise _refusal(response, url)
    document = _document(response)
    text = document.get("access_token") if document else None
    if not isinstance(text, str) or not text:
        if document and isinstance(document.get("error"), str):
            raise _refusal(response, url)
        raise UnreadableAnswerError(
            f"The token endpoint answered {response.status} without an access token.",
            hint="Check the server address: something else than the service may be answering there.",
            **_where(response, url),
        )
    document = document or {}
    life = _life(text, document.get("expires_in"), now)
    margin = min(_MARGIN_SECONDS, life * _MARGIN_SHARE)
    refresh = _filled(document.get("refresh_token"))
    return Token(
        Secret(text),
        now + life - margin,
        None if refresh is None else Secret(refresh),
        _filled(document.get("scope")),
        scheme_of(document.get("token_type")),
    )


def scheme_of(token_type: object) -> str:
    """The scheme of the `Authorization` header for a `token_type` (RFC 6750 section 2.1; its case does not count)."""
    text = token_type.strip() if isinstance(token_type, str) else ""
    return "Bearer" if not text or text.casefold() == "bearer" else text


def _filled(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _life(text: str, expires_in: object, now: float) -> float:
    """Seconds the token will live, from now."""
    claims = jwt_claims(text)
    ends = _seconds(claims.get("exp"))
    if ends is not None:
        if ends > now:
            return ends - now
        begun = _seconds(claims.get("iat"))
        # A fresh token that is over already: this machine's clock is ahead of the service's.
        if begun is not None and ends > begun:
            return ends - begun
    life = _seconds(expires_in)
    return life if life is not None else math.inf


def _seconds(value: object) -> float | None:
    """A positive number of seconds, or None; services write it as a number or as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def jwt_claims(text: str) -> JsonObject:
    """The claims of a JWT, unverified; an empty dict if `text` is not a JWT (RFC 7519)."""
    parts = text.split(".")
    if len(parts) != 3:
        return {}
    payload = parts[1].rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims = ANY_JSON.read(raw.decode())
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _document(response: Response) -> JsonObject | None:
    try:
        if response.content_type == _FORM:
            # Not what RFC 6749 says, but what GitHub and others answer.
            text = response.body.decode("utf-8", "replace")
            return MaskedValues(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        document = response.json()
    except (ValueError, RecursionError):
        return None
    return MaskedValues(document) if isinstance(document, dict) else None


def _where(response: Response, url: str) -> JsonObject:
    return {"status": response.status, "method": "POST", "url": response.url or url or None}


def _refusal(response: Response, url: str) -> ResponseError:
    """The error for an answer that brings no token (RFC 6749 section 5.2 says what such an answer holds)."""
    document = _document(response) or {}
    code = document.get("error")
    words = document.get("error_description")
    said = [preview(part) for part in (code, words) if isinstance(part, str) and part]
    status = response.status
    kind, hint = _kind(status)
    if code == "invalid_grant":
        hint = "The sign-in is no longer good: sign in again."
    return kind(
        f"No access token: the token endpoint answered {status}{' ' + response.reason if response.reason else ''}"
        f"{': ' + ': '.join(said).rstrip('.') if said else ''}.",
        hint=response.advice(hint),
        serviceCode=code if isinstance(code, str) and code else None,
        serviceMessage=words if isinstance(words, str) and words else None,
        **_where(response, url),
    )


def _kind(status: int) -> tuple[Callable[..., ResponseError], str]:
    if status == 429:
        return RateLimitedError, "Wait, then try again."
    if status >= 500:
        return ServerError, "The service is in trouble; try again later."
    if 300 <= status < 400:
        return UnexpectedRedirectError, "Give the address the service really has; a secret does not follow a redirect."
    if status in (404, 405):
        # Not a NotFoundError: that would speak of the item's own record, and a repeated DELETE would take it for done.
        return AuthenticationError, "Check the server address of the credential: it has no token endpoint there."
    return AuthenticationError, "Check client id and secret of the credential, and that the client is still active."
