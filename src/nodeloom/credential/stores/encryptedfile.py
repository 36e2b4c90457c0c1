"""Credentials in an encrypted file (extra `encrypted`): the same tables as in the plain one, locked away.

The file is `$NODELOOM_ENCRYPTED_CREDENTIALS`, or stands beside the plain file with the ending `.enc`. `sealing.py` says
what stands in it, `unlocking.py` where passphrase and key come from.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from nodeloom.credential.stores.plainfile import default_path
from nodeloom.credential.stores.privatefile import PrivateFile
from nodeloom.credential.stores.sealing import (
    ENCRYPTED_PATH_VARIABLE,
    Lock,
    Unlock,
    Work,
    lock_of,
    new_lock,
    seal,
    unseal,
)
from nodeloom.credential.stores.tablestore import TableStore
from nodeloom.credential.stores.unlocking import Keys
from nodeloom.errors import CredentialStoreError


def default_encrypted_path() -> Path:
    """`$NODELOOM_ENCRYPTED_CREDENTIALS`, or the plain file's path with the ending `.enc`."""
    chosen = os.environ.get(ENCRYPTED_PATH_VARIABLE)
    return Path(chosen).expanduser() if chosen else default_path().with_suffix(".enc")


class EncryptedFileProvider(TableStore):
    """Reads and writes credentials in an encrypted file; without `path`, in `default_encrypted_path()`.

    `keys` says what opens it; without, the environment. `work` is what a new passphrase costs to try.
    """

    def __init__(self, path: str | Path | None = None, *, keys: Keys | None = None, work: Work | None = None) -> None:
        where = Path(path).expanduser() if path is not None else default_encrypted_path()
        super().__init__(PrivateFile(where, what="encrypted credential file", variable=ENCRYPTED_PATH_VARIABLE))
        self._keys = keys or Keys(where)
        self._work = work

    @property
    def name(self) -> str:
        """`encrypted file PATH`."""
        return f"encrypted file {self.path}"

    def read_text(self) -> str | None:
        """The document; None when there is no file.

        Raises CredentialStoreError when the file cannot be read, is locked, or is not opened by what is given.
        """
        raw = self.file.read()
        if raw is None:
            return None
        self.require_package()
        try:
            return self.decoded(unseal(raw, self._keys.unlock(self._lock_of(raw).wants), self._where))
        except CredentialStoreError:
            self._keys.forget()
            raise

    def write_text(self, text: str) -> None:
        """Replace the document, with the salt the file has. Raises CredentialStoreError."""
        self.require_package()
        raw = self.file.read()
        if raw is not None:
            lock = self._lock_of(raw)
            unlock = self._keys.unlock(lock.wants)
        else:
            unlock = self._keys.unlock()
            lock = new_lock(unlock, self._work)
        self.file.write(seal(text, lock, unlock))

    def rekey(self, unlock: Unlock) -> None:
        """Encrypt the file anew, for another passphrase or key. Raises CredentialStoreError."""
        self.require_package()
        with self.file.locked():
            text = self.read_text()
            if text is None:
                raise CredentialStoreError(
                    f"There is no encrypted credential file {self.path}.",
                    hint="Make one with: nodeloom credentials encrypt",
                )
            self.file.write(seal(text, new_lock(unlock, self._work), unlock))

    @property
    def _where(self) -> str:
        return f"The encrypted credential file {self.path}"

    def _lock_of(self, raw: bytes) -> Lock:
        return lock_of(raw, self._where)

    def require_package(self) -> None:
        """Raise CredentialStoreError where the package cryptography is not installed."""
        if find_spec("cryptography") is None:
            raise CredentialStoreError(
                f"The encrypted credential file {self.path} needs the package cryptography, which is not installed.",
                hint="Install it with: pip install 'nodeloom[encrypted]'",
            )


def move_all(source: TableStore, target: TableStore) -> list[str]:
    """Move every credential of `source` to `target`, comments included, and remove `source`; gives their names.

    The target is complete and read back before the source goes: a crash in between leaves both, and the next call ends
    what this one began. Raises CredentialStoreError when the target has another credential under one of the names.
    """
    import tomlkit

    if source.file.same_as(target.file):
        raise CredentialStoreError(
            f"The plain and the encrypted credential file are one: {source.path}.",
            hint=f"Set {ENCRYPTED_PATH_VARIABLE} to another file.",
        )
    first, second = sorted((source, target), key=lambda store: str(store.path))
    with first.file.locked(), second.file.locked():
        moving, kept = source.tables(), target.tables()
        different = [name for name, table in moving.items() if kept.get(name, table) != table]
        if different:
            raise CredentialStoreError(
                f"There is already another credential {', '.join(map(repr, different))} in {target.name}.",
                hint="Remove one of the two: nodeloom credentials remove NAME --store file, or --store encrypted.",
            )
        text = source.read_text()
        if text is None:
            return []
        if kept:
            document, brought = target.document(), source.document()
            for name in moving:
                if name not in kept:
                    document[name] = brought[name]
            text = tomlkit.dumps(document)
        target.write_text(text)
        if {**kept, **moving} != target.tables():
            raise CredentialStoreError(
                f"What was written to {target.name} cannot be read back; {source.name} was left as it is.",
                hint="Check the disk.",
            )
        source.file.remove()
    return list(moving)
