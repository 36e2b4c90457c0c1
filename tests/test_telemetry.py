"""OpenTelemetry: spans and metrics as its conventions want them, recorded by the SDK's own in-memory exporters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from nodeloom.errors import NetworkError, NotRunError
from nodeloom.messages import Request
from nodeloom.outcomes import Outcome, RunReport
from nodeloom.run.events import ObservedRequest
from nodeloom.run.watching import Watch
from nodeloom.telemetry import Telemetry
from tests.run.watching import RUN, mask, run_items


class Recorded:
    """A telemetry that records into memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        self.telemetry = Telemetry(
            tracer_provider=self.tracers, meter_provider=MeterProvider(metric_readers=[self._metrics])
        )

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    @property
    def metrics(self) -> list[Metric]:
        data = self._metrics.get_metrics_data()
        return [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and data of a metric's points."""
        return [(dict(p.attributes or {}), p) for m in self.metrics if m.name == name for p in m.data.data_points]


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_run_is_a_span_and_its_requests_are_its_children(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN, mask), [[204], [503, 204]])
    *requests, run = recorded.spans
    assert run.name == "run probe, Things, Delete"
    assert run.parent is None
    assert run.status.status_code is StatusCode.UNSET
    assert attributes(run) == {
        "nodeloom.node": "probe",
        "nodeloom.resource": "Things",
        "nodeloom.operation": "Delete",
        "nodeloom.run.id": RUN.id,
        "nodeloom.run.items": 2,
        "nodeloom.run.succeeded": 2,
        "nodeloom.run.failed": 0,
        "nodeloom.run.not_run": 0,
        "nodeloom.run.retries": 1,
        "nodeloom.run.complete": True,
    }
    assert run.context is not None
    assert [span.parent.span_id for span in requests if span.parent] == [run.context.span_id] * 3


def test_a_requests_span_has_the_attributes_of_the_conventions(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN, mask), [[204], [503, 204]])
    first, refused, again, _run = recorded.spans
    assert first.name == "DELETE"
    assert first.kind is SpanKind.CLIENT
    assert attributes(first) == {
        "http.request.method": "DELETE",
        "url.full": "https://probe.test/things/***",
        "server.address": "probe.test",
        "server.port": 443,
        "http.request.body.size": 5,
        "http.response.status_code": 204,
        "http.response.body.size": 4,
        "nodeloom.item": 0,
    }
    assert first.status.status_code is StatusCode.UNSET
    assert attributes(refused)["error.type"] == "503"
    assert refused.status.status_code is StatusCode.ERROR
    assert attributes(again)["http.request.resend_count"] == 1


def test_a_request_without_an_answer_has_the_errors_code(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN), [[NetworkError("refused")]], Request("GET", "http://probe.test:81/"))
    span = recorded.spans[0]
    assert attributes(span)["error.type"] == "network"
    assert attributes(span)["server.port"] == 81
    assert span.status.status_code is StatusCode.ERROR
    assert "http.response.status_code" not in attributes(span)


def test_a_method_nobody_knows_is_told_as_other(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN), [[200]], Request("FROB", "https://probe.test/"))
    span = recorded.spans[0]
    assert span.name == "HTTP"
    assert attributes(span)["http.request.method"] == "_OTHER"
    assert attributes(span)["http.request.method_original"] == "FROB"


def test_metrics_count_items_retries_requests_and_durations(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN, mask), [[204], [503, 204], [NetworkError("refused")]])
    run = {"nodeloom.node": "probe", "nodeloom.resource": "Things", "nodeloom.operation": "Delete"}
    assert sorted(
        (p.value, a["nodeloom.outcome"], a.get("error.type")) for a, p in recorded.points("nodeloom.items")
    ) == [
        (1, "failed", "network"),
        (2, "succeeded", None),
    ]
    ((about, retries),) = recorded.points("nodeloom.retries")
    assert (about, retries.value) == (run, 1)
    ((about, items),) = recorded.points("nodeloom.item.duration")
    assert (about, items.count) == (run, 3)
    ((about, runs),) = recorded.points("nodeloom.run.duration")
    assert (about, runs.count, runs.sum) == (run, 1, 1.5)
    requests = {a.get("error.type"): (a, p.count) for a, p in recorded.points("http.client.request.duration")}
    place = {"http.request.method": "DELETE", "server.address": "probe.test", "server.port": 443}
    assert requests == {
        None: ({**place, "http.response.status_code": 204}, 2),
        "503": ({**place, "http.response.status_code": 503, "error.type": "503"}, 1),
        "network": ({**place, "error.type": "network"}, 1),
    }


