"""Something done again and again in a thread of its own, so that what it looks at need not think of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType


class Ticker:
    """While entered, calls `tick` every `seconds`; none is under way any more when it is left.

    A tick that takes longer than that delays the next one; none is made up for.
    """

    def __init__(self, seconds: float, tick: Callable[[], None]) -> None:
        self._seconds = seconds
        self._tick = tick
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nodeloom-progress", daemon=True)

    def __enter__(self) -> Ticker:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._seconds
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self._tick()
            due = max(due + self._seconds, time.monotonic())
