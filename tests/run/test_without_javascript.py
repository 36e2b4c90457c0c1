"""A host that switches JavaScript off gets a clear error for what needs it, before anything is sent where it shows."""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nodeloom import Runtime
from nodeloom.errors import CredentialError, JavaScriptDisabledError
from nodeloom.testing import RecordingTransport, ThreeCXSandbox
from tests.run.doubles import DELETE, links, ok

PLAIN: dict[str, Any] = {
    "name": "plain",
    "displayName": "Plain",
    "version": 1,
    "requestDefaults": {"baseURL": "https://plain.test"},
    "properties": [
        {
            "displayName": "Operation",
            "name": "operation",
            "type": "options",
            "options": [{"name": "Get", "value": "Get", "routing": {"request": {"method": "GET", "url": "/thing"}}}],
        },
        {
            "displayName": "Id",
            "name": "id",
            "type": "string",
            "default": "",
            "routing": {"send": {"type": "query", "property": "id"}},
        },
    ],
}
GET = {"operation": "Get", "id": "={{ $json.n }}"}


def without(change: Callable[[dict[str, Any]], None] = lambda node: None) -> tuple[Runtime, RecordingTransport]:
    node = copy.deepcopy(PLAIN)
    change(node)
    transport = RecordingTransport(ok)
    runtime = Runtime(transport=transport, discover_plugins=False, javascript=False)
    runtime.add_node(node)
    return runtime, transport


def test_plain_paths_and_text_need_none() -> None:
    runtime, transport = without()
    with runtime:
        runtime.run("plain", {"operation": "Get", "id": "<<$json.n>>-{{ $json.m.k }}"}, [{"n": 1, "m": {"k": "x"}}])
    assert transport.requests[0].url.params["id"] == "1-x"


def test_the_shipped_node_needs_none(sandbox: ThreeCXSandbox) -> None:
    with Runtime(discover_plugins=False, javascript=False) as runtime:
        given = {"threeCxApi": sandbox.credential}
        assert runtime.run("threecx", DELETE, links(2), credentials=given).report.succeeded


@pytest.mark.parametrize(
    "template",
    [
        "={{ $json.n + 1 }}",
        "<<$json.n.toUpperCase()>>",
        "={{ $jmespath($json, 'n') }}",
        "={{ $now }}",
        "text {{ Math.max(1, 2) }}",
        "={{ /x/.test($json.n) }}",
    ],
)
def test_an_authors_template_that_needs_it_is_refused_before_anything_is_read_or_sent(template: str) -> None:
    read: list[int] = []

    def items() -> Any:
        read.append(1)
        yield {"n": 1}

    runtime, transport = without()
    with runtime, pytest.raises(JavaScriptDisabledError) as caught:
        runtime.run("plain", {"operation": "Get", "id": template}, items(), on_error="continue")
    assert transport.requests == []
    assert read == []
    assert caught.value.expression == template
    assert caught.value.property == "Id"
    assert "member paths" in str(caught.value.hint)


def _send(node: dict[str, Any]) -> None:
    node["properties"][1]["routing"]["send"]["value"] = "={{ $value.trim() }}"


def _url(node: dict[str, Any]) -> None:
    node["requestDefaults"]["url"] = "=/x/{{ $parameter.id.trim() }}"


def _base(node: dict[str, Any]) -> None:
    node["requestDefaults"]["baseURL"] = "={{ 'https://plain.test'.trim() }}"


def _header(node: dict[str, Any]) -> None:
    node["requestDefaults"]["headers"] = {"X-A": "={{ 1 + 1 }}"}


def _default(node: dict[str, Any]) -> None:
    node["properties"].append({**node["properties"][1], "name": "other", "default": "={{ 1 + 1 }}"})


def _output(node: dict[str, Any]) -> None:
    steps = [{"type": "filter", "properties": {"pass": "={{ $responseItem.ok && true }}"}}]
    node["properties"][1]["routing"]["output"] = {"postReceive": steps}


