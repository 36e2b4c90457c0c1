"""A loopback server for machines without nginx: answers every request with the same JSON, kept alive for ever.

Run as `python -m measuring.asyncio_server`; prints its port, and ends when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

from measuring.answer import ANSWER

HEAD_END = b"\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)


class AnswerEverything(asyncio.Protocol):
    """One connection. Reads as much of HTTP/1.1 as clients need that send no body or one with Content-Length."""

    def __init__(self) -> None:
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete (asyncio calls this)."""
        assert self._transport is not None
        data = self._pending + data if self._pending else data
        while (end := data.find(HEAD_END)) >= 0:
            whole = end + len(HEAD_END) + _body_length(data[:end])
            if len(data) < whole:
                break
            self._transport.write(RESPONSE)
            data = data[whole:]
        self._pending = data


def _body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(AnswerEverything, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
