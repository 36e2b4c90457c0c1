"""A credential file is refused when another user can exchange it: by any folder above it, or by a link on the way."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodeloom.credential import EncryptedFileProvider, FileProvider
from nodeloom.credential.stores.privatefile import PrivateFile
from nodeloom.credential.stores.sealing import Work
from nodeloom.credential.stores.storelock import claimed, exclusive
from nodeloom.credential.stores.unlocking import PASSPHRASE_FILE_VARIABLE, Keys
from nodeloom.credential.stores.waycheck import weakness_of
from nodeloom.errors import CredentialStoreError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")

TEXT = b'[a]\ntype = "t"\n'
STRANGER = 54321


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder of one's own, three deep."""
    folder = tmp_path / "home" / "config" / "own"
    folder.mkdir(parents=True)
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)
    yield folder
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "credentials.toml"
    path.write_bytes(TEXT)
    path.chmod(0o600)
    return path


def refused(path: Path, place: Path, hint: str) -> None:
    """It is refused by name of the place, with what to do about it; read and written."""
    with pytest.raises(CredentialStoreError) as caught:
        PrivateFile(path).read()
    assert str(place) in caught.value.message
    assert caught.value.hint == hint
    with pytest.raises(CredentialStoreError, match="Another user can"):
        PrivateFile(path).write(b"new")
    with pytest.raises(CredentialStoreError, match="Another user can"), PrivateFile(path).locked():
        raise AssertionError("locked")


def folders(home: Path) -> dict[str, Path]:
    return {"parent": home, "grandparent": home.parent, "great-grandparent": home.parent.parent}


@pytest.mark.parametrize("which", ["parent", "grandparent", "great-grandparent"])
def test_an_open_folder_above_it_is_refused(file: Path, home: Path, which: str) -> None:
    """Whoever may write there can move away what is below, and put something else there."""
    folder = folders(home)[which]
    folder.chmod(0o777)
    refused(file, folder, f"Run: chmod go-w {folder}")
    folder.chmod(0o1777)
    assert PrivateFile(file).read() == TEXT
    folder.chmod(0o757)
    refused(file, folder, f"Run: chmod go-w {folder}")
    folder.chmod(0o755)
    assert PrivateFile(file).read() == TEXT
    assert file.read_bytes() == TEXT


@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_a_link_in_an_open_folder_is_refused(file: Path, tmp_path: Path, mode: int) -> None:
    """Its target is in order, but anyone can make the link lead elsewhere."""
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    link = open_folder / "link.toml"
    link.symlink_to(file)
    open_folder.chmod(mode)
    refused(link, open_folder, f"Run: chmod go-w {open_folder}")
    open_folder.chmod(0o755)
    assert PrivateFile(link).read() == TEXT


def test_a_link_to_a_folder_counts_as_one_to_the_file(file: Path, home: Path, tmp_path: Path) -> None:
    """Relative, absolute, by way of another link, and back up again."""
    open_folder = tmp_path / "open"
    open_folder.mkdir()
    (open_folder / "up").symlink_to(os.path.relpath(home, open_folder))
    (tmp_path / "first").symlink_to("open/up")
    way = tmp_path / "first" / ".." / home.name / file.name
    assert PrivateFile(way).read() == TEXT
    open_folder.chmod(0o777)
    refused(way, open_folder, f"Run: chmod go-w {open_folder}")


