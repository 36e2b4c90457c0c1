"""The public face: runs sync and async, streams, plans, and what is wrong said before anything is sent."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import math
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from nodeloom import Request, RunReport, Runtime, Stop
from nodeloom.errors import (
    ConfigurationError,
    CredentialError,
    DescriptorError,
    ExpressionSyntaxError,
    InvalidItemError,
    ItemError,
    MissingValueError,
    NotFoundError,
    NotRunError,
    ParameterError,
    UnknownNameError,
)
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import BULK, DELETE, PROBE, TOKEN, links, ok, until

GET = {"operation": "Get", "id": "={{ $json.n }}"}


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(discover_plugins=False) as opened:
        opened.add_node(PROBE)
        yield opened


def recording(responder: Any = ok, **more: Any) -> tuple[Runtime, RecordingTransport]:
    transport = RecordingTransport(responder)
    runtime = Runtime(transport=transport, discover_plugins=False, **more)
    runtime.add_node(PROBE)
    return runtime, transport


def numbered(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(1, count + 1)]


def background_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name in ("nodeloom", "nodeloom-items")]


# -- one result per item ----------------------------------------------------------------------------------------------


def test_each_item_has_its_result_paired_and_in_order(sandbox: ThreeCXSandbox, runtime: Runtime) -> None:
    items = [{"Link": "link-1"}, {"Link": "nope"}, {}, {"json": {"Link": "link-2"}}, "no object"]
    result = runtime.run("threecx", DELETE, items, credentials={"threeCxApi": sandbox.credential}, on_error="continue")
    assert [item["pairedItem"] for item in result.items] == [{"item": n} for n in range(5)]
    assert [o.error is None for o in result.outcomes] == [True, False, False, True, False]
    assert [type(e) for e in result.errors] == [NotFoundError, MissingValueError, InvalidItemError]
    assert result.items[1]["error"] == result.items[1]["json"]["error"]
    assert result.items[1]["error"]["item"] == 1
    assert set(sandbox.links) == {f"link-{n}" for n in range(3, 11)}
    assert result.report.counts.succeeded == 2
    assert result.report.counts.failed == 3
    json.dumps(result.items)
    json.dumps(result.report.to_dict())


def test_on_error_stop_raises_the_first_error_with_the_outcomes_so_far(
    sandbox: ThreeCXSandbox, runtime: Runtime
) -> None:
    items = [{"Link": "link-1"}, {"Link": "nope"}, {"Link": "link-2"}, {"Link": "link-3"}]
    with pytest.raises(NotFoundError) as caught:
        runtime.run("threecx", DELETE, items, credentials={"threeCxApi": sandbox.credential}, concurrency=1)
    result = caught.value.result
    assert caught.value.item == 1
    assert [type(o.error) for o in result.outcomes] == [type(None), NotFoundError, NotRunError, NotRunError]
    assert set(sandbox.links) == {f"link-{n}" for n in range(2, 11)}
    assert result.report.stopped == "item 1 failed"
    assert result.report.complete


def test_without_items_the_operation_runs_once(runtime: Runtime) -> None:
    opened, transport = recording()
    with opened:
        result = opened.run("probe", {"operation": "Get"})
        assert result.items == [{"json": {"ok": True}, "pairedItem": {"item": 0}}]
        assert opened.run("probe", {"operation": "Get"}, []).items == []
    assert len(transport.requests) == 1


def test_numbers_that_json_does_not_know_fail_their_item_or_pass_as_text() -> None:
    opened, _ = recording()
    with opened:
        result = opened.run("probe", GET, [{"n": math.nan}, {"n": 2}, {"n": math.inf}], on_error="continue")
    assert [o.index for o in result.outcomes] == [0, 1, 2]
    assert result.outcomes[1].error is None
    json.dumps(result.items, allow_nan=False)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        "a\x00b",
        "\r\nX-Evil: 1",
        10**400,
        math.nan,
        b"bytes",
        datetime(2026, 1, 1, tzinfo=UTC),
        Decimal("1.5"),
        {1, 2},
        {1: 2},
        {"a": object()},
        object(),
        range(3),
        nested(5000),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("name", ["Link", "If Match", "Ids"])
def test_no_value_of_an_item_is_too_strange_for_a_result(name: str, value: Any) -> None:
    """A value that cannot be sent fails its own item in words an author can use; the neighbours are sent."""
    parameters = {"Link": DELETE, "If Match": {**DELETE, "Link": "a"}, "Ids": BULK}[name]
    opened, _ = recording()
    items = [{"v": "a"}, {"v": value}, {"v": ["a"]}]
    with opened:
        given = {**parameters, name: "={{ $json.v }}"}
        result = opened.run("threecx", given, items, credentials=TOKEN, on_error="continue")
        planned = list(opened.plan("threecx", given, items, credentials=TOKEN))
    assert [o.index for o in result.outcomes] == [0, 1, 2]
    assert any(o.error is None for o in (result.outcomes[0], result.outcomes[2]))
    for error in result.errors:
        assert "Nodeloom itself" not in str(error)
        assert error.item is not None
    json.dumps(result.items)
    json.dumps([p.to_dict() for p in planned])


# -- sync, async, inside a loop, in threads ---------------------------------------------------------------------------


def test_sync_within_a_running_event_loop(sandbox: ThreeCXSandbox, runtime: Runtime) -> None:
    async def notebook() -> Any:
        return runtime.run("threecx", DELETE, links(3), credentials={"threeCxApi": sandbox.credential})

    assert asyncio.run(notebook()).report.counts.succeeded == 3


def test_async_on_the_callers_loop(sandbox: ThreeCXSandbox) -> None:
    async def items() -> AsyncIterator[dict[str, str]]:
        for item in links(5):
            await asyncio.sleep(0)
            yield item

    async def scenario() -> None:
        async with Runtime(discover_plugins=False) as runtime:
            given = {"threeCxApi": sandbox.credential}
            result = await runtime.arun("threecx", DELETE, items(), credentials=given)
            assert result.report.counts.succeeded == 5
            seen = [
                o
                async for o in runtime.astream(
                    "threecx", DELETE, iter(links(7)), credentials=given, on_error="continue"
                )
            ]
            assert [o.index for o in seen] == list(range(7))
            assert sum(o.error is None for o in seen) == 2
        assert background_threads() == []

    asyncio.run(scenario())


def test_entered_asynchronously_it_keeps_its_connections(sandbox: ThreeCXSandbox) -> None:
    async def scenario() -> None:
        async with Runtime(discover_plugins=False) as runtime:
            for item in links(4):
                await runtime.arun("threecx", DELETE, [item], credentials={"threeCxApi": sandbox.credential})

    asyncio.run(scenario())
    assert {r.connection for r in sandbox.requests} == {1}


def test_two_runs_at_once_on_one_runtime(runtime: Runtime) -> None:
    with ThreeCXSandbox(links=200) as sandbox:
        results: dict[int, Any] = {}

        def part(number: int) -> None:
            mine = links(200)[number * 50 : number * 50 + 50]
            results[number] = runtime.run("threecx", DELETE, mine, credentials={"threeCxApi": sandbox.credential})

        threads = [threading.Thread(target=part, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [results[n].report.counts.succeeded for n in range(4)] == [50] * 4
        assert sandbox.links == {}
        assert sandbox.tokens_issued == 1


def test_the_concurrency_asked_for_is_what_the_service_sees() -> None:
    in_flight = most = 0

    async def responder(_request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _ in range(5):
            await asyncio.sleep(0)
        in_flight -= 1
        return httpx.Response(200, json={})

    opened, _ = recording(responder)
    with opened:
        opened.run("probe", GET, numbered(100), concurrency=6)
    assert most == 6


# -- streams ----------------------------------------------------------------------------------------------------------


def test_many_items_pass_through_a_bounded_window() -> None:
    read = 0
    furthest = 0

    def items() -> Iterator[dict[str, int]]:
        nonlocal read
        for n in range(4000):
            read += 1
            yield {"n": n}

    opened, transport = recording()
    with opened:
        given = 0
        for outcome in opened.stream("probe", {"operation": "Get"}, items(), concurrency=8):
            assert outcome.index == given
            given += 1
            furthest = max(furthest, read - given)
            transport.requests.clear()
    assert given == 4000
    # The window, one batch in the consumer's hand, what is in flight, and what the source has read ahead.
    assert furthest <= 256 + 256 + 8 + 64


def test_a_blocking_input_does_not_hold_back_results() -> None:
    reading, writing = os.pipe()
    opened, _ = recording()
    with opened, os.fdopen(reading) as lines:
        outcomes = opened.stream("probe", GET, (json.loads(line) for line in lines))
        os.write(writing, b'{"n": 1}\n')
        assert next(outcomes).index == 0
        os.write(writing, b'{"n": 2}\n')
        assert next(outcomes).index == 1
        os.close(writing)
        assert list(outcomes) == []


def test_closing_a_stream_early_leaves_nothing_behind(sandbox: ThreeCXSandbox) -> None:
    report = RunReport("")
    with Runtime(discover_plugins=False) as runtime:
        stream = runtime.stream(
            "threecx", DELETE, links(1000), credentials={"threeCxApi": sandbox.credential}, report=report
        )
        assert next(stream).index == 0
        stream.close()
        # What was sent is counted, although nobody took it, and the rest is accounted for.
        assert report.counts.succeeded + report.counts.failed == len(
            [r for r in sandbox.requests if r.method == "DELETE"]
        )
        assert report.counts.items == 1000
        assert report.stopped
    assert background_threads() == []


def test_breaking_out_of_an_async_stream_leaves_no_task() -> None:
    opened, transport = recording()

    async def scenario() -> None:
        before = asyncio.all_tasks()
        stream = opened.astream("probe", GET, iter(numbered(1000)))
        async for outcome in stream:
            assert outcome.index == 0
            break
        await stream.aclose()  # type: ignore[attr-defined]
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())
    assert len(transport.requests) < 600
    assert background_threads() == []


def test_an_async_stream_nobody_closes_is_closed_with_the_loop() -> None:
    opened, _ = recording()

    async def scenario() -> None:
        async for _outcome in opened.astream("probe", GET, numbered(100)):
            break

    asyncio.run(scenario())
    gc.collect()


def test_a_report_is_filled_in_as_a_stream_goes() -> None:
    opened, _ = recording()
    report = RunReport("")
    with opened:
        for n, _ in enumerate(opened.stream("probe", GET, numbered(5), report=report), 1):
            assert report.counts.items == n
    assert report.node == "probe"
    assert report.complete
    assert report.stopped is None
    assert report.statuses == {200: 5}


def failing_input() -> Iterator[dict[str, int]]:
    yield from numbered(5)
    raise LookupError("the table is gone")


def test_what_the_input_raises_is_raised_with_the_outcomes_of_what_it_gave() -> None:
    opened, transport = recording()
    with opened:
        with pytest.raises(LookupError, match="table is gone") as caught:
            opened.run("probe", GET, failing_input())
        result = caught.value.result  # type: ignore[attr-defined]
        assert [o.index for o in result.outcomes] == list(range(5))
        assert not result.report.complete
        stream = opened.stream("probe", GET, failing_input())
        assert [next(stream).index for _ in range(5)] == list(range(5))
        with pytest.raises(LookupError):
            next(stream)
    assert len(transport.requests) == 10

    async def scenario() -> None:
        again, _ = recording()
        with pytest.raises(LookupError) as caught:
            await again.arun("probe", GET, failing_input())
        assert len(caught.value.result.outcomes) == 5  # type: ignore[attr-defined]

    asyncio.run(scenario())


def test_an_input_that_ends_the_process_does_not_end_the_runtime() -> None:
    def leaving() -> Iterator[dict[str, int]]:
        yield {"n": 0}
        raise SystemExit(3)

    opened, _ = recording()
    with opened:
        with pytest.raises(SystemExit):
            opened.run("probe", GET, leaving())
        with pytest.raises(SystemExit):
            list(opened.stream("probe", GET, leaving()))
        assert opened.run("probe", GET, numbered(1)).report.succeeded


def test_templates_over_all_items_read_a_stream_to_its_end_first() -> None:
    opened, transport = recording()
    parameters = {"operation": "Get", "id": "={{ $input.all().map(i => i.json.n).join('+') }}"}
    with opened:
        opened.run("probe", parameters, iter(numbered(3)))
        assert [r.url.params["id"] for r in transport.requests] == ["1+2+3"] * 3
        transport.requests.clear()
        with pytest.raises(LookupError):
            opened.run("probe", parameters, failing_input())
        assert transport.requests == []


# -- ending early -----------------------------------------------------------------------------------------------------


def test_stop_from_another_thread_finishes_what_is_in_flight() -> None:
    stop = Stop()
    began = threading.Semaphore(0)
    go_on = threading.Event()

    async def responder(_request: httpx.Request) -> httpx.Response:
        began.release()
        await until(go_on.is_set)
        return httpx.Response(200, json={})

    def stopping() -> None:
        for _ in range(4):
            began.acquire()
        stop.set()
        go_on.set()

    opened, transport = recording(responder)
    thread = threading.Thread(target=stopping)
    thread.start()
    with opened:
        result = opened.run("probe", GET, numbered(100), concurrency=4, stop=stop)
    thread.join()
    assert result.report.counts.succeeded == len(transport.requests)
    assert result.report.counts.succeeded + result.report.counts.not_run == 100
    assert result.report.counts.not_run >= 92
    assert result.report.stopped == "the run was stopped"
    assert not result.report.succeeded


def test_stop_now_does_not_wait_for_answers() -> None:
    """A service that takes requests and answers none: two are in flight."""
    stop = Stop()

    def stopping() -> None:
        for _ in range(2):
            connection = connections.enter_context(listener.accept()[0])
            assert connection.recv(65536).startswith(b"DELETE ")
        stop.set(now=True)

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        contextlib.ExitStack() as connections,
        Runtime(discover_plugins=False) as runtime,
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=stopping)
        thread.start()
        given = {"threeCxApi": {"serverUrl": url, "accessToken": "x"}}
        result = runtime.run(
            "threecx", DELETE, links(10), credentials=given, concurrency=2, stop=stop, on_error="continue"
        )
        thread.join()
    assert [e.code for e in result.errors] == ["request"] * 2 + ["not_run"] * 8


def test_a_run_that_is_stopped_does_not_sit_out_a_delay() -> None:
    stop = Stop()

    def responder(_request: httpx.Request) -> httpx.Response:
        stop.set()
        return httpx.Response(429, headers={"retry-after": "29"})

    opened, transport = recording(responder)
    with opened:
        result = opened.run("probe", GET, numbered(3), concurrency=1, stop=stop, on_error="continue")
    assert [e.code for e in result.errors] == ["rate_limited", "not_run", "not_run"]
    assert result.report.retries == 0
    assert len(transport.requests) == 1


def test_closing_the_runtime_brings_a_run_in_another_thread_to_a_clean_end() -> None:
    began = threading.Event()

    async def responder(_request: httpx.Request) -> httpx.Response:
        began.set()
        await asyncio.sleep(0.02)
        return httpx.Response(200, json={})

    opened, transport = recording(responder)
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(opened.run("probe", GET, numbered(5000), concurrency=4)))
    thread.start()
    began.wait()
    opened.close()
    thread.join()
    counts = results[0].report.counts
    assert counts.items == 5000
    assert counts.succeeded == len(transport.requests)
    assert counts.not_run > 0
    assert "the runtime was closed" in str(results[0].errors[-1])


def test_a_stream_goes_on_giving_what_it_has_after_the_runtime_was_closed() -> None:
    opened, transport = recording()
    stream = opened.stream("probe", GET, numbered(2000), concurrency=4)
    first = next(stream)
    opened.close()
    rest = list(stream)
    assert [first.index, *(o.index for o in rest)] == list(range(2000))
    assert sum(o.error is None for o in rest) + 1 == len(transport.requests)
    assert background_threads() == []


async def first_of(outcomes: AsyncIterator[Any]) -> Any:
    return await anext(outcomes)


USES: dict[str, Callable[[Runtime], Any]] = {
    "run": lambda r: r.run("probe", GET, numbered(2)),
    "arun": lambda r: asyncio.run(r.arun("probe", GET, numbered(2))),
    "stream": lambda r: next(r.stream("probe", GET, numbered(2))),
    "astream": lambda r: asyncio.run(first_of(r.astream("probe", GET, numbered(2)))),
    "plan": lambda r: list(r.plan("probe", GET, numbered(2))),
    "compile": lambda r: r.compile("probe", GET),
    "choices": lambda r: r.choices("probe", "id", GET),
    "describe": lambda r: r.describe("probe"),
    "node": lambda r: r.node("probe"),
    "credential_type": lambda r: r.credential_type("threeCxApi"),
    "add_node": lambda r: r.add_node(PROBE),
    "add_credential_type": lambda r: r.add_credential_type({"name": "x", "properties": []}),
    "test_credential": lambda r: r.test_credential("threeCxApi", {}),
    "connect_credential": lambda r: r.connect_credential("threeCxApi", None, "http://127.0.0.1", str),
    "check_plugins": lambda r: r.check_plugins(),
    "environment": lambda r: r.environment(),
    "with": lambda r: r.__enter__(),
    "async with": lambda r: asyncio.run(r.__aenter__()),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_closed_runtime_refuses_in_a_sentence(use: Callable[[Runtime], Any]) -> None:
    opened, transport = recording()
    opened.run("probe", GET, numbered(2))
    opened.close()
    opened.close()
    with pytest.raises(ConfigurationError, match=r"The runtime is closed\."):
        use(opened)
    assert len(transport.requests) == 2
    assert background_threads() == []


def test_every_public_method_of_a_runtime_is_among_these() -> None:
    public = {name for name, value in vars(Runtime).items() if callable(value) and not name.startswith("_")}
    assert public - {"close", "retry_policy"} <= set(USES)


def test_leaving_its_block_closes_a_runtime() -> None:
    for left in (Runtime(discover_plugins=False), Runtime(discover_plugins=False)):
        with left:
            pass
        with pytest.raises(ConfigurationError, match="closed"):
            left.describe("threecx")

    async def scenario() -> Runtime:
        async with Runtime(discover_plugins=False) as runtime:
            return runtime

    with pytest.raises(ConfigurationError, match="closed"):
        asyncio.run(scenario()).describe("threecx")


def test_what_a_closed_runtime_knew_can_be_read() -> None:
    opened, _ = recording()
    opened.close()
    assert "probe" in opened.nodes
    assert opened.plugin_failures == ()
    assert [plugin.name for plugin in opened.plugins] == ["builtin"]


def test_cancelling_arun_leaves_no_task_and_no_noise() -> None:
    async def scenario() -> None:
        started = asyncio.Event()

        async def responder(_request: httpx.Request) -> httpx.Response:
            started.set()
            await asyncio.sleep(3600)
            raise AssertionError

        opened, _ = recording(responder)
        before = asyncio.all_tasks()
        task = asyncio.ensure_future(opened.arun("probe", GET, iter(numbered(50))))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == before

    asyncio.run(scenario())
    gc.collect()
    assert background_threads() == []


def test_cancelling_arun_over_a_socket_leaves_no_connection() -> None:
    async def scenario(sandbox: ThreeCXSandbox) -> None:
        given = {"threeCxApi": {"serverUrl": sandbox.server_url, "accessToken": "x"}}
        runtime = Runtime(discover_plugins=False)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await runtime.arun("threecx", DELETE, links(10), credentials=given)

    with ThreeCXSandbox(links=10, latency=3600) as sandbox:
        asyncio.run(scenario(sandbox))
        gc.collect()


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


PRELUDE = """
import httpx, sys
from nodeloom import Runtime
runtime = Runtime(transport=httpx.MockTransport(lambda r: httpx.Response(200, json={})), discover_plugins=False)
runtime.add_node({"name": "p", "displayName": "P", "version": 1, "properties": [], "requestDefaults":
    {"baseURL": "https://p.test", "url": "/"}})
