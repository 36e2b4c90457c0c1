"""Which operation is meant: settled by all that a form shows, and never replaced by a default."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.descriptor.catalogue import Node
from nodeloom.descriptor.forms import describe
from nodeloom.descriptor.nodesearch import entries_of
from nodeloom.errors import ParameterError, UnknownNameError
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import BASE, request_of


def choice(name: str, *values: str, show: Any = None, hide: Any = None, **more: Any) -> dict[str, Any]:
    """A property of choices; a value written `name METHOD /path` is an operation."""
    options = []
    for value in values:
        word, _, request = value.partition(" ")
        method, _, url = request.partition(" ")
        routing = {"routing": {"request": {"method": method, "url": url}}} if request else {}
        options.append({"name": word.title(), "value": word, **routing})
    display = {k: v for k, v in (("show", show), ("hide", hide)) if v is not None}
    shown = {"displayOptions": display} if display else {}
    return {"displayName": name.title(), "name": name, "type": "options", "options": options, **shown, **more}


def probe(*properties: dict[str, Any], **more: Any) -> Node:
    document = {"name": "probe", "displayName": "Probe", "requestDefaults": {"baseURL": BASE}, **more}
    return Node({**document, "properties": list(properties)})


def sent(node: Node, **parameters: Any) -> str:
    request = request_of(node, parameters)
    return f"{request.method} {request.url.removeprefix(BASE)}"


MODE = choice("mode", "live", "test", default="test")
USER = choice("resource", "user", "group", default="user")
LIVE = {"mode": ["live"], "resource": ["user"]}
OPERATION = choice("operation", "remove DELETE /remove", "list GET /list", show=LIVE, default="remove")
SWITCHED = probe(MODE, USER, OPERATION)


def test_an_operation_behind_a_switch_is_the_one_that_is_named() -> None:
    assert sent(SWITCHED, mode="live", resource="user", operation="list") == "GET /list"
    assert sent(SWITCHED, mode="live", resource="user", operation="List") == "GET /list"
    assert sent(SWITCHED, mode="live", operation="list") == "GET /list"


def test_the_default_is_used_only_where_no_operation_is_named() -> None:
    assert sent(SWITCHED, mode="live") == "DELETE /remove"
    assert sent(SWITCHED, mode="live", operation=None) == "DELETE /remove"


@pytest.mark.parametrize("empty", ["", " ", "\t"])
@pytest.mark.parametrize("name", ["operation", "resource", "Operation"])
def test_an_empty_name_is_no_choice_of_the_default(name: str, empty: str) -> None:
    with pytest.raises(ParameterError, match=f"the {name.lower()} is empty"):
        sent(SWITCHED, mode="live", **{name: empty})


@pytest.mark.parametrize("dialect", ["author", "n8n"])
@pytest.mark.parametrize(
    ("parameters", "message", "hint"),
    [
        ({"mode": "live", "operation": "nonsense"}, "no operation 'nonsense'", "Known: 'Remove', 'List'."),
        ({"mode": "live", "operation": "lst"}, "no operation 'lst'", "Did you mean 'List'?"),
        ({"mode": "test", "operation": "list"}, "no operation 'list'", "List is offered when mode is live."),
        ({"operation": "list"}, "no operation 'list'", "List is offered when mode is live."),
        (
            {"mode": "live", "resource": "group", "operation": "list"},
            "no operation 'list'",
            "List is offered when resource is user.",
        ),
        ({"mode": "live", "resource": "usr", "operation": "list"}, "no resource 'usr'", "Did you mean 'User'?"),
        ({"mode": "lve", "operation": "list"}, "no value 'lve' in Mode", "Did you mean 'live'?"),
        ({"mode": "Live", "operation": "list"}, "no value 'Live' in Mode", "Did you mean 'live'?"),
    ],
)
def test_a_name_that_cannot_be_placed_is_an_error_with_what_would_do(
    parameters: dict[str, Any], message: str, hint: str, dialect: Any
) -> None:
    with pytest.raises(UnknownNameError, match=message) as caught:
        compile_plan(SWITCHED, parameters, dialect=dialect)
    assert caught.value.hint == hint


def test_a_form_that_offers_no_operation_calls_nothing() -> None:
    with pytest.raises(ParameterError, match="no operation is offered") as caught:
        compile_plan(SWITCHED, {})
    assert caught.value.hint == "It is offered when mode is live."
    # Where something else says what is called, none is needed.
    simple = choice("mode", "live", "ping GET /ping", default="ping")
    assert sent(probe(simple, USER, OPERATION)) == "GET /ping"


def test_only_the_operation_is_behind_the_switch() -> None:
    node = probe(
        MODE, choice("operation", "remove DELETE /r", "list GET /l", show={"mode": ["live"]}, default="remove")
    )
    assert sent(node, mode="live", operation="list") == "GET /l"
    with pytest.raises(UnknownNameError, match="'list'"):
        compile_plan(node, {"operation": "list"})


@pytest.mark.parametrize(
    "show",
    [
        {"/mode": ["live"]},
        {"mode": [{"_cnd": {"startsWith": "li"}}]},
        {"mode": [{"_cnd": {"not": "test"}}]},
        {"@version": [{"_cnd": {"gte": 1}}], "mode": ["live"]},
    ],
)
def test_every_kind_of_condition_counts(show: dict[str, Any]) -> None:
    node = probe(MODE, choice("operation", "remove DELETE /r", "list GET /l", show=show, default="remove"))
    assert sent(node, mode="live", operation="list") == "GET /l"
    with pytest.raises(UnknownNameError):
        compile_plan(node, {"mode": "test", "operation": "list"})


def test_what_hides_an_operation_counts_too() -> None:
    node = probe(
        MODE, choice("operation", "remove DELETE /r", "list GET /l", hide={"mode": ["test"]}, default="remove")
    )
    assert sent(node, mode="live", operation="list") == "GET /l"
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(node, {"mode": "test", "operation": "list"})
    assert caught.value.hint == "List is offered when mode is not test."


def test_of_several_properties_called_operation_the_visible_one_is_asked() -> None:
    live = choice("operation", "list GET /live", "remove DELETE /live", show={"mode": ["live"]}, default="remove")
    test = choice("operation", "list GET /test", "ping GET /ping", show={"mode": ["test"]}, default="ping")
    node = probe(MODE, live, test)
    assert sent(node, mode="live", operation="list") == "GET /live"
    assert sent(node, mode="test", operation="list") == "GET /test"
    assert sent(node, mode="live") == "DELETE /live"
    assert sent(node) == "GET /ping"
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(node, {"mode": "live", "operation": "ping"})
    assert caught.value.hint == "Ping is offered when mode is test."


def test_of_two_that_are_visible_at_once_each_gives_its_choices_and_the_last_its_default() -> None:
    node = probe(choice("operation", "a GET /a", default="a"), choice("operation", "b GET /b", default="b"))
    assert sent(node, operation="a") == "GET /a"
    assert sent(node, operation="b") == "GET /b"
    assert sent(node) == "GET /b"
    with pytest.raises(UnknownNameError):
        compile_plan(node, {"operation": "c"})


def test_an_expression_does_not_decide_which_of_two_operations_is_meant() -> None:
    live = choice("operation", "list GET /live", show={"mode": ["live"]})
    test = choice("operation", "list GET /test", "ping GET /ping", show={"mode": ["test"]})
    node = probe(MODE, live, test)
    with pytest.raises(ParameterError, match="an expression decides which operation 'list' is") as caught:
        compile_plan(node, {"mode": "={{ $json.mode }}", "operation": "list"})
    assert "mode is live, or when mode is test" in str(caught.value.hint)
    # What only one of them has is certain (n8n shows both).
    assert sent(node, mode="={{ $json.mode }}", operation="ping") == "GET /ping"


def test_a_choice_may_have_conditions_of_its_own() -> None:
    operation = choice("operation", "remove DELETE /r", "list GET /l", default="remove")
    operation["options"][1]["displayOptions"] = {"show": {"mode": ["live"]}}
    node = probe(operation, MODE)
    assert sent(node, mode="live", operation="list") == "GET /l"
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(node, {"operation": "list"})
    assert caught.value.hint == "List is offered when mode is live."


def test_a_default_that_is_no_choice_is_not_used() -> None:
    node = probe(choice("operation", "a GET /a", "b GET /b", default="gone"))
    with pytest.raises(ParameterError, match="The default is not one that there is") as caught:
        compile_plan(node, {})
    assert caught.value.hint == "Choose one of: 'A', 'B'."
    assert sent(node, operation="a") == "GET /a"


@pytest.mark.parametrize("name", ["resource", "operation"])
def test_a_node_that_has_none_is_told_none(name: str) -> None:
    bare = {"displayName": "X", "name": "x", "type": "string", "default": "v"}
    node = probe({**bare, "routing": {"request": {"method": "POST", "url": "/go"}}})
    assert sent(node) == "POST /go"
    with pytest.raises(UnknownNameError, match=f"no {name} 'list' in Probe") as caught:
        compile_plan(node, {name: "list"})
    assert caught.value.hint == f"It has no {name}s; leave it out."
    # A node copied from n8n may hold what its version had before.
    assert compile_plan(node, {name: "list"}, dialect="n8n").operation is None


def test_a_resource_may_be_behind_a_switch() -> None:
    node = probe(
        MODE,
        choice("resource", "user", "group", show={"mode": ["live"]}, default="user"),
        choice("operation", "list GET /users", "remove DELETE /u", show={"resource": ["user"]}, default="remove"),
        choice("operation", "list GET /groups", show={"resource": ["group"]}, default="list"),
    )
    assert sent(node, mode="live", resource="group", operation="list") == "GET /groups"
    assert sent(node, mode="live", operation="list") == "GET /users"
    with pytest.raises(UnknownNameError, match="no resource 'group'") as caught:
        compile_plan(node, {"resource": "group", "operation": "list"})
    assert caught.value.hint == "Group is offered when mode is live."


def test_a_property_whose_visibility_depends_on_its_own_name_does_not_decide_about_it() -> None:
    node = probe(
        USER,
        choice("operation", "list GET /users", "add POST /users", show={"resource": ["user"]}, default="list"),
        {
            "displayName": "Kind",
            "name": "resource",
            "type": "string",
            "default": "x",
            "displayOptions": {"show": {"resource": ["user"], "operation": ["add"]}},
        },
    )
    assert sent(node, resource="user", operation="list") == "GET /users"
    assert sent(node, resource="user", operation="add") == "POST /users"


def test_the_text_of_a_boolean_switches_as_the_boolean_does() -> None:
    flag = {"displayName": "Flag", "name": "flag", "type": "boolean", "default": False}
    node = probe(flag, choice("operation", "remove DELETE /r", "list GET /l", show={"flag": [True]}, default="remove"))
    assert sent(node, flag=True, operation="list") == "GET /l"
    assert sent(node, flag="true", operation="list") == "GET /l"
    with pytest.raises(ParameterError, match="Flag is true or false"):
        compile_plan(node, {"flag": "yes", "operation": "list"})


def test_raw_runs_what_cannot_be_placed_without_its_routing_as_n8n_does() -> None:
    def raw(**parameters: Any) -> str:
        request = request_of(SWITCHED, parameters, url_values="raw")
        return f"{request.method} {request.url.removeprefix(BASE)}"

    assert raw(mode="live", operation="list") == "GET /list"
    assert raw(mode="live", operation="nonsense") == "GET "
    assert raw(mode="live", operation='={{ "list" }}') == "GET "
    assert raw(mode="live", operation="{{ 'list' }}") == "GET "
    assert raw(mode="test", operation="list") == "GET "
    assert raw(mode="live", resource="group", operation="list") == "GET "


def test_describing_searching_and_the_schema_know_operations_behind_a_switch() -> None:
    from jsonschema import Draft202012Validator

    assert [o["value"] for o in describe(SWITCHED, "user")["operations"]] == ["remove", "list"]
    assert [(e.operation, e.method) for e in entries_of(SWITCHED)] == [("Remove", "DELETE"), ("List", "GET")]
    described = describe(SWITCHED, "user", "list")
    assert (described["method"], described["url"]) == ("GET", "/list")
    assert described["visibleWhen"] == {"show": {"mode": ["live"]}}
    assert [field["name"] for field in described["fields"]] == ["mode"]
    assert described["example"] == "nodeloom run probe User List --set mode=live"
    validator = Draft202012Validator(described["schema"])
    assert validator.is_valid({"resource": "user", "operation": "list", "mode": "live"})
    assert not validator.is_valid({"resource": "user", "operation": "list", "mode": "test"})
    assert not validator.is_valid({"resource": "user", "operation": "list"})


def test_a_description_shows_no_request_where_a_switch_decides_which_it_is() -> None:
    live = choice("operation", "list GET /live", show={"mode": ["live"]})
    test = choice("operation", "list GET /test", show={"mode": ["test"]})
    described = describe(probe(MODE, live, test), "list")
    assert "url" not in described
    assert "visibleWhen" not in described
    assert described["schema"].get("allOf") is not None


ACTION = choice("action", "remove DELETE /remove", "list GET /list", show={"mode": ["live"]}, default="remove")


def test_what_says_what_is_called_need_not_be_named_operation() -> None:
    """Hidden, it is refused: the node's base address is nothing that anybody named."""
    node = probe(MODE, ACTION)
    assert sent(node, mode="live", action="list") == "GET /list"
    with pytest.raises(ParameterError, match="Action is not offered") as caught:
        sent(node, action="list")
    assert caught.value.hint == "It is offered when mode is live."
    with pytest.raises(ParameterError, match="no operation is offered"):
        sent(node)
    assert request_of(node, {"action": "list"}, dialect="n8n", url_values="raw").url == BASE


