"""The requests and items of community nodes are those n8n was recorded with, where the recordings are at hand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECK = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "check_wire.py"

# What cannot agree: an upload named by a random number, queries made from the time of day, a date read in the zone
# of the recorder's process.
AGREEMENT = 99.0


@pytest.mark.skipif(not CHECK.exists(), reason="the recordings of n8n are not beside this checkout")
def test_recorded_requests_and_items_agree() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "utf8", str(CHECK)],
        capture_output=True,
        text=True,
        env={**os.environ, "TZ": "UTC"},
        timeout=110,
        check=False,
    )
    found = re.search(r"wire agreement ([\d.]+)%", run.stdout)
    assert found is not None, run.stdout + run.stderr
    assert float(found[1]) >= AGREEMENT, run.stdout
