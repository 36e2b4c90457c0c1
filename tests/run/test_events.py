"""What an observer is asked for before it watches: methods that will be called, as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from nodeloom import Observer, Runtime
from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.run.events import check_observer
from nodeloom.telemetry import Telemetry
from tests.run.doubles import PROBE
from tests.run.watching import Diary


def observer(name: str, value: Any = lambda *_given: None) -> Observer:
    """An observer whose class has one more attribute."""
    kind: type[Observer] = type("Mine", (Observer,), {name: value})
    return kind()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_item_finished", "item_done"),
        ("item_finished", "item_done"),
        ("item_complete", "item_done"),
        ("itemDone", "item_done"),
        ("item_dne", "item_done"),
        ("items_done", "item_done"),
        ("on_item", "item_done"),
        ("item_failed", "item_done"),
        ("item_finshed", "item_done"),
        ("item_compleeted", "item_done"),
        ("run_fnished", "run_ended"),
        ("request_opned", "request_started"),
        ("item_started", "item_done"),
        ("run_start", "run_started"),
        ("on_run_started", "run_started"),
        ("run_strated", "run_started"),
        ("run_finished", "run_ended"),
        ("run_end", "run_ended"),
        ("request_sent", "request_started"),
        ("on_request", "request_started"),
        ("requestStarted", "request_started"),
        ("request_end", "request_ended"),
        ("request_failed", "request_ended"),
        ("after_request_ended", "request_ended"),
    ],
)
def test_a_misspelt_method_is_named_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"no method {name!r}") as caught:
        check_observer(observer(name))
    assert caught.value.hint == f"Did you mean {meant!r}?"


@pytest.mark.parametrize(
    "name", ["count", "flush", "items", "item_count", "request_id", "run", "close", "report", "_item_finished"]
)
def test_what_an_observer_has_for_itself_is_its_own(name: str) -> None:
    check_observer(observer(name))


def test_a_misspelt_method_of_the_object_itself_is_named_too() -> None:
    mine = Observer()
    mine.item_finished = print  # type: ignore[attr-defined]
    with pytest.raises(UnknownNameError, match="no method 'item_finished'"):
        check_observer(mine)


def test_what_is_no_method_is_its_own_too() -> None:
    check_observer(observer("items_done", 0))


async def coroutine(*_given: Any) -> None: ...


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (coroutine, "is a coroutine"),
        (None, "is not a method"),
        (5, "is not a method"),
        (lambda _self: None, "cannot be called: too many positional arguments"),
        (lambda _self, _run, _outcome: None, "cannot be called: too many positional arguments"),
        (lambda _self, _run, _outcome, _seconds, _more: None, "cannot be called: missing a required argument"),
    ],
)
def test_a_method_that_could_not_be_called_is_refused_before_the_run(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        check_observer(observer("item_done", value))
    assert "Mine.item_done" in caught.value.message
    assert "outcome" in str(caught.value.hint)


@pytest.mark.parametrize("value", [lambda *_given: None, lambda _self, _run, _outcome, _seconds=0.0, **_more: None])
def test_a_method_may_take_more_than_it_is_given(value: Any) -> None:
    check_observer(observer("item_done", value))


def test_observers_that_are_right_pass() -> None:
    for right in (Observer(), Diary(), Telemetry()):
        check_observer(right)


def test_a_run_checks_its_observers_before_anything_is_sent() -> None:
    with Runtime(discover_plugins=False) as runtime:
        runtime.add_node(PROBE)
        for given in (observer("on_item_finished"), [Observer(), observer("on_item_finished")]):
            with pytest.raises(UnknownNameError, match="on_item_finished"):
                runtime.run("probe", {"operation": "Get"}, observer=given)
