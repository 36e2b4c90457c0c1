"""A large document is imported whole: what it may cost is bound by its size, not by a number that it outgrows."""

from __future__ import annotations

from typing import Any

import pytest

from large_document import document
from nodeloom.importers.openapi import schemas as schemas_module
from nodeloom.importers.openapi.importer import import_raw
from tests.importers.openapi.shop import json_body, one

pytestmark = pytest.mark.slow

Json = dict[str, Any]


def test_a_document_like_microsoft_graph_s_is_imported() -> None:
    """Five hundred operations here; `benchmarks/large_document.py` makes ten thousand, as Graph has, and times them."""
    made = import_raw(document(500, entities=400))
    assert (made.report.operations, made.report.left_out, made.report.faults) == (500, 0, 0)
    assert len(made.operations[1].properties) > 30


def test_the_bound_grows_with_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number is that small documents are held to."""
    monkeypatch.setattr(schemas_module, "_MOST_STEPS", 10)
    made = import_raw(document(100, entities=40))
    assert made.report.left_out == 0


def test_a_schema_is_worked_out_once_however_often_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hundred operations with one body are no more work than one."""
    monkeypatch.setattr(schemas_module, "_MOST_STEPS", 50)
    monkeypatch.setattr(schemas_module, "_STEPS_A_VALUE", 0)
    raw = one({})
    reference = {"$ref": "#/components/schemas/It"}
    raw["components"] = {"schemas": {"It": {"type": "object", "properties": {f"a{n}": {} for n in range(20)}}}}
    raw["paths"] = {f"/p{n}": {"post": json_body(reference)} for n in range(500)}
    assert import_raw(raw).report.operations == 500
