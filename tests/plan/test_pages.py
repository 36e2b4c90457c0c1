"""Pagination: generic and offset, and what keeps it from running forever."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import DescriptorError, ExpressionSyntaxError, InvalidValueError, ItemError
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import answer, answering, exchange, node, scope_of

ROOT = {"postReceive": [{"type": "rootProperty", "properties": {"property": "items"}}]}


def generic(request: dict[str, Any], proceed: str, **more: Any) -> dict[str, Any]:
    pagination = {"type": "generic", "properties": {"continue": proceed, "request": request}}
    return {"send": {"paginate": True}, "operations": {"pagination": pagination}, "output": {**ROOT, **more}}


def offset(**properties: Any) -> dict[str, Any]:
    pagination = {
        "type": "offset",
        "properties": {
            "limitParameter": "limit",
            "offsetParameter": "skip",
            "pageSize": 2,
            "type": "query",
            **properties,
        },
    }
    return {"send": {"paginate": True}, "operations": {"pagination": pagination}, "output": ROOT}


def page(*ids: int, **more: Any) -> Any:
    return answer({"items": [{"id": i} for i in ids], **more})


def run(routing: dict[str, Any], *answers: Any, **how: Any) -> tuple[list[str], list[int]]:
    sent, items = exchange(answering(routing), list(answers), **how)
    return [r.url.partition("/v1")[2] for r in sent], [i["json"]["id"] for i in items]


CURSOR = generic({"qs": {"cursor": "={{ $response.body?.next }}"}}, "={{ !!$response.body.next }}")
LINK = generic({"url": "={{ $response.body?.next ?? $request.url }}"}, "={{ !!$response.body.next }}")


def test_a_cursor_is_followed_to_the_end() -> None:
    urls, ids = run(CURSOR, page(1, 2, next="c1"), page(3, next="c2"), page(4))
    assert urls == ["/go", "/go?cursor=c1", "/go?cursor=c2"]
    assert ids == [1, 2, 3, 4]


def test_its_templates_are_compiled_with_the_plan_and_once() -> None:
    go = answering(CURSOR)
    plan = compile_plan(go, {})
    draft = plan.draft(scope_of(plan))
    assert draft.pagination is not None
    assert plan.draft(scope_of(plan, {"other": 1})).pagination is draft.pagination
    assert draft.pagination.templates is draft.pagination.templates


def test_a_broken_one_is_refused_with_the_plan() -> None:
    with pytest.raises(ExpressionSyntaxError):
        compile_plan(answering(generic({}, "={{ ) }}")), {})


def test_one_that_nobody_asks_for_may_be_broken() -> None:
    compile_plan(answering({**generic({}, "={{ ) }}"), "send": {"paginate": False}}), {})


def test_one_that_reads_other_items_needs_them_all() -> None:
    assert compile_plan(answering(generic({}, "={{ $pageCount < $input.all().length }}")), {}).needs_all_items
    assert not compile_plan(answering(CURSOR), {}).needs_all_items


def test_an_operations_pagination_comes_before_the_documents() -> None:
    pages = CURSOR["operations"]["pagination"]
    broken = {"type": "generic", "properties": {"continue": "={{ ) }}"}}
    more: dict[str, Any] = {"displayName": "N", "name": "n", "type": "string", "default": ""}
    plan = compile_plan(
        node(
            {**more, "routing": {"send": {"paginate": True}, "operations": {"pagination": pages}}},
            requestOperations={"pagination": broken},
        ),
        {},
    )
    found = plan.draft(scope_of(plan)).pagination
    assert found is not None
    assert found.written == pages


def test_a_link_is_followed_on_the_same_host() -> None:
    urls, ids = run(LINK, page(1, next="/go?page=2"), page(2))
    assert urls == ["/go", "/go?page=2"]
    assert ids == [1, 2]


def test_a_link_to_another_host_is_not_followed() -> None:
    with pytest.raises(InvalidValueError, match="another host"):
        run(LINK, page(1, next="https://evil.test/go"))


def test_the_same_page_again_and_again_is_an_error() -> None:
    with pytest.raises(ItemError, match="same page"):
        run(CURSOR, page(1, next="c1"))


def test_offset_pages_until_a_short_one() -> None:
    urls, ids = run(offset(), page(1, 2), page(3, 4), page(5))
    assert urls == ["/go?limit=2&skip=0", "/go?limit=2&skip=2", "/go?limit=2&skip=4"]
    assert ids == [1, 2, 3, 4, 5]


def test_max_results_caps_the_last_page() -> None:
    routing = offset()
    routing["output"] = {**ROOT, "maxResults": 3}
    urls, ids = run(routing, page(1, 2), page(3, 4))
    assert urls == ["/go?limit=2&skip=0", "/go?limit=1&skip=2"]
    assert ids == [1, 2, 3]


def test_without_paginate_one_page_is_enough() -> None:
    routing = {**offset(), "send": {"paginate": "={{ false }}"}}
    assert run(routing, page(1, 2)) == (["/go"], [1, 2])


def test_a_missing_list_names_where_it_was_looked_for() -> None:
    routing = {**offset(rootProperty="rows"), "output": {}}
    with pytest.raises(ItemError, match="rows"):
        run(routing, page(1))


def test_an_unknown_pagination_is_refused() -> None:
    routing = {"send": {"paginate": True}, "operations": {"pagination": {"type": "magic"}}}
    with pytest.raises(DescriptorError, match="pagination"):
        run(routing, page(1))


@pytest.mark.parametrize(
    "proceed",
    [
        "={{ $response.body.next }}",
        "={{ $response.body.items.length - 1 }}",
        "={{ $response.body.next && [] }}",
        "={{ $response.body.next ? {} : null }}",
        "={{ $response.body.next ? 'false' : '' }}",
        "={{ $response.statusCode === 200 && $response.body.next }}",
    ],
)
def test_whether_to_go_on_is_true_or_false_as_in_javascript(proceed: str) -> None:
    routing = generic({"qs": {"c": "={{ $response.body?.next }}"}}, proceed)
    assert run(routing, page(1, 2, next="c1"), page(3, 4, next="c2"), page(5)) == (
        ["/go", "/go?c=c1", "/go?c=c2"],
        [1, 2, 3, 4, 5],
    )


@pytest.mark.parametrize("proceed", [None, "={{ undefined }}", "={{ NaN }}", "={{ 0 }}", False])
def test_what_is_false_in_javascript_ends_the_pages(proceed: Any) -> None:
    assert run(generic({}, proceed), page(1, next="c1")) == (["/go"], [1])


def test_pages_have_neither_a_count_nor_the_credential_nor_a_value() -> None:
    names = {n: "={{ typeof $" + n + " }}" for n in ("pageCount", "credentials", "value", "version", "request")}
    urls, _ = run(generic({"qs": names}, "={{ false }}"), page(1))
    assert urls == ["/go?pageCount=undefined&credentials=undefined&value=undefined&version=number&request=object"]


def test_one_expression_may_give_the_whole_request() -> None:
    routing = generic({}, "={{ $response.body.next }}")
    routing["operations"]["pagination"]["properties"]["request"] = (
        "={{ $response.body?.next ? ({ qs: { c: $response.body.next } }) : undefined }}"
    )
    assert run(routing, page(1, next="c1"), page(2)) == (["/go", "/go?c=c1"], [1, 2])


def test_n8n_fetches_pages_that_it_then_throws_away() -> None:
    routing = generic({"qs": {"c": "={{ $response.body?.next }}"}}, "={{ $response.body.next }}", maxResults=1)
    pages = page(1, 2, next="c1"), page(3)
    assert run(routing, *pages) == (["/go"], [1])
    assert run(routing, *pages, url_values="raw") == (["/go", "/go?c=c1"], [1])


@pytest.mark.parametrize("size", ["={{ 2 }}", "={{ $parameter.operation === 'go' ? 2 : 3 }}", "2", 2.0])
def test_a_page_size_may_be_an_expression(size: Any) -> None:
    assert run(offset(pageSize=size, rootProperty=None), page(1, 2), page(3))[0] == [
        "/go?limit=2&skip=0",
        "/go?limit=2&skip=2",
    ]


@pytest.mark.parametrize("size", ["={{ $parameter.nope }}", 0, -1, None, "many", True, "={{ NaN }}", "={{ Infinity }}"])
def test_a_page_size_that_is_no_number_is_named_before_anything_is_sent(size: Any) -> None:
    with pytest.raises(InvalidValueError, match="pageSize"):
        run(offset(pageSize=size), page(1))


def test_n8n_sends_a_page_size_as_it_is_written() -> None:
    urls, _ = run(offset(pageSize="={{ 2 }}"), page(1, 2), page(3), url_values="raw")
    assert urls == ["/go?limit=%3D%7B%7B%202%20%7D%7D&skip=0"]


@pytest.mark.parametrize(
    ("root", "answered"),
    [
        ("d.r", {"d": {"r": [{"id": 1}, {"id": 2}]}}),
        ("d['r']", {"d": {"r": [{"id": 1}, {"id": 2}]}}),
        ("d[0]", {"d": [[{"id": 1}, {"id": 2}]]}),
        ("x.y", {"x.y": [{"id": 1}, {"id": 2}]}),
    ],
)
def test_where_the_page_is_is_a_path_as_lodash_reads_it(root: str, answered: Any) -> None:
    routing = {**offset(rootProperty=root, pageSize=5), "output": {}}
    assert run(routing, answer(answered)) == (["/go?limit=5&skip=0"], [1, 2])


@pytest.mark.parametrize("paginate", ["={{ [] }}", "={{ ({}) }}", "={{ 7 }}", "={{ 'true' }}"])
def test_pages_are_asked_for_by_what_is_true_in_javascript(paginate: Any) -> None:
    routing = {**CURSOR, "send": {"paginate": paginate}}
    assert len(run(routing, page(1, next="c1"), page(2))[0]) == 2


@pytest.mark.parametrize("paginate", ["={{ 'false' }}", "false"])
def test_a_text_that_says_false_asks_for_no_pages_but_in_n8n(paginate: Any) -> None:
    routing = {**CURSOR, "send": {"paginate": paginate}}
    assert len(run(routing, page(1, next="c1"), page(2))[0]) == 1
    assert len(run(routing, page(1, next="c1"), page(2), url_values="raw")[0]) == 2


def test_limit_and_offset_have_no_place_in_a_text() -> None:
    routing = {**offset(type="body"), "request": {"method": "POST", "body": "text"}}
    with pytest.raises(InvalidValueError, match="no place in a body"):
        run(routing, page(1))
