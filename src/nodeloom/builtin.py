"""The nodes and credential types that ship with Nodeloom, registered through the hooks any pack uses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nodeloom.datafolder import data_root
from nodeloom.hooks import hookimpl


@hookimpl
def nodeloom_nodes() -> Mapping[str, Path]:
    """Every folder in `nodes/` that holds a `node.json`."""
    return {file.parent.name: file.parent for file in sorted((data_root() / "nodes").glob("*/node.json"))}


@hookimpl
def nodeloom_credential_types() -> Mapping[str, Path]:
    """Every JSON file in `credentials/`."""
    return {file.stem: file for file in sorted((data_root() / "credentials").glob("*.json"))}
