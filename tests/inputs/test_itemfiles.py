"""Items out of files: what is read, what is refused, and that one bad line costs only itself."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import ConfigurationError, DescriptorError, InvalidItemError, UnknownNameError
from nodeloom.inputs.inputlimits import split_lines
from nodeloom.inputs.itemfiles import guess_format, read_items


class Dribble:
    """A stream that gives a few bytes at a time, as a slow pipe does."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, _size: int, /) -> bytes:
        return self._data.read(self._size)


def read(data: bytes, written: str | None = None, size: int = 1 << 16) -> list[Any]:
    return list(read_items(Dribble(data, size), written))


def told(item: Any) -> str:
    assert isinstance(item, InvalidItemError)
    return str(item)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
items = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6)


@pytest.mark.slow
@given(items, st.integers(1, 40), st.booleans())
def test_ndjson_gives_back_what_was_written_however_it_arrives(written: list[Any], size: int, ascii_: bool) -> None:
    data = "".join(json.dumps(i, ensure_ascii=ascii_) + "\n" for i in written).encode("utf-8", "replace")
    assert read(data, "ndjson", size) == [json.loads(line) for line in data.decode().split("\n") if line]


@pytest.mark.slow
@given(items, st.integers(1, 40), st.sampled_from([None, 2]))
def test_a_json_array_gives_back_what_was_written_however_it_arrives(
    written: list[Any], size: int, indent: int | None
) -> None:
    data = json.dumps(written, indent=indent).encode()
    assert read(data, "json", size) == written
    assert read(data, None, size) == written


@pytest.mark.slow
@given(items.filter(bool), st.integers(1, 40))
def test_objects_one_after_the_other_are_items(written: list[Any], size: int) -> None:
    """As `jq` writes them."""
    assert read("\n".join(json.dumps(i, indent=2) for i in written).encode(), "json", size) == written


# csv.reader joins lines at "\r" as well, which the writer quotes; a lone one is no line break of ours.
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))


