"""Items: bare objects, n8n's form, and what is neither."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import InvalidItemError
from nodeloom.inputs.items import as_item

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(st.dictionaries(st.text().filter(lambda k: k != "json"), SCALARS))
def test_a_bare_object_stands_for_its_json(value: dict[str, Any]) -> None:
    assert as_item(value, 0) == {"json": value}


@given(SCALARS)
def test_anything_else_is_an_invalid_item_that_says_what_it_is(value: Any) -> None:
    with pytest.raises(InvalidItemError) as caught:
        as_item(value, 7)
    assert caught.value.item == 7
    assert caught.value.hint


def test_n8n_items_keep_their_files() -> None:
    item = {"json": {"a": 1}, "binary": {"data": {}}, "pairedItem": {"item": 3}}
    assert as_item(item, 0) == item


def test_an_object_that_has_a_json_member_among_its_own_is_bare() -> None:
    assert as_item({"json": {"a": 1}, "name": "x"}, 0) == {"json": {"json": {"a": 1}, "name": "x"}}
    assert as_item({"json": "text"}, 0) == {"json": {"json": "text"}}


def test_any_mapping_will_do() -> None:
    assert as_item(MappingProxyType({"a": 1}), 0) == {"json": {"a": 1}}


def test_an_item_that_could_not_be_read_carries_its_error() -> None:
    error = InvalidItemError("line 3 is not JSON")
    with pytest.raises(InvalidItemError, match="line 3") as caught:
        as_item(error, 2)
    assert caught.value.item == 2
