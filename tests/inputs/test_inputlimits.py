"""Hostile input: memory stays flat, one item's fault is that item's, and what never ends is ended."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import DescriptorError, InvalidItemError, preview
from nodeloom.inputs.inputlimits import PATIENCE, EndFinder, InputLimits, LongLine, split_lines
from nodeloom.inputs.itemfiles import read_items

SMALL = InputLimits(item_bytes=1000, depth=20)


class Stream:
    """A stream of given pieces, endless ones among them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int, /) -> bytes:
        return next(self._pieces, b"")


def read(data: bytes | Iterator[bytes], written: str | None = None, limits: InputLimits = SMALL) -> list[Any]:
    stream = io.BytesIO(data) if isinstance(data, bytes) else Stream(data)
    return list(read_items(stream, written, limits=limits))


def test_a_line_that_is_too_long_is_an_error_with_its_number_and_the_others_go_on() -> None:
    long = b'{"a":"' + b"x" * 5000 + b'"}'
    first, fault, last = read(b'{"a":1}\n' + long + b'\n{"a":2}\n', "ndjson")
    assert (first, last) == ({"a": 1}, {"a": 2})
    assert "Line 2 is longer than 1000 bytes." in str(fault)
    assert fault.details["line"] == 2
    assert "--max-item-bytes" in str(fault.hint)


def test_a_line_of_just_the_size_allowed_is_an_item() -> None:
    for length in (998, 999, 1000):
        item = b'{"a":"' + b"x" * (length - 8) + b'"}'
        assert len(item) == length
        assert read(item + b"\n", "ndjson") == [{"a": "x" * (length - 8)}]


