"""What kind of value something is, in words."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

import pytest

from nodeloom.values import UNDEFINED
from nodeloom.valuewords import kind_of


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (UNDEFINED, "undefined"),
        (True, "true or false"),
        ("", "a text"),
        (0, "a number"),
        (0.5, "a number"),
        ([], "a list"),
        ((), "a list"),
        ({}, "an object"),
        (MappingProxyType({}), "an object"),
        (b"", "a value of type bytes"),
        (Decimal(1), "a value of type Decimal"),
    ],
)
def test_a_value_is_named_by_its_kind(value: object, words: str) -> None:
    assert kind_of(value) == words
