"""One token at a time for each client, over tasks, threads, loops and forks."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from typing import Any

import pytest

from nodeloom.credential import TokenStore
from nodeloom.credential.oauth.oauth2 import OAuth2Client, Token
from nodeloom.credential.oauth.tokenstore import TOKENS, Issued, number_of
from nodeloom.errors import AuthenticationError, NetworkError, NodeloomError, NotRunError, ServerError
from nodeloom.redaction import Secret
from tests.credential.helpers import Clock

pytestmark = pytest.mark.anyio

CLIENT = OAuth2Client("https://pbx/connect/token", "me", Secret("sesame"))


class Fetch:
    """Counts fetches; each waits for `gate` where one is given, then raises or returns what is next."""

    def __init__(self, *outcomes: Exception | float, gate: asyncio.Event | None = None) -> None:
        self.count = 0
        self.outcomes = list(outcomes)
        self.gate = gate
        self.started = asyncio.Event()

    async def __call__(self) -> Token:
        self.count += 1
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        else:
            await asyncio.sleep(0)
        outcome = self.outcomes.pop(0) if self.outcomes else float("inf")
        if isinstance(outcome, Exception):
            raise outcome
        return Token(Secret(f"token-{self.count}"), outcome)


async def test_many_tasks_fetch_once() -> None:
    """All get the same token."""
    store, fetch = TokenStore(), Fetch()
    issued = await asyncio.gather(*(store.get(CLIENT, fetch) for _ in range(200)))
    assert fetch.count == 1
    assert {i.token.text.reveal() for i in issued} == {"token-1"}
    assert store.current(CLIENT) is issued[0]


def test_threads_with_loops_of_their_own_fetch_once() -> None:
    """The one that fetches may run on another loop."""
    store = TokenStore()
    barrier = threading.Barrier(8)
    issued: list[Issued] = []
    fetched: list[str] = []

    async def slow() -> Token:
        fetched.append(threading.current_thread().name)
        await asyncio.sleep(0.05)
        return Token(Secret("shared"), float("inf"))

    async def some() -> None:
        issued.extend(await asyncio.gather(*(store.get(CLIENT, slow) for _ in range(20))))

    def work() -> None:
        barrier.wait()
        asyncio.run(some())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1
    assert len(issued) == 160
    assert len({i.generation for i in issued}) == 1


async def test_when_the_first_caller_is_cancelled_another_takes_over() -> None:
    """Nobody waits for a fetch that was given up."""
    store, gate = TokenStore(), asyncio.Event()
    fetch = Fetch(gate=gate)
    first = asyncio.create_task(store.get(CLIENT, fetch))
    await fetch.started.wait()
    others = [asyncio.create_task(store.get(CLIENT, fetch)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert {i.token.text.reveal() for i in await asyncio.gather(*others)} == {"token-2"}
    assert fetch.count == 2


async def test_when_the_run_of_the_first_caller_ends_another_takes_over() -> None:
    """A request for a token may wait for its turn; that its own run is over is nobody else's affair."""
    store, gate = TokenStore(), asyncio.Event()
    ending = Fetch(NotRunError("The request was not sent: the run was stopped."), gate=gate)
    first = asyncio.create_task(store.get(CLIENT, ending, by="first"))
    await ending.started.wait()
    fetch = Fetch()
    second = asyncio.create_task(store.get(CLIENT, fetch, by="second"))
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(NotRunError):
        await first
    assert (await second).token.text.reveal() == "token-1"
    assert fetch.count == 1


async def test_a_waiter_that_is_cancelled_disturbs_nobody() -> None:
    """The fetch goes on for the others."""
    store, gate = TokenStore(), asyncio.Event()
    fetch = Fetch(gate=gate)
    first = asyncio.create_task(store.get(CLIENT, fetch))
    await fetch.started.wait()
    waiter = asyncio.create_task(store.get(CLIENT, fetch))
    other = asyncio.create_task(store.get(CLIENT, fetch))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    gate.set()
    assert (await first).token.text.reveal() == (await other).token.text.reveal() == "token-1"
    assert fetch.count == 1


