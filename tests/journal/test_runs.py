"""Whole runs with a journal: every way to run, to stop, and to go on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from nodeloom import ObservedRun, Observer, Outcome, Runtime, Stop
from nodeloom.descriptor.validation import load_schema
from nodeloom.errors import ConfigurationError, JournalError, MissingValueError, NodeloomError, UnknownOutcomeError
from nodeloom.journal.journalreader import Account, JournalReader
from nodeloom.journal.namelock import is_held
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.journal.driving import crashed_copy
from tests.journal.test_secrets import forms
from tests.run.doubles import DELETE, PROBE, TOKEN, links

CREATE = {
    "resource": "Website Links",
    "operation": "Create Weblink",
    "Link": "={{ $json.Link }}",
    "Website": ["a.test"],
}


def account(path: Path) -> Account:
    with JournalReader(path) as reader:
        return reader.account()


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Runtime:
    return Runtime(transport=RecordingTransport(answer), discover_plugins=False, retries=0)


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with Runtime(discover_plugins=False) as running:
        yield running


def test_a_run_says_what_its_journal_had_to_do_with_it(
    sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path
) -> None:
    given = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}
    first = runtime.run("threecx", DELETE, links(10), **given)  # type: ignore[arg-type]
    asked = len(sandbox.requests)
    second = runtime.run("threecx", DELETE, links(10), **given)  # type: ignore[arg-type]
    assert len(sandbox.requests) == asked
    assert second.items == first.items
    assert first.report.to_dict()["journal"] == {"file": str(tmp_path / "j"), "told": 0, "repeated": 0, "unknown": 0}
    assert second.report.to_dict()["journal"]["told"] == 10
    assert second.report.counts == first.report.counts
    Draft202012Validator(load_schema("run-report")).validate(second.report.to_dict())
    assert account(tmp_path / "j") == Account(10, 0, 0, 0, 0)
    assert runtime.run("threecx", DELETE, links(0), credentials=given["credentials"]).report.journal is None  # type: ignore[arg-type]


def crash(tmp_path: Path, parameters: dict[str, Any], items: list[Any]) -> Path:
    """The journal of a process that died after the service had done the first item, and before the answer came."""
    left: list[Path] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if not left:
            left.append(crashed_copy(tmp_path / "first", tmp_path / "left"))
        return httpx.Response(204)

    with answering(answer) as runtime:
        runtime.run("threecx", parameters, items, credentials=TOKEN, concurrency=1, journal=tmp_path / "first")
    return left[0]


def test_a_delete_that_was_carried_out_before_the_crash_finds_nothing_and_has_succeeded(tmp_path: Path) -> None:
    left = crash(tmp_path, DELETE, links(2))
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(404 if "link-1" in request.url.path else 204)

    with answering(answer) as runtime:
        result = runtime.run("threecx", DELETE, links(2), credentials=TOKEN, concurrency=1, journal=left)
    assert len(asked) == 2
    assert [item["json"] for item in result.items] == [
        {"success": True, "statusCode": 204, "Link": "link-1"},
        {"success": True, "statusCode": 204, "Link": "link-2"},
    ]
    assert result.report.journal is not None
    assert result.report.journal.repeated == 1


def test_a_create_that_was_in_flight_is_not_sent_again_and_the_rest_is_run(tmp_path: Path) -> None:
    left = crash(tmp_path, CREATE, links(3))
    transport = RecordingTransport(lambda request: httpx.Response(201, json={}))
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        result = runtime.run(
            "threecx", CREATE, links(3), credentials=TOKEN, concurrency=1, journal=left, on_error="continue"
        )
    assert [json.loads(r.content)["Link"] for r in transport.requests] == ["link-2", "link-3"]
    assert isinstance(result.errors[0], UnknownOutcomeError)
    assert result.report.journal is not None
    assert result.report.journal.unknown == 1
    assert account(left) == Account(2, 0, 1, 0, 0)


def test_what_failed_before_does_not_stop_the_run_that_goes_on(tmp_path: Path) -> None:
    items = [{"Link": "a"}, {}, {"Link": "b"}]
    transport = RecordingTransport(lambda request: httpx.Response(204))
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        for expected in (1, 2, 2):
            with pytest.raises(MissingValueError) as caught:
                runtime.run("threecx", DELETE, items, credentials=TOKEN, concurrency=1, journal=tmp_path / "j")
            assert len(transport.requests) == expected
        assert caught.value.result.report.counts.succeeded == 2
        assert account(tmp_path / "j") == Account(2, 1, 0, 0, 0)


def test_failed_items_are_run_again_when_asked(tmp_path: Path) -> None:
    answers = iter([400, 400, 204, 204])
    with answering(lambda request: httpx.Response(next(answers), json={})) as runtime:

        def run(**more: Any) -> int:
            return runtime.run(
                "threecx", DELETE, links(2), credentials=TOKEN, journal=tmp_path / "j", on_error="continue", **more
            ).report.counts.succeeded

        assert [run(), run(), run(retry_failed=True), run()] == [0, 0, 2, 2]


def test_what_was_not_found_is_not_found_again(tmp_path: Path) -> None:
    """A refusal says that nothing was done, so a second one does not mean that the first had an effect."""
    with answering(lambda request: httpx.Response(404, json={})) as runtime:
        for retry_failed in (False, True, True):
            result = runtime.run(
                "threecx", DELETE, links(1), credentials=TOKEN, journal=tmp_path / "j", on_error="continue",
                retry_failed=retry_failed,
            )  # fmt: skip
            assert [e.code for e in result.errors] == ["not_found"]


def test_what_broke_off_and_is_gone_when_it_is_tried_again_was_done(tmp_path: Path) -> None:
    answers = iter([500, 404])
    with answering(lambda request: httpx.Response(next(answers), json={})) as runtime:
        for retry_failed, failed in ((False, 1), (True, 0)):
            result = runtime.run(
                "threecx", DELETE, links(1), credentials=TOKEN, journal=tmp_path / "j", on_error="continue",
                retry_failed=retry_failed,
            )  # fmt: skip
            assert result.report.counts.failed == failed


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"journal": 5}, "journal must be the path"),
        ({"journal": "j", "retry_failed": 1}, "retry_failed must be True or False"),
        ({"retry_failed": True}, "retry_failed needs journal"),
    ],
)
def test_keywords_are_checked(runtime: Runtime, keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        runtime.run("threecx", DELETE, links(1), credentials=TOKEN, **keywords)


def test_another_run_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    transport = RecordingTransport(lambda request: httpx.Response(204))
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        runtime.run("threecx", DELETE, links(2), credentials=TOKEN, journal=tmp_path / "j")
        for parameters, items, words in (
            (
                {**DELETE, "Link": "={{ $json.Name }}"},
                links(2),
                "parameter Link: ={{ $json.Link }} → ={{ $json.Name }}",
            ),
            ({**DELETE, "operation": "Get Weblink"}, links(2), "operation: Delete Weblink → Get Weblink"),
            (DELETE, links(3), "made with 2 items, and now there are 3"),
        ):
            with pytest.raises(JournalError) as caught:
                runtime.run("threecx", parameters, items, credentials=TOKEN, journal=tmp_path / "j")
            assert words in str(caught.value)
    assert len(transport.requests) == 2


def test_items_that_differ_further_on_end_the_run_there(tmp_path: Path) -> None:
    transport = RecordingTransport(lambda request: httpx.Response(204))
    changed = [*links(20)[:15], {"Link": "other"}, *links(20)[16:]]
    with Runtime(transport=transport, discover_plugins=False) as runtime:
        runtime.run("threecx", DELETE, links(20), credentials=TOKEN, journal=tmp_path / "j")
        with pytest.raises(JournalError, match="item 15 differs") as caught:
            runtime.run("threecx", DELETE, changed, credentials=TOKEN, journal=tmp_path / "j")
        result = caught.value.result
        assert [o.error is None for o in result.outcomes[:15]] == [True] * 15
        assert {o.error.code for o in result.outcomes[15:] if o.error is not None} == {"not_run"}
        outcomes = iter(runtime.stream("threecx", DELETE, iter(links(19)), credentials=TOKEN, journal=tmp_path / "j"))
        with pytest.raises(JournalError, match="made with 20 items, and now there are 19"):
            list(outcomes)
    assert len(transport.requests) == 20


def test_a_stopped_run_is_gone_on_with(sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path) -> None:
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j", "concurrency": 2}
    stop = Stop()

    class StopAtFirst(Observer):
        def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
            stop.set()

    outcomes = list(runtime.stream("threecx", DELETE, links(10), stop=stop, observer=StopAtFirst(), **given))
    codes = [o.error.code for o in outcomes if o.error is not None]
    assert outcomes[0].error is None
    assert set(codes) == {"not_run"}
    assert account(tmp_path / "j").not_run == len(codes)
    result = runtime.run("threecx", DELETE, links(10), **given)
    assert result.report.counts.succeeded == 10
    assert sandbox.links == {}
    assert len([r for r in sandbox.requests if r.method == "DELETE"]) == 10


@pytest.mark.parametrize(("parameters", "method"), [(DELETE, "DELETE"), (CREATE, "POST")])
def test_what_was_abandoned_is_repeated_or_unknown(tmp_path: Path, parameters: dict[str, Any], method: str) -> None:
    reached, stop = threading.Event(), Stop()
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) == 1:
            reached.set()
            await asyncio.Event().wait()
        return httpx.Response(204)

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await answer(request)

    with Runtime(transport=Hanging(), discover_plugins=False) as runtime:
        given: Any = {"credentials": TOKEN, "journal": tmp_path / "j", "concurrency": 1, "on_error": "continue"}

        def watch() -> None:
            reached.wait()
            stop.set(now=True)

        watcher = threading.Thread(target=watch)
        watcher.start()
        first = runtime.run("threecx", parameters, links(2), stop=stop, **given)
        watcher.join()
        assert [e.code for e in first.errors] == ["request", "not_run"]
        second = runtime.run("threecx", parameters, links(2), **given)
    if method == "DELETE":
        assert second.errors == []
        assert asked == ["DELETE"] * 3
    else:
        assert [e.code for e in second.errors] == ["unknown"]
        assert asked == ["POST"] * 2


def test_on_the_callers_event_loop(sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path) -> None:
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}

    async def run() -> tuple[int, int]:
        result = await runtime.arun("threecx", DELETE, links(10), **given)
        told = [o.told async for o in runtime.astream("threecx", DELETE, links(10), **given)]
        return result.report.counts.succeeded, sum(told)

    assert asyncio.run(run()) == (10, 10)
    assert not is_held(tmp_path / "j")


def test_a_cancelled_run_leaves_a_journal_that_is_free(tmp_path: Path) -> None:
    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def run() -> None:
        async with Runtime(transport=Hanging(), discover_plugins=False) as runtime:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await runtime.arun("threecx", DELETE, links(3), credentials=TOKEN, journal=tmp_path / "j")

    asyncio.run(run())
    assert not is_held(tmp_path / "j")
    assert account(tmp_path / "j") == Account(0, 0, 0, 3, 0)


def test_a_stream_that_is_closed_early_or_never_begun_lets_go_of_its_journal(
    sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path
) -> None:
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}
    outcomes = runtime.stream("threecx", DELETE, links(10), **given)
    assert is_held(tmp_path / "j")
    del outcomes
    assert not is_held(tmp_path / "j")
    outcomes = runtime.stream("threecx", DELETE, links(10), **given)
    next(outcomes)
    with pytest.raises(JournalError, match="in use by another run"):
        runtime.run("threecx", DELETE, links(10), **given)
    outcomes.close()
    assert not is_held(tmp_path / "j")


def test_coalesced_items_have_their_own_entries(sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path) -> None:
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}
    first = runtime.run("threecx", DELETE, links(10), coalesce=4, **given)
    asked = len(sandbox.requests)
    assert asked < 10
    second = runtime.run("threecx", DELETE, links(10), **given)
    assert second.items == first.items
    assert len(sandbox.requests) == asked


def test_outcomes_that_come_as_they_are_finished_are_told_again_in_any_order(
    sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path
) -> None:
    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j", "ordered": False}
    for _ in range(2):
        outcomes = list(runtime.stream("threecx", DELETE, iter(links(10)), **given))
        assert sorted(o.index for o in outcomes) == list(range(10))


@pytest.mark.parametrize(
    ("operation", "repeatable"), [("Get", True), ("Delete", True), ("Post", False), ("Patch", False), (None, False)]
)
def test_the_method_says_whether_an_operation_may_happen_twice(
    tmp_path: Path, operation: str | None, repeatable: bool
) -> None:
    node = json.loads(json.dumps(PROBE))
    if operation is None:
        # The item decides, so it is not known before.
        node["properties"][0]["options"][0]["routing"]["request"]["method"] = "={{ $json.method }}"
    with answering(lambda request: httpx.Response(200, json={})) as runtime:
        runtime.add_node(node)
        parameters = {"operation": operation or "Get"}
        runtime.run("probe", parameters, [{"method": "GET"}], journal=tmp_path / "j")
    with JournalReader(tmp_path / "j") as reader:
        assert reader.repeatable is repeatable


def test_no_secret_of_the_credential_or_of_a_password_field_is_in_the_file(tmp_path: Path) -> None:
    secret = 'canary+secret/ünï="1'

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/connect/token":
            return httpx.Response(200, json={"access_token": "canary-token-4711", "expires_in": 60})
        said = {
            "error": {"message": f"{secret} {request.headers['authorization']}", "all": list(map(str, forms(secret)))}
        }
        return httpx.Response(204) if "link-1" in request.url.path else httpx.Response(400, json=said)

    credential = {"serverUrl": "https://pbx.test", "clientId": "id", "clientSecret": secret}
    node = json.loads(json.dumps(PROBE))
    node["properties"].append(
        {"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}, "default": ""}
    )
    with answering(answer) as runtime:
        runtime.add_node(node)
        runtime.run(
            "threecx",
            {**DELETE, "Link": "={{ $json.Link }}"},
            [*links(2), {"Link": "canary-token-4711", "s": secret}],
            credentials={"threeCxApi": credential},
            journal=tmp_path / "j",
            on_error="continue",
        )
        runtime.run(
            "probe", {"operation": "Get", "key": "canary-typed"}, [{}], journal=tmp_path / "k", on_error="continue"
        )
    content = (tmp_path / "j").read_bytes() + (tmp_path / "k").read_bytes()
    found = [form for text in (secret, "canary-token-4711", "canary-typed") for form in forms(text) if form in content]
    assert found == []
    assert b"***" in content


def test_a_fault_in_the_input_is_still_the_inputs(sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path) -> None:
    def broken() -> Iterator[Any]:
        yield from links(3)
        raise NodeloomError("The file ends here.")

    given: Any = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}
    with pytest.raises(NodeloomError, match="ends here"):
        runtime.run("threecx", DELETE, broken(), **given)
    assert account(tmp_path / "j") == Account(3, 0, 0, 0, None)
    assert runtime.run("threecx", DELETE, links(5), **given).report.counts.succeeded == 5


@pytest.mark.parametrize(("parameters", "name"), [(DELETE, "link"), (CREATE, "new")], ids=["delete", "create"])
def test_what_was_waiting_for_its_turn_at_the_end_is_run_by_the_next_run(
    sandbox: ThreeCXSandbox, runtime: Runtime, tmp_path: Path, parameters: dict[str, Any], name: str
) -> None:
    """It was begun, and nothing of it was sent: no failure, and nothing that is unknown."""
    items = [{"Link": f"{name}-{n}"} for n in range(1, 11)]
    given: dict[str, Any] = {"credentials": {"threeCxApi": sandbox.credential}, "journal": tmp_path / "j"}
    stop = Stop()

    class Ending(Observer):
        def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
            if outcome.error is None:
                stop.set()

    # The token takes a turn too.
    politely: dict[str, Any] = {"rate": "1/h", "burst": 2, "stop": stop, "observer": Ending()}
    first = runtime.run("threecx", parameters, items, **given, **politely).report
    assert (first.counts.succeeded, first.counts.not_run) == (1, 9)
    assert account(tmp_path / "j") == Account(1, 0, 0, 0, 9)
    sandbox.clear_requests()
    second = runtime.run("threecx", parameters, items, **given).report
    assert sum(1 for request in sandbox.requests if request.resource == "WebsiteLinks") == 9
    assert second.counts.succeeded == 10
    assert second.journal is not None
    assert (second.journal.told, second.journal.repeated, second.journal.unknown) == (1, 0, 0)


def test_failures_that_are_only_told_again_do_not_end_a_run(tmp_path: Path) -> None:
    path, broken = tmp_path / "j", [True]
    answer = httpx.Response(500)
    with answering(lambda _: answer if broken else httpx.Response(204)) as runtime:
        given: dict[str, Any] = {"credentials": TOKEN, "journal": path, "on_error": "continue"}
        assert runtime.run("threecx", DELETE, links(100), **given).report.stopped == "the first 8 items failed (server)"
        broken.clear()
        report = runtime.run("threecx", DELETE, links(100), **given).report
    assert report.stopped is None
    assert report.counts.failed + report.counts.succeeded == 100
