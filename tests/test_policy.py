"""A host's policy in whole runs, and certificates that are not checked."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

import pytest
import trustme

from nodeloom import CallContext, Policy, Request, Runtime, hookimpl
from nodeloom.errors import ConfigurationError, LimitError, PolicyError, TLSError
from tests.transport.servers import answer, says, serving, tls_server
from tests.twoorigins import KEY_TYPE, TOKEN_TYPE, credential, node, redirecting, runtime, says_json

LOCAL = {"public_only": True, "networks": ["127.0.0.0/8"]}


def test_a_policy_is_given_as_it_is_or_as_json() -> None:
    for given in (Policy(hosts=["a.example.com"]), {"hosts": ["a.example.com"]}, None):
        Runtime(discover_plugins=False, policy=given).close()
    with pytest.raises(ConfigurationError, match="policy must be a"):
        Runtime(discover_plugins=False, policy="strict")  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", [{"hosts": ["api.example.com"]}, {"public_only": True}, {"methods": ["GET"]}])
def test_an_item_whose_request_is_not_allowed_fails_by_itself(policy: dict[str, Any]) -> None:
    with serving(says_json({})) as home, runtime(KEY_TYPE, node(), policy=policy) as opened:
        result = opened.run("probe", {}, [{}, {}], credentials=credential(home), on_error="continue")
    assert [type(outcome.error) for outcome in result.outcomes] == [PolicyError, PolicyError]
    assert home.heads == []


def test_a_run_within_its_policy_goes_as_without() -> None:
    with serving(says_json({"id": 1})) as home:
        rules = {**LOCAL, "hosts": [f"127.0.0.1:{home.port}"], "methods": ["POST"]}
        with runtime(KEY_TYPE, node(), policy=rules) as opened:
            assert opened.run("probe", {}, [{}], credentials=credential(home)).items[0]["json"] == {"id": 1}


def test_token_requests_tests_and_redirects_are_held_to_it() -> None:
    with serving(says_json({})) as elsewhere, serving(redirecting("302 Found", f"{elsewhere.url}/landed")) as home:
        rules = {"hosts": [f"127.0.0.1:{home.port}"]}
        with runtime(KEY_TYPE, node(), policy=rules) as opened:
            result = opened.run("probe", {}, [{}], credentials=credential(home), on_error="continue")
            assert isinstance(result.outcomes[0].error, PolicyError)
        with runtime(TOKEN_TYPE, node(), policy={"hosts": []}) as opened:
            for wanted in (credential(home, clientId="me"), credential(home)):
                with pytest.raises(PolicyError):
                    opened.test_credential("twoOriginsApi", wanted["twoOriginsApi"])
    assert len(home.heads) == 1
    assert elsewhere.heads == []


class Elsewhere:
    """Sends every request to an address of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    @hookimpl
    def nodeloom_prepare_request(self, request: Request, context: CallContext) -> Request:
        request.url = self.url
        return request


def test_a_plugin_s_request_is_held_to_it() -> None:
    """Plugins are trusted with credentials, not with the host's network."""
    with serving(says_json({})) as elsewhere, serving(says_json({})) as home:
        rules = {"hosts": [f"127.0.0.1:{home.port}"]}
        with runtime(KEY_TYPE, node(), policy=rules, plugins=[Elsewhere(elsewhere.url)]) as opened:
            result = opened.run("probe", {}, [{}], credentials=credential(home), on_error="continue")
    assert isinstance(result.outcomes[0].error, PolicyError)
    assert elsewhere.heads == home.heads == []


def test_a_plan_shows_what_the_policy_would_refuse() -> None:
    with serving(says_json({})) as home, runtime(KEY_TYPE, node(), policy={"methods": ["GET"]}) as opened:
        (planned,) = opened.plan("probe", {}, [{}], credentials=credential(home))
    assert isinstance(planned.error, PolicyError)


