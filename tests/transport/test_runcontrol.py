"""Whether a run goes on is asked in one place, and said in one place."""

from __future__ import annotations

import asyncio

import pytest

from nodeloom.transport.runcontrol import RunControl


@pytest.fixture
def channel() -> None:
    """Nothing is sent here, so there is no channel to choose."""


def test_the_first_reason_counts_and_is_told_once() -> None:
    control = RunControl()
    told: list[str | None] = []
    control.listen(lambda: told.append(control.why))
    assert not control.halted
    control.halt("item 3 failed", "Mend it.")
    control.halt("the run was stopped", "Run it again.")
    assert (control.halted, control.why, control.advice, told) == (True, "item 3 failed", "Mend it.", ["item 3 failed"])


def test_without_advice_a_run_is_to_be_run_again() -> None:
    control = RunControl()
    control.halt("the run was stopped")
    assert control.advice == "Run it again."


def test_the_first_fault_is_kept_also_after_the_end() -> None:
    control, first = RunControl(), ValueError("first")
    control.fail(first, "the input could not be read further")
    control.fail(KeyError("second"), "the run failed")
    control.keep(OSError("third"))
    assert (control.fault, control.why) == (first, "the input could not be read further")


def test_a_pause_ends_when_the_run_does() -> None:
    async def scenario() -> None:
        control = RunControl()
        await control.pause(0.0)
        pausing = asyncio.ensure_future(control.pause(3600))
        await asyncio.sleep(0)
        assert not pausing.done()
        control.halt("enough")
        await pausing
        await control.pause(3600)

    asyncio.run(scenario())
