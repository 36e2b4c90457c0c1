"""Credentials in a TOML file that only its owner can read.

The file is `$NODELOOM_CREDENTIALS`, or `credentials.toml` in the user's configuration folder; `tablestore.py` says
what stands in it, `privatefile.py` when it is refused.
"""

from __future__ import annotations

import os
from pathlib import Path

from nodeloom.credential.stores.privatefile import PrivateFile
from nodeloom.credential.stores.sealing import ENCRYPTED_PATH_VARIABLE, is_sealed
from nodeloom.credential.stores.tablestore import TableStore
from nodeloom.errors import CredentialStoreError

PATH_VARIABLE = "NODELOOM_CREDENTIALS"


def default_path() -> Path:
    """`$NODELOOM_CREDENTIALS`, or `credentials.toml` in the user's configuration folder."""
    chosen = os.environ.get(PATH_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_dir

    return Path(user_config_dir("nodeloom", appauthor=False)) / "credentials.toml"


class FileProvider(TableStore):
    """Reads and writes credentials in a TOML file; without `path`, in `default_path()`."""

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__(PrivateFile(Path(path).expanduser() if path is not None else default_path()))

    @property
    def name(self) -> str:
        """`file PATH`."""
        return f"file {self.path}"

    def read_text(self) -> str | None:
        """The file's text; None when there is no file. Raises CredentialStoreError."""
        raw = self.file.read()
        if raw is not None and is_sealed(raw):
            raise CredentialStoreError(
                f"The credential file {self.path} is an encrypted one.",
                hint=f"Set {ENCRYPTED_PATH_VARIABLE} to it, and {PATH_VARIABLE} to another file or none.",
            )
        return None if raw is None else self.decoded(raw)

    def write_text(self, text: str) -> None:
        """Replace the file. Raises CredentialStoreError, with the old file as it was."""
        self.file.write(text.encode("utf-8"))
