"""A pre-fork server's workers, threads and pools share no state that one could spoil or block for another."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.descriptor.once import once
from nodeloom.expressions import evaluate
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import DELETE, PROBE, ok

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
GET = {"operation": "Get", "id": "={{ $json.n + 1 }}"}


def recording() -> tuple[Runtime, RecordingTransport]:
    transport = RecordingTransport(ok)
    runtime = Runtime(transport=transport, discover_plugins=False)
    runtime.add_node(PROBE)
    return runtime, transport


@contextlib.contextmanager
def busy(*works: Any) -> Iterator[None]:
    """Threads of the parent that are in the midst of everything while children are made."""
    over = threading.Event()

    def go_on(work: Any) -> None:
        while not over.is_set():
            work()

    threads = [threading.Thread(target=go_on, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def forked(child: Any) -> int:
    """The exit code of a child that does `child()`; 1 when it raises."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            code = 0 if child() else 2
        finally:
            os._exit(code)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(number, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    raise AssertionError("the child was held up")


@pytest.mark.timeout(100)
def test_children_forked_in_the_midst_of_runs_are_not_held_up() -> None:
    """Runs, descriptors, expressions and patterns go on in four threads of the parent meanwhile."""
    runtime, _ = recording()
    items = [{"n": n} for n in range(20)]

    def in_child() -> bool:
        done = runtime.run("probe", GET, items)
        fresh, transport = recording()
        with fresh:
            fresh.run("probe", GET, items[:2])
        runtime.close()
        return done.report.succeeded and len(transport.requests) == 2

    def describe() -> None:
        Runtime(discover_plugins=False).describe("threecx", "Website Links", "Delete Weblink")

    with (
        runtime,
        busy(
            lambda: runtime.run("probe", GET, items),
            describe,
            lambda: evaluate("={{ DateTime.now().setZone('Europe/Berlin').year + $json.n }}", json={"n": 1}),
            lambda: recording()[0].run("probe", GET, items[:3]),
        ),
    ):
        assert [forked(in_child) for _ in range(6)] == [0] * 6
        assert runtime.run("probe", GET, items).report.succeeded


@pytest.mark.timeout(100)
def test_workers_of_a_server_that_forks_first_fetch_tokens_of_their_own(sandbox: ThreeCXSandbox) -> None:
    """The parent's token is not the children's: a service may end it when one of them fetches another."""
    from nodeloom.credential.oauth.tokenstore import TOKENS

    with Runtime(discover_plugins=False) as runtime:
        given = {"threeCxApi": sandbox.credential}
        assert runtime.run("threecx", DELETE, [{"Link": "link-1"}], credentials=given).report.succeeded
        assert TOKENS._slots

        def worker(number: int) -> bool:
            if TOKENS._slots:
                return False
            return runtime.run("threecx", DELETE, [{"Link": f"link-{number}"}], credentials=given).report.succeeded

        assert [forked(functools.partial(worker, n)) for n in (2, 3, 4)] == [0, 0, 0]
        assert runtime.run("threecx", DELETE, [{"Link": "link-5"}], credentials=given).report.succeeded


_runtime: Runtime | None = None


def _in_pool(number: int) -> list[Any]:
    assert _runtime is not None
    return [item["json"]["ok"] for item in _runtime.run("probe", GET, [{"n": number}]).items]


@pytest.mark.timeout(100)
def test_a_pool_of_processes_uses_the_runtime_it_was_forked_with() -> None:
    global _runtime
    _runtime, _ = recording()
    with _runtime:
        _runtime.run("probe", GET, [{"n": 0}])
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            assert list(pool.map(_in_pool, range(6), timeout=60)) == [[True]] * 6
    _runtime = None


@pytest.mark.timeout(100)
def test_a_pool_of_threads_makes_one_background_of_a_runtime() -> None:
    """The first of them wins; no run is lost to a background that nobody closes."""
    for _ in range(5):
        runtime, transport = recording()
        barrier = threading.Barrier(8)

        def run(number: int, runtime: Runtime = runtime, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait()
            return runtime.run("probe", GET, [{"n": number}]).report.succeeded

        with runtime, concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert all(pool.map(run, range(8)))
            loops = runtime._loops
            assert runtime._all_loops[0] is loops
            assert len([t for t in threading.enumerate() if t.name == "nodeloom"]) >= 1
        assert len(transport.requests) == 8
        assert sum(1 for made in runtime._all_loops if made._background is not None) == 1


def test_tenants_in_one_process_see_nothing_of_each_other() -> None:
    """Two runtimes with other variables, environments, zones, functions and switches, interleaved on threads."""
    tenants = []
    for number in range(4):
        transport = RecordingTransport(ok)
        runtime = Runtime(
            transport=transport,
            discover_plugins=False,
            vars={"tenant": number},
            env={"WHO": f"tenant-{number}"},
            timezone=("Europe/Berlin", "Asia/Tokyo", "UTC", "America/New_York")[number],
        )
        runtime.add_node(PROBE)
        tenants.append((number, runtime, transport))
    wanted = "={{ $vars.tenant + ':' + $env.WHO + ':' + DateTime.fromMillis(0).hour + ':' + new Date(0).getHours() }}"
    hours = ["1:1", "9:9", "0:0", "19:19"]

    def work(tenant: tuple[int, Runtime, RecordingTransport]) -> None:
        number, runtime, transport = tenant
        for _ in range(5):
            runtime.run("probe", {"operation": "Get", "id": wanted}, [{}, {}])
        assert {r.url.params["id"] for r in transport.requests} == {f"{number}:tenant-{number}:{hours[number]}"}

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, tenants))
    for _, runtime, _ in tenants:
        runtime.close()


def test_what_is_worked_out_once_needs_no_lock() -> None:
    calls: list[int] = []

    class Thing:
        @once
        def value(self) -> int:
            """It is documented."""
            calls.append(1)
            return len(calls)

    thing = Thing()
    assert [thing.value, thing.value, Thing().value] == [1, 1, 2]
    assert Thing.value.__doc__ == "It is documented."
