"""Each check lets its values pass, refuses all else under the name it was called with, and knows what is nearest."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.errors import ConfigurationError
from nodeloom.run.optionchecks import Check, Choice, FilePath, Number, OnOff, TimeZone, assignment

ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.none()))
NUMBERS = [
    Number(least=1, whole=True, example=8),
    Number(least=0, whole=True),
    Number(above=0, example=60),
    Number(),
]


def refusal(check: Check, name: str, value: object) -> ConfigurationError | None:
    try:
        check(name, value)
    except ConfigurationError as error:
        return error
    return None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["concurrency", "--concurrency"])
@pytest.mark.parametrize("check", NUMBERS, ids=repr)
@given(value=ANYTHING)
def test_a_number_is_taken_or_the_error_names_the_option_and_one_that_is(
    check: Number, name: str, value: object
) -> None:
    refused = refusal(check, name, value)
    if refused is None:
        assert isinstance(value, int if check.whole else (int, float))
        assert not isinstance(value, bool)
        assert value == value
    else:
        assert refused.message.startswith(f"{name} must be ")
        written = (refused.hint or "").partition(name)[2].strip(" =?").partition(",")[0]
        check(name, check.read(written))


@pytest.mark.parametrize(
    ("value", "nearest"),
    [(0, "1"), (-7, "1"), ("12", "12"), (7.6, "8"), (True, "8"), ("x", "8"), (math.nan, "8"), (math.inf, "8")],
)
def test_the_nearest_number_is_within_the_bounds(value: object, nearest: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        NUMBERS[0]("--n", value)
    assert f"--n {nearest}" in (caught.value.hint or "")


@pytest.mark.parametrize(("text", "value"), [("8", 8), ("x", "x"), ("8.5", "8.5"), ("", "")])
def test_a_text_of_the_command_line_is_read_as_a_number_or_left_to_be_refused(text: str, value: object) -> None:
    assert NUMBERS[0].read(text) == value


@pytest.mark.parametrize(
    ("name", "message"), [("how", 'how must be "stop" or "continue".'), ("--how", "--how must be stop or continue.")]
)
@pytest.mark.parametrize("value", ["Stop", "", None, 1, ["stop"]])
def test_a_choice_is_one_of_its_texts(name: str, message: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Choice(("stop", "continue"))(name, value)
    assert caught.value.message == message
    assert assignment(name, "stop") in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("value", "meant"), [("no", "False"), ("off", "False"), (0, "False"), (1, "True"), ("y", "True")]
)
def test_on_and_off_are_true_and_false(value: object, meant: str) -> None:
    with pytest.raises(ConfigurationError, match="x must be True or False") as caught:
        OnOff()("x", value)
    assert caught.value.hint == f"Did you mean x={meant}?"


def test_a_time_zone_that_is_near_no_other_is_given_an_example() -> None:
    with pytest.raises(ConfigurationError) as caught:
        TimeZone()("timezone", "Mars/X")
    assert caught.value.hint == 'Write timezone="Europe/Berlin", for example.'


@pytest.mark.parametrize("check", NUMBERS, ids=repr)
def test_a_number_beyond_a_double_is_refused(check: Number) -> None:
    refused = refusal(check, "concurrency", 10**400)
    assert refused is not None
    assert "for example" in (refused.hint or "")


def test_a_path_with_a_null_character_is_refused() -> None:
    refused = refusal(FilePath(), "journal", "a\0b")
    assert refused is not None
    assert refused.message == "journal must be the path of a file."
