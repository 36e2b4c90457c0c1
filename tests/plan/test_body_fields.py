"""Fields that an author set for a body and that all came to nothing are an error, not an empty body (strict)."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import MissingValueError
from tests.plan.harness import body_of, node, request_of

Json = dict[str, Any]
NOTHING = "={{ $json.nothing }}"


def field(name: str, **more: Any) -> Json:
    routing = {"send": {"type": "body", "property": name}}
    return {"displayName": name.title(), "name": name, "type": "string", "routing": routing, **more}


def plain(name: str, **more: Any) -> Json:
    return {"displayName": name.title(), "name": name, "type": "string", "default": "", **more}


MORE = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [field("color")]}
PAIRS = {
    "displayName": "Pairs",
    "name": "pairs",
    "type": "fixedCollection",
    "default": {},
    "typeOptions": {"multipleValues": True},
    "options": [
        {
            "name": "pair",
            "displayName": "Pair",
            "values": [
                plain("key"),
                field("value", routing={"send": {"type": "body", "property": "={{ $parent.key }}"}}),
            ],
        }
    ],
}
PAGE = {**plain("page"), "routing": {"send": {"type": "query", "property": "page"}}}


def probe(method: str = "PATCH", *properties: Json, **request: Any) -> Any:
    request = {"baseURL": "https://h.test", "url": "/x", "method": method, **request}
    operation = {
        "displayName": "Operation",
        "name": "operation",
        "type": "options",
        "default": "go",
        "options": [{"name": "Go", "value": "go", "routing": {"request": request}}],
    }
    own = properties or (field("first"), field("second"), field("deep", routing=_dotted()), MORE, PAIRS, PAGE)
    return node(properties=[operation, *own])


def _dotted() -> Json:
    return {"send": {"type": "body", "property": "a.b.c"}}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({"first": NOTHING}, "First"),
        ({"first": "={{ $json.nothing.deeper.missing() }}"}, "First"),
        ({"first": "={{ undefined }}"}, "First"),
        ({"first": "{{ $json.a ? undefined : 1 }}"}, "First"),
        ({"deep": NOTHING, "page": "1"}, "Deep"),
        ({"more": {"color": NOTHING}}, "Color"),
        ({"more": NOTHING}, "More"),
        ({"more": "={{ ({ color: $json.nothing }) }}"}, "More"),
        ({"pairs": {"pair": [{"key": "k", "value": NOTHING}]}}, "Value"),
        ({"first": NOTHING, "second": "<<$json.nothing>>", "more": {"color": NOTHING}}, "First, Second, Color"),
    ],
)
def test_fields_that_came_to_nothing_are_no_empty_body(method: str, required: bool, given: Json, labels: str) -> None:
    """Also if the service wants a body: the author meant one that says something."""
    request = {"bodyRequired": True} if required else {}
    with pytest.raises(MissingValueError, match=f"^{labels} came to nothing") as caught:
        request_of(probe(method, **request), given, {"a": 1})
    assert caught.value.property == labels.split(",", maxsplit=1)[0]


def test_the_error_shows_what_was_read_and_the_nearest_key() -> None:
    with pytest.raises(MissingValueError) as caught:
        request_of(probe(), {"first": "={{ $json.nmae }}"}, {"name": 1})
    assert caught.value.expression == "={{ $json.nmae }}"
    assert "Did you mean $json.name?" in str(caught.value.hint)


@pytest.mark.parametrize(
    "routing",
    [
        {"send": {"type": "body", "property": "title", "value": "={{ $value }}"}},
        {"request": {"body": {"title": "={{ $value }}"}}},
    ],
)
def test_the_value_may_be_sent_by_a_template_of_the_descriptor(routing: Json) -> None:
    own = probe("PATCH", {**plain("title"), "routing": routing})
    with pytest.raises(MissingValueError, match="Title came to nothing"):
        request_of(own, {"title": NOTHING})
    assert body_of(request_of(own, {"title": "={{ $json.a }}"}, {"a": 1})) == {"title": 1}


def test_the_value_may_be_sent_by_the_name_of_its_property() -> None:
    """n8n's nodes write so in the operation's own request."""
    own = probe("PATCH", plain("title"), body={"data": {"title": "={{ $parameter.title }}"}})
    with pytest.raises(MissingValueError, match="Title came to nothing"):
        request_of(own, {"title": NOTHING})
    assert body_of(request_of(own, {"title": "={{ $json.a }}"}, {"a": 1})) == {"data": {"title": 1}}
    # Nobody set it: what is sent is the descriptor's own.
    assert body_of(request_of(own, {})) == {"data": {"title": ""}}


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({}, {}),
        ({"page": "={{ $json.a }}"}, {}),
        ({"page": NOTHING}, {}),
        ({"more": {}}, {}),
        ({"pairs": {"pair": "={{ $json.nothing }}"}}, {}),
        ({"pairs": {"pair": "={{ [] }}"}}, {}),
        ({"first": NOTHING, "second": "={{ $json.a }}"}, {"second": 1}),
        ({"first": NOTHING, "more": {"color": "red"}}, {"color": "red"}),
        ({"first": "={{ null }}"}, {"first": None}),
        ({"first": None}, {"first": None}),
        ({"first": "{{ $json.nothing }}{{ $json.nothing }}"}, {"first": ""}),
    ],
)
def test_what_is_left_is_sent_and_what_nobody_set_is_no_mistake(given: Json, body: Any) -> None:
    assert body_of(request_of(probe(), given, {"a": 1})) == body


def test_defaults_and_what_the_descriptor_writes_are_a_body() -> None:
    own = probe("PATCH", field("first"), field("on", type="boolean", default=True))
    assert body_of(request_of(own, {"first": NOTHING})) == {"on": True}
    assert body_of(request_of(probe(body={"v": 2}), {"first": NOTHING})) == {"v": 2}


def test_null_is_nothing_in_a_form_which_leaves_it_out() -> None:
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    with pytest.raises(MissingValueError, match="First came to nothing"):
        request_of(probe("POST", **form), {"first": "={{ $json.a }}"}, {"a": None})
    assert request_of(probe("POST", **form), {"first": "={{ $json.a }}"}, {"a": 0}).body == b"first=0"


def test_a_get_has_no_body_and_n8n_sends_what_is_left() -> None:
    assert request_of(probe("GET"), {"first": NOTHING}).body is None
    assert request_of(probe("PATCH"), {"first": NOTHING}, {"a": 1}, url_values="raw").body == b"{}"


@pytest.mark.parametrize(
    ("probe_", "body"),
    [
        (probe("PATCH"), b"{}"),
        (probe("POST"), None),
        (probe("PUT"), None),
        # It takes no fields.
        (probe("PATCH", PAGE), None),
    ],
)
def test_a_patch_of_which_nothing_is_set_says_so(probe_: Any, body: bytes | None) -> None:
    sent = request_of(probe_, {})
    assert sent.body == body
    assert ("content-type" in sent.headers) is (body is not None)
    assert request_of(probe_, {}, url_values="raw").body is None


@pytest.mark.parametrize("mark", [{}, {"__rl": True}])
@pytest.mark.parametrize("nested", [False, True])
def test_a_locator_without_a_value_is_nothing_with_or_without_its_mark(mark: Json, nested: bool) -> None:
    modes = [{"name": "id", "displayName": "Id", "type": "string"}]
    owner = field("owner", type="resourceLocator", default={"mode": "id", "value": ""}, modes=modes)
    given = {"owner": {**mark, "mode": "id", "value": NOTHING}}
    probe_ = probe("PATCH", {**MORE, "options": [owner]} if nested else owner)
    with pytest.raises(MissingValueError, match="Owner came to nothing"):
        request_of(probe_, {"more": given} if nested else given, {"a": 1})
