"""Whether any installed distribution could have plugins, found out without importlib.metadata.

That module takes as long to import as all the rest of a short command, and then reads the metadata of every
distribution; on most machines it finds no plugin. This module says when it need not be asked.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder

_METADATA = (".dist-info", ".egg-info")


def may_have_entry_points(group: str) -> bool:
    """Whether a distribution on `sys.path` may have entry points of `group`. False is certain, True is not.

    True also if distributions may be kept in other ways than in folders with metadata beside them: zip files, eggs, and
    finders of others (the entry points specification of PyPA; `importlib.metadata.DistributionFinder`).
    """
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    header = f"[{group}]".encode()
    return any(_folder_may(entry or os.curdir, header) for entry in dict.fromkeys(sys.path))


def _folder_may(folder: str, header: bytes) -> bool:
    if folder.lower().endswith(".egg"):
        return True
    try:
        names = os.listdir(folder)  # noqa: PTH208 - only the names are wanted
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return any(_mentions(folder, name, header) for name in names if name.lower().endswith(_METADATA))


def _mentions(folder: str, name: str, header: bytes) -> bool:
    try:
        with open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:  # noqa: PTH118, PTH123 - as quick as can be
            return header in file.read()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
