"""Whether a run goes on: what waits in it asks, and what ends it says so, in one place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable


class RunControl:
    """Says whether a run goes on; for one event loop.

    `why` says why nothing further is begun, None as long as the run goes on, and `advice` what to do then. `fault` is
    what is raised once every outcome was given: what the input raised, for example.
    """

    __slots__ = ("_halted", "_listeners", "advice", "fault", "why")

    def __init__(self) -> None:
        self.why: str | None = None
        self.advice = "Run it again."
        self.fault: BaseException | None = None
        self._halted = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    @property
    def halted(self) -> bool:
        """Whether nothing further is begun."""
        return self.why is not None

    def halt(self, why: str, advice: str | None = None) -> None:
        """Begin nothing further; the first reason counts. `advice` is the hint of the items that are not run."""
        if self.why is not None:
            return
        self.why = why
        self.advice = advice or self.advice
        self._halted.set()
        for listener in self._listeners:
            listener()

    def fail(self, fault: BaseException, why: str) -> None:
        """Begin nothing further, and let `fault` be raised after the outcomes."""
        self.keep(fault)
        self.halt(why)

    def keep(self, fault: BaseException) -> None:
        """Let `fault` be raised after the outcomes; the first one counts."""
        self.fault = self.fault or fault

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the run is halted."""
        self._listeners.append(listener)

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than the run goes on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._halted.wait()
