"""Where the documents that ship with Nodeloom are."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def data_root() -> Path:
    """The folder that holds `nodes/`, `credentials/` and `schemas/`.

    An installed package carries them in `nodeloom/_data`; in a checkout they are at the repository's top.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parents[1]
