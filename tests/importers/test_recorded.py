"""Descriptors as n8n was recorded loading them go through the importer unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodeloom.importers.n8n import import_package

WIRE = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "wire"
RECORDED = sorted(WIRE.glob("*.json"))


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED, reason="the recordings of n8n are not beside the repository")
@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
def test_a_recorded_descriptor_is_imported_as_it_is(path: Path) -> None:
    recorded = json.loads(path.read_text("utf-8"))
    result = import_package(path)
    assert result.nodes == [recorded["node"]]
    assert result.credential_types == recorded["credentials"]
    assert [n.problems for n in result.report.nodes] == [[]]
