"""Starts the process that evaluates a package's code, and takes no more from it than a limit allows."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from nodeloom.errors import DescriptorError
from nodeloom.isolation import start_isolated
from nodeloom.jsonreading import ANY_JSON
from nodeloom.values import JsonObject

#: What the descriptions of a whole package may come to, in bytes.
MAX_OUTPUT = 96 * 1024 * 1024
_MAX_COMPLAINT = 64 * 1024
_CHUNK = 1024 * 1024


def talk(job: str, seconds: float) -> tuple[list[JsonObject], str]:
    """The lines that `child.py` wrote for `job`, and how it ended: "time", "memory" or a sentence.

    It is killed after `seconds`. Raises DescriptorError when it writes more than MAX_OUTPUT bytes, and
    JavaScriptDisabledError if the engine is not installed.
    """
    with _child() as child, _ends_after(seconds, child) as clock:
        output, complaint = bytearray(), bytearray()
        # In threads: a child that writes while the parent still writes would leave both waiting.
        helpers = [
            threading.Thread(target=_write, args=(child.stdin, job.encode("utf-8", "replace")), daemon=True),
            threading.Thread(target=_read, args=(child.stderr, complaint, _MAX_COMPLAINT), daemon=True),
        ]
        for helper in helpers:
            helper.start()
        _read(child.stdout, output, MAX_OUTPUT)
        too_much = len(output) > MAX_OUTPUT
        if too_much:
            child.kill()
        # Read to the end before it is waited for, because a full pipe keeps a child from ending.
        code = child.wait()
        for helper in helpers:
            helper.join()
    if too_much:
        raise DescriptorError("The package's descriptions are too large.", hint=f"{MAX_OUTPUT:,} bytes are allowed.")
    if clock.is_set():
        return _lines(output), "time"
    # The last line of a traceback is the error itself.
    said = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return _lines(output), "memory" if "MemoryError" in said else f"ended with code {code}. {said}"


@contextmanager
def _child() -> Iterator[subprocess.Popen[bytes]]:
    """The process: no environment, no site packages but the engine, an empty working folder of its own."""
    with tempfile.TemporaryDirectory(prefix="nodeloom-") as nowhere:
        child = start_isolated(Path(__file__).with_name("child.py"), "The package's code", folder=nowhere)
        try:
            yield child
        finally:
            child.kill()
            child.wait()
            for stream in (child.stdout, child.stderr):
                if stream is not None:
                    stream.close()


@contextmanager
def _ends_after(seconds: float, child: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill `child` after `seconds`; the event says that it came to that."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _write(stream: IO[bytes] | None, content: bytes) -> None:
    # A child that has ended reads no further; how it ended is told by what it wrote.
    with suppress(OSError):
        if stream is not None:
            with stream:
                stream.write(content)


def _read(stream: IO[bytes] | None, into: bytearray, most: int) -> None:
    """Read to the end, or until there are more than `most` bytes."""
    while stream is not None and len(into) <= most:
        content = os.read(stream.fileno(), _CHUNK)
        if not content:
            return
        into += content


def _lines(output: bytearray) -> list[JsonObject]:
    """The whole lines that are JSON objects. Other output of the child is not looked at."""
    found = []
    for line in output.decode("utf-8", "replace").split("\n")[:-1]:
        with suppress(ValueError):
            value = ANY_JSON.read(line)
            if isinstance(value, dict):
                found.append(value)
    return found
