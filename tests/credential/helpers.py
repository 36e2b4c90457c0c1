"""What the tests of this room share: types, a clock that stands still, ways to send."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from keyring.backend import KeyringBackend

from nodeloom.credential import CredentialSession, StoredCredential, TokenStore
from nodeloom.descriptor.documentfiles import read_json
from nodeloom.descriptor.models import CredentialType
from nodeloom.messages import Request, Response

ROOT = Path(__file__).resolve().parents[2]


def three_cx_type() -> CredentialType:
    """The credential type that ships."""
    return CredentialType.model_validate(read_json(ROOT / "credentials" / "threeCxApi.json"))


def make_type(**document: Any) -> CredentialType:
    """A credential type from a document; `name` is `demoApi` unless given."""
    return CredentialType.model_validate({"name": "demoApi", **document})


def field(name: str, **more: Any) -> dict[str, Any]:
    """A property of a credential type."""
    return {"name": name, "displayName": name, "type": "string", **more}


def session_of(
    kind: CredentialType, values: Mapping[str, Any], *, source: str = "given", tokens: TokenStore | None = None
) -> CredentialSession:
    """A session with a token store of its own."""
    stored = StoredCredential(kind.name, kind.name, values, source)
    return CredentialSession(kind, stored, tokens=TokenStore() if tokens is None else tokens)


async def send_over_socket(request: Request) -> Response:
    """Send by httpx, as little as it takes."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.body,
            follow_redirects=request.follow_redirects,
        )
    return Response(answer.status_code, dict(answer.headers), answer.content, answer.reason_phrase, str(answer.url))


async def send_nothing(request: Request) -> Response:
    """For what must not send."""
    raise AssertionError(f"{request.method} {request.url} was sent")


class Clock:
    """A clock that moves when told to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def jwt(**claims: Any) -> str:
    """An unsigned token with these claims."""

    def part(document: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2lnbmF0dXJl"


def answer(document: Any, status: int = 200, reason: str = "") -> Response:
    """A JSON answer."""
    return Response(status, {"content-type": "application/json"}, json.dumps(document).encode(), reason)


class TokenEndpoint:
    """A token endpoint in memory: numbered tokens, slow enough for callers to meet."""

    def __init__(self, *, expires_in: Any = 3600, pause: float = 0.0) -> None:
        self.requests: list[Request] = []
        self.expires_in = expires_in
        self.pause = pause
        self.answers: list[Response | Exception] = []

    @property
    def forms(self) -> list[dict[str, list[str]]]:
        return [parse_qs((request.body or b"").decode()) for request in self.requests]

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        number = len(self.requests)
        if self.pause:
            await asyncio.sleep(self.pause)
        if self.answers:
            prepared = self.answers.pop(0)
            if isinstance(prepared, Exception):
                raise prepared
            return prepared
        return answer({"token_type": "Bearer", "access_token": f"token-{number}", "expires_in": self.expires_in})


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets with the test. `broken` makes every call fail with that error."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.broken: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise self.broken
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken:
            raise self.broken
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.broken:
            raise self.broken
        del self.entries[service, username]
