"""Services that refuse what is too much, each in a way real ones do; for loops with virtual time."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable

from nodeloom.messages import Request, Response
from nodeloom.transport.trip import Trip
from tests.transport.virtualtime import now

Limiter = Callable[[float], float | None]
"""Takes the time; gives None to let the request pass, else after how many seconds it might."""


def fixed_window(limit: int, seconds: float = 1.0) -> Limiter:
    """At most `limit` in each span of `seconds`, counted from whole multiples of it."""
    counts: dict[int, int] = {}

    def ask(at: float) -> float | None:
        window = int(at // seconds)
        if counts.get(window, 0) >= limit:
            return (window + 1) * seconds - at
        counts[window] = counts.get(window, 0) + 1
        return None

    return ask


def sliding_window(limit: int, seconds: float = 1.0) -> Limiter:
    """At most `limit` in any span of `seconds`."""
    passed: deque[float] = deque()

    def ask(at: float) -> float | None:
        while passed and passed[0] <= at - seconds:
            passed.popleft()
        if len(passed) >= limit:
            return passed[0] + seconds - at
        passed.append(at)
        return None

    return ask


def token_bucket(per_second: float, burst: float) -> Limiter:
    """`per_second` over time, and `burst` at once."""
    state = {"tokens": burst, "at": 0.0}

    def ask(at: float) -> float | None:
        state["tokens"] = min(burst, state["tokens"] + (at - state["at"]) * per_second)
        state["at"] = at
        if state["tokens"] < 1.0:
            return (1.0 - state["tokens"]) / per_second
        state["tokens"] -= 1.0
        return None

    return ask


class LimitedService:
    """Answers after `latency` seconds (evenly spread by a half), 200 or `status` as `limiter` says.

    `retry_after` says whether it tells in whole seconds when to come again.
    """

    def __init__(
        self, limiter: Limiter, *, latency: float = 0.001, retry_after: bool = False, status: int = 429, seed: int = 0
    ) -> None:
        self._limiter = limiter
        self._latency = latency
        self._retry_after = retry_after
        self._status = status
        self._random = random.Random(seed)
        self.asked: list[float] = []
        self.accepted: list[float] = []
        self.in_flight = self.most_in_flight = 0

    @property
    def refused(self) -> int:
        return len(self.asked) - len(self.accepted)

    async def __call__(self, request: Request, _trip: Trip) -> Response:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            delay = self._latency * self._random.uniform(0.5, 1.5)
            await asyncio.sleep(delay / 2)
            at = now()
            self.asked.append(at)
            wait = self._limiter(at)
            await asyncio.sleep(delay / 2)
        finally:
            self.in_flight -= 1
        if wait is None:
            self.accepted.append(at)
            return Response(200, {}, b"{}")
        headers = {"retry-after": str(math.ceil(wait))} if self._retry_after else {}
        return Response(self._status, headers, b"")
