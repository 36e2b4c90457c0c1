"""Long answers in JSON are read beside the loop, within bounds of values and memory: a bomb fails its item alone."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from nodeloom.errors import RequestTimeoutError
from nodeloom.jsonbounds import TooMuchJSON
from nodeloom.messages import Request, Response
from nodeloom.transport import Limits, Sender
from nodeloom.transport.readahead import ReadAhead
from tests.transport.servers import answer, says, serving

RECORDS = json.dumps([{"Id": i, "Name": f"Name {i}", "On": True} for i in range(20_000)]).encode()


def sent(body: bytes, limits: Limits | None = None, kind: str = "application/json") -> Response:
    async def scenario(url: str) -> Response:
        sender = Sender(limits=limits)
        try:
            return await sender.send(Request("GET", url))
        finally:
            await sender.aclose()

    with serving(says(answer("200 OK", body, f"Content-Type: {kind}"))) as server:
        return asyncio.run(scenario(server.url))


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", "text/plain"])
def test_a_long_answer_was_read_when_it_comes(kind: str) -> None:
    response = sent(RECORDS, kind=kind)
    assert response.json() == json.loads(RECORDS)
    assert response.json() is response.json()


def test_a_short_one_is_read_when_it_is_looked_at() -> None:
    response = sent(b'{"a": 1}')
    assert response.json() is not response.json()


@pytest.mark.parametrize("body", [RECORDS[:-1], RECORDS[:-1] + b"NaN]", b"[" * 400_000, b"[" + b"1" * 300_000 + b"]"])
def test_what_is_no_json_is_refused_by_who_looks_at_it(body: bytes) -> None:
    """A file may begin like JSON, and nobody asks whether it is."""
    response = sent(body)
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011 - which of its kinds does not matter
            response.json()
    assert response.body == body


@pytest.mark.parametrize("body", [b"[1,2,3,4,5,6]", b'[{"a":1},{"a":2},{"a":3}]', b"[[],[],[],[],[]]"])
def test_how_many_values_are_read_is_the_hosts_choice(body: bytes) -> None:
    response = sent(body, Limits(answer_values=4))
    with pytest.raises(TooMuchJSON, match="more than 4 values"):
        response.json()
    assert sent(body, Limits(answer_values=12)).json() == json.loads(body)


def test_in_memory_an_answer_may_take_four_times_its_own_bound() -> None:
    assert Limits().json.memory == 1024 * 1024 * 1024
    assert Limits(answer_bytes=1000).json.memory == 64 * 1024 * 1024


def test_reading_is_part_of_the_time_that_a_request_has() -> None:
    """What is left of it; the reading itself takes longer than this, and ends then."""
    body = b"[" + b"[]," * 3_000_000 + b"0]"

    async def scenario() -> None:
        ahead = ReadAhead(Limits().json)
        try:
            await ahead.read(Request("POST", "https://x.test/"), Response(200, {}, body), 0.01)
        finally:
            ahead.close()

    with pytest.raises(RequestTimeoutError, match="took too long to read") as caught:
        asyncio.run(scenario())
    assert caught.value.details["sent"] == "yes"


SHAPES: dict[str, Callable[[int], bytes]] = {
    "lists": lambda n: b"[" + b"[]," * n + b"0]",
    "lists in lists": lambda n: b"[" + b"[[[[]]]]," * n + b"0]",
    "texts": lambda n: b"[" + b'"ab",' * n + b"0]",
    "objects": lambda n: b"[" + b'{"a":1},' * n + b"0]",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_others_go_on_while_an_answer_is_read(shape: str) -> None:
    """This takes some tenths of a second, in which Python's reader alone would not let go of the interpreter."""

    async def scenario(url: str) -> int:
        sender = Sender()
        done = asyncio.create_task(sender.send(Request("GET", url)))
        turns = 0
        while not done.done():
            turns += 1
            await asyncio.sleep(0.001)
        response = await done
        await sender.aclose()
        assert len(response.json()) == 300_001
        return turns

    with serving(says(answer("200 OK", SHAPES[shape](300_000)))) as server:
        assert asyncio.run(scenario(server.url)) > 10


