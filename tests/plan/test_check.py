"""Every template of a document is compiled, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nodeloom.plan.check import template_problems

BROKEN = "={{ $json. }}"


def paths(document: Any) -> list[str]:
    return [problem.path for problem in template_problems(document)]


def test_templates_are_found_wherever_they_are_resolved() -> None:
    document = {
        "requestDefaults": {"baseURL": BROKEN, "headers": {"X-A": BROKEN}},
        "properties": [
            {
                "default": BROKEN,
                "routing": {"send": {"value": BROKEN}, "output": {"postReceive": [{"enabled": BROKEN}]}},
            }
        ],
        "authenticate": {"properties": {"headers": {"a b": BROKEN}}},
        "test": {"request": {"url": BROKEN}},
    }
    assert paths(document) == [
        "$.requestDefaults.baseURL",
        "$.requestDefaults.headers['X-A']",
        "$.properties[0].default",
        "$.properties[0].routing.send.value",
        "$.properties[0].routing.output.postReceive[0].enabled",
        "$.authenticate.properties.headers['a b']",
        "$.test.request.url",
    ]


def test_text_that_is_only_shown_is_no_template() -> None:
    assert paths({"description": BROKEN, "properties": [{"placeholder": BROKEN, "displayName": "= x"}]}) == []


def test_what_does_not_begin_with_an_equals_sign_is_text() -> None:
    assert paths({"properties": [{"default": "{{ $json. }}"}]}) == []


def test_a_problem_shows_the_place() -> None:
    (problem,) = template_problems({"properties": [{"default": BROKEN}]})
    assert "    ={{ $json. }}\n" in problem.message
    assert problem.message.endswith("^")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["routing", "default", "x"]), inner), max_leaves=12))  # fmt: skip
def test_any_json_can_be_checked(document: Any) -> None:
    assert isinstance(template_problems(document), list)
