"""The TOML file: readable by its owner only, written whole, nothing lost between two writers."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeloom.credential import FileProvider
from nodeloom.credential.stores.storelock import exclusive
from nodeloom.errors import CredentialError, CredentialStoreError

OFFICE = """# kept by hand
[office]
type = "threeCxApi"
serverUrl = "https://pbx.example.com:5001"  # the main one
clientSecret = "canary-3"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nodeloom" / "credentials.toml"


def write(path: Path, text: str, mode: int = 0o600) -> FileProvider:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return FileProvider(path)


def test_a_table_is_a_credential(path: Path) -> None:
    """Its key is the name, `type` the type, the rest the fields."""
    provider = write(path, OFFICE)
    found = provider.find("threeCxApi", "office")
    assert found is not None
    assert found.values == {"serverUrl": "https://pbx.example.com:5001", "clientSecret": "canary-3"}
    assert found.source == f"file {path}"
    assert provider.find("otherApi", "office") is None
    assert provider.find("threeCxApi", "home") is None


def test_no_file_holds_nothing(path: Path) -> None:
    """A missing file is no fault."""
    provider = FileProvider(path)
    assert provider.find("threeCxApi", None) is None
    assert list(provider.list()) == []
    assert provider.remove("office") is False
    assert not path.parent.exists()


def test_the_default_is_the_one_named_as_its_type_or_the_only_one(path: Path) -> None:
    """With several and no default the choice is the caller's."""
    two = OFFICE + '[home]\ntype = "threeCxApi"\n'
    only = write(path, OFFICE).find("threeCxApi", None)
    assert only is not None
    assert only.name == "office"
    with pytest.raises(CredentialError, match="'home', 'office'"):
        write(path, two).find("threeCxApi", None)
    default = write(path, two + '[threeCxApi]\ntype = "threeCxApi"\n').find("threeCxApi", None)
    assert default is not None
    assert default.name == "threeCxApi"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o777])
def test_a_file_others_can_touch_is_refused_with_the_chmod_that_mends_it(path: Path, mode: int) -> None:
    """Reading, writing or executing: none of it is for others."""
    provider = write(path, OFFICE, mode)
    for use in (provider.list, lambda: provider.put("x", "t", {}), lambda: provider.remove("office")):
        with pytest.raises(CredentialStoreError, match=f"mode {mode:04o}") as caught:
            use()
        assert caught.value.hint == f"Run: chmod 600 {path}"
    assert path.read_text(encoding="utf-8") == OFFICE


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_only_is_read(path: Path, mode: int) -> None:
    """What the owner may do does not matter."""
    assert write(path, OFFICE, mode).find("threeCxApi", None) is not None


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_someone_else_is_refused(path: Path) -> None:
    """Who owns the file decides what it says."""
    provider = write(path, OFFICE)
    os.chown(path, 12345, -1)
    with pytest.raises(CredentialStoreError, match="another user") as caught:
        provider.list()
    assert "chown" in (caught.value.hint or "")


def test_the_chmod_quotes_a_path_with_spaces(tmp_path: Path) -> None:
    """The command can be pasted."""
    spaced = tmp_path / "my files" / "credentials.toml"
    with pytest.raises(CredentialStoreError) as caught:
        write(spaced, OFFICE, 0o644).list()
    assert caught.value.hint == f"Run: chmod 600 '{spaced}'"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\ntype = "t"\nsecret = canary-4\n', "line 3"),
        ('[a]\ntype = "t"\nsecret = "canary-4\n', "line 3"),
        ('[a]\ntype = "t"\nsecret = "canary\\-4"\n', "line 3"),
        ('[a]\ntype = "t"\n[a]\nsecret = "canary-4"\n', "line 3"),
        ('[a]\nsecret = "canary-4"\n', "does not say its type"),
        ('secret = "canary-4"\n', "outside of any table"),
    ],
)
def test_a_broken_file_says_where_and_never_what(path: Path, text: str, said: str) -> None:
    """The place in the file is named, its content is not."""
    with pytest.raises(CredentialStoreError, match=said) as caught:
        write(path, text).list()
    assert "canary" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("value", ["[" * 100_000, "{a=" * 5_000 + "1" + "}" * 5_000, "9" * 100_000])
def test_a_file_that_a_reader_of_toml_gives_up_on_is_a_broken_file(path: Path, value: str) -> None:
    """Endless brackets and endless digits are faults of the file, not of Nodeloom."""
    provider = write(path, f'[a]\ntype = "t"\nsecret = {value}\n')
    for attempt in (provider.list, lambda: provider.put("home", "t", {})):
        with pytest.raises(CredentialStoreError, match="is not TOML"):
            attempt()