def test_a_loop_that_ends_while_fetching_leaves_nobody_waiting() -> None:
    """A run that is broken off does not stop the next."""
    store = TokenStore()

    async def never() -> Token:
        await asyncio.Event().wait()
        raise AssertionError("not reached")

    async def broken_off() -> None:
        await asyncio.wait_for(store.get(CLIENT, never), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(broken_off())
    assert asyncio.run(store.get(CLIENT, Fetch())).token.text.reveal() == "token-1"


async def test_a_refusal_is_everyones_and_holds_for_a_while() -> None:
    """A hundred thousand items do not knock with a wrong secret; each gets an error of its own."""
    clock = Clock()
    store = TokenStore(clock)
    fetch = Fetch(AuthenticationError("refused", status=401))
    results = await asyncio.gather(*(store.get(CLIENT, fetch) for _ in range(50)), return_exceptions=True)
    assert fetch.count == 1
    assert all(isinstance(r, AuthenticationError) for r in results)
    assert len({id(r) for r in results}) == 50
    with pytest.raises(AuthenticationError):
        await store.get(CLIENT, fetch)
    assert fetch.count == 1
    clock.now += 31
    assert (await store.get(CLIENT, fetch)).token.text.reveal() == "token-2"


async def test_another_secret_is_another_client() -> None:
    """A corrected secret does not have to wait, and no tenant gets another's token."""
    store = TokenStore()
    with pytest.raises(AuthenticationError):
        await store.get(CLIENT, Fetch(AuthenticationError("refused", status=401)))
    corrected = OAuth2Client(CLIENT.token_url, CLIENT.client_id, Secret("other"))
    issued = await store.get(corrected, Fetch())
    assert store.current(corrected) is issued
    assert store.current(CLIENT) is None


@pytest.mark.parametrize(
    "other", [{"verify": False}, {"way": (1, None)}, {"way": (0, (("pbx",), False, True, (), False))}], ids=repr
)
async def test_who_may_have_been_answered_by_another_server_has_another_token(other: dict[str, Any]) -> None:
    """Without checked certificates, over another transport or by another policy, an address may be any server's."""
    store = TokenStore()
    elsewhere = replace(CLIENT, **other)
    issued = await store.get(elsewhere, Fetch())
    assert store.current(elsewhere) is issued
    assert store.current(CLIENT) is store.latest(CLIENT) is None
    with pytest.raises(AuthenticationError):
        await store.get(CLIENT, Fetch(AuthenticationError("refused", status=401)))
    # Nor is a refusal that somebody between made up everyone's.
    assert await store.get(elsewhere, Fetch()) is issued


def test_a_transport_has_one_number_for_as_long_as_it_lives() -> None:
    class Transport:
        pass

    class Plain:
        __slots__ = ()

    first, second = Transport(), Transport()
    assert number_of(first) == number_of(first) != number_of(second)
    assert number_of(None) == 0
    assert number_of(Plain()) > 0


async def test_a_service_in_trouble_is_asked_again_by_the_next() -> None:
    """Those who waited share the answer, who comes later tries anew."""
    store = TokenStore()
    fetch = Fetch(ServerError("down", status=503))
    results = await asyncio.gather(*(store.get(CLIENT, fetch) for _ in range(5)), return_exceptions=True)
    assert [type(r) for r in results] == [ServerError] * 5
    assert (await store.get(CLIENT, fetch)).token.text.reveal() == "token-2"


async def test_a_broken_connection_concerns_who_shares_it() -> None:
    """Another runtime may have another proxy: it tries by itself."""
    store, gate = TokenStore(), asyncio.Event()
    mine, yours = object(), object()
    fetch = Fetch(NetworkError("refused"), gate=gate)
    tasks = [asyncio.create_task(store.get(CLIENT, fetch, by=mine))]
    await fetch.started.wait()
    tasks += [asyncio.create_task(store.get(CLIENT, fetch, by=by)) for by in (mine, mine, yours)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, NetworkError) for r in results] == [True, True, True, False]
    assert fetch.count == 2


async def test_a_fault_that_is_no_answer_stays_with_its_caller() -> None:
    """A bug in one runtime's transport is not passed around."""
    store, gate = TokenStore(), asyncio.Event()
    fetch = Fetch(ZeroDivisionError(), gate=gate)
    first = asyncio.create_task(store.get(CLIENT, fetch))
    await fetch.started.wait()
    second = asyncio.create_task(store.get(CLIENT, fetch))
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(ZeroDivisionError):
        await first
    assert (await second).token.text.reveal() == "token-2"


async def test_a_refused_token_is_replaced_once() -> None:
    """Whoever comes with the same refused token later gets the new one; a fetch is not repeated."""
    store, fetch = TokenStore(), Fetch()
    old = await store.get(CLIENT, fetch)
    new = await asyncio.gather(*(store.get(CLIENT, fetch, after=old.generation) for _ in range(20)))
    assert {i.token.text.reveal() for i in new} == {"token-2"}
    assert (await store.get(CLIENT, fetch, after=old.generation)).token.text.reveal() == "token-2"
    assert fetch.count == 2


async def test_a_token_that_ran_out_is_replaced() -> None:
    """By the clock the store was given."""
    clock = Clock(100.0)
    store, fetch = TokenStore(clock), Fetch(200.0)
    assert (await store.get(CLIENT, fetch)).token.text.reveal() == "token-1"
    clock.now = 199.0
    assert (await store.get(CLIENT, fetch)).token.text.reveal() == "token-1"
    clock.now = 200.0
    assert store.current(CLIENT) is None
    assert (await store.get(CLIENT, fetch)).token.text.reveal() == "token-2"


async def test_many_tenants_do_not_fill_the_memory() -> None:
    """Clients whose token has run out are forgotten."""
    clock = Clock(100.0)
    store = TokenStore(clock)
    for number in range(3000):
        client = OAuth2Client("https://pbx/connect/token", f"tenant-{number}", Secret("s"))
        await store.get(client, Fetch(clock.now + 10))
        clock.now += 1
    assert len(store._slots) <= 1024


async def test_an_error_for_one_caller_is_not_the_others() -> None:
    """The run writes the item's number into it."""
    store = TokenStore()
    fetch = Fetch(AuthenticationError("refused", status=401))
    first, second = await asyncio.gather(store.get(CLIENT, fetch), store.get(CLIENT, fetch), return_exceptions=True)
    assert isinstance(first, NodeloomError)
    assert isinstance(second, NodeloomError)
    first.item = 1
    first.details["status"] = 0
    assert (second.item, second.details["status"]) == (None, 401)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_begins_with_no_token() -> None:
    """It must not wait for its parent's fetch, nor for a lock held by a thread it does not have."""
    asyncio.run(TOKENS.get(CLIENT, Fetch()))
    try:
        assert TOKENS.current(CLIENT) is not None
        with TOKENS._lock:
            child = os.fork()
            if child == 0:
                os._exit(0 if TOKENS.current(CLIENT) is None else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        TOKENS.clear()
