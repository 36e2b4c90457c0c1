"""What an author set and what came to nothing is not sent as an empty body; an update of nothing is refused."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import MissingValueError, ParameterError

from .harness import body_of, node, request_of

Json = dict[str, Any]


def field(name: str, **more: Any) -> Json:
    return {
        "displayName": name.title(),
        "name": name,
        "type": "string",
        "routing": {"send": {"type": "body", "property": name}},
        **more,
    }


def probe(method: str, *, required: bool = False) -> Any:
    inner = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [field("color")]}
    query = {
        "displayName": "Page",
        "name": "page",
        "type": "string",
        "routing": {"send": {"type": "query", "property": "page"}},
    }
    request = {
        "baseURL": "https://h.test",
        "url": "/x",
        "method": method,
        **({"bodyRequired": True} if required else {}),
    }
    return node(field("first"), field("second"), inner, query, requestDefaults=request)


@pytest.mark.parametrize("given", [{}, {"page": "1"}, {"more": {}}])
def test_an_update_of_nothing_is_refused_before_the_run(given: Json) -> None:
    with pytest.raises(ParameterError, match="changes nothing") as caught:
        request_of(probe("PATCH"), given)
    assert caught.value.hint == "Set what is to change: First, Second, Color."


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"first": "={{ $json.nothing }}"}, "First"),
        ({"first": "={{ $json.nothing.deeper.missing() }}"}, "First"),
        ({"more": {"color": "={{ $json.nothing }}"}}, "Color"),
        ({"first": "={{ $json.nothing }}", "second": "={{ undefined }}"}, "First, Second"),
    ],
)
def test_fields_that_came_to_nothing_are_no_empty_body(method: str, required: bool, given: Json, label: str) -> None:
    """Also where the service wants a body: the author set one."""
    with pytest.raises(MissingValueError, match=f"{label} came to nothing") as caught:
        request_of(probe(method, required=required), given, {"a": 1})
    assert caught.value.property == label.split(",", maxsplit=1)[0]


def test_what_is_left_is_sent() -> None:
    given = {"first": "={{ $json.nothing }}", "second": "={{ $json.a }}"}
    assert body_of(request_of(probe("PATCH"), given, {"a": 1})) == {"second": 1}
    assert body_of(request_of(probe("POST", required=True), {})) == {}
    assert request_of(probe("POST"), {}).body is None
    assert body_of(request_of(probe("PATCH", required=True), {})) == {}


def test_n8n_sends_what_is_left() -> None:
    assert request_of(probe("PATCH"), {"first": "={{ $json.nothing }}"}, {"a": 1}, url_values="raw").method == "PATCH"
