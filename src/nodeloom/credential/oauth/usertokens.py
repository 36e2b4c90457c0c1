"""The tokens of a user who signed in: taken from the credential, refreshed, and kept where the credential is.

A service may end a refresh token when it is used, and give another (RFC 6749 section 6). The one that refreshes holds a
lock between processes, looks first whether another process was quicker, and writes the new token back before it lets
go.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import TypeVar

from nodeloom.credential.credentialmodel import Keeper, StoredCredential
from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token, read_token
from nodeloom.credential.oauth.tokendata import data_of, read_data
from nodeloom.credential.stores.storelock import claimed
from nodeloom.errors import CredentialError, CredentialStoreError, NodeloomError
from nodeloom.messages import Request, Response
from nodeloom.redaction import Masker, interrupted_clean, texts_of

logger = logging.getLogger("nodeloom")

T = TypeVar("T")

# How long a cancelled caller waits for a refresh on its way: its answer holds the only good refresh token.
_GRACE_SECONDS = 10.0


class UserTokens:
    """The tokens of one credential. `begun` is what the credential held when it was read, `field` where."""

    def __init__(
        self,
        client: OAuth2Client,
        stored: StoredCredential,
        field: str,
        begun: Token | None,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._name = stored.name
        self._type = stored.type
        self._source = stored.source
        self._keeper: Keeper | None = stored.keeper
        self._field = field
        self._newest = begun
        self._clock = clock

    @property
    def connected(self) -> bool:
        """Whether the credential held tokens when it was read."""
        return self._newest is not None

    async def token(
        self, held: Token | None, send: Callable[[Request], Awaitable[Response]], *, refused: bool
    ) -> Token:
        """A usable token in place of `held`, or the one the credential has.

        `refused` says that the service no longer takes it. Raises CredentialError when the user has to sign in (again),
        AuthenticationError when the service refuses the refresh token, CredentialStoreError when the credential cannot
        be read, and what `send` raises.
        """
        import asyncio

        newest = self._newest
        if held is not None and newest is not None and newest.replaces == held.text and self._lasts(newest):
            return newest  # got while its caller was cancelled
        if held is None:
            held = newest if newest is not None else await asyncio.to_thread(self._stored)
            if held is None:
                raise self.not_connected()
            if not refused and self._lasts(held):
                return held
        return await _finished(self._refreshed(held, send))

    async def _refreshed(self, held: Token, send: Callable[[Request], Awaitable[Response]]) -> Token:
        if self._keeper is None:
            token = await self._asked(held, send)
            if token.refresh_token != held.refresh_token:
                logger.warning(
                    "The service gave the credential %r a new refresh token, which cannot be kept (%s): the next "
                    "process has to sign in again. Keep the credential in the file or in the keyring.",
                    self._name,
                    self._source,
                )
                token = replace(token, only_here=True)
            self._newest = token
            return token
        import asyncio

        async with claimed(self._keeper.lock_file(self._name)):
            stored = await asyncio.to_thread(self._stored)
            if stored is not None and stored.text not in (held.text, held.replaces):
                if self._lasts(stored):
                    self._newest = stored
                    return stored
                held = stored
            self._newest = await self._asked(held, send)
            self._newest = await asyncio.to_thread(self._kept, self._keeper, self._newest)
            return self._newest

    async def _asked(self, held: Token, send: Callable[[Request], Awaitable[Response]]) -> Token:
        if held.refresh_token is None:
            raise CredentialError(
                f"The access token of the credential {self._name!r} has expired, and the service did not give a "
                "refresh token.",
                hint=f"Sign in again: {self._command()}",
            )
        try:
            response = await send(self._client.refresh_request(held.refresh_token))
            token = read_token(response, self._clock(), url=self._client.token_url)
        except NodeloomError as error:
            # The token may come from another process; the session knows only its own as secret.
            error.mask(Masker(texts_of([held.refresh_token, held.text])))
            if error.details.get("serviceCode") == "invalid_grant":
                error.hint = f"The user's sign-in is no longer good. Sign in again: {self._command()}"
            raise
        return replace(
            token,
            refresh_token=token.refresh_token or held.refresh_token,
            scope=token.scope or held.scope,
            replaces=held.replaces if held.only_here and held.replaces else held.text,
        )

    def require_keeper(self) -> Keeper:
        """The keeper of the tokens. Raises CredentialStoreError if they cannot be kept."""
        if self._keeper is None:
            raise CredentialStoreError(
                f"The credential {self._name!r} comes from {self._source}, where tokens cannot be kept.",
                hint="Add it to the file or the keyring: nodeloom credentials add",
            )
        return self._keeper

    async def keep(self, token: Token) -> None:
        """Write a token the user has just signed in for to where the credential is. Raises CredentialStoreError.

        Also when the caller is cancelled: the code that brought it is used up.
        """
        await _finished(self._signed_in(token))

    async def _signed_in(self, token: Token) -> None:
        import asyncio

        keeper = self.require_keeper()
        # A refresh on its way, in another process, must not write the tokens of the sign-in before over these.
        async with claimed(keeper.lock_file(self._name)):
            await asyncio.to_thread(keeper.set_field, self._name, self._field, data_of(token))
        self._newest = token

    def _kept(self, keeper: Keeper, token: Token) -> Token:
        try:
            keeper.set_field(self._name, self._field, data_of(token))
        except CredentialStoreError as fault:
            # The token is good: the run goes on with it, and the next refresh tries to keep its own.
            mask = Masker(texts_of([token.text, token.refresh_token]))
            logger.error(  # noqa: TRY400 - a traceback would show the values
                "The refreshed tokens of the credential %r could not be kept, and are in this process only: %s",
                self._name,
                mask(str(fault)),
            )
            return replace(token, only_here=True)
        return token

    def _stored(self) -> Token | None:
        found = self._keeper.find(self._type, self._name) if self._keeper is not None else None
        return read_data(found.values.get(self._field)) if found is not None else None

    def _lasts(self, token: Token) -> bool:
        return token.expires_at > self._clock()

    def not_connected(self) -> CredentialError:
        """The error for a credential whose user has not signed in."""
        return CredentialError(
            f"The user of the credential {self._name!r} ({self._source}) has not signed in yet.",
            hint=f"Sign in: {self._command()}",
        )

    def _command(self) -> str:
        return f"nodeloom credentials connect {shlex.quote(self._name)}"


async def _finished(work: Coroutine[None, None, T]) -> T:
    """The outcome of `work`, which goes on for a while when the caller is cancelled."""
    import asyncio

    task = asyncio.ensure_future(interrupted_clean(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            try:
                await asyncio.wait([task], timeout=_GRACE_SECONDS)
            finally:
                task.cancel()
        if task.done() and not task.cancelled() and (fault := task.exception()) is not None:
            logger.debug("a refresh whose caller was cancelled failed: %s", type(fault).__name__)
        raise
