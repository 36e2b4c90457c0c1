"""`nodeloom credentials encrypt`, `decrypt` and `rekey`, and the encrypted file as a store of the other commands."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nodeloom.cli import passphrase
from nodeloom.cli.commands.credentials import credentials
from nodeloom.credential import EncryptedFileProvider, FileProvider
from nodeloom.credential.stores.sealing import Work
from nodeloom.credential.stores.unlocking import ask_with
from nodeloom.errors import ConfigurationError, CredentialError, CredentialStoreError, NodeloomError

FIELDS = {"serverUrl": "https://pbx", "clientId": "me", "clientSecret": "canary-1"}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """The plain and the encrypted file; deriving a key costs little, and nobody sits at a terminal."""
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "credentials.toml"))
    monkeypatch.setattr(Work.__init__, "__defaults__", (2**14, 8, 1))
    monkeypatch.setattr(passphrase, "_someone_is_there", lambda: False)
    yield tmp_path / "credentials.toml", tmp_path / "credentials.enc"
    ask_with(None)


def run(*arguments: str, answers: str = "") -> Result:
    result = CliRunner().invoke(credentials, arguments, input=answers)
    if result.exception is not None and not isinstance(result.exception, (NodeloomError, SystemExit)):
        raise result.exception
    assert "canary" not in result.output + str(result.exception)
    return result


def fails(*arguments: str, answers: str = "", kind: type[NodeloomError]) -> str:
    error = run(*arguments, answers=answers).exception
    assert type(error) is kind, error
    return str(error)


@pytest.fixture
def someone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "_someone_is_there", lambda: True)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", "canary passphrase")


def test_the_defaults_are_cheap_here() -> None:
    """What the fixture above promises."""
    assert Work().n == 2**14


@pytest.mark.usefixtures("given")
def test_there_and_back_again(files: tuple[Path, Path]) -> None:
    """The other commands find the credential in the one file and in the other."""
    plain, encrypted = files
    FileProvider().put("office", "threeCxApi", FIELDS)
    assert "Encrypted 1 credential" in run("encrypt").stderr
    assert not plain.exists()
    assert run("list").stdout == f"office  threeCxApi  encrypted file {encrypted}\n"
    assert fails("decrypt", kind=ConfigurationError).count("--yes") == 1
    assert "Nothing was changed" in run("decrypt", answers="n\n").stderr
    assert "Moved 1 credential" in run("decrypt", "--yes").stderr
    assert not encrypted.exists()
    assert run("list").stdout == f"office  threeCxApi  file {plain}\n"


@pytest.mark.usefixtures("someone")
def test_the_passphrase_is_asked_for(files: tuple[Path, Path]) -> None:
    """Twice for a new file; once, when something in it is needed, from then on."""
    FileProvider().put("office", "threeCxApi", FIELDS)
    assert "shorter than 8" in fails("encrypt", answers="canary\ncanary\n", kind=CredentialError)
    result = run("encrypt", answers="canary passphrase\ncanary typo\ncanary passphrase\ncanary passphrase\n")
    assert "do not match" in result.stderr
    listed = run("list", answers="canary passphrase\n")
    assert listed.stdout.startswith("office  threeCxApi")
    assert listed.stderr.startswith("Passphrase of ")
    wrong = run("list", answers="canary wrong\n")
    assert wrong.exit_code == 2
    assert "not opened by this passphrase" in wrong.stderr


def test_with_no_one_to_ask_it_says_what_to_set() -> None:
    """Standard input is not taken for the passphrase: it may be items."""
    FileProvider().put("office", "threeCxApi", FIELDS)
    for command in ("encrypt",):
        said = fails(command, answers="canary passphrase\n" * 2, kind=CredentialStoreError)
        assert "NODELOOM_CREDENTIALS_PASSPHRASE" in said
    assert [c.name for c in FileProvider().list()] == ["office"]


def test_without_a_file_there_is_nothing_to_do() -> None:
    """Each says how to make one."""
    assert "nodeloom credentials add" in fails("encrypt", kind=ConfigurationError)
    for command in ("decrypt", "rekey"):
        assert "nodeloom credentials encrypt" in fails(command, kind=ConfigurationError)


@pytest.mark.usefixtures("given")
def test_who_has_encrypted_does_not_add_in_plain_text(files: tuple[Path, Path]) -> None:
    """`--store` says otherwise; `remove` looks in the same place."""
    plain, encrypted = files
    answers = "https://pbx\nme\ncanary-2\n"
    run("add", "threeCxApi", "--store", "encrypted", "--name", "first", answers=answers)
    run("add", "threeCxApi", answers=answers)
    assert not plain.exists()
    assert [c.name for c in EncryptedFileProvider().list()] == ["first", "threeCxApi"]
    run("add", "threeCxApi", "--store", "file", answers=answers)
    assert [c.name for c in FileProvider().list()] == ["threeCxApi"]
    assert str(encrypted) in run("remove", "threeCxApi", "--yes").stderr
    assert [c.name for c in EncryptedFileProvider().list()] == ["first"]
    assert [c.name for c in FileProvider().list()] == ["threeCxApi"]


@pytest.mark.usefixtures("given")
def test_list_names_what_is_locked_and_lists_the_rest(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 2, so that a script notices."""
    EncryptedFileProvider().put("office", "threeCxApi", FIELDS)
    FileProvider().put("home", "threeCxApi", FIELDS)
    monkeypatch.delenv("NODELOOM_CREDENTIALS_PASSPHRASE")
    listed = run("list", "--json")
    assert listed.exit_code == 2
    assert '"home"' in listed.stdout
    assert "NODELOOM_CREDENTIALS_PASSPHRASE" in listed.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("given")
