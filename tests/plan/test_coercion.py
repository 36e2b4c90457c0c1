"""`validateType` brings a value to its type or refuses it (recorded from n8n 2.41)."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom import javascript
from nodeloom.errors import InvalidValueError, JavaScriptDisabledError, ParameterError
from nodeloom.expression import UNDEFINED
from nodeloom.plan.address import UrlValues
from nodeloom.plan.compiler import compile_plan
from tests.plan.harness import body_of, node, request_of

MODES: tuple[UrlValues, UrlValues] = ("strict", "raw")
FAILS = object()


def prop(kind: str | None = None, name: str = "p", **more: Any) -> dict[str, Any]:
    typed = {"validateType": kind} if kind else {}
    routing = {"send": {"type": "body", "property": name}}
    return {"displayName": name, "name": name, "type": "json", "default": "", "routing": routing, **typed, **more}


def brought(kind: str, value: Any, **more: Any) -> Any:
    """What is sent for an item's value; UNDEFINED for nothing, FAILS where it is refused."""
    probe = node(prop(kind, **more))
    try:
        found = request_of(probe, {"p": "={{ $json.v }}"}, {"v": value}, url_values="raw", dialect="n8n")
    except InvalidValueError as error:
        assert error.property == "p"  # noqa: PT017 - the other outcome is right as well
        return FAILS
    return body_of(found).get("p", UNDEFINED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("number", "5", 5),
        ("number", " 1e3 ", 1000),
        ("number", "0x10", 16),
        ("number", "", 0),
        ("number", True, 1),
        ("number", ["5"], 5),
        ("number", [], 0),
        ("number", "abc", FAILS),
        ("number", [1, 2], FAILS),
        ("number", {"a": 1}, FAILS),
        ("number", None, UNDEFINED),
        ("boolean", "true", True),
        ("boolean", "FALSE", False),
        ("boolean", "1", True),
        ("boolean", 0, False),
        ("boolean", "yes", FAILS),
        ("boolean", "", FAILS),
        ("boolean", 2, FAILS),
        ("boolean", [], False),
        ("dateTime", "2026-01-01", "2026-01-01T00:00:00.000Z"),
        ("dateTime", "2026-01-01T10:00:00+02:00", "2026-01-01T10:00:00.000+02:00"),
        ("dateTime", "2026-01-01 10:00:00", "2026-01-01T10:00:00.000Z"),
        ("dateTime", "Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05.000Z"),
        ("DATETIME", "2026", "2026-01-01T00:00:00.000Z"),
        ("dateTime", "soon", FAILS),
        ("dateTime", {"a": 1}, FAILS),
        ("time", "12:30", "12:30"),
        ("time", "12:30:15+0200", "12:30:15+0200"),
        ("time", "9:30", FAILS),
        ("array", [1], [1]),
        ("array", "[1,2]", [1, 2]),
        ("array", "['a','b']", ["a", "b"]),
        ("array", "[1", FAILS),
        ("array", '{"a":1}', FAILS),
        ("object", {"a": 1}, {"a": 1}),
        ("object", '{"a":1}', {"a": 1}),
        ("object", "null", None),
        ("object", "[1]", FAILS),
        ("object", "text", FAILS),
        # As JavaScript writes one: bare names, single quotes; a name for a value is a text.
        ("object", "{a: 1, 'b': [x, -0x10, null]}", {"a": 1, "b": ["x", -16, None]}),
        ("object", "{a: {b: true}}", {"a": {"b": True}}),
        ("object", "{a: f()}", FAILS),
        ("object", "{...a}", FAILS),
        ("object", "{[a]: 1}", FAILS),
        ("object", "{a: 1n}", FAILS),
        ("object", "{a: 1}; b", FAILS),
        ("object", "{a: 1},{b: 2}", FAILS),
        ("string", 5, 5),
        ("string-alphanumeric", "name_1", "name_1"),
        ("string-alphanumeric", "1name", FAILS),
        ("url", "https://x.test/a", "https://x.test/a"),
        ("url", "x.test/a", "https://x.test/a"),
        ("url", "ftp://x.test", "ftp://x.test"),
        ("url", "mailto://a@b", FAILS),
        ("url", "http://", FAILS),
        ("url", "a b.c", FAILS),
        ("url", "x.test:port", FAILS),
        ("jwt", "a.b.c", "a.b.c"),
        ("jwt", "a b.c.d", FAILS),
        ("binary", {"mimeType": "x", "data": "y"}, {"mimeType": "x", "data": "y"}),
        ("binary", {"mimeType": "x"}, FAILS),
        ("nonsense", {"a": 1}, {"a": 1}),
        ("form-fields", "[]", []),
        ("form-fields", '[{"fieldLabel": "<a>", "html": "<b>"}]', [{"fieldLabel": "&lt;a&gt;", "html": "<b>"}]),
        ("form-fields", '[{"defaultValue": {"a": 1}}]', [{"defaultValue": "[object Object]"}]),
        (
            "form-fields",
            '[{"requiredField": true, "placeholder": null}]',
            [{"requiredField": True, "placeholder": "null"}],
        ),
        ("form-fields", '[{"fieldOptions": [{"option": "a"}]}]', [{"fieldOptions": {"values": [{"option": "a"}]}}]),
        ("form-fields", '[{"fieldOptions": ["a"]}]', FAILS),
        ("form-fields", '[{"fieldOptions": 5}]', FAILS),
        ("form-fields", '[{"fieldType": "nope"}]', FAILS),
        ("form-fields", '[{"bad": 1}]', FAILS),
        ("form-fields", "[{fieldLabel: 1}]", FAILS),
        ("form-fields", "[1]", FAILS),
        ("form-fields", "{}", FAILS),
        ("form-fields", [{"fieldLabel": "a"}], FAILS),
        ("form-fields", None, UNDEFINED),
    ],
)
def test_a_value_is_brought_to_its_type_or_refused(kind: str, value: Any, wanted: Any) -> None:
    found = brought(kind, value)
    assert found is wanted or (found == wanted and type(found) is type(wanted))


