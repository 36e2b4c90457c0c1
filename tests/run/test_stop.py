"""Stop: from any thread, from a signal handler, once or twice."""

from __future__ import annotations

import threading

from nodeloom import Stop


def test_listeners_are_told_each_time_and_the_level_never_falls() -> None:
    stop, heard = Stop(), list[int]()
    forget = stop.listen(heard.append)
    assert not stop.is_set
    stop.set()
    stop.set(now=True)
    stop.set()
    assert heard == [1, 2, 2]
    forget()
    forget()
    stop.set()
    assert heard == [1, 2, 2]
    assert stop.is_set


def test_who_listens_late_is_told_at_once() -> None:
    stop, heard = Stop(), list[int]()
    stop.set(now=True)
    stop.listen(heard.append)
    assert heard == [2]


def test_setting_while_listening_does_not_deadlock() -> None:
    """A signal handler may interrupt the thread that holds the lock."""
    stop = Stop()
    with stop._lock:
        stop.set()
    assert stop.is_set


def test_many_threads_may_set_it() -> None:
    stop, heard = Stop(), list[int]()
    stop.listen(heard.append)
    threads = [threading.Thread(target=stop.set) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [1] * 8
