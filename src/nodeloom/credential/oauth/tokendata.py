"""Token data, as n8n calls it: the tokens of a user who signed in, kept among the credential's fields."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from nodeloom.credential.oauth.oauth2 import Token, scheme_of
from nodeloom.jsonreading import ANY_JSON
from nodeloom.redaction import MaskedValues, Secret, reveal, texts_of
from nodeloom.values import Json, JsonObject

FIELD = "oauthTokenData"
"""n8n's name of the field."""

_OPEN = frozenset({"scope", "token_type", "expires_at", "expires_in"})


def read_data(value: object) -> Token | None:
    """The token in a credential's token data; None if it does not hold one.

    `expires_at` is seconds since the epoch, and missing if only a refusal will tell.
    """
    data = parsed(value)
    text = data.get("access_token")
    if not isinstance(text, str) or not text:
        return None
    ends = data.get("expires_at")
    known = isinstance(ends, (int, float)) and not isinstance(ends, bool)
    refresh, scope = data.get("refresh_token"), data.get("scope")
    return Token(
        Secret(text),
        float(ends) if known and ends is not None else math.inf,
        Secret(refresh) if isinstance(refresh, str) and refresh else None,
        scope if isinstance(scope, str) and scope else None,
        scheme_of(data.get("token_type")),
    )


def data_of(token: Token) -> JsonObject:
    """`token` as it is kept among a credential's fields; what is not known is left out."""
    data = {
        "access_token": token.text.reveal(),
        "refresh_token": reveal(token.refresh_token),
        "expires_at": round(token.expires_at) if math.isfinite(token.expires_at) else None,
        "scope": token.scope,
        "token_type": token.token_type,
    }
    return MaskedValues((name, value) for name, value in data.items() if value is not None)


def secret_texts(value: object) -> Iterator[str]:
    """What is secret in token data: everything but scope, type and times."""
    data = parsed(value)
    yield from texts_of({name: inner for name, inner in data.items() if name not in _OPEN})
    if isinstance(value, str):
        yield value


def parsed(value: object) -> Mapping[str, Json]:
    """Token data as an object, also if it was given as JSON text; empty if it is neither."""
    if isinstance(value, str):
        try:
            value = ANY_JSON.read(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}
