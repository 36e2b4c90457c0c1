"""A user's tokens: refreshed once, kept with the credential, and never lost between tasks and processes."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nodeloom.credential import (
    CredentialSession,
    FileProvider,
    KeyringProvider,
    Provider,
    StoredCredential,
    TokenStore,
    with_placeholder,
)
from nodeloom.credential.stores.storelock import exclusive
from nodeloom.errors import AuthenticationError, CredentialError, CredentialStoreError, NetworkError
from nodeloom.messages import Request, Response
from nodeloom.redaction import Secret
from tests.credential.authorization_server import AuthorizationServer
from tests.credential.helpers import ROOT, Clock, MemoryKeyring, answer, send_nothing, send_over_socket, three_cx_type
from tests.credential.test_inheritance import OAUTH2

pytestmark = pytest.mark.anyio


def connect(server: AuthorizationServer, place: FileProvider | KeyringProvider, **data: Any) -> None:
    """Keep a credential whose access token ran out an hour ago."""
    issued = server.issue()
    kept = {"access_token": issued["access_token"], "refresh_token": issued["refresh_token"], "expires_at": 1, **data}
    place.put("office", "oAuth2Api", {**server.credential, "oauthTokenData": kept})


def opened(place: Provider, tokens: TokenStore | None = None) -> CredentialSession:
    stored = place.find("oAuth2Api", "office")
    assert stored is not None
    return CredentialSession(OAUTH2, stored, tokens=tokens or TokenStore())


def kept_in(place: Provider) -> dict[str, Any]:
    stored = place.find("oAuth2Api", "office")
    assert stored is not None
    return dict(stored.values["oauthTokenData"])


@pytest.fixture
def file(tmp_path: Path) -> FileProvider:
    return FileProvider(tmp_path / "credentials.toml")


async def test_a_good_token_is_used_as_it_is(file: FileProvider) -> None:
    """Nothing is sent, and a restart costs no refresh."""
    with AuthorizationServer() as server:
        connect(server, file, expires_at=time.time() + 3600)
        injection = await opened(file).injection(send_nothing)
        assert injection.headers == {"Authorization": "Bearer canary-access+1/="}
        assert injection.generation > 0


@pytest.mark.parametrize("where", ["file", "keyring"])
async def test_a_token_that_ran_out_is_refreshed_once_and_kept(file: FileProvider, where: str) -> None:
    """However many ask; the rotated refresh token is where the credential is before anybody uses the new one."""
    place = file if where == "file" else KeyringProvider(MemoryKeyring())
    with AuthorizationServer() as server:
        connect(server, place, scope="read write", token_type="bearer")
        session = opened(place)
        injections = await asyncio.gather(*(session.injection(send_over_socket) for _ in range(20)))
        assert {id(i) for i in injections} == {id(injections[0])}
        assert injections[0].headers == {"Authorization": "Bearer canary-access+2/="}
        assert len(server.token_forms) == 1
        assert server.token_forms[0]["grant_type"] == "refresh_token"
    kept = kept_in(place)
    assert kept.pop("expires_at") > time.time() + 3000
    assert kept == {
        "access_token": "canary-access+2/=",
        "refresh_token": "canary-refresh~2",
        "scope": "read write",
        "token_type": "Bearer",
    }
    stored = place.find("oAuth2Api", "office")
    assert stored is not None
    assert {name: stored.values[name] for name in server.credential} == server.credential


async def test_a_refresh_token_that_is_not_rotated_stays(file: FileProvider) -> None:
    """RFC 6749 section 6: an answer without one leaves the old one good."""
    with AuthorizationServer(rotate=False) as server:
        connect(server, file)
        await opened(file).injection(send_over_socket)
    assert kept_in(file)["refresh_token"] == "canary-refresh~1"
    assert kept_in(file)["access_token"] == "canary-access+2/="


async def test_after_a_401_the_token_is_refreshed_and_the_next_process_has_it(file: FileProvider) -> None:
    """`renew`, as after a revoked token; another store, as in another process, finds the new one."""
    with AuthorizationServer() as server:
        connect(server, file, expires_at=time.time() + 3600)
        session = opened(file)
        refused = await session.injection(send_nothing)
        renewed = await asyncio.gather(*(session.renew(refused, send_over_socket) for _ in range(9)))
        assert {r.headers["Authorization"] for r in renewed if r} == {"Bearer canary-access+2/="}
        assert len(server.token_forms) == 1
        assert (await opened(file).injection(send_nothing)).headers == {"Authorization": "Bearer canary-access+2/="}


async def test_the_newer_token_of_another_process_is_used(file: FileProvider) -> None:
    """Read again under the lock; its refresh token too, when its access token has run out as well."""
    with AuthorizationServer() as server:
        connect(server, file)
        here, there = opened(file), opened(file)
        await there.injection(send_over_socket)
        injection = await here.injection(send_nothing)
        assert injection.headers == {"Authorization": "Bearer canary-access+2/="}
        await there.renew(await there.injection(send_nothing), send_over_socket)
        file.set_field("office", "oauthTokenData", {**kept_in(file), "expires_at": 1})
        renewed = await here.renew(injection, send_over_socket)
        assert renewed is not None
        assert renewed.headers == {"Authorization": "Bearer canary-access+4/="}
        assert server.reused == []


PROCESS = """
import asyncio, sys
sys.path.insert(0, {root!r})
from nodeloom.credential import FileProvider
from tests.credential.helpers import send_over_socket
from tests.credential.oauth.test_usertokens import opened

