"""Answers that are meant to use up memory, time or patience end in a named error, over both channels."""

from __future__ import annotations

import asyncio
import functools
import gzip
import importlib
import socket
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Runtime
from nodeloom.errors import AnswerTooLargeError, NetworkError, RequestError, RequestTimeoutError, UnreadableAnswerError
from nodeloom.messages import Request, Response
from nodeloom.transport import Limits, Sender, decoding
from nodeloom.transport.decoding import DecodingError, TooMuch, accepted_codings, unpacker
from tests.transport.servers import RawServer, Talk, answer, says, serving

LIMITS = Limits(connect_seconds=5, read_seconds=5, total_seconds=20, answer_bytes=1_000_000)


def sent(server: RawServer, method: str = "GET", limits: Limits = LIMITS) -> Response:
    async def scenario() -> Response:
        sender = Sender(limits=limits)
        try:
            return await sender.send(Request(method, f"{server.url}/x"))
        finally:
            await sender.aclose()

    return asyncio.run(scenario())


@functools.cache
def bomb(coding: str) -> bytes:
    """64 MiB of zeros in some 65 KiB."""
    packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    piece = bytes(1024 * 1024)
    return b"".join([*(packer.compress(piece) for _ in range(64)), packer.flush()])


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


def packed_as(coding: str, body: bytes) -> Talk:
    return says(answer("200 OK", body, f"Content-Encoding: {coding}"))


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zlib": zlib.compress, "raw": bare}
TEXT = b"text " * 100_000
PACKED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZIP": gzip.compress(TEXT),
    "X-GZip ": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "Deflate": bare(TEXT),
    "identity": TEXT,
    "identity, gzip": gzip.compress(TEXT),
    "deflate, gzip": gzip.compress(zlib.compress(TEXT)),
    "gzip, , gzip": gzip.compress(gzip.compress(TEXT)),
    # What nobody registered is a mistake of the service.
    "utf-8": TEXT,
    "none": TEXT,
    "aws-chunked": TEXT,
}


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_is_unpacked(coding: str, method: str) -> None:
    with serving(says(answer("200 OK", PACKED[coding], f"Content-Encoding: {coding}"))) as server:
        assert sent(server, method).body == TEXT


@pytest.mark.parametrize(
    "second", [gzip.compress(b"second"), gzip.compress(b"sec") + gzip.compress(b"ond")], ids=["one more", "two more"]
)
@pytest.mark.parametrize("after", [b"", bytes(512)], ids=["nothing after", "zeros after"])
def test_an_answer_of_several_members_is_read_to_its_end(second: bytes, after: bytes) -> None:
    """RFC 1952 section 2.2; what is filled up with zeros ends there."""
    packed = gzip.compress(b"first ") + second + after
    with serving(says(answer("200 OK", packed, "Content-Encoding: gzip"))) as server:
        assert sent(server).body == b"first second"
        assert sent(server, "POST").body == b"first second"


def test_two_fields_name_two_codings() -> None:
    packed = gzip.compress(zlib.compress(TEXT))
    fields = ("Content-Encoding: deflate", "Content-Encoding: gzip")
    with serving(says(answer("200 OK", packed, *fields))) as server:
        assert sent(server).body == TEXT


CUT = {
    "gzip": gzip.compress(TEXT)[:-20],
    "gzip of several": gzip.compress(TEXT) + gzip.compress(TEXT)[:-9],
    "gzip without its sum": gzip.compress(TEXT)[:-8],
    "deflate": zlib.compress(TEXT)[:-3],
    "deflate without a header": bare(TEXT)[:-3],
    "deflate of one byte": b"x",
    "gzip, gzip": gzip.compress(gzip.compress(TEXT)[:-20]),
    "gzip that is none": b"not gzip at all",
    "gzip and more": gzip.compress(TEXT) + b"garbage",
    "deflate and more": zlib.compress(TEXT) + b"garbage",
    "gzip whose sum is wrong": gzip.compress(TEXT)[:-8] + b"12345678",
    "gzip, gzip, gzip, gzip": gzip.compress(gzip.compress(gzip.compress(gzip.compress(TEXT)))),
    "compress": b"\x1f\x9d\x90",
    "zstd, x-compress": b"(\xb5/\xfd",
}


@pytest.mark.parametrize("what", CUT)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_compressed_as_it_says_is_an_error_and_never_a_success(what: str, method: str) -> None:
    coding = what.split(" ")[0] if "," not in what else what
    with serving(says(answer("200 OK", CUT[what], f"Content-Encoding: {coding}"))) as server:
        with pytest.raises(UnreadableAnswerError, match="not compressed as it says") as caught:
            sent(server, method)
        assert len(server.heads) == 1
    assert caught.value.status == 200
    assert caught.value.details["method"] == method


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_an_answer_without_a_body_is_compressed_in_no_way(coding: str) -> None:
    if unpackable(coding):
        with serving(says(answer("200 OK", b"", f"Content-Encoding: {coding}"))) as server:
            assert sent(server).body == b""
            assert sent(server, "HEAD").body == b""


