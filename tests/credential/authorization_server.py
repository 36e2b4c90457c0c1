"""An authorization server on loopback (RFC 6749, RFC 7636): signs everybody in, and checks what it is sent."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit


class AuthorizationServer:
    """`/authorize`, `/token`, and an API at `/api` that takes the last access token only.

    `rotate` ends a refresh token when it is used. `deny` is the error `/authorize` answers with. `client_auth` says
    where the client must authenticate (`body`, `header` or `none`). `secret` is part of every secret it makes.
    """

    def __init__(self, *, rotate: bool = True, client_auth: str = "header", secret: str = "canary") -> None:
        self.client_id, self.client_secret = "client/1", f"{secret}-client&secret"
        self.rotate, self.client_auth, self.secret = rotate, client_auth, secret
        self.deny: dict[str, str] | None = None
        self.refuse_token: tuple[int, dict[str, str]] | None = None
        self.extra: dict[str, Any] = {"expires_in": 3600}
        self.authorizations: list[dict[str, str]] = []
        self.token_forms: list[dict[str, str]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: set[str] = set()
        self.reused: list[str] = []
        self.refuse_everyone = False
        self.api_calls = 0
        self._number = 0
        self._lock = threading.Lock()
        self.before_token = threading.Event()
        self.before_token.set()
        self.asked = threading.Event()

    def __enter__(self) -> AuthorizationServer:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Quietly."""

            def do_GET(self) -> None:
                server._get(self)

            def do_POST(self) -> None:
                server._post(self)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.before_token.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def credential(self) -> dict[str, Any]:
        """The fields of an oAuth2Api credential for this server."""
        return {
            "grantType": "authorizationCode",
            "authUrl": f"{self.url}/authorize",
            "accessTokenUrl": f"{self.url}/token",
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "scope": "read write",
            "authentication": "header" if self.client_auth == "header" else "body",
        }

    def issue(self) -> dict[str, Any]:
        """New tokens, as `/token` answers them."""
        with self._lock:
            self._number += 1
            access, refresh = f"{self.secret}-access+{self._number}/=", f"{self.secret}-refresh~{self._number}"
        self.access_tokens = {access}
        self.refresh_tokens.add(refresh)
        return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", **self.extra}

    def _get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            self.authorizations.append(query)
            if self.deny is not None:
                answer = {**self.deny, "state": query["state"]}
            else:
                code = f"{self.secret}-code {len(self.authorizations)}"
                self.codes[code] = query
                answer = {"code": code, "state": query["state"]}
            handler.send_response(302)
            handler.send_header("Location", f"{query['redirect_uri']}?{urlencode(answer)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        self.api_calls += 1
        token = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        good = token in self.access_tokens and not self.refuse_everyone
        self._answer(handler, 200 if good else 401, {"ok": good})

    def _post(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        self.token_forms.append(form)
        self.asked.set()
        self.before_token.wait()
        status, document = self._token(form, handler.headers.get("Authorization", ""))
        self._answer(handler, status, document)

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if self.refuse_token is not None:
            return self.refuse_token
        if not self._knows(form, authorization):
            return 401, {"error": "invalid_client", "error_description": f"not {form.get('client_secret')}"}
        kind = form.get("grant_type")
        if kind == "client_credentials":
            return 200, self.issue()
        if kind == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            if (
                asked is None
                or asked["redirect_uri"] != form["redirect_uri"]
                or asked["code_challenge_method"] != "S256"
                or asked["code_challenge"] != challenge.decode().rstrip("=")
            ):
                return 400, {"error": "invalid_grant", "error_description": f"not {form['code']}"}
            return 200, self.issue()
        with self._lock:
            token = form["refresh_token"]
            if token not in self.refresh_tokens:
                self.reused.append(token)
                return 400, {"error": "invalid_grant", "error_description": f"used before: {token}"}
            if self.rotate:
                self.refresh_tokens.remove(token)
        answer = self.issue()
        if not self.rotate:
            del answer["refresh_token"]
        return 200, answer

    def _knows(self, form: dict[str, str], authorization: str) -> bool:
        if self.client_auth == "header":
            encoded = authorization.removeprefix("Basic ")
            user, _, password = base64.b64decode(encoded).decode().partition(":")
            return (unquote_plus(user), unquote_plus(password)) == (self.client_id, self.client_secret) and (
                "client_secret" not in form
            )
        if self.client_auth == "none":
            return form.get("client_id") == self.client_id and "client_secret" not in form and not authorization
        return (form.get("client_id"), form.get("client_secret")) == (self.client_id, self.client_secret)

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