async def main():
    session = opened(FileProvider({path!r}))
    print("ready", flush=True)
    sys.stdin.readline()
    injections = await asyncio.gather(*(session.injection(send_over_socket) for _ in range(5)))
    print(injections[0].headers["Authorization"])

asyncio.run(main())
"""


def test_processes_that_refresh_at_once_lose_no_token(file: FileProvider) -> None:
    """One of them refreshes, the others wait for it; a refresh token is used once only."""
    with AuthorizationServer() as server:
        connect(server, file)
        code = PROCESS.format(root=str(ROOT), path=str(file.path))
        processes = [
            subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        outputs = [process.communicate("go\n")[0] for process in processes]
        assert outputs == ["Bearer canary-access+2/=\n"] * 3
        assert len(server.token_forms) == 1
        assert server.reused == []
    assert kept_in(file)["refresh_token"] == "canary-refresh~2"


async def test_a_cancelled_caller_waits_until_the_new_token_is_kept(file: FileProvider) -> None:
    """The answer on its way holds the only good refresh token."""
    with AuthorizationServer() as server:
        connect(server, file)
        server.before_token.clear()
        session = opened(file)
        task = asyncio.create_task(session.injection(send_over_socket))
        await asyncio.to_thread(server.asked.wait)
        task.cancel()
        await asyncio.sleep(0)
        server.before_token.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert kept_in(file)["refresh_token"] == "canary-refresh~2"
        assert (await session.injection(send_nothing)).headers == {"Authorization": "Bearer canary-access+2/="}


async def test_who_waits_for_another_process_does_not_hold_up_the_loop(file: FileProvider) -> None:
    """Other items go on meanwhile."""
    with AuthorizationServer() as server:
        connect(server, file)
        session = opened(file)
        with exclusive(file.lock_file("office")):
            task = asyncio.create_task(session.injection(send_over_socket))
            for _ in range(5):
                await asyncio.sleep(0.01)
            assert not task.done()
            assert server.token_forms == []
        assert (await task).headers == {"Authorization": "Bearer canary-access+2/="}


async def test_a_sign_in_waits_for_a_refresh_on_its_way(file: FileProvider) -> None:
    """Which would otherwise write the tokens of the sign-in before over the new ones."""
    with AuthorizationServer() as server:
        connect(server, file)
        session = opened(file)
        server.before_token.clear()
        refresh = asyncio.create_task(session.injection(send_over_socket))
        await asyncio.to_thread(server.asked.wait)
        sign_in = opened(file).sign_in("http://127.0.0.1:1/callback")

        async def issue(_request: Request) -> Response:
            return answer({"access_token": "canary-new", "refresh_token": "canary-newer"})

        finish = asyncio.create_task(opened(file).finish(sign_in, Secret("code"), issue))
        await asyncio.sleep(0.05)
        assert not finish.done()
        server.before_token.set()
        await refresh
        assert (await finish).refreshable
    assert kept_in(file)["refresh_token"] == "canary-newer"


async def test_tokens_that_cannot_be_kept_are_used_here(file: FileProvider, caplog: pytest.LogCaptureFixture) -> None:
    """An error is logged, without a value; the next refresh goes on from the newest, and keeps its own."""
    with AuthorizationServer() as server:
        connect(server, file)
        backend = MemoryKeyring()
        place = KeyringProvider(backend)
        connect(server, place)
        session = opened(place)
        set_password = backend.set_password

        def broken(service: str, username: str, password: str) -> None:
            raise RuntimeError(f"no room for {password}")

        backend.set_password = broken  # type: ignore[method-assign]
        first = await session.injection(send_over_socket)
        second = await session.renew(first, send_over_socket)
        backend.set_password = set_password  # type: ignore[method-assign]
        assert second is not None
        assert kept_in(place)["refresh_token"] == "canary-refresh~2"
        third = await session.renew(second, send_over_socket)
        assert third is not None
        assert kept_in(place)["access_token"] in third.headers["Authorization"]
        assert server.reused == []
    messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(messages) == 2
    assert "could not be kept" in messages[0]
    assert "canary" not in caplog.text


async def test_without_a_place_to_keep_them_tokens_last_as_long_as_the_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Given to the run, or from the environment as JSON text: the next session has the rotated ones, with a warning."""
    with AuthorizationServer() as server:
        issued = server.issue()
        data = {"access_token": issued["access_token"], "refresh_token": issued["refresh_token"], "expires_at": 1}
        tokens = TokenStore()
        for text in (json.dumps(data), data, data):
            stored = StoredCredential("oAuth2Api", "oAuth2Api", {**server.credential, "oauthTokenData": text}, "given")
            session = CredentialSession(OAUTH2, stored, tokens=tokens)
            injection = await session.injection(send_over_socket)
            assert injection.headers == {"Authorization": "Bearer canary-access+2/="}
        assert len(server.token_forms) == 1
        assert await session.renew(injection, send_over_socket) is not None
        assert server.reused == []
    assert "cannot be kept" in caplog.text
    assert "canary" not in caplog.text


