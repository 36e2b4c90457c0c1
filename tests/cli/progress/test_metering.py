"""How many items there are is told while they are read: no second pass over the file, exact at its end."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.cli.progress.metering import InputMeter, Total, size_of
from nodeloom.inputs.itemfiles import CHUNK, read_items

ITEMS = 20_000


def texts(form: str, count: int) -> str:
    links = [f"link-{number:06}" for number in range(count)]
    if form == "csv":
        return "Link,Note\n" + "".join(f'{link},"two\nlines, ""quoted"""\n' for link in links)
    lines = [json.dumps({"Link": link, "Note": "two\nlines"}) for link in links]
    return "[" + ",\n".join(lines) + "]" if form == "json" else "\n".join(lines)


def followed(meter: InputMeter, path: Path) -> Iterator[Any]:
    return meter.count_items(read_items(path, through=lambda opened: meter.through(opened, size_of(str(path)))))


@pytest.mark.parametrize("form", ["ndjson", "csv", "json"])
def test_the_total_is_near_after_a_small_part_of_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"items.{form}"
    path.write_text(texts(form, ITEMS))
    meter = InputMeter()
    items = followed(meter, path)
    for _ in range(ITEMS // 20):
        next(items)
    total = meter.total
    assert total is not None
    assert not total.exact
    assert abs(total.items - ITEMS) < ITEMS * 0.02
    assert sum(1 for _ in items) == ITEMS - ITEMS // 20
    assert meter.total == Total(ITEMS, exact=True)


@pytest.mark.parametrize("form", ["ndjson", "csv", "json"])
def test_of_a_small_file_something_is_known_before_its_end_too(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"items.{form}"
    path.write_text(texts(form, 300))
    meter = InputMeter()
    items = followed(meter, path)
    for _ in range(150):
        next(items)
    total = meter.total
    assert total is not None
    assert abs(total.items - 300) < 30


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 2000))
def test_an_estimate_is_never_below_what_was_read_and_ends_exact(lengths: list[int], size: int) -> None:
    """Whatever the lines' lengths are, and also when the file is longer or shorter than it was said to be."""
    data = b"".join(b'{"a":"%s"}\n' % (b"x" * length) for length in lengths)
    meter = InputMeter()
    items = meter.count_items(read_items(io.BytesIO(data), "ndjson", through=lambda s: meter.through(s, size)))
    for taken, _item in enumerate(items, 1):
        total = meter.total
        assert total is None or total.items >= taken
    assert meter.total == Total(len(lengths))


def test_of_a_pipe_nothing_is_known_before_its_end() -> None:
    meter = InputMeter()
    stream = io.BytesIO(b'{"a":1}\n{"a":2}\n')
    assert meter.through(stream, None) is stream
    items = meter.count_items(read_items(stream))
    next(items)
    assert meter.total is None
    assert list(items)
    assert meter.total == Total(2)


def test_a_number_that_is_known_stays() -> None:
    assert InputMeter(1).total == Total(1)


def test_a_large_file_is_read_in_whole_chunks() -> None:
    sizes: list[int | None] = []

    class Asked(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            sizes.append(size)
            return b""

    InputMeter().through(Asked(), 10_000_000_000).read(CHUNK)
    assert sizes == [CHUNK]


def test_the_size_is_that_of_a_regular_file_or_what_is_left_of_it(tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    path.write_bytes(b"x" * 100)
    assert size_of(str(path)) == 100
    assert size_of(str(tmp_path)) is None
    assert size_of(str(tmp_path / "missing")) is None
    with path.open("rb", buffering=0) as file:
        file.read(30)
        assert size_of(file.fileno()) == 70
    reading, writing = os.pipe()
    assert size_of(reading) is None
    os.close(reading)
    os.close(writing)


def test_the_stream_is_closed_through_the_meter(tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    path.write_text('{"a":1}\n')
    opened: list[Any] = []

    def through(stream: Any) -> Any:
        opened.append(stream)
        return InputMeter().through(stream, 8)

    assert list(read_items(path, through=through)) == [{"a": 1}]
    assert opened[0].closed
