"""Where results go: together when they are ready together, and what happens when nobody takes them."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.cli.sink import Sink, encoder, open_output

VALUES = st.recursive(
    st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)
ENCODERS = pytest.mark.parametrize("encode", [encoder(0), encoder(1_000_000)], ids=["json", "pydantic"])


@ENCODERS
@given(VALUES)
def test_a_line_is_the_value_in_utf_8(encode: Callable[[object], bytes], value: object) -> None:
    line = encode(value)
    assert line.count(b"\n") == 1
    assert json.loads(line) == value


@ENCODERS
def test_both_write_alike(encode: Callable[[object], bytes]) -> None:
    value = {"json": {"a": "ü\n\u2028", "b": [1, 2**70, 0.5, None, True]}, "pairedItem": {"item": 1}}
    assert encode(value).decode() == (
        '{"json":{"a":"ü\\n\\u2028","b":[1,1180591620717411303424,0.5,null,true]},"pairedItem":{"item":1}}\n'
    )


@ENCODERS
def test_a_line_may_be_nested_deeply(encode: Callable[[object], bytes]) -> None:
    value: object = 1
    for _ in range(400):
        value = [value]
    assert json.loads(encode(value)) == value


@ENCODERS
def test_what_json_has_no_number_for_is_null(encode: Callable[[object], bytes]) -> None:
    assert encode({"a": [float("nan"), float("inf")]}) == b'{"a":[null,null]}\n'


@ENCODERS
def test_half_of_a_surrogate_pair_is_escaped(encode: Callable[[object], bytes]) -> None:
    assert encode({"a": "\ud800", "b": "ü"}).decode() == '{"a":"\\ud800","b":"ü"}\n'


def test_lines_wait_for_each_other_until_they_are_flushed(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with Sink(open_output(str(path)), "out") as sink:
        assert sink.write([b"one\n", b"two\n"])
        assert path.read_bytes() == b""
        assert sink.flush()
        assert path.read_bytes() == b"one\ntwo\n"
        assert sink.write([b"three\n"])
    assert path.read_bytes() == b"one\ntwo\nthree\n", "nothing is left behind at the end"


def test_many_lines_do_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with Sink(open_output(str(path)), "out") as sink:
        for _ in range(2000):
            sink.write([b"x" * 99 + b"\n"])
        assert path.stat().st_size > 100_000


def test_the_file_keeps_what_it_held_until_the_run_begins(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before\n")
    with Sink(open_output(str(path)), "out") as sink:
        assert path.read_bytes() == b"before\n"
        sink.begin()
        assert path.read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_write_that_fails_is_told_and_is_the_last() -> None:
    with Sink(open_output("/dev/full"), "/dev/full") as sink:
        assert sink.write([b"one\n"])
        assert not sink.flush()
        assert not sink.write([b"two\n"])
        assert not sink.flush()
        assert sink.message == f"The results cannot be written to /dev/full: {os.strerror(errno.ENOSPC)}."
        assert not sink.closed_by_reader


def test_a_reader_that_leaves_is_no_fault_of_the_file() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with Sink(os.fdopen(writing, "wb"), "a pipe") as sink:
        sink.write([b"one\n"])
        assert not sink.flush()
        assert sink.closed_by_reader


@pytest.mark.skipif(os.name == "nt", reason="a signal does not end a write there")
def test_a_write_that_waits_for_a_reader_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the write nor the closing waits for somebody who does not read."""
    monkeypatch.setattr("nodeloom.cli.sink._STUCK_SECONDS", 0.1)
    reading, writing = os.pipe()
    with Sink(os.fdopen(writing, "wb"), "a pipe") as sink:
        before = signal.signal(signal.SIGALRM, lambda _number, _frame: sink.give_up())
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            assert not sink.write([b"x" * 1024 * 1024])
        finally:
            signal.signal(signal.SIGALRM, before)
        assert sink.message == "The results cannot be written to a pipe: the reader does not read them."
        sink.give_up()
    os.close(reading)