@given(st.lists(st.tuples(cells, cells), max_size=6), st.integers(1, 40), st.sampled_from(",;\t"))
def test_csv_gives_back_what_was_written_however_it_arrives(
    rows: list[tuple[str, str]], size: int, delimiter: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    assert read(text.getvalue().encode(), None, size) == [{"a": a, "b": b} for a, b in rows]


@given(st.binary(max_size=200), st.sampled_from([None, "json", "ndjson", "csv"]))
def test_nothing_but_a_descriptor_error_comes_of_any_bytes(data: bytes, written: str | None) -> None:
    try:
        found = read(data, written)
    except DescriptorError:
        return
    assert all(isinstance(item, (dict, InvalidItemError)) for item in found)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_lines_are_those_of_the_whole_however_it_is_cut(chunks: list[bytes]) -> None:
    assert list(split_lines(iter(chunks))) == io.BytesIO(b"".join(chunks)).readlines()


def test_a_broken_line_is_an_error_in_its_place_and_the_others_go_on() -> None:
    first, broken, last = read(b'{"a":1}\n{"a" 2}\n{"a":3}\n')
    assert (first, last) == ({"a": 1}, {"a": 3})
    assert re.search(r"Line 2 is not JSON: .+ at column 6\.", told(broken))
    assert broken.to_dict()["line"] == 2
    assert broken.to_dict()["column"] == 6


def test_blank_lines_count_as_lines_but_are_no_items() -> None:
    assert read(b'\n \t\r\n{"a":1}\r\n\n') == [{"a": 1}]
    assert "Line 3" in told(read(b'{"a":1}\n\nx\n')[1])


def test_a_byte_order_mark_is_no_part_of_the_first_item() -> None:
    for written in (None, "ndjson", "json"):
        assert read(b'\xef\xbb\xbf{"a":1}\n', written) == [{"a": 1}]
    assert read(b"\xef\xbb\xbfa,b\n1,2\n") == [{"a": "1", "b": "2"}]


def test_utf16_is_told_from_noise() -> None:
    with pytest.raises(DescriptorError, match="UTF-16"):
        read('{"a":1}\n'.encode("utf-16"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a":1,"a":2}', "the key 'a' stands twice in one object"),
        (b'{"a":{"b":1,"b":2}}', "the key 'b' stands twice in one object"),
        (b'{"a":NaN}', "NaN is not a JSON value"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON value"),
        (b'{"a":1e999}', "too large"),
        (b'{"a":"\\ud83d"}', "half of a surrogate pair"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"5", "a number, not an object"),
        (b"null", "null, not an object"),
        (b'["a"]', "a list, not an object"),
        (b'{"a":1} {"a":2}', "at column 9"),
        (b'{"a":' + b"9" * 5000 + b"}", "cannot be an item"),
    ],
)
def test_what_no_item_can_be_is_said_of_its_line_only(line: bytes, message: str) -> None:
    before, found, after = read(b'{"n":1}\n' + line + b'\n{"n":2}\n', "ndjson")
    assert (before, after) == ({"n": 1}, {"n": 2})
    assert message in told(found)
    assert found.to_dict()["line"] == 2


def test_a_whole_surrogate_pair_is_text() -> None:
    assert read(b'{"a":"\\ud83d\\ude00"}\n') == [{"a": "\U0001f600"}]


def test_a_last_line_that_is_cut_off_says_so() -> None:
    assert "ends in the middle of this line" in told(read(b'{"a":1}\n{"a":')[1])


def test_a_last_line_without_a_line_break_is_an_item() -> None:
    assert read(b'{"a":1}\n{"a":2}') == [{"a": 1}, {"a": 2}]


def test_an_array_that_breaks_off_gives_its_items_and_then_the_place() -> None:
    first, broken = read(b'[\n{"a":1},\n{"a":2')
    assert first == {"a": 1}
    assert "from line 3, column" in told(broken)
    assert "Items after this place were not read." in told(broken)


def test_an_array_that_is_broken_from_the_start_is_refused_whole() -> None:
    with pytest.raises(DescriptorError, match="line 2, column 2"):
        read(b"[\n }")


def test_elements_that_are_no_items_are_errors_in_their_places() -> None:
    found = read(b'[{"a":1}, 5, {"a":NaN}, "x", {"a":2}]')
    assert [type(item) for item in found] == [dict, InvalidItemError, InvalidItemError, InvalidItemError, dict]


def test_bytes_that_are_no_text_in_an_array_end_it() -> None:
    found = read(b'[{"a":1},' + b" " * 70_000 + b'{"a":"\xff"}]')
    assert found[0] == {"a": 1}
    assert "UTF-8" in told(found[1])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"1", "1 field, the header has 2"),
        (b"1,2,3", "3 fields, the header has 2"),
        (b'"1"x,2', "not CSV"),
        (b"1,\xff", "not UTF-8"),
    ],
)
def test_a_row_that_does_not_fit_is_an_error_in_its_place(row: bytes, message: str) -> None:
    before, found, after = read(b"a,b\n1,2\n" + row + b"\n3,4\n")
    assert (before, after) == ({"a": "1", "b": "2"}, {"a": "3", "b": "4"})
    assert message in told(found)
    assert found.to_dict()["line"] == 3


def test_lines_are_counted_where_rows_span_several() -> None:
    found = read(b'a,b\n"x\ny",1\n\nbad\n')
    assert found[0] == {"a": "x\ny", "b": "1"}
    assert found[1].to_dict()["line"] == 5


@pytest.mark.parametrize(
    ("header", "message"),
    [(b"a,,b", "column 2 has no name"), (b"a,b,a", "'a' stands more than once"), (b'"a"x,b', "not CSV")],
)
def test_a_broken_header_refuses_the_file(header: bytes, message: str) -> None:
    with pytest.raises(DescriptorError, match=message):
        read(header + b"\n1,2,3\n")


