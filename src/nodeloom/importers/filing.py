"""What an import makes, as files: names that stay in their folder, and writing that leaves no half of a file."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from nodeloom.errors import ConfigurationError

#: Names that Windows keeps for devices, with any ending behind the first dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))})


def file_stem(name: str) -> str:
    """A name as a file's: ASCII letters, digits, `_` and `-`; never a path, an option, a hidden file or a device."""
    # A leading dash would be an option of the next command that takes the file; 100 characters fit every file system.
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_").lstrip("-")[:100] or "unnamed"
    return f"{plain}_" if plain.casefold() in _DEVICES else plain


def write_file(path: Path, text: str) -> None:
    """Write a text as UTF-8. Raises ConfigurationError when that cannot be done.

    It is written beside and moved into place: an interrupted import leaves no half of a file, and a link is replaced
    rather than followed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder: a rename across file systems is a copy, and can leave half a file.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".nodeloom-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            # mkstemp makes files that only their owner may read; imported documents are not secret.
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as fault:
        raise ConfigurationError(
            f"{path} cannot be written: {fault.strerror}.", hint="Check its folder's permissions, or name another."
        ) from None
