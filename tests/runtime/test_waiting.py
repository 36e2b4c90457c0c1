"""A thread that waits for an event loop: signals are seen between its waits."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import Any

import pytest

from nodeloom.runtime import waiting
from nodeloom.runtime.waiting import waited_for


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_SLICE", 0.001)


def after_a_while(act: Any) -> None:
    timer = threading.Timer(0.02, act)
    timer.daemon = True
    timer.start()


def test_the_result_is_given() -> None:
    future: Future[str] = Future()
    after_a_while(lambda: future.set_result("done"))
    assert waited_for(future) == "done"


@pytest.mark.parametrize("fault", [TimeoutError("its own"), KeyError("x")])
def test_what_was_raised_is_raised(fault: Exception) -> None:
    """A TimeoutError of the work itself too, which is not that of a wait."""
    future: Future[str] = Future()
    after_a_while(lambda: future.set_exception(fault))
    with pytest.raises(type(fault)) as caught:
        waited_for(future)
    assert caught.value is fault


def test_a_cancelled_one_is_no_result() -> None:
    future: Future[str] = Future()
    after_a_while(future.cancel)
    with pytest.raises(CancelledError):
        waited_for(future)


def test_an_interrupt_between_two_waits_ends_the_wait() -> None:
    """One that came just before a wait for a lock began, and all on Windows."""

    class Interrupted(Future[str]):
        def exception(self, timeout: float | None = None) -> BaseException | None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        waited_for(Interrupted())