def test_a_choice_is_one_of_the_choices() -> None:
    options = [{"name": "A", "value": "a"}, {"name": "One", "value": 1}]
    assert brought("options", "a", options=options) == "a"
    assert brought("options", 1, options=options) == 1
    for value in ("b", "1", True):
        assert brought("options", value, options=options) is FAILS


def test_what_is_brought_to_its_type_is_the_value_everywhere() -> None:
    routing = {"request": {"body": {"type": "={{ typeof $value }}", "year": "={{ $value.year }}"}}}
    found = request_of(node(prop("dateTime", routing=routing)), {"p": "2026-07-01"}, url_values="raw")
    assert body_of(found) == {"type": "object", "year": 2026}


@pytest.mark.parametrize("mode", MODES)
def test_a_constant_is_refused_before_the_run(mode: UrlValues) -> None:
    with pytest.raises(ParameterError, match="p is not a number"):
        compile_plan(node(prop("number")), {"p": "abc"}, url_values=mode)


def test_a_type_that_is_not_to_be_checked_is_not() -> None:
    assert brought("number", "abc", ignoreValidationDuringExecution=True) == "abc"


@pytest.mark.parametrize("mode", MODES)
def test_a_collection_that_is_sent_whole_has_members_of_their_types(mode: UrlValues) -> None:
    members = [prop("number", "n"), prop("dateTime", "d", ignoreValidationDuringExecution=True), prop(None, "z")]
    collection = prop(name="c", type="collection", default={}, options=members)

    def sent(given: Any) -> Any:
        return body_of(request_of(node(collection), {"c": given}, {"n": "x"}, url_values=mode))

    # A member that is sent by itself stays as it is.
    assert sent({"n": "5", "d": "zz", "z": "1"}) == {"c": {"n": 5, "d": "zz", "z": "1"}, "n": "5", "d": "zz", "z": "1"}
    with pytest.raises(ParameterError, match="n is not a number"):
        sent({"n": "x"})
    with pytest.raises(InvalidValueError, match="n is not a number"):
        sent({"n": "={{ $json.n }}"})


def test_dates_need_javascript() -> None:
    probe = node(prop("dateTime"))
    assert compile_plan(probe, {"p": "2026"}).parameters
    with javascript.allowed(False), pytest.raises(JavaScriptDisabledError):
        compile_plan(probe, {"p": "2026"})
