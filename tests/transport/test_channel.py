"""What both channels must do alike, and what pyreqwest leaves to httpx."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys

import pytest

from nodeloom.errors import NetworkError, RequestError, RequestTimeoutError
from nodeloom.messages import Request, Response
from nodeloom.transport import Limits, Sender
from nodeloom.transport.over_pyreqwest import Unsent, open_channel
from tests.transport.conftest import PYREQWEST
from tests.transport.servers import answer, says, serving


def sent(request: Request, limits: Limits | None = None) -> Response:
    async def scenario() -> Response:
        sender = Sender(limits=limits)
        try:
            return await sender.send(request)
        finally:
            await sender.aclose()

    return asyncio.run(scenario())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_without_a_body_says_so(method: str) -> None:
    """Servers such as IIS refuse them otherwise (411)."""
    with serving(says(answer("200 OK"))) as server:
        sent(Request(method, f"{server.url}/x"))
    assert b"content-length: 0" in server.heads[0].lower()


@pytest.mark.parametrize("path", ["/a/%2e%2e/b", "/a'b?q='x'&r=%27", "/a%20b", "/WebsiteLinks('O%27%27Brien')"])
def test_an_address_goes_out_as_it_was_written(path: str) -> None:
    """pyreqwest would resolve dot segments and escape more; such an address is httpx's."""
    with serving(says(answer("200 OK"))) as server:
        sent(Request("DELETE", f"{server.url}{path}"))
    assert server.heads[0].split(b" ")[1].decode() == path


def test_many_timeouts_make_no_client_each() -> None:
    """An item may say how long to wait, and a client of pyreqwest's has one timeout."""

    async def scenario() -> int:
        channel = open_channel(Limits())
        if channel is None:
            pytest.skip("pyreqwest is not installed")
        opened = 0
        try:
            for milliseconds in range(1000, 1100):
                with contextlib.suppress(Unsent):
                    await channel.exchange(Request("GET", f"{server.url}/x", timeout=milliseconds / 1000))
                    opened += 1
        finally:
            await channel.aclose()
        return opened

    with serving(says(answer("200 OK"))) as server:
        assert asyncio.run(scenario()) < 20
        assert sent(Request("GET", f"{server.url}/x", timeout=5)).status == 200


def test_names_of_files_in_utf_8_can_be_read() -> None:
    """pyreqwest reads no header beyond ASCII; a GET is asked again over httpx."""
    disposition = 'Content-Disposition: attachment; filename="Gebühren.csv"'
    with serving(says(answer("200 OK", b"a;b", disposition))) as server:
        response = sent(Request("GET", f"{server.url}/x"))
    assert response.headers["content-disposition"].endswith('"Gebühren.csv"')


def test_a_header_beyond_ascii_makes_no_request_happen_twice(channel: str) -> None:
    with serving(says(answer("200 OK", b"done", "X-Name: Gebühren", "X-Plain: here"))) as server:
        response = sent(Request("POST", f"{server.url}/x"))
    assert len(server.heads) == 1
    assert response.headers["x-plain"] == "here"
    assert response.headers["x-name"] == ("" if channel == "pyreqwest" else "Gebühren")


@pytest.mark.parametrize("head", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok"])
def test_a_connection_that_breaks_may_have_carried_the_request(head: bytes) -> None:
    """pyreqwest calls a lost answer a connection error; it is not taken for one that never was."""

    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(head)
        connection.close()

    with serving(talk) as server, pytest.raises(NetworkError) as caught:
        sent(Request("POST", f"{server.url}/x"))
    assert caught.value.details["sent"] == "unknown"
    assert len(server.heads) == 1


def test_an_answer_that_does_not_come_is_no_connection_that_was_not_made() -> None:
    def silent(_connection: socket.socket, _head: bytes) -> None:
        server.release.wait(30)

    with serving(silent) as server:
        with pytest.raises(RequestTimeoutError) as caught:
            sent(Request("POST", f"{server.url}/x"), Limits(connect_seconds=5, read_seconds=0.3))
        assert caught.value.details["sent"] == "unknown"
        server.release.set()


def test_a_connection_nobody_accepts_was_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()), pytest.raises(RequestTimeoutError) as caught:
            sent(
                Request("POST", f"http://127.0.0.1:{listener.getsockname()[1]}/x"),
                Limits(connect_seconds=0.3, read_seconds=5),
            )
    assert caught.value.details["sent"] == "no"


def test_an_exchange_has_a_time_limit_as_a_whole() -> None:
    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.release.wait(0.05):
            connection.sendall(b"x")

    with serving(drip) as server:
        with pytest.raises(RequestTimeoutError) as caught:
            sent(Request("GET", f"{server.url}/x"), Limits(read_seconds=5, total_seconds=0.4))
        server.release.set()
    assert caught.value.details["sent"] == "unknown"


