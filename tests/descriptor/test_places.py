"""A problem's line is that of the piece its path leads to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.descriptor.places import line_of, with_lines
from nodeloom.descriptor.problems import Problem, json_path

TEXT = """{
  "a": [
    1,
    {"b c": {
      "it's": "x\\"y,]}"
    }}
  ],
  "d": 5
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("$", 1),
        ("$.a", 2),
        ("$.a[0]", 3),
        ("$.a[1]", 4),
        ("$.a[1]['b c']", 4),
        ("$.a[1]['b c']['it\\'s']", 5),
        ("$.d", 8),
        # Where there is no such piece, the one nearest to it.
        ("$.a[7]", 2),
        ("$.e", 1),
        ("$.d.x", 8),
    ],
)
def test_lines(path: str, line: int) -> None:
    assert line_of(TEXT, path) == line


def test_a_file_that_is_no_json_any_more_has_paths_only(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    found = [Problem("$.b", "b"), Problem("$.a", "a")]
    file.write_text("{")
    assert [p.line for p in with_lines(file, found)] == [None, None] or with_lines(file, found)[0].line == 1
    assert with_lines(tmp_path / "none.json", found) == found
    file.write_text('{"a": 1,\n"b": 2}')
    assert [(p.path, p.line) for p in with_lines(file, found)] == [("$.a", 1), ("$.b", 2)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def pieces(value: Any, keys: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(keys, value), *(found for key, inner in entries for found in pieces(inner, (*keys, key)))]


@given(VALUES, st.data())
def test_every_piece_is_found_where_json_writes_it(value: Any, data: st.DataObject) -> None:
    marked = data.draw(st.sampled_from(pieces(value)))[0]
    text = json.dumps(value, indent=1)
    # Each piece stands on a line of its own; the marked one is where its first line is in a walk through all of them.
    order = [keys for keys, _inner in pieces(value)]
    line = line_of(text, json_path(marked))
    lines = [line_of(text, json_path(keys)) for keys in order]
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)
    assert line == lines[order.index(marked)]
