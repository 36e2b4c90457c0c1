"""Tells a run's observers what happens, from around the two functions every run is made of: send and work."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nodeloom.errors import NodeloomError
from nodeloom.messages import Request, Response
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer

if TYPE_CHECKING:
    from nodeloom.outcomes import Outcome, RunReport
    from nodeloom.run.runner import Work
    from nodeloom.transport.trip import Send, Trip

Mask = Callable[[str], str]

logger = logging.getLogger("nodeloom")


class Watch:
    """Tells `observers` of one run.

    `mask` takes the run's secrets out of what they are shown, and what `masking` gives for a raw item also those of the
    item.
    """

    def __init__(
        self,
        observers: Sequence[Observer],
        run: ObservedRun,
        mask: Mask = str,
        masking: Callable[[Any], Mask] | None = None,
    ) -> None:
        self._run = run
        self._mask = mask
        self._masking = masking
        self._ended = False
        # Who overrides nothing of a kind is not called for it.
        self._listeners = {
            name: [(o, getattr(o, name)) for o in observers if getattr(type(o), name) is not getattr(Observer, name)]
            for name in ("run_started", "request_started", "request_ended", "item_done", "run_ended")
        }

    def started(self) -> None:
        """Tell that the run begins."""
        self._tell("run_started", None)

    def ended(self, report: RunReport) -> None:
        """Tell that the run is over; once."""
        if not self._ended:
            self._ended = True
            self._tell("run_ended", None, report)

    def work(self, work: Work) -> Work:
        """`work`, with observers told of each item that is done."""
        if not self._listeners["item_done"]:
            return work

        async def watched(trip: Trip) -> Outcome:
            began = time.perf_counter()
            outcome = await work(trip)
            self._tell("item_done", trip, outcome, time.perf_counter() - began)
            return outcome

        return watched

    def send(self, send: Send) -> Send:
        """`send`, with observers told of each request; goes around nothing but the network."""
        if not (self._listeners["request_started"] or self._listeners["request_ended"]):
            return send

        async def watched(request: Request, trip: Trip) -> Response:
            key = (request.method, request.url, request.body)
            resend, after = trip.sent.get(key, (0, ""))
            observed = ObservedRequest(request, self._mask, trip.item, resend, after)
            self._tell("request_started", trip, observed)
            began = time.perf_counter()
            try:
                response = await send(request, trip)
                observed.status, observed.answer_bytes = response.status, len(response.body)
            except Exception as fault:
                observed.error = fault.code if isinstance(fault, NodeloomError) else type(fault).__name__
                raise
            finally:
                observed.seconds = time.perf_counter() - began
                trip.sent[key] = (resend + 1, str(observed.status or observed.error or ""))
                self._tell("request_ended", trip, observed)
            return response

        return watched

    def _tell(self, event: str, trip: Trip | None, *what: Any) -> None:
        for observer, method in tuple(self._listeners[event]):
            try:
                method(self._run, *what)
            except Exception as fault:  # noqa: BLE001 - who watches a run must not break it
                self._drop(observer, event, trip, fault)

    def _drop(self, observer: Observer, event: str, trip: Trip | None, fault: Exception) -> None:
        for name, listeners in self._listeners.items():
            self._listeners[name] = [listener for listener in listeners if listener[0] is not observer]
        mask = self._mask if self._masking is None or trip is None else self._masking(trip.raw)
        logger.error(
            "the observer %s failed in %s and is told nothing further of this run\n%s",
            type(observer).__name__,
            event,
            mask("".join(traceback.format_exception(fault))),
        )
