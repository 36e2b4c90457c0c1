"""Answers that are compressed, unpacked a piece at a time: a small one may hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_PIECE = 256 * 1024
_GZIP = zlib.MAX_WBITS | 16


class Unpacker:
    """Unpacks one answer in gzip (RFC 1952) or deflate (RFC 1950, and bare as some servers send it)."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding == "gzip"
        self._stream = zlib.decompressobj(_GZIP if self._gzip else zlib.MAX_WBITS)
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data`, the next bytes of the answer, holds, in pieces of 256 KiB at most. Raises zlib.error."""
        while data:
            if self._stream.eof:
                if not self._gzip:
                    return
                # Another member of the same file (RFC 1952 section 2.2).
                self._stream = zlib.decompressobj(_GZIP)
            yield from self._unpacked(data)
            data = self._stream.unused_data

    def finish(self) -> None:
        """Raise zlib.error when the answer ended too early."""
        if self._begun and not self._stream.eof:
            raise zlib.error("it ends too early")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._stream.decompress(data, _PIECE)
            except zlib.error:
                if self._gzip or self._begun:
                    raise
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                piece = self._stream.decompress(data, _PIECE)
            self._begun = True
            if piece:
                yield piece
            data = self._stream.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return


def unpacker(content_encoding: str) -> Unpacker | None:
    """What unpacks an answer with this `Content-Encoding`; None for one that is left as it is."""
    coding = content_encoding.strip().lower()
    return Unpacker(coding) if coding in ("gzip", "deflate") else None
