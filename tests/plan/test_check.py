"""Every template of a document is compiled, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.plan.check import Readable, parameter_problems, routing_problems, template_problems

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


NODE = Readable.of_node(frozenset({"key", "options", "two words"}))


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("={{ $parameter.kye }}", "Did you mean 'key'?"),
        ('={{ $parameter["optoins"].x }}', "Did you mean 'options'?"),
        ("=/a/{{ $parameter.kye }}/b", "Did you mean 'key'?"),
        ("={{ $parameter.kye.toUpperCase() + 1 }}", "Did you mean 'key'?"),
        ("={{ $parameter?.zzz }}", "There are: key, options, two words."),
    ],
)
def test_a_parameter_that_no_property_is_is_named(template: str, hint: str) -> None:
    for document in (
        {"properties": [{"routing": {"send": {"value": template}}}]},
        {"properties": [{"default": template}]},
        {"requestDefaults": {"qs": {"a": template}}},
    ):
        [problem] = template_problems(document, NODE)
        assert "so it is undefined" in problem.message
        assert problem.hint == hint
    # Without the names nothing can be said.
    assert template_problems({"requestDefaults": {"url": template}}) == []


@pytest.mark.parametrize(
    "template",
    [
        "={{ $parameter.key }}", '={{ $parameter["two words"] }}', "={{ $parameter.options.anything.below }}",
        "={{ $parameter }}", "={{ $parameter[$json.name] }}", '={{ $parameter["&sibling"] }}', "={{ $json.kye }}",
        "={{ $parameter.requestOptions }}", "$parameter.kye",
    ],
)  # fmt: skip
def test_what_is_there_or_cannot_be_known_is_no_problem(template: str) -> None:
    assert template_problems({"requestDefaults": {"url": template}}, NODE) == []


def test_in_an_entry_of_a_collection_its_members_are_known() -> None:
    values = [{"name": "a", "routing": {"send": {"value": "={{ $parent.a + $parent.bb }}"}}}]
    document = {"properties": [{"name": "rows", "type": "fixedCollection", "options": [{"values": values}]}]}
    [problem] = template_problems(document, NODE)
    assert "$parent has no 'bb'" in problem.message


def test_a_credential_type_reads_its_own_fields() -> None:
    document = {"authenticate": {"properties": {"headers": {"k": "={{ $credentials.apiKye }}"}}}}
    [problem] = template_problems(document, Readable.of_credential(frozenset({"apiKey"})))
    assert problem.hint == "Did you mean 'apiKey'?"
    token = {"authenticate": {"a": "={{ $credentials.oauthTokenData.access_token }}"}}
    assert template_problems(token, Readable.of_credential(frozenset())) == []


def test_an_author_s_parameters_are_templates_at_any_depth() -> None:
    parameters = {"key": "={{ $json. }}", "options": {"a": ["={{ $parameter.kye }}"]}, "plain": "{{ $parameter.kye }}"}
    found = parameter_problems(parameters, NODE, ("parameters",))
    assert [problem.path for problem in found] == ["$.parameters.key", "$.parameters.options.a[0]"]


@pytest.mark.parametrize(
    ("document", "path", "hint"),
    [
        (
            {"routing": {"output": {"postReceive": [{"type": "rootPropety"}]}}},
            "$.routing.output.postReceive[0].type",
            "Did you mean 'rootProperty'?",
        ),
        (
            {"routing": {"operations": {"pagination": {"type": "ofset"}}}},
            "$.routing.operations.pagination.type",
            "'offset'",
        ),
        (
            {"requestOperations": {"pagination": {"type": "generik"}}},
            "$.requestOperations.pagination.type",
            "'generic'",
        ),
    ],
)
def test_a_step_or_a_pagination_that_does_not_exist_is_named(document: Any, path: str, hint: str) -> None:
    [problem] = routing_problems(document)
    assert problem.path == path
    assert hint in f"{problem.message} {problem.hint}"


def test_hooks_of_a_package_are_no_fault_of_form() -> None:
    document = {"routing": {"output": {"postReceive": [{"__function__": "f"}, {"type": "limit"}]}}}
    assert list(routing_problems(document)) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("={{ $vlaue }}", "$value"),
        ("={{ $parametr.a }}", "$parameter"),
        ("=x{{ $respones.body.n }}", "$response"),
        ("={{ [1].map((x) => x + $jsno.a) }}", "$json"),
    ],
)
def test_a_name_that_is_almost_one_is_a_problem(written: str, meant: str) -> None:
    (problem,) = template_problems({"requestDefaults": {"url": written}})
    assert problem.path == "$.requestDefaults.url"
    assert problem.hint == f"Did you mean {meant!r}?"


def test_names_that_there_are_have_no_problem() -> None:
    for name in ("$value", "$json", "$max(1)", "$min(1)", "$responseItem", "$items()", "$x", "$myOwn"):
        assert template_problems({"default": f"={{{{ {name} }}}}"}) == []


def test_a_node_s_templates_read_the_fields_of_its_credential_types() -> None:
    readable = Readable.of_node(frozenset(), credentials=frozenset({"base"}))
    (problem,) = template_problems({"requestDefaults": {"baseURL": "={{ $credentials.bsae }}"}}, readable)
    assert problem.hint == "Did you mean 'base'?"
    assert template_problems({"requestDefaults": {"baseURL": "={{ $credentials.base }}"}}, readable) == []
