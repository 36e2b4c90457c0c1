"""The encrypted file: what the plain one does, locked away; several writers lose nothing."""

from __future__ import annotations

import base64
import logging
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeloom.credential import (
    Credentials,
    CredentialSession,
    EncryptedFileProvider,
    FileProvider,
    TokenStore,
    default_providers,
    move_all,
)
from nodeloom.credential.stores.sealing import Unlock, Work
from nodeloom.credential.stores.unlocking import Keys, ask_with
from nodeloom.descriptor.models import CredentialType
from nodeloom.errors import CredentialError, CredentialStoreError
from nodeloom.messages import Request, Response
from nodeloom.redaction import Secret
from tests.credential.helpers import answer
from tests.credential.test_inheritance import OAUTH2

CHEAP = Work(n=2**14)
PASSPHRASE = {"NODELOOM_CREDENTIALS_PASSPHRASE": "canary passphrase"}
KEY = {"NODELOOM_CREDENTIALS_KEY": base64.b64encode(bytes(range(32))).decode()}


@pytest.fixture(autouse=True)
def _nobody_to_ask() -> Iterator[None]:
    ask_with(None)
    yield
    ask_with(None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nodeloom" / "credentials.enc"


def provider(path: Path, environ: dict[str, str] | None = None) -> EncryptedFileProvider:
    return EncryptedFileProvider(path, keys=Keys(path, PASSPHRASE if environ is None else environ), work=CHEAP)


@pytest.mark.parametrize("environ", [PASSPHRASE, KEY], ids=["passphrase", "key"])
def test_what_is_put_comes_back_and_is_not_to_be_read(path: Path, environ: dict[str, str]) -> None:
    """Owner-only as well: who copies the file can guess at it as long as they like."""
    place = provider(path, environ)
    place.put("office", "threeCxApi", {"serverUrl": "https://pbx", "clientSecret": "canary-1"})
    found = provider(path, environ).find("threeCxApi", None)
    assert found is not None
    assert found.values == {"serverUrl": "https://pbx", "clientSecret": "canary-1"}
    assert found.source == f"encrypted file {path}"
    raw = path.read_bytes()
    for word in (b"canary", b"office", b"pbx", b"clientSecret"):
        assert word not in raw
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert place.remove("office") is True
    assert list(place.list()) == []


def test_no_file_holds_nothing_and_asks_for_nothing(path: Path) -> None:
    """Whoever has no encrypted file is not asked for a passphrase."""
    place = provider(path, {})
    assert place.find("threeCxApi", None) is None
    assert list(place.list()) == []
    assert place.remove("office") is False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("written", "read", "said"),
    [
        (PASSPHRASE, {}, "no passphrase"),
        (PASSPHRASE, {**PASSPHRASE, "NODELOOM_CREDENTIALS_PASSPHRASE": "canary passphrasf"}, "not opened by this"),
        (PASSPHRASE, KEY, "no passphrase"),
        (KEY, {}, "locked with a key"),
        (KEY, PASSPHRASE, "locked with a key"),
        (KEY, {"NODELOOM_CREDENTIALS_KEY": base64.b64encode(bytes(32)).decode()}, "not opened by this key"),
        (KEY, {"NODELOOM_CREDENTIALS_KEY": "canary"}, "no key"),
    ],
)
def test_without_what_opens_it_nothing_is_read_or_written(
    path: Path, written: dict[str, str], read: dict[str, str], said: str
) -> None:
    """And the message says where to put it, never what was tried."""
    provider(path, written).put("office", "threeCxApi", {"clientSecret": "canary-2"})
    before = path.read_bytes()
    place = provider(path, read)
    for use in (place.list, lambda: place.put("home", "t", {}), lambda: place.remove("office")):
        with pytest.raises(CredentialError, match=said) as caught:
            use()
        assert caught.value.hint
        assert "canary" not in f"{caught.value} {caught.value.to_dict()}"
    assert path.read_bytes() == before


def test_key_and_passphrase_may_both_be_set(path: Path) -> None:
    """The file says which of them it wants; a new one takes the key."""
    provider(path, PASSPHRASE).put("a", "t", {"x": "1"})
    provider(path, {**KEY, **PASSPHRASE}).put("b", "t", {"x": "2"})
    assert [c.name for c in provider(path, PASSPHRASE).list()] == ["a", "b"]
    path.unlink()
    provider(path, {**KEY, **PASSPHRASE}).put("c", "t", {})
    assert [c.name for c in provider(path, KEY).list()] == ["c"]


