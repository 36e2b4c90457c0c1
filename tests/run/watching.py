"""What the tests of watching share: an observer that keeps what it is told, and a service that answers from a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from nodeloom.errors import NodeloomError
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome, RunReport
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer
from nodeloom.run.watching import Watch
from nodeloom.transport.trip import Send, Trip

RUN = ObservedRun("probe", "Things", "Delete", total=2)
ADDRESS = "https://user:pass@probe.test/things/canary-secret?key=canary-secret&name=Ann"


def mask(text: str) -> str:
    return text.replace("canary-secret", "***")


class Diary(Observer):
    """Keeps everything it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.runs: list[ObservedRun] = []
        self.requests: list[ObservedRequest] = []
        self.reports: list[RunReport] = []

    def names(self) -> list[str]:
        return [name for name, _what in self.told]

    def run_started(self, run: ObservedRun) -> None:
        self.runs.append(run)
        self.told.append(("run_started", run))

    def request_started(self, run: ObservedRun, request: ObservedRequest) -> None:
        self.requests.append(request)
        self.told.append(("request_started", (request.item, request.resend, request.after)))

    def request_ended(self, run: ObservedRun, request: ObservedRequest) -> None:
        self.told.append(("request_ended", (request.item, request.status, request.error)))

    def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
        self.told.append(("item_done", outcome.index))

    def run_ended(self, run: ObservedRun, report: RunReport) -> None:
        self.reports.append(report)
        self.told.append(("run_ended", report.counts.items))


def answering(answers: Iterable[int | Exception]) -> Send:
    """A `send` that gives one answer after the other."""
    left = iter(answers)

    async def send(request: Request, _trip: Trip) -> Response:
        await asyncio.sleep(0)
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return Response(answer, {}, b"body", url=request.url)

    return send


def run_items(watch: Watch, tries: Iterable[Iterable[int | Exception]], request: Request | None = None) -> RunReport:
    """A run whose items each send a request as often as they have answers; the last one decides."""
    return asyncio.run(_run_items(watch, tries, request))


async def _run_items(
    watch: Watch, tries: Iterable[Iterable[int | Exception]], request: Request | None = None
) -> RunReport:
    request = request or Request("DELETE", ADDRESS, body=b"12345")
    report = RunReport(RUN.node, RUN.resource, RUN.operation, duration=1.5)
    watch.started()
    for index, answers in enumerate(tries):
        answers = list(answers)
        send = watch.send(answering(answers))

        async def work(trip: Trip, send: Any = send) -> Outcome:
            outcome = Outcome(trip.index, [{"json": {}}], retries=trip.raw - 1)
            for _ in range(trip.raw):
                try:
                    response = await send(request, trip)
                    outcome.statuses = (*outcome.statuses, response.status)
                    outcome.error = None
                except NodeloomError as error:
                    outcome.error = error
            return outcome

        report.add(await watch.work(work)(Trip(index, len(answers))))
    watch.ended(report)
    return report