async def test_a_refused_refresh_token_tells_to_sign_in_again(file: FileProvider) -> None:
    """In the service's words, without the token it repeats; it is asked once, not once an item."""
    with AuthorizationServer(secret="canary/+ é") as server:
        connect(server, file)
        server.refresh_tokens.clear()
        session = opened(file)
        errors = await asyncio.gather(*(session.injection(send_over_socket) for _ in range(5)), return_exceptions=True)
        assert {type(error) for error in errors} == {AuthenticationError}
        assert "invalid_grant: used before: ***" in str(errors[0])
        assert "nodeloom credentials connect office" in str(errors[0])
        assert "canary" not in "".join(f"{error} {error!r}" for error in errors)
        assert len(server.token_forms) == 1


async def test_a_refresh_token_of_another_process_is_masked_too(file: FileProvider) -> None:
    """This session has never seen it."""
    with AuthorizationServer() as server:
        connect(server, file)
        session = opened(file)
        strange = {"access_token": "canary-theirs", "refresh_token": "canary-theirs/+", "expires_at": 1}
        file.set_field("office", "oauthTokenData", strange)
        with pytest.raises(AuthenticationError) as caught:
            await session.injection(send_over_socket)
        assert "canary" not in f"{caught.value} {caught.value.to_dict()}"


