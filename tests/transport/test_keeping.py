"""No request is lost on a connection that the service has closed meanwhile, and none is sent twice for that."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from nodeloom.errors import NetworkError
from nodeloom.messages import Request, Response
from nodeloom.transport import Limits, RetryingSender, RetryPolicy, Sender, Trip
from nodeloom.transport.keeping import LONG, NEVER, SHORT, Keeping
from nodeloom.transport.politeness.budget import RetryBudget

# Much longer than any delay of this machine, and than a connection may be idle that a POST goes over.
IDLE_SECONDS = 0.3


@dataclass
class HastyService:
    """Answers requests; one that comes on a connection it has just given up is lost.

    A service closes a connection when it was idle for some time, or after some number of requests. Here it does so in
    the worst moment, when the next request is on its way: that one is read by nobody, and the connection is closed.
    """

    after: int
    idle: float
    fields: bytes
    url: str = ""
    connections: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    transports: list[asyncio.Transport] = field(default_factory=list)


class Connection(asyncio.Protocol):
    def __init__(self, service: HastyService) -> None:
        self._service = service
        self._data = b""
        self._answered = 0
        self._at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.connections += 1
        self._service.transports.append(transport)

    def data_received(self, data: bytes) -> None:
        service, now = self._service, asyncio.get_running_loop().time()
        self._data += data
        while self._data:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or b"0")
            if not end or len(rest) < length:
                return
            self._data = rest[length:]
            path = head.split(b" ")[1].decode()
            if self._answered and (now - self._at > service.idle or self._answered >= service.after):
                service.lost.append(path)
                self._transport.abort()
                return
            service.seen[path] += 1
            self._answered += 1
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + service.fields + b"\r\nok")
            self._at = now


@asynccontextmanager
async def hasty(
    *, after: int = 10**6, idle: float = 10**6, fields: bytes = b""
) -> AsyncIterator[tuple[HastyService, Sender]]:
    service = HastyService(after, idle, fields)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sender = Sender(limits=Limits(connect_seconds=10, read_seconds=10))
    try:
        yield service, sender
    finally:
        await sender.aclose()
        server.close()
        for transport in service.transports:
            transport.abort()
        await asyncio.sleep(0.01)  # they are closed in the next turn


async def each(
    service: HastyService, send: Callable[[Request], Awaitable[Response]], method: str, count: int, pause: float
) -> list[object]:
    """What became of `count` requests, one after the other."""
    found: list[object] = []
    for number in range(count):
        body = b"{}" if method in ("POST", "PATCH") else None
        try:
            found.append((await send(Request(method, f"{service.url}/{number}", body=body))).status)
        except NetworkError as error:
            found.append(error.details["sent"])
        await asyncio.sleep(pause)
    return found


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_not_happen_twice_goes_over_no_connection_that_was_idle(method: str) -> None:
    async def scenario() -> None:
        async with hasty(idle=IDLE_SECONDS) as (service, sender):
            assert await each(service, sender.send, method, 6, IDLE_SECONDS + 0.1) == [200] * 6
            assert service.lost == []
            assert set(service.seen.values()) == {1}

    asyncio.run(scenario())


def test_requests_that_follow_each_other_share_a_connection() -> None:
    async def scenario() -> None:
        async with hasty() as (service, sender):
            assert await each(service, sender.send, "POST", 40, 0) == [200] * 40
            assert service.connections < 20

    asyncio.run(scenario())


@pytest.mark.parametrize("after", [1, 3])
def test_after_a_connection_was_closed_under_a_request_each_has_one_of_its_own(after: int) -> None:
    """Nobody can know of the first; the service says nothing, and its end comes as the request goes."""

    async def scenario() -> None:
        async with hasty(after=after) as (service, sender):
            found = await each(service, sender.send, "POST", 12, 0)
            assert found.count("unknown") == len(service.lost) <= 1
            assert found.count(200) == len(service.seen) == 12 - len(service.lost)
            assert set(service.seen.values()) == {1}

    asyncio.run(scenario())


def test_what_may_happen_twice_learns_from_the_first_that_were_lost() -> None:
    """They are repeated, which the budget of the run is charged with; not for each one that comes after a pause."""

    async def scenario() -> None:
        async with hasty(idle=IDLE_SECONDS) as (service, sender):
            budget = RetryBudget(0.0, floor=2)
            retrying = RetryingSender(sender.send, RetryPolicy(retries=1, base_seconds=0), budget=budget)

            async def send(request: Request) -> Response:
                return await retrying.send(request, Trip.none())

            assert await each(service, send, "DELETE", 7, IDLE_SECONDS + 0.1) == [200] * 7
            assert len(service.lost) == budget.spent == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "kept"), [(b"timeout=1", False), (b"timeout=4, max=100", False), (b"timeout=60", True)]
)
def test_a_service_that_says_how_long_it_keeps_connections_is_believed(said: bytes, kept: bool) -> None:
    async def scenario() -> int:
        async with hasty(fields=b"Keep-Alive: " + said + b"\r\n") as (service, sender):
            assert await each(service, sender.send, "GET", 4, 0.2) == [200] * 4
            return service.connections

    # The first answer says it.
    assert asyncio.run(scenario()) == (1 if kept else 4)


def test_how_long_a_connection_may_have_been_idle() -> None:
    get, post = Request("GET", "https://a.test/1"), Request("POST", "https://a.test/2")
    other, safe = Request("POST", "https://b.test/"), Request("POST", "https://a.test/", repeatable=True)
    keeping = Keeping()
    assert [keeping.seconds(r) for r in (get, post, safe)] == [LONG, SHORT, LONG]
    keeping.learn(get, None)
    keeping.learn(get, "timeout=60")
    assert keeping.seconds(get) == LONG
    keeping.learn(get, "timeout=2")
    assert [keeping.seconds(r) for r in (get, post, safe)] == [SHORT, SHORT, SHORT]
    keeping.broke(post)
    keeping.learn(get, "timeout=2")
    assert [keeping.seconds(r) for r in (get, post, safe)] == [SHORT, NEVER, SHORT]
    assert keeping.seconds(other) == SHORT


def test_what_may_happen_twice_bears_a_connection_that_breaks_now_and_then() -> None:
    """One in a hundred is repeated; a new connection for each of the others would cost more."""
    get, post = Request("GET", "https://a.test/1"), Request("POST", "https://a.test/2")
    keeping = Keeping()
    for number in range(1000):
        if number % 100 == 99:
            keeping.broke(get)
        assert keeping.seconds(get) == LONG
        assert keeping.seconds(post) == (SHORT if number < 99 else NEVER)
    for _ in range(200):
        keeping.broke(get)
    assert keeping.seconds(get) == SHORT


def test_what_is_known_of_services_is_bounded() -> None:
    keeping = Keeping()
    for number in range(3000):
        keeping.broke(Request("POST", f"https://h{number}.test/"))
    assert keeping.seconds(Request("POST", "https://h2999.test/")) == SHORT
    assert keeping.seconds(Request("POST", "https://h5.test/")) == NEVER
