"""Two origins on loopback, a credential for the first of them, and what the second one may never receive."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from nodeloom import Runtime
from nodeloom.credential import Masker
from tests.transport.servers import RawServer, Talk, answer

SECRET = "cànary/+&=key'17"
TOKEN = "canary-token-4711"

# Puts its secret wherever a credential can.
KEY_TYPE: dict[str, Any] = {
    "name": "twoOriginsApi",
    "displayName": "Two Origins API",
    "properties": [
        {"displayName": "Server", "name": "serverUrl", "type": "string", "typeOptions": {"url": True}},
        {"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}},
    ],
    "authenticate": {
        "type": "generic",
        "properties": {
            "headers": {
                "Authorization": "=Bearer {{ $credentials.key }}",
                "X-Api-Key": "={{ $credentials.key }}",
                "Cookie": "=session={{ $credentials.key }}",
            },
            "qs": {"api_key": "={{ $credentials.key }}"},
            "body": {"apiKey": "={{ $credentials.key }}"},
        },
    },
    "test": {
        "request": {
            "baseURL": "={{ $credentials.serverUrl }}",
            "url": "/whoami",
            "method": "POST",
            "body": {"ask": "={{ $credentials.key }}"},
            "headers": {"X-Templated": "={{ $credentials.key }}"},
        }
    },
}

# Fetches a token for its secret.
TOKEN_TYPE: dict[str, Any] = {
    **KEY_TYPE,
    "name": "twoOriginsApi",
    "properties": [
        *KEY_TYPE["properties"],
        {"displayName": "Client", "name": "clientId", "type": "string"},
        {"displayName": "Token", "name": "accessToken", "type": "string", "typeOptions": {"password": True}},
    ],
    "token": {
        "grantType": "client_credentials",
        "accessTokenUrl": "={{ $credentials.serverUrl }}/token",
        "clientId": "={{ $credentials.clientId }}",
        "clientSecret": "={{ $credentials.key }}",
        "authentication": "body",
        "field": "accessToken",
    },
    "authenticate": {
        "type": "generic",
        "properties": {"headers": {"Authorization": "=Bearer {{ $credentials.accessToken }}"}},
    },
}


def node(
    request: Mapping[str, Any] | None = None,
    *,
    properties: Sequence[Mapping[str, Any]] = (),
    routing: Mapping[str, Any] | None = None,
    **document: Any,
) -> dict[str, Any]:
    """A node with one operation, POST /go below the credential's server, which also reads the secret in templates."""
    go = {"name": "Go", "value": "go", "routing": {"request": {"url": "/go", **(request or {})}, **(routing or {})}}
    return {
        "name": "probe",
        "displayName": "Probe",
        "credentials": [{"name": "twoOriginsApi", "required": True}],
        "requestDefaults": {
            "baseURL": "={{ $credentials.serverUrl }}",
            "method": "POST",
            "headers": {"X-Templated": "=key {{ $credentials.key }}", "X-Plain": "here"},
            "qs": {"templated": "={{ $credentials.key }}"},
            "body": {"templated": "={{ $credentials.key }}", "plain": "here"},
        },
        "properties": [
            {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]},
            *properties,
        ],
        **document,
    }


def redirecting(status: str, location: str) -> Talk:
    """Answers the first request with a redirect, the others with an empty object."""

    def talk(connection: socket.socket, head: bytes) -> None:
        if b"/landed" in head.split(b"\r\n")[0]:
            connection.sendall(answer("200 OK", b"{}", "Content-Type: application/json"))
        else:
            connection.sendall(answer(status, b"", f"Location: {location}"))

    return talk


def says_json(body: Any, status: str = "200 OK") -> Talk:
    """Answers every request with the same JSON."""

    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(answer(status, json.dumps(body).encode(), "Content-Type: application/json"))

    return talk


def received(server: RawServer) -> str:
    """Everything the server was sent."""
    return "\n".join(
        (head + b"\n" + body).decode("utf-8", "replace")
        for head, body in zip(server.heads, server.bodies, strict=False)
    )


def assert_nothing_crossed(other: RawServer) -> None:
    """No secret in any form, and no header that carries one."""
    text = received(other)
    assert Masker([SECRET, TOKEN])(text) == text
    lines = [line.partition(":")[0].lower() for line in text.splitlines()]
    assert not {"authorization", "cookie", "x-api-key", "x-templated"} & set(lines)


def runtime(kind: Mapping[str, Any], document: Mapping[str, Any], **how: Any) -> Runtime:
    """A runtime with the node and the credential type, and no repeats."""
    made = Runtime(discover_plugins=False, retries=0, credential_providers=[], **how)
    made.add_credential_type(kind)
    made.add_node(document)
    return made


def credential(server: RawServer, **fields: Any) -> dict[str, Any]:
    """The credential of `server`, whose secret is looked for."""
    return {"twoOriginsApi": {"serverUrl": server.url, "key": SECRET, **fields}}