def test_the_delimiter_is_the_comma_unless_only_another_is_there() -> None:
    assert read(b"a;b\n1,5;2\n") == [{"a": "1,5", "b": "2"}]
    assert read(b"a\tb\n1\t2\n") == [{"a": "1", "b": "2"}]
    assert read(b'a,"b;c"\n1,2\n') == [{"a": "1", "b;c": "2"}]
    assert read(b"sep=;\na;b\n1;2\n", "csv") == [{"a": "1", "b": "2"}]


def test_one_column_is_csv_when_it_is_said() -> None:
    """Unsaid it is refused: any text would pass for a column of items."""
    assert read(b"Link\nsummer-sale\n", "csv") == [{"Link": "summer-sale"}]
    with pytest.raises(DescriptorError, match="--format"):
        read(b"Link\nsummer-sale\n")


def test_a_page_of_html_is_not_taken_for_csv() -> None:
    with pytest.raises(DescriptorError):
        read(b"<!doctype html, public>\n<p>\n")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"[]", b"[\n]\n"])
def test_an_empty_input_has_no_items(data: bytes) -> None:
    assert read(data) == []


def test_a_header_alone_has_no_items() -> None:
    assert read(b"a,b\n") == []


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b'{"a":1}\n{"a":2}\n', "ndjson"),
        (b'{"a":1}', "ndjson"),
        (b'{"a" 1}\n', "ndjson"),
        (b'{"a":"cut\n', "ndjson"),
        (b'{\n "a":1}', "json"),
        (b'{"a":[\n', "json"),
        (b"[", "json"),
        (b"a,b\n", "csv"),
    ],
)
def test_the_format_is_seen_from_the_beginning(head: bytes, found: str) -> None:
    assert guess_format(head, "it") == found


def test_a_files_suffix_decides(tmp_path: Path) -> None:
    for name, text in (
        ("x.csv", "a\n1\n"),
        ("x.tsv", "a\tb,c\n1\t2\n"),
        ("x.jsonl", '{"a":1}\n'),
        ("x.json", '{"a":1}'),
    ):
        (tmp_path / name).write_text(text)
    assert list(read_items(tmp_path / "x.csv")) == [{"a": "1"}]
    assert list(read_items(tmp_path / "x.tsv")) == [{"a": "1", "b,c": "2"}]
    assert list(read_items(str(tmp_path / "x.jsonl"))) == [{"a": 1}]
    assert list(read_items(tmp_path / "x.json")) == [{"a": 1}]


def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no file"):
        read_items(tmp_path / "none.json")
    with pytest.raises(ConfigurationError, match="is a folder"):
        read_items(tmp_path)


def test_an_unknown_format_has_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="ndjsn"):
        read_items(io.BytesIO(b""), "ndjsn")


def test_an_item_is_given_before_the_next_one_arrives() -> None:
    """A slow producer's items are run as they come, in every format."""

    class Stepwise:
        def __init__(self, *chunks: bytes) -> None:
            self._chunks: Iterator[bytes] = iter(chunks)
            self.taken = 0

        def read(self, _size: int, /) -> bytes:
            self.taken += 1
            return next(self._chunks, b"")

    for chunks in (
        (b'{"a":1}\n', b'{"a":2}\n'),
        (b'[{"a":1},\n', b'{"a":2}]'),
        (b"a,b\n", b"1,2\n", b"3,4\n"),
    ):
        stream = Stepwise(*chunks)
        assert isinstance(next(read_items(stream)), dict)
        assert stream.taken == len(chunks) - 1


def test_a_value_longer_than_many_chunks_is_read() -> None:
    long = "x" * 3_000_000
    assert read(json.dumps([{"a": long}]).encode(), "json", 64 * 1024) == [{"a": long}]
    assert read(json.dumps({"a": long}).encode(), "ndjson", 64 * 1024) == [{"a": long}]
