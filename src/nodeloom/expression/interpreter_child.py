"""The process in which a runtime's expressions are evaluated; run by path, and never imported.

It reads messages from standard input and answers those that want a result on standard output. A message is a list of
texts, the commands of `interpreter.py` one after the other. A run has a limit of processor time that the system
holds: a signal ends the process if QuickJS does not end the run itself. It has no environment, opens no file and no
socket, and JavaScript in it cannot call Python.
"""

from __future__ import annotations

import os
import runpy
import signal
import struct
import sys
import time
from typing import Any

#: Bytes of address space: QuickJS has its own limit for a run, this one is for all that was handed over.
_MEMORY = 4 * 1024**3
#: Seconds, and a share of the limit, that QuickJS has to end a run before the system ends the process.
_GRACE_SECONDS, _GRACE_SHARE = 0.1, 1.25
_LOADING_SECONDS = 60.0
#: How many texts follow a command.
_ARGUMENTS = {"define": 1, "load": 2, "give": 4, "forget": 1, "item": 3, "run": 5}
_COUNT = struct.Struct("<I")
_ANSWER = struct.Struct("<Id?")


def _read(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(0, min(count, 1 << 20))
        if not piece:
            sys.exit()  # the parent has closed its end
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _message() -> list[str]:
    (count,) = _COUNT.unpack(_read(4))
    sizes = struct.unpack(f"<{count}I", _read(4 * count))
    content = memoryview(_read(sum(sizes)))
    texts, at = [], 0
    for size in sizes:
        texts.append(str(content[at : at + size], "utf-8", "surrogatepass"))
        at += size
    return texts


def _answer(marks: Any, result: object, *, spoiled: bool) -> None:
    mark = {bool: marks.TRUE_OR_FALSE, int: marks.WHOLE, float: marks.REAL}.get(type(result), "")
    content = f"{mark}{result!r}" if mark else str(result)
    data = memoryview(content.encode("utf-8", "surrogatepass"))
    head = _ANSWER.pack(len(data), time.process_time(), spoiled)
    os.write(1, head)
    while data:
        data = data[os.write(1, data) :]


def _end_after(seconds: float) -> None:
    """Have the system end this process once it has used so many seconds of processor time; 0 for never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _perform(marks: Any, interpreter: Any, name: str, texts: list[str]) -> object:
    if name == "item":
        return interpreter.item(texts[0], texts[1], int(texts[2]))
    if name == "run":
        number, names, pure, seconds, memory = texts
        _end_after(float(seconds) * _GRACE_SHARE + _GRACE_SECONDS)
        return interpreter.run(int(number), names, pure == "1", float(seconds), int(memory))
    if name == "load":
        return marks.MODULE + interpreter.load(*texts)
    return getattr(interpreter, name)(*texts)


def main() -> None:
    """Answer messages until the parent closes the pipe."""
    folder, confinement = sys.argv[1:3]
    sys.path.append(folder)
    import _quickjs  # type: ignore[import-not-found] # noqa: F401 - nothing can be opened later on

    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib takes long to import
    room = runpy.run_path(os.path.join(here, "interpreter.py"))  # noqa: PTH118
    marks = room["Mark"]
    stack = runpy.run_path(confinement)["confine"](_MEMORY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    interpreter = room["Interpreter"](_message(), stack)
    while True:
        texts = _message()
        _end_after(_LOADING_SECONDS)
        at, result, failed = 0, None, False
        while at < len(texts):
            name = texts[at]
            following = at + 1 + _ARGUMENTS[name]
            try:
                result = _perform(marks, interpreter, name, texts[at + 1 : following])
            except MemoryError:
                failed = True
            at = following
        _end_after(0)
        _answer(marks, marks.MEMORY if failed else result, spoiled=failed or interpreter.spoiled)


main()
