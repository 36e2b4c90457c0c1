"""Which calls go wrong: by chance, but the same ones each time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from hashlib import blake2b
from typing import Literal

Fault = Literal["429", "500", "drop-before", "drop-after"]
"""A call answered 429 or 500 was not carried out; a dropped one was not (before) or was (after)."""


class FaultPlan:
    """Decides for each call whether it goes wrong.

    The decision depends only on the seed, the request, and how often that same request came before: concurrent runs
    meet the same faults, and a retry has a chance of its own.
    """

    def __init__(self, *, rate_429: float, rate_500: float, rate_drop: float, seed: int) -> None:
        self._rates: tuple[tuple[Literal["429", "500", "drop"], float], ...] = (
            ("429", rate_429),
            ("500", rate_500),
            ("drop", rate_drop),
        )
        self._active = any(rate > 0 for _, rate in self._rates)
        self._seed = str(seed).encode()
        self._seen: dict[bytes, int] = {}

    def decide(self, method: str, target: str, body: bytes) -> Fault | None:
        """What goes wrong with this call, or None."""
        if not self._active:
            return None
        request = b"\0".join((method.encode(), target.encode(), body))
        name = blake2b(request, digest_size=16).digest()
        # Counted, because a retry is the same request: without its turn it would fail each time.
        turn = self._seen[name] = self._seen.get(name, 0) + 1
        # A hash instead of a generator: what one request meets does not depend on which came before it.
        drawn = blake2b(b"%s\0%s\0%d" % (self._seed, name, turn), digest_size=16).digest()
        chance = int.from_bytes(drawn[:8]) / 2**64
        for fault, rate in self._rates:
            if chance < rate:
                if fault != "drop":
                    return fault
                return "drop-before" if drawn[8] < 128 else "drop-after"
            chance -= rate
        return None


class RateLimit:
    """At most `limit` calls in any one second. `clock` counts seconds and never goes back."""

    def __init__(self, limit: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._passed: deque[float] = deque()

    def lets_pass(self) -> bool:
        """Whether one more call may pass now; a call refused does not count."""
        if self._limit is None:
            return True
        now = self._clock()
        # A sliding second: with fixed ones, twice the limit could pass around the boundary.
        while self._passed and self._passed[0] <= now - 1.0:
            self._passed.popleft()
        if len(self._passed) >= self._limit:
            return False
        self._passed.append(now)
        return True
