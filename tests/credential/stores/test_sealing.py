"""The encrypted document: it comes back whole or not at all, and its header cannot be made to harm."""

from __future__ import annotations

import base64
import json
import pickle
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeloom.credential.stores.sealing import (
    KEY_BYTES,
    Unlock,
    Work,
    forget_keys,
    is_sealed,
    lock_of,
    new_lock,
    seal,
    unseal,
)
from nodeloom.errors import CredentialStoreError
from nodeloom.redaction import Secret

CHEAP = Work(n=2**14)
WORDS = Unlock(passphrase=Secret("canary horse battery"))
KEY = Unlock(key=Secret(bytes(range(KEY_BYTES))))
# One salt, so that scrypt works once for all examples.
LOCK = new_lock(WORDS, CHEAP)
SEALED = seal('[a]\ntype = "t"\nsecret = "canary-1"\n', LOCK, WORDS)


def with_header(**change: Any) -> bytes:
    header, _, body = SEALED.partition(b"\n")
    document = {**json.loads(header), **change}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n" + body


@given(st.text(st.characters(codec="utf-8")))
@settings(deadline=None)
def test_what_is_sealed_comes_back(text: str) -> None:
    """With a passphrase as with a key."""
    for lock, unlock in ((LOCK, WORDS), (new_lock(KEY), KEY)):
        raw = seal(text, lock, unlock)
        assert is_sealed(raw)
        assert lock_of(raw) == lock
        assert unseal(raw, unlock).decode() == text


def test_no_two_writes_are_alike() -> None:
    """The nonce is new for each; a stream cipher would give itself away otherwise."""
    texts = {seal("same", LOCK, WORDS) for _ in range(50)}
    assert len(texts) == 50


def test_nothing_of_the_document_can_be_read() -> None:
    """Not as it is, not in the base64 of its own."""
    assert b"canary" not in SEALED
    assert b"canary" not in base64.b64decode(SEALED.partition(b"\n")[2])


@pytest.mark.slow
@given(st.data())
@settings(deadline=None)
def test_any_bit_that_was_changed_is_noticed(data: st.DataObject) -> None:
    """In the header as in the encrypted part: the header is authenticated along."""
    at = data.draw(st.integers(0, len(SEALED) - 2))
    changed = bytes([*SEALED[:at], SEALED[at] ^ (1 << data.draw(st.integers(0, 6))), *SEALED[at + 1 :]])
    try:
        opened = unseal(changed, WORDS)
    except CredentialStoreError as error:
        assert "canary" not in f"{error}"  # noqa: PT017 - any of the errors will do
    else:
        # Base64 may say the same in two ways where its last characters hold bits of no byte.
        assert opened == unseal(SEALED, WORDS)
        assert SEALED.partition(b"\n")[0] == changed.partition(b"\n")[0]


@given(st.binary(max_size=300))
def test_anything_at_all_is_a_named_error(raw: bytes) -> None:
    """Whatever stands in the file's place."""
    for text in (raw, SEALED[:40] + raw, SEALED.partition(b"\n")[0] + b"\n" + raw):
        with pytest.raises(CredentialStoreError):
            unseal(text, KEY)


def test_a_wrong_passphrase_says_no_more_than_that() -> None:
    """The same words as for a file that was changed: there is nothing to learn from which it was."""
    changed = SEALED[:-4] + b"AAA\n"
    with pytest.raises(CredentialStoreError, match="not opened by this passphrase, or it was changed") as wrong:
        unseal(SEALED, Unlock(passphrase=Secret("canary horse batterz")))
    with pytest.raises(CredentialStoreError) as broken:
        unseal(changed, WORDS)
    assert str(wrong.value) == str(broken.value)


def test_what_is_locked_with_the_one_is_not_opened_with_the_other() -> None:
    """It says which of the two it wants."""
    with pytest.raises(CredentialStoreError, match="locked with a passphrase"):
        unseal(SEALED, KEY)
    with pytest.raises(CredentialStoreError, match="locked with a key"):
        unseal(seal("x", new_lock(KEY), KEY), WORDS)


@pytest.mark.parametrize(
    "cost",
    [
        {"n": 2**13},
        {"n": 2**21},
        {"n": 2**17 + 1},
        {"n": 0},
        {"n": -(2**17)},
        {"n": 2**17 + 0.0},
        {"n": True},
        {"n": "131072"},
        {"r": 0},
        {"r": 1},
        {"r": 10**9},
        {"p": 0},
        {"p": 10**6},
        {"n": 2**20, "r": 32},
        {"kdf": "none"},
        {"kdf": "hkdf-sha1"},
        {"cipher": "none"},
        {"nonce": "AAAA"},
        {"salt": ""},
        {"salt": None},
    ],
)
def test_a_header_that_asks_for_too_much_or_too_little_is_refused(cost: dict[str, Any]) -> None:
    """Before any work is done."""
    with pytest.raises(CredentialStoreError, match="broken"):
        unseal(with_header(**cost), WORDS)


def test_a_later_version_says_to_update() -> None:
    """Also one whose header holds other things."""
    with pytest.raises(CredentialStoreError, match="version 2") as caught:
        unseal(with_header(version=2, kdf="argon2id"), WORDS)
    assert caught.value.hint == "Update Nodeloom."


def test_a_passphrase_is_the_same_however_it_was_typed() -> None:
    """Keyboards give an accent as one character or as two (Unicode's NFC and NFD)."""
    composed, parted = (unicodedata.normalize(form, "pässwörter") for form in ("NFC", "NFD"))
    raw = seal("x", LOCK, Unlock(passphrase=Secret(composed)))
    assert unseal(raw, Unlock(passphrase=Secret(parted))) == b"x"


def test_the_default_cost_is_what_is_recommended() -> None:
    """128 MiB for each guess (OWASP's first choice for scrypt)."""
    work = new_lock(WORDS).work
    assert work == Work(n=2**17, r=8, p=1)
    assert work.within_bounds()


def test_keys_are_forgotten() -> None:
    """They are made again then."""
    forget_keys()
    assert unseal(SEALED, WORDS).startswith(b"[a]")


def test_what_unlocks_shows_and_hands_over_nothing() -> None:
    """Not by repr, not by pickle."""
    for unlock in (WORDS, KEY):
        assert "canary" not in repr(unlock)
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(unlock)
