"""A required value that is not there: the message names the expression, the item's keys and the nearest of them."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom.errors import MissingValueError
from nodeloom.expression import UNDEFINED, Environment, Literal, Scope, compile_value
from nodeloom.plan.missingvalues import is_missing, missing_value


def missing(written: Any, item: Any) -> MissingValueError:
    return missing_value("Link", compile_value(written, dialect="author"), Scope(Environment(), [{"json": item}], 0))


@pytest.mark.parametrize("value", [UNDEFINED, None, "", "  ", "\t\n"])
def test_undefined_null_and_blank_are_missing(value: Any) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", [0, False, "0", [], {}, "x"])
def test_everything_else_is_there(value: Any) -> None:
    assert not is_missing(value)


def test_a_typo_is_answered_with_the_nearest_key() -> None:
    error = missing("={{ $json.Lnik }}", {"Link": "a", "Name": "b"})
    assert error.property == "Link"
    assert error.expression == "={{ $json.Lnik }}"
    assert error.hint == "The item has the keys: Link, Name. Did you mean $json.Link?"
    assert error.details == {"keys": ["Link", "Name"], "nearest": "Link"}


@pytest.mark.parametrize(
    "written", ["={{ $json.Lnik }}", "{{ $json['Lnik'] }}", "<<$json.Lnik>>", "=x{{ $json.Lnik }}"]
)
def test_the_key_is_found_however_the_template_is_written(written: str) -> None:
    assert missing(written, {"Link": 1}).details["nearest"] == "Link"


def test_a_key_that_is_no_name_is_shown_in_brackets() -> None:
    assert str(missing("={{ $json.odataetag }}", {"@odata.etag": 1}).hint).endswith("$json['@odata.etag']?")


def test_inside_an_object_its_own_keys_count() -> None:
    error = missing("={{ $json.contact.emial }}", {"contact": {"email": "x", "name": "y"}})
    assert error.hint == "$json.contact has the keys: email, name. Did you mean $json.contact.email?"
    assert error.details["keys"] == ["contact"]


def test_inside_a_list() -> None:
    assert missing("={{ $json.a[0].x }}", {"a": [{"y": 1}]}).hint == "$json.a[0] has the keys: y."
    assert missing("={{ $json.a.x }}", {"a": [1]}).hint == "$json.a is a list, so it has no 'x'."
    assert missing("={{ $json.a.x }}", {"a": "text"}).hint == "$json.a is not an object, so it has no 'x'."


def test_a_key_that_is_there_but_empty_is_said_to_be() -> None:
    assert missing("={{ $json.Link }}", {"Link": ""}).hint == "The item has the keys: Link. Its Link is empty."
    assert str(missing("={{ $json.a.b }}", {"a": {"b": None}}).hint).endswith("Its a.b is empty.")


def test_a_key_that_has_a_value_is_not_said_to_be_empty() -> None:
    assert missing("={{ $json.Link.zzz }}", {"Link": {"a": 1}}).hint == "$json.Link has the keys: a."
    assert missing("={{ $if($json.Link, '', '') }}", {"Link": "a"}).hint == "The item has the keys: Link."


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("$jsn.Link", "Nothing is called $jsn in expressions. Did you mean $json?"),
        ("$JSON.Link", "Nothing is called $JSON in expressions. Did you mean $json?"),
        ("json.Link", "Nothing is called json in expressions. Did you mean $json?"),
        ("Link", "Nothing is called Link in expressions; the item's key is $json.Link."),
        ("Lnk + 1", "Nothing is called Lnk in expressions. Did you mean $json.Link?"),
        ("slug($json.Link)", "Nothing is called slug in expressions. The item has the keys: Link."),
        ("[$json.Link].map(x => y.z)[0]", "Nothing is called y in expressions. The item has the keys: Link."),
        ("$json.Link ? DateTime.zzz : Math.zzz", "The item has the keys: Link."),
    ],
)
def test_a_name_that_nothing_has_is_named(code: str, hint: str) -> None:
    assert missing(f"={{{{ {code} }}}}", {"Link": "a"}).hint == hint


def test_a_name_that_a_plugin_or_the_place_has_is_not_unknown() -> None:
    scope = Scope(Environment(functions={"slug": str}), [{"json": {"a": 1}}], 0)
    for code, hint in [("slug(1)", "The item has the keys: a."), ("slog(1)", "Did you mean slug?")]:
        error = missing_value("Link", compile_value(f"={{{{ {code} }}}}", dialect="author"), scope)
        assert str(error.hint).endswith(hint)


@pytest.mark.parametrize("item", [{}, None, [], "text"])
def test_an_item_without_keys(item: Any) -> None:
    assert missing("={{ $json.Link }}", item).hint == "The item has no keys."


def test_many_keys_are_cut() -> None:
    error = missing("={{ $json.zzz }}", {f"key{i}": i for i in range(1000)})
    assert str(error.hint).endswith("key19, ….")
    assert len(error.details["keys"]) == 50


@pytest.mark.parametrize("written", ["", None, Literal("")])
def test_a_constant_is_to_be_set(written: Any) -> None:
    error = missing(written, {"Link": 1})
    assert error.hint == "Set 'Link'; it cannot be empty."
    assert error.expression is None


def test_no_value_of_the_item_is_in_the_message() -> None:
    assert "hunter2" not in str(missing("={{ $json.Link }}", {"password": "hunter2"}))
