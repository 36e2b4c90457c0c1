"""Answers that are compressed, unpacked a piece at a time: a small one may hold gigabytes.

Both channels leave answers as they come, so that one reader decides what a coding is, at which byte an answer ends, and
what is too much. Codings are named by RFC 9110 section 8.4.1 and the registry it begins: `gzip` (RFC 1952), `deflate`
(RFC 1950, and bare as some servers send it), and if a library is installed `br` (RFC 7932) and `zstd` (RFC 8878).
"""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from nodeloom.headerfields import list_members

# The most that is unpacked, and that is given to be unpacked, at a time.
_PIECE = 256 * 1024
_SLICE = 64 * 1024
_GZIP = zlib.MAX_WBITS | 16
# A file of gzip may have several members (RFC 1952 section 2.2). bgzip's hold 64 KiB, so that the largest answer has
# 4,096 of them; empty ones cost time and give nothing.
_MOST_MEMBERS = 100_000
# Codings on codings: each multiplies by a thousand what an answer may hold.
_MOST_LAYERS = 3
# What the registry of codings has. Other names are mistakes of services that compress nothing.
_REGISTERED = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})


class DecodingError(Exception):
    """An answer is not compressed as it says, or not to its end; the text says what is wrong."""


class TooMuch(Exception):
    """An answer holds more than is read."""


class _Codec(Protocol):
    """Unpacks one member. `unpack` gives some 256 KiB at most; while it is not `hungry`, it has more for no input."""

    @property
    def eof(self) -> bool: ...

    @property
    def hungry(self) -> bool: ...

    @property
    def rest(self) -> bytes: ...

    def unpack(self, data: bytes) -> bytes: ...


class _Inflate:
    """A member of gzip, zlib or bare deflate, by zlib's number for its window and wrapping."""

    def __init__(self, bits: int) -> None:
        self._stream = zlib.decompressobj(bits)
        self.hungry = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def rest(self) -> bytes:
        return self._stream.unused_data

    def unpack(self, data: bytes) -> bytes:
        tail = self._stream.unconsumed_tail
        piece = self._stream.decompress(tail + data if tail else data, _PIECE)
        self.hungry = len(piece) < _PIECE and not self._stream.unconsumed_tail
        return piece


class _Deflate:
    """Deflate with zlib's header, as RFC 9110 means it, or without, as some servers do."""

    def __init__(self) -> None:
        self._head = b""
        self._inflate: _Inflate | None = None

    @property
    def eof(self) -> bool:
        return self._inflate is not None and self._inflate.eof

    @property
    def hungry(self) -> bool:
        return self._inflate is None or self._inflate.hungry

    @property
    def rest(self) -> bytes:
        return b"" if self._inflate is None else self._inflate.rest

    def unpack(self, data: bytes) -> bytes:
        if self._inflate is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return b""
            # RFC 1950 section 2.2: the method is 8, and the two bytes are a multiple of 31.
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inflate = _Inflate(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        return self._inflate.unpack(data)


class _Brotli:
    """A stream of Brotli; the library refuses what follows its end."""

    rest = b""

    def __init__(self) -> None:
        self._stream = _library("brotli").Decompressor()
        self.hungry = True

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())

    def unpack(self, data: bytes) -> bytes:
        piece: bytes = self._stream.process(data, output_buffer_limit=_PIECE)
        # It takes more as soon as it has taken all, when it has not given all.
        self.hungry = len(piece) < _PIECE and self._stream.can_accept_more_data()
        return piece


class _Zstandard:
    """A frame of Zstandard."""

    def __init__(self) -> None:
        self._stream = _library("zstd").ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def hungry(self) -> bool:
        return bool(self._stream.needs_input)

    @property
    def rest(self) -> bytes:
        return bytes(self._stream.unused_data)

    def unpack(self, data: bytes) -> bytes:
        return bytes(self._stream.decompress(data, _PIECE))


