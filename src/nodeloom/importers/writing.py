"""Writes what an import gave into a folder: `nodes/NAME.json`, `credentials/TYPE.json`, `report.json`.

The same import writes the same bytes. Nothing is overwritten unless that is asked for, and all of it is known before
the first file is written.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodeloom.errors import ConfigurationError
from nodeloom.importers.documents import file_stem
from nodeloom.importers.n8n import ImportResult

REPORT = "report.json"


def default_folder(result: ImportResult) -> Path:
    """Where an import goes when nobody says: a folder named after the package, in the current one."""
    return Path(file_stem(result.report.package.rpartition("/")[2].removesuffix(".json")))


def write_import(result: ImportResult, folder: Path, *, force: bool = False) -> list[Path]:
    """Write descriptors and report below `folder`, and return the files.

    Raises ConfigurationError when one of them is there already (unless `force`), or cannot be written.
    """
    documents = {**result.files, REPORT: result.report.to_dict()}
    targets = {folder / path: document for path, document in documents.items()}
    there = [path for path in targets if path.is_symlink() or path.exists()]
    if there and not force:
        more = f" and {len(there) - 1} more files" if len(there) > 1 else ""
        raise ConfigurationError(
            f"{there[0]}{more} would be overwritten.", hint="Choose another --output, or add --force."
        )
    for path, document in targets.items():
        _write(path, json_text(document))
    return list(targets)


def json_text(document: Mapping[str, Any]) -> str:
    """A document as text: two spaces, keys in their own order, one line break at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    # Written beside and moved into place: an interrupted import leaves no half of a file, and a link is replaced
    # rather than followed.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".nodeloom-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as fault:
        raise ConfigurationError(
            f"{path} cannot be written: {fault.strerror}.", hint="Choose another --output."
        ) from None
