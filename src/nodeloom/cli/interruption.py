"""Signals during a run: the first ends it in good order, the second within a second, also while it waits.

Python runs a signal's handler in the main thread, between two of its instructions. A signal that comes right before the
main thread waits for something (a pipe without a reader, a lock, a disk) is therefore seen when that wait ends, which
may be never. The handler in C, though, writes the signal's number to a socket at once (`signal.set_wakeup_fd`), and a
thread that waits for nothing else reads it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from nodeloom.run.stop import Stop

# How long the second signal lets a run write what it knows, in seconds.
PATIENCE = 0.75
# How often the main thread is told to give up what it waits in, in seconds.
_AGAIN = 0.05
# How long a message waits for standard error to take it, in seconds.
_TELLING = 0.1
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Interruption:
    """From `watch` on, turns SIGINT, SIGTERM and SIGHUP (on Windows SIGBREAK) into `stop.set()`; a context manager.

    The first signal lets what is in flight finish. The second, of any kind, does not wait for it, and calls
    `give_up` in the main thread, which may raise into what that waits in. In a process that is all the command's own
    (`own_process`) the second ends the process when it has not ended by itself after PATIENCE, with 128 and the number
    of the signal, and once the context is left, signals do what they do by themselves. A third one does so at once.

    A signal that is ignored (`nohup`) stays ignored. Outside the main thread, where Python allows no handlers, nothing
    happens.
    """

    def __init__(self, *, own_process: bool = False) -> None:
        self._own_process = own_process
        self._watched: frozenset[int] = frozenset()
        self._before: dict[int, Any] = {}
        self._before_fd = -1
        self._sockets: tuple[socket.socket, socket.socket] | None = None
        self._thread: threading.Thread | None = None
        self._left = threading.Event()
        self._count = 0
        # How many the main thread has come to.
        self._seen = 0
        # Whether the thread has sent the main thread a signal that is not to count.
        self._nudged = False
        self._stop = Stop()
        self._items = ""
        self._give_up: Callable[[], None] = lambda: None

    @property
    def interrupted(self) -> bool:
        """Whether a signal came."""
        return self._count > 0

    def watch(self, stop: Stop, concurrency: int, give_up: Callable[[], None] = lambda: None) -> None:
        """Begin to watch for signals that are to end the run of `stop`, which has so many items in flight."""
        if threading.current_thread() is not threading.main_thread():
            return
        self._stop, self._give_up = stop, give_up
        self._items = "1 item" if concurrency == 1 else f"up to {concurrency} items"
        numbers = [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
        self._watched = frozenset(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
        receiving, sending = self._sockets = socket.socketpair()
        sending.setblocking(False)
        self._thread = threading.Thread(target=self._listen, args=(receiving,), name="nodeloom-signals", daemon=True)
        self._thread.start()
        self._before_fd = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
        for number in self._watched:
            self._before[number] = signal.signal(number, self._handle)

    def __enter__(self) -> Interruption:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._sockets is None or self._thread is None:
            return
        self._left.set()
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if self._own_process or handler is None else handler)
        signal.set_wakeup_fd(self._before_fd)
        receiving, sending = self._sockets
        sending.close()
        if self._own_process and self._count > 1:
            # What is left of the program has to end in time as well.
            return
        self._thread.join()
        receiving.close()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        """In the main thread, when it comes to it; what must not wait for that is done by the thread."""
        if self._nudged:
            self._nudged = False
            self._give_up()
            return
        self._seen += 1
        if self._seen > 2:
            signal.signal(number, signal.SIG_DFL)
            # Not `os.kill`, by which Windows ends the process at once.
            signal.raise_signal(number)

    def _listen(self, receiving: socket.socket) -> None:
        while received := receiving.recv(64):
            for number in received:
                if number not in self._watched:
                    continue
                self._count += 1
                if self._count > 1:
                    self._end_now(number)
                    return
                _tell(f"stopping: finishing {self._items} in flight; Ctrl-C again to stop now")
                self._stop.set()

    def _end_now(self, number: int) -> None:
        deadline = time.monotonic() + PATIENCE
        _tell("stopping now: what became of the items in flight is not known")
        self._stop.set(now=True)
        main = threading.main_thread().ident
        while time.monotonic() < deadline or not self._own_process:
            # It may have begun to wait just after it was told, so it is told again and again.
            if self._left.wait(_AGAIN):
                break
            if hasattr(signal, "pthread_kill") and main is not None:
                self._nudged = True
                signal.pthread_kill(main, number)
        if self._own_process:
            time.sleep(max(0.0, deadline - time.monotonic()))
            _tell("ended without waiting any longer")
            os._exit(128 + number)


def _tell(text: str) -> None:
    """Write a line to standard error, unless that does not take it."""
    # Not through sys.stderr: the main thread may be in the middle of a write to it.
    try:
        if hasattr(select, "poll"):
            taking = select.poll()
            taking.register(2, select.POLLOUT)
            if not taking.poll(int(_TELLING * 1000)):
                return
        os.write(2, f"\n{text}\n".encode() if os.isatty(2) else f"{text}\n".encode())
    except OSError:
        return
