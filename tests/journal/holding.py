"""A service on a real socket that does what it is asked for at once, and answers when the test lets it."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class HoldingService:
    """Holds things by path: DELETE removes one (404 where it is gone), everything else finds or makes it.

    `asked` counts what arrived, by method and path. While `held`, answers wait; `arrived` waits for so many requests.
    """

    def __init__(self, things: int) -> None:
        self.things = {f"/x/{n}" for n in range(things)}
        self.asked: Counter[tuple[str, str]] = Counter()
        self._go = threading.Event()
        self._changed = threading.Condition()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: service.answer(self)
                raise AttributeError(name)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("content-length") or 0))
        path = handler.path.partition("?")[0]
        with self._changed:
            self.asked[handler.command, path] += 1
            gone = handler.command == "DELETE" and path not in self.things
            if handler.command == "DELETE":
                self.things.discard(path)
            self._changed.notify_all()
        self._go.wait()
        with contextlib.suppress(OSError):
            handler.send_response(404 if gone else 200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")

    def arrived(self, count: int) -> bool:
        """Wait until so many requests have arrived."""
        with self._changed:
            return self._changed.wait_for(lambda: self.asked.total() >= count, timeout=60)

    def release(self) -> None:
        """Answer from now on at once."""
        self._go.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def holding(things: int) -> Iterator[HoldingService]:
    service = HoldingService(things)
    try:
        yield service
    finally:
        service.close()
