"""Long answers in JSON, read in a thread: meanwhile the event loop and the other items go on."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from nodeloom.errors import RequestTimeoutError
from nodeloom.jsonbounds import JSONBounds, TooMuchJSON
from nodeloom.jsonreading import SHORT, begins_like_json, parse_json_in_turns
from nodeloom.messages import Request, Response, origin_of
from nodeloom.values import Json


class _Abandoned(Exception):
    """The request that waited for the answer was cancelled."""


class _Reading:
    """One answer that is read; `abandon` ends it."""

    def __init__(self, body: bytes, bounds: JSONBounds) -> None:
        self._body = body
        self._bounds = bounds
        self._abandoned = False

    def abandon(self) -> None:
        self._abandoned = True

    def __call__(self) -> tuple[Json, ValueError | None]:
        try:
            return parse_json_in_turns(self._body, self._bounds, self._turn), None
        except _Abandoned:
            return None, None
        except MemoryError:
            return None, TooMuchJSON("there is not enough memory for it")
        except ValueError as fault:
            return None, fault

    def _turn(self) -> None:
        if self._abandoned:
            raise _Abandoned


class ReadAhead:
    """Reads one long answer after the other, so that no two are taken apart in memory at once; for one event loop."""

    def __init__(self, bounds: JSONBounds) -> None:
        self._bounds = bounds
        # A shorter text holds less than the bounds, and is read when it is looked at.
        self.from_bytes = min(SHORT, bounds.values)
        self._executor: ThreadPoolExecutor | None = None

    async def read(self, request: Request, response: Response, seconds: float | None) -> None:
        """Have `response` know its JSON, if it is JSON. Raises RequestTimeoutError when that takes too long."""
        if not begins_like_json(response.body):
            return
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="nodeloom-json")
        reading = _Reading(response.body, self._bounds)
        try:
            async with asyncio.timeout(seconds):
                value, fault = await asyncio.get_running_loop().run_in_executor(self._executor, reading)
        except TimeoutError:
            raise _too_long(request) from None
        finally:
            reading.abandon()
        response.read_ahead(value, fault)

    def close(self) -> None:
        """Begin nothing more; what is being read ends by itself."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)


def _too_long(request: Request) -> RequestTimeoutError:
    where = origin_of(request.url)
    return RequestTimeoutError(
        f"The answer of {where} took too long to read.",
        hint="The service has answered. Check before you repeat it, ask for less, or allow more time.",
        sent="yes",
        method=request.method,
        origin=where,
    )
