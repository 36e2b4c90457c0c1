"""How a run is told to end early, from any thread or a signal handler."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Stop:
    """Ends a run early. Pass one to `run(stop=…)` and call `set()` when it should end.

    After `set()` no further item is begun; those in flight are finished and keep their results, the rest is reported
    as not run. `set(now=True)` also abandons those in flight: what became of them is reported as unknown. Thread-safe.
    """

    def __init__(self) -> None:
        # Reentrant, because a signal handler may call set() while the same thread holds the lock.
        self._lock = threading.RLock()
        self._level = 0
        self._listeners: list[Callable[[int], None]] = []

    @property
    def is_set(self) -> bool:
        """Whether the run was told to end."""
        return self._level > 0

    def set(self, *, now: bool = False) -> None:
        """Tell the run to end; with `now`, without waiting for what is in flight."""
        with self._lock:
            self._level = max(self._level, 2 if now else 1)
            listeners, level = list(self._listeners), self._level
        for listener in listeners:
            listener(level)

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(level)` at each `set()` (1: finish what is in flight, 2: now); returns how to end that."""
        with self._lock:
            self._listeners.append(listener)
            level = self._level
        if level:
            listener(level)

        def forget() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget
