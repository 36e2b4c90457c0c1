"""Credentials in the operating system's keyring (extra `keyring`).

Each credential is one entry of the service `nodeloom`: the user name is the credential's name, the password a JSON
object with its type and fields. A keyring cannot be listed, so one more entry, `(index)`, maps names to types.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom.credential.credentialmodel import StoredCredential
from nodeloom.credential.stores.storedchoice import check_name, choose, digest, gone, refuse_existing
from nodeloom.credential.stores.storelock import exclusive
from nodeloom.errors import CredentialError, CredentialStoreError
from nodeloom.jsonreading import ANY_JSON
from nodeloom.redaction import Masker, texts_of
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "nodeloom"
INDEX = "(index)"
_Result = TypeVar("_Result")


class KeyringProvider:
    """Reads and writes credentials in the OS keyring.

    `backend` is a keyring backend; by default the one `keyring` chooses. With `optional`, a system without a keyring
    (a server, a container) counts as one that holds nothing when it is read; writing to it still fails.
    """

    name = "keyring"

    def __init__(self, backend: KeyringBackend | None = None, *, optional: bool = False) -> None:
        self._given = backend
        self._optional = optional

    def __repr__(self) -> str:
        return "KeyringProvider()"

    def find(self, type_name: str, name: str | None) -> StoredCredential | None:
        """See `Provider.find`; CredentialStoreError when the keyring cannot be used."""
        if self._absent():
            return None
        chosen = choose(self._index(), type_name, name, place="the keyring")
        return None if chosen is None else self._entry(chosen)

    def list(self) -> Iterable[StoredCredential]:
        """The credentials in the keyring, in the order they were added."""
        if self._absent():
            return []
        entries = [self._entry(name) for name in self._index()]
        return [entry for entry in entries if entry is not None]

    def put(self, name: str, type_name: str, values: Mapping[str, Json], *, overwrite: bool = False) -> None:
        """Keep a credential under `name`.

        Raises CredentialStoreError when there is one already (unless `overwrite`) or the keyring refuses.
        """
        check_name(name)
        if name == INDEX:
            raise CredentialError(f"The name {INDEX!r} is taken by the keyring's own list.")
        kept = json.dumps({"type": type_name, "values": dict(values)}, ensure_ascii=False)
        try:
            with self._locked():
                index = self._index()
                if name in index and not overwrite:
                    raise refuse_existing(name, "the keyring")
                self._call(lambda: self._backend().set_password(SERVICE, name, kept))
                self._save_index({**index, name: type_name})
        except CredentialStoreError as error:
            # A backend's words may repeat what it was given.
            error.mask(Masker(texts_of(dict(values))))
            raise

    def remove(self, name: str) -> bool:
        """Take the credential `name` out of the keyring; False when it was not there."""
        if self._absent():
            return False
        with self._locked():
            index = self._index()
            if name not in index:
                return False
            if self._call(lambda: self._backend().get_password(SERVICE, name)) is not None:
                self._call(lambda: self._backend().delete_password(SERVICE, name))
            del index[name]
            self._save_index(index)
        return True

    def set_field(self, name: str, field: str, value: object) -> None:
        """Change one field of the credential `name`. Raises CredentialStoreError, also when it is not there."""
        with self._locked():
            entry = self._entry(name)
            if entry is None:
                raise gone(name, "the keyring")
            values = {**entry.values, field: value}
            kept = json.dumps({"type": entry.type, "values": values}, ensure_ascii=False)
            try:
                self._call(lambda: self._backend().set_password(SERVICE, name, kept))
            except CredentialStoreError as error:
                error.mask(Masker(texts_of(values)))
                raise

    def lock_file(self, name: str) -> Path:
        """The file that is locked while the tokens of the credential `name` are refreshed."""
        return _folder() / f"keyring.{digest(name)}.lock"

    def _locked(self) -> Any:
        # The index is read, changed and written back; the keyring itself does not have transactions.
        return exclusive(_folder() / "keyring.lock")

    def _backend(self) -> KeyringBackend:
        if self._given is None:
            try:
                import keyring
            except ImportError:
                raise CredentialStoreError(
                    "The keyring needs the package keyring, which is not installed.",
                    hint="Install it with: pip install 'nodeloom[keyring]'",
                ) from None
            return keyring.get_keyring()
        return self._given

    def _absent(self) -> bool:
        """Whether this system lacks a keyring and the user did not insist on one."""
        if not self._optional:
            return False
        try:
            from keyring.backends.fail import Keyring as NoKeyring
        except ImportError:
            return True
        return isinstance(self._call(self._backend), NoKeyring)

    def _call(self, action: Callable[[], _Result]) -> _Result:
        try:
            return action()
        except CredentialStoreError:
            raise
        except Exception as fault:  # noqa: BLE001 - a backend may raise any error of its platform
            raise CredentialStoreError(
                f"The OS keyring cannot be used: {type(fault).__name__}: {fault}",
                hint="Unlock it or choose a backend (`keyring --list-backends`), or use the file or the environment.",
            ) from None

    def _index(self) -> dict[str, str]:
        text = self._call(lambda: self._backend().get_password(SERVICE, INDEX))
        index = _object(text, "the list of its credentials") if text else {}
        return {name: str(kind) for name, kind in index.items()}

    def _save_index(self, index: Mapping[str, str]) -> None:
        text = json.dumps(index, ensure_ascii=False)
        self._call(lambda: self._backend().set_password(SERVICE, INDEX, text))

    def _entry(self, name: str) -> StoredCredential | None:
        text = self._call(lambda: self._backend().get_password(SERVICE, name))
        if text is None:
            return None  # deleted with the system's own tool
        entry = _object(text, f"the credential {name!r}")
        values = entry.get("values")
        if not isinstance(entry.get("type"), str) or not isinstance(values, dict):
            raise _unreadable(f"the credential {name!r}")
        return StoredCredential(name, entry["type"], values, self.name, self)


def _folder() -> Path:
    from platformdirs import user_config_dir

    return Path(user_config_dir("nodeloom", appauthor=False))


def _object(text: str, what: str) -> JsonObject:
    try:
        value = ANY_JSON.read(text)
    except ValueError:
        # The decoder's error carries the whole text, secrets included.
        raise _unreadable(what) from None
    if not isinstance(value, dict):
        raise _unreadable(what)
    return value


def _unreadable(what: str) -> CredentialStoreError:
    return CredentialStoreError(
        f"The OS keyring holds something under the service {SERVICE!r} that is not {what}.",
        hint="Remove it with the keyring's own tool, and add the credential again.",
    )
