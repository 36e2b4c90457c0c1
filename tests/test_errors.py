"""Errors are data as well as text, survive pickling, and can be masked."""

from __future__ import annotations

import json
import pickle
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import errors
from nodeloom.errors import (
    HookError,
    NodeloomError,
    NotFoundError,
    ResponseError,
    UnknownNameError,
    nearest,
    preview,
)
from nodeloom.printable import escaped

KINDS = sorted(
    (v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, NodeloomError)), key=lambda k: k.__name__
)


def made(kind: type[NodeloomError]) -> NodeloomError:
    if kind is UnknownNameError:
        return UnknownNameError("node", "threecs", ["threecx"], item=3)
    return kind(
        "It failed.",
        hint="Mend it.",
        item=3,
        property="Link",
        path="$.a",
        value={"a": 1},
        expression="{{ x }}",
        status=404,
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_an_error_is_json_and_survives_pickling(kind: type[NodeloomError]) -> None:
    error = made(kind)
    document = json.loads(json.dumps(error.to_dict()))
    assert document["type"] == kind.__name__
    assert document["code"] == kind.code
    assert document["item"] == 3
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.to_dict() == error.to_dict()
    assert str(again) == str(error)
    if isinstance(again, ResponseError):
        assert again.status == 404


def test_the_text_says_what_where_and_what_to_do() -> None:
    assert str(made(NotFoundError)).splitlines() == [
        "It failed.",
        "  where:      item 3, property Link, path $.a",
        "  expression: {{ x }}",
        '  value:      {"a": 1}',
        "  hint:       Mend it.",
    ]
    assert str(NodeloomError("It failed.")) == "It failed."
    assert NodeloomError("It failed.").to_dict() == {
        "code": "nodeloom_error",
        "type": "NodeloomError",
        "message": "It failed.",
    }


def test_masking_reaches_every_text() -> None:
    error = HookError(
        "a canary",
        hint="a canary",
        property="canary",
        path="canary",
        value=["canary"],
        expression="canary",
        plugin="canary",
        nested={"list": ["canary", 3, {"deep": "canary"}]},
        number=7,
    )
    error.mask(lambda text: text.replace("canary", "***"))
    assert "canary" not in str(error) + repr(error) + json.dumps(error.to_dict())
    assert error.details["number"] == 7


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_a_preview_is_short_printable_and_on_one_line(value: Any) -> None:
    text = preview(value)
    assert escaped(text) == text
    assert len(text) <= 120 + len("… (1000000 characters)")


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_what_is_no_json_is_previewed_by_its_type(value: object) -> None:
    assert preview(value) == type(value).__name__


def test_a_value_that_contains_itself_is_previewed_too() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert preview(endless) == "list"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("delete weblnk", "Delete Weblink"),
        ("DELETE_WEBLINK", "Delete Weblink"),
        ("Weblink", "Get Weblink"),
        ("xyzzy", None),
        ("", None),
        ("?!", None),
    ],
)
def test_the_nearest_name(name: str, expected: str | None) -> None:
    assert nearest(name, ["Get Weblink", "Delete Weblink", "Bulk Links Delete"]) == expected


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=6))
def test_the_nearest_name_is_a_known_one(name: str, known: list[str]) -> None:
    assert nearest(name, known) in [*known, None]


def test_an_unknown_name_lists_what_there_is_when_nothing_is_near() -> None:
    assert "Known: 'a1', 'b2'." in str(UnknownNameError("node", "xyzzy", ["a1", "b2"]))
    assert "There is no node to choose from." in str(UnknownNameError("node", "xyzzy", []))
    many = str(UnknownNameError("node", "xyzzy", [f"n{i}" for i in range(30)]))
    assert many.count("'n") == 12


@pytest.mark.slow
def test_the_nearest_of_names_as_long_as_a_page_is_not_looked_for() -> None:
    """A document of others may name things so; to compare two takes the product of their lengths."""
    page = "".join(random.Random(1).choices("abc", k=100_000))
    assert nearest(page, [page[::-1]] * 100) is None
    assert nearest("abc", [page]) is None
    assert nearest(page.upper(), ["x", page]) == page
