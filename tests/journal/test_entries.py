"""Outcomes and errors come out of a journal as they went in, and what a failure says about what happened."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from nodeloom import errors
from nodeloom.errors import Effect, NodeloomError, restored
from nodeloom.journal.entries import Entry, State, state_of
from nodeloom.outcomes import Outcome

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NodeloomError) and kind is not errors.UnknownNameError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_comes_back_as_it_was(kind: type[NodeloomError]) -> None:
    error = kind(
        "It broke.", hint="Mend it.", item=3, property="Link", path="$.a", value="x" * 300, expression="={{ a }}",
        status=404, method="GET", sent="no",
    )  # fmt: skip
    back = restored(json.loads(json.dumps(error.to_dict())))
    assert type(back) is kind
    assert back.to_dict() == error.to_dict()
    assert str(back) == str(error)
    assert back.args == error.args
    assert back.result is None


def test_an_error_with_a_constructor_of_its_own_comes_back() -> None:
    error = errors.UnknownNameError("node", "threecy", ["threecx"])
    assert restored(error.to_dict()).to_dict() == error.to_dict()


def test_an_error_of_a_plugins_own_class_keeps_its_names() -> None:
    class QuotaError(errors.ItemError):
        code = "quota"

    document = QuotaError("No quota left.", item=1, left=0).to_dict()
    back = restored(document)
    assert isinstance(back, errors.ItemError)
    assert back.to_dict() == document


@pytest.mark.parametrize(
    ("error", "effect", "state", "state_of_repeatable"),
    [
        (None, Effect.DONE, State.SUCCEEDED, State.SUCCEEDED),
        (None, Effect.NONE, State.SUCCEEDED, State.SUCCEEDED),  # an answer of 404 that the descriptor ignores
        (errors.MissingValueError("Link is empty."), Effect.NONE, State.FAILED, State.FAILED),
        (errors.NetworkError("broke", sent="unknown"), Effect.UNKNOWN, State.UNKNOWN, State.FAILED_OPEN),
        (errors.HookError("after the answer"), Effect.DONE, State.UNKNOWN, State.FAILED_OPEN),
        (errors.ItemError("Nodeloom itself failed"), Effect.UNKNOWN, State.UNKNOWN, State.FAILED_OPEN),
        (errors.NotRunError("waited for its turn"), Effect.NONE, State.NOT_RUN, State.NOT_RUN),
    ],
)
def test_what_may_have_happened_is_unknown(
    error: NodeloomError | None, effect: Effect, state: State, state_of_repeatable: State
) -> None:
    outcome = Outcome(0, error=error, effect=effect)
    assert state_of(outcome, repeatable=False) is state
    assert state_of(outcome, repeatable=True) is state_of_repeatable


def test_a_call_that_waits_behind_one_that_was_done_leaves_it_open() -> None:
    error = errors.NotRunError("waited for its second call")
    assert state_of(Outcome(0, error=error, statuses=(200,), effect=Effect.DONE), repeatable=False) is State.UNKNOWN


@pytest.mark.parametrize(
    ("state", "effect"),
    [(State.FAILED, Effect.NONE), (State.FAILED_OPEN, Effect.UNKNOWN), (State.UNKNOWN, Effect.UNKNOWN)],
)
def test_an_effect_comes_out_of_a_journal_as_it_went_in(state: State, effect: Effect) -> None:
    error = json.dumps(errors.ServerError("503", status=503).to_dict())
    entry = Entry(0, b"", state, 0.0, None, None, error, "[503]", 0)
    assert entry.outcome().effect is effect
    assert entry.maybe_done is (effect is not Effect.NONE)


def test_every_kind_of_error_is_in_the_module() -> None:
    """`restored` finds them there by name."""
    assert all(inspect.getmodule(kind) is errors for kind in KINDS)


def test_restoring_takes_what_an_older_journal_may_lack() -> None:
    back: Any = restored({"message": "old", "code": "item", "type": "ItemError"})
    assert (back.message, back.hint, back.details) == ("old", None, {})


@pytest.mark.parametrize(
    ("statuses", "redirect"),
    [([200], None), ([302, 200], 302), ([503, 303, 204], 303), ([307, 200], None), ([302], None)],
)
def test_a_success_behind_a_redirect_says_so_when_it_is_told_again(statuses: list[int], redirect: int | None) -> None:
    """A last 302 is the answer itself, of a node that takes it for one."""
    entry = Entry(0, b"", State.SUCCEEDED, 0.0, None, '[{"json": {}}]', None, json.dumps(statuses), 0)
    assert entry.outcome().redirect == redirect
