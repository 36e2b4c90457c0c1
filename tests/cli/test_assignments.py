"""`--set NAME=VALUE`: which property NAME means, and what VALUE is by its type."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.cli.assignments import Settings, split_setting
from nodeloom.errors import ConfigurationError, ParameterError, UnknownNameError

FIELDS: list[dict[str, Any]] = [
    {"name": "Link", "label": "Link", "type": "string"},
    {"name": "dnd", "label": "Do Not Disturb", "type": "boolean"},
    {"name": "Top", "label": "Top", "type": "number"},
    {"name": "Ids", "label": "Ids", "type": "json"},
    {"name": "Tags", "label": "Tags", "type": "multiOptions"},
    {"name": "Mode", "label": "Mode", "type": "options", "options": [{"name": "One", "value": 1}]},
    {"name": "a.b", "label": "Dotted", "type": "string"},
    {
        "name": "Options",
        "label": "Options",
        "type": "collection",
        "fields": [
            {"name": "Top", "label": "Top", "type": "number"},
            {"name": "Deep", "label": "Deep", "type": "collection", "fields": [
                {"name": "On", "label": "On", "type": "boolean"}]},
        ],
    },
    {
        "name": "Headers",
        "label": "Headers",
        "type": "fixedCollection",
        "groups": [{"name": "parameter", "label": "Parameter", "fields": [
            {"name": "name", "label": "Name", "type": "string"}]}],
    },
]  # fmt: skip


def applied(*settings: tuple[str, Any], into: dict[str, Any] | None = None) -> dict[str, Any]:
    parameters = {} if into is None else into
    for name, value in settings:
        Settings(FIELDS, "It").apply(parameters, name, value)
    return parameters


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Link", "25", {"Link": "25"}),
        ("Link", "true", {"Link": "true"}),
        ("Link", "", {"Link": ""}),
        ("Link", "={{ $json.x }}", {"Link": "={{ $json.x }}"}),
        ("Link", "a=b", {"Link": "a=b"}),
        ("dnd", "true", {"dnd": True}),
        ("dnd", "False", {"dnd": False}),
        ("dnd", "<<$json.x>>", {"dnd": "<<$json.x>>"}),
        ("do not disturb", "true", {"dnd": True}),
        ("Top", "25", {"Top": 25}),
        ("Top", "2.5", {"Top": 2.5}),
        ("Top", "many", {"Top": "many"}),
        ("Top", "true", {"Top": "true"}),
        ("Ids", '["a"]', {"Ids": '["a"]'}),
        ("Tags", '["a"]', {"Tags": ["a"]}),
        ("Tags", "{{ $json.tags }}", {"Tags": "{{ $json.tags }}"}),
        ("Mode", "1", {"Mode": 1}),
        ("Mode", "a", {"Mode": "a"}),
        ("a.b", "x", {"a.b": "x"}),
        ("Options", '{"Top": 5}', {"Options": {"Top": 5}}),
        ("Options", "={{ $json.o }}", {"Options": "={{ $json.o }}"}),
        ("Options.Top", "5", {"Options": {"Top": 5}}),
        ("options.top", "5", {"Options": {"Top": 5}}),
        ("Options.Deep.On", "true", {"Options": {"Deep": {"On": True}}}),
        ("Headers.parameter.name", "5", {"Headers": {"parameter": {"name": "5"}}}),
        ("Headers.parameter", '[{"name": "x"}]', {"Headers": {"parameter": [{"name": "x"}]}}),
        ("Resource", "Website Links", {"resource": "Website Links"}),
        ("requestOptions", '{"timeout": 5}', {"requestOptions": {"timeout": 5}}),
    ],
)
def test_a_value_goes_by_its_propertys_type(name: str, value: str, expected: dict[str, Any]) -> None:
    assert applied((name, value)) == expected


def test_settings_add_to_a_collection_and_replace_other_spellings() -> None:
    assert applied(("Options", '{"Top": 1}'), ("Options.Deep.On", "true")) == {
        "Options": {"Top": 1, "Deep": {"On": True}}
    }
    assert applied(("dnd", "true"), into={"Do Not Disturb": False}) == {"dnd": True}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Lnk", "Link"), ("Options.Tpo", "Top"), ("Options.Deep.Onn", "On"), ("Headers.paramter", "parameter")],
)
def test_a_name_nobody_knows_has_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Did you mean '{nearest}'"):
        applied((name, "1"))


def test_a_name_that_a_collection_has_is_said_to_be_in_there() -> None:
    with pytest.raises(UnknownNameError) as caught:
        applied(("Deep", "x"))
    assert caught.value.hint == "It is in Options: --set Options.Deep=VALUE."


def test_json_that_is_broken_is_told_with_its_place() -> None:
    with pytest.raises(ParameterError, match="at character 9"):
        applied(("Options", '{"Top": }'))


def test_nothing_is_set_in_what_is_no_object() -> None:
    with pytest.raises(ParameterError, match="set already"):
        applied(("Options", "={{ $json.o }}"), ("Options.Top", "5"))


@given(st.text(min_size=1).filter(lambda name: "=" not in name), st.text())
def test_the_first_equals_sign_ends_the_name(name: str, value: str) -> None:
    assert split_setting("--set", f"{name}={value}") == (name, value)


@pytest.mark.parametrize("setting", ["Link", "", "=x"])
def test_a_setting_without_name_or_value_says_how_to_write_it(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="NAME=VALUE"):
        split_setting("--set", setting)


@given(st.sampled_from([field["name"] for field in FIELDS]) | st.text(), st.text())
def test_any_text_is_set_or_refused(name: str, value: str) -> None:
    with contextlib.suppress(ConfigurationError):
        applied((name, value))
