"""Tells a run's observers what happens, from around the two functions every run is made of: send and work."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from nodeloom.errors import NodeloomError
from nodeloom.messages import Request, Response
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer

if TYPE_CHECKING:
    from nodeloom.outcomes import Outcome, RunReport

Send = Callable[[Request], Awaitable[Response]]
Work = Callable[[int, Any], "Awaitable[Outcome]"]
Mask = Callable[[str], str]

logger = logging.getLogger("nodeloom")


class _Sent:
    """An item, and the requests it has sent so far: how often each, and what came of it."""

    __slots__ = ("index", "raw", "times")

    def __init__(self, index: int, raw: Any) -> None:
        self.index = index
        self.raw = raw
        self.times: dict[Hashable, tuple[int, str]] = {}


# The item in whose task a request is sent: `send` knows the request only.
_ITEM: ContextVar[_Sent | None] = ContextVar("nodeloom_item", default=None)


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
        self._tell("run_started")

    def ended(self, report: RunReport) -> None:
        """Tell that the run is over; once."""
        if not self._ended:
            self._ended = True
            self._tell("run_ended", report)

    def work(self, work: Work) -> Work:
        """`work`, with observers told of each item that is done."""
        if not self._watches_requests and not self._listeners["item_done"]:
            return work

        async def watched(index: int, raw: Any) -> Outcome:
            _ITEM.set(_Sent(index, raw))
            began = time.perf_counter()
            outcome = await work(index, raw)
            self._tell("item_done", outcome, time.perf_counter() - began)
            return outcome

        return watched

    def send(self, send: Send) -> Send:
        """`send`, with observers told of each request; goes around nothing but the network."""
        if not self._watches_requests:
            return send

        async def watched(request: Request) -> Response:
            item = _ITEM.get()
            key = (request.method, request.url, request.body)
            resend, after = (0, "") if item is None else item.times.get(key, (0, ""))
            observed = ObservedRequest(request, self._mask, None if item is None else item.index, resend, after)
            self._tell("request_started", observed)
            began = time.perf_counter()
            try:
                response = await send(request)
                observed.status, observed.answer_bytes = response.status, len(response.body)
            except Exception as fault:
                observed.error = fault.code if isinstance(fault, NodeloomError) else type(fault).__name__
                raise
            finally:
                observed.seconds = time.perf_counter() - began
                if item is not None:
                    item.times[key] = (resend + 1, str(observed.status or observed.error or ""))
                self._tell("request_ended", observed)
            return response

        return watched

    @property
    def _watches_requests(self) -> bool:
        return bool(self._listeners["request_started"] or self._listeners["request_ended"])

    def _tell(self, event: str, *what: Any) -> None:
        for observer, method in tuple(self._listeners[event]):
            try:
                method(self._run, *what)
            except Exception as fault:  # noqa: BLE001 - who watches a run must not break it
                self._drop(observer, event, fault)

    def _drop(self, observer: Observer, event: str, fault: Exception) -> None:
        for name, listeners in self._listeners.items():
            self._listeners[name] = [listener for listener in listeners if listener[0] is not observer]
        item = _ITEM.get()
        mask = self._mask if self._masking is None or item is None else self._masking(item.raw)
        logger.error(
            "the observer %s failed in %s and is told nothing further of this run\n%s",
            type(observer).__name__,
            event,
            mask("".join(traceback.format_exception(fault))),
        )
