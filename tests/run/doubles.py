"""What the tests of runs share: parameters, a runtime without a network, work that can be watched."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx

from nodeloom.errors import NodeloomError
from nodeloom.inputs.items import as_item
from nodeloom.inputs.itemsource import open_source
from nodeloom.outcomes import Outcome
from nodeloom.run.runner import Runner
from nodeloom.run.runoptions import OnError
from nodeloom.run.stop import Stop
from nodeloom.transport.trip import Trip
from nodeloom.values import Item

DELETE = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"}
BULK = {"resource": "Website Links", "operation": "Bulk Links Delete"}
TOKEN = {"threeCxApi": {"serverUrl": "https://pbx.test", "accessToken": "canary-access-token"}}

PROBE: dict[str, Any] = {
    "name": "probe",
    "displayName": "Probe",
    "version": 1,
    "requestDefaults": {"baseURL": "https://probe.test"},
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "options": [
                {"name": method, "value": method, "routing": {"request": {"method": method.upper(), "url": "/thing"}}}
                for method in ("Get", "Post", "Delete", "Patch")
            ],
        },
        {
            "displayName": "Id",
            "name": "id",
            "type": "string",
            "default": "",
            "routing": {"send": {"type": "query", "property": "id", "value": "={{ $value || undefined }}"}},
        },
    ],
}


def links(count: int) -> list[dict[str, str]]:
    return [{"Link": f"link-{i}"} for i in range(1, count + 1)]


class Watched:
    """Work that counts: how many items are in flight, which were begun, and which were finished."""

    def __init__(self, *, fail: Iterable[int] = (), turns: int = 1) -> None:
        self.in_flight = 0
        self.most_in_flight = 0
        self.begun: list[int] = []
        self.finished: list[int] = []
        self._fail = set(fail)
        self._turns = turns
        self.gate: asyncio.Event | None = None

    async def __call__(self, index: int, item: Item) -> Outcome:
        from nodeloom.errors import ItemError

        self.begun.append(index)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.gate is not None:
                await self.gate.wait()
            for _ in range(self._turns):
                await asyncio.sleep(0)
        finally:
            self.in_flight -= 1
        self.finished.append(index)
        if index in self._fail:
            return Outcome(index, error=ItemError("failed on purpose", item=index))
        return Outcome(index, [{"json": dict(item["json"])}])


def runner_for(
    work: Any,
    items: Any,
    *,
    concurrency: int = 4,
    on_error: OnError = "continue",
    stop: Stop | None = None,
    **more: Any,
) -> Runner:
    async def on_items(trip: Trip) -> Outcome:
        try:
            item = as_item(trip.raw, trip.index)
        except NodeloomError as error:
            return Outcome(trip.index, error=error)
        outcome: Outcome = await work(trip.index, item)
        return outcome

    return Runner(on_items, open_source(items), concurrency=concurrency, on_error=on_error, stop=stop, **more)


async def until(condition: Any) -> None:
    """Let the loop turn until `condition()` holds."""
    while not condition():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.001)


def ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"ok": True})