_CODECS: dict[str, Callable[[], _Codec]] = {
    "gzip": lambda: _Inflate(_GZIP),
    "x-gzip": lambda: _Inflate(_GZIP),
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstandard,
}
# Of these, members follow each other in one answer.
_SEVERAL = frozenset({"gzip", "x-gzip", "zstd"})
_OPTIONAL = {"br": "brotli", "zstd": "zstd"}


@functools.cache
def _library(name: str) -> Any:
    """The module that unpacks Brotli or Zstandard a piece at a time; None if it is not installed."""
    for module in {"brotli": ("brotli",), "zstd": ("compression.zstd", "backports.zstd")}[name]:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        # Brotli's releases before 1.2 unpack all that they are given at once.
        if name != "brotli" or hasattr(found.Decompressor, "can_accept_more_data"):
            return found
    return None


def _is_known(coding: str) -> bool:
    return coding in _CODECS and (coding not in _OPTIONAL or _library(_OPTIONAL[coding]) is not None)


@functools.cache
def accepted_codings() -> str:
    """What to ask for: the `Accept-Encoding` of a request that has none of its own."""
    return ", ".join(coding for coding in ("gzip", "deflate", "br", "zstd") if _is_known(coding))


class _Layer:
    """Takes one coding off; `most` bounds what may come out of it."""

    def __init__(self, coding: str, most: int) -> None:
        self._coding = coding
        self._room = most
        self._codec: _Codec | None = None
        self._members = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._codec is None and self._members and self._coding in _SEVERAL:
                # What was read from a tape or a device is filled up with zeros.
                data = data.lstrip(b"\0")
            if self._codec is None and not data:
                return
            codec = self._codec = self._codec or self._next_member()
            try:
                piece = codec.unpack(data)
            except Exception as fault:
                # Each library has an error of its own, which is an Exception and no more.
                raise DecodingError(str(fault) or type(fault).__name__) from fault
            data = b""
            if piece:
                self._room -= len(piece)
                if self._room < 0:
                    raise TooMuch
                yield piece
            if codec.eof:
                self._codec, data = None, codec.rest
            elif codec.hungry:
                return

    def finish(self) -> None:
        if self._codec is not None:
            raise DecodingError("it ends too early")

    def _next_member(self) -> _Codec:
        if self._members and self._coding not in _SEVERAL:
            raise DecodingError("something follows its end")
        if self._members == _MOST_MEMBERS:
            raise DecodingError(f"it has more than {_MOST_MEMBERS} parts")
        self._members += 1
        return _CODECS[self._coding]()


class Unpacker:
    """Unpacks one answer. More than `most` bytes, of what comes or of what is in it, are too much."""

    def __init__(self, codings: list[str], most: int) -> None:
        self._layers = [_Layer(coding, most) for coding in codings]
        self._room = most

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data`, the next bytes of the answer, holds; an empty piece stands between, when much was read for none.

        Raises DecodingError and TooMuch.
        """
        self._room -= len(data)
        if self._room < 0:
            raise TooMuch
        for at in range(0, len(data), _SLICE):
            yield from self._through(0, data[at : at + _SLICE])
            yield b""

    def finish(self) -> None:
        """Raise DecodingError when the answer ended too early."""
        for layer in self._layers:
            layer.finish()

    def _through(self, depth: int, data: bytes) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for piece in self._layers[depth].pieces(data):
            yield from self._through(depth + 1, piece)


def unpacker(content_encoding: str, most: int) -> Unpacker | None:
    """What unpacks an answer with this `Content-Encoding`; None for one that is left as it is.

    Raises DecodingError for a coding that cannot be unpacked here.
    """
    codings = [coding for name in list_members(content_encoding) if (coding := name.lower()) != "identity"]
    for coding in codings:
        if coding in _REGISTERED and not _is_known(coding):
            raise DecodingError(f"{coding} was not asked for, and cannot be read here")
    # The last coding was put on last.
    codings = [coding for coding in reversed(codings) if coding in _CODECS]
    if len(codings) > _MOST_LAYERS:
        raise DecodingError(f"it is compressed {len(codings)} times over")
    return Unpacker(codings, most) if codings else None
