"""JSON of others: what JSON.parse takes is taken, what it refuses is refused, and no depth is a danger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import LimitError, UnreadableAnswerError
from nodeloom.jsonbounds import TooDeepJSON
from nodeloom.jsonreading import (
    ANY_JSON,
    MAX_DEPTH,
    PROPER_JSON,
    JSONReader,
    JSONRules,
    RefusedJSON,
    end_of_json,
    parse_json,
    reason_of,
)
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


@pytest.mark.slow
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


@pytest.mark.slow
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
def test_what_is_not_json_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is not a JSON value"):
        parse_json(f'{{"a": [{name}]}}'.encode())
    with pytest.raises(UnreadableAnswerError, match=f"The answer is not JSON .*: {name} is not a JSON value"):
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


# Each rule with texts that it refuses, and how; without the rule Python's own reader takes them.
RULES = [
    (JSONRules(finite=True), '{"a": [NaN]}', "NaN is not a JSON value"),
    (JSONRules(finite=True), "-Infinity", "-Infinity is not a JSON value"),
    (JSONRules(finite=True), "[1e999]", "a number is too large"),
    (JSONRules(unique_keys=True), '{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice in one object"),
    (JSONRules(unique_keys=True), '[{"b": {"a": 1, "a": 1}}]', "the key 'a' stands twice in one object"),
    (JSONRules(whole_characters=True), r'["\ud83d"]', "it holds half of a surrogate pair"),
    (JSONRules(whole_characters=True), r'{"\uDE00": 1}', "it holds half of a surrogate pair"),
    (JSONRules(depth=2), "[[[]]]", "it is nested deeper than 2 levels"),
    (JSONRules(depth=2), '{"a": {"b": {"c": 1}}}', "it is nested deeper than 2 levels"),
]


@pytest.mark.parametrize(("rules", "text", "reason"), RULES)
def test_a_rule_refuses_what_python_takes(rules: JSONRules, text: str, reason: str) -> None:
    with pytest.raises((RefusedJSON, TooDeepJSON)) as fault:
        JSONReader(rules).read(text)
    assert str(fault.value) == reason
    with pytest.raises((RefusedJSON, TooDeepJSON), match=reason):
        JSONReader(rules).read_at(f"x{text},", 1)
    ANY_JSON.read(text)
    assert end_of_json(f"x{text},", 1) == len(text) + 1


ALL_RULES = JSONReader(JSONRules(finite=True, unique_keys=True, whole_characters=True, depth=3))


@pytest.mark.parametrize("reader", [ANY_JSON, PROPER_JSON, ALL_RULES])
@pytest.mark.parametrize("text", ["[[[1]]]", '[{"a": 1}, {"a": 1}]', r'"\ud83d\ude00"', '"[[[[[["', "1e308"])
def test_what_breaks_no_rule_is_read(reader: JSONReader, text: str) -> None:
    assert reader.read(f" {text} ") == json.loads(text)
    assert reader.read_at(f"[{text}]", 1) == (json.loads(text), len(text) + 1)


@pytest.mark.parametrize("reader", [ANY_JSON, PROPER_JSON, ALL_RULES])
def test_every_fault_is_a_value_error_that_says_what_it_is(reader: JSONReader) -> None:
    with pytest.raises(json.JSONDecodeError, match="line 1 column 2"):
        reader.read("[")
    with pytest.raises(TooDeepJSON, match="nested too deeply"):
        reader.read("[" * 1_000_000)
    with pytest.raises(TooDeepJSON, match="nested too deeply"):
        end_of_json("[" * 1_000_000, 0)
    with pytest.raises(RefusedJSON, match="a number has too many digits"):
        reader.read("1" * 5000)
    assert end_of_json("1" * 5000 + ",", 0) == 5000


@given(
    st.sampled_from(["", " ", "\n\t", "\x0b"]),
    st.text('[]{}",:1.5e-tnfalsue \n', max_size=12),
    st.sampled_from(["", " ", "\n", "x"]),
)
def test_a_text_is_taken_or_refused_as_pythons_own_decoder_does(before: str, text: str, after: str) -> None:

    def outcome(decode: Callable[[str], object]) -> str:
        try:
            return repr(decode(before + text + after))
        except json.JSONDecodeError as fault:
            return str(fault)

    assert outcome(ANY_JSON.read) == outcome(json.JSONDecoder().decode)


@pytest.mark.parametrize(
    "text", ['{"a', '{"a": "\\', '{"a": "\x01"}', '{"a": "\\q"}', '{"a": "\\u12"}', '{"a" 1}', "", "[1,]"]
)
def test_a_reason_may_be_followed_by_a_place(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as refused:
        ANY_JSON.read(text)
    assert not reason_of(refused.value).endswith((" at", " starting"))


def test_the_reason_of_another_fault_is_what_it_says() -> None:
    assert reason_of(ValueError("it holds NaN")) == "it holds NaN"
