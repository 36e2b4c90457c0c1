"""Asking the person at the terminal for the passphrase of the encrypted credential file."""

from __future__ import annotations

import os
from pathlib import Path

from nodeloom.cli.terminal import ask, is_terminal
from nodeloom.errors import CredentialStoreError

# Where a passphrase is typed when standard input is something else.
_TERMINAL = Path("CONIN$" if os.name == "nt" else "/dev/tty")


def passphrases_are_asked_for() -> None:
    """Have a locked file ask for its passphrase from now on, when something in it is needed."""
    from nodeloom.credential.stores.unlocking import ask_with

    ask_with(ask_passphrase)


def ask_passphrase(path: Path) -> str:
    """A file's passphrase, typed twice for a file that is not there yet.

    Raises CredentialStoreError when there is no one to ask, CredentialError for a new passphrase that is too short.
    """
    if not path.exists():
        return asked_twice(path)
    _require_someone(f"The encrypted credential file {path} is locked")
    return str(ask(f"Passphrase of {path}", hide_input=True))


def asked_twice(path: Path) -> str:
    """A new passphrase for a file. Raises as `ask_passphrase` does."""
    from nodeloom.credential.stores.unlocking import check_new
    from nodeloom.redaction import Secret

    _require_someone(f"The encrypted credential file {path} needs a passphrase")
    typed = str(ask(f"New passphrase of {path}", hide_input=True, confirmation_prompt=True))
    check_new(Secret(typed))
    return typed


def _require_someone(said: str) -> None:
    from nodeloom.credential.stores.unlocking import PASSPHRASE_FILE_VARIABLE, PASSPHRASE_VARIABLE

    if not _someone_is_there():
        raise CredentialStoreError(
            f"{said}, and there is no one to ask.",
            hint=f"Set {PASSPHRASE_VARIABLE}, or {PASSPHRASE_FILE_VARIABLE} to a file that holds it.",
        )


def _someone_is_there() -> bool:
    """Whether a passphrase can be typed, without taking it from standard input if that is items or a file."""
    if is_terminal():
        return True
    try:
        with _TERMINAL.open("rb"):
            return True
    except OSError:
        return False
