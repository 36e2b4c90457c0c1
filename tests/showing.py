"""Everything that tools show of an exception: its words, its causes, and the variables of the frames behind it."""

from __future__ import annotations

import io
import pprint
import traceback
from collections.abc import Iterator

from _pytest._code.code import ExceptionInfo
from _pytest._io.saferepr import saferepr_unlimited
from rich.console import Console
from rich.traceback import Traceback


def chain_of(error: BaseException) -> list[BaseException]:
    """The exception, its causes and contexts (shown or not), and the members of groups."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or current in found:
            continue
        found.append(current)
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
    return found


def shown(error: BaseException) -> str:
    """What tools show of an exception and its variables, without limits of length.

    Of each frame the variables are written by `repr`, by pytest's own, by pprint and by rich. A test's own frames are
    left out: they hold what the test began with.
    """
    return "\n".join(_shown(error))


def _shown(error: BaseException) -> Iterator[str]:
    told: set[int] = set()
    for link in chain_of(error):
        yield "".join(traceback.format_exception(link, chain=False))
        # The result a run ends with is the caller's, whole.
        yield f"{link!r} { {name: value for name, value in link.__dict__.items() if name != 'result'}!r}"
        for frame, _line in traceback.walk_tb(link.__traceback__):
            if "/tests/" in frame.f_code.co_filename:
                continue
            for name, value in frame.f_locals.items():
                if id(value) not in told:
                    told.add(id(value))
                    yield f"{frame.f_code.co_name}: {name} ="
                    yield from (repr(value), saferepr_unlimited(value), pprint.pformat(value), rich_text(value))


def rich_text(value: object) -> str:
    """A value as rich's tracebacks and its `pprint` show it."""
    from rich.pretty import pretty_repr

    return pretty_repr(value, max_length=None, max_string=None)


def rich_traceback(error: BaseException) -> str:
    """A traceback with locals, as rich prints it."""
    console = Console(file=io.StringIO(), width=10_000, record=True)
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_length=10_000, locals_max_string=10_000
    )
    console.print(shown)
    return console.export_text()


def pytest_traceback(error: BaseException) -> str:
    """A traceback as `pytest --showlocals -vv` prints it."""
    return str(ExceptionInfo.from_exception(error).getrepr(showlocals=True, style="long", truncate_locals=False))


def locals_behind(error: BaseException) -> list[object]:
    """The variables of the frames behind an exception, but those of the test, which still runs."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    ended = [frame for frame in frames if not frame.f_code.co_name.startswith("test_")]
    return [value for frame in ended for value in frame.f_locals.values()]
