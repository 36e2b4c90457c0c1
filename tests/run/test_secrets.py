"""A secret never shows: not in results, errors, tracebacks, reports, plans, reprs or logs, whatever fails."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from typing import Any

import httpx
import pytest

from nodeloom import CallContext, Request, Response, Runtime, hookimpl
from nodeloom.errors import NodeloomError
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import DELETE, links

SECRET = "canary+secret/ünï=1"
TOKEN = "canary-token-tail-xq"
CLIENT = {"serverUrl": "https://pbx.test", "clientId": "id", "clientSecret": SECRET}
BEARER = {**CLIENT, "accessToken": TOKEN}


def echo(request: httpx.Request) -> httpx.Response:
    """A service that gives back in its error what it was sent."""
    if request.url.path == "/connect/token":
        return httpx.Response(200, json={"access_token": TOKEN, "expires_in": 60})
    said = f"refused {request.headers['authorization']} {SECRET}"
    return httpx.Response(403, json={"error": {"code": TOKEN, "message": said}})


def echo_token(request: httpx.Request) -> httpx.Response:
    said = {"error": "invalid_client", "error_description": f"no client with {request.content.decode()} {SECRET}"}
    return httpx.Response(401, json=said)


def page(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/connect/token":
        return echo(request)
    return httpx.Response(200, content=f"{{broken {TOKEN}".encode(), headers={"content-type": "application/json"})


def raising(kind: type[Exception]) -> Any:
    def responder(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/connect/token":
            return echo(request)
        raise kind(f"broke on {request.headers['authorization']} of {SECRET!r}")

    return responder


def redirect(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/connect/token":
        return echo(request)
    return httpx.Response(302, headers={"location": f"ftp://other.test/?token={TOKEN}"})


class Leaky:
    """A plugin that fails with what it was shown."""

    def __init__(self, hook: str) -> None:
        self.hook = hook

    @hookimpl
    def nodeloom_prepare_request(self, request: Request) -> None:
        if self.hook == "prepare":
            raise ValueError(f"cannot sign {request.headers}")

    @hookimpl
    def nodeloom_see_response(self, request: Request, response: Response) -> None:
        if self.hook == "see":
            raise ValueError(f"cannot log {request.headers} {response.body!r}")

    @hookimpl
    def nodeloom_transform_result(self, items: Any, context: CallContext) -> None:
        if self.hook == "transform":
            raise ValueError(f"cannot change {items} of {TOKEN} {SECRET}")


def shows(text: str) -> list[str]:
    return [word for word in ("canary", "tail-xq", "nary%2B", "\\u00fcn") if word in text]


def check(runtime: Runtime, credential: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    given = {"threeCxApi": credential}
    result = runtime.run("threecx", DELETE, links(2), credentials=given, on_error="continue")
    texts = [repr(result), json.dumps(result.items), json.dumps(result.report.to_dict()), caplog.text]
    for error in result.errors:
        texts += [str(error), repr(error), json.dumps(error.to_dict())]
        texts += traceback.format_exception(error)
    with pytest.raises(NodeloomError) as caught:
        runtime.run("threecx", DELETE, links(2), credentials=given)
    texts += traceback.format_exception(caught.value)
    planned = list(runtime.plan("threecx", DELETE, links(2), credentials=given))
    texts += [repr(planned), json.dumps([p.to_dict() for p in planned])]
    assert shows("\n".join(texts)) == []


@pytest.mark.slow
@pytest.mark.parametrize("credential", [CLIENT, BEARER], ids=["client", "bearer"])
@pytest.mark.parametrize(
    "responder",
    [
        echo,
        page,
        redirect,
        raising(httpx.ConnectError),
        raising(httpx.ReadTimeout),
        raising(httpx.LocalProtocolError),
        raising(RuntimeError),
    ],
)
def test_no_failure_shows_a_secret(
    responder: Any, credential: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = RecordingTransport(responder)
    with Runtime(transport=transport, discover_plugins=False, retries=0) as runtime:
        check(runtime, credential, caplog)
    # The secret was there to be shown.
    sent = "".join(str(r.headers.raw) + r.content.decode() for r in transport.requests)
    assert "canary" in sent


def test_no_refused_token_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Runtime(transport=RecordingTransport(echo_token), discover_plugins=False) as runtime:
        check(runtime, {**CLIENT, "serverUrl": "https://refusing.test"}, caplog)
        with pytest.raises(NodeloomError) as caught:
            runtime.test_credential("threeCxApi", {**CLIENT, "serverUrl": "https://refusing.test"})
        assert shows("".join(traceback.format_exception(caught.value))) == []


@pytest.mark.slow
@pytest.mark.parametrize("hook", ["prepare", "see", "transform"])
def test_no_plugin_shows_a_secret(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def responder(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/connect/token":
            return echo(request)
        return httpx.Response(200, json={})

    transport = RecordingTransport(responder)
    with Runtime(transport=transport, discover_plugins=False, plugins=[Leaky(hook)]) as runtime:
        check(runtime, CLIENT, caplog)
        result = runtime.run("threecx", DELETE, links(1), credentials={"threeCxApi": CLIENT}, on_error="continue")
    assert result.errors[0].details["hook"].startswith(f"nodeloom_{hook}")


def test_a_fault_of_nodeloom_itself_shows_no_secret(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the traceback, without the secrets in it."""

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError(f"while sending {TOKEN}")

    monkeypatch.setattr("nodeloom.transport.sender.Sender.send", broken)
    with Runtime(discover_plugins=False) as runtime:
        check(runtime, BEARER, caplog)
    assert "ZeroDivisionError" in caplog.text
    assert "***" in caplog.text


