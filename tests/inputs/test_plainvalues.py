"""Python's values as JSON: each type by one rule, or refused by name with the place it stands in."""

from __future__ import annotations

import collections
import dataclasses
import enum
import math
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Network
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom import Secret
from nodeloom.expression import UNDEFINED, Literal
from nodeloom.inputs.plainvalues import NoJsonError, plain, plain_parameters


class Colour(enum.Enum):
    RED = "red"
    NONE = None


class Level(enum.IntEnum):
    LOW = 1


class Word(str):
    def __str__(self) -> str:
        return "something else"


@dataclasses.dataclass
class Order:
    id: uuid.UUID
    lines: list[Decimal]
    kind: ClassVar[str] = "order"


class Person(pydantic.BaseModel):
    name: str
    born: date


class Row(NamedTuple):
    Link: str
    at: datetime


class Scalar:
    """A number as numpy has it: no class of Python's, and a `dtype`."""

    ndim = 0

    def __init__(self, value: Any, kind: str = "f") -> None:
        self.value = value
        self.dtype = SimpleNamespace(kind=kind, names=None)

    def item(self) -> Any:
        return self.value

    def __ne__(self, other: object) -> bool:
        return bool(self.value != getattr(other, "value", other))

    def __eq__(self, other: object) -> bool:
        return not self != other

    __hash__ = None  # type: ignore[assignment]


class Array(Scalar):
    ndim = 1

    def tolist(self) -> Any:
        return self.value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)


class NotAvailable:
    """As pandas' NA: what it is compared with, nobody can tell."""

    def __ne__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


class NotATime(datetime):
    """As pandas' NaT, which is a datetime that differs from itself."""

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Real(float):
    """As numpy's float64, which is a float of another type."""


class Cell:
    """As pyarrow's scalars."""

    def as_py(self) -> Any:
        return Decimal("1.5")


WHEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
NAMED = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")

CONVERTED: list[tuple[Any, Any]] = [
    (1.5, 1.5),
    (math.nan, None),
    (Decimal("1.5"), 1.5),
    (Decimal("19.90"), 19.9),
    (Decimal("100.00"), 100),
    (Decimal("1E+3"), 1000),
    (Decimal("NaN"), None),
    (Fraction(1, 2), 0.5),
    (Fraction(4, 2), 2),
    (NAMED, "01234567-89ab-cdef-0123-456789abcdef"),
    (WHEN, "2026-01-31T09:30:00Z"),
    (WHEN.astimezone(timezone(timedelta(hours=2))), "2026-01-31T11:30:00+02:00"),
    (datetime(2026, 1, 31, 9, 30, 0, 500), "2026-01-31T09:30:00.000500"),
    (date(2026, 1, 31), "2026-01-31"),
    (time(9, 30), "09:30:00"),
    (timedelta(days=1, hours=2, minutes=3, seconds=4.5), "P1DT2H3M4.5S"),
    (timedelta(seconds=-90), "-PT1M30S"),
    (timedelta(), "PT0S"),
    (Colour.RED, "red"),
    (Colour.NONE, None),
    (Level.LOW, 1),
    (Word("a"), "a"),
    (Order(NAMED, [Decimal("1.5")]), {"id": str(NAMED), "lines": [1.5]}),
    (Person(name="Ann", born=date(2000, 1, 2)), {"name": "Ann", "born": "2000-01-02"}),
    (Row("a", WHEN), {"Link": "a", "at": "2026-01-31T09:30:00Z"}),
    ((1, 2), [1, 2]),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset("ba"), ["a", "b"]),
    (range(3), [0, 1, 2]),
    (collections.deque([1]), [1]),
    (collections.OrderedDict(a=1), {"a": 1}),
    (MappingProxyType({"a": Decimal("2")}), {"a": 2}),
    ({1: "a", False: "b", 2.5: "c", Colour.RED: "d"}, {"1": "a", "false": "b", "2.5": "c", "red": "d"}),
    ({NAMED: 1, date(2026, 1, 31): 2}, {str(NAMED): 1, "2026-01-31": 2}),
    (PurePosixPath("/a/b"), "/a/b"),
    (Scalar(1.5), 1.5),
    (Scalar(True, "b"), True),
    (Scalar(math.nan), None),
    (Array([1, math.nan]), [1, None]),
    (Array([[Decimal("1")]], "O"), [[1]]),
    (NotAvailable(), None),
    (NotATime(2026, 1, 1), None),
    (Cell(), 1.5),
    (IPv4Address("192.0.2.1"), "192.0.2.1"),
    (IPv6Network("2001:db8::/32"), "2001:db8::/32"),
    (Literal("{{ x }}"), "{{ x }}"),
    (UNDEFINED, UNDEFINED),
    ({"a": {"b": [NAMED, {"c": (WHEN,)}]}}, {"a": {"b": [str(NAMED), {"c": ["2026-01-31T09:30:00Z"]}]}}),
]


@pytest.mark.parametrize(("value", "expected"), CONVERTED, ids=[type(value).__name__ for value, _ in CONVERTED])
def test_a_value_of_python_s_becomes_json(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)
    assert plain({"a": [value]}) == {"a": [expected]}


