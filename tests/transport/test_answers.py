"""Answers that are meant to use up memory, time or patience end in a named error, over both channels."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.errors import AnswerTooLargeError, NetworkError, RequestError, RequestTimeoutError, UnreadableAnswerError
from nodeloom.messages import Request, Response
from nodeloom.transport import Limits, Sender
from nodeloom.transport.decoding import Unpacker, unpacker

from .servers import RawServer, Talk, answer, says, serving

LIMITS = Limits(connect_seconds=5, read_seconds=5, total_seconds=20, answer_bytes=1_000_000)


def sent(server: RawServer, method: str = "GET", limits: Limits = LIMITS) -> Response:
    async def scenario() -> Response:
        sender = Sender(limits=limits)
        try:
            return await sender.send(Request(method, f"{server.url}/x"))
        finally:
            await sender.aclose()

    return asyncio.run(scenario())


def bomb(coding: str) -> bytes:
    """256 MiB of zeros in some 260 KiB."""
    packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    piece = bytes(1024 * 1024)
    return b"".join([*(packer.compress(piece) for _ in range(256)), packer.flush()])


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_grows_when_it_is_unpacked_is_cut_off(coding: str, method: str) -> None:
    packed = bomb(coding)
    with serving(says(answer("200 OK", packed, f"Content-Encoding: {coding}"))) as server:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLargeError, match="larger than 1000000 bytes") as caught:
                sent(server, method)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert caught.value.details["sent"] == "yes"
    assert peak < 16 * 1024 * 1024
    assert len(server.heads) == 1


def test_an_answer_packed_twice_is_not_unpacked_twice() -> None:
    """Each layer multiplies by a thousand, and nobody was asked for two; it is left as it came."""
    packed = gzip.compress(gzip.compress(b"x" * 1000))
    with serving(says(answer("200 OK", packed, "Content-Encoding: gzip, gzip"))) as server:
        assert sent(server).body == packed


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_an_answer_is_unpacked(coding: str) -> None:
    data = b"text " * 100_000
    packed = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    with serving(says(answer("200 OK", packed, f"Content-Encoding: {coding}"))) as server:
        assert sent(server).body == data
        assert sent(server, "POST").body == data


@given(
    data=st.binary(max_size=5000),
    cuts=st.lists(st.integers(1, 50), min_size=1),
    coding=st.sampled_from(["gzip", "zlib", "raw"]),
)
def test_unpacking_does_not_depend_on_where_the_pieces_are_cut(data: bytes, cuts: list[int], coding: str) -> None:
    bits = {"gzip": 31, "zlib": 15, "raw": -15}[coding]
    packer = zlib.compressobj(wbits=bits)
    packed = packer.compress(data) + packer.flush()
    if coding == "gzip":
        packed += gzip.compress(b"second member")
        data += b"second member"
    unpacking = Unpacker("gzip" if coding == "gzip" else "deflate")
    found, at, turn = b"", 0, 0
    # The first piece tells bare deflate from zlib's, for which two bytes are needed.
    sizes = [max(2, cuts[0]), *cuts[1:], 50]
    while at < len(packed):
        size = sizes[min(turn, len(sizes) - 1)]
        found += b"".join(unpacking.pieces(packed[at : at + size]))
        at, turn = at + size, turn + 1
    unpacking.finish()
    assert found == data


def test_an_answer_that_is_not_packed_as_it_says_is_an_error() -> None:
    for body in (b"not gzip at all", gzip.compress(b"x" * 100_000)[:-20]):
        packed = serving(says(answer("200 OK", body, "Content-Encoding: gzip")))
        with packed as server, pytest.raises((UnreadableAnswerError, RequestError)):
            sent(server)
    assert unpacker("br") is None
    assert unpacker("GZIP ") is not None


@pytest.mark.parametrize("said", [5, 5_000_000_000_000, 100])
def test_a_length_that_lies_harms_nobody(said: int) -> None:
    """Too short: the rest is not the answer's. Too long: the answer never becomes whole, and no room is made for it."""
    body = b"x" * 50

    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % said + body)

    with serving(talk) as server:
        if said < len(body):
            assert sent(server).body == body[:said]
        else:
            with pytest.raises(NetworkError, match="broke"):
                sent(server)


def endless(piece: bytes) -> Talk:
    def talk(connection: socket.socket, _head: bytes) -> None:
        connection.settimeout(5)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200_000):
            connection.sendall(piece)

    return talk


@pytest.mark.parametrize("piece", [b"X-Header: value\r\n", b"X", b"X-Long: " + b"x" * 65536])
def test_endless_header_fields_end(piece: bytes) -> None:
    with serving(endless(piece * (1 if len(piece) > 100 else 100))) as server, pytest.raises(RequestError):
        sent(server)


def test_an_endless_row_of_interim_answers_ends() -> None:
    def talk(connection: socket.socket, _head: bytes) -> None:
        while not server.release.wait(0.01):
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    with serving(talk) as server:
        with pytest.raises(RequestTimeoutError):
            sent(server, limits=Limits(read_seconds=5, total_seconds=0.5))
        server.release.set()


def test_a_drip_ends_without_being_asked_for() -> None:
    """Every further byte comes in time; the whole does not, and an hour is the most anybody waits who said nothing."""
    assert Limits().total_seconds == 3600
    with Runtime(discover_plugins=False) as runtime:
        assert runtime._bounds["total_seconds"] == 3600