"""


def test_a_runtime_nobody_closes_does_not_keep_the_process() -> None:
    done = run_python(PRELUDE + "print(len(runtime.run('p', {}, [{}] * 3).items))")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_a_stream_nobody_finishes_does_not_keep_the_process() -> None:
    done = run_python(PRELUDE + "s = runtime.stream('p', {}, [{}] * 3000); print(next(s).index)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_a_runtime_nobody_needs_any_more_takes_its_thread_with_it() -> None:
    opened, _ = recording()
    opened.run("probe", GET, numbered(1))
    assert background_threads() == ["nodeloom"]
    del opened
    gc.collect()
    assert background_threads() == []


def _in_child(runtime: Runtime, answers: Any) -> None:
    answers.put(len(runtime.run("probe", GET, numbered(3)).items))
    runtime.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_uses_the_runtime_of_its_parent() -> None:
    opened, _ = recording()
    with opened:
        opened.run("probe", GET, numbered(1))
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        child = context.Process(target=_in_child, args=(opened, answers))
        child.start()
        assert answers.get(timeout=30) == 3
        child.join()
        assert child.exitcode == 0
        assert opened.run("probe", GET, numbered(2)).report.succeeded


def test_a_runtime_within_its_own_run_says_why_it_cannot() -> None:
    def again(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=runtimes[0].run("probe", {"operation": "Get"}).items)

    opened, _ = recording(again)
    runtimes = [opened]
    with opened:
        result = opened.run("probe", {"operation": "Get"}, on_error="continue")
    assert isinstance(result.errors[0], ConfigurationError)
    assert "within one of its own runs" in str(result.errors[0])


# -- what is wrong is said before anything is sent --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"on_error": "ignore"}, ConfigurationError, 'on_error must be "stop" or "continue"'),
        ({"concurrency": 0}, ConfigurationError, "concurrency must be a whole number"),
        ({"concurrency": "8"}, ConfigurationError, "concurrency must be a whole number"),
        ({"concurrency": True}, ConfigurationError, "concurrency must be a whole number"),
        ({"dialect": "n8"}, ConfigurationError, "dialect must be"),
        ({"stop": threading.Event()}, ConfigurationError, "stop must be a nodeloom.Stop"),
        ({"items": {"Link": "a"}}, ConfigurationError, "not one object"),
        ({"items": '[{"Link": "a"}]'}, ConfigurationError, "not a text"),
        ({"items": 7}, ConfigurationError, "not a number"),
        ({"node": "threecs"}, UnknownNameError, "'threecx'"),
        ({"node": ""}, UnknownNameError, "no node"),
        ({"parameters": {**DELETE, "operation": "Delete Weblnk"}}, UnknownNameError, "'Delete Weblink'"),
        ({"parameters": {**DELETE, "Lnk": "a"}}, ConfigurationError, "Link"),
        ({"parameters": {"resource": "Website Links"}}, ParameterError, "which operation"),
        ({"parameters": {**DELETE, "Link": "={{ $json. }}"}}, ExpressionSyntaxError, "^"),
        ({"credentials": {"threeCxAp": {}}}, UnknownNameError, "'threeCxApi'"),
        ({"credentials": {"serverUrl": "x", "clientId": "y"}}, UnknownNameError, "under their type"),
        ({"credentials": ["x"]}, CredentialError, "cannot be given as a list"),
        ({"credentials": {"threeCxApi": {}}}, CredentialError, "serverUrl"),
        ({"credentials": {"threeCxApi": {"serverURL": "https://x.test"}}}, CredentialError, "serverUrl"),
        ({"credentials": "nobody"}, CredentialError, "'nobody'"),
        ({"credentials": None}, CredentialError, "threeCxApi"),
    ],
)
@pytest.mark.parametrize("how", ["run", "stream", "arun", "astream"])
def test_a_mistake_is_named_and_nothing_is_sent(
    how: str, arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    opened, transport = recording(credential_providers=[])
    given: dict[str, Any] = {"node": "threecx", "parameters": DELETE, "items": links(2), "credentials": TOKEN}
    given.update(arguments)

    async def asynchronously() -> None:
        if how == "arun":
            await opened.arun(**given)
        else:
            async for _ in opened.astream(**given):
                pass

    with pytest.raises(kind) as caught:  # noqa: PT012 - one call, in four ways
        if how == "run":
            opened.run(**given)
        elif how == "stream":
            opened.stream(**given)
        else:
            asyncio.run(asynchronously())
    assert words in str(caught.value)
    assert transport.requests == []
    assert background_threads() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url_values": "loose"}, "url_values"),
        ({"timezone": "Europe/Berln"}, "Europe/Berln"),
        ({"retries": -1}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "60"}, "timeout"),
        ({"max_answer_bytes": 0}, "max_answer_bytes"),
        ({"max_answer_values": 0}, "max_answer_values"),
        ({"transport": object()}, "AsyncBaseTransport"),
    ],
)
def test_a_runtime_checks_what_it_is_made_with(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Runtime(discover_plugins=False, **arguments)


def test_a_node_without_credentials_takes_none() -> None:
    opened, _ = recording()
    with opened:
        assert opened.run("probe", {"operation": "Get"}, credentials={}).report.succeeded
        refused: list[Any] = ["name", {"threeCxApi": {}}]
        for given in refused:
            with pytest.raises(CredentialError, match="takes no credential"):
                opened.run("probe", {"operation": "Get"}, credentials=given)


@pytest.mark.parametrize("given", [{"key": "canary-1"}, {}, "stored", None])
def test_a_credential_type_nobody_brings_is_refused_before_anything_is_sent(given: Any) -> None:
    """Nothing says how its fields get onto a request: it would go out without them."""
    opened, transport = recording()
    opened.add_node({**PROBE, "name": "keyed", "credentials": [{"name": "someApi", "required": True}]})
    with opened:
        for run in (opened.run, lambda *what, **how: list(opened.stream(*what, **how)), opened.plan):
            with pytest.raises(UnknownNameError, match="no credential type 'someApi'") as caught:
                run("keyed", {"operation": "Get"}, credentials=None if given is None else {"someApi": given})
            assert "add_credential_type" in str(caught.value.hint)
    assert transport.requests == []


def test_an_optional_credential_of_a_type_nobody_brings_may_be_left_out() -> None:
    opened, transport = recording()
    opened.add_node({**PROBE, "name": "keyed", "credentials": [{"name": "someApi"}]})
    with opened:
        assert opened.run("keyed", {"operation": "Get"}).report.succeeded
        with pytest.raises(UnknownNameError):
            opened.run("keyed", {"operation": "Get"}, credentials={"someApi": {"key": "k"}})
    assert len(transport.requests) == 1


def test_raw_takes_credentials_of_a_type_nobody_brings_as_they_are() -> None:
    node = {
        **PROBE,
        "name": "keyed",
        "credentials": [{"name": "someApi", "required": True}],
        "requestDefaults": {
            "baseURL": "https://probe.test",
            "headers": {"X-Key": "={{ $credentials.key }}", "X-Region": "={{ $credentials.region }}"},
        },
    }
    opened, transport = recording(url_values="raw")
    opened.add_node(node)
    with opened:
        fields: list[dict[str, Any]] = [
            {"key": "canary-1", "region": 7},
            {"key": "canary-2", "region": "eu", "more": True},
        ]
        for given in fields:
            opened.run("keyed", {"operation": "Get"}, credentials={"someApi": given})
        assert [r.headers["x-key"] for r in transport.requests] == ["canary-1", "canary-2"]
        assert "someApi" not in opened.credential_types
        with pytest.raises(UnknownNameError):
            opened.run("keyed", {"operation": "Get"})


def test_nodes_are_found_without_case_and_by_label(runtime: Runtime) -> None:
    assert runtime.node("THREECX").name == "threecx"
    assert runtime.node("3cx").name == "threecx"
    assert runtime.node("Probe").name == "probe"
    assert "threecx" in runtime.nodes
    assert set(runtime.nodes) == {"threecx", "probe"} | set(runtime.nodes)
    with pytest.raises(KeyError):
        runtime.nodes["3cx"]
    assert runtime.credential_types["threeCxApi"].label == "3CX API"
    with pytest.raises(UnknownNameError, match="threeCxApi"):
        runtime.credential_type("threeCxAp")


def test_a_broken_descriptor_is_refused_with_its_path(runtime: Runtime) -> None:
    with pytest.raises(DescriptorError) as caught:
        runtime.add_node({**PROBE, "properties": [{"name": 3}]})
    assert "properties" in str(caught.value.path)
    with pytest.raises(DescriptorError):
        runtime.add_credential_type({"displayName": "nameless"})


# -- plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_shows_the_exact_requests_and_sends_none(sandbox: ThreeCXSandbox, runtime: Runtime) -> None:
    items = [{"Link": "O'Brien/x?y#z"}, {}, {"Link": "b"}]
    planned = list(runtime.plan("threecx", DELETE, items, credentials={"threeCxApi": sandbox.credential}))
    assert sandbox.requests == []
    assert planned[0].method == "DELETE"
    assert planned[0].url == f"{sandbox.server_url}/xapi/v1/WebsiteLinks('O%27%27Brien%2Fx%3Fy%23z')"
    assert planned[0].headers == {"Accept": "application/json", "Authorization": "***"}
    assert isinstance(planned[1].error, MissingValueError)
    assert [p.to_dict()["pairedItem"] for p in planned] == [{"item": n} for n in range(3)]
    assert sandbox.client_secret not in repr(planned) + json.dumps([p.to_dict() for p in planned])


def test_a_plan_of_a_stream_reads_no_further_than_it_is_asked() -> None:
    read: list[int] = []

    def items() -> Iterator[dict[str, int]]:
        for n in range(1, 1000):
            read.append(n)
            yield {"n": n}

    opened, _ = recording()
    plan = opened.plan("probe", GET, items())
    assert next(plan).url.endswith("id=1")
    assert read == [1]
    assert background_threads() == []


def test_a_plan_says_at_once_what_is_wrong(runtime: Runtime) -> None:
    with pytest.raises(UnknownNameError):
        runtime.plan("threecs", DELETE)


def test_a_plan_and_a_run_over_all_items_agree() -> None:
    parameters = {"operation": "Get", "id": "={{ $input.all().length }}"}
    opened, transport = recording()
    with opened:
        planned = [p.url for p in opened.plan("probe", parameters, iter(numbered(3)))]
        opened.run("probe", parameters, iter(numbered(3)))
    assert planned == [str(r.url) for r in transport.requests]


def test_testing_a_credential(sandbox: ThreeCXSandbox, runtime: Runtime) -> None:
    assert "accepted" in runtime.test_credential("threeCxApi", sandbox.credential)
    with pytest.raises(ItemError) as caught:
        runtime.test_credential("threeCxApi", {**sandbox.credential, "clientSecret": "canary-wrong"})
    assert "canary-wrong" not in str(caught.value)


def test_requests_and_answers_show_no_secret_when_printed() -> None:
    request = Request("GET", "https://x.test/a?key=canary", {"Authorization": "canary"}, b"canary")
    assert "canary" not in repr(request) + str(request)
    assert "Authorization" in repr(request)


def test_a_timeout_is_the_runtimes(runtime: Runtime) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Runtime(timeout=0.05, retries=0, discover_plugins=False) as quick,
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = quick.run(
            "threecx",
            DELETE,
            links(1),
            credentials={"threeCxApi": {"serverUrl": url, "accessToken": "x"}},
            on_error="continue",
        )
    assert result.errors[0].code == "timeout"
