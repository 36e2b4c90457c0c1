"""One token at a time for each client, shared by every run, thread and event loop of the process.

A service such as 3CX ends a client's token when it issues the next one, so two fetches at the same moment would
each spoil the other's. The first caller that does not find a usable token fetches one; all others wait for that fetch.
"""

from __future__ import annotations

import concurrent.futures
import copy
import hashlib
import itertools
import os
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token
from nodeloom.errors import AuthenticationError, NodeloomError, NotRunError, RequestError

Clock = Callable[[], float]
Key = tuple[Hashable, ...]

_REFUSAL_SECONDS = 30.0
# One fresh token may be refused because another process that uses the client fetched one just then; two may not.
_REFUSED_IN_A_ROW = 2
_MANY = 1024


@dataclass(frozen=True, slots=True)
class Issued:
    """A token and its number; a later token has a higher one."""

    token: Token
    generation: int


@dataclass(frozen=True, slots=True)
class _Failure:
    error: NodeloomError
    by: object


@dataclass(slots=True)
class _Slot:
    """What is known about one client. `flight` is the fetch under way, resolved with None when it was given up.

    `judged` is the last generation that was refused as soon as it was used, `refused_in_a_row` how many were.
    """

    issued: Issued | None = None
    flight: concurrent.futures.Future[Issued | _Failure | None] | None = None
    refusal: NodeloomError | None = None
    refused_until: float = 0.0
    judged: int = 0
    refused_in_a_row: int = 0
    barred_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class TokenStore:
    """Tokens by client. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._slots: dict[Key, _Slot] = {}
        self._lock = threading.Lock()
        self._generations = itertools.count(1)

    def clear(self) -> None:
        """Forget everything, fetches under way included: for a forked child, and for tests."""
        self._slots = {}
        self._lock = threading.Lock()

    def current(self, client: OAuth2Client) -> Issued | None:
        """The client's usable token, if there is one."""
        issued = self._slot(client).issued
        return issued if issued is not None and issued.token.expires_at > self.clock() else None

    def latest(self, client: OAuth2Client) -> Issued | None:
        """The last token the client was issued here, whether it is still good or not."""
        return self._slot(client).issued

    def judge(self, client: OAuth2Client, generation: int, *, refused: bool) -> None:
        """Remember whether the service took a token it had just issued."""
        slot = self._slot(client)
        with slot.lock:
            if not refused:
                slot.refused_in_a_row, slot.barred_until = 0, 0.0
            elif generation > slot.judged:
                # Many items may have repeated their requests with the one token.
                slot.judged = generation
                slot.refused_in_a_row += 1
                if slot.refused_in_a_row >= _REFUSED_IN_A_ROW:
                    slot.barred_until = self.clock() + _REFUSAL_SECONDS

    def barred(self, client: OAuth2Client) -> bool:
        """Whether another token would be of no use: the service refuses those it has just issued."""
        return self._slot(client).barred_until > self.clock()

    async def get(
        self,
        client: OAuth2Client,
        fetch: Callable[[], Awaitable[Token]],
        *,
        after: int = 0,
        by: object = None,
    ) -> Issued:
        """A usable token of a generation later than `after`, fetched with `fetch` unless there is one.

        Concurrent callers, also on other threads and loops, share one fetch. When its caller is cancelled, one of
        those who wait takes over. A refusal by the service is everyone's, and holds for 30 s, so that a hundred
        thousand items do not knock with a wrong secret; a connection that failed concerns only callers with the
        same `by`, since others may have another transport.
        """
        import asyncio

        slot = self._slot(client)
        while True:
            with slot.lock:
                issued = slot.issued
                now = self.clock()
                if issued is not None and issued.generation > after and issued.token.expires_at > now:
                    return issued
                if slot.refusal is not None and now < slot.refused_until:
                    raise copy.deepcopy(slot.refusal)
                flight = slot.flight
                if flight is None:
                    own = slot.flight = concurrent.futures.Future()
                    # From here on a waiter's cancellation cannot cancel the future itself.
                    own.set_running_or_notify_cancel()
            if flight is None:
                return await self._fetch(slot, fetch, by)
            outcome = await asyncio.wrap_future(flight)
            if isinstance(outcome, _Failure) and (outcome.by is by or not isinstance(outcome.error, RequestError)):
                # Each caller gets its own: an error is later told which item it belongs to.
                raise copy.deepcopy(outcome.error)

    async def _fetch(self, slot: _Slot, fetch: Callable[[], Awaitable[Token]], by: object) -> Issued:
        outcome: Issued | _Failure | None = None
        try:
            outcome = Issued(await fetch(), next(self._generations))
        except NotRunError:
            # The run of who fetches has ended; the others go on, one of them with the fetch.
            raise
        except NodeloomError as error:
            outcome = _Failure(copy.deepcopy(error), by)
            raise
        else:
            return outcome
        finally:
            # Also on cancellation, and when the loop is torn down: those that wait are told to go on alone.
            self._settle(slot, outcome)

    def _settle(self, slot: _Slot, outcome: Issued | _Failure | None) -> None:
        with slot.lock:
            flight, slot.flight = slot.flight, None
            if isinstance(outcome, Issued):
                slot.issued, slot.refusal = outcome, None
            elif isinstance(outcome, _Failure) and isinstance(outcome.error, AuthenticationError):
                slot.refusal = outcome.error
                slot.refused_until = self.clock() + _REFUSAL_SECONDS
        if flight is not None:
            flight.set_result(outcome)

    def _slot(self, client: OAuth2Client) -> _Slot:
        key = _key(client)
        slot = self._slots.get(key)
        if slot is None:
            with self._lock:
                if len(self._slots) >= _MANY:
                    self._drop_stale()
                slot = self._slots.setdefault(key, _Slot())
        return slot

    def _drop_stale(self) -> None:
        """Forget clients whose token has run out: a host with many tenants must not grow without end."""
        now = self.clock()
        for key, slot in list(self._slots.items()):
            issued = slot.issued
            # A refresh token that is kept nowhere else outlives its access token.
            stale = issued is None or (issued.token.expires_at <= now and not issued.token.only_here)
            if slot.flight is None and stale:
                del self._slots[key]


def _key(client: OAuth2Client) -> Key:
    secret = hashlib.sha256(client.client_secret.reveal().encode("utf-8", "surrogatepass")).digest()
    how = (client.authentication, client.grant, client.user, client.more)
    # A token that was fetched without a check of certificates may come from an attacker in between. It is not handed to
    # a session that checks them.
    answered_by = (client.token_url, client.verify, client.way)
    return (*answered_by, client.client_id, client.scope or "", secret, *how)


_NUMBERS: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()
_COUNT = itertools.count(1)


def number_of(transport: object) -> int:
    """A number for a transport that a host has given: it decides who answers, and is not kept alive for that."""
    if transport is None:
        return 0
    try:
        return _NUMBERS.setdefault(transport, next(_COUNT))
    except TypeError:  # it does not allow weak references, or is not hashable
        return next(_COUNT)


TOKENS = TokenStore()
"""The process's own store."""

if hasattr(os, "register_at_fork"):
    # A child must not wait for a fetch of its parent, nor for a lock that no thread of its own will release.
    os.register_at_fork(after_in_child=TOKENS.clear)
