"""Where the passphrase or the key of the encrypted credential file comes from.

`NODELOOM_CREDENTIALS_KEY` holds a key: 32 random bytes in base64. `NODELOOM_CREDENTIALS_PASSPHRASE` holds a
passphrase, `NODELOOM_CREDENTIALS_PASSPHRASE_FILE` names a file that does (a mounted secret); its last line break does
not count. Without them a passphrase is asked for, if a user can be asked: a program says how with `ask_with`.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import stat
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from nodeloom.credential.stores.sealing import KEY_BYTES, Unlock
from nodeloom.credential.stores.waycheck import refuse_weakness
from nodeloom.errors import CredentialError, CredentialStoreError
from nodeloom.redaction import Secret

KEY_VARIABLE = "NODELOOM_CREDENTIALS_KEY"
PASSPHRASE_VARIABLE = "NODELOOM_CREDENTIALS_PASSPHRASE"  # noqa: S105 - the name of a variable
PASSPHRASE_FILE_VARIABLE = "NODELOOM_CREDENTIALS_PASSPHRASE_FILE"  # noqa: S105
LEAST_CHARACTERS = 8

Ask = Callable[[Path], str]

logger = logging.getLogger("nodeloom")

# A process has one terminal, and its user is asked once for a file.
_ask: Ask | None = None
_answers: dict[Path, Secret[str]] = {}
_guard = threading.Lock()


def ask_with(ask: Ask | None) -> None:
    """Have `ask` called with the file's path for a passphrase that the environment does not have; None: do not ask."""
    global _ask
    with _guard:
        _ask = ask
        _answers.clear()


class Keys:
    """The passphrase and the key for one encrypted file; `environ` is read when they are asked for."""

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._environ = os.environ if environ is None else environ

    def present(self) -> bool:
        """Whether the environment has a passphrase or a key."""
        names = (KEY_VARIABLE, PASSPHRASE_VARIABLE, PASSPHRASE_FILE_VARIABLE)
        return any(self._environ.get(name) for name in names)

    def unlock(self, wants: str | None = None) -> Unlock:
        """What opens a file that wants a `passphrase` or a `key`; for a new file (None) the key, if there is one.

        Raises CredentialStoreError when it is not there, saying where to put it.
        """
        if wants != "passphrase":
            key = self._key()
            if key is not None:
                return Unlock(key=key)
        if wants == "key":
            raise CredentialStoreError(
                f"The encrypted credential file {self._path} is locked with a key, which was not given.",
                hint=f"Set {KEY_VARIABLE} to it.",
            )
        return Unlock(passphrase=self._passphrase())

    def forget(self) -> None:
        """Forget a passphrase that somebody was asked for: it was not the right one."""
        with _guard:
            _answers.pop(self._path, None)

    def _key(self) -> Secret[bytes] | None:
        text = self._environ.get(KEY_VARIABLE)
        return read_key(text, f"The environment variable {KEY_VARIABLE}") if text else None

    def _passphrase(self) -> Secret[str]:
        given = self._environ.get(PASSPHRASE_VARIABLE)
        if given:
            return Secret(given)
        file = self._environ.get(PASSPHRASE_FILE_VARIABLE)
        if file:
            return _from_file(Path(file).expanduser())
        with _guard:
            if _ask is not None:
                if self._path not in _answers:
                    _answers[self._path] = Secret(_ask(self._path))
                return _answers[self._path]
        raise CredentialStoreError(
            f"The encrypted credential file {self._path} is locked, and there is no passphrase.",
            hint=f"Set {PASSPHRASE_VARIABLE}, or {PASSPHRASE_FILE_VARIABLE} to a file that holds it.",
        )


def read_key(text: str, where: str) -> Secret[bytes]:
    """The key in a text. Raises CredentialError when there is none, without repeating the text."""
    try:
        raw = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise CredentialError(
            f"{where} holds no key: a key is {KEY_BYTES} bytes in base64.",
            hint="Make one with: openssl rand -base64 32",
        )
    return Secret(raw)


def check_new(passphrase: Secret[str]) -> Unlock:
    """A passphrase that a file may be encrypted with from now on. Raises CredentialError for one that is too short."""
    if len(passphrase.reveal()) < LEAST_CHARACTERS:
        raise CredentialError(
            f"The passphrase is shorter than {LEAST_CHARACTERS} characters.", hint="Take several words."
        )
    return Unlock(passphrase=passphrase)


def _from_file(path: Path) -> Secret[str]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise CredentialStoreError(
            f"The passphrase file {path} cannot be read: {said}.", hint=f"Check {PASSPHRASE_FILE_VARIABLE}."
        ) from None
    refuse_weakness(path, "passphrase file")
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        # Container engines mount secrets so; no other user is in the container then.
        logger.warning("The passphrase file %s can be read by other users; unless it has to be: chmod 600", path)
    if not text:
        raise CredentialStoreError(f"The passphrase file {path} is empty.", hint=f"Check {PASSPHRASE_FILE_VARIABLE}.")
    return Secret(text)
