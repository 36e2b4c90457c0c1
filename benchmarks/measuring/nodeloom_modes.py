"""Nodeloom in its modes, on Delete Weblink of the full 3CX node."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from measuring.task import WARMING_ITEMS, Task
from measuring.usage import Usage, of_command, of_work
from nodeloom import Runtime

NODE = "threecx"
RESOURCE = "Website Links"
OPERATION = "Delete Weblink"
LINK = "={{ $json.Link }}"
PARAMETERS = {"resource": RESOURCE, "operation": OPERATION, "Link": LINK}
Item = dict[str, Any]


def credential(url: str) -> dict[str, dict[str, str]]:
    """The credential, with a token that is there already: no sign-in is measured."""
    return {"threeCxApi": {"serverUrl": url, "accessToken": "t"}}


def warmed(task: Task, work: Callable[[Runtime, list[Item]], int]) -> Usage:
    """What `work` takes for the task's items, after a few: imports and the first connections are not counted."""
    items = list(_items(task))
    with Runtime() as runtime:
        work(runtime, items[:WARMING_ITEMS])
        return of_work(lambda: work(runtime, items))


def run(task: Task, **keywords: Any) -> Usage:
    """`runtime.run`: every result in one list."""
    keywords = {"concurrency": task.concurrency, "credentials": credential(task.url), **keywords}
    return warmed(task, lambda runtime, items: len(runtime.run(NODE, PARAMETERS, items, **keywords).items))


def unordered(task: Task) -> Usage:
    """`runtime.run`, results in the order they come."""
    return run(task, ordered=False)


def coalesced(task: Task) -> Usage:
    """`runtime.run`, a hundred items in one bulk call."""
    return run(task, coalesce=100)


def without_pyreqwest(task: Task) -> Usage:
    """`runtime.run` as on a machine for which there is no wheel of pyreqwest."""
    _hide("pyreqwest")
    return run(task)


def without_uvloop(task: Task) -> Usage:
    """`runtime.run` as on a machine for which there is no wheel of uvloop."""
    _hide("uvloop")
    return run(task)


def _hide(package: str) -> None:
    sys.modules[package] = None  # type: ignore[assignment] # what makes `import` raise ImportError


def journalled(task: Task) -> Usage:
    """`runtime.run` with a journal; each run has one of its own."""
    numbers = itertools.count()

    def work(runtime: Runtime, items: list[Item]) -> int:
        keywords: dict[str, Any] = {
            "concurrency": task.concurrency,
            "credentials": credential(task.url),
            "journal": task.file(f"journal-{next(numbers)}.sqlite"),
        }
        return len(runtime.run(NODE, PARAMETERS, items, **keywords).items)

    return warmed(task, work)


def stream(task: Task) -> Usage:
    """`runtime.stream` over a generator, each outcome let go: what it holds is what Nodeloom holds."""
    with Runtime() as runtime:

        def work(items: Iterable[Item]) -> int:
            outcomes = runtime.stream(
                NODE, PARAMETERS, items, credentials=credential(task.url), concurrency=task.concurrency
            )
            return sum(len(outcome.items) for outcome in outcomes)

        work(itertools.islice(_items(task), WARMING_ITEMS))
        return of_work(lambda: work(_items(task)))


def command_line(task: Task) -> Usage:
    """`nodeloom run`, from a file into a file, its start included."""
    source, target = task.file("items.ndjson"), task.file("results.ndjson")
    with source.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(item) + "\n" for item in _items(task))
    [(_name, fields)] = credential(task.url).items()
    environment = {**os.environ, "NODELOOM_CREDENTIAL_THREECXAPI": json.dumps(fields)}
    command = [sys.executable, "-m", "nodeloom.cli", "run", NODE, RESOURCE, OPERATION, "--set", f"Link={LINK}"]
    command += ["--items", str(source), "--output", str(target), "--concurrency", str(task.concurrency), "--quiet"]
    usage, _printed = of_command(command, environment, task.items)
    with target.open("rb") as file:
        return replace(usage, items=sum(1 for _line in file))


def _items(task: Task) -> Iterator[Item]:
    return ({"Link": link} for link in task.links())