def test_the_passphrase_may_stand_in_a_file(path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As container engines and systemd mount secrets; one that others can read is warned about."""
    secret = tmp_path / "passphrase"
    secret.write_text("canary passphrase\n")
    secret.chmod(0o600)
    environ = {"NODELOOM_CREDENTIALS_PASSPHRASE_FILE": str(secret)}
    provider(path, environ).put("a", "t", {})
    assert [c.name for c in provider(path, PASSPHRASE).list()] == ["a"]
    assert caplog.text == ""
    secret.chmod(0o644)
    assert [c.name for c in provider(path, environ).list()] == ["a"]
    assert "chmod 600" in caplog.text
    secret.write_text("")
    with pytest.raises(CredentialStoreError, match="empty"):
        provider(path, environ).list()
    secret.unlink()
    with pytest.raises(CredentialStoreError, match="cannot be read"):
        provider(path, environ).list()


def test_somebody_is_asked_once_and_again_after_a_typo(path: Path) -> None:
    """Once for a process, however often the file is read."""
    provider(path).put("a", "t", {})
    answers = ["canary typo", "canary passphrase"]
    ask_with(lambda asked: answers.pop(0) if asked == path else "")
    place = provider(path, {})
    with pytest.raises(CredentialStoreError, match="not opened"):
        place.list()
    for _ in range(3):
        assert [c.name for c in provider(path, {}).list()] == ["a"]
    assert answers == []


@pytest.mark.slow
def test_another_passphrase_opens_it_from_then_on(path: Path) -> None:
    """Salt and key are new; the old one opens it no more. A failed change leaves the file as it was."""
    place = provider(path)
    place.put("a", "t", {"x": "canary-3"})
    before = path.read_bytes()
    with pytest.raises(CredentialStoreError, match="not opened"):
        provider(path, {"NODELOOM_CREDENTIALS_PASSPHRASE": "wrong one"}).rekey(Unlock(passphrase=Secret("another one")))
    assert path.read_bytes() == before
    place.rekey(Unlock(passphrase=Secret("another one")))
    found = provider(path, {"NODELOOM_CREDENTIALS_PASSPHRASE": "another one"}).find("t", "a")
    assert found is not None
    assert found.values == {"x": "canary-3"}
    with pytest.raises(CredentialStoreError, match="not opened"):
        place.list()
    provider(path, {"NODELOOM_CREDENTIALS_PASSPHRASE": "another one"}).rekey(Unlock(key=Secret(bytes(range(32)))))
    assert [c.name for c in provider(path, KEY).list()] == ["a"]


def test_there_is_nothing_to_change_without_a_file(path: Path) -> None:
    """Nor is one made."""
    with pytest.raises(CredentialStoreError, match="no encrypted credential file"):
        provider(path).rekey(Unlock(passphrase=Secret("another one")))
    assert not path.exists()


PLAIN = """# kept by hand
[office]
type = "threeCxApi"
clientSecret = "canary-4"  # of the client

[home]
type = "t"
"""


def plain_file(path: Path) -> FileProvider:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PLAIN)
    path.chmod(0o600)
    return FileProvider(path)


def test_moving_takes_comments_along_and_leaves_no_plain_file(path: Path) -> None:
    """There and back again, the text is the same."""
    plain, encrypted = plain_file(path.with_suffix(".toml")), provider(path)
    assert move_all(plain, encrypted) == ["office", "home"]
    assert not plain.path.exists()
    assert b"canary" not in path.read_bytes()
    assert encrypted.read_text() == PLAIN
    assert move_all(encrypted, plain) == ["office", "home"]
    assert plain.path.read_text() == PLAIN
    assert not path.exists()


def test_moving_adds_to_what_is_there_and_overwrites_nothing(path: Path) -> None:
    """Another credential of the same name stays, and so does the plain file."""
    plain, encrypted = plain_file(path.with_suffix(".toml")), provider(path)
    encrypted.put("office", "threeCxApi", {"clientSecret": "canary-5"})
    with pytest.raises(CredentialStoreError, match="another credential 'office'"):
        move_all(plain, encrypted)
    assert plain.path.read_text() == PLAIN
    encrypted.remove("office")
    encrypted.put("third", "t", {"x": "y"})
    move_all(plain, encrypted)
    assert [c.name for c in encrypted.list()] == ["third", "office", "home"]


def test_a_move_that_was_broken_off_is_ended_by_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files hold the credentials then: none is lost, and none counts twice."""
    plain, encrypted = plain_file(path.with_suffix(".toml")), provider(path)

    def broken_off(_self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(plain.file), "remove", broken_off)
        with pytest.raises(KeyboardInterrupt):
            move_all(plain, encrypted)
    assert plain.path.exists()
    assert move_all(plain, encrypted) == ["office", "home"]
    assert [c.name for c in encrypted.list()] == ["office", "home"]


def test_the_two_files_must_be_two(path: Path) -> None:
    """A plain file cannot be moved into itself."""
    with pytest.raises(CredentialStoreError, match="are one"):
        move_all(plain_file(path), provider(path))
    assert path.read_text() == PLAIN


def test_it_is_looked_at_after_the_plain_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, three_cx: CredentialType
) -> None:
    """A credential of the plain file costs nobody a passphrase; one that is only here does."""
    path = tmp_path / "credentials.enc"
    monkeypatch.setenv("NODELOOM_CREDENTIALS", str(tmp_path / "credentials.toml"))
    provider(path).put("office", "threeCxApi", {"serverUrl": "https://pbx", "accessToken": "canary-6"})
    plain_file(tmp_path / "credentials.toml")
    chain = Credentials(default_providers(environ={}))
    assert chain.resolve(three_cx, None).source.startswith("file ")
    (tmp_path / "credentials.toml").unlink()
    with pytest.raises(CredentialStoreError, match="NODELOOM_CREDENTIALS_PASSPHRASE"):
        chain.resolve(three_cx, None)
    monkeypatch.setenv(*next(iter(PASSPHRASE.items())))
    assert chain.resolve(three_cx, None).values["accessToken"] == "canary-6"