def test_an_answer_s_size_and_items_are_bounded() -> None:
    with serving(says_json([1, 2, 3, 4])) as home:
        for rules, wanted in (
            ({"max_items": 3}, LimitError),
            ({"max_answer_bytes": 5}, None),
            ({"max_answer_values": 3}, None),
            ({"max_items": 4}, None),
        ):
            with runtime(KEY_TYPE, node(), policy=rules) as opened:
                result = opened.run("probe", {}, [{}], credentials=credential(home), on_error="continue")
            error = result.outcomes[0].error
            assert wanted is None or isinstance(error, wanted)
            assert bool({"max_answer_bytes", "max_answer_values"} & rules.keys()) == (
                error is not None and error.code == "answer_too_large"
            )


def test_pages_are_bounded() -> None:
    pages = {
        "type": "generic",
        "properties": {"continue": "={{ true }}", "request": {"qs": {"page": "={{ $response.body?.page }}"}}},
    }
    document = node(routing={"send": {"paginate": True}, "operations": {"pagination": pages}})
    sent: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        sent.append(head)
        body = json.dumps({"page": len(sent)}).encode()
        connection.sendall(answer("200 OK", body, "Content-Type: application/json"))

    with serving(talk) as home, runtime(KEY_TYPE, document, policy={"max_pages": 3}) as opened:
        result = opened.run("probe", {}, [{}], credentials=credential(home), on_error="continue")
    assert isinstance(result.outcomes[0].error, LimitError)
    assert len(sent) == 3


def test_a_proxy_of_a_parameter_is_used_where_the_policy_names_it() -> None:
    with serving(says_json({"by": "proxy"})) as proxy, serving(says_json({})) as home:
        options = {"requestOptions": {"proxy": proxy.url}}
        for rules, reached in (({}, False), ({"proxies": [proxy.url]}, True)):
            with runtime(KEY_TYPE, node(), policy=rules) as opened:
                result = opened.run("probe", options, [{}], credentials=credential(home), on_error="continue")
            assert isinstance(result.outcomes[0].error, PolicyError) is not reached
            assert bool(proxy.heads) is reached
    assert home.heads == []


UNVERIFIED = {
    **KEY_TYPE,
    "properties": [
        *KEY_TYPE["properties"],
        {"displayName": "Insecure", "name": "allowUnauthorizedCerts", "type": "boolean", "default": False},
    ],
}


def test_a_certificate_is_checked_unless_the_credential_says_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    """Which is said once a run, on the logger `nodeloom`, and can be forbidden."""
    context = tls_server(trustme.CA(), "127.0.0.1")
    reply = says(answer("200 OK", b'{"id": 1}', "Content-Type: application/json"))
    with caplog.at_level(logging.WARNING, "nodeloom"), serving(reply, context) as home:
        with runtime(UNVERIFIED, node()) as opened:
            checked = opened.run("probe", {}, [{}], credentials=credential(home), on_error="continue")
            assert isinstance(checked.outcomes[0].error, TLSError)
            assert not [r for r in caplog.records if "not checked" in r.message]
            unchecked = credential(home, allowUnauthorizedCerts=True)
            assert len(opened.run("probe", {}, [{}, {}, {}], credentials=unchecked).items) == 3
            assert len([r for r in caplog.records if "not checked" in r.message]) == 1
            assert f"https://127.0.0.1:{home.port}" in caplog.text
            caplog.clear()
            opened.test_credential("twoOriginsApi", unchecked["twoOriginsApi"])
            assert "certificate" in caplog.text
        with runtime(UNVERIFIED, node(), policy={}) as opened:
            refused = opened.run("probe", {}, [{}], credentials=unchecked, on_error="continue")
    assert isinstance(refused.outcomes[0].error, PolicyError)
    assert len(home.heads) == 4


def test_the_token_of_such_a_credential_is_fetched_the_same_way(caplog: pytest.LogCaptureFixture) -> None:
    kind = {**TOKEN_TYPE, "properties": [*TOKEN_TYPE["properties"], UNVERIFIED["properties"][-1]]}
    context = tls_server(trustme.CA(), "127.0.0.1")
    reply = says(answer("200 OK", b'{"access_token": "abcdefgh"}', "Content-Type: application/json"))
    with serving(reply, context) as home, runtime(kind, node()) as opened:
        given = credential(home, clientId="me", allowUnauthorizedCerts=True)
        assert opened.run("probe", {}, [{}], credentials=given).items
    assert [head.split(b" ")[1].split(b"?")[0] for head in home.heads] == [b"/token", b"/go"]
    assert "certificate" in caplog.text
