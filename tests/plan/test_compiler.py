"""Compiling a plan: what is wrong with the parameters is said before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import ExpressionSyntaxError, MissingValueError, ParameterError, UnknownNameError
from nodeloom.expression import Literal
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import body_of, node, request_of, scope_of

THREECX = Path(__file__).resolve().parents[2] / "nodes" / "threecx"


def text(name: str, **more: Any) -> dict[str, Any]:
    return {
        "displayName": name.title(),
        "name": name,
        "type": "string",
        "routing": {"send": {"type": "body", "property": name}},
        **more,
    }


@pytest.fixture(scope="module")
def threecx() -> Node:
    return Node.from_path(THREECX)


def test_names_match_without_case_and_by_value(threecx: Node) -> None:
    plan = compile_plan(threecx, {"RESOURCE": "website links", "Operation": "DELETE weblink", "link": "a"})
    assert plan.title == "3CX, Website Links, Delete Weblink"
    assert plan.draft(scope_of(plan)).path == {"Link": "'a'"}


def test_a_wrong_operation_suggests_the_nearest(threecx: Node) -> None:
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(threecx, {"resource": "Website Links", "operation": "Delete Weblnk"})
    assert "Did you mean 'Delete Weblink'?" in str(caught.value)


def test_a_property_of_a_collection_is_said_to_be_in_there(threecx: Node) -> None:
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(threecx, {"resource": "Website Links", "operation": "List Weblink", "top": 5})
    assert caught.value.hint == 'It is in Options: {"Options": {"top": …}}.'


def test_a_wrong_property_suggests_the_nearest(threecx: Node) -> None:
    with pytest.raises(UnknownNameError) as caught:
        compile_plan(threecx, {"resource": "Website Links", "operation": "Delete Weblink", "Lnk": "a"})
    assert "'Link'" in str(caught.value)


def test_a_property_of_another_operation_says_whose_it_is(threecx: Node) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_plan(threecx, {"resource": "Website Links", "operation": "Delete Weblink", "Ids": "[]"})
    assert "It belongs to Bulk Links Delete" in str(caught.value)


def test_a_missing_operation_lists_the_choices(threecx: Node) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_plan(threecx, {"resource": "Website Links"})
    assert "'Get Weblink'" in str(caught.value)


def test_an_operation_that_is_an_expression_is_refused(threecx: Node) -> None:
    with pytest.raises(ParameterError, match="cannot be an expression"):
        compile_plan(threecx, {"resource": "Website Links", "operation": "{{ $json.op }}"})


def test_a_required_property_without_value_is_refused_before_any_item(threecx: Node) -> None:
    with pytest.raises(ParameterError, match="Ids is missing"):
        compile_plan(threecx, {"resource": "Website Links", "operation": "Bulk Links Delete"})


def test_a_required_property_that_is_empty_is_refused_before_any_item() -> None:
    with pytest.raises(ParameterError, match="Name is empty"):
        compile_plan(node(text("name", required=True)), {"name": "  "})


def test_a_property_given_twice_is_refused() -> None:
    with pytest.raises(ParameterError, match="given twice"):
        compile_plan(node(text("name")), {"name": "a", "Name": "b"})


@pytest.mark.parametrize("template", ["={{ $json.a +", "{{ $json.a b }}", "<<$json.>>"])
def test_a_broken_template_is_shown_with_a_caret(template: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_plan(node(text("name")), {"name": template})
    assert "^" in str(caught.value)


def test_required_values_resolve_per_item_and_name_keys_and_nearest() -> None:
    with pytest.raises(MissingValueError) as caught:
        request_of(node(text("name", required=True)), {"name": "{{ $json.nmae }}"}, {"name": "x", "other": 1})
    shown = str(caught.value)
    assert "Name is missing" in shown
    assert "name, other" in shown
    assert "Did you mean $json.name?" in shown
    assert "{{ $json.nmae }}" in shown


def test_a_default_is_sent_and_a_property_without_one_is_not() -> None:
    probe = node(text("given", default="d"), text("silent"))
    assert body_of(request_of(probe)) == {"given": "d"}


def test_a_literal_is_never_a_template() -> None:
    probe = node(text("name"))
    assert body_of(request_of(probe, {"name": Literal("{{ $json.a }}")}, {"a": 1})) == {"name": "{{ $json.a }}"}
    assert body_of(request_of(probe, {"name": {"$literal": "=x"}})) == {"name": "=x"}


def test_a_value_that_looks_like_a_template_is_data() -> None:
    sent = request_of(node(text("name")), {"name": "{{ $json.a }}"}, {"a": "={{ $json.b }}", "b": "secret"})
    assert body_of(sent) == {"name": "={{ $json.b }}"}


def test_both_spellings_mean_the_same() -> None:
    for spelling in ("={{ $json.a }}", "{{ $json.a }}", "{{$json.a}}", "<<$json.a>>", "<< $json.a >>"):
        assert body_of(request_of(node(text("name")), {"name": spelling}, {"a": 7})) == {"name": 7}


def test_n8n_parameters_are_templates_only_with_an_equals_sign() -> None:
    probe = node(text("name"))
    assert body_of(request_of(probe, {"name": "{{ $json.a }}"}, {"a": 7}, dialect="n8n")) == {"name": "{{ $json.a }}"}
    assert body_of(request_of(probe, {"name": "={{ $json.a }}"}, {"a": 7}, dialect="n8n")) == {"name": 7}


def test_n8n_parameters_of_other_operations_are_ignored() -> None:
    assert body_of(request_of(node(text("name")), {"name": "a", "stale": 1}, dialect="n8n")) == {"name": "a"}


def test_a_plan_knows_whether_it_reads_other_items() -> None:
    probe = node(text("name"))
    assert compile_plan(probe, {"name": "{{ $items().length }}"}).needs_all_items
    assert not compile_plan(probe, {"name": "{{ $json.a }}"}).needs_all_items
    defaults = {"baseURL": "https://x.test", "headers": {"X-Count": "={{ $items().length }}"}}
    assert compile_plan(node(text("name"), requestDefaults=defaults), {}).needs_all_items


def test_a_hook_is_refused_by_name() -> None:
    probe = node(text("name", routing={"send": {"preSend": [{"__function__": "shorten"}]}}, default=""))
    with pytest.raises(ParameterError, match="shorten"):
        compile_plan(probe, {})


def test_a_pagination_function_is_refused_by_name() -> None:
    probe = node(text("name"), requestOperations={"pagination": {"__function__": "nextPage"}})
    with pytest.raises(ParameterError, match="nextPage"):
        compile_plan(probe, {})


def test_a_node_without_operations_runs() -> None:
    probe = Node(
        {
            "name": "one",
            "displayName": "One",
            "requestDefaults": {"baseURL": "https://one.test"},
            "properties": [text("name", default="n")],
        }
    )
    assert request_of(probe).url == "https://one.test"


@pytest.mark.parametrize("ids", ["", None, [], "[]", "null", "a,b", '["a"', '"a"', "{}", 3, '["a", ""]', [["a"]]])
def test_a_constant_that_cannot_be_sent_is_refused_before_any_item(threecx: Node, ids: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        compile_plan(threecx, {"resource": "Website Links", "operation": "Bulk Links Delete", "Ids": ids})
    assert caught.value.property == "Ids"
    assert caught.value.hint


@pytest.mark.parametrize("ids", [["a", "b"], '["a", "b"]', "{{ $json.ids }}"])
def test_ids_are_a_list_or_json_text_of_one(threecx: Node, ids: Any) -> None:
    plan = compile_plan(threecx, {"resource": "Website Links", "operation": "Bulk Links Delete", "Ids": ids})
    assert plan.draft(scope_of(plan, {"ids": ["a", "b"]})).options["body"] == {"ids": ["a", "b"]}
