"""A redirect by which a service takes a request (303 after a POST): what fails behind it has nobody send it again."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from nodeloom import Runtime
from tests.transport.servers import RawServer, Talk, answer, refused_port, serving
from tests.twoorigins import TOKEN_TYPE, credential, node, runtime


@pytest.fixture
def nobody() -> str:
    """An address that nobody answers at."""
    return f"http://127.0.0.1:{refused_port()}/made"


def redirecting(status: str, location: str, then: bytes = b"") -> Talk:
    """Takes a POST with a redirect, and answers `then` to what is asked for after it."""

    def talk(connection: socket.socket, head: bytes) -> None:
        connection.sendall(answer(status, b"", f"Location: {location}") if head.startswith(b"POST") else then)

    return talk


def post(server: RawServer, **how: Any) -> Any:
    """What becomes of one POST."""
    request = {"method": "POST", "url": "/make", "body": {"a": 1}}
    go = {"name": "Go", "value": "go", "routing": {"request": request}}
    operation = {"displayName": "Operation", "name": "operation", "type": "options", "default": "go", "options": [go]}
    with Runtime(discover_plugins=False, retries=2, connect_timeout=2) as runtime:
        runtime.add_node(
            {
                "name": "probe",
                "displayName": "Probe",
                "requestDefaults": {"baseURL": server.url},
                "properties": [operation],
            }
        )
        return runtime.run("probe", {}, [{"n": 1}], on_error="continue", **how).outcomes[0]


def posts(server: RawServer) -> int:
    return sum(head.startswith(b"POST") for head in server.heads)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other"])
def test_nobody_behind_the_redirect(status: str, nobody: str) -> None:
    with serving(redirecting(status, nobody)) as server:
        outcome = post(server)
    assert posts(server) == 1
    assert outcome.error.details["sent"] == "unknown"
    assert outcome.error.details["redirect"] == int(status[:3])


@pytest.mark.slow
@pytest.mark.parametrize("then", ["429 Too Many", "503 Busy", "500 Broken"])
def test_a_refusal_behind_the_redirect(then: str) -> None:
    with serving(redirecting("303 See Other", "/made", answer(then, b"", "Retry-After: 0"))) as server:
        outcome = post(server, adaptive=False)
    assert posts(server) == 1
    assert outcome.statuses == (303, int(then[:3]))


def test_a_success_behind_the_redirect() -> None:
    made = answer("200 OK", b"{}", "Content-Type: application/json")
    with serving(redirecting("303 See Other", "/made", made)) as server:
        assert post(server).statuses == (303, 200)


@pytest.mark.slow
def test_a_redirect_that_asks_for_the_same_again_took_nothing(nobody: str) -> None:
    """307 and 308 (RFC 9110 sections 15.4.8 and 15.4.9): nobody has done anything yet."""
    with serving(redirecting("307 Temporary Redirect", nobody)) as server:
        outcome = post(server)
    assert posts(server) == 3
    assert outcome.error.details["sent"] == "no"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("location", "then"),
    [
        ("/gone", answer("404 Not Found")),
        ("http://127.0.0.1:1/made", b""),
        ("ftp://elsewhere/made", b""),
        ("http://me@elsewhere/made", b""),
        ("http://xn--a/made", b""),
    ],
)
def test_a_journal_does_not_send_it_again(location: str, then: bytes, tmp_path: Path) -> None:
    """Not even with `retry_failed`, which repeats what certainly did not happen."""
    with serving(redirecting("303 See Other", location, then)) as server:
        for again in (False, True):
            outcome = post(server, journal=tmp_path / "journal", retry_failed=again)
            assert outcome.error is not None
    assert posts(server) == 1


def test_a_refused_token_behind_the_redirect_is_not_renewed_for_it() -> None:
    def talk(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"POST /token"):
            token = b'{"access_token": "t", "expires_in": 3600}'
            connection.sendall(answer("200 OK", token, "Content-Type: application/json"))
        elif head.startswith(b"POST"):
            connection.sendall(answer("303 See Other", b"", "Location: /made"))
        else:
            connection.sendall(answer("401 Unauthorized"))

    with serving(talk) as server, runtime(TOKEN_TYPE, node()) as opened:
        # A secret of its own, for tokens are the process's.
        fields = credential(server, clientId="me", key=f"key-{server.port}")
        result = opened.run("probe", {}, [{}], credentials=fields, on_error="continue")
    assert result.outcomes[0].statuses == (303, 401)
    assert sum(head.startswith(b"POST /go") for head in server.heads) == 1
