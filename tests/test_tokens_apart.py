"""A token is shared by the runtimes of a process that the same server answers, and by no others."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import trustme

from nodeloom.credential.oauth.tokenstore import TOKENS
from tests.transport.servers import RawServer, Talk, answer, serving, tls_server
from tests.twoorigins import TOKEN_TYPE, node, runtime

TYPE = {
    **TOKEN_TYPE,
    "properties": [
        *TOKEN_TYPE["properties"],
        {"displayName": "Unchecked", "name": "allowUnauthorizedCerts", "type": "boolean"},
    ],
}


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    TOKENS.clear()
    yield
    TOKENS.clear()


def issuing(token: str) -> Talk:
    def talk(connection: socket.socket, head: bytes) -> None:
        body: dict[str, Any] = {"ok": True}
        if head.startswith(b"POST /token"):
            body = {"access_token": token, "token_type": "Bearer", "expires_in": 600}
        connection.sendall(answer("200 OK", json.dumps(body).encode(), "Content-Type: application/json"))

    return talk


def tokens_of(server: RawServer) -> list[bytes]:
    """With which token each request came that was for the service."""
    heads = [head for head in server.heads if not head.startswith(b"POST /token")]
    return [head.lower().partition(b"authorization: bearer ")[2].partition(b"\r")[0] for head in heads]


def runs(url: str, *, unchecked: bool = False, **made_with: Any) -> str | None:
    """The code of the error of one item, or None."""
    given = {"serverUrl": url, "clientId": "me", "key": "sesame", "allowUnauthorizedCerts": unchecked}
    with runtime(TYPE, node(), **made_with) as opened:
        result = opened.run("probe", {}, [{}], credentials={"twoOriginsApi": given}, on_error="continue")
    error = result.outcomes[0].error
    return None if error is None else error.code


def test_the_same_runtime_twice_takes_one_token() -> None:
    with serving(issuing("one")) as server:
        assert runs(server.url) is runs(server.url) is None
        assert tokens_of(server) == [b"one", b"one"]
        assert len(server.heads) == 3


def test_what_an_unverified_server_gave_is_not_used_where_certificates_are_checked() -> None:
    """The first does not check, and somebody between answers; the second does, and is told who that is."""
    with serving(issuing("forged"), tls_server(trustme.CA(), "127.0.0.1")) as impostor:
        assert runs(impostor.url, unchecked=True) is None
        assert tokens_of(impostor) == [b"forged"]
        assert runs(impostor.url) == "tls"


def test_what_a_transport_of_a_host_gave_is_its_own() -> None:
    """A transport answers as it likes: a proxy, a recording, another network."""
    made: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        made.append(request.headers.get("authorization", ""))
        return httpx.Response(200, json={"access_token": "recorded", "token_type": "Bearer", "expires_in": 600})

    recording = httpx.MockTransport(answered)
    with serving(issuing("real")) as server:
        assert runs(server.url, transport=recording) is None
        assert runs(server.url, transport=recording) is None
        assert made == ["", "Bearer recorded", "Bearer recorded"]
        assert runs(server.url, transport=httpx.MockTransport(answered)) is None
        assert made[3:] == ["", "Bearer recorded"]
        assert runs(server.url) is None
        assert tokens_of(server) == [b"real"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "code", "requests"),
    [
        ({"public_only": True}, "policy", 2),
        ({"https_only": True}, "policy", 2),
        ({"hosts": ["pbx.example.com"]}, "policy", 2),
        ({"public_only": True, "networks": ["127.0.0.0/8"]}, None, 4),
        # It says nothing of who answers, so that the token is the same.
        ({"max_items": 5}, None, 3),
    ],
    ids=repr,
)
def test_a_policy_is_not_passed_by_a_token_that_was_got_without(
    policy: dict[str, Any], code: str | None, requests: int
) -> None:
    with serving(issuing("one")) as server:
        assert runs(server.url) is None
        assert runs(server.url, policy=policy) == code
        assert len(server.heads) == requests
