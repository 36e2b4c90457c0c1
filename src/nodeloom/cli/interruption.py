"""Signals during a run: the first ends it in good order, the second at once, the third kills the program."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from nodeloom.run.stop import Stop


class Interruption:
    """While entered, turns SIGINT, SIGTERM and SIGHUP (on Windows SIGBREAK) into `stop.set()`.

    The first SIGINT lets what is in flight finish, the second does not wait for it, and calls `give_up`, which may
    raise into what the main thread waits in; the third does what SIGINT does by itself. The others count as a first one
    only. A signal that is ignored (`nohup`) stays ignored. Outside the main thread, where Python allows no handlers,
    nothing happens.
    """

    def __init__(self, stop: Stop, concurrency: int, give_up: Callable[[], None] = lambda: None) -> None:
        self._stop = stop
        self._concurrency = concurrency
        self._give_up = give_up
        self._before: dict[int, Any] = {}
        self._count = 0

    @property
    def interrupted(self) -> bool:
        """Whether a signal came."""
        return self._count > 0

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        first = self._count == 0
        if first:
            self._count = 1
            items = "1 item" if self._concurrency == 1 else f"up to {self._concurrency} items"
            _tell(f"stopping: finishing {items} in flight; Ctrl-C again to stop now")
            self._stop.set()
        elif number == signal.SIGINT:
            self._count += 1
            if self._count == 2:
                _tell("stopping now: what became of the items in flight is not known")
                self._stop.set(now=True)
                self._give_up()
            else:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                # Not `os.kill`, by which Windows ends the process at once.
                signal.raise_signal(signal.SIGINT)


def _tell(text: str) -> None:
    # Not through sys.stderr: the signal may have come in the middle of a write to it.
    try:
        os.write(2, f"\n{text}\n".encode() if os.isatty(2) else f"{text}\n".encode())
    except OSError:
        return