def test_an_answer_may_be_endless_and_is_cut_off() -> None:
    def flood(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.release.is_set():
            connection.sendall(b"x" * 65536)

    with serving(flood) as server:
        with pytest.raises(RequestError, match="larger than 1000000 bytes") as caught:
            sent(Request("GET", f"{server.url}/x"), Limits(answer_bytes=1_000_000))
        server.release.set()
    assert caught.value.details["sent"] == "yes"


FORKED = """
import asyncio, multiprocessing, sys
from nodeloom.messages import Request
from nodeloom.transport import Sender

async def get(url):
    sender = Sender()
    try:
        return (await sender.send(Request("GET", url))).status
    finally:
        await sender.aclose()

def child(url):
    sys.exit(0 if asyncio.run(get(url)) == 200 else 1)

if __name__ == "__main__":
    assert asyncio.run(get(sys.argv[1])) == 200
    process = multiprocessing.get_context("fork").Process(target=child, args=(sys.argv[1],))
    process.start()
    process.join(30)
    print("child", process.exitcode)
"""


@PYREQWEST
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
def test_a_forked_child_sends_over_httpx() -> None:
    """The thread pyreqwest works in stays in the parent."""
    with serving(says(answer("200 OK"))) as server:
        ended = subprocess.run(
            [sys.executable, "-c", FORKED, server.url], capture_output=True, text=True, timeout=60, check=False
        )
    assert ended.stdout == "child 0\n", ended.stderr


ENDING = """
import asyncio, sys
from nodeloom.messages import Request
from nodeloom.transport import Sender

async def main():
    sender = Sender()
    await asyncio.gather(*(sender.send(Request("GET", sys.argv[1])) for _ in range(8)))
    if sys.argv[2] == "closed":
        await sender.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
@PYREQWEST
@pytest.mark.parametrize("how", ["closed", "left open"])
def test_a_process_ends_cleanly_right_after_its_last_answer(how: str, sandbox: object) -> None:
    """pyreqwest's thread may be in the interpreter while that ends, which aborts it; we wait for the thread."""
    url = f"{sandbox.server_url}/xapi/v1/Defs"  # type: ignore[attr-defined]
    for _ in range(4):
        ended = subprocess.run(
            [sys.executable, "-c", ENDING, url, how], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr


THREADS = """
import asyncio, sys, threading
from nodeloom.messages import Request
from nodeloom.transport import Sender

async def main():
    sender = Sender()
    assert sender.fast
    await asyncio.gather(*(sender.send(Request("GET", sys.argv[1])) for _ in range(8)))
    await sender.aclose()

for _ in range(4):
    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()
print("done")
"""


@pytest.mark.slow
@PYREQWEST
def test_threads_may_come_and_go(sandbox: object) -> None:
    """pyreqwest's allocator crashes the process when the thread that loaded it has ended; so that one stays."""
    url = f"{sandbox.server_url}/xapi/v1/Defs"  # type: ignore[attr-defined]
    for _ in range(3):
        ended = subprocess.run(
            [sys.executable, "-c", THREADS, url], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


POLICIES = """
import asyncio, os, sys
from pathlib import Path
from nodeloom.messages import Request
from nodeloom.transport import Sender

async def main():
    sender = Sender()
    await sender.send(Request("GET", sys.argv[1]))
    tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    named = {(Path("/proc/self/task") / str(task) / "comm").read_text().strip(): task for task in tasks}
    print(os.sched_getscheduler(named["pyreqwest"]), os.sched_getscheduler(0))
    await sender.aclose()

if len(sys.argv) > 2:
    os.sched_setscheduler(0, int(sys.argv[2]), os.sched_param(0))
asyncio.run(main())
"""


@PYREQWEST
@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has scheduling policies of threads")
def test_the_clients_thread_gives_way_and_the_callers_policy_stays(sandbox: object) -> None:
    """sched(7): a SCHED_BATCH thread that wakes takes nobody's core; what a host has chosen for its thread holds."""
    url = f"{sandbox.server_url}/xapi/v1/Defs"  # type: ignore[attr-defined]
    other, batch, idle = os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE
    for chosen, expected in (
        ([], f"{batch} {other}"),
        ([str(batch)], f"{batch} {batch}"),
        ([str(idle)], f"{idle} {idle}"),
    ):
        ended = subprocess.run(
            [sys.executable, "-c", POLICIES, url, *chosen], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.returncode, ended.stdout.strip()) == (0, expected), ended.stderr


def test_a_system_that_allows_no_policy_is_only_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refused, raising=False)
    with serving(says(answer("200 OK"))) as server:
        assert sent(Request("GET", f"{server.url}/x")).status == 200
        monkeypatch.delattr(os, "sched_getscheduler", raising=False)
        assert sent(Request("GET", f"{server.url}/x")).status == 200
