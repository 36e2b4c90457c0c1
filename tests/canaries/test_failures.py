"""No failure shows a secret: not in results, errors, reports or logs, nor in a traceback with its variables.

Every credential there is a way for meets every answer the service has, by way of the library, where errors come with
their tracebacks.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nodeloom import CallContext, ObservedRequest, ObservedRun, Observer, Outcome, Request, Response, Runtime, hookimpl
from nodeloom.errors import NodeloomError
from nodeloom.redaction import Secret
from nodeloom.telemetry import Telemetry
from tests.canaries.conftest import (
    APIKEY,
    BEARER,
    CANARIES,
    CLIENT,
    CUSTOM,
    HEADERVALUE,
    ISSUED,
    PASSWORD,
    World,
    credentials,
)
from tests.canaries.finding import Canary, found
from tests.canaries.server import MODES
from tests.showing import rich_text, shown

pytestmark = pytest.mark.slow

LINK = {"resource": "Website Links", "operation": "Delete Weblink", "Link": "={{ $json.Link }}"}
ITEMS = [{"Link": "a"}, {"Other": "b"}]

# Credential → what is sent with it.
SENT: dict[str, tuple[Canary, ...]] = {
    "office": (CLIENT, ISSUED),
    "bearer": (BEARER,),
    "basic": (PASSWORD,),
    "query": (APIKEY,),
    "header": (HEADERVALUE,),
    "custom": (CUSTOM,),
    "user": (CLIENT,),
    "user-body": (CLIENT,),
    "machine": (CLIENT, ISSUED),
}

# An error is the same, whether a run goes on or ends with it; these are tried both ways.
RAISED = frozenset({"401", "500", "broken JSON", "dropped", "oauth error"})


class Told(Observer):
    """All that is told of runs, by whatever way; also to observers, telemetry among them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._spans = InMemorySpanExporter()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._telemetry = Telemetry(tracer_provider=tracers, meter_provider=MeterProvider())

    @property
    def observers(self) -> list[Observer]:
        """Who is told of a run."""
        return [self, self._telemetry]

    def request_ended(self, run: ObservedRun, request: ObservedRequest) -> None:
        """Note what an observer sees of a request."""
        names = [name for name in dir(request) if not name.startswith("_")]
        self.texts.append(" ".join(f"{name}={getattr(request, name)!r}" for name in names) + repr(request))

    def item_done(self, run: ObservedRun, outcome: Outcome, seconds: float) -> None:
        """Note what an observer sees of a failed item."""
        if outcome.error is not None:
            self.texts.append(f"{outcome!r} {outcome.error}")

    def error(self, error: BaseException) -> None:
        """An error as text, as data, and with its traceback in every tool's words."""
        self.texts += [str(error), repr(error), rich_text(error), shown(error)]
        if isinstance(error, NodeloomError):
            self.texts += [json.dumps(error.to_dict()), repr(error.details)]

    def run(
        self, runtime: Runtime, node: str, parameters: dict[str, Any], given: Any, items: Any, *, stop: bool = True
    ) -> None:
        """Run, with `stop` by both policies; what failed, the report and errors are told."""
        try:
            result = runtime.run(
                node, parameters, items, credentials=given, on_error="continue", observer=self.observers
            )
        except NodeloomError as error:
            self.error(error)
            return
        # What a service answers to a success is the caller's, whatever it says; what is told of a failure is ours.
        failures = [outcome for outcome in result.outcomes if outcome.error is not None]
        self.texts += [f"{failures!r} {rich_text(failures)}", json.dumps([outcome.results() for outcome in failures])]
        self.texts += [repr(result.report), json.dumps(result.report.to_dict())]
        for failed in result.errors:
            self.error(failed)
        if not stop:
            return
        try:
            runtime.run(node, parameters, items, credentials=given)
        except NodeloomError as error:
            self.error(error)

    def silent(self, world: World) -> None:
        """Assert that no canary was told, logged or written."""
        self.texts += [span.to_json() for span in self._spans.get_finished_spans()]
        assert found("\n".join(self.texts), CANARIES) == []
        world.silent()


def aim(name: str) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """(node, parameters, items) for the credential of that name."""
    if name in ("office", "bearer"):
        return "threecx", LINK, ITEMS
    kinds = {"basic": "httpBasicAuth", "query": "httpQueryAuth", "header": "httpHeaderAuth", "custom": "httpCustomAuth"}
    return "probe", {"operation": "send", "which": "x", "authentication": kinds.get(name, "oAuth2Api")}, [{}]


def runtime_of(world: World, **more: Any) -> Runtime:
    runtime = Runtime(discover_plugins=False, **{"retries": 0, "timeout": 0.2, **more})
    runtime.add_node(world.folder / "probe.json")
    return runtime


@pytest.mark.parametrize("name", SENT)
def test_no_answer_makes_a_secret_show(world: World, name: str) -> None:
    """Every answer of the service, to the request and to the token request."""
    told = Told()
    node, parameters, items = aim(name)
    kind, fields = credentials(world.server.url)[name]
    with runtime_of(world) as runtime:
        for mode in MODES:
            world.server.mode, world.server.knows = mode, SENT[name]
            # A client of its own for each: what the service refused is not asked for again.
            client = {"clientId": f"me-{mode}"} if "clientId" in fields else {}
            told.run(runtime, node, parameters, {kind: {**fields, **client}}, items, stop=mode in RAISED)
    world.had(*SENT[name])
    told.silent(world)


