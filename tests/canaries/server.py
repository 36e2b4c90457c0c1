"""A service that gives back what it was sent, in every place of an answer and in every form."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import quote, unquote_plus

from tests.canaries.finding import Canary


class Hostile:
    """Serves on loopback. `mode` says how it answers, `knows` what it tells besides what it was sent.

    `sent` holds all it was sent, so that a test can be sure that the secrets were there to be shown.
    """

    def __init__(self, token: str) -> None:
        self.knows: tuple[Canary, ...] = ()
        self.token = token
        self.mode = "200"
        self.token_mode = "200"
        self.sent: list[str] = []
        self.release = threading.Event()
        methods = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
        handler = type("Handler", (_Handler,), {"hostile": self, **{f"do_{m}": _Handler.answer for m in methods}})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def echo(said: str) -> str:
    """`said` as it is and in the forms that services write it in."""
    raw = said.encode("utf-8", "surrogatepass")
    once = quote(raw, safe="")
    lower = "".join(c.lower() if i >= 1 and "%" in once[max(0, i - 2) : i] else c for i, c in enumerate(once))
    return " | ".join(
        [
            said,
            unquote_plus(said) if "%" in said else said,
            once,
            lower,
            quote(once, safe=""),
            json.dumps(said),
            json.dumps(json.dumps(said)),
            raw.hex(),
            raw.hex().upper(),
            *(base64.b64encode(b"x" * before + raw).decode() for before in range(3)),
            base64.urlsafe_b64encode(raw).decode(),
        ]
    )


_OF_NO_INTEREST = frozenset({"host", "accept", "accept-encoding", "content-type", "content-length", "user-agent"})


class _Handler(BaseHTTPRequestHandler):
    hostile: ClassVar[Hostile]
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1  # one packet an answer: two would wait for each other (Nagle, delayed acknowledgements)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""

    def answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode("utf-8", "replace")
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        self.hostile.sent.append(f"{self.path}\n{headers}\n{body}\n{unquote_plus(self.path)}\n{unquote_plus(body)}")
        said = [self.path, body, *(bird.text for bird in self.hostile.knows)]
        for name, value in self.headers.items():
            if name.lower() in _OF_NO_INTEREST:
                continue
            scheme, _, rest = value.partition(" ")
            said += [value, rest]
            if scheme == "Basic":
                said.append(base64.b64decode(rest).decode("utf-8", "replace"))
        told = " ; ".join(echo(part) for part in said if part)
        token = self.path.startswith(("/connect/token", "/token"))
        mode = self.hostile.token_mode if token else self.hostile.mode
        if token and mode == "200":
            self.reply(200, json.dumps({"access_token": self.hostile.token, "expires_in": 3600}))
            return
        with contextlib.suppress(OSError):
            MODES[mode](self, told)

    def reply(self, status: int, body: str | bytes, kind: str = "application/json", **headers: str) -> None:
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)


def _error(status: int) -> Callable[[_Handler, str], None]:
    def answer(handler: _Handler, told: str) -> None:
        document = {"error": {"code": told[:3000], "message": told, "details": [{"message": told}]}}
        handler.reply(status, json.dumps(document))

    return answer


def _oauth_error(handler: _Handler, told: str) -> None:
    handler.reply(401, json.dumps({"error": told, "error_description": told, "error_uri": told}))


def _words(status: int, kind: str) -> Callable[[_Handler, str], None]:
    return lambda handler, told: handler.reply(status, told, kind)


def _reason(handler: _Handler, told: str) -> None:
    line = told.replace("\n", " ").replace("\r", " ").encode("latin-1", "replace")[:1500]
    handler.wfile.write(b"HTTP/1.1 400 " + line + b"\r\nContent-Length: 0\r\n\r\n")


def _redirect(to: str) -> Callable[[_Handler, str], None]:
    def answer(handler: _Handler, told: str) -> None:
        location = to + quote(told[:1500], safe="")
        handler.reply(302, "", Location=location)

    return answer


def _around(handler: _Handler, _told: str) -> None:
    handler.reply(307, "", Location=handler.path)


def _cut_short(handler: _Handler, told: str) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    handler.wfile.write(told.encode()[:5000])
    handler.close_connection = True


def _dropped(handler: _Handler, _told: str) -> None:
    handler.close_connection = True
    handler.connection.close()


def _nonsense(handler: _Handler, told: str) -> None:
    handler.wfile.write(told.encode("utf-8", "replace")[:2000] + b"\r\n\r\n")
    handler.close_connection = True


def _silent(handler: _Handler, _told: str) -> None:
    handler.hostile.release.wait(5)
    handler.close_connection = True


def _not_gzip(handler: _Handler, told: str) -> None:
    handler.reply(200, told, Content_Encoding="gzip")


def _retry_later(handler: _Handler, told: str) -> None:
    handler.reply(429, json.dumps({"error": {"message": told}}), Retry_After="0")


MODES: dict[str, Callable[[_Handler, str], None]] = {
    "200": lambda handler, _told: handler.reply(200, json.dumps({"value": []})),
    **{str(status): _error(status) for status in (400, 401, 403, 404, 405, 409, 412, 418, 500, 503)},
    "429": _retry_later,
    "oauth error": _oauth_error,
    "text": _words(500, "text/plain"),
    "page": _words(200, "text/html"),
    "page of an error": _words(502, "text/html"),
    "broken JSON": lambda handler, told: handler.reply(200, '{"a": ' + told),
    "reason": _reason,
    "redirect to another host": _redirect("http://localhost:1/?said="),
    "redirect elsewhere": _redirect("ftp://elsewhere.test/?said="),
    "redirect to nonsense": _redirect("http://[/?said="),
    "redirect around": _around,
    "cut short": _cut_short,
    "dropped": _dropped,
    "nonsense": _nonsense,
    "silent": _silent,
    "not gzip": _not_gzip,
}
