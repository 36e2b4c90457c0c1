"""Outcomes and errors come out of a journal as they went in, and what a failure says about what happened."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from nodeloom import errors
from nodeloom.errors import NodeloomError, restored
from nodeloom.run.journal.entries import Entry, State, state_of
from nodeloom.run.result import Outcome

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


def failed(error: NodeloomError, *statuses: int) -> Outcome:
    return Outcome(0, error=error, statuses=statuses)


def response(status: int) -> NodeloomError:
    return errors.BadRequestError("no", status=status)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome(0, [{"json": {}}], statuses=(200,)), State.SUCCEEDED),
        (failed(errors.MissingValueError("Link is empty.")), State.FAILED),
        (failed(errors.ExpressionError("broken")), State.FAILED),
        (failed(errors.NetworkError("refused", sent="no")), State.FAILED),
        (failed(errors.NetworkError("broke", sent="unknown")), State.UNKNOWN),
        (failed(errors.RequestTimeoutError("slow", sent="unknown")), State.UNKNOWN),
        (failed(errors.RequestError("says nothing")), State.UNKNOWN),
        (failed(errors.NetworkError("refused", sent="no"), 200), State.UNKNOWN),
        (failed(response(400), 400), State.FAILED),
        (failed(response(409), 429, 429, 409), State.FAILED),
        (failed(response(401), 401, 401), State.FAILED),
        (failed(errors.ServerError("500", status=500), 500), State.UNKNOWN),
        (failed(errors.UnexpectedRedirectError("302", status=302), 302), State.UNKNOWN),
        (failed(errors.UnreadableAnswerError("200", status=200), 200), State.UNKNOWN),
        (failed(response(400), 201, 400), State.UNKNOWN),
        (failed(errors.HookError("before sending")), State.FAILED),
        (failed(errors.HookError("after the answer"), 201), State.UNKNOWN),
        (failed(errors.ItemError("Nodeloom itself failed")), State.UNKNOWN),
        (failed(errors.NotRunError("waited for its turn")), State.NOT_RUN),
        (failed(errors.NotRunError("waited for its second call"), 200), State.UNKNOWN),
    ],
)
def test_what_may_have_happened_is_unknown(outcome: Outcome, state: State) -> None:
    assert state_of(outcome, repeatable=False) is state
    may_repeat = State.FAILED if state is State.UNKNOWN else state
    assert state_of(outcome, repeatable=True) is may_repeat


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
