"""Where the browser comes back to after a sign-in: a listener on this machine's loopback address.

RFC 8252 section 7.3. It answers one redirect, and only programs on this machine can reach it.
"""

from __future__ import annotations

import os
import queue
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar
from urllib.parse import parse_qs

from nodeloom.errors import ConfigurationError, CredentialError

HOST = "127.0.0.1"
PATH = "/callback"

# Waiting is cut into slices, because Windows delivers no Ctrl-C to a thread that waits.
_SLICE_SECONDS = 0.5
_ANSWER_SECONDS = 120.0
_READ_SECONDS = 10.0

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32em;padding:0 1em}}</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


class Loopback:
    """Listens on `port` of 127.0.0.1, a free one when it is 0, while it is entered.

    Raises ConfigurationError when the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._visit = _Visit()
        try:
            self._server = _Server((HOST, port), _handler(self._visit))
        except OSError as fault:
            raise ConfigurationError(
                f"Port {port} of {HOST} cannot be listened on: {fault.strerror or fault}.",
                hint="Choose another with --port, or leave it out for a free one.",
                value=port,
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def redirect_uri(self) -> str:
        """The address the browser is to come back to."""
        return f"http://{HOST}:{self._server.server_address[1]}{PATH}"

    def wait(self, seconds: float) -> str:
        """Path and query of the address the browser came back to. Raises CredentialError when it does not in time."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                return self._visit.targets.get(timeout=max(0.0, min(left, _SLICE_SECONDS)))
            except queue.Empty:
                if left <= _SLICE_SECONDS:
                    raise CredentialError(
                        f"Nobody signed in within {seconds:g} s.",
                        hint="Try again, or allow more time with --timeout SECONDS. Nothing was stored.",
                    ) from None

    def answer(self, title: str, text: str) -> None:
        """Show the browser how it ended, if it came; returns when the page is written."""
        visit = self._visit
        if visit.came.is_set():
            visit.page = _page(title, text)
            visit.answered.set()
            visit.written.wait(_READ_SECONDS)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._visit.answered.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Visit:
    """The one redirect, on its way between the thread that took it and the one that waits for it."""

    def __init__(self) -> None:
        self.targets: queue.Queue[str] = queue.Queue(1)
        self.came = threading.Event()
        self.answered = threading.Event()
        self.written = threading.Event()
        self.page = _page("The sign-in was broken off", "You can close this window.")
        self._lock = threading.Lock()

    def begin(self, target: str) -> bool:
        """Take the redirect; False when there was one already."""
        with self._lock:
            if self.came.is_set():
                return False
            self.came.set()
        self.targets.put(target)
        return True


class _Server(ThreadingHTTPServer):
    # A connection that a browser opens in advance must not keep the redirect, or the end of the program, waiting.
    daemon_threads = True
    block_on_close = False
    # On Windows it would let two programs listen on one port.
    allow_reuse_address = os.name == "posix"

    def server_bind(self) -> None:
        """Bind without asking the name service what this machine is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is nothing to report."""


def _handler(visit: _Visit) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        _visit: ClassVar[_Visit] = visit

    return Handler


class _Handler(BaseHTTPRequestHandler):
    _visit: ClassVar[_Visit]
    timeout = _READ_SECONDS

    def version_string(self) -> str:
        """The name of the server."""
        return "nodeloom"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the address holds the code."""

    def do_GET(self) -> None:
        """Take the redirect; anything else is not found."""
        path, _, query = self.path.partition("#")[0].partition("?")
        if path != PATH:
            self._write(404, _page("Not found", "This address is for the end of a sign-in."))
        elif not {"code", "error", "state"} & parse_qs(query, keep_blank_values=True).keys():
            self._write(400, _page("Nothing to see", "This address is for the end of a sign-in."))
        elif not self._visit.begin(self.path):
            self._write(410, _page("Over already", "The sign-in has ended. You can close this window."))
        else:
            self._visit.answered.wait(_ANSWER_SECONDS)
            try:
                self._write(200, self._visit.page)
            finally:
                self._visit.written.set()

    def _write(self, status: int, page: bytes) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        # The address holds the code: it goes nowhere else, and the page loads and runs nothing.
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)


def _page(title: str, text: str) -> bytes:
    import html

    return _PAGE.format(title=html.escape(title), text=html.escape(text).replace("\n", "<br>")).encode()
