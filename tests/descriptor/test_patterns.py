"""A descriptor's regular expressions are JavaScript's, and none of them can hang or crash the host."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.descriptor.patterns import search
from nodeloom.errors import DescriptorError
from tests.descriptor.hasty import hasty


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("^h.*o$", "hello", ["hello"]),
        ("^h.*o$", "hello!", None),
        # JavaScript's $ is the very end, its \d and \w are ASCII, its \s is not.
        ("o$", "hello\n", None),
        (r"^\d$", "٣", None),
        (r"^\w$", "ü", None),
        (r"^\s$", "\u00a0", ["\u00a0"]),
        (r"(?<year>[0-9]{4})-(?<month>\d\d)", "on 2026-01", ["2026-01", "2026", "01"]),
        (r"(a)|(b)", "b", ["b", None, "b"]),
        ("[^]", "\n", ["\n"]),
        (r"https?:\/\/x\/(\w+)", "https://x/abc", ["https://x/abc", "abc"]),
        ("", "x", [""]),
        ("\ud800", "a\ud800b", ["\ud800"]),
    ],
)
def test_a_pattern_means_what_javascript_means(pattern: str, text: str, wanted: list[str | None] | None) -> None:
    assert search(pattern, text) == wanted


@pytest.mark.parametrize("pattern", ["(", "[", "a**", "(?i)a", "(?P<x>a)", "\\", "(?<=", "x{2,1}"])
def test_a_broken_pattern_is_a_descriptor_error(pattern: str) -> None:
    with pytest.raises(DescriptorError, match="not a JavaScript regular expression") as caught:
        search(pattern, "aaa")
    assert caught.value.value == pattern


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_backtracks_for_ever_is_stopped(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty(monkeypatch)
    with pytest.raises(DescriptorError, match="did not come to an end"):
        search(pattern, "a" * 60 + "!")
    assert search("b", "abc") == ["b"]


def test_every_thread_has_its_own_engine() -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(search("b+", "abbc"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["bb"]] * 4


@given(st.text(max_size=12), st.text(max_size=12))
@settings(deadline=None)
def test_any_pattern_has_an_answer_or_a_clear_error(pattern: str, text: str) -> None:
    try:
        found = search(pattern, text)
    except DescriptorError as error:
        assert error.hint  # noqa: PT017 - either outcome is right
    else:
        assert found is None or found[0] is not None