@pytest.mark.parametrize("name", ["office", "user", "user-body", "machine"])
def test_no_token_endpoint_makes_a_secret_show(world: World, name: str) -> None:
    """Whatever it answers to client ID and secret, refresh token or code."""
    told = Told()
    node, parameters, items = aim(name)
    kind, fields = credentials(world.server.url)[name]
    with runtime_of(world) as runtime:
        for mode in MODES:
            world.server.token_mode, world.server.knows = mode, SENT[name]
            # A client of its own for each: what the service refused is not asked for again.
            given = {kind: {**fields, "clientId": f"me-{mode}"}}
            told.run(runtime, node, parameters, given, items, stop=mode in RAISED)
    world.had(CLIENT)
    told.silent(world)


@pytest.mark.parametrize("name", SENT)
def test_no_connection_makes_a_secret_show(world: World, name: str) -> None:
    """TLS that fails, a certificate nobody signed, a port nobody listens on, a name nobody has."""
    told = Told()
    node, parameters, items = aim(name)
    port = world.server.url.rpartition(":")[2]
    for url in (f"https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://nobody.invalid", "http://[::1]:1"):
        kind, fields = credentials(url)[name]
        with Runtime(discover_plugins=False, retries=0, timeout=2) as runtime:
            document = json.loads((world.folder / "probe.json").read_text())
            runtime.add_node({**document, "requestDefaults": {"baseURL": url}})
            told.run(runtime, node, parameters, {kind: fields}, items)
    told.silent(world)


class Leaky:
    """A plugin that fails with all it was shown."""

    def __init__(self, hook: str, secret: str) -> None:
        self.hook = hook
        self.secret = secret

    def _fail(self, hook: str, said: str) -> None:
        if hook == self.hook:
            raise ValueError(f"cannot go on with {said} {self.secret}")

    @hookimpl
    def nodeloom_prepare_request(self, request: Request) -> None:
        self._fail("prepare", f"{dict(request.headers)} {request.url} {request.body!r}")

    @hookimpl
    def nodeloom_see_response(self, request: Request, response: Response) -> None:
        self._fail("see", f"{dict(request.headers)} {response.body!r} {response.headers}")

    @hookimpl
    def nodeloom_transform_result(self, items: Any, context: CallContext) -> None:
        self._fail("transform", f"{items} {context}")


@pytest.mark.parametrize("hook", ["prepare", "see", "transform"])
@pytest.mark.parametrize("name", ["bearer", "basic"])
def test_no_hook_makes_a_secret_show(world: World, hook: str, name: str) -> None:
    """A plugin's words are masked as a service's are."""
    told = Told()
    node, parameters, items = aim(name)
    kind, fields = credentials(world.server.url)[name]
    plugin = Leaky(hook, SENT[name][0].text)
    with runtime_of(world, plugins=[plugin]) as runtime:
        told.run(runtime, node, parameters, {kind: fields}, items)
    assert "cannot go on" in "\n".join(told.texts)
    told.silent(world)


@pytest.mark.parametrize(
    "place",
    [
        "nodeloom.transport.sender.Sender.send",
        "nodeloom.plan.call.Call.request",
        "nodeloom.credential.session.render_injection",
        "nodeloom.credential.oauth.oauth2.OAuth2Client.client_credentials_request",
        "nodeloom.credential.session.fit",
        "nodeloom.credential.session.secrets_of",
        "nodeloom.runtime.planning.plan_requests",
    ],
)
@pytest.mark.parametrize("kind", [ZeroDivisionError, RecursionError, NodeloomError])
def test_no_fault_of_nodeloom_itself_makes_a_secret_show(world: World, place: str, kind: type[BaseException]) -> None:
    """What nobody thought of fails an item, or comes out as it is; without the variables on its way."""
    told = Told()
    _kind, fields = credentials(world.server.url)["office"]

    def broken(*_arguments: Any, **_named: Any) -> Any:
        raise kind("in the middle of it")

    world.monkeypatch.setattr(place, broken)
    with runtime_of(world) as runtime:
        for use in (
            lambda: runtime.run("threecx", LINK, ITEMS, credentials={"threeCxApi": fields}),
            lambda: runtime.run("threecx", LINK, ITEMS, credentials={"threeCxApi": fields}, on_error="continue"),
            lambda: list(runtime.stream("threecx", LINK, ITEMS, credentials={"threeCxApi": fields})),
            lambda: list(runtime.plan("threecx", LINK, ITEMS, credentials={"threeCxApi": fields})),
            lambda: runtime.test_credential("threeCxApi", fields),
            lambda: asyncio.run(runtime.arun("threecx", LINK, ITEMS, credentials={"threeCxApi": fields})),
        ):
            try:
                told.texts.append(repr(use()))
            except BaseException as error:  # noqa: BLE001 - whatever it is
                told.error(error)
    told.silent(world)


def test_a_secret_may_be_given_in_a_secret(world: World) -> None:
    """A host's own variables do not show it then either; the service gets it all the same."""
    kind, fields = credentials(world.server.url)["bearer"]
    given = {kind: {**fields, "accessToken": Secret(BEARER.text)}}
    world.server.mode = "403"
    told = Told()
    with runtime_of(world) as runtime:
        told.run(runtime, "threecx", LINK, given, ITEMS)
    told.texts += [repr(given), rich_text(given)]
    world.had(BEARER)
    told.silent(world)


def test_a_program_that_is_stopped_shows_no_secret(world: World) -> None:
    """SIGINT twice, while the service says nothing; in a process of its own, with its debugging switch on."""
    world.server.mode = "silent"
    process = subprocess.Popen(
        [sys.executable, "-m", "nodeloom.cli", "run", "threecx", "Website Links", "Delete Weblink",
         "--set", "Link=a", "--credential", "bearer"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**_environment(), "NODELOOM_DEBUG": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        while not world.server.sent:
            assert process.poll() is None
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    world.had(BEARER)
    world.said += [out.decode(), err.decode()]
    world.silent()


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)