def unpackable(coding: str) -> bool:
    return coding in accepted_codings().split(", ")


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_codings_of_libraries_are_read_and_asked_for_where_they_are_installed(coding: str) -> None:
    packed = {"br": lambda: pytest.importorskip("brotli").compress(TEXT), "zstd": zstandard}[coding]()
    with serving(says(answer("200 OK", packed, f"Content-Encoding: {coding}"))) as server:
        assert sent(server).body == TEXT
        assert coding.encode() in server.heads[0].lower().partition(b"accept-encoding: ")[2].partition(b"\r")[0]
    for broken in (packed[:-3], packed + b"garbage", b"garbage" * 20):
        with (
            serving(packed_as(coding, broken)) as server,
            pytest.raises(UnreadableAnswerError, match="not compressed as it says"),
        ):
            sent(server)


def zstandard() -> bytes:
    try:
        library = importlib.import_module("compression.zstd")
    except ImportError:
        library = pytest.importorskip("backports.zstd")
    packed: bytes = library.compress(TEXT[:250_000]) + library.compress(TEXT[250_000:])
    return packed


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_a_coding_that_cannot_be_read_is_named_and_not_asked_for(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_library", lambda _name: None)
    accepted_codings.cache_clear()
    try:
        with (
            serving(packed_as(coding, b"1234")) as server,
            pytest.raises(UnreadableAnswerError, match=f"{coding} was not asked for"),
        ):
            sent(server)
        assert b"accept-encoding: gzip, deflate\r\n" in server.heads[0].lower() + b"\r\n"
    finally:
        accepted_codings.cache_clear()


@pytest.mark.parametrize("asked", ["identity", "br;q=1.0, gzip;q=0.5", "*"])
def test_what_a_request_asks_for_itself_is_kept(asked: str) -> None:
    async def scenario(url: str) -> Response:
        sender = Sender(limits=LIMITS)
        try:
            return await sender.send(Request("POST", url, {"ACCEPT-encoding": asked}))
        finally:
            await sender.aclose()

    with serving(says(answer("200 OK", gzip.compress(TEXT), "Content-Encoding: gzip"))) as server:
        assert asyncio.run(scenario(server.url)).body == TEXT
    fields = [f for f in server.heads[0].lower().split(b"\r\n") if f.startswith(b"accept-encoding:")]
    assert fields == [b"accept-encoding: " + asked.encode()]


HIDDEN = {
    "empty members": gzip.compress(b"", mtime=0) * 110_000,
    "members of a byte": gzip.compress(b"x", mtime=0) * 110_000,
    "empty members in a member": gzip.compress(gzip.compress(b"", mtime=0) * 110_000, 9),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_members_without_number_end(what: str) -> None:
    """Each takes some microseconds, and gives nothing."""
    coding = "gzip, gzip" if "in a" in what else "gzip"
    limits = Limits(read_seconds=20, total_seconds=60)
    with (
        serving(packed_as(coding, HIDDEN[what])) as server,
        pytest.raises(UnreadableAnswerError, match="more than 100000 parts"),
    ):
        sent(server, limits=limits)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_what_comes_is_bounded_like_what_is_in_it(coding: str) -> None:
    """Of members that hold nothing a million bytes may come, and in between as many may be unpacked."""
    members = gzip.compress(b"", mtime=0) * 60_000
    packed = gzip.compress(members, 9) if "," in coding else members
    with (
        serving(packed_as(coding, packed)) as server,
        pytest.raises(AnswerTooLargeError, match="larger than 1000000 bytes"),
    ):
        sent(server)


@pytest.mark.slow
def test_others_go_on_while_an_answer_is_unpacked() -> None:
    """64 MiB of zeros take a while: the loop has its turns meanwhile."""

    async def scenario(url: str) -> tuple[int, int]:
        sender = Sender(limits=Limits(read_seconds=20))
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await asyncio.sleep(0)
        try:
            response = await sender.send(Request("GET", url))
        finally:
            counting.cancel()
            await sender.aclose()
        return len(response.body), turns

    with serving(says(answer("200 OK", bomb("gzip"), "Content-Encoding: gzip"))) as server:
        size, turns = asyncio.run(scenario(server.url))
    assert size == 64 * 1024 * 1024
    assert turns > 50


@given(
    data=st.binary(max_size=5000),
    cuts=st.lists(st.integers(1, 50), min_size=1),
    codings=st.lists(st.sampled_from(["gzip", "zlib", "raw"]), min_size=1, max_size=3),
    members=st.integers(1, 3),
)
def test_unpacking_does_not_depend_on_where_the_pieces_are_cut(
    data: bytes, cuts: list[int], codings: list[str], members: int
) -> None:
    packed = data
    for position, coding in enumerate(codings):
        # A coding that was put on several members would be one of several streams, which only gzip has.
        again = members if coding == "gzip" and position == 0 else 1
        packed = PACKERS[coding](packed) * again
        data = data * again
    written = ", ".join("gzip" if coding == "gzip" else "deflate" for coding in codings)
    unpacking = unpacker(written, 10**6)
    assert unpacking is not None
    found, at, turn = b"", 0, 0
    sizes = [*cuts, 50]
    while at < len(packed):
        size = sizes[min(turn, len(sizes) - 1)]
        found += b"".join(unpacking.pieces(packed[at : at + size]))
        at, turn = at + size, turn + 1
    unpacking.finish()
    assert found == data


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "gzip, deflate", "br", "zstd", "br, gzip"]))
def test_whatever_comes_is_unpacked_or_refused(data: bytes, coding: str) -> None:
    try:
        unpacking = unpacker(coding, 10**6)
        assert unpacking is not None
        found = b"".join(unpacking.pieces(data))
        unpacking.finish()
    except (DecodingError, TooMuch):
        return
    assert len(found) <= 10**6


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