def test_rekey_takes_the_new_from_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input, a variable, as a key, or the terminal."""
    EncryptedFileProvider().put("office", "threeCxApi", FIELDS)
    key = base64.b64encode(bytes(range(32))).decode()

    def opened_by(variable: str, text: str) -> None:
        for name in ("NODELOOM_CREDENTIALS_PASSPHRASE", "NODELOOM_CREDENTIALS_KEY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(variable, text)
        assert [c.name for c in EncryptedFileProvider().list()] == ["office"]

    assert "anew" in run("rekey", "--new-passphrase-from-stdin", answers="canary second\n").stderr
    opened_by("NODELOOM_CREDENTIALS_PASSPHRASE", "canary second")
    monkeypatch.setenv("THE_NEW_ONE", key)
    run("rekey", "--new-key-from-env", "THE_NEW_ONE")
    opened_by("NODELOOM_CREDENTIALS_KEY", key)
    monkeypatch.setenv("THE_NEW_ONE", "canary third")
    assert "holds no key" in fails("rekey", "--new-key-from-env", "THE_NEW_ONE", kind=CredentialError)
    run("rekey", "--new-passphrase-from-env", "THE_NEW_ONE")
    opened_by("NODELOOM_CREDENTIALS_PASSPHRASE", "canary third")
    monkeypatch.setattr(passphrase, "_someone_is_there", lambda: True)
    run("rekey", answers="canary fourth\ncanary fourth\n")
    opened_by("NODELOOM_CREDENTIALS_PASSPHRASE", "canary fourth")
    monkeypatch.setenv("NODELOOM_CREDENTIALS_PASSPHRASE", "canary wrong")
    assert "not opened" in fails("rekey", kind=CredentialStoreError)


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--new-passphrase-from-env", "NOT_THERE"), "is not set"),
        (("--new-passphrase-from-env", "X", "--new-key-from-env", "Y"), "one new passphrase"),
        (("--new-passphrase-from-stdin",), "shorter than 8"),
    ],
)
def test_rekey_refuses_what_is_none(arguments: tuple[str, ...], said: str) -> None:
    """And leaves the file as it was."""
    EncryptedFileProvider().put("office", "threeCxApi", FIELDS)
    before = EncryptedFileProvider().path.read_bytes()
    error = run("rekey", *arguments, answers="short\n").exception
    assert said in str(error)
    assert EncryptedFileProvider().path.read_bytes() == before


def test_a_terminal_is_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Standard input that is one, or the process's own, whatever stands on standard input."""
    monkeypatch.undo()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("nodeloom.cli.passphrase._TERMINAL", tmp_path / "none")
    assert passphrase._someone_is_there() is False
    (tmp_path / "tty").touch()
    monkeypatch.setattr("nodeloom.cli.passphrase._TERMINAL", tmp_path / "tty")
    assert passphrase._someone_is_there() is True
