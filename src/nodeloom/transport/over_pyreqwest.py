"""Requests over pyreqwest, an HTTP client in Rust: several times as fast as httpx where its wheels exist.

It sends what it can send unchanged. The rest is for httpx, which is asked as well if a connection could not be made:
its errors say more. Nothing is sent twice that way.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from nodeloom import openfiles
from nodeloom.messages import Request, Response, origin_of
from nodeloom.transport.answerbody import AnswerBody
from nodeloom.transport.channel import USER_AGENT, too_large, undecodable
from nodeloom.transport.decoding import DecodingError, TooMuch, accepted_codings
from nodeloom.transport.faults import broken, in_time, total_time_over
from nodeloom.transport.keeping import LONG, Keeping
from nodeloom.transport.limits import Limits

if TYPE_CHECKING:
    from pyreqwest.client import Client
    from pyreqwest.request import StreamRequest
    from pyreqwest.response import Response as Answer

logger = logging.getLogger("nodeloom.transport")

_LONG_BODY = 2**20
_LIBRARY = "pyreqwest._pyreqwest"
_SAFE = frozenset({"GET", "HEAD"})
# A host that its resolver finds under the name it was told, and never reads as an address of its own.
_PLAIN_HOST = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*")
_MOST_PINNED = 64
# Each has a client of its own here, and an item may say how long to wait; httpx has one for them all.
_MOST_CLIENTS = 16
# What the client's thread, a library and the certificates take. It aborts the process if it cannot have them.
_FILES_OF_A_CLIENT = 16
_REASONS = {int(status): status.phrase for status in HTTPStatus}
# RFC 9110 section 8.6: without a length, servers such as IIS refuse these (411).
_SAYS_EMPTY = frozenset({"POST", "PUT", "PATCH"})
# How the causes of an error tell that no connection came about; its class does not (a lost answer has the same one).
_NOT_CONNECTED = "client error (Connect)"


def open_channel(limits: Limits) -> PyreqwestChannel | None:
    """A channel; None where pyreqwest is not installed, and in a child forked after its first use.

    Raises ConfigurationError when the process has too many files open for it.
    """
    if not openfiles.some_left(_FILES_OF_A_CLIENT):
        raise openfiles.cannot_begin()
    try:
        _load()
        return PyreqwestChannel(limits)
    except (ImportError, RuntimeError) as fault:
        logger.info("requests go over httpx, which is slower: pyreqwest cannot be used: %s", fault)
        return None


def _load() -> None:
    """Import pyreqwest in a thread that lives as long as the process; ImportError if it is not installed.

    Its allocator takes the thread it is loaded in for the main one. When that ends, what it allocates next in another
    thread crashes the process.
    """
    if _LIBRARY in sys.modules or threading.current_thread() is threading.main_thread():
        importlib.import_module(_LIBRARY)
        return
    loaded = threading.Event()

    def stay() -> None:
        try:
            importlib.import_module(_LIBRARY)
        except ImportError:
            return
        finally:
            loaded.set()
        threading.Event().wait()

    threading.Thread(target=stay, name="nodeloom-pyreqwest", daemon=True).start()
    loaded.wait()
    importlib.import_module(_LIBRARY)


def settle() -> None:
    """Wait until the client's own thread has left the interpreter; to be called before a process ends.

    An interpreter that ends while that thread holds its lock aborts. A blocking call is answered by the same thread,
    after everything it was asked before.
    """
    if _used_in != os.getpid():
        return
    from pyreqwest.client import SyncClientBuilder
    from pyreqwest.exceptions import PyreqwestError

    with SyncClientBuilder().https_only(enable=True).no_proxy().build() as client:
        try:
            # Refused for its scheme: nothing goes out.
            client.get("http://127.0.0.1/").build().send()
        except PyreqwestError:
            return


_used_in: int | None = None


def _client(limits: Limits, wait: float | None, idle: float = LONG, pin: tuple[str, str] | None = None) -> Client:
    """A client that uses connections again that have been idle for `idle` seconds at most.

    With `pin` it takes the second, an IP address, for the first, a host's name.
    """
    from pyreqwest.client import ClientBuilder

    global _used_in
    read = wait or limits.read_seconds
    # Below the other, so that which of the two has run out tells whether anything was sent.
    connect = min(limits.connect_seconds, 0.9 * min(read, limits.total_seconds or read))
    builder = (
        ClientBuilder()
        .user_agent(USER_AGENT)
        .follow_redirects(enable=False)
        .no_proxy()
        .gzip(enable=False)
        .deflate(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .default_headers({"Accept-Encoding": accepted_codings()})
        .connect_timeout(timedelta(seconds=connect))
        .read_timeout(timedelta(seconds=read))
    )
    # It looks at a connection's age, and at whether it was closed, when it takes it out of its pool.
    builder = builder.pool_idle_timeout(timedelta(seconds=idle)) if idle else builder.pool_max_idle_per_host(0)
    if limits.total_seconds is not None:
        builder = builder.timeout(timedelta(seconds=limits.total_seconds))
    if pin is not None:
        # Port 0 stands for that of each address called.
        builder = builder.resolve(pin[0], pin[1], 0)
    with _threads_that_give_way():
        client = builder.build()
    if _used_in is None:
        atexit.register(_settle_at_exit)
    _used_in = os.getpid()
    return client


@contextmanager
def _threads_that_give_way() -> Iterator[None]:
    """Let a thread begun inside wait for its turn when it wakes, instead of taking the core at once (Linux, sched(7)).

    The first client begins the thread that all of them work in. It wakes for every request that is given to it; where
    it shares a core with the event loop, it would come in between each time. With SCHED_BATCH it comes when the loop
    waits, for many requests at once. A thread inherits the policy of the one that begins it.
    """
    changed = _gives_way()
    try:
        yield
    finally:
        if changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _gives_way() -> bool:
    """Let this thread give way; False if a policy was chosen for it, or the system does not have or allow one."""
    try:
        if os.sched_getscheduler(0) != os.SCHED_OTHER:
            return False
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    except (AttributeError, OSError):
        return False
    return True


def _settle_at_exit() -> None:
    settle()
    time.sleep(0.01)


class Unsent(Exception):
    """The request was not sent, and httpx may."""


class PyreqwestChannel:
    """Sends what pyreqwest can; `Unsent` is raised for the rest, of which nothing went out."""

    def __init__(self, limits: Limits) -> None:
        from pyreqwest import exceptions
        from pyreqwest.http import Url

        self._limits = limits
        self._url = Url
        self._faults: Any = exceptions
        self._keeping = Keeping()
        self._clients: dict[tuple[float | None, float], Client] = {(None, LONG): _client(limits, None)}
        self._pinned: dict[tuple[float | None, float, str, str], Client] = {}

    async def exchange(self, request: Request, address: str | None = None) -> Response:
        """The answer, read to its end. Raises Unsent, or a RequestError subclass when none came.

        `address` is the IP address to connect to, in place of those the host's name resolves to.
        """
        outgoing = self._outgoing(request, address)
        began = time.monotonic() if self._limits.total_seconds is not None else 0.0
        answer: Answer | None = None
        try:
            async with outgoing as answer:
                status = answer.status
                whole = self._comes_whole(answer)
                body = bytes(await answer.body_reader.bytes()) if whole else await self._gathered(answer, request)
        except self._faults.DetailedPyreqwestError as fault:
            raise self._translate(fault, request, began, answered=answer is not None) from fault
        if (kept := answer.get_header("keep-alive")) is not None:
            self._keeping.learn(request, kept)
        if request.method in _SAFE and not _readable(answer):
            # Asking twice is safe, and a file's name may stand in such a field.
            raise Unsent
        return Response(status, _Fields(answer), body, _REASONS.get(status, ""), request.url)

    async def aclose(self) -> None:
        """Close every connection."""
        clients = [*self._clients.values(), *self._pinned.values()]
        self._clients, self._pinned = {}, {}
        for client in clients:
            await client.close()

    def _outgoing(self, request: Request, address: str | None) -> StreamRequest:
        if not request.verify or request.proxy is not None:
            raise Unsent
        if request.body is not None and len(request.body) > _LONG_BODY:
            # Its read timeout runs while a body is sent too; httpx has one for each part that is written.
            raise Unsent
        try:
            url = self._url(request.url)
            if str(url) != request.url:
                # It would be written another way, such as with its dot segments resolved.
                raise Unsent
            key = (request.timeout, self._keeping.seconds(request))
            client = self._clients.get(key) if address is None else self._pinned_client(request, address)
            if client is None:
                if len(self._clients) >= _MOST_CLIENTS:
                    raise Unsent
                self._require_files(request)
                client = self._clients[key] = _client(self._limits, *key)
            # Of a plain dict it takes half as long as of one that masks what it shows.
            building = client.request(request.method, url).headers(dict(request.headers))
            if request.body is not None:
                building = building.body_bytes(request.body)
            elif request.method in _SAYS_EMPTY:
                building = building.header("Content-Length", "0")
            return building.build_streamed()
        except ValueError:
            raise Unsent from None

    def _require_files(self, request: Request) -> None:
        if not openfiles.some_left(_FILES_OF_A_CLIENT):
            raise openfiles.too_many(method=request.method, origin=origin_of(request.url))

    def _pinned_client(self, request: Request, address: str) -> Client:
        """The client that takes `address` for the request's host. Raises Unsent if it might look the name up."""
        host = origin_of(request.url).partition("://")[2].rpartition(":")[0]
        key = (request.timeout, self._keeping.seconds(request), host, address)
        client = self._pinned.get(key)
        if client is None:
            if _PLAIN_HOST.fullmatch(host) is None or len(self._pinned) >= _MOST_PINNED:
                raise Unsent
            self._require_files(request)
            client = self._pinned[key] = _client(self._limits, *key[:2], (host, address))
        return client

    def _comes_whole(self, answer: Answer) -> bool:
        """Whether the body is as it was meant, and says that it is not too long."""
        length = answer.get_header("content-length")
        short = length is not None and length.isdigit() and int(length) <= self._limits.answer_bytes
        return short and answer.get_header("content-encoding") is None

    async def _gathered(self, answer: Answer, request: Request) -> bytes:
        """The body, unpacked part by part. Raises AnswerTooLargeError and UnreadableAnswerError."""
        most = self._limits.answer_bytes
        try:
            body = AnswerBody(", ".join(answer.get_header_all("content-encoding")), most)
            while (chunk := await answer.body_reader.read_chunk()) is not None:
                await body.take(bytes(chunk))
            return body.whole()
        except TooMuch:
            raise too_large(request, most) from None
        except DecodingError as fault:
            encoding = answer.get_header("content-encoding") or ""
            raise undecodable(request, answer.status, encoding, fault) from fault

    def _translate(self, fault: Any, request: Request, began: float, *, answered: bool) -> Exception:
        """The error for a request that got no answer; Unsent where httpx can say why no connection came about."""
        causes = [cause["message"] for cause in fault.details.get("causes") or ()]
        connected = _NOT_CONNECTED not in causes
        if isinstance(fault, self._faults.RequestTimeoutError):
            total = self._limits.total_seconds
            # Its words are the same for both kinds of time.
            if total is not None and connected and time.monotonic() - began >= 0.95 * total:
                return total_time_over(request, total)
            return in_time(request, connected=connected)
        if not connected:
            if any(map(openfiles.said_used_up, causes)) or not openfiles.some_left():
                return openfiles.too_many(method=request.method, origin=origin_of(request.url))
            return Unsent()
        if not answered:
            self._keeping.broke(request)
        return broken(request, causes[-1] if causes else str(fault.message))


class _Fields:
    """The header fields of an answer, read from it when looked at.

    What is not ASCII cannot be read here: such a field is empty.
    """

    __slots__ = ("_answer",)

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def get(self, name: str) -> str:
        try:
            return ", ".join(self._answer.get_header_all(name))
        except ValueError:
            return ""

    def lines(self, name: str) -> list[str]:
        try:
            return list(self._answer.get_header_all(name))
        except ValueError:
            return []

    def all(self) -> dict[str, str]:
        return {name: self.get(name) for name in dict.fromkeys(self._answer.headers.keys())}


def _readable(answer: Answer) -> bool:
    try:
        return all(value.isascii() for value in answer.headers.values())
    except ValueError:
        return False