def test_a_plain_file_that_is_an_encrypted_one_says_so(path: Path) -> None:
    """`NODELOOM_CREDENTIALS` set to the wrong of the two."""
    provider(path).put("a", "t", {})
    with pytest.raises(CredentialStoreError, match="is an encrypted one") as caught:
        FileProvider(path).list()
    assert "NODELOOM_ENCRYPTED_CREDENTIALS" in (caught.value.hint or "")


@pytest.mark.anyio
async def test_tokens_are_kept_where_the_credential_is(path: Path) -> None:
    """A refreshed token is written to the encrypted file, and to no other."""
    place = provider(path)
    fields = {
        "grantType": "authorizationCode",
        "authUrl": "https://auth/authorize",
        "accessTokenUrl": "https://auth/token",
        "clientId": "me",
        "clientSecret": "canary-secret",
        "oauthTokenData": {"access_token": "canary-old", "refresh_token": "canary-refresh", "expires_at": 1},
    }
    place.put("office", "oAuth2Api", fields)
    stored = place.find("oAuth2Api", "office")
    assert stored is not None

    async def send(_request: Request) -> Response:
        return answer({"access_token": "canary-new", "refresh_token": "canary-newer"})

    injection = await CredentialSession(OAUTH2, stored, tokens=TokenStore()).injection(send)
    assert injection.headers["Authorization"] == "Bearer canary-new"
    kept = place.find("oAuth2Api", "office")
    assert kept is not None
    assert kept.values["oauthTokenData"]["refresh_token"] == "canary-newer"
    for file in path.parent.iterdir():
        assert b"canary" not in file.read_bytes()


def _put_some(path: Path, start: int) -> None:
    for i in range(start, start + 5):
        provider(path).put(f"c{i}", "t", {"n": i})


@pytest.mark.slow
def test_threads_and_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    """All at once, each its own; while it is encrypted anew for the same passphrase."""
    provider(path).put("first", "t", {})
    context = multiprocessing.get_context("spawn")
    workers: list[threading.Thread | multiprocessing.process.BaseProcess] = [
        context.Process(target=_put_some, args=(path, start)) for start in (0, 5)
    ]
    workers += [threading.Thread(target=_put_some, args=(path, start)) for start in (10, 15)]
    for worker in workers:
        worker.start()
    for _ in range(3):
        provider(path).rekey(Unlock(passphrase=Secret(PASSPHRASE["NODELOOM_CREDENTIALS_PASSPHRASE"])))
    for worker in workers:
        worker.join()
    found = {c.name: c.values.get("n") for c in provider(path).list()}
    assert found == {"first": None, **{f"c{i}": i for i in range(20)}}


KILLED = """
import os, signal, sys
from pathlib import Path
from nodeloom.credential import FileProvider
path = Path(sys.argv[1])
os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)
FileProvider(path).put("new", "t", {"secret": "canary-7"})
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_writer_that_is_killed_leaves_the_old_file_and_no_secret_for_long(path: Path) -> None:
    """The next writer takes its lock, and sweeps up the half-written file."""
    plain = plain_file(path.with_suffix(".toml"))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(plain.path)], check=False, env={**os.environ})
    assert killed.returncode != 0
    assert plain.path.read_text() == PLAIN
    left = [p for p in path.parent.iterdir() if p.suffix == ".tmp"]
    assert [stat.S_IMODE(p.stat().st_mode) for p in left] == [0o600]
    plain.put("third", "t", {})
    assert not [p for p in path.parent.iterdir() if p.suffix == ".tmp"]
    assert [c.name for c in plain.list()] == ["office", "home", "third"]


def test_without_the_package_it_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is there cannot be ignored."""
    provider(path).put("a", "t", {})
    monkeypatch.setattr("nodeloom.credential.stores.encryptedfile.find_spec", lambda _name: None)
    with pytest.raises(CredentialStoreError, match="cryptography") as caught:
        provider(path).list()
    assert "nodeloom[encrypted]" in (caught.value.hint or "")


def test_nothing_is_logged_of_what_is_in_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At any level."""
    caplog.set_level(logging.DEBUG)
    provider(path).put("a", "t", {"x": "canary-8"})
    with pytest.raises(CredentialStoreError):
        provider(path, {"NODELOOM_CREDENTIALS_PASSPHRASE": "canary wrong"}).list()
    assert "canary" not in caplog.text
