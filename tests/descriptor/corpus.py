"""The recorded descriptors in `../shared/conformance/wire`, where the repository has that neighbour."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WIRE = ROOT.parent / "shared" / "conformance" / "wire"
FILES = sorted(WIRE.glob("*.json"))

needs_corpus = pytest.mark.skipif(not FILES, reason="the recorded descriptors (../shared/conformance/wire) are absent")


@functools.cache
def document(file: Path) -> Any:
    """One recorded document: node, credentials, items, cases. Shared: copy it before changing it."""
    return json.loads(file.read_text(encoding="utf-8"))


def credentials(file: Path) -> list[Any]:
    """The credential types of a recorded document."""
    return [c for c in document(file)["credentials"] if not c.get("__missing__")]