def test_a_file_that_is_no_utf8_names_the_line(path: Path) -> None:
    """Latin-1 from an old editor is told apart from a typo."""
    provider = write(path, OFFICE)
    path.write_bytes(OFFICE.encode() + b'note = "\xe9"\n')
    with pytest.raises(CredentialStoreError, match=r"UTF-8 text \(line 6\)"):
        provider.list()


@pytest.mark.slow
def test_folder_and_file_are_made_for_their_owner_only(path: Path) -> None:
    """Whatever the umask says."""
    old = os.umask(0)
    try:
        FileProvider(path).put("office", "threeCxApi", {"clientSecret": "x"})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in path.parent.iterdir()) == ["credentials.toml", "credentials.toml.lock"]


def test_writing_keeps_comments_and_other_tables(path: Path) -> None:
    """The file is edited by hand as well."""
    provider = write(path, OFFICE)
    provider.put("home", "threeCxApi", {"serverUrl": "https://home", "clientId": None})
    provider.put("office", "threeCxApi", {"serverUrl": "https://new"}, overwrite=True)
    text = path.read_text(encoding="utf-8")
    assert "# kept by hand" in text
    assert "canary-3" not in text
    assert {c.name: dict(c.values) for c in provider.list()} == {
        "office": {"serverUrl": "https://new"},
        "home": {"serverUrl": "https://home"},
    }
    assert provider.remove("office") is True
    assert [c.name for c in provider.list()] == ["home"]


def test_a_credential_is_not_overwritten_unasked(path: Path) -> None:
    """Someone else may depend on it."""
    provider = write(path, OFFICE)
    with pytest.raises(CredentialStoreError, match="already"):
        provider.put("office", "threeCxApi", {})
    assert path.read_text(encoding="utf-8") == OFFICE


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """The file may be kept among dotfiles."""
    real = tmp_path / "dotfiles.toml"
    write(real, OFFICE)
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    FileProvider(path).put("home", "threeCxApi", {"serverUrl": "https://home"})
    assert path.is_symlink()
    assert "[home]" in real.read_text(encoding="utf-8")
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_field_called_type_has_no_place(path: Path) -> None:
    """The file uses that key itself, so the credential would come back as another."""
    with pytest.raises(CredentialStoreError, match="'type'"):
        FileProvider(path).put("a", "t", {"type": "x"})


@pytest.mark.parametrize("name", ["", " ", "a\nb", " a"])
def test_a_name_is_plain_text(path: Path, name: str) -> None:
    """It is typed on command lines and shown in lists."""
    with pytest.raises(CredentialError, match="name"):
        FileProvider(path).put(name, "t", {})


JSON = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda s: s.isprintable() and s == s.strip() and bool(s)
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(name=NAMES, values=st.dictionaries(st.text(st.characters(codec="utf-8")).filter(lambda k: k != "type"), JSON))
def test_what_is_put_comes_back(path: Path, name: str, values: dict[str, object]) -> None:
    """Any name and any JSON survive the file."""
    path.unlink(missing_ok=True)
    provider = FileProvider(path)
    provider.put(name, "t", values)
    found = provider.find("t", name)
    assert found is not None
    assert found.values == values
    assert provider.remove(name)
    assert list(provider.list()) == []


@pytest.mark.slow
def test_threads_that_write_at_once_lose_nothing(path: Path) -> None:
    """Each adds its own; all of them are there in the end."""
    threads = [threading.Thread(target=FileProvider(path).put, args=(f"c{i}", "t", {"n": i})) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {c.name: c.values["n"] for c in FileProvider(path).list()} == {f"c{i}": i for i in range(16)}


def _put_some(path: Path, start: int) -> None:
    for i in range(start, start + 5):
        FileProvider(path).put(f"c{i}", "t", {"n": i})


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    """The lock is the system's, so it holds between processes."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_put_some, args=(path, start)) for start in (0, 5)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(list(FileProvider(path).list())) == 10


def test_a_lock_that_is_held_is_reported(tmp_path: Path) -> None:
    """Waiting has an end."""
    lock = tmp_path / "x.lock"
    with (
        exclusive(lock),
        pytest.raises(CredentialStoreError, match="holds"),
        exclusive(lock, patience=0.0),
    ):
        raise AssertionError("locked twice")


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must not cost the credentials that were there."""
    provider = write(path, OFFICE)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CredentialStoreError, match="No space left"):
        provider.put("home", "t", {})
    assert path.read_text(encoding="utf-8") == OFFICE
    assert not [p for p in path.parent.iterdir() if p.name.startswith(".")]


def test_the_path_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NODELOOM_CREDENTIALS`, or the user's configuration folder."""
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "mine.toml"))
    assert FileProvider().path == tmp_path / "mine.toml"
    monkeypatch.delenv("NODELOOM_CREDENTIALS")
    assert FileProvider().path.name == "credentials.toml"
    assert FileProvider().path.parent.name == "nodeloom"
