"""A secret shows in nothing that prints, dumps, logs or pickles what holds it."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import string
import traceback
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeloom.credential import StoredCredential
from nodeloom.redaction import MaskedTexts, MaskedValues, Secret, forget_locals, masked, reveal
from tests.showing import locals_behind, pytest_traceback, rich_text, rich_traceback

CANARY = "canary-4711"
HOLDERS: list[Any] = [
    Secret(CANARY),
    MaskedValues({"key": CANARY}),
    masked({"key": {"inner": CANARY, "list": [{"deep": CANARY}]}}),
    MaskedTexts([CANARY]),
    StoredCredential("office", "t", {"a": CANARY, "b": {"c": Secret(CANARY)}}, "given"),
]
IDS = ["secret", "values", "nested", "texts", "stored"]


@given(st.text(min_size=1))
def test_a_secret_is_three_stars(value: str) -> None:
    """In every way text is made of it."""
    secret = Secret(value)
    assert str(secret) == repr(secret) == f"{secret}" == f"{secret!r}" == "%s" % secret == "{}".format(secret) == "***"  # noqa: UP031, UP032
    assert f"{secret:>5}" == "  ***"
    assert json.dumps({"a": secret}, default=str) == '{"a": "***"}'
    assert secret.reveal() == value
    assert secret


def test_a_secret_is_no_text() -> None:
    """None of the ways by which text leaks out of a str subclass is there."""
    secret: Any = Secret(CANARY)
    for use in (
        lambda: "".join([secret]),
        lambda: secret + "x",
        lambda: "x" + secret,
        lambda: secret[0],
        lambda: secret.encode(),
        lambda: list(secret),
        lambda: bytes(secret),
        lambda: len(secret),
        lambda: json.dumps(secret),
        lambda: vars(secret),
    ):
        with pytest.raises((TypeError, AttributeError)):
            use()
    assert CANARY not in str(dir(secret))


def test_a_pickle_does_not_carry_the_value() -> None:
    """It comes out as a secret that says so, instead of one that is wrong."""
    raw = pickle.dumps({"error": Secret(CANARY)})
    assert b"canary" not in raw
    left: Secret[str] = pickle.loads(raw)["error"]
    assert (str(left), bool(left)) == ("***", False)
    with pytest.raises(TypeError, match="does not carry its value"):
        left.reveal()


def test_a_copy_is_the_secret_itself() -> None:
    """Errors are copied for each who waits for the same token."""
    secret = Secret([CANARY])
    assert copy.copy(secret) is copy.deepcopy(secret) is secret


@given(st.text(st.characters()), st.text(st.characters()))
def test_two_secrets_are_equal_when_their_values_are(one: str, other: str) -> None:
    """A plain text equals none of them, so that none can be guessed at by mistake."""
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one
    assert reveal(Secret(one)) == reveal(one) == one


@pytest.mark.parametrize("holder", HOLDERS, ids=IDS)
def test_no_holder_shows_what_it_holds(holder: Any) -> None:
    """Alone, among others, printed nicely, or logged."""
    for value in (holder, [holder], {"x": (holder,)}):
        said = f"{value} {value!r} {pprint.pformat(value)} {rich_text(value)}"
        assert "canary" not in said
        assert "***" in said or "MaskedTexts(1)" in said


@pytest.mark.parametrize("holder", HOLDERS[1:], ids=IDS[1:])
def test_what_must_be_a_real_container_is_not_pickled(holder: Any) -> None:
    """A worker process gets no secrets by accident."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps({"x": holder}, protocol)


def test_masked_values_are_a_dict() -> None:
    """For JSON encoders, HTTP clients and the expression scope; copies are masked as well."""
    values = masked({"a": Secret("x"), "b": [{"c": "y"}], "d": ({"e": 1},)})
    assert values == {"a": "x", "b": [{"c": "y"}], "d": [{"e": 1}]}
    assert json.loads(json.dumps(values)) == values
    for copied in (copy.copy(values), copy.deepcopy(values)):
        assert copied == values
        assert type(copied) is MaskedValues
        assert type(copied["b"][0]) is MaskedValues


@given(st.sets(st.text(string.ascii_letters, min_size=1)))
def test_masked_texts_are_a_set(texts: set[str]) -> None:
    """What is added to them is masked as well."""
    both = MaskedTexts(texts) | {"another one"}
    assert both == texts | {"another one"}
    assert type(both) is MaskedTexts
    assert "another one" not in repr(both)


class Unlucky:
    """Code that fails with secrets in its variables."""

    def __init__(self, holder: Any) -> None:
        self._holder = holder

    def fail(self, holder: Any) -> NoReturn:
        inner = [holder, {"x": holder}]
        raise ValueError(f"failed with {inner}")


@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(HOLDERS)), ids=IDS)
def test_no_traceback_with_locals_shows_a_secret(index: int, caplog: pytest.LogCaptureFixture) -> None:
    """As rich and pytest print them, and `logging.exception`."""
    try:
        Unlucky(HOLDERS[index]).fail(HOLDERS[index])
    except ValueError as error:
        logging.getLogger("nodeloom").exception("failed with %s", HOLDERS[index])
        texts = [rich_traceback(error), pytest_traceback(error), "".join(traceback.format_exception(error))]
    for text in (*texts, caplog.text):
        # The name of the holder is there, so that its variables were looked at.
        assert "holder" in text or "failed with" in text
        assert "canary" not in text


def _plainly(secret: str, depth: int) -> NoReturn:
    if depth:
        copied = f"copy of {secret}"
        try:
            _plainly(copied, depth - 1)
        except ValueError as fault:
            raise KeyError("from below") from fault
    raise ValueError("failed")


def test_forgotten_locals_are_gone_from_the_whole_chain() -> None:
    """Causes, contexts and the members of groups; files and lines stay."""
    # Made here, so that no line of source that a traceback shows holds it.
    reversed_canary = CANARY[::-1]

    def both() -> NoReturn:
        try:
            _plainly(CANARY[::-1], 1)
        except KeyError as one:
            raise ExceptionGroup("both", [one, TypeError()]) from None

    with pytest.raises(ExceptionGroup) as caught:
        both()
    error = caught.value
    member = error.exceptions[0]
    assert reversed_canary in rich_text(locals_behind(member))
    forget_locals(error)
    for link in (error, member, member.__cause__):
        assert link is not None
        assert locals_behind(link) == []
    assert "_plainly" in "".join(traceback.format_exception(member))


def test_forgetting_ends_with_a_chain_that_goes_round() -> None:
    """A cause may lead back to where it began."""
    one, other = ValueError(), KeyError()
    one.__context__, other.__context__ = other, one
    forget_locals(one)
