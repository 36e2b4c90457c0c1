"""Runs the hand-written loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from measuring.loops import Result
from measuring.task import WARMING_ITEMS, Task
from measuring.usage import Usage, of_work

DeleteAll = Callable[[str, Sequence[str], int], Coroutine[Any, Any, list[Result]]]


def timed(task: Task, delete_all: DeleteAll, *, uvloop: bool) -> Usage:
    """What a loop takes for the task's items, after a few that are not counted; on asyncio's event loop or uvloop."""
    factory = _uvloop() if uvloop else asyncio.new_event_loop
    links = list(task.links())

    def some(some_links: Sequence[str]) -> int:
        with asyncio.Runner(loop_factory=factory) as runner:
            results = runner.run(delete_all(task.url, some_links, task.concurrency))
        return sum("error" not in result for result in results)

    some(links[:WARMING_ITEMS])
    return of_work(lambda: some(links))


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
