"""What a plan's requests have in common is written once; the request is the one that is written from nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import Injection
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import NodeloomError
from nodeloom.expression import Environment, Scope
from nodeloom.messages import Request
from nodeloom.plan.compiler import compile_plan
from nodeloom.plan.operation import OperationPlan
from nodeloom.plan.steps import KeyStep
from nodeloom.runtime.runtime import Runtime

OPEN = frozenset({"url", "serverUrl"})
TOKENS = [
    Injection(headers={"Authorization": f"Bearer token-{n}"}, qs={"key": n}, generation=n, open_fields=OPEN)
    for n in (1, 2)
]
ORIGINS = frozenset({"https://pbx.test:443"})
VALUES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["a", "O'Brien/x", ".", "..", " ", "%2e", "a#b", "a?b", "ä", "a\ud800", "{Other}"]),
    st.none(),
    st.integers(),
    st.booleans(),
    st.just({"a": 1}),
)

PATHS: dict[str, Any] = {
    "name": "paths",
    "displayName": "Paths",
    "version": 1,
    "requestDefaults": {"baseURL": "={{$credentials.url}}/v1", "headers": {"X-Kept": "1"}},
    "properties": [
        {
            "displayName": "Key",
            "name": "key",
            "type": "string",
            "required": True,
            "default": "",
            "routing": {
                "request": {"method": "POST", "url": "/things/{key}/of('{kind}')?x=1"},
                "send": {"type": "path", "property": "key", "encode": "segment"},
            },
        },
        {
            "displayName": "Kind",
            "name": "kind",
            "type": "string",
            "required": True,
            "default": "",
            "routing": {"send": {"type": "path", "property": "kind"}},
        },
        {
            "displayName": "Color",
            "name": "color",
            "type": "string",
            "default": "",
            "routing": {"send": {"type": "body", "property": "color.name", "propertyInDotNotation": True}},
        },
        {
            "displayName": "Size",
            "name": "size",
            "type": "number",
            "default": 0,
            "routing": {"send": {"type": "query", "property": "size"}},
        },
    ],
}


def from_nothing(plan: OperationPlan, scope: Scope, injection: Injection) -> Request:
    """The request without any shortcut."""
    own = plan._own
    try:
        plan._own = [step.step if isinstance(step, KeyStep) else step for step in own]
        call = plan.call(plan.draft(scope))
    finally:
        plan._own = own
    call.common = None
    return call.request(injection, ORIGINS)


def both(plan: OperationPlan, item: dict[str, Any], injection: Injection) -> list[Any]:
    found: list[Any] = []
    names = {"$credentials": CREDENTIALS, "$version": 1}
    scope = Scope(Environment(), [], 0, item={"json": item}, parameters=plan.parameters, names=names)
    for write in (lambda: plan.call(plan.draft(scope)).request(injection, ORIGINS), None):
        try:
            found.append(write() if write is not None else from_nothing(plan, scope, injection))
        except NodeloomError as error:
            found.append((type(error), error.message, error.hint, error.property))
    return found


CREDENTIALS = {"url": "https://pbx.test", "serverUrl": "https://pbx.test"}


@pytest.fixture(scope="module")
def plans() -> list[OperationPlan]:
    runtime = Runtime(discover_plugins=False)
    link = {"resource": "Website Links", "Link": "={{ $json.a }}"}
    node = Node(PATHS)
    return [
        runtime.compile("threecx", {**link, "operation": "Delete Weblink"}),
        runtime.compile("threecx", {**link, "operation": "Delete Weblink", "If Match": "={{ $json.b }}"}),
        runtime.compile("threecx", {**link, "operation": "Update Weblink", "Name": "={{ $json.b }}"}),
        compile_plan(node, {"key": "={{ $json.a }}", "kind": "x", "color": "red"}),
        compile_plan(node, {"key": "={{ $json.a }}", "kind": "={{ $json.b }}", "size": "={{ $json.c }}"}),
        compile_plan(node, {"key": "k", "kind": "={{ $json.b }}", "color": "={{ $json.c }}"}, url_values="raw"),
    ]


@given(item=st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "c": VALUES}), token=st.sampled_from(TOKENS))
def test_a_request_is_the_one_that_is_written_from_nothing(
    plans: list[OperationPlan], item: dict[str, Any], token: Injection
) -> None:
    for plan in plans:
        short, whole = both(plan, item, token)
        assert short == whole


def test_the_shortcuts_are_taken(plans: list[OperationPlan]) -> None:
    """Delete Weblink has one step of its own, everything else is written once."""
    (step,) = plans[0]._own
    assert isinstance(step, KeyStep)
    short, _whole = both(plans[0], {"a": "summer"}, TOKENS[0])
    again, _whole = both(plans[0], {"a": "winter"}, TOKENS[0])
    assert short.url.endswith("/WebsiteLinks('summer')?key=1")
    assert short.headers is again.headers
