"""Writes what an import gave into a folder: `nodes/NAME.json`, `credentials/TYPE.json`, `report.json`.

The same import writes the same bytes. Files are overwritten only if that is asked for, and all of it is known before
the first file is written.
"""

from __future__ import annotations

from pathlib import Path

from nodeloom.errors import ConfigurationError
from nodeloom.importers.filing import file_stem, write_file
from nodeloom.importers.n8n import ImportResult
from nodeloom.printable import json_text

REPORT = "report.json"


def default_folder(result: ImportResult) -> Path:
    """The folder of an import if the caller names none: one named after the package, in the current one."""
    return Path(file_stem(result.report.package.rpartition("/")[2].removesuffix(".json")))


def write_import(result: ImportResult, folder: Path, *, force: bool = False) -> list[Path]:
    """Write descriptors and report below `folder`, and return the files.

    Raises ConfigurationError when one of them is there already (unless `force`), or cannot be written.
    """
    documents = {**result.files, REPORT: result.report.to_dict()}
    targets = {folder / path: document for path, document in documents.items()}
    # A link that leads nowhere does not exist, and would be replaced all the same.
    there = [path for path in targets if path.is_symlink() or path.exists()]
    if there and not force:
        more = f" and {len(there) - 1} more files" if len(there) > 1 else ""
        raise ConfigurationError(
            f"{there[0]}{more} would be overwritten.", hint="Choose another --output, or add --force."
        )
    for path, document in targets.items():
        write_file(path, json_text(document, 2) + "\n")
    return list(targets)
