"""JSON of others: what JSON.parse takes is taken, what it refuses is refused, and no depth is a danger."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import LimitError, UnreadableAnswerError
from nodeloom.jsonreading import MAX_DEPTH, parse_json
from tests.plan.harness import answer, answering, exchange

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(JSON)
def test_json_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth_has_a_bound(opening: str, closing: str) -> None:
    fits = MAX_DEPTH // (2 if opening.startswith("[{") else 1)
    parse_json(nested(fits, opening, closing))
    with pytest.raises(ValueError, match="deeper than 256 levels"):
        parse_json(nested(fits + 1, opening, closing))


def test_brackets_in_texts_and_brackets_side_by_side_are_no_depth() -> None:
    assert parse_json(json.dumps(["[" * 5000, '\\"[{' * 500, "{"]).encode())[2] == "{"
    assert len(parse_json(json.dumps([[{}]] * 5000).encode())) == 5000


@pytest.mark.parametrize("text", ["1e999", "-1E+999", "1" + "0" * 400 + ".0", "1" * 300 + "e99"])
def test_a_number_beyond_a_double_is_refused(text: str) -> None:
    """It would become Infinity, and no reader of the results would take them for JSON."""
    with pytest.raises(ValueError, match="a number is too large"):
        parse_json(f'{{"a": [{text}]}}'.encode())
    assert parse_json(b"[1e308, 1e-999, 0e999]") == [1e308, 0.0, 0.0]


@pytest.mark.parametrize(
    "body", [b"[" * 3_000_000, b'{"a":' * 500_000, b'"' + b"[" * 100_000, b'"\\' * 200_000 + b"[" * 300]
)
def test_hostile_texts_are_refused_quickly(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of its kinds does not matter
        parse_json(body)


def test_the_bound_holds_whatever_python_s_own_is() -> None:
    code = (
        "import sys; sys.setrecursionlimit({}); from nodeloom.jsonreading import parse_json\n"
        "try: parse_json(b'[' * 600 + b']' * 600)\n"
        "except ValueError as fault: print(fault)"
    )
    for limit in (400, 100_000):
        ended = subprocess.run(
            [sys.executable, "-c", code.format(limit)], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.stdout == "it is nested deeper than 256 levels\n", ended.stderr


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is no JSON value"):
        parse_json(f'{{"a": [{name}]}}'.encode())
    with pytest.raises(UnreadableAnswerError, match=f"The answer is not JSON .*: {name} is no JSON value"):
        exchange(answering({}), [answer(f'{{"a": {name}}}', content_type="application/json")])


def test_a_number_of_thousands_of_digits_is_named() -> None:
    with pytest.raises(ValueError, match="a number has too many digits"):
        parse_json(b"[" + b"1" * 5000 + b"]")


def test_the_last_of_equal_keys_counts() -> None:
    """As in JSON.parse (ECMA-262); `__proto__` is a key like any other."""
    assert parse_json(b'{"a": 1, "a": 2, "__proto__": {"a": 3}}') == {"a": 2, "__proto__": {"a": 3}}


def test_half_a_surrogate_pair_is_kept_and_not_sent_on() -> None:
    """JSON.parse keeps it too; where it would go into a request, that item fails in words."""
    assert parse_json(rb'{"a": "\ud800"}') == {"a": "\ud800"}


def test_an_answer_that_is_nested_too_deeply_is_a_named_error() -> None:
    with pytest.raises(UnreadableAnswerError, match="deeper than 256 levels"):
        exchange(answering({}), [answer(nested(5000), content_type="application/json")])


def test_an_answer_as_deep_as_may_be_goes_all_the_way() -> None:
    deep = nested(MAX_DEPTH - 1, '{"a":', "}")
    steps = [{"type": "setKeyValue", "properties": {"b": "={{ $responseItem.a }}", "c": "={{ $json.x + '' }}"}}]
    _, items = exchange(answering({"output": {"postReceive": steps}}), [answer(deep, content_type="application/json")])
    assert json.dumps(items).count('"a"') == MAX_DEPTH - 2


def test_one_item_does_not_become_more_than_a_million() -> None:
    """A few bytes an entry would become hundreds."""
    with pytest.raises(LimitError, match="more than 1000000 items"):
        exchange(answering({}), [answer(b"[" + b"0," * 1_000_000 + b"0]", content_type="application/json")])
