"""The nodes and credential types that are installed: all that listing, searching, describing and completing need.

A runtime would bring with it what runs need, and those commands send nothing.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nodeloom.cli.terminal import say
from nodeloom.errors import NodeloomError, UnknownNameError
from nodeloom.plugins import Plugins
from nodeloom.runtime.registry import Registry

if TYPE_CHECKING:
    from nodeloom.descriptor.catalogue import Node
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.runtime.runtime import Runtime


def load_registry() -> Registry:
    """What the plugins register."""
    return Registry(Plugins())


def warn(failures: Iterable[NodeloomError]) -> None:
    """Name on standard error what is wrong with plugins; what else they brought is there."""
    for failure in failures:
        say(f"warning: {failure}")


def named_node(known: Registry | Runtime, written: str) -> Node:
    """The node that is meant. A path to a descriptor (a JSON file, or a folder with node.json) adds that node first."""
    if _is_path(written, known.nodes):
        return known.add_node(written)
    return known.node(written)


def named_type(known: Registry | Runtime, written: str) -> CredentialType:
    """The credential type that is meant. A path to its JSON file adds that type first."""
    if _is_path(written, known.credential_types):
        return known.add_credential_type(written)
    try:
        return known.credential_type(written)
    except UnknownNameError as error:
        error.hint = (
            f"{error.hint or ''} A type that is not installed is given by its file: ./service/credentials/TYPE.json."
        )
        raise


def _is_path(written: str, known: Container[str]) -> bool:
    """Whether a file or folder is meant, not one of the `known` names."""
    looks_like_path = os.sep in written or "/" in written or written.endswith(".json")
    return looks_like_path and (Path(written).exists() or written not in known)