def _pagination(node: dict[str, Any]) -> None:
    node["properties"][0]["options"][0]["routing"]["operations"] = {
        "pagination": {
            "type": "generic",
            "properties": {"continue": "={{ $response.body.next && true }}", "request": {"url": "/next"}},
        }
    }
    node["properties"][1]["routing"]["send"]["paginate"] = True


@pytest.mark.parametrize("change", [_send, _url, _base, _header, _default, _output, _pagination])
def test_a_descriptors_own_template_that_needs_it_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    runtime, transport = without(change)
    with runtime, pytest.raises(JavaScriptDisabledError):
        runtime.run("plain", GET, [{"n": "1"}], on_error="continue")
    assert transport.requests == []


def test_a_pagination_that_needs_it_is_named() -> None:
    runtime, _ = without(_pagination)
    with runtime, pytest.raises(JavaScriptDisabledError) as caught:
        runtime.compile("plain", GET)
    assert caught.value.property == "pagination.continue"


def _only_when_all_are_wanted(node: dict[str, Any]) -> None:
    _pagination(node)
    del node["properties"][1]["routing"]["send"]["paginate"]
    node["properties"].append(
        {
            "displayName": "Return All",
            "name": "returnAll",
            "type": "boolean",
            "default": False,
            "routing": {"send": {"paginate": "={{ $value }}"}},
        }
    )


def test_a_pagination_that_nobody_asks_for_is_not_refused() -> None:
    runtime, transport = without(_only_when_all_are_wanted)
    with runtime:
        assert runtime.run("plain", GET, [{"n": "1"}]).report.succeeded
    assert len(transport.requests) == 1


@pytest.mark.parametrize("wanted", [True, "={{ $json.all }}"])
def test_a_pagination_that_may_be_asked_for_is_refused_before_anything_is_sent(wanted: object) -> None:
    runtime, transport = without(_only_when_all_are_wanted)
    with runtime, pytest.raises(JavaScriptDisabledError):
        runtime.run("plain", {**GET, "returnAll": wanted}, [{"n": "1", "all": False}], on_error="continue")
    assert transport.requests == []


