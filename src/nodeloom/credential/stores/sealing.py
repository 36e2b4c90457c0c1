"""A document encrypted with a passphrase or a key: the format of the encrypted credential file.

The first line is a header in JSON, the second the encrypted document in base64:

    {"format":"nodeloom-credentials","version":1,"cipher":"aes-256-gcm","nonce":"…","kdf":"scrypt","salt":"…","n":131072,"r":8,"p":1}
    …

* The cipher is AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a nonce of 96 random bits for every write. The
  bytes of the header's line are authenticated along, so that neither half can be changed or exchanged.
* The key is made of a passphrase by scrypt (RFC 7914), or of a key of 32 bytes by HKDF-SHA256 (RFC 5869), with a salt
  of 128 random bits that stays until the passphrase is changed. The passphrase is taken in Unicode's form NFC, in
  UTF-8.
* scrypt's cost stands in the header, and is bounded when it is read: a file that was tampered with can neither have the
  machine work for hours nor fill its memory, and one that asks for next to no work is refused.

This module knows neither files nor the environment; `cryptography` is imported when it is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import threading
import unicodedata
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from nodeloom.errors import CredentialStoreError
from nodeloom.jsonreading import ANY_JSON
from nodeloom.redaction import Secret, forget_locals, refuse_pickling
from nodeloom.values import JsonObject

ENCRYPTED_PATH_VARIABLE = "NODELOOM_ENCRYPTED_CREDENTIALS"
KEY_BYTES = 32

_FORMAT = "nodeloom-credentials"
_BEGINNING = b'{"format":"nodeloom-credentials",'
_VERSION = 1
_CIPHER = "aes-256-gcm"
_NONCE_BYTES = 12
_SALT_BYTES = 16
_MOST_HEADER_BYTES = 1024
_WHERE = "The encrypted credential file"
_KEY_INFO = b"nodeloom credential file, version 1"


@dataclass(frozen=True, slots=True)
class Work:
    """scrypt's cost (RFC 7914 section 2): it takes 128 * n * r bytes of memory, and time in proportion to n * r * p."""

    n: int = 2**17
    r: int = 8
    p: int = 1

    def within_bounds(self) -> bool:
        """Whether this is neither too little to withstand guessing nor more than a machine should be made to do."""
        return (
            self.n & (self.n - 1) == 0
            and 2**14 <= self.n <= 2**20
            and 8 <= self.r <= 32
            and 1 <= self.p <= 16
            and 128 * self.n * self.r <= 1024**3
            and self.n * self.r * self.p <= 2**24
        )


@dataclass(frozen=True, slots=True, repr=False)
class Unlock:
    """What a file is locked with: a passphrase, or a key of 32 bytes."""

    passphrase: Secret[str] | None = None
    key: Secret[bytes] | None = None

    def __repr__(self) -> str:
        return f"Unlock({'key' if self.key else 'passphrase'}=***)"

    def __reduce__(self) -> NoReturn:
        refuse_pickling(self)


@dataclass(frozen=True, slots=True)
class Lock:
    """How a file's key is made: by scrypt with `work` of a passphrase, or by HKDF of a key when there is none."""

    salt: bytes
    work: Work | None

    @property
    def wants(self) -> str:
        """What opens it: `passphrase` or `key`."""
        return "key" if self.work is None else "passphrase"


def is_sealed(raw: bytes) -> bool:
    """Whether `raw` begins as an encrypted document does."""
    return raw.startswith(_BEGINNING)


def new_lock(unlock: Unlock, work: Work | None = None) -> Lock:
    """A lock with a salt of its own for a file that is encrypted with `unlock` from now on."""
    return Lock(os.urandom(_SALT_BYTES), (work or Work()) if unlock.key is None else None)


def lock_of(raw: bytes, where: str = _WHERE) -> Lock:
    """How the key of an encrypted document is made. Raises CredentialStoreError when its header is broken.

    `where` begins the error's message.
    """
    return _header(raw, where)[0]


def seal(text: str, lock: Lock, unlock: Unlock) -> bytes:
    """`text` encrypted."""
    nonce = os.urandom(_NONCE_BYTES)
    kdf: JsonObject = (
        {"kdf": "hkdf-sha256", "salt": _base64(lock.salt)}
        if lock.work is None
        else {"kdf": "scrypt", "salt": _base64(lock.salt), **asdict(lock.work)}
    )
    document = {"format": _FORMAT, "version": _VERSION, "cipher": _CIPHER, "nonce": _base64(nonce), **kdf}
    header = json.dumps(document, separators=(",", ":")).encode("ascii")
    sealed = _cipher(lock, unlock).encrypt(nonce, text.encode("utf-8"), header)
    return header + b"\n" + _base64(sealed).encode("ascii") + b"\n"


