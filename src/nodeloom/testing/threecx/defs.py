"""Defs: what the usual connection check (`GET /Defs?$select=Id`) reads."""

from __future__ import annotations

from ..odata.model import Edm, EntitySet, EntityType, Field

DEFS = EntitySet(
    "Defs",
    EntityType("Pbx.Defs", (Field("Id", Edm.INT32, nullable=False),), key=("Id",)),
    verbs=frozenset({"list", "get"}),
    etags=False,
)