@pytest.mark.slow
def test_a_real_service_and_all_its_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        ThreeCXSandbox(
            links=30, rate_429=0.2, rate_500=0.2, rate_drop=0.2, retry_after=0, client_secret=SECRET
        ) as sandbox,
        Runtime(discover_plugins=False, retries=1) as runtime,
    ):
        given = {"threeCxApi": sandbox.credential}
        result = runtime.run("threecx", DELETE, links(40), credentials=given, on_error="continue")
        assert result.errors

        async def again() -> Any:
            return await runtime.arun("threecx", DELETE, links(40), credentials=given, on_error="continue")

        second = asyncio.run(again())
    shown = json.dumps(result.items + second.items) + caplog.text + repr(result)
    assert shows(shown) == []


def test_a_secret_of_the_credential_that_an_expression_puts_into_a_parameter_is_masked() -> None:
    with Runtime(transport=RecordingTransport(echo), discover_plugins=False) as runtime:
        parameters = {**DELETE, "Link": "={{ $credentials.accessToken }}"}
        planned = list(runtime.plan("threecx", parameters, [{}], credentials={"threeCxApi": BEARER}))
        result = runtime.run("threecx", parameters, [{}], credentials={"threeCxApi": BEARER}, on_error="continue")
    assert shows(repr(planned) + json.dumps(result.items)) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", range(1190, 1200))
def test_no_page_of_text_shows_the_beginning_of_a_secret(place: int) -> None:
    """Only the first 1,200 bytes of one are looked at, and what is left of them may be short."""

    def responder(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text=f"{'refused: '.rjust(place)}{TOKEN}")

    with Runtime(transport=RecordingTransport(responder), discover_plugins=False) as runtime:
        result = runtime.run("threecx", DELETE, links(1), credentials={"threeCxApi": BEARER}, on_error="continue")
    assert TOKEN[:4] not in str(result.errors[0]) + json.dumps(result.items)


@pytest.mark.slow
@pytest.mark.parametrize("cut", range(1, len(TOKEN)))
def test_no_message_shows_the_beginning_of_a_secret(cut: int) -> None:
    """Messages cut long values, and may do so in the middle of a secret."""
    filler = "x" * (120 - cut)

    def responder(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": f"{filler}{TOKEN} was refused"}})

    with Runtime(transport=RecordingTransport(responder), discover_plugins=False) as runtime:
        result = runtime.run("threecx", DELETE, links(1), credentials={"threeCxApi": BEARER}, on_error="continue")
    text = str(result.errors[0]) + json.dumps(result.items)
    assert TOKEN[:4] not in text
