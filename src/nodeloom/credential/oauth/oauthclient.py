"""A credential type's `token` block with one credential's fields: the OAuth 2.0 client it describes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from nodeloom.credential.oauth.oauth2 import Grant, OAuth2Client, Token
from nodeloom.credential.templates import Renderer, text_of
from nodeloom.errors import CredentialError, nearest
from nodeloom.jsonreading import ANY_JSON
from nodeloom.messages import origin_of
from nodeloom.redaction import Secret, reveal
from nodeloom.values import Json

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType

_GRANTS: dict[str, Grant] = {
    "clientCredentials": "client_credentials",
    "client_credentials": "client_credentials",
    "authorizationCode": "authorization_code",
    "authorization_code": "authorization_code",
    "pkce": "pkce",
}
_MORE_PATH = "token.additionalBodyProperties"
# What a request for authorization says itself (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
_OWN_PARAMETERS = frozenset(
    {"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"}
)


def client_of(
    type: CredentialType,  # noqa: A002 - the descriptors' word
    values: Mapping[str, Json],
    renderer: Renderer,
    begun: Token | None,
) -> OAuth2Client | None:
    """The client of the type's `token` block; None when it has none, or the credential does not say who the client is.

    `begun` is the token the credential holds. Raises CredentialError for an unknown grant or way to authenticate,
    and for addresses that are not absolute.
    """
    block = type.token
    if block is None:
        return None

    def text(template: str | None, path: str) -> str:
        return renderer.text(template, values, f"token.{path}")

    grant = _choice(type, "grantType", text(block.grant_type, "grantType"), _GRANTS)
    client_id, secret = text(block.client_id, "clientId"), text(block.client_secret, "clientSecret")
    signs_in = grant != "client_credentials"
    if not client_id or (not secret and not signs_in):
        return None
    ways = {"body": "body", "header": "header"}
    return OAuth2Client(
        token_url=_address(type, "accessTokenUrl", text(block.access_token_url, "accessTokenUrl")),
        client_id=client_id,
        client_secret=Secret(secret),
        scope=" ".join(text(block.scope, "scope").split()) or None,
        authentication=_choice(type, "authentication", text(block.authentication, "authentication"), ways),
        grant=grant,
        auth_url=_address(type, "authUrl", text(block.auth_url, "authUrl")) if signs_in else "",
        auth_parameters=_parameters(type, text(block.auth_query_parameters, "authQueryParameters")) if signs_in else (),
        verify=renderer(block.skip_ssl_certificate_validation, values, "token.skipSslCertificateValidation")
        is not True,
        user=_user(begun) if signs_in else b"",
        more=() if signs_in else _more(type, renderer(block.additional_body_properties, values, _MORE_PATH)),
        expired=_statuses(type, renderer(block.token_expired_status_code, values, "token.tokenExpiredStatusCode")),
    )


def _more(type: CredentialType, given: object) -> tuple[tuple[str, str | tuple[str, ...]], ...]:  # noqa: A002 - a credential type
    """The further parameters of a token request; a list is sent entry by entry under its one name (RFC 8707).

    Raises CredentialError, without showing them, if they are not valid.
    """
    from nodeloom.expression import UNDEFINED

    if given is None or given is UNDEFINED or given == "":
        return ()
    if isinstance(given, str):
        try:
            given = ANY_JSON.read(given)
        except ValueError:
            given = None
    if not isinstance(given, Mapping) or not all(map(_is_parameter, given.values())):
        raise CredentialError(
            f"The further body properties of a credential of type {type.name!r} are not a JSON object of texts.",
            path=_MORE_PATH,
            hint='Write them like {"audience": "https://api.example.com"}.',
        )
    return tuple(
        (str(name), tuple(map(text_of, value)) if isinstance(value, list) else text_of(value))
        for name, value in given.items()
    )


def _is_parameter(value: object) -> bool:
    return all(isinstance(v, (str, int, float, bool)) for v in (value if isinstance(value, list) else [value]))


def _statuses(type: CredentialType, given: object) -> frozenset[int]:  # noqa: A002 - a credential type
    """The statuses that say that a token is no longer good. Raises CredentialError for anything else."""
    found: set[int] = set()
    for status in given if isinstance(given, (list, tuple)) else [given]:
        text = text_of(status) if isinstance(status, (str, int, float)) and not isinstance(status, bool) else ""
        if not text.strip().isdecimal() or not 400 <= int(text) <= 599:
            raise CredentialError(
                f"The status of a token that has run out, in the credential type {type.name!r}, is none.",
                path="token.tokenExpiredStatusCode",
                value=status if isinstance(status, (str, int, float)) else None,
                hint="Give a number such as 401 or 403.",
            )
        found.add(int(text))
    return frozenset(found)


def _choice(type: CredentialType, field: str, value: str, known: Mapping[str, Json]) -> Any:  # noqa: A002 - a credential type
    if value in known:
        return known[value]
    close = nearest(value, known)
    raise CredentialError(
        f"The credential type {type.name!r} knows no such {field}.",
        path=f"token.{field}",
        value=value,
        hint=f"Did you mean {close!r}?" if close else f"Known: {', '.join(known)}.",
        nearest=close,
    )


def _address(type: CredentialType, field: str, url: str) -> str:  # noqa: A002 - a credential type
    try:
        origin_of(url)
    except ValueError:
        what = "its token endpoint" if field == "accessTokenUrl" else "where the user signs in"
        raise CredentialError(
            f"The credential type {type.name!r} makes no absolute address for {what}.",
            path=f"token.{field}",
            hint="Check the credential's address field.",
        ) from None
    return url


def _parameters(type: CredentialType, text: str) -> tuple[tuple[str, str], ...]:  # noqa: A002 - a credential type
    pairs = tuple(parse_qsl(text.lstrip("?&"), keep_blank_values=True))
    taken = next((name for name, _ in pairs if name in _OWN_PARAMETERS), None)
    if taken is not None:
        raise CredentialError(
            f"The query parameter {taken!r} of a sign-in with the credential type {type.name!r} is not free.",
            path="token.authQueryParameters",
            hint="Leave it out: it is set for every sign-in.",
        )
    return pairs


def _user(begun: Token | None) -> bytes:
    if begun is None:
        return b""
    tokens = f"{begun.text.reveal()}\0{reveal(begun.refresh_token)}"
    return hashlib.sha256(tokens.encode("utf-8", "surrogatepass")).digest()
