"""The loopback server: nginx or our own, alike to a client."""

from __future__ import annotations

import shutil
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from measuring.answer import ANSWER
from measuring.server import loopback

KINDS = [
    pytest.param(False, id="asyncio"),
    pytest.param(True, id="nginx", marks=pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")),
]


@pytest.mark.parametrize("nginx", KINDS)
def test_every_request_is_answered_with_the_same_json_on_one_connection(nginx: bool) -> None:
    with loopback(nginx=nginx) as server, httpx.Client(base_url=server.url) as client:
        answers = [client.delete(f"/xapi/v1/WebsiteLinks('l{i}')") for i in range(3)]
        answers.append(client.request("DELETE", "/", content=b"a body"))
        assert [answer.content for answer in answers] == [ANSWER] * 4
        assert answers[0].headers["Content-Type"] == "application/json"
        assert len({answer.extensions["network_stream"] for answer in answers}) == 1
        port = urlsplit(server.url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0), timeout=5)


def test_requests_sent_together_or_in_pieces_are_answered_each() -> None:
    request = b"DELETE /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    with (
        loopback(nginx=False) as server,
        socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as wire,
    ):
        wire.sendall(request + request[:30])
        first = wire.recv(65536)
        wire.sendall(request[30:-1])
        wire.sendall(request[-1:])
        second = wire.recv(65536)
    assert first == second
    assert first.endswith(ANSWER)