@pytest.mark.slow
def test_a_line_without_an_end_is_given_up_and_memory_stays_flat() -> None:
    """A gigabyte of it; the error names the line and says that nothing after it was read."""
    limits = InputLimits(item_bytes=4 * 1024 * 1024)
    piece = b"x" * 65536
    tracemalloc.start()
    found = read(chain([b'{"a":1}\n{"a":"'], repeat(piece)), "ndjson", limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == {"a": 1}
    assert "Line 2 does not end." in str(found[1])
    assert "were not read" in str(found[1].hint)
    assert len(found) == 2
    assert peak < 3 * limits.item_bytes


@pytest.mark.slow
def test_an_object_without_an_end_is_given_up_and_memory_stays_flat() -> None:
    tracemalloc.start()
    found = read(chain([b'[{"a":1},\n{"a":"'], repeat(b"x" * 65536)), "json", InputLimits(item_bytes=1024 * 1024))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == {"a": 1}
    assert "the item at line 2 does not end" in str(found[1])
    assert peak < 12 * 1024 * 1024


def test_an_input_of_nothing_is_given_up() -> None:
    for nothing in (b" " * 65536, b"\n" * 65536):
        with pytest.raises(DescriptorError, match="of nothing"):
            read(repeat(nothing))


@pytest.mark.slow
def test_long_and_deep_items_of_an_array_are_errors_in_their_places() -> None:
    long = {"a": ['"]}', "x" * 200_000, {"b": ["\\", '\\"']}]}
    deep_text = "[" * 100_000 + "{}" + "]" * 100_000
    data = f'[{{"a":1}}, {json.dumps(long)}, {{"d":{deep_text}}}, {{"a":2}}, {"[" * 30}{"]" * 30}, {{"a":3}}]'
    found = read(data.encode(), "json", InputLimits(item_bytes=10_000, depth=20))
    assert [found[0], found[3], found[5]] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert "longer than 10000 bytes" in str(found[1])
    assert "longer than" in str(found[2]) or "too deeply" in str(found[2])
    assert "nested deeper than 20 levels" in str(found[4])


@pytest.mark.parametrize("levels", [21, 300, 5000, 200_000])
def test_a_deep_line_is_an_error_whatever_the_stack_allows(levels: int) -> None:
    line = b'{"a":' * levels + b"1" + b"}" * levels
    first, fault, last = read(b'{"n":1}\n' + line + b'\n{"n":2}', "ndjson", InputLimits(depth=20))
    assert (first, last) == ({"n": 1}, {"n": 2})
    assert "nested too deeply" in str(fault)


def test_levels_are_counted_from_the_item() -> None:
    assert read(b'{"a":' * 20 + b"1" + b"}" * 20, "ndjson")[0]["a"]
    assert isinstance(read(b'{"a":' * 21 + b"1" + b"}" * 21, "ndjson")[0], InvalidItemError)
    assert read(b'{"a":"' + b"[" * 500 + b'"}', "ndjson") == [{"a": "[" * 500}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a":' + b"1" * 5000 + b"}", "too many digits"),
        (b'{"a":1e999}', "too large"),
        (b'{"a":-Infinity}', "not a JSON value"),
        (b'{"a":NaN}', "not a JSON value"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"c":2,"b":3}}', "twice"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":1}\r{"a":2}', "not with \\r alone"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\x00"}', "not JSON"),
        (b"\x00\x00\x00", "not JSON"),
        (b'{"a":1', "not JSON"),
        (b"[1,2", "not JSON"),
        (b"1" * 900, "a number"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_each_fault_of_a_line_is_told_of_that_line(line: bytes, message: str, end: bytes) -> None:
    found = read(end.join([b'{"n":1}', line, b'{"n":2}', b""]), "ndjson", InputLimits())
    assert (found[0], found[-1]) == ({"n": 1}, {"n": 2})
    assert len(found) == 3
    assert message in str(found[1])
    assert found[1].details["line"] == 2


def test_a_number_that_python_cannot_read_costs_its_item_only_in_an_array_too() -> None:
    found = read(b'[{"n":1},{"a":' + b"1" * 5000 + b'},{"n":2}]', "json", InputLimits())
    assert [found[0], found[2]] == [{"n": 1}, {"n": 2}]
    assert "too many digits" in str(found[1])


def test_line_breaks_may_be_mixed_and_others_than_json_knows_are_text() -> None:
    data = '{"a":1}\n{"a":2}\r\n\r\n\n{"a":"x\u2028y\x85z"}\r\n{"a":4}'.encode()
    assert read(data, "ndjson") == [{"a": 1}, {"a": 2}, {"a": "x\u2028y\x85z"}, {"a": 4}]


def test_rows_that_are_too_long_are_errors_in_their_places() -> None:
    found = read(b"a,b\n1,2\n" + b"x" * 3000 + b",1\n3,4\n", "csv")
    assert [found[0], found[2]] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert "Line 3 is longer" in str(found[1])
    with pytest.raises(DescriptorError, match="header"):
        read(b"x" * 3000 + b",b\n1,2\n", "csv")


@pytest.mark.slow
def test_a_quote_that_is_never_closed_does_not_gather_the_rest_of_the_file() -> None:
    """csv.reader gives a field up at 128 KiB; the rows after that are read again."""
    lines = chain([b'a,b\n1,2\n"x,1\n'], repeat(b"3,4\n" * 10_000, 20), [b"5,6\n"])
    found = read(lines, "csv", InputLimits())
    assert found[0] == {"a": "1", "b": "2"}
    assert "not CSV" in str(found[1])
    assert found[-1] == {"a": "5", "b": "6"}


def test_no_more_items_are_read_than_allowed() -> None:
    for data, written in ((b'{"a":1}\n' * 5, "ndjson"), (b"[" + b",".join([b'{"a":1}'] * 5) + b"]", "json")):
        found = read(data, written, InputLimits(items=3))
        assert found[:3] == [{"a": 1}] * 3
        assert "more than the 3 items allowed" in str(found[3])
        assert len(found) == 4
        assert len(read(data, written, InputLimits(items=5))) == 5


@given(st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"x", b"\n"))), st.integers(1, 30))
def test_lines_longer_than_allowed_are_cut_and_no_other(chunks: list[bytes], limit: int) -> None:
    whole = io.BytesIO(b"".join(chunks)).readlines()
    found = list(split_lines(iter(chunks), limit))
    assert len(found) == len(whole) or found[-1].endless  # type: ignore[attr-defined]
    for got, line in zip(found, whole, strict=False):
        if len(line.removesuffix(b"\n")) > limit:
            assert isinstance(got, LongLine)
            assert line.startswith(bytes(got))
            assert not got.endless or len(line) > limit * PATIENCE
        else:
            assert got == line
            assert not isinstance(got, LongLine)


values = st.recursive(
    st.none() | st.text(alphabet='a"\\[]{}é') | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"\\[]{}'), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.slow
@given(st.lists(values, max_size=3), st.text(max_size=5), st.integers(1, 7), st.booleans())
def test_the_end_of_a_value_is_found_however_it_is_cut(value: list[Any], more: str, size: int, ascii_: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_)
    finder, at = EndFinder(), 0
    whole = text + more
    while (end := finder.feed(whole[at : at + size])) is None:
        at += size
        assert at < len(whole)
    assert at + end == len(text)


def test_showing_a_value_looks_at_no_more_than_is_shown() -> None:
    assert preview("x" * 10_000_000).endswith("… (10000000 characters)")
    assert preview("\n" * 100).startswith("\\n\\n")
    assert preview("y" * 120) == "y" * 120
