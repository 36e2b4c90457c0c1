"""How fast items become requests, nothing sent: everything is resolved and built, the credential put on."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measuring.nodeloom_modes import NODE, PARAMETERS, RESOURCE, credential
from nodeloom import Runtime
from nodeloom.expression import Scope

Item = dict[str, Any]
SERVER = "https://pbx.example.com"
OPERATIONS: dict[str, dict[str, Any]] = {
    "Delete Weblink": PARAMETERS,
    "List Weblink": {
        "resource": RESOURCE,
        "operation": "List Weblink",
        "Options": {"Top": 5, "Filter": "Group eq '{{ $json.Group }}'"},
    },
    "Create Weblink": {
        "resource": RESOURCE,
        "operation": "Create Weblink",
        "Link": "={{ $json.Link }}",
        "Name": "={{ $json.Name }}",
        "Group": "={{ $json.Group }}",
    },
}


@dataclass(frozen=True, slots=True)
class Planned:
    """Requests a second of one operation: through `Runtime.plan`, which masks secrets, and by the plan room alone."""

    operation: str
    through_runtime: float
    plan_room: float


@dataclass(frozen=True, slots=True)
class _Token:
    """What the credential puts on a request."""

    headers: Mapping[str, str]
    qs: Mapping[str, Any]
    body: Mapping[str, Any] | None = None
    author_hosts: tuple[str, ...] | None = None
    basic: bool = False
    open_fields: frozenset[str] = frozenset({"serverUrl"})


def planned(count: int, rounds: int) -> Iterator[Planned]:
    """Measure every operation with `count` items; medians over the rounds."""
    items = [{"Link": f"link-{i}", "Name": f"link {i}", "Group": f"G{i % 10}"} for i in range(count)]
    with Runtime() as runtime:
        for name, parameters in OPERATIONS.items():
            ways = (_through_runtime(runtime, parameters, items), _plan_room(runtime, parameters, items))
            times = [[_seconds(way) for way in ways] for _ in range(rounds)]
            yield Planned(name, *(count / statistics.median(column) for column in zip(*times, strict=True)))


def _through_runtime(runtime: Runtime, parameters: Item, items: Sequence[Item]) -> Callable[[], None]:
    def plan() -> None:
        requests = deque(runtime.plan(NODE, parameters, items, credentials=credential(SERVER)), maxlen=1)
        assert requests[0].error is None

    return plan


def _plan_room(runtime: Runtime, parameters: Item, items: Sequence[Item]) -> Callable[[], None]:
    plan, environment = runtime.compile(NODE, parameters), runtime.environment()
    names = {"$version": plan.descriptor.type_version, "$credentials": {"serverUrl": SERVER}}
    token, origins = _Token({"Authorization": "Bearer t"}, {}), (SERVER,)

    def requests() -> None:
        for index, item in enumerate(items):
            full = {"json": item}
            scope = Scope(environment, (), index, item=full, parameters=plan.parameters, names=names)
            plan.call(plan.draft(scope)).request(token, origins)

    return requests


def _seconds(action: Callable[[], None]) -> float:
    # CPU time: nothing here waits, and what else the machine does is left out.
    started = time.process_time()
    action()
    return time.process_time() - started
