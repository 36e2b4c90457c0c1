"""`benchmarks/measure.py` does what it says, with few items; no time is asserted."""

from __future__ import annotations

import pytest

from measuring.contestants import COMMAND_LINE, STREAM
from measuring.growth import Grown, verdicts
from measuring.usage import Usage

from .commands import benchmark


def test_every_section_is_measured() -> None:
    found = benchmark("measure.py", "--items=20", "--rounds=1", "--up-to=50", "--own-server")
    assert [row["operation"] for row in found["planning"]] == ["Delete Weblink", "List Weblink", "Create Weblink"]
    assert len(found["expressions"]) == 3
    assert [(row["name"], row["usage"]["items"]) for row in found["growth"]] == [(STREAM, 50), (COMMAND_LINE, 50)]


@pytest.mark.parametrize(
    ("megabytes", "verdict"), [(55, "holds"), (56, "MISSED")], ids=["within a tenth", "more than a tenth"]
)
def test_memory_is_held_against_that_of_20_000_items(megabytes: int, verdict: str) -> None:
    peaks = {1_000: 40, 20_000: 50, 1_000_000: megabytes}
    results = [Grown(STREAM, Usage(items, 1, 1, peak * 1_000_000)) for items, peak in peaks.items()]
    [line] = verdicts(results)
    assert line.endswith(verdict)
