"""n8n's `authenticate: {type: generic}`: how a credential's fields get onto a request."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nodeloom.credential.credentialmodel import Injection
from nodeloom.credential.templates import Renderer, is_expression, text_of
from nodeloom.errors import CredentialError, DescriptorError
from nodeloom.headerfields import is_not_sent, is_token
from nodeloom.jsonreading import ANY_JSON
from nodeloom.redaction import Secret, texts_of
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.descriptor.models import CredentialType

_PARTS = ("headers", "qs", "body", "auth")
_GIVEN_PARTS = ("headers", "qs", "body")
_CARRIER = re.compile(r"auth|api[-_]?key|^key$|token|secret|password", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def generic_parts(type: CredentialType) -> Mapping[str, Json] | str | None:  # noqa: A002 - the descriptors' word
    """The `authenticate.properties` of a credential type, None when it has no `authenticate`.

    An expression in their place (Nodeloom) gives the parts as the credential's user wrote them.

    Raises DescriptorError for anything but n8n's generic authentication: JavaScript cannot be run as data.
    """
    block = type.authenticate
    if block is None:
        return None
    if "__function__" in block:
        raise DescriptorError(
            f"The credential type {type.name!r} authenticates by a JavaScript function, which cannot be run.",
            path="authenticate",
            hint="Describe it as {type: generic, properties: {headers, qs, body, auth}}.",
        )
    if block.get("type") != "generic":
        raise DescriptorError(
            f"The credential type {type.name!r} has an unknown kind of authentication.",
            path="authenticate.type",
            value=block.get("type"),
            hint="The only kind is 'generic'.",
        )
    parts = block.get("properties") or {}
    if isinstance(parts, str) and is_expression(parts):
        return parts
    for name, part in parts.items() if isinstance(parts, Mapping) else [("properties", parts)]:
        if name not in _PARTS or not isinstance(part, Mapping):
            raise DescriptorError(
                f"The credential type {type.name!r} authenticates by something that is not part of a request.",
                path=f"authenticate.properties.{name}",
                hint=f"The parts are {', '.join(_PARTS)}, each an object.",
            )
    return parts


def render_injection(
    type_name: str,
    parts: Mapping[str, Json] | str | None,
    values: Mapping[str, Json],
    renderer: Renderer,
    generation: int,
) -> Injection:
    """What a credential with these field `values` puts onto a request.

    As in n8n, keys are templates too, and what resolves to undefined is left out, as is a header for which axios sends
    nothing. Basic authentication replaces an `Authorization` header. Raises CredentialError when a header would not be
    one, without showing its value.

    Args:
        type_name: the credential type, for errors.
        parts: the `properties` of the type's `authenticate`, or one template that gives all of them.
        values: the credential's fields.
        renderer: resolves the templates.
        generation: which of the credential's tokens the values hold.
    """
    if not parts:
        return Injection(generation=generation)
    path = "authenticate.properties"
    if isinstance(parts, str):
        given = _given_parts(type_name, renderer(parts, values, path))
        return Injection(
            headers=_headers(type_name, given.get("headers", {})),
            qs=given.get("qs", {}),
            body=given.get("body") or None,
            generation=generation,
        )
    headers = _headers(type_name, _drop_undefined(renderer(parts.get("headers") or {}, values, f"{path}.headers")))
    if parts.get("auth"):
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = _basic(parts["auth"], values, renderer, f"{path}.auth")
    query = _drop_undefined(renderer(parts.get("qs") or {}, values, f"{path}.qs"))
    body = _drop_undefined(renderer(parts["body"], values, f"{path}.body")) if parts.get("body") else None
    return Injection(headers=headers, qs=query, body=body, generation=generation, basic=bool(parts.get("auth")))


def _given_parts(type_name: str, given: object) -> dict[str, JsonObject]:
    """What a user wrote as the parts of requests, an object or the JSON text of one. Its values are not templates."""
    if isinstance(given, str):
        try:
            given = ANY_JSON.read(given)
        except ValueError:
            given = None
    if isinstance(given, Mapping):
        strange = next((name for name in given if name not in _GIVEN_PARTS), None)
        if strange is None and all(isinstance(part, Mapping) for part in given.values()):
            return {name: dict(part) for name, part in given.items()}
    # Nothing of it is shown: all of it may be secret.
    raise CredentialError(
        f"The JSON of a credential of type {type_name!r} is not an object with headers, qs and body, each an object.",
        path="authenticate.properties",
        hint='Write it like {"headers": {"X-API-Key": "…"}, "qs": {"user": "me"}}.',
    )


def carries(injection: Injection, secret: Secret[str]) -> bool:
    """Whether a secret stands in any value that goes onto the request."""
    return any(secret.reveal() in found for found in texts_of([injection.headers, injection.qs, injection.body or {}]))


def carried_secrets(injection: Injection, values: Mapping[str, Json]) -> Iterator[str]:
    """Texts made of a field's value that stand in the place of a secret, such as in an `Authorization` header.

    They are secret even when the type forgot to mark the field so.
    """
    fields = [text for text in texts_of(values) if text]
    for part in (injection.headers, injection.qs, injection.body or {}):
        for name, value in part.items():
            if isinstance(value, str) and _CARRIER.search(name) and any(text in value for text in fields):
                yield value
                # In a header also what follows the scheme: `Bearer …`, `Basic …`, `token …`.
                yield value.partition(" ")[2] if part is injection.headers else ""


def _drop_undefined(value: object) -> Any:
    """`value` without the keys that are undefined, at any depth; an undefined element of a list is null."""
    from nodeloom.expression import UNDEFINED

    if isinstance(value, Mapping):
        return {key: _drop_undefined(inner) for key, inner in value.items() if inner is not UNDEFINED}
    if isinstance(value, list):
        return [None if inner is UNDEFINED else _drop_undefined(inner) for inner in value]
    return value


def _basic(auth: Mapping[str, Json], values: Mapping[str, Json], renderer: Renderer, path: str) -> str:
    """RFC 7617, in UTF-8; what is missing is empty."""
    user = renderer.text(auth.get("username"), values, f"{path}.username")
    password = renderer.text(auth.get("password"), values, f"{path}.password")
    pair = f"{user}:{password}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _headers(type_name: str, given: Mapping[str, Json]) -> dict[str, str]:
    return {
        _header_name(type_name, name): header_value(type_name, name, value)
        for name, value in given.items()
        if not is_not_sent(value)
    }


def _header_name(type_name: str, name: str) -> str:
    if not is_token(name):
        # The name may have come out of a field, so it is not shown.
        raise CredentialError(
            f"The credential type {type_name!r} makes a header whose name no header can have.",
            path="authenticate.properties.headers",
            hint="A header's name holds letters, digits and -_.!#$%&'*+^`|~ only.",
        )
    return name


def header_value(type_name: str, name: str, value: object) -> str:
    """`value` as text for a header. Raises CredentialError, without showing it, when no header can hold it."""
    text = "" if value is None else text_of(value)
    if _CONTROLS.search(text):
        raise CredentialError(
            f"A credential of type {type_name!r} would put a line break or control character into the header {name}.",
            path=f"authenticate.properties.headers.{name}",
            hint="Most likely a field ends in a line break: enter it again without.",
        )
    return text
