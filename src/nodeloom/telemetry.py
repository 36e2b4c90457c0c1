"""OpenTelemetry: a span for each run with its requests as children, and metrics. Needs `nodeloom[telemetry]`.

    from nodeloom.telemetry import Telemetry

    runtime.run(…, observer=Telemetry())

Only OpenTelemetry's API is used: SDK, sampler and exporter are the application's, and without them nothing is recorded.
Requests follow the semantic conventions for HTTP client spans and metrics
(https://opentelemetry.io/docs/specs/semconv/http/). What is recorded holds no secrets, no bodies, no headers and no
query; an address's path can hold an item's key, and is on the spans only.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nodeloom import __version__
from nodeloom.errors import ConfigurationError
from nodeloom.run.events import ObservedRequest, ObservedRun, Observer

try:
    from opentelemetry import context, metrics, trace
except ModuleNotFoundError:
    raise ConfigurationError(
        "Telemetry needs OpenTelemetry's API, which is not installed.",
        hint="Install it with: pip install 'nodeloom[telemetry]'",
    ) from None

if TYPE_CHECKING:
    from nodeloom.outcomes import Outcome, RunReport

Attributes = dict[str, str | int | float | bool]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.27.0"
# The buckets that the semantic conventions give for http.client.request.duration, in seconds.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
# A run takes from one request's time to hours.
_RUN_SECONDS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0)
# Other methods are told as `_OTHER`, so that they cannot make a metric's attributes grow without bound.
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY"})


@dataclass(slots=True)
class _Told:
    """A run under way: its span, and the items counted so far."""

    span: trace.Span
    parent: context.Context
    traced: bool
    attributes: Attributes
    succeeded: int = 0
    failed: int = 0
    requests: dict[ObservedRequest, trace.Span] = field(default_factory=dict)


def is_set_up() -> bool:
    """Whether the application has set up an SDK: the API's own providers record nothing."""
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    return not all(type(p).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics")) for p in providers)


class Telemetry(Observer):
    """Records runs with OpenTelemetry. One can watch any number of runs, also at a time.

    The providers are the application's global ones unless others are given. A run's span is a child of the span that is
    current where the run is begun.

    | metric | kind | unit | attributes |
    |---|---|---|---|
    | `http.client.request.duration` | histogram | s | as the semantic conventions say |
    | `nodeloom.items` | counter | {item} | the run's, `nodeloom.outcome` (succeeded, failed, not_run), `error.type` |
    | `nodeloom.retries` | counter | {request} | the run's |
    | `nodeloom.item.duration` | histogram | s | the run's |
    | `nodeloom.run.duration` | histogram | s | the run's |

    The run's attributes are `nodeloom.node`, `nodeloom.resource` and `nodeloom.operation`.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("nodeloom", __version__, tracer_provider, SCHEMA_URL)
        meter = metrics.get_meter("nodeloom", __version__, meter_provider, SCHEMA_URL)
        self._request_seconds = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._item_seconds = meter.create_histogram(
            "nodeloom.item.duration",
            "s",
            "How long an item was worked on, waits and retries included.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._run_seconds = meter.create_histogram(
            "nodeloom.run.duration",
            "s",
            "How long a run took.",
            explicit_bucket_boundaries_advisory=_RUN_SECONDS,
        )
        self._items = meter.create_counter("nodeloom.items", "{item}", "Input items by outcome.")
        self._retries = meter.create_counter("nodeloom.retries", "{request}", "Requests that were repeats.")
        self._runs: dict[ObservedRun, _Told] = {}

    def run_started(self, run: ObservedRun) -> None:
        """Begin the run's span."""
        named = {
            "nodeloom.node": run.node,
            "nodeloom.resource": run.resource,
            "nodeloom.operation": run.operation,
        }
        attributes: Attributes = {name: value for name, value in named.items() if value is not None}
        own: Attributes = {"nodeloom.run.id": run.id}
        if run.total is not None:
            own["nodeloom.run.items"] = run.total
        span = self._tracer.start_span(f"run {run.title}", attributes={**attributes, **own})
        # Without an SDK the span is none at all, and so would be those of its requests.
        traced = span.get_span_context().is_valid
        self._runs[run] = _Told(span, trace.set_span_in_context(span), traced, attributes)

    def request_started(self, run: ObservedRun, request: ObservedRequest) -> None:
        """Begin the request's span."""
        told = self._runs[run]
        if not told.traced:
            return
        method = request.method
        # The conventions want these at the start, where samplers decide by them.
        attributes: Attributes = {**_place(request), "url.full": request.url}
        if attributes["http.request.method"] != method:
            attributes["http.request.method_original"] = method
        if request.body_bytes:
            attributes["http.request.body.size"] = request.body_bytes
        if request.item is not None:
            attributes["nodeloom.item"] = request.item
        if request.resend:
            attributes["http.request.resend_count"] = request.resend
        told.requests[request] = self._tracer.start_span(
            "HTTP" if method not in _METHODS else method, told.parent, trace.SpanKind.CLIENT, attributes
        )

    def request_ended(self, run: ObservedRun, request: ObservedRequest) -> None:
        """End the request's span, and record how long it took."""
        told = self._runs[run]
        result: Attributes = {}
        if request.status is not None:
            result["http.response.status_code"] = request.status
        failure = _failure(request)
        if failure is not None:
            result["error.type"] = failure
        self._request_seconds.record(request.seconds, {**_place(request), **result}, told.parent)
        span = told.requests.pop(request, None)
        if span is None:
            return
        span.set_attributes(result)
        if request.status is not None:
            span.set_attribute("http.response.body.size", request.answer_bytes)
        if failure is not None:
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
        """Count the item."""
        told = self._runs[run]
        self._item_seconds.record(seconds, told.attributes, told.parent)
        if outcome.retries:
            self._retries.add(outcome.retries, told.attributes, told.parent)
        if outcome.error is None:
            told.succeeded += 1
            self._count(told, 1, "succeeded")
        else:
            told.failed += 1
            self._count(told, 1, "failed", outcome.error.code)

    def run_ended(self, run: ObservedRun, report: RunReport) -> None:
        """End the run's span, and count the items that were not worked on to their end."""
        told = self._runs.pop(run)
        counts = report.counts
        for number, what in (
            (counts.succeeded - told.succeeded, "succeeded"),
            (counts.failed - told.failed, "failed"),
            (counts.not_run, "not_run"),
        ):
            if number > 0:
                self._count(told, number, what)
        self._run_seconds.record(report.duration, told.attributes, told.parent)
        for span in told.requests.values():
            span.end()
        told.span.set_attributes(
            {
                "nodeloom.run.succeeded": counts.succeeded,
                "nodeloom.run.failed": counts.failed,
                "nodeloom.run.not_run": counts.not_run,
                "nodeloom.run.retries": report.retries,
                "nodeloom.run.complete": report.complete,
            }
        )
        if report.stopped is not None:
            told.span.set_attribute("nodeloom.run.stopped", report.stopped)
        if not report.succeeded:
            told.span.set_status(trace.StatusCode.ERROR, _unfinished_code(report))
        told.span.end()

    def _count(self, told: _Told, number: int, what: str, failure: str | None = None) -> None:
        attributes: Attributes = {**told.attributes, "nodeloom.outcome": what}
        if failure is not None:
            attributes["error.type"] = failure
        self._items.add(number, attributes, told.parent)


def _place(request: ObservedRequest) -> Attributes:
    """Method, host and port: few different ones, so that metrics can have them."""
    address, port = _host(request.origin)
    return {
        "http.request.method": request.method if request.method in _METHODS else "_OTHER",
        "server.address": address,
        "server.port": port,
    }


@functools.lru_cache(maxsize=256)
def _host(origin: str) -> tuple[str, int]:
    parts = urlsplit(origin)
    return parts.hostname or "", parts.port or 0


def _failure(request: ObservedRequest) -> str | None:
    """`error.type`: the status of a 4xx or 5xx answer, or the error's code."""
    if request.status is None:
        return request.error or "cancelled"
    return str(request.status) if request.status >= 400 else None


def _unfinished_code(report: RunReport) -> str:
    counts = report.counts
    return report.stopped or f"{counts.failed} of {counts.items} items failed"