def _chosen_by_the_item(routing: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(node: dict[str, Any]) -> None:
        option = {"name": "All", "value": "all", "routing": routing}
        node["properties"].append(
            {"displayName": "How", "name": "how", "type": "options", "default": "some", "options": [option]}
        )

    return change


@pytest.mark.parametrize(
    "routing",
    [
        {
            "send": {"paginate": True},
            "operations": {
                "pagination": {
                    "type": "generic",
                    "properties": {"continue": "={{ $response.body.page < 3 }}", "request": {}},
                }
            },
        },
        {"output": {"postReceive": [{"type": "filter", "properties": {"pass": "={{ $responseItem.n > 1 }}"}}]}},
    ],
)
def test_what_an_item_chose_fails_it_before_its_request_is_sent(routing: dict[str, Any]) -> None:
    runtime, transport = without(_chosen_by_the_item(routing))
    with runtime:
        parameters = {**GET, "how": "={{ $json.how }}"}
        result = runtime.run(
            "plain", parameters, [{"n": 1, "how": "some"}, {"n": 2, "how": "all"}], on_error="continue"
        )
    assert [type(o.error) for o in result.outcomes] == [type(None), JavaScriptDisabledError]
    assert [r.url.params["id"] for r in transport.requests] == ["1"]


def test_choices_that_need_it_are_refused_before_they_are_asked_for() -> None:
    load = {"routing": {"request": {"method": "GET", "url": "={{ '/choices'.trim() }}"}}}
    runtime, transport = without(lambda node: node["properties"][1].update(typeOptions={"loadOptions": load}))
    with runtime, pytest.raises(JavaScriptDisabledError):
        runtime.choices("plain", "id", {"operation": "Get"})
    assert transport.requests == []


def _extract(node: dict[str, Any]) -> None:
    node["properties"][1]["extractValue"] = {"type": "regex", "regex": "x/([0-9]+)"}


def _mode(node: dict[str, Any]) -> None:
    rule = {"type": "regex", "regex": "x/([0-9]+)"}
    node["properties"][1].update(
        type="resourceLocator",
        default={"mode": "url", "value": ""},
        modes=[{"displayName": "URL", "name": "url", "type": "string", "extractValue": rule}],
    )


def _condition(node: dict[str, Any]) -> None:
    node["properties"][1]["displayOptions"] = {"show": {"operation": [{"_cnd": {"regex": "^G"}}]}}


@pytest.mark.parametrize("change", [_extract, _mode, _condition])
@pytest.mark.parametrize("written", ["x/1", "={{ $json.n }}"])
def test_a_pattern_is_refused_too_for_quickjs_runs_it(change: Callable[[dict[str, Any]], None], written: str) -> None:
    value = {"__rl": True, "mode": "url", "value": written} if change is _mode else written
    runtime, transport = without(change)
    with runtime, pytest.raises(JavaScriptDisabledError, match="pattern"):
        runtime.run("plain", {"operation": "Get", "id": value}, [{"n": "x/1"}], on_error="continue")
    assert transport.requests == []


def test_a_credential_types_template_that_needs_it_is_refused_before_anything_is_sent() -> None:
    runtime, transport = without(lambda node: node.update(credentials=[{"name": "trimApi", "required": True}]))
    runtime.add_credential_type(
        {
            "name": "trimApi",
            "displayName": "Trim",
            "properties": [{"displayName": "Key", "name": "key", "type": "string", "typeOptions": {"password": True}}],
            "authenticate": {
                "type": "generic",
                "properties": {"headers": {"X-Key": "={{ $credentials.key.trim() }}"}},
            },
        }
    )
    with runtime, pytest.raises(CredentialError) as caught:
        runtime.run("plain", GET, [{"n": 1}], credentials={"trimApi": {"key": "canary-key"}})
    assert "needs JavaScript, which is switched off" in caught.value.message
    assert "member paths" in str(caught.value.hint)
    assert "canary" not in str(caught.value)
    assert transport.requests == []


def test_what_only_an_item_shows_fails_that_item() -> None:
    runtime, transport = without()
    with runtime:
        parameters = {"operation": "Get", "id": "={{ $json.n.toUpperCase }}"}
        result = runtime.run("plain", parameters, [{"n": {"toUpperCase": 1}}, {"n": "x"}], on_error="continue")
    assert [o.error is None for o in result.outcomes] == [True, False]
    assert isinstance(result.errors[0], JavaScriptDisabledError)
    assert len(transport.requests) == 1


@pytest.mark.slow
def test_the_switch_is_one_runtimes_own() -> None:
    """Others in the process, on other threads and the same one, keep theirs."""
    off, _ = without()
    transport = RecordingTransport(ok)
    faults: list[BaseException] = []
    with off, Runtime(transport=transport, discover_plugins=False) as on:
        on.add_node(PLAIN)

        def work() -> None:
            try:
                for _ in range(20):
                    on.run("plain", {"operation": "Get", "id": "={{ $json.n + 1 }}"}, [{"n": 1}])
            except BaseException as fault:  # noqa: BLE001 - told below
                faults.append(fault)

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(20):
            with pytest.raises(JavaScriptDisabledError):
                off.run("plain", {"operation": "Get", "id": "={{ $json.n + 1 }}"}, [{"n": 1}])
        thread.join()
        work()
    assert faults == []
    assert len(transport.requests) == 40


@pytest.mark.slow
def test_quickjs_is_not_even_loaded() -> None:
    """Whatever is wrong with it is then not this host's."""
    code = f"""
import sys
from nodeloom import Runtime
from nodeloom.errors import NodeloomError
from nodeloom.testing import RecordingTransport
with Runtime(transport=RecordingTransport(), discover_plugins=False, javascript=False) as runtime:
    runtime.add_node({PLAIN!r})
    runtime.run("plain", {GET!r}, [{{"n": 1}}])
    for template in ("={{{{ 1 + 1 }}}}", "={{{{ ] }}}}", "={{{{ $json.n.x.toString }}}}"):
        try:
            runtime.run("plain", {{"operation": "Get", "id": template}}, [{{"n": {{"x": 1}}}}])
        except NodeloomError:
            pass
        else:
            raise AssertionError(template)
assert not [name for name in sys.modules if "quickjs" in name and name != "nodeloom.expression.quickjs"]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