@pytest.mark.parametrize(
    ("value", "reason", "hint"),
    [
        (b"x", "holds bytes", "value.decode()"),
        (bytearray(b"x"), "holds bytearray", "base64"),
        (memoryview(b"x"), "holds memoryview", "base64"),
        (1j, "is of type complex", "Give text"),
        (object(), "is of type object", "Give text"),
        (iter([1]), "is of type list_iterator", "Give text"),
        (test_a_value_of_python_s_becomes_json, "is of type function", "Give text"),
        (Person, "ModelMetaclass", "Give text"),
        (Secret("hunter2"), "Secret", "Give text"),
        (math.inf, "is Infinity", "Give text"),
        (-math.inf, "is -Infinity", "Give text"),
        (Scalar(math.inf), "is Infinity", "Give text"),
        (Real(-math.inf), "is -Infinity", "Give text"),
        (Decimal("Infinity"), "is the Decimal Infinity", "Give text"),
        (Decimal("1E+1000000"), "is the Decimal 1E+1000000", "Give text"),
        (Decimal("12345678901234567.89"), "would keep some digits only", "str(value)"),
        (Fraction(1, 3), "is the fraction 1/3", "float(value)"),
        ({1, "a"}, "set whose members have no order", "Give a list"),
        ({(1, 2): 1}, "key of type tuple", "texts"),
        ({1: "a", "1": "b"}, "the key '1' twice", "name of its own"),
    ],
)
def test_what_has_no_json_form_is_refused_by_name_and_place(value: Any, reason: str, hint: str) -> None:
    for whole, place in ((value, ""), ({"a": [0, value]}, "a[1]"), ({"a": {"b c": value}}, "a.b c")):
        with pytest.raises(NoJsonError, match=re.escape(reason)) as caught:
            plain(whole)
        assert reason in caught.value.reason
        assert hint in caught.value.hint
        assert caught.value.place == place
        assert "hunter2" not in caught.value.reason


def test_a_model_that_fails_is_named() -> None:
    class Broken(pydantic.BaseModel):
        @pydantic.model_serializer
        def dumped(self) -> Any:
            raise RuntimeError("no")

    with pytest.raises(NoJsonError, match=r"model_dump\(\) failed"):
        plain({"a": Broken()})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_json_is_the_same_object_afterwards(value: Any) -> None:
    assert plain(value) is value


@given(JSON)
def test_converting_twice_is_converting_once(value: Any) -> None:
    wrapped = {"a": (value, Decimal("1.5")), "b": {1, 2}}
    once = plain(wrapped)
    assert plain(once) is once


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_the_same_number_or_refused(value: Decimal) -> None:
    try:
        found = plain(value)
    except NoJsonError:
        return
    assert Decimal(repr(found)) == value


def test_a_literal_among_parameters_stays_one() -> None:
    assert plain_parameters({"a": Literal("=x"), "b": [Literal(Decimal("1"))], "c": (NAMED,)}) == {
        "a": Literal("=x"),
        "b": [Literal(1)],
        "c": [str(NAMED)],
    }


def test_the_values_of_numpy() -> None:
    numpy = pytest.importorskip("numpy")
    for value, expected in (
        (numpy.float64(1.5), 1.5),
        (numpy.float32(0.5), 0.5),
        (numpy.float64("nan"), None),
        (numpy.int64(5), 5),
        (numpy.uint8(5), 5),
        (numpy.bool_(True), True),
        (numpy.str_("x"), "x"),
        (numpy.datetime64("2026-01-31T09:30:00"), "2026-01-31T09:30:00"),
        (numpy.datetime64("2026-01-31T09:30:00", "ns"), "2026-01-31T09:30:00"),
        (numpy.datetime64("NaT"), None),
        (numpy.timedelta64(90, "s"), "PT1M30S"),
        (numpy.timedelta64("NaT"), None),
        (numpy.array([1, 2]), [1, 2]),
        (numpy.array([[1.5, float("nan")]]), [[1.5, None]]),
        (numpy.array(5), 5),
        (numpy.array(["2026-01-01"], dtype="datetime64[ns]"), ["2026-01-01T00:00:00"]),
        (numpy.array([(1, "a")], dtype=[("x", int), ("y", "U3")])[0], {"x": 1, "y": "a"}),
    ):
        found = plain({"v": value})["v"]
        assert (found, type(found)) == (expected, type(expected)), repr(value)
    for refused in (numpy.bytes_(b"x"), numpy.complex64(1), numpy.timedelta64(90, "ns")):
        with pytest.raises(NoJsonError):
            plain({"v": refused})


def test_the_values_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    for value, expected in (
        (pandas.NA, None),
        (pandas.NaT, None),
        (pandas.Timestamp("2026-01-31T09:30:00Z"), "2026-01-31T09:30:00Z"),
        (pandas.Timestamp("2026-01-31"), "2026-01-31T00:00:00"),
        (pandas.Timedelta("1h"), "PT1H"),
        (pandas.Series([1, None]), [1, None]),
    ):
        assert plain({"v": value}) == {"v": expected}
    with pytest.raises(NoJsonError, match="Interval"):
        plain({"v": pandas.Interval(0, 1)})


def test_the_values_of_pyarrow_and_polars() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    assert plain([pyarrow.scalar(5), pyarrow.scalar(None), pyarrow.array([1, None])]) == [5, None, [1, None]]
    polars = pytest.importorskip("polars")
    assert plain({"v": polars.Series([1, None])}) == {"v": [1, None]}
