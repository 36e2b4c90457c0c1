"""Something that is done again and again, and no more once it is over."""

from __future__ import annotations

import threading

from nodeloom.cli.progress.ticker import Ticker


def test_it_ticks_until_it_is_left() -> None:
    ticks = 0
    thrice = threading.Event()

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            thrice.set()

    with Ticker(0.001, tick):
        assert thrice.wait(30)
    before = ticks
    assert before >= 3
    assert not [thread for thread in threading.enumerate() if thread.name == "nodeloom-progress"]
    assert ticks == before


def test_it_is_left_at_once_however_long_a_tick_is_away() -> None:
    ticks: list[int] = []
    with Ticker(3600, lambda: ticks.append(1)):
        pass
    assert ticks == []


def test_a_slow_tick_is_not_made_up_for() -> None:
    under_way = threading.Event()
    go_on = threading.Event()
    most, now = 0, 0

    def tick() -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        under_way.set()
        go_on.wait(30)
        now -= 1

    with Ticker(0.001, tick):
        assert under_way.wait(30)
        go_on.set()
    assert most == 1
