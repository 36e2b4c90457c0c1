"""`RecordingTransport`: an httpx transport that answers from a list or a function, and remembers what was sent."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable

import httpx

from nodeloom.errors import ConfigurationError

Responder = Callable[[httpx.Request], "httpx.Response | Exception | Awaitable[httpx.Response | Exception]"]


class RecordingTransport(httpx.AsyncBaseTransport):
    """Answers without a network; `requests` holds every request, its body read, in the order they came.

    `responses` is one of

    * a list: each request takes the next one; when none is left, ConfigurationError says so;
    * a function of the request, plain or async, that gives the answer;
    * None: every request is answered 200 with `{}`.

    An answer is an `httpx.Response`, or an exception (`httpx.ConnectError("…")`), which is raised; a list may
    also hold a status code, or JSON (dict, list) which becomes a 200.
    """

    def __init__(self, responses: Iterable[object] | Responder | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = False
        self._responder: Responder | None = responses if callable(responses) else None
        self._queue: list[object] | None = None
        if responses is not None and not callable(responses):
            self._queue = list(responses)

    @property
    def remaining(self) -> int:
        """How many answers of the list are still to be given."""
        return len(self._queue or ())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record the request and answer it (httpx calls this)."""
        # A test wants to look at the body, and a stream can be read once only.
        await request.aread()
        self.requests.append(request)
        answer = await self._next(request)
        if isinstance(answer, Exception):
            raise answer
        # httpx needs it for `raise_for_status` and redirects.
        answer.request = request
        return answer

    async def aclose(self) -> None:
        """Remember that the client closed its transport."""
        self.closed = True

    async def _next(self, request: httpx.Request) -> httpx.Response | Exception:
        if self._responder is not None:
            answer = self._responder(request)
            return _answer(await answer if inspect.isawaitable(answer) else answer)
        if self._queue is None:
            return httpx.Response(200, json={})
        if not self._queue:
            raise ConfigurationError(
                f"The recording transport has no answer left for {request.method} {request.url}.",
                hint=f"It was given answers for {len(self.requests) - 1} requests; give it one more.",
            )
        return _answer(self._queue.pop(0))


def _answer(given: object) -> httpx.Response | Exception:
    if isinstance(given, (httpx.Response, Exception)):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return httpx.Response(given)
    if isinstance(given, (dict, list)):
        return httpx.Response(200, json=given)
    raise ConfigurationError(
        "The recording transport cannot answer with this.",
        hint="Give an httpx.Response, an exception, a status code, or JSON (dict or list).",
        value=repr(given),
    )
