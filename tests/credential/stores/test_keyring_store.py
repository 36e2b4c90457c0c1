"""The OS keyring: one entry a credential, and one that lists them."""

from __future__ import annotations

import sys
import threading

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

from nodeloom.credential import KeyringProvider
from nodeloom.errors import CredentialError, CredentialStoreError
from tests.credential.helpers import MemoryKeyring


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring()


def test_put_find_list_remove(keyring: MemoryKeyring) -> None:
    """What is put is found by type and by name, listed in order, and gone after removal."""
    provider = KeyringProvider(keyring)
    provider.put("office", "threeCxApi", {"clientSecret": "s", "serverUrl": "https://ü"})
    provider.put("crm", "otherApi", {})
    found = provider.find("threeCxApi", None)
    assert found is not None
    assert (found.name, found.source) == ("office", "keyring")
    assert found.values == {"clientSecret": "s", "serverUrl": "https://ü"}
    assert provider.find("threeCxApi", "crm") is None
    assert [c.name for c in provider.list()] == ["office", "crm"]
    assert provider.remove("office") is True
    assert provider.remove("office") is False
    assert [c.name for c in provider.list()] == ["crm"]
    assert {service for service, _ in keyring.entries} == {"nodeloom"}


def test_overwriting_needs_leave(keyring: MemoryKeyring) -> None:
    """As in the file."""
    provider = KeyringProvider(keyring)
    provider.put("a", "t", {"n": 1})
    with pytest.raises(CredentialStoreError, match="already"):
        provider.put("a", "t", {"n": 2})
    provider.put("a", "t", {"n": 3}, overwrite=True)
    assert [c.values["n"] for c in provider.list()] == [3]


def test_the_name_of_the_list_is_taken(keyring: MemoryKeyring) -> None:
    """A credential of that name would overwrite the list."""
    with pytest.raises(CredentialError, match="taken"):
        KeyringProvider(keyring).put("(index)", "t", {})


def test_an_entry_deleted_elsewhere_is_not_there(keyring: MemoryKeyring) -> None:
    """The system has tools of its own."""
    provider = KeyringProvider(keyring)
    provider.put("a", "t", {})
    del keyring.entries["nodeloom", "a"]
    assert provider.find("t", None) is None
    assert list(provider.list()) == []
    assert provider.remove("a") is True


@pytest.mark.parametrize("text", ["canary-5", "[]", '{"type": 1, "values": {}}', '{"type": "t", "values": "canary-5"}'])
def test_an_unreadable_entry_is_reported_without_its_text(keyring: MemoryKeyring, text: str) -> None:
    """The entry is the secret."""
    provider = KeyringProvider(keyring)
    provider.put("a", "t", {})
    keyring.entries["nodeloom", "a"] = text
    with pytest.raises(CredentialStoreError, match="'a'") as caught:
        provider.find("t", "a")
    assert "canary" not in str(caught.value)


def test_a_keyring_that_fails_is_a_store_that_fails(keyring: MemoryKeyring) -> None:
    """The backend's words are passed on, secrets taken out."""
    provider = KeyringProvider(keyring)
    keyring.broken = KeyringLocked("locked, cannot store canary-6")
    with pytest.raises(CredentialStoreError, match="KeyringLocked: locked") as caught:
        provider.put("a", "t", {"clientSecret": "canary-6"})
    assert "canary" not in str(caught.value)


def test_no_keyring_is_no_fault_where_none_is_insisted_on() -> None:
    """A container has none; the default chain goes on, writing does not."""
    none: KeyringBackend = NoKeyring()  # type: ignore[no-untyped-call]
    provider = KeyringProvider(none, optional=True)
    assert provider.find("t", None) is None
    assert list(provider.list()) == []
    assert provider.remove("a") is False
    with pytest.raises(CredentialStoreError, match="NoKeyringError"):
        provider.put("a", "t", {})
    with pytest.raises(CredentialStoreError):
        KeyringProvider(none).find("t", None)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install 'nodeloom[keyring]'`."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CredentialStoreError) as caught:
        KeyringProvider().put("a", "t", {})
    assert "nodeloom[keyring]" in (caught.value.hint or "")
    monkeypatch.setitem(sys.modules, "keyring.backends.fail", None)
    assert KeyringProvider(optional=True).find("t", None) is None


def test_threads_that_write_at_once_lose_nothing(keyring: MemoryKeyring) -> None:
    """The list of names is read, changed and written back under a lock."""
    threads = [threading.Thread(target=KeyringProvider(keyring).put, args=(f"c{i}", "t", {})) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(KeyringProvider(keyring).list())) == 8
