"""Each member of a request object settles by itself: what one item decides leaves the rest as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor.catalogue import Node
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import BASE, body_of, node, request_of, requesting, scope_of

URL = "=/x/{{ $json.id }}"


def method_of(probe: Node, parameters: dict[str, Any] | None = None) -> str | None:
    plan = compile_plan(probe, parameters or {})
    return plan.method(scope_of(plan))


def field(name: str, routing: dict[str, Any], default: Any = "", **more: Any) -> dict[str, Any]:
    return {"displayName": name, "name": name, "type": "string", "default": default, "routing": routing, **more}


@pytest.mark.parametrize(
    "beside",
    [
        {"url": URL},
        {"url": "/x", "baseURL": "=https://api.example.test/{{ $json.tenant }}"},
        {"url": URL, "headers": {"X-Id": "={{ $json.id }}", "X-Kind": "plain"}},
        {"url": URL, "qs": {"a": "1", "b": "={{ $json.id }}"}},
        {"url": URL, "body": {"a": 1, "b": ["={{ $json.id }}"]}},
        {"url": URL, "body": "={{ $json.id }}"},
        {"url": URL, "returnFullResponse": "={{ $json.full }}"},
        {"url": URL, "ignoreHttpStatusErrors": "={{ $json.lenient }}"},
        {"url": URL, "ignoreHttpStatusErrors": {"ignore": "={{ $json.lenient }}", "except": [404]}},
        {"url": URL, "skipSslCertificateValidation": "={{ $json.lax }}"},
        {"url": URL, "json": "={{ $json.isJson }}", "timeout": "={{ $json.patience }}"},
    ],
    ids=lambda beside: ",".join(beside),
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_the_method_is_known_whatever_else_the_item_decides(method: str, beside: dict[str, Any]) -> None:
    assert method_of(requesting({"method": method, **beside})) == method


def test_a_method_beside_a_template_in_the_defaults_is_known() -> None:
    defaults: dict[str, Any] = {
        "baseURL": "=https://api.example.test/{{ $json.tenant }}",
        "method": "DELETE",
        "url": "/x",
    }
    probe = requesting({"qs": {"a": "={{ $json.a }}"}}, requestDefaults=defaults)
    assert method_of(probe) == "DELETE"
    defaults = {"baseURL": BASE, "method": "DELETE", "headers": {"X-Id": "={{ $json.id }}"}}
    probe = requesting({"url": URL}, requestDefaults=defaults)
    assert method_of(probe) == "DELETE"
    assert request_of(probe, item={"id": "7"}).headers["X-Id"] == "7"


def test_a_method_beside_a_template_of_a_property_is_known() -> None:
    routing = {"request": {"method": "PUT", "url": "=/x/{{ $value }}"}}
    for probe in (
        requesting({}, field("id", routing)),
        requesting({}, field("id", {**routing, "send": {"type": "query", "property": "id"}})),
    ):
        assert method_of(probe, {"id": "={{ $json.id }}"}) == "PUT"
        assert request_of(probe, {"id": "={{ $json.id }}"}, {"id": "7"}).url.startswith(f"{BASE}/x/7")


def test_a_method_of_an_option_in_a_collection_is_known() -> None:
    child = field("hard", {"request": {"method": "DELETE", "qs": {"by": "={{ $json.user }}"}}})
    more = {"displayName": "More", "name": "more", "type": "collection", "default": {}, "options": [child]}
    probe = requesting({"method": "POST", "url": URL}, more)
    assert method_of(probe, {"more": {"hard": "yes"}}) == "DELETE"
    assert method_of(probe, {}) == "POST"


def test_a_method_that_a_constant_parameter_chooses_is_known() -> None:
    by_value = field("verb", {"request": {"method": "={{ $value }}"}}, "GET")
    by_name = field("verb", {}, "GET")
    for probe in (
        requesting({"url": URL}, by_value),
        requesting({"url": URL, "method": "={{ $parameter.verb }}"}, by_name),
    ):
        assert method_of(probe, {"verb": "DELETE"}) == "DELETE"
        assert method_of(probe, {}) == "GET"
        assert method_of(probe, {"verb": "={{ $json.verb }}"}) is None


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "={{ $json.verb }}", "url": "/x"},
        {"method": "={{ $parameter[$json.name] }}", "url": "/x"},
        {"method": "={{ ['GET', 'POST'][$itemIndex % 2] }}", "url": "/x"},
    ],
)
def test_a_method_that_items_choose_is_not_known(request_: dict[str, Any]) -> None:
    assert method_of(requesting(request_)) is None


def test_a_later_template_for_the_method_counts() -> None:
    verb = field("verb", {"request": {"method": "={{ $value }}"}}, "GET")
    assert method_of(requesting({"method": "DELETE", "url": URL}, verb), {"verb": "={{ $json.verb }}"}) is None
    fixed = field("again", {"request": {"method": "POST"}}, "")
    assert method_of(requesting({"method": "DELETE", "url": URL}, verb, fixed), {"verb": "={{ $json.verb }}"}) is None


def test_a_method_of_its_own_for_further_pages_is_not_the_first_ones() -> None:
    pagination: dict[str, Any] = {
        "type": "generic",
        "properties": {"continue": "={{ false }}", "request": {"method": "POST"}},
    }
    asked = field("all", {"send": {"paginate": True}, "operations": {"pagination": pagination}})
    assert method_of(requesting({"method": "GET", "url": "/x"}, asked), {"all": "x"}) is None
    del pagination["properties"]["request"]["method"]
    assert method_of(requesting({"method": "GET", "url": "/x"}, asked), {"all": "x"}) == "GET"


def test_a_method_that_cannot_be_sent_fails_each_item_in_its_own_words() -> None:
    assert method_of(requesting({"method": "TRACE", "url": URL})) is None


_VALUES = st.one_of(st.sampled_from(["1", "a b", "&", "é"]), st.integers(0, 9), st.booleans())
_OBJECTS = st.dictionaries(st.sampled_from("abcdef"), st.tuples(_VALUES, st.booleans()), max_size=6)


def written(members: dict[str, tuple[Any, bool]], *, hidden: bool) -> dict[str, Any]:
    """An object whose members are constants, or the same values read from the item."""
    return {
        key: f"={{{{ $json.v{key} }}}}" if of_item or hidden else value for key, (value, of_item) in members.items()
    }


@pytest.mark.slow
@given(_OBJECTS, _OBJECTS, st.dictionaries(st.sampled_from(["a", "b", "g"]), _VALUES, max_size=2))
def test_what_is_settled_beforehand_changes_nothing_on_the_wire(
    inner: dict[str, tuple[Any, bool]], defaults: dict[str, tuple[Any, bool]], sent: dict[str, Any]
) -> None:
    """The order of query and body included."""
    item = {f"v{key}": value for key, (value, _of_item) in {**defaults, **inner}.items()}
    requests = []
    for hidden in (False, True):
        mine, ground = written(inner, hidden=hidden), written(defaults, hidden=hidden)
        for key in ground:
            if key in inner:
                ground[key] = "={{ 'ground' }}" if hidden else "ground"
        properties = [field(f"p{n}", {"send": {"type": "query", "property": n}}, value) for n, value in sent.items()]
        probe = requesting(
            {"method": "POST", "url": URL, "qs": mine, "body": mine, "headers": {f"X-{k}": v for k, v in mine.items()}},
            *properties,
            requestDefaults={"baseURL": BASE, "qs": ground, "body": ground},
        )
        requests.append(request_of(probe, item={"id": "7", **item}))
    first, second = requests
    assert (first.url, first.body, dict(first.headers)) == (second.url, second.body, dict(second.headers))


def test_first_members_of_an_object_settle_and_keep_their_place() -> None:
    probe = node(field("late", {"request": {"qs": {"a": 1, "b": "={{ $json.b }}", "c": 3}, "body": {"z": 1}}}))
    sent = request_of(probe, {"late": "x"}, {"b": 2})
    assert sent.url.endswith("?a=1&b=2&c=3")
    assert body_of(sent) == {"z": 1}
