"""What a JSON text holds is counted before it is parsed: no short one becomes gigabytes."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.jsonbounds import JSONBounds, Survey, TooMuchJSON, deeper_than
from nodeloom.jsonreading import parse_json, parse_json_in_turns

TEXTS = st.text(st.sampled_from('ab"\\[]{},:ü€😀\n'), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=40,
)
WIDE = JSONBounds(values=10**12, memory=10**15)


class Count:
    def __init__(self, value: Any) -> None:
        self.lists = self.objects = self.commas = self.members = self.strings = self.depth = 0
        self._add(value, 1)

    def _add(self, value: Any, depth: int) -> None:
        if isinstance(value, str):
            self.strings += 1
        if not isinstance(value, (list, dict)):
            return
        self.depth = max(self.depth, depth)
        self.commas += max(0, len(value) - 1)
        if isinstance(value, dict):
            self.objects += 1
            self.members += len(value)
            self.strings += len(value)
        else:
            self.lists += 1
        for member in value.values() if isinstance(value, dict) else value:
            self._add(member, depth + 1)


@pytest.mark.slow
@given(JSON, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 40))
def test_a_survey_counts_what_is_there(value: Any, escaped: bool, indent: int | None, piece: int) -> None:
    """Wherever the pieces end that it looks at: in a string, in an escape, in a character."""
    text = json.dumps(value, ensure_ascii=escaped, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nodeloom.jsonbounds._PIECE", piece)
        found = Survey(text, WIDE)
    wanted = Count(value)
    for name in ("lists", "objects", "commas", "members"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.strings == wanted.strings or found.strings == pytest.approx(wanted.strings, abs=len(text))


@pytest.mark.slow
@given(JSON, st.integers(1, 6))
def test_depth_is_counted_whatever_stands_in_texts(value: Any, depth: int) -> None:
    text = json.dumps(value).encode()
    bounds = JSONBounds(depth=depth)
    if Count(value).depth <= depth:
        assert parse_json(text, bounds) == value
    else:
        with pytest.raises(ValueError, match=f"deeper than {depth} levels"):
            parse_json(text, bounds)


SHAPES: dict[str, Callable[[int], bytes]] = {
    "empty lists": lambda n: b"[" + b"[]," * n + b"0]",
    "empty objects": lambda n: b"[" + b"{}," * n + b"0]",
    "objects": lambda n: b"[" + b'{"a":1},' * n + b"0]",
    "objects in objects": lambda n: b"[" + b'{"a":{}},' * n + b"0]",
    "lists in lists": lambda n: b"[" + b"[[[[]]]]," * n + b"0]",
    "numbers": lambda n: b"[" + b"999," * n + b"0]",
    "fractions": lambda n: b"[" + b"0.5," * n + b"0]",
    "short texts": lambda n: b"[" + b'"ab",' * n + b"0]",
    "other keys": lambda n: b"{" + b",".join(b'"%x":0' % i for i in range(n)) + b"}",
    "other keys in objects": lambda n: b"[" + b",".join(b'{"%x":0}' % i for i in range(n)) + b"]",
    "one text": lambda n: b'["' + b"x" * n + b'"]',
    "one text that is wide": lambda n: b'["' + b"x" * n + rb"\ud83d\ude00" + b'"]',
    "wide texts": lambda n: b"[" + (b'"' + b"x" * 500 + rb"\u4e2d" + b'",') * (n // 500) + b"0]",
    "a wide text among others": lambda n: '["😀"'.encode() + b',"xxxxxxxxxxxxxxxx"' * (n // 10) + b"]",
    "records": lambda n: json.dumps(
        [{"Id": i, "Name": f"Name {i}", "On": True, "Tags": ["a", "b"]} for i in range(n // 8)]
    ).encode(),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_what_it_takes_in_memory_is_not_more_than_was_reckoned(shape: str) -> None:
    """Nor is it so much less that what nobody would call large is refused."""
    body = SHAPES[shape](100_000)
    reckoned = Survey(body, WIDE).memory
    tracemalloc.start()
    try:
        value = parse_json(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value
    assert peak * 0.95 < reckoned < peak * 4 + 100_000


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_too_much_is_refused_before_it_is_parsed(shape: str) -> None:
    body = SHAPES[shape](600_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooMuchJSON, match="more than 1 MiB of memory"):
            parse_json(body, JSONBounds(memory=1024 * 1024))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 48 * 1024 * 1024


@pytest.mark.parametrize("body", [b"[1,2,3,4]", b'{"a":1,"b":2,"c":3,"d":4}', b"[[],[],[]]", b'[{"a":[1,2]},3]'])
def test_values_have_a_bound(body: bytes) -> None:
    with pytest.raises(TooMuchJSON, match="more than 3 values"):
        parse_json(body, JSONBounds(values=3))
    assert parse_json(body, JSONBounds(values=6)) == json.loads(body)


@pytest.mark.parametrize("body", [b"\\" * 2_000_000, b'"' * 2_000_000, b'"\\' * 1_000_000, b"\xff" * 2_000_000])
def test_what_is_no_json_is_refused_quickly(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of its kinds does not matter
        parse_json(body)


def outcome(read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except ValueError as fault:
        return type(fault), str(fault)


@pytest.mark.slow
@given(JSON, st.sampled_from([None, 2]))
def test_in_turns_the_same_is_read(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert parse_json_in_turns(text, WIDE, lambda: None) == value


@given(st.text(st.sampled_from('[]{},:"a1- \n\\tnul.e'), max_size=40))
def test_in_turns_the_same_is_refused(text: str) -> None:
    body = text.encode()
    assert outcome(parse_json_in_turns, body, WIDE, lambda: None) == outcome(parse_json, body)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_there_are_turns_in_every_shape(shape: str) -> None:
    if "text" in shape and "short" not in shape:
        return  # a few strings, which take no time
    body = SHAPES[shape](20_000)
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    assert parse_json_in_turns(body, WIDE, turn) == json.loads(body)
    assert turns >= 2000


@pytest.mark.parametrize("shape", ["empty lists", "records"])
def test_reading_ends_when_nobody_waits_for_it(shape: str) -> None:
    class Enough(Exception):
        pass

    def turn() -> None:
        raise Enough

    with pytest.raises(Enough):
        parse_json_in_turns(SHAPES[shape](1000), WIDE, turn)


@pytest.mark.slow
def test_a_lack_of_memory_is_too_much() -> None:
    code = (
        "import resource; from nodeloom.jsonreading import parse_json\n"
        "from nodeloom.jsonbounds import TooMuchJSON\n"
        "body = b'[' + b'[],' * 4_000_000 + b'0]'\n"
        "resource.setrlimit(resource.RLIMIT_AS, (220 * 2**20, resource.RLIM_INFINITY))\n"
        "try: parse_json(body)\n"
        "except TooMuchJSON as fault: print(fault)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == "there is not enough memory for it\n", ended.stderr


@pytest.mark.slow
@given(JSON, st.integers(1, 6))
def test_depth_is_the_number_of_levels(value: Any, limit: int) -> None:
    def depth(inner: Any) -> int:
        if isinstance(inner, dict):
            return 1 + max(map(depth, inner.values()), default=0)
        return 1 + max(map(depth, inner), default=0) if isinstance(inner, list) else 0

    assert deeper_than(value, limit) == (depth(value) > limit)