def test_a_relative_path_is_looked_at_from_where_it_begins(
    file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of the program."""
    monkeypatch.chdir(home)
    assert PrivateFile(Path(file.name)).read() == TEXT
    home.parent.chmod(0o777)
    refused(Path(file.name), home.parent, f"Run: chmod go-w {home.parent}")


def test_what_is_not_there_yet_is_no_weakness(home: Path) -> None:
    """The file is made, and folders for it; an open folder above is said before anything is in it."""
    assert weakness_of(home / "new" / "file") is None
    FileProvider(home / "new" / "credentials.toml").put("a", "t", {})
    home.chmod(0o777)
    with pytest.raises(CredentialStoreError, match="Another user can"):
        FileProvider(home / "other" / "credentials.toml").put("a", "t", {})
    assert not (home / "other" / "credentials.toml").exists()


def test_links_that_go_round_in_a_circle_end(home: Path) -> None:
    """The system says so too."""
    (home / "one").symlink_to("two")
    (home / "two").symlink_to("one")
    with pytest.raises(CredentialStoreError, match=r"Too many levels|cannot be looked at"):
        PrivateFile(home / "one").read()
    with pytest.raises(OSError, match="Too many levels"):
        weakness_of(home / "one")


@as_root
@pytest.mark.parametrize("which", ["parent", "grandparent", "great-grandparent"])
def test_a_folder_of_another_user_is_refused(file: Path, home: Path, which: str) -> None:
    """It is theirs to change."""
    folder = folders(home)[which]
    os.chown(folder, STRANGER, 0)
    with pytest.raises(CredentialStoreError, match=rf"{folder} belongs to another user \(uid {STRANGER}\)"):
        PrivateFile(file).read()
    folder.chmod(0o1777)
    with pytest.raises(CredentialStoreError, match="belongs to another user"):
        PrivateFile(file).read()


@as_root
@pytest.mark.parametrize("which", ["parent", "grandparent", "great-grandparent"])
def test_a_folder_that_is_open_to_a_group_is_refused(file: Path, home: Path, which: str) -> None:
    """But for a group of the user's own, as Linux distributions set it up."""
    folder = folders(home)[which]
    folder.chmod(0o775)
    assert PrivateFile(file).read() == TEXT
    os.chown(folder, 0, STRANGER)
    folder.chmod(0o775)
    refused(file, folder, f"Run: chmod g-w {folder}")
    folder.chmod(0o1775)
    assert PrivateFile(file).read() == TEXT


@as_root
@pytest.mark.parametrize(
    "plant",
    [
        lambda folder, file: (folder / "planted").symlink_to(file),
        lambda folder, file: (folder / "planted").symlink_to(file.parent),
        lambda folder, _file: (folder / "planted").mkdir(),
    ],
    ids=["link to the file", "link to its folder", "folder"],
)
def test_what_another_user_made_in_a_sticky_folder_is_refused(
    file: Path, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    """There they cannot exchange what is ours, but what is theirs."""
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    plant(sticky, file)
    planted = sticky / "planted"
    way = planted / file.name if planted.is_dir() else planted
    if not way.exists():
        way.write_bytes(TEXT)
        way.chmod(0o600)
    assert PrivateFile(way).read() == TEXT
    os.chown(planted, STRANGER, 0, follow_symlinks=False)
    with pytest.raises(CredentialStoreError, match=rf"{planted} (was made by|belongs to) another user"):
        PrivateFile(way).read()


@as_root
def test_a_user_trusts_themself_and_root_and_nobody_else() -> None:
    """A user's own folder, below one of root; also with a group of their own."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        theirs = Path(made) / "theirs"
        theirs.mkdir()
        path = theirs / "credentials.toml"
        path.touch(0o600)
        for each in (theirs, path):
            os.chown(each, STRANGER, STRANGER)
        assert f"uid {STRANGER}" in str(weakness_of(path))
        os.seteuid(STRANGER)
        try:
            assert weakness_of(path) is None
            theirs.chmod(0o775)
            assert weakness_of(path) is None
        finally:
            os.seteuid(0)
        os.chown(theirs, STRANGER + 1, STRANGER)
        os.seteuid(STRANGER)
        try:
            assert f"uid {STRANGER + 1}" in str(weakness_of(path))
        finally:
            os.seteuid(0)


# -- what else is kept beside it ---------------------------------------------------------------------------------------


def test_an_encrypted_file_is_held_to_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it cannot be read, but exchanged for an older one."""
    monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", "correct horse battery")
    store = EncryptedFileProvider(home / "credentials.enc", work=Work(2**14, 8, 1))
    store.put("a", "t", {"x": "y"})
    home.parent.chmod(0o777)
    with pytest.raises(CredentialStoreError, match="encrypted credential file") as caught:
        store.find("t", "a")
    assert caught.value.hint == f"Run: chmod go-w {home.parent}"


def test_a_lock_file_is_held_to_the_same(home: Path) -> None:
    """Two processes would hold two different ones: that of the keyring, of tokens that are refreshed."""
    home.parent.chmod(0o777)
    with pytest.raises(CredentialStoreError, match="lock file"), exclusive(home / "a.lock", patience=0):
        raise AssertionError("locked")

    async def claim() -> None:
        async with claimed(home / "a.lock", patience=0):
            raise AssertionError("locked")

    with pytest.raises(CredentialStoreError, match="lock file"):
        asyncio.run(claim())
    assert not (home / "a.lock").exists()


def test_a_passphrase_file_is_held_to_the_same(home: Path) -> None:
    """Whoever exchanges it chooses what the credentials are encrypted with from then on."""
    path = home / "passphrase"
    path.write_text("correct horse battery")
    path.chmod(0o600)
    keys = Keys(home / "credentials.enc", {PASSPHRASE_FILE_VARIABLE: str(path)})
    assert keys.unlock("passphrase").passphrase
    home.parent.chmod(0o777)
    with pytest.raises(CredentialStoreError, match="passphrase file"):
        keys.unlock("passphrase")
