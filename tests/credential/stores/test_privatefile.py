"""A file for its owner only: links, folders, modes and locks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from nodeloom import filelocks
from nodeloom.credential import FileProvider
from nodeloom.credential.stores import storelock as locking
from nodeloom.credential.stores.privatefile import PrivateFile
from nodeloom.errors import CredentialStoreError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")

TEXT = b'[a]\ntype = "t"\n'


@pytest.fixture
def file(tmp_path: Path) -> PrivateFile:
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    path = folder / "credentials.toml"
    path.write_bytes(TEXT)
    path.chmod(0o600)
    return PrivateFile(path)


def test_a_folder_that_is_open_to_all_is_refused(file: PrivateFile) -> None:
    """Anyone could put another file in its place; a sticky folder does not let them."""
    file.path.parent.chmod(0o777)
    with pytest.raises(CredentialStoreError, match="mode 0777") as caught:
        file.read()
    assert caught.value.hint == f"Run: chmod go-w {file.path.parent}"
    file.path.parent.chmod(0o1777)
    assert file.read() == TEXT


def test_two_links_to_one_file_have_one_lock(file: PrivateFile, tmp_path: Path) -> None:
    """Otherwise each would overwrite what the other wrote."""
    links = [tmp_path / name for name in ("one", "two")]
    for link in links:
        link.symlink_to(file.path)
    assert PrivateFile(links[0]).lock_beside("x") == PrivateFile(links[1]).lock_beside("x") == file.lock_beside("x")
    assert PrivateFile(links[0]).same_as(PrivateFile(links[1]))
    with (
        PrivateFile(links[0]).locked(),
        pytest.raises(CredentialStoreError, match="holds"),
        locking.exclusive(file.path.with_name("credentials.toml.lock"), patience=0.0),
    ):
        raise AssertionError("locked twice")


def test_a_link_to_nothing_makes_the_file_where_it_points(tmp_path: Path) -> None:
    """The link stays."""
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere" / "real.toml")
    FileProvider(link).put("a", "t", {"x": "y"})
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "real.toml").stat().st_mode & 0o777 == 0o600


def test_another_name_of_the_file_is_told_of(file: PrivateFile, caplog: pytest.LogCaptureFixture) -> None:
    """A hard link keeps the secrets that are replaced."""
    os.link(file.path, file.path.with_name("copy.toml"))
    assert file.read() == TEXT
    with file.locked():
        file.write(b"")
    assert f"find / -xdev -samefile {file.path}" in caplog.text
    assert file.path.with_name("copy.toml").read_bytes() == TEXT


@pytest.mark.parametrize("make", [lambda p: os.mkfifo(p), lambda p: p.mkdir()], ids=["fifo", "folder"])
def test_what_is_no_file_is_refused_and_keeps_nobody_waiting(file: PrivateFile, make: object) -> None:
    """A FIFO would wait for a writer."""
    file.path.unlink()
    make(file.path)  # type: ignore[operator]
    file.path.chmod(0o600)
    with pytest.raises(CredentialStoreError, match=f"not a regular file|{os.strerror(errno.EISDIR)}"):
        file.read()


def test_a_file_of_endless_size_is_refused(file: PrivateFile) -> None:
    """It is most likely another one."""
    with file.path.open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
    with pytest.raises(CredentialStoreError, match="larger than 16 MiB"):
        file.read()


def test_a_planted_lock_is_not_followed(file: PrivateFile, tmp_path: Path) -> None:
    """A link in the lock's place would have us make or lock a file of someone else's choice."""
    target = tmp_path / "victim"
    file.path.with_name("credentials.toml.lock").symlink_to(target)
    with pytest.raises(CredentialStoreError, match="cannot be opened"), file.locked():
        raise AssertionError("locked")
    assert not target.exists()


def test_a_file_system_without_locks_is_named(file: PrivateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not as if another process held the lock."""

    def without(_fd: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelocks, "try_lock", without)
    with (
        pytest.raises(CredentialStoreError, match="cannot lock files: No locks available") as caught,
        file.locked(),
    ):
        raise AssertionError("locked")
    assert "local disk" in (caught.value.hint or "")


def test_removing_leaves_the_link(file: PrivateFile, tmp_path: Path) -> None:
    """And a file that is gone already is no fault."""
    link = PrivateFile(tmp_path / "link")
    link.path.symlink_to(file.path)
    link.remove()
    assert link.path.is_symlink()
    assert not file.exists()
    link.remove()


@pytest.mark.parametrize("umask", [0, 0o077, 0o777])
def test_the_umask_does_not_matter(tmp_path: Path, umask: int) -> None:
    """The file is made for its owner whatever the shell says."""
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    before = os.umask(umask)
    try:
        FileProvider(folder / "c.toml").put("a", "t", {})
    finally:
        os.umask(before)
    assert (folder / "c.toml").stat().st_mode & 0o777 & ~0o600 == 0


def test_a_file_that_is_being_read_is_replaced_when_it_is_free(
    file: PrivateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace an open file."""
    refusals = [PermissionError(13, "Access is denied"), PermissionError(13, "Access is denied")]
    replace = Path.replace

    def refusing(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr("nodeloom.credential.stores.privatefile._POSIX", False)
    monkeypatch.setattr(Path, "replace", refusing)
    with file.locked():
        file.write(b"new")
    assert file.read() == b"new"
    assert refusals == []


def test_a_file_that_stays_open_is_a_clear_error_and_keeps_its_content(
    file: PrivateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while."""

    def refused(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Access is denied")

    with file.locked():
        file.write(b"old")
        monkeypatch.setattr("nodeloom.credential.stores.privatefile._POSIX", False)
        monkeypatch.setattr("nodeloom.credential.stores.privatefile._PATIENCE", 0.05)
        monkeypatch.setattr(Path, "replace", refused)
        with pytest.raises(CredentialStoreError, match="cannot be written: Access is denied"):
            file.write(b"new")
    assert file.read() == b"old"