async def test_an_access_token_without_a_refresh_token_ends(file: FileProvider) -> None:
    """By the clock, and by a 401."""
    with AuthorizationServer() as server:
        connect(server, file, refresh_token="")
        with pytest.raises(CredentialError, match="not give a refresh token"):
            await opened(file).injection(send_nothing)
        connect_again = {"access_token": "canary-1"}
        file.set_field("office", "oauthTokenData", connect_again)
        session = opened(file)
        injection = await session.injection(send_nothing)
        with pytest.raises(CredentialError, match="not give a refresh token") as caught:
            await session.renew(injection, send_nothing)
        assert "nodeloom credentials connect office" in (caught.value.hint or "")


async def test_a_user_who_has_not_signed_in_is_told_to(file: FileProvider) -> None:
    """At once, and by the session itself; who signs in meanwhile is found."""
    with AuthorizationServer() as server:
        file.put("office", "oAuth2Api", server.credential)
        session = opened(file)
        assert not session.has_tokens
        with pytest.raises(CredentialError, match="not signed in yet"):
            session.require_tokens()
        with pytest.raises(CredentialError, match="not signed in yet") as caught:
            await session.injection(send_nothing)
        assert "nodeloom credentials connect office" in (caught.value.hint or "")
        file.set_field("office", "oauthTokenData", {"access_token": "now"})
        assert (await session.injection(send_nothing)).headers == {"Authorization": "Bearer now"}


async def test_a_failed_connection_is_tried_again_by_the_next(file: FileProvider) -> None:
    """The request says itself that it may be repeated."""
    with AuthorizationServer() as server:
        connect(server, file)
        session = opened(file)

        async def down(request: Request) -> Response:
            assert request.idempotent
            raise NetworkError("refused")

        with pytest.raises(NetworkError):
            await session.injection(down)
        assert (await session.injection(send_over_socket)).generation > 0


async def test_a_credential_that_is_gone_keeps_no_token(file: FileProvider, caplog: pytest.LogCaptureFixture) -> None:
    """It is not made anew; the run goes on."""
    with AuthorizationServer() as server:
        connect(server, file)
        session = opened(file)
        file.remove("office")
        assert (await session.injection(send_over_socket)).headers == {"Authorization": "Bearer canary-access+2/="}
        assert list(file.list()) == []
        assert "any more" in caplog.text
        with pytest.raises(CredentialStoreError, match="'office'"):
            file.set_field("office", "a", "b")
        with pytest.raises(CredentialStoreError, match="'office'"):
            KeyringProvider(MemoryKeyring()).set_field("office", "a", "b")


async def test_a_fresh_token_that_is_refused_twice_in_a_row_ends_renewing_for_a_while() -> None:
    """One fetch an item would hurt; one may be refused because another process fetched just then."""
    clock = Clock()
    number = 0

    async def issue(_request: Request) -> Response:
        nonlocal number
        number += 1
        return answer({"access_token": f"t{number}"})

    values = {"serverUrl": "https://pbx", "clientId": "me", "clientSecret": "s"}
    stored = StoredCredential("a", "threeCxApi", values, "given")
    session = CredentialSession(three_cx_type(), stored, tokens=TokenStore(clock))
    injection = await session.injection(issue)
    for _ in range(2):
        renewed = await session.renew(injection, issue)
        assert renewed is not None
        for _ in range(8):  # as many items as repeat their requests with it
            session.repeated(renewed, refused=True)
        injection = renewed
    assert [await session.renew(injection, issue) for _ in range(50)] == [None] * 50
    assert number == 3
    clock.now += 31
    renewed = await session.renew(injection, issue)
    assert renewed is not None
    session.repeated(renewed, refused=True)
    assert await session.renew(renewed, issue) is None
    session.repeated(renewed, refused=False)
    assert await session.renew(renewed, issue) is not None
    assert number == 5


async def test_a_plan_shows_a_placeholder_and_sends_nothing(file: FileProvider) -> None:
    """Whatever the tokens are, and also before anybody signed in."""
    with AuthorizationServer() as server:
        file.put("office", "oAuth2Api", server.credential)
        stored = file.find("oAuth2Api", "office")
        assert stored is not None
        session = CredentialSession(OAUTH2, with_placeholder(OAUTH2, stored), tokens=TokenStore())
        session.require_tokens()
        assert (await session.injection(send_nothing)).headers == {"Authorization": "Bearer ***"}