def unseal(raw: bytes, unlock: Unlock, where: str = _WHERE) -> bytes:
    """The document in `raw`.

    Raises CredentialStoreError when the passphrase or key is not the one, or anything in the file was changed: which
    of the two cannot be told, by anyone.
    """
    lock, nonce, header, body = _header(raw, where)
    from cryptography.exceptions import InvalidTag

    try:
        opened: bytes = _cipher(lock, unlock).decrypt(nonce, body, header)
    except InvalidTag as fault:
        forget_locals(fault)
        raise CredentialStoreError(
            f"{where} is not opened by this {lock.wants}, or it was changed.",
            hint=f"Check the {lock.wants}; if it is right, put a backup of the file in its place.",
        ) from None
    return opened


def _header(raw: bytes, where: str) -> tuple[Lock, bytes, bytes, bytes]:
    """(lock, nonce, the header's bytes, encrypted bytes)."""
    header, _, body = raw.partition(b"\n")
    document: JsonObject = {}
    try:
        document = dict(ANY_JSON.read(header.decode())) if len(header) <= _MOST_HEADER_BYTES else {}
        nonce, salt = _bytes(document["nonce"], _NONCE_BYTES), _bytes(document["salt"], _SALT_BYTES)
        sealed = base64.b64decode(body.strip(), validate=True)
        lock = Lock(salt, _work(document)) if _is_known(document) else None
    except (ValueError, TypeError, KeyError):
        lock = None
    version = document.get("version")
    if document.get("format") == _FORMAT and isinstance(version, int) and version > _VERSION:
        raise CredentialStoreError(
            f"{where} has version {version} of its format; this Nodeloom knows {_VERSION}.", hint="Update Nodeloom."
        )
    if lock is None:
        raise CredentialStoreError(
            f"{where} is broken: its header or its data is not what Nodeloom writes.",
            hint="Put a backup of the file in its place.",
        )
    return lock, nonce, header, sealed


def _is_known(document: JsonObject) -> bool:
    return (document["format"], document["version"], document["cipher"]) == (_FORMAT, _VERSION, _CIPHER)


def _work(document: JsonObject) -> Work | None:
    """The cost in a header, None for a key. Raises ValueError if it is not a cost, or out of bounds."""
    if document["kdf"] == "hkdf-sha256":
        return None
    numbers = [document[name] for name in ("n", "r", "p")]
    work = Work(*numbers) if all(type(number) is int for number in numbers) else None
    if document["kdf"] != "scrypt" or work is None or not work.within_bounds():
        raise ValueError("no way to make a key that Nodeloom knows")
    return work


def _bytes(text: str, length: int) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != length:
        raise binascii.Error("another length")
    return raw


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _cipher(lock: Lock, unlock: Unlock) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_key_of(lock, unlock).reveal())


# Deriving a key is meant to take long, and a process asks for credentials again and again.
_KEPT: OrderedDict[tuple[Lock, bytes], Secret[bytes]] = OrderedDict()
_MOST_KEPT = 16
_guard = threading.Lock()


def _key_of(lock: Lock, unlock: Unlock) -> Secret[bytes]:
    """The key of the file. Raises CredentialStoreError when `unlock` is not of the kind that `lock` wants."""
    given: bytes | None = None
    if lock.work is None and unlock.key is not None:
        given = unlock.key.reveal()
    elif lock.work is not None and unlock.passphrase is not None:
        given = unicodedata.normalize("NFC", unlock.passphrase.reveal()).encode("utf-8", "surrogatepass")
    if given is None:
        raise CredentialStoreError(f"The encrypted credential file is locked with a {lock.wants}, which was not given.")
    name = (lock, hashlib.sha256(given).digest())
    with _guard:
        kept = _KEPT.get(name)
        if kept is None:
            kept = _KEPT[name] = Secret(_derive(lock, given))
            while len(_KEPT) > _MOST_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(name)
        return kept


def _derive(lock: Lock, given: bytes) -> bytes:
    if lock.work is None:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return HKDF(SHA256(), KEY_BYTES, lock.salt, _KEY_INFO).derive(given)
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    work = lock.work
    return Scrypt(salt=lock.salt, length=KEY_BYTES, n=work.n, r=work.r, p=work.p).derive(given)


def forget_keys() -> None:
    """Forget the keys made so far: after a fork a child begins with its own lock, and tests with no key."""
    global _guard
    _guard = threading.Lock()
    _KEPT.clear()


if hasattr(os, "register_at_fork"):
    # A child must not wait for a lock that no thread of its own will release.
    os.register_at_fork(after_in_child=forget_keys)
