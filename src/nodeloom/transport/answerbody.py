"""The body of one answer, gathered as it comes: unpacked, bounded, and without keeping the event loop."""

from __future__ import annotations

import asyncio
from io import BytesIO

from nodeloom.transport.decoding import TooMuch, unpacker

# Work for some milliseconds. After so many bytes others have a turn.
_TURN = 1024 * 1024


class AnswerBody:
    """Gathers a body that comes with this `Content-Encoding`, of `most` bytes at most before and after unpacking.

    Raises DecodingError if it is not compressed as it says, TooMuch if it is too long.
    """

    def __init__(self, content_encoding: str, most: int) -> None:
        self._unpacker = unpacker(content_encoding, most)
        self._room = most
        # Its buffer grows in place and is handed out as it is; pieces that are joined are in memory twice.
        self._buffer = BytesIO()
        self._since = 0

    async def take(self, chunk: bytes) -> None:
        """Take the next bytes as they came."""
        if self._unpacker is None:
            self._room -= len(chunk)
            if self._room < 0:
                raise TooMuch
            self._buffer.write(chunk)
            return
        for piece in self._unpacker.pieces(chunk):
            self._buffer.write(piece)
            # A piece that holds nothing was work as well.
            self._since += len(piece) or 65536
            if self._since >= _TURN:
                self._since = 0
                await asyncio.sleep(0)

    def whole(self) -> bytes:
        """The body, now that all of it has come. Raises DecodingError when it ended too early."""
        if self._unpacker is not None:
            self._unpacker.finish()
        return self._buffer.getvalue()