def test_the_metrics_are_the_documented_ones(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN), [[503, 204]])
    text = (Path(__file__).resolve().parents[1] / "docs" / "watching.md").read_text(encoding="utf-8")
    table = text.split("**Metrics.**")[1].split("The run's attributes")[0]
    assert {metric.name for metric in recorded.metrics} == set(re.findall(r"^\| `([a-z.]+)`", table, re.MULTILINE))


def test_items_add_up_to_the_report_also_when_the_run_was_broken_off(recorded: Recorded) -> None:
    watch = Watch([recorded.telemetry], RUN)
    watch.started()
    report = RunReport("probe", stopped="the run was stopped", complete=False)
    report.add(Outcome(0, error=NetworkError("The run was broken off.")))
    report.add(Outcome(1, error=NotRunError("The item was not run.")))
    recorded.telemetry.request_started(RUN, ObservedRequest(Request("GET", "https://probe.test/"), str))
    watch.ended(report)
    counted = {a["nodeloom.outcome"]: p.value for a, p in recorded.points("nodeloom.items")}
    assert counted == {"failed": 1, "not_run": 1}
    request, run = recorded.spans
    assert request.end_time is not None, "nothing is left open"
    assert run.status.status_code is StatusCode.ERROR
    assert run.status.description == "the run was stopped"
    assert attributes(run)["nodeloom.run.stopped"] == "the run was stopped"


def test_a_run_with_failed_items_ends_in_an_error_that_counts_them(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN), [[200], [NetworkError("refused")]])
    assert recorded.spans[-1].status.description == "1 of 2 items failed"


def test_a_run_is_a_child_of_the_span_it_is_begun_in(recorded: Recorded) -> None:
    with recorded.tracers.get_tracer("host").start_as_current_span("job"):
        run_items(Watch([recorded.telemetry], RUN), [[200]])
    _request, run, job = recorded.spans
    assert run.parent is not None
    assert job.context is not None
    assert run.parent.span_id == job.context.span_id


def test_nothing_recorded_holds_a_secret_or_a_query(recorded: Recorded) -> None:
    run_items(Watch([recorded.telemetry], RUN, mask), [[204], [NetworkError("refused")]])
    everything = " ".join(span.to_json() for span in recorded.spans)
    for name in ("nodeloom.items", "http.client.request.duration"):
        everything += str(recorded.points(name))
    assert "canary-secret" not in everything
    assert "Ann" not in everything
    assert "user:pass" not in everything


def in_a_process_of_its_own(code: str) -> str:
    """What `code` prints where no test has imported or set anything; the tests' own modules can be imported."""
    found = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": found},
    )
    return done.stdout


@pytest.mark.slow
def test_without_an_sdk_nothing_is_recorded_and_no_spans_are_made_for_requests() -> None:
    """The API alone gives spans that are none; in a process of its own, where no test has set a provider."""
    code = (
        "from tests.run.watching import *; from nodeloom.telemetry import Telemetry; import sys\n"
        "telemetry = Telemetry(); report = run_items(Watch([telemetry], RUN), [[204], [503, 204]])\n"
        "assert report.counts.succeeded == 2 and telemetry._runs == {}\n"
        "assert 'opentelemetry.sdk' not in sys.modules"
    )
    in_a_process_of_its_own(code)


def test_without_the_extra_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from nodeloom.errors import ConfigurationError\n"
        "try:\n    import nodeloom.telemetry\n"
        "except ConfigurationError as fault:\n    print(fault)"
    )
    assert "pip install 'nodeloom[telemetry]'" in in_a_process_of_its_own(code)


@pytest.mark.slow
def test_a_runtime_without_telemetry_does_not_import_it() -> None:
    code = (
        "import sys; from nodeloom import Runtime; from nodeloom.testing import RecordingTransport\n"
        "from tests.run.doubles import DELETE, TOKEN, links\n"
        "with Runtime(transport=RecordingTransport()) as runtime:\n"
        "    assert runtime.run('threecx', DELETE, links(3), credentials=TOKEN).report.succeeded\n"
        "assert not [m for m in sys.modules if m.startswith(('opentelemetry', 'nodeloom.telemetry'))]"
    )
    in_a_process_of_its_own(code)