BOMBS: dict[str, tuple[bytes, bytes, bytes]] = {
    "empty lists": (b"[", b"[],", b"0]"),
    "empty objects": (b"[", b"{},", b"0]"),
    "objects in objects": (b"[", b'{"a":{}},', b"0]"),
    "lists in lists": (b"[", b"[[[[[]]]]],", b"0]"),
    "numbers": (b"[", b"1000,", b"0]"),
    "short texts": (b"[", b'"ab",', b"0]"),
    "members": (b"{", b'"a":1,', b'"b":1}'),
    "a list below a member": (b'{"value":[', b"[],", b"0]}"),
}


def bomb(shape: str, size: int) -> bytes:
    """JSON of so many bytes in a thousandth of them: a piece is packed once, as blocks that stand for themselves."""
    begin, middle, end = BOMBS[shape]
    piece = middle * (2**20 // len(middle))
    pieces = [begin, *[piece] * (size // len(piece)), end]
    length = checksum = 0
    for part in pieces:
        length, checksum = length + len(part), zlib.crc32(part, checksum)
    packer = zlib.compressobj(9, wbits=-15)
    first, again, last = (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in (begin, piece, end))
    packed = first + again * (len(pieces) - 2) + last + packer.flush()
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed + struct.pack("<II", checksum, length)


VICTIM = """
import json, resource, sys
from nodeloom import Runtime
from nodeloom.transport import sender

url, channel = sys.argv[1], sys.argv[2]
if channel == "httpx":
    sender.open_channel = lambda _limits: None
node = {"name": "probe", "displayName": "Probe", "version": 1, "description": "", "group": ["transform"],
    "defaults": {"name": "Probe"}, "inputs": ["main"], "outputs": ["main"],
    "requestDefaults": {"baseURL": url},
    "properties": [{"displayName": "Path", "name": "path", "type": "string", "default": "",
        "routing": {"request": {"method": "POST", "url": "=/{{ $value }}"}}}]}
with Runtime(discover_plugins=False) as runtime:
    runtime.add_node(node)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    items = [{"p": "small"}, {"p": "bomb"}, {"p": "small"}, {"p": "small"}]
    result = runtime.run("probe", {"path": "={{ $json.p }}"}, items, on_error="continue", concurrency=2)
found = [(i["json"].get("error") or {}).get("code", "ok") for i in result.items]
error = result.items[1]["json"].get("error") or {}
print(json.dumps({"found": found, "sent": error.get("sent"), "message": error.get("message"),
    "peak": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a process's memory in another way")
@pytest.mark.parametrize("shape", BOMBS)
def test_a_bomb_fails_its_item_and_no_other(shape: str, channel: str) -> None:
    """In a process of its own: what it took at most is below a gigabyte, where it was five and more."""
    if channel == "httpx" and shape not in ("empty lists", "members"):
        pytest.skip("what is unpacked is read alike")
    packed = bomb(shape, 120 * 2**20)
    assert len(packed) < 2**20
    with bombing(packed) as url:
        ended = subprocess.run(
            [sys.executable, "-c", VICTIM, url, channel], capture_output=True, text=True, timeout=110, check=False
        )
    told = json.loads(ended.stdout or "{}")
    assert told.get("found") == ["ok", "answer_too_large", "ok", "ok"], ended.stderr
    assert told["sent"] == "yes"
    assert "values" in told["message"] or "MiB of memory" in told["message"]
    assert told["peak"] < 1000


@contextmanager
def bombing(packed: bytes) -> Iterator[str]:
    def talk(connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"POST /bomb"):
            kinds = ("Content-Type: application/json", "Content-Encoding: gzip")
            connection.sendall(answer("200 OK", packed, *kinds))
        else:
            connection.sendall(answer("200 OK", b'{"ok": true}', "Content-Type: application/json"))

    with serving(talk) as server:
        yield server.url