@pytest.mark.parametrize("written", [["list"], {"value": "list"}, ("list",)])
def test_an_operation_is_a_name(written: Any) -> None:
    for name in ("operation", "resource"):
        with pytest.raises(ParameterError, match=f"the {name} is a name"):
            sent(SWITCHED, mode="live", **{name: written})


@pytest.mark.parametrize(
    "given", [{"mode": "id", "value": "live"}, {"__rl": True, "mode": "id", "value": "live"}, "live"]
)
def test_a_locator_switches_by_its_value(given: Any) -> None:
    """Who writes one in Python leaves n8n's mark out."""
    modes = [{"name": "id", "displayName": "Id", "type": "string"}]
    where = {"name": "mode", "type": "resourceLocator", "default": {"mode": "id", "value": ""}, "modes": modes}
    assert sent(probe({"displayName": "Mode", **where}, ACTION), mode=given, action="list") == "GET /list"


@pytest.mark.parametrize(("place", "field"), [("header", "If-Match"), ("query", "$filter"), ("body", "idempotencyKey")])
def test_a_condition_that_the_operation_does_not_show_is_refused(place: str, field: str) -> None:
    tag = {
        "displayName": "If Match",
        "name": "tag",
        "type": "string",
        "default": "",
        "displayOptions": {"show": {"operation": ["list"]}},
        "routing": {"send": {"type": place, "property": field}},
    }
    node = probe(choice("operation", "remove DELETE /remove", "list GET /list", default="remove"), tag)
    with pytest.raises(ParameterError, match="has no property 'tag'") as caught:
        sent(node, operation="remove", tag="a")
    assert "It belongs to List." in str(caught.value.hint)
    assert sent(node, operation="remove", tag="") == "DELETE /remove"
    assert sent(node, operation="list", tag="a").startswith("GET /list")
