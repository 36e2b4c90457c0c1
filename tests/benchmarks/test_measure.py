"""`benchmarks/measure.py` does what it says, with few items; no time is asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from measuring.contestants import COMMAND_LINE, STREAM
from measuring.growth import Grown, verdicts
from measuring.page import put
from measuring.usage import Usage
from tests.benchmarks.commands import FOLDER, benchmark

pytestmark = pytest.mark.slow

PAGE = FOLDER.parent / "docs" / "performance.md"


def test_every_section_is_measured_and_put_into_the_page(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    found = benchmark("measure.py", "--items=20", "--rounds=1", "--up-to=50", "--own-server", f"--page={page}")
    assert found["start-up"]["python -c pass"] > 0
    assert [row["operation"] for row in found["planning"]] == ["Delete Weblink", "List Weblink", "Create Weblink"]
    assert len(found["expressions"]) == 3
    assert [row["name"] for row in found["overhead"]] == ["run()", "run(), journal", "run(), an observer"]
    assert [(row["name"], row["usage"]["items"]) for row in found["growth"]] == [(STREAM, 50), (COMMAND_LINE, 50)]
    written = page.read_text(encoding="utf-8")
    for head in ("started as", "plan room", "µs an item", "answered at once", "CPU µs"):
        assert head in written


def test_a_page_without_the_section_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- peers -->\nold\n<!-- /peers -->\n", encoding="utf-8")
    put(page, "peers", ["a", "", "b"])
    assert page.read_text(encoding="utf-8") == "<!-- peers -->\n\n    a\n\n    b\n\n<!-- /peers -->\n"
    with pytest.raises(ValueError, match="no place <!-- growth -->"):
        put(page, "growth", [])


@pytest.mark.parametrize(
    ("megabytes", "verdict"), [(55, "holds"), (56, "MISSED")], ids=["within a tenth", "more than a tenth"]
)
def test_memory_is_held_against_that_of_20_000_items(megabytes: int, verdict: str) -> None:
    peaks = {1_000: 40, 20_000: 50, 1_000_000: megabytes}
    results = [Grown(STREAM, Usage(items, 1, 1, peak * 1_000_000)) for items, peak in peaks.items()]
    [line] = verdicts(results)
    assert line.endswith(verdict)
