"""One QuickJS context, driven by text alone: programs and data go in, one result comes out.

It knows nothing of scopes, templates or Python values, so that it works alike in this process and in one of its own
(`interpreter_child.py` loads this file by its path). Therefore it imports nothing of the package.

A result is a number, a boolean, or text that begins with a `Mark`. After `Mark.TIME`, `MEMORY` or `LOST`, and when
`spoiled` is true, the interpreter must not be used again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from _quickjs import Context, JSException, StackOverflow  # type: ignore[import-not-found]  # the extension has no stubs


class Mark:
    """The first letter of a result that is text. core.js is given these names and letters (`modules.boot_sources`)."""

    TEXT = "s"  # a text follows
    JSON = "j"  # JSON follows (crossing.py)
    UNDEFINED = "u"
    NULL = "n"
    QUESTIONS = "?"  # JSON follows, the list of what the program asks for: [[kind, key], …]
    ERROR = "e"  # JSON follows, a text: what the program threw
    MEMORY = "m"  # the memory limit was met
    TIME = "t"  # the time limit was met
    LOST = "x"  # the interpreter's process ended

    # Only between a process and its parent, which carry text alone.
    TRUE_OR_FALSE = "b"
    WHOLE = "i"
    REAL = "f"
    MODULE = "="  # the name of a module follows, which could begin as a number does


#: Seconds and bytes of the package's own code, which no limit of a run is for.
_BOOT_SECONDS = 30.0
_UNLIMITED = -1
_LARGE = 1024 * 1024
#: QuickJS counts the processor time of the whole process, and asking for that of a thread takes longer than a run. A
#: run that had less than this share of its limit on the wall was ended for the work of other threads, and begins again.
_OWN_SHARE = 0.9

Result = str | int | float | bool


class Interpreter:
    """A context with the package's own modules in it.

    Args:
        boot: the source of core.js, and of the modules that every context has.
        stack: bytes of C stack that JavaScript may use.
    """

    def __init__(self, boot: Sequence[str], stack: int) -> None:
        self.spoiled = False  # whether an evaluation left something behind that would run in a later one
        self._context: Any = Context()
        self._context.set_max_stack_size(stack)
        core, *parts = boot
        api = self._context.eval(core)
        for part in parts:
            api("install")(part)
        api("seal")()
        self._define: Callable[[str], None] = api("define")
        self._load: Callable[[str, str], str] = api("load")
        self._give: Callable[..., None] = api("give")
        self._forget: Callable[[str], None] = api("forget")
        self._item: Callable[[str, str, int], None] = api("item")
        self._run: Callable[[int, str, bool], Any] = api("run")
        self._has_jobs: Callable[[], bool] = self._context.execute_pending_job
        self._sources: list[str] = []
        self._compiled = 0
        self._base = self._used()
        self._held: dict[str, int] = {}  # bytes of large data handed over, by how long it stays; no part of the limit
        self._limits: tuple[float, int] | None = None

    def _used(self) -> int:
        return int(self._context.memory()["malloc_size"])

    def define(self, source: str) -> int:
        """Take a program and give its number. It is compiled when it is first run."""
        self._sources.append(source)
        return len(self._sources) - 1

    def load(self, name: str, source: str) -> str:
        """Make one of the package's modules. Return the name of another one if that has to be there first, else ""."""
        base, before = self._base, self._used()
        self._context.set_time_limit(_BOOT_SECONDS)
        self._context.set_memory_limit(_UNLIMITED)
        first = self._hand_over(self._load, name, source)
        self._base = base + max(0, self._used() - before)
        self._limits = None
        return first

    def give(self, level: str, kind: str, key: str, text: str) -> None:
        """Hand over what JavaScript asked for, or will ask for; it stays until `forget(level)`."""
        self._hold(level, len(text))
        self._hand_over(self._give, level, kind, key, text)

    def forget(self, level: str) -> None:
        """Let everything go that was handed over for `level`."""
        self._hand_over(self._forget, level)
        self._release(level)

    def item(self, json: str, rest: str, index: int) -> None:
        """Hand over the item that the next runs are for."""
        self._release("item")
        self._hold("item", len(json) + len(rest))
        self._hand_over(self._item, json, rest, index)

    def run(self, number: int, names: str, pure: bool, time_limit: float, memory_limit: int) -> Result:
        """Run a program once.

        Args:
            number: which one.
            names: further names of its scope, as text.
            pure: whether it changes nothing of what it reads, so that it may have data that others have too.
            time_limit: seconds of processor time.
            memory_limit: bytes, besides what was handed over.
        """
        if self._limits != (time_limit, memory_limit):
            self._context.set_time_limit(time_limit)
            self._context.set_memory_limit(self._base + sum(self._held.values()) + memory_limit)
            self._limits = (time_limit, memory_limit)
        while True:
            started = time.monotonic()
            try:
                while self._compiled <= number:
                    self._define(self._sources[self._compiled])
                    self._compiled += 1
                result: Result | None = self._run(number, names, pure)
                self.spoiled = self.spoiled or self._has_jobs()
            except JSException as fault:
                if "interrupted" not in str(fault):
                    return Mark.MEMORY
                if time.monotonic() - started >= time_limit * _OWN_SHARE:
                    return Mark.TIME
            except (MemoryError, StackOverflow):
                return Mark.MEMORY
            else:
                # `run` always gives something; without memory even its own handler fails.
                return Mark.MEMORY if result is None else result

    @staticmethod
    def _hand_over(call: Callable[..., str | None], *arguments: str | int) -> str:
        """Call into the context outside of a run. There only memory can fail, which is told as MemoryError."""
        try:
            return call(*arguments) or ""
        except JSException as fault:
            raise MemoryError(str(fault)) from None

    def _hold(self, level: str, size: int) -> None:
        """Leave data handed over out of every limit, if it is large enough to matter."""
        if size >= _LARGE:
            self._held[level] = self._held.get(level, 0) + size
            self._context.set_memory_limit(_UNLIMITED)
            self._limits = None

    def _release(self, level: str) -> None:
        if self._held.pop(level, 0):
            self._limits = None

    def seconds(self) -> float:
        """Seconds of processor time that runs have taken, counted from any beginning."""
        return time.thread_time()
