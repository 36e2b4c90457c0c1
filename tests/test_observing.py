"""Runs that are watched, from end to end: over the network, through every way of running, whatever ends them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nodeloom import ObservedRun, Observer, RunReport, Runtime, Stop
from nodeloom.errors import ConfigurationError
from nodeloom.telemetry import Telemetry
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import DELETE, TOKEN, links
from tests.run.watching import Diary

Way = Callable[..., RunReport]


def run(runtime: Runtime, *arguments: Any, **keywords: Any) -> RunReport:
    return runtime.run(*arguments, **keywords).report


def arun(runtime: Runtime, *arguments: Any, **keywords: Any) -> RunReport:
    return asyncio.run(runtime.arun(*arguments, **keywords)).report


def stream(runtime: Runtime, *arguments: Any, **keywords: Any) -> RunReport:
    report = RunReport("")
    list(runtime.stream(*arguments, report=report, **keywords))
    return report


def astream(runtime: Runtime, *arguments: Any, **keywords: Any) -> RunReport:
    report = RunReport("")

    async def taken() -> None:
        async for _outcome in runtime.astream(*arguments, report=report, **keywords):
            pass

    asyncio.run(taken())
    return report


WAYS = pytest.mark.parametrize("way", [run, arun, stream, astream], ids=lambda way: way.__name__)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime() as opened:
        yield opened


@WAYS
def test_every_way_of_running_tells_its_observers(sandbox: ThreeCXSandbox, runtime: Runtime, way: Way) -> None:
    diary = Diary()
    given = {"credentials": {"threeCxApi": sandbox.credential}, "on_error": "continue", "observer": diary}
    report = way(runtime, "threecx", DELETE, [*links(3), {"Link": "nope"}, {}], **given)
    assert diary.names()[0] == "run_started"
    assert diary.names()[-1] == "run_ended"
    assert diary.reports == [report]
    assert sorted(what for name, what in diary.told if name == "item_done") == [0, 1, 2, 3, 4]
    (ran,) = diary.runs
    assert (ran.node, ran.resource, ran.operation) == ("threecx", "Website Links", "Delete Weblink")
    assert ran.started_at == report.started_at
    requests = {(r.item, r.method, r.url.rpartition("/")[2], r.status) for r in diary.requests}
    assert requests >= {
        (0, "DELETE", "WebsiteLinks('link-1')", 204),
        (1, "DELETE", "WebsiteLinks('link-2')", 204),
        (2, "DELETE", "WebsiteLinks('link-3')", 204),
        (3, "DELETE", "WebsiteLinks('nope')", 404),
    }
    assert [r.url for r in diary.requests if r.method == "POST"] == [f"{sandbox.credential['serverUrl']}/connect/token"]
    assert len(diary.requests) == 5, "the item without a link sent nothing"


def test_several_observers_are_told(runtime: Runtime, sandbox: ThreeCXSandbox) -> None:
    first, second = Diary(), Diary()
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "observer": [first, second]}
    runtime.run("threecx", DELETE, links(2), **given)
    assert first.told == second.told != []


def test_one_observer_can_watch_runs_at_the_same_time(runtime: Runtime, sandbox: ThreeCXSandbox) -> None:
    diary = Diary()
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "observer": diary}

    async def both() -> None:
        items = links(4)
        await asyncio.gather(
            runtime.arun("threecx", DELETE, items[:2], **given), runtime.arun("threecx", DELETE, items[2:], **given)
        )

    asyncio.run(both())
    assert len({ran.id for ran in diary.runs}) == 2
    assert len(diary.reports) == 2


@pytest.mark.parametrize("observer", ["log", 3, [Observer(), object()]])
def test_what_is_no_observer_is_refused_before_anything_is_sent(runtime: Runtime, observer: Any) -> None:
    with pytest.raises(ConfigurationError, match="observer must be a nodeloom"):
        runtime.run("threecx", DELETE, links(1), credentials=TOKEN, observer=observer)


def test_an_observer_that_fails_does_not_harm_the_run(
    runtime: Runtime, sandbox: ThreeCXSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Observer):
        def run_started(self, run: ObservedRun) -> None:
            raise RuntimeError("no")

    keywords: Any = {"credentials": {"threeCxApi": sandbox.credential}, "observer": Failing()}
    assert runtime.run("threecx", DELETE, links(3), **keywords).report.succeeded
    assert "the observer Failing failed in run_started" in caplog.text


def test_items_that_a_journal_knows_are_only_in_the_report(
    runtime: Runtime, sandbox: ThreeCXSandbox, tmp_path: Path
) -> None:
    keywords: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "run.journal"}
    first, second = Diary(), Diary()
    runtime.run("threecx", DELETE, links(3), observer=first, **keywords)
    runtime.run("threecx", DELETE, links(3), observer=second, **keywords)
    assert {request.item for request in first.requests if request.method == "DELETE"} == {0, 1, 2}
    assert second.names() == ["run_started", "run_ended"]
    assert second.reports[0].counts.succeeded == 3


# -- ends ------------------------------------------------------------------------------------------------------------


def test_the_end_is_told_when_the_input_breaks(runtime: Runtime) -> None:
    diary = Diary()

    def items() -> Iterator[dict[str, str]]:
        yield {"Link": "link-1"}
        raise ValueError("the input is broken")

    with Runtime(transport=RecordingTransport()) as offline, pytest.raises(ValueError, match="broken"):
        offline.run("threecx", DELETE, items(), credentials=TOKEN, observer=diary)
    assert diary.names()[-1] == "run_ended"
    assert diary.reports[0].complete is False


def test_the_end_is_told_when_the_run_is_stopped() -> None:
    diary, stop = Diary(), Stop()
    with Runtime(transport=RecordingTransport()) as offline:
        for _outcome in offline.stream("threecx", DELETE, links(900), credentials=TOKEN, observer=diary, stop=stop):
            stop.set()
    assert diary.names()[-1] == "run_ended"
    assert diary.reports[0].stopped == "the run was stopped"


def test_the_end_is_told_when_the_iterator_is_closed() -> None:
    diary = Diary()
    with Runtime(transport=RecordingTransport()) as offline:
        outcomes = offline.stream("threecx", DELETE, links(900), credentials=TOKEN, observer=diary)
        next(outcomes)
        outcomes.close()
    assert diary.names()[-1] == "run_ended"
    (report,) = diary.reports
    assert report.counts.items == report.counts.succeeded + report.counts.not_run


def test_the_end_is_told_when_the_task_is_cancelled() -> None:
    diary = Diary()

    async def never(_request: Any) -> Any:
        await asyncio.Event().wait()

    async def scenario() -> None:
        async with Runtime(transport=RecordingTransport(never)) as offline:
            task = asyncio.create_task(offline.arun("threecx", DELETE, links(3), credentials=TOKEN, observer=diary))
            while len(diary.requests) < 3:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    asyncio.run(scenario())
    assert diary.names()[-1] == "run_ended"
    assert diary.reports[0].counts.failed == 3, "what became of them is not known"
    assert [what for name, what in diary.told if name == "request_ended"] == [(i, None, None) for i in range(3)]


# -- what the iterator of a stream knows -----------------------------------------------------------------------------


def test_an_iterator_says_how_many_outcomes_are_ready() -> None:
    with Runtime(transport=RecordingTransport()) as offline:
        outcomes = offline.stream("threecx", DELETE, links(50), credentials=TOKEN)
        assert outcomes.ready == 0
        taken = 0
        for _outcome in outcomes:
            taken += 1
            assert 0 <= outcomes.ready <= 50 - taken
        assert outcomes.ready == 0
        assert taken == 50


# -- telemetry and logs ----------------------------------------------------------------------------------------------


@pytest.fixture
def spans() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


@WAYS
def test_a_runs_span_is_a_child_of_the_callers_in_every_way_of_running(
    sandbox: ThreeCXSandbox, runtime: Runtime, spans: tuple[TracerProvider, InMemorySpanExporter], way: Way
) -> None:
    """A sync run happens on another thread, and still belongs to the span it was begun in."""
    provider, exporter = spans
    keywords = {"credentials": {"threeCxApi": sandbox.credential}, "observer": Telemetry(tracer_provider=provider)}
    with provider.get_tracer("host").start_as_current_span("job") as job:
        way(runtime, "threecx", DELETE, links(2), **keywords)
    named = {span.name: span for span in exporter.get_finished_spans()}
    ran = named["run threecx, Website Links, Delete Weblink"]
    assert ran.parent is not None
    assert ran.parent.span_id == job.get_span_context().span_id
    assert named["DELETE"].parent is not None
    assert ran.context is not None
    assert named["DELETE"].parent.span_id == ran.context.span_id


@WAYS
def test_nothing_that_is_watched_shows_a_secret(
    sandbox: ThreeCXSandbox,
    runtime: Runtime,
    spans: tuple[TracerProvider, InMemorySpanExporter],
    caplog: pytest.LogCaptureFixture,
    way: Way,
) -> None:
    caplog.set_level(logging.DEBUG, logger="nodeloom")
    provider, exporter = spans
    diary = Diary()
    # The secret as an item's value, so that it stands in an address.
    secret = sandbox.credential["clientSecret"]
    keywords = {
        "credentials": {"threeCxApi": sandbox.credential},
        "observer": [diary, Telemetry(tracer_provider=provider)],
        "on_error": "continue",
    }
    way(runtime, "threecx", DELETE, [*links(2), {"Link": secret}], **keywords)
    recorded = " ".join(span.to_json() for span in exporter.get_finished_spans())
    logged = json.dumps([vars(record) for record in caplog.records], default=str)
    told = f"{[(r.url, r.origin, repr(r)) for r in diary.requests]}"
    for text in (recorded, logged, told):
        assert "WebsiteLinks" in text
        assert secret not in text
        assert "Bearer" not in text


def test_a_run_is_logged_where_its_log_is_wanted(
    sandbox: ThreeCXSandbox, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    keywords: Any = {"credentials": {"threeCxApi": sandbox.credential}, "on_error": "continue"}
    runtime.run("threecx", DELETE, links(2), **keywords)
    assert [r for r in caplog.records if r.name.startswith("nodeloom.")] == []
    caplog.set_level(logging.INFO, logger="nodeloom")
    runtime.run("threecx", DELETE, [{"Link": "link-3"}, {"Link": "nope"}], **keywords)
    messages = [
        (r.levelname, r.getMessage().partition(":")[0]) for r in caplog.records if r.name.startswith("nodeloom.")
    ]
    assert messages == [("INFO", "run started"), ("WARNING", "item 1 failed"), ("INFO", "run ended")]
