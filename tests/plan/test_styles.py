"""OpenAPI's styles; the table is that of the specification (OpenAPI 3.1, style examples)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import InvalidValueError
from nodeloom.plan.styles import write_header, write_path, write_query
from nodeloom.plan.wire import encode_query
from tests.plan.harness import body_of, node, request_of

ARRAY = ["blue", "black", "brown"]
OBJECT = {"R": 100, "G": 200, "B": 150}


@pytest.mark.parametrize(
    ("style", "explode", "array", "mapping"),
    [
        ("simple", False, "blue,black,brown", "R,100,G,200,B,150"),
        ("simple", True, "blue,black,brown", "R=100,G=200,B=150"),
        ("label", False, ".blue,black,brown", ".R,100,G,200,B,150"),
        ("label", True, ".blue.black.brown", ".R=100.G=200.B=150"),
        ("matrix", False, ";color=blue,black,brown", ";color=R,100,G,200,B,150"),
        ("matrix", True, ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"),
    ],
)
def test_styles_of_a_path(style: str, explode: bool, array: str, mapping: str) -> None:
    assert write_path(style, explode, "color", ARRAY) == array
    assert write_path(style, explode, "color", OBJECT) == mapping


@pytest.mark.parametrize(
    ("style", "explode", "array", "mapping"),
    [
        ("form", False, "color=blue,black,brown", "color=R,100,G,200,B,150"),
        ("form", True, "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
        ("spaceDelimited", False, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"),
        ("pipeDelimited", False, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("deepObject", True, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ],
)
def test_styles_of_a_query(style: str, explode: bool, array: str | None, mapping: str) -> None:
    if array is not None:
        assert encode_query({"color": write_query(style, explode, "color", ARRAY)}) == array
    assert encode_query({"color": write_query(style, explode, "color", OBJECT)}) == mapping


def test_styles_of_a_header() -> None:
    assert write_header("simple", False, ARRAY) == "blue,black,brown"
    assert write_header("simple", True, OBJECT) == "R=100,G=200,B=150"
    assert write_header("pipeDelimited", False, ARRAY) == "blue|black|brown"
    assert write_header("spaceDelimited", False, OBJECT) == "R 100 G 200 B 150"
    assert write_path("pipeDelimited", False, "a", ARRAY) == "blue%7Cblack%7Cbrown"


@pytest.mark.parametrize("value", [[], {}, [""]])
def test_nothing_cannot_stand_in_a_path(value: Any) -> None:
    with pytest.raises(InvalidValueError):
        write_path("simple", False, "a", value)


def test_text_that_is_json_is_read_and_other_text_is_one_entry() -> None:
    assert encode_query({"a": write_query("form", True, "a", '["x", 1]')}) == "a=x&a=1"
    assert encode_query({"a": write_query("form", True, "a", "x,y")}) == "a=x%2Cy"
    assert encode_query({"a": write_query("form", True, "a", "[broken")}) == "a=%5Bbroken"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_what_parts_entries_is_told_from_the_same_in_one(entries: list[str]) -> None:
    query = encode_query({"a": write_query("form", False, "a", entries)})
    assert [unquote(piece) for piece in query.removeprefix("a=").split(",")] == entries
    exploded = encode_query({"a": write_query("form", True, "a", entries)})
    assert parse_qsl(exploded, keep_blank_values=True) == [("a", e) for e in entries]


def prop(name: str, **send: Any) -> dict[str, Any]:
    return {"name": name, "type": "json", "routing": {"send": {"property": name, **send}}}


def test_reserved_characters_stay_where_the_document_says_so() -> None:
    probe = node(prop("path", type="query", encode="string", allowReserved=True))
    assert request_of(probe, {"path": "a/b?c=d&e#f+g"}).url.endswith("?path=a/b?c%3Dd%26e%23f%2Bg")


def test_cookies_stand_in_one_header() -> None:
    probe = node(prop("a", type="cookie", encode="string"), prop("b", type="cookie", style="form", explode=False))
    assert request_of(probe, {"a": "1;2", "b": [1, 2]}).headers["Cookie"] == "a=1%3B2; b=1,2"


def test_a_whole_body_is_what_is_sent() -> None:
    whole = {"name": "Body", "type": "json", "routing": {"send": {"type": "body", "encode": "json"}}}
    assert body_of(request_of(node(whole), {"Body": "[1, 2]"})) == [1, 2]
    assert body_of(request_of(node(whole), {"Body": '"text"'})) == "text"
    assert body_of(request_of(node(whole, prop("x", type="body")), {"Body": {"a": 1}, "x": 2})) == {"a": 1, "x": 2}


def test_a_body_that_must_be_there_is_sent_empty() -> None:
    probe = node(requestDefaults={"baseURL": "https://api.example.test", "bodyRequired": True})
    assert request_of(probe).body == b"{}"
    assert request_of(node()).body is None


def test_json_in_a_parameter_is_checked_as_what_it_says() -> None:
    entry = {**prop("f", type="query", encode="jsonText"), "schema": {"type": "object"}}
    assert request_of(node(entry), {"f": {"a": [1]}}).url.endswith("?f=%7B%22a%22%3A%5B1%5D%7D")
    with pytest.raises(Exception, match="does not fit"):
        request_of(node(entry), {"f": "[1]"})


FILE = {"data": "aGk=", "mimeType": "text/plain", "fileName": "hi.txt"}


@pytest.mark.parametrize("given_as", ["photo", FILE])
def test_a_file_is_binary_data_of_the_item_by_name_or_given(given_as: Any) -> None:
    from nodeloom.expression import Environment, Scope
    from nodeloom.plan.compiler import compile_plan

    probe = node({"name": "Body", "type": "string", "routing": {"send": {"type": "body", "encode": "binary"}}})
    plan = compile_plan(probe, {"Body": given_as})
    scope = Scope(Environment(), [], 0, item={"json": {}, "binary": {"photo": FILE}}, parameters=plan.parameters)
    assert plan.call(plan.draft(scope)).request().body == b"hi"


def test_a_file_that_the_item_does_not_have_is_named() -> None:
    probe = node({"name": "Body", "type": "string", "routing": {"send": {"type": "body", "encode": "binaryPart"}}})
    with pytest.raises(InvalidValueError, match="no binary data of that name"):
        request_of(probe, {"Body": "={{ $json.name }}"}, {"name": "photo"})
