"""What the commands about credentials share: a runtime that may ask for a passphrase, and the place of a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeloom.cli.passphrase import passphrases_are_asked_for

if TYPE_CHECKING:
    from nodeloom import Runtime
    from nodeloom.credential import EncryptedFileProvider, FileProvider, KeyringProvider

    Place = FileProvider | EncryptedFileProvider | KeyringProvider

#: The places by the names that `--store` takes.
STORES = ("file", "encrypted", "keyring")


def credential_runtime() -> Runtime:
    """A runtime that asks for the passphrase of an encrypted file when it needs it."""
    # Imported here, because `nodeloom --help` does not need it.
    from nodeloom import Runtime

    passphrases_are_asked_for()
    return Runtime()


def choose_store(store: str | None) -> Place:
    """The place of that name; without a name the encrypted file if there is one, else the file."""
    from nodeloom.credential import EncryptedFileProvider, FileProvider, KeyringProvider

    passphrases_are_asked_for()
    if store == "keyring":
        return KeyringProvider()
    encrypted = EncryptedFileProvider()
    if store == "encrypted":
        # A package that is missing is named before anything is asked for.
        encrypted.require_package()
    # A user who has encrypted the credentials does not expect the next one in plain text.
    return encrypted if store == "encrypted" or (store is None and encrypted.file.exists()) else FileProvider()
