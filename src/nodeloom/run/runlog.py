"""Runs in the log: records of the standard library's `logging`, under the logger `nodeloom`.

Each record has its facts as attributes (`extra`), so that a handler can write them as JSON. Nothing is logged of a run
unless it was asked for: by a level on one of these loggers, or by one from INFO down on a logger above them.

| logger | level | event |
|---|---|---|
| `nodeloom.run` | INFO | `run started`, `run ended` |
| `nodeloom.item` | WARNING | `item failed` |
| `nodeloom.item` | DEBUG | `item done` |
| `nodeloom.request` | INFO | `request repeated` |
| `nodeloom.request` | DEBUG | `request sent`, `request ended` |
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from nodeloom.errors import preview
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer

if TYPE_CHECKING:
    from nodeloom.outcomes import Outcome, RunReport

_ROOT = logging.getLogger("nodeloom")
_RUN = logging.getLogger("nodeloom.run")
_ITEM = logging.getLogger("nodeloom.item")
_REQUEST = logging.getLogger("nodeloom.request")


class RunLog(Observer):
    """Logs runs and items."""

    def run_started(self, run: ObservedRun) -> None:
        """INFO."""
        about = {"node": run.node, "resource": run.resource, "operation": run.operation, "total": run.total}
        _RUN.info("run started: %s", run.title, extra={"run": run.id, **about})

    def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
        """WARNING for a failed item, DEBUG for another one."""
        error = outcome.error
        level = logging.DEBUG if error is None else logging.WARNING
        if not _ITEM.isEnabledFor(level):
            return
        facts = {"run": run.id, "item": outcome.index, "seconds": round(seconds, 6), "retries": outcome.retries}
        if error is None:
            _ITEM.debug("item %d done", outcome.index, extra={**facts, "results": len(outcome.items)})
            return
        failed = {"error": error.code, "property": error.property, "hint": error.hint}
        status = error.details.get("status")
        _ITEM.warning(
            "item %d failed: %s", outcome.index, preview(error.message), extra={**facts, **failed, "status": status}
        )

    def run_ended(self, run: ObservedRun, report: RunReport) -> None:
        """INFO, with the counts of the report."""
        counts = report.counts
        _RUN.info(
            "run ended: %d items, %d succeeded, %d failed, %d not run%s",
            counts.items,
            counts.succeeded,
            counts.failed,
            counts.not_run,
            f" ({report.stopped})" if report.stopped else "",
            extra={
                "run": run.id,
                "seconds": round(report.duration, 6),
                "items": counts.items,
                "succeeded": counts.succeeded,
                "failed": counts.failed,
                "not_run": counts.not_run,
                "retries": report.retries,
                "refused": report.refused,
                "waited": round(report.waited, 6),
                "stopped": report.stopped,
                "complete": report.complete,
            },
        )


class RequestLog(RunLog):
    """Logs requests too."""

    def request_started(self, run: ObservedRun, request: ObservedRequest) -> None:
        """INFO for a repeat, DEBUG for a first try."""
        if request.resend:
            _REQUEST.info(
                "request repeated after %s: %s %s",
                request.after or "no answer",
                request.method,
                request.url,
                extra={**_facts(run, request), "resend": request.resend, "after": request.after},
            )
        elif _REQUEST.isEnabledFor(logging.DEBUG):
            _REQUEST.debug("request sent: %s %s", request.method, request.url, extra=_facts(run, request))

    def request_ended(self, run: ObservedRun, request: ObservedRequest) -> None:
        """DEBUG."""
        if _REQUEST.isEnabledFor(logging.DEBUG):
            _REQUEST.debug(
                "request ended: %s %s: %s",
                request.method,
                request.url,
                request.status or request.error or "broken off",
                extra={
                    **_facts(run, request),
                    "status": request.status,
                    "error": request.error,
                    "seconds": round(request.seconds, 6),
                    "answer_bytes": request.answer_bytes,
                },
            )


def _facts(run: ObservedRun, request: ObservedRequest) -> dict[str, object]:
    return {"run": run.id, "item": request.item, "method": request.method, "url": request.url}


def run_log() -> Observer | None:
    """What logs a run that begins now, or None if the log was not asked for."""
    asked = any(logger.level for logger in (_ROOT, _RUN, _ITEM, _REQUEST)) or _ROOT.isEnabledFor(logging.INFO)
    if not asked:
        return None
    return RequestLog() if _REQUEST.isEnabledFor(logging.INFO) else RunLog()
