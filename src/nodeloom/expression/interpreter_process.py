"""An interpreter in a process of its own, which ends if JavaScript goes over its limit and does not say so itself.

QuickJS looks at the clock between its own instructions only. A built-in method that takes long, or a fault in it, is
out of its reach, and out of the reach of every thread of this process. So the process of an interpreter has the
system's own limit (`interpreter_child.py`), and this side a clock as well. What it answers is text and numbers, read
with care: code that got hold of that process could say anything.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from nodeloom.errors import ConfigurationError
from nodeloom.expression.interpreter import Mark, Result
from nodeloom.isolation import start_isolated

_COUNT = struct.Struct("<I")
_ANSWER = struct.Struct("<Id?")
#: The largest answer: core.js gives no text longer than 16 MiB characters, each of which is at most 4 bytes.
_LARGEST = 64 * 1024 * 1024 + 16
_NUMBERS: dict[str, Callable[[str], Result]] = {
    Mark.TRUE_OR_FALSE: lambda text: text == "True",
    Mark.WHOLE: int,
    Mark.REAL: float,
}
#: Seconds on the wall that a process may be silent, for each second of its limit and besides: it may have to wait for a
#: processor, so this is for one that sleeps or was stopped.
_WALL_SHARE, _WALL_SECONDS = 10.0, 30.0
_LOADING_SECONDS = 60.0
_ENDED_BY_LIMIT = (-getattr(signal, "SIGPROF", 0), -getattr(signal, "SIGXCPU", 0))


class InterpreterProcess:
    """See `Interpreter`. Commands are gathered, and cross with the run that needs them.

    Raises:
        ConfigurationError: the system has no pipes that can be waited for (Windows), or the process did not start.
    """

    def __init__(self, boot: Sequence[str]) -> None:
        if not hasattr(select, "poll"):
            raise ConfigurationError(
                "javascript='process' is not available on this system.",
                hint="Evaluate in this process (javascript=True), or switch JavaScript off (javascript=False).",
            )
        self.spoiled = False
        self._seconds = 0.0
        self._programs = 0
        self._commands: list[str] = []
        try:
            child = start_isolated(Path(__file__).with_name("interpreter_child.py"), "An expression")
        except OSError as fault:
            raise _not_started(fault) from fault
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - they are pipes
        self._child = child
        self._input, self._output = child.stdin.fileno(), child.stdout.fileno()
        os.set_blocking(self._input, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._output, select.POLLIN | select.POLLHUP)
        self._writable.register(self._input, select.POLLOUT | select.POLLERR)
        weakref.finalize(self, _end, child, os.getpid())
        try:
            self._send(list(boot), time.monotonic() + _LOADING_SECONDS)
        except OSError as fault:  # a TimeoutError is one
            raise _not_started(fault) from fault

    def define(self, source: str) -> int:
        """See `Interpreter.define`."""
        self._commands += ("define", source)
        self._programs += 1
        return self._programs - 1

    def load(self, name: str, source: str) -> str:
        """See `Interpreter.load`."""
        self._commands += ("load", name, source)
        first = self._exchange(_LOADING_SECONDS)
        if not isinstance(first, str) or not first.startswith(Mark.MODULE):
            raise MemoryError
        return first[1:]

    def give(self, level: str, kind: str, key: str, text: str) -> None:
        """See `Interpreter.give`."""
        self._commands += ("give", level, kind, key, text)

    def forget(self, level: str) -> None:
        """See `Interpreter.forget`."""
        self._commands += ("forget", level)

    def item(self, json: str, rest: str, index: int) -> None:
        """See `Interpreter.item`."""
        self._commands += ("item", json, rest, str(index))

    def run(self, number: int, names: str, pure: bool, time_limit: float, memory_limit: int) -> Result:
        """See `Interpreter.run`. The result is Mark.LOST if the process ended for another reason than its limit."""
        self._commands += ("run", str(number), names, "1" if pure else "0", repr(time_limit), str(memory_limit))
        return self._exchange(time_limit * _WALL_SHARE + _WALL_SECONDS)

    def seconds(self) -> float:
        """See `Interpreter.seconds`."""
        return self._seconds

    def _exchange(self, patience: float) -> Result:
        """The answer to what was gathered; Mark.TIME or Mark.LOST if there is none."""
        commands, self._commands = self._commands, []
        self.spoiled = True  # so it stays if an interrupt cuts the exchange in two
        deadline = time.monotonic() + patience
        try:
            self._send(commands, deadline)
            size, self._seconds, spoiled = _ANSWER.unpack(self._receive(_ANSWER.size, deadline))
            if size > _LARGEST:
                return self._lost(Mark.MEMORY)
            text = self._receive(size, deadline).decode("utf-8", "surrogatepass")
            number = _NUMBERS.get(text[:1])
            result = text if number is None else number(text[1:])
            if result == "":
                return self._lost(Mark.LOST)
        except TimeoutError:
            return self._lost(Mark.TIME)
        except (OSError, EOFError):
            return self._lost(Mark.LOST)
        except ValueError:
            return self._lost(Mark.LOST)  # no text, or no number: not what the child writes
        self.spoiled = spoiled
        return result

    def _lost(self, why: str) -> str:
        """Give the process up."""
        with suppress(subprocess.TimeoutExpired):
            if self._child.wait(0.2 if why == Mark.LOST else 0) in _ENDED_BY_LIMIT:
                return Mark.TIME
        self._child.kill()
        self._child.wait()
        return why

    def _send(self, texts: list[str], deadline: float) -> None:
        pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
        head = struct.pack(f"<{len(pieces) + 1}I", len(pieces), *map(len, pieces))
        data = memoryview(b"".join([head, *pieces]))
        while data:
            # A process that was stopped, or is not our code any more, may never read what it is sent.
            _wait(self._writable, deadline)
            with suppress(BlockingIOError):
                data = data[os.write(self._input, data) :]

    def _receive(self, count: int, deadline: float) -> bytes:
        pieces = []
        while count:
            _wait(self._readable, deadline)
            piece = os.read(self._output, count)
            if not piece:
                raise EOFError
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)


def _wait(ready: select.poll, deadline: float) -> None:
    if not ready.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise TimeoutError


def _not_started(fault: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The process that evaluates expressions did not start: {fault.strerror or type(fault).__name__}.",
        hint="Check sys.executable, and the limits of this system for open files and processes.",
    )


def _end(child: subprocess.Popen[bytes], owner: int) -> None:
    """End the process and close its pipes; one that belongs to the process this one was forked from goes on."""
    if os.getpid() == owner:
        child.kill()
        child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()
