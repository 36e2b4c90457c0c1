"""The sandbox itself: its life, its state seen from outside, its options."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import httpx
import pytest

from nodeloom import testing
from nodeloom.errors import ConfigurationError, ParameterError, UnknownNameError
from nodeloom.testing import LoggedRequest, SandboxOptions, ThreeCXSandbox
from tests.testing.conftest import Connect, fetch_token


def port_of(sandbox: ThreeCXSandbox) -> int:
    return int(sandbox.server_url.rpartition(":")[2])


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "nodeloom-sandbox"]


def test_it_serves_on_loopback_while_it_is_entered() -> None:
    before = len(threads())
    with ThreeCXSandbox(links=2, link_names=["O'Brien/x"]) as sandbox:
        assert sandbox.server_url.startswith("http://127.0.0.1:")
        assert sandbox.credential == {
            "serverUrl": sandbox.server_url,
            "clientId": sandbox.client_id,
            "clientSecret": sandbox.client_secret,
        }
        assert list(sandbox.links) == ["link-1", "link-2", "O'Brien/x"]
        port = port_of(sandbox)
        assert fetch_token(sandbox)
    assert len(threads()) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with pytest.raises(ConfigurationError, match="not serving"):
        _ = sandbox.server_url


@pytest.mark.slow
def test_stopping_closes_idle_connections_and_lets_answers_finish(connect: Connect) -> None:
    with ThreeCXSandbox(access_token="good", latency=0.05) as sandbox:
        idle = socket.create_connection(("127.0.0.1", port_of(sandbox)))
        busy = socket.create_connection(("127.0.0.1", port_of(sandbox)))
        busy.sendall(b"GET /xapi/v1/Defs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n")
        # The server reads connections in turn: an answer on a third one says that the second was read.
        connect(sandbox).get("Defs")
        busy.sendall(b"GET /xapi/v1/Defs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n")
        connect(sandbox).get("Defs")
    with idle, busy:
        assert idle.recv(10) == b""
        received = b"".join(iter(lambda: busy.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.slow
def test_stopping_does_not_wait_for_ever() -> None:
    with ThreeCXSandbox(latency=3600) as sandbox, socket.create_connection(("127.0.0.1", port_of(sandbox))) as waiting:
        waiting.sendall(b"GET /xapi/v1/Defs HTTP/1.1\r\nHost: a\r\n\r\n")
        sandbox.stop()
        assert waiting.recv(10) == b""
        sandbox.stop()


def test_a_connection_that_has_just_been_made_is_closed_too() -> None:
    for _ in range(20):
        with ThreeCXSandbox() as sandbox:
            fresh = [socket.create_connection(("127.0.0.1", port_of(sandbox)), timeout=20) for _ in range(3)]
        for connection in fresh:
            with connection, suppress(ConnectionResetError):
                assert connection.recv(10) == b""


def test_a_client_that_does_not_read_its_answers_does_not_hold_up_the_stop() -> None:
    with ThreeCXSandbox(links=200, access_token="good") as sandbox:
        deaf = socket.create_connection(("127.0.0.1", port_of(sandbox)))
        request = b"GET /xapi/v1/WebsiteLinks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n"
        deaf.sendall(request * 200)
    deaf.close()
    assert sandbox.requests


@pytest.mark.slow
def test_links_tokens_and_log_outlive_a_restart(connect: Connect) -> None:
    sandbox = ThreeCXSandbox(links=2)
    with sandbox:
        assert connect(sandbox).delete("WebsiteLinks('link-1')").status_code == 204
    assert list(sandbox.links) == ["link-2"]
    with sandbox.start() as again:
        assert connect(again).get("WebsiteLinks/$count").text == "1"
        assert again.tokens_issued == 2


def test_a_sandbox_serves_once_at_a_time() -> None:
    with ThreeCXSandbox() as sandbox:
        with pytest.raises(ConfigurationError, match="serving already"):
            sandbox.start()
        assert fetch_token(sandbox)


def test_a_port_in_use_is_said_so() -> None:
    with ThreeCXSandbox() as first, pytest.raises(ConfigurationError, match="cannot listen") as caught:
        ThreeCXSandbox(port=port_of(first)).start()
    assert "port=0" in str(caught.value)


def test_serve_runs_in_the_callers_loop_until_cancelled() -> None:
    async def main() -> tuple[int, list[int]]:
        sandbox = ThreeCXSandbox(links=1)
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(sandbox.serve(on_ready=lambda s: ready.set_result(s.server_url)))
        url = await ready
        async with httpx.AsyncClient(trust_env=False) as client:
            statuses = [(await client.get(f"{url}/xapi/v1/Defs")).status_code]
            port = port_of(sandbox)
            with pytest.raises(ConfigurationError, match="serving already"):
                await asyncio.to_thread(sandbox.start)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return port, statuses

    port, statuses = asyncio.run(main())
    assert statuses == [401]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_what_on_ready_raises_ends_serve() -> None:
    def fail(_: ThreeCXSandbox) -> None:
        raise ValueError("not ready")

    sandbox = ThreeCXSandbox()
    with pytest.raises(ValueError, match="not ready"):
        asyncio.run(sandbox.serve(on_ready=fail))
    with sandbox:
        assert fetch_token(sandbox)


def test_links_are_copies(sandbox: ThreeCXSandbox) -> None:
    sandbox.links["link-1"]["Name"] = "changed"
    sandbox.links.clear()
    assert sandbox.links["link-1"]["Name"] == "Website link 1"


def test_links_can_be_added_and_replaced(sandbox: ThreeCXSandbox) -> None:
    sandbox.add_link("new", Name="N", Hidden=True)
    assert sandbox.links["new"]["Name"] == "N"
    before = sandbox.etag("new")
    sandbox.add_link("new", Name="M")
    assert sandbox.links["new"]["Name"] == "M"
    assert sandbox.etag("new") != before
    with pytest.raises(KeyError):
        sandbox.etag("nope")


def test_a_link_that_does_not_fit_is_refused(sandbox: ThreeCXSandbox) -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'Name'"):
        sandbox.add_link("x", Nmae="y")
    with pytest.raises(ConfigurationError, match=r"Edm\.String"):
        sandbox.add_link("x", Name=5)
    with pytest.raises(ConfigurationError, match="needs a name"):
        sandbox.add_link("")
    assert "x" not in sandbox.links


@pytest.mark.slow
def test_state_may_be_read_while_it_changes(sandbox: ThreeCXSandbox, connect: Connect) -> None:
    client = connect(sandbox)
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.wait(0.001):
            seen.append(len(sandbox.links) + len(sandbox.requests) + sandbox.tokens_issued)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(100):
        assert client.post("WebsiteLinks", json={"Link": f"made-{i}"}).status_code == 201
    done.set()
    reader.join()
    assert len(sandbox.links) == 110
    assert seen


@pytest.mark.parametrize(
    "options",
    [
        {"rate_429": 1.5},
        {"rate_drop": -0.1},
        {"rate_429": 0.6, "rate_500": 0.6},
        {"links": -1},
        {"latency": -1},
        {"retry_after": -1},
        {"limit_per_second": 0},
        {"token_lifetime": 0},
        {"port": 65536},
        {"link_names": "link"},
    ],
)
def test_an_option_out_of_bounds_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="sandbox option"):
        ThreeCXSandbox(**options)


def test_a_misspelt_option_brings_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="rate_429"):
        ThreeCXSandbox(rate429=0.1)
    with pytest.raises(UnknownNameError, match="seconds"):
        ThreeCXSandbox(expires_in_unit="second")
    with pytest.raises(ConfigurationError, match="not both"):
        ThreeCXSandbox(SandboxOptions(), links=1)


def test_options_may_be_one_object() -> None:
    assert len(ThreeCXSandbox(SandboxOptions(links=3)).links) == 3
    assert ThreeCXSandbox(client_id="a", client_secret="b").client_secret == "b"


def test_the_room_exports_what_it_says() -> None:
    assert testing.__all__ == sorted(testing.__all__)
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    assert testing.LoggedRequest is LoggedRequest
    with pytest.raises(AttributeError):
        _ = testing.Nope


@pytest.mark.slow
def test_what_is_not_asked_for_is_not_loaded() -> None:
    """Website Links are declared by hand, so that a sandbox for them starts without reading 3CX's whole file."""
    program = """
import sys, urllib.request
from nodeloom.testing import ThreeCXSandbox

def get(path):
    headers = {"Authorization": "Bearer good"}
    urllib.request.urlopen(urllib.request.Request(sandbox.server_url + "/xapi/v1/" + path, headers=headers)).read()

with ThreeCXSandbox(links=3, access_token="good") as sandbox:
    get("WebsiteLinks('link-1')")
    assert "nodeloom.testing.threecx.servicecatalogue" not in sys.modules
    get("Users(1)")
    assert "nodeloom.testing.threecx.servicecatalogue" in sys.modules
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
