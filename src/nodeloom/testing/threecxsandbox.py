"""`ThreeCXSandbox`: a 3CX one can break, on a real socket of the loopback interface."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nodeloom.errors import ConfigurationError, UnknownNameError
from nodeloom.testing.httpserver import HttpServer
from nodeloom.testing.odata.bodychecks import check_fields
from nodeloom.testing.odata.refusal import ODataError
from nodeloom.testing.odata.service import ODataService
from nodeloom.testing.odata.store import EntityStore
from nodeloom.testing.requestlog import LoggedRequest, RequestLog
from nodeloom.testing.sandboxoptions import SandboxOptions
from nodeloom.testing.threecx.application import API_PATH, SandboxApplication
from nodeloom.testing.threecx.tokenendpoint import TokenIssuer
from nodeloom.testing.threecx.weblinks import WEBSITE_LINKS, sample_link
from nodeloom.values import Json, JsonObject

if TYPE_CHECKING:
    from nodeloom.testing.odata.offers import Catalogue

_HOST = "127.0.0.1"
_THREAD = "nodeloom-sandbox"


class ThreeCXSandbox:
    """A 3CX server with every entity set and operation of 3CX's own file, for tests and demonstrations.

        with ThreeCXSandbox(links=100, rate_500=0.1) as sandbox:
            runtime.run(…, credentials={"threeCxApi": sandbox.credential})

    As a context manager (or between `start` and `stop`) it serves from a thread of its own. `await serve()`
    serves within the running event loop until it is cancelled. The options are those of `SandboxOptions`, given
    by name or as one object. Website Links, and deleting many entities at once, behave as 3CX's do; other actions
    are checked, do not change data, and answer synthetic values of the declared type. State outlives a restart:
    entities, tokens and the log are the sandbox's, not the socket's. Everything public may be used from any thread.
    """

    def __init__(self, options: SandboxOptions | None = None, **named: Any) -> None:
        if options is not None and named:
            raise ConfigurationError("Give the sandbox's options as one object or by name, not both.")
        self.options = options or SandboxOptions.of(**named)
        self.client_id = self.options.client_id
        self.client_secret = self.options.client_secret or secrets.token_urlsafe(24)
        self._lock = threading.RLock()
        self._log = RequestLog(self.options.log_size)
        self._tokens = TokenIssuer(
            self.client_id,
            self.client_secret,
            lifetime=self.options.token_lifetime,
            unit=self.options.expires_in_unit,
            fixed=self.options.access_token,
            jwt=self.options.token_format == "jwt",  # noqa: S105 - a format, no password
        )
        self._service = ODataService(
            [WEBSITE_LINKS],
            root_url=API_PATH,
            top_cap=self.options.top_cap,
            catalogue=self._catalogue,
        )
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._cancel: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._populate()

    def _catalogue(self) -> Catalogue:
        # Imported only when something besides Website Links is asked for.
        from nodeloom.testing.threecx.servicecatalogue import ServiceCatalogue

        return ServiceCatalogue(self.options.entities)

    def _populate(self) -> None:
        names = [f"link-{i}" for i in range(1, self.options.links + 1)]
        for number, link in enumerate([*names, *self.options.link_names], 1):
            self._links.add(sample_link(link, number))

    @property
    def _links(self) -> EntityStore:
        return self._service.stores["WebsiteLinks"]

    @property
    def server_url(self) -> str:
        """`http://127.0.0.1:PORT`. Raises ConfigurationError while the sandbox is not serving."""
        if self._port is None:
            raise ConfigurationError(
                "The sandbox is not serving, so it has no URL.", hint="Enter it as a context manager, or call start()."
            )
        return f"http://{_HOST}:{self._port}"

    @property
    def credential(self) -> dict[str, str]:
        """What a 3CX credential needs: `{"serverUrl": …, "clientId": …, "clientSecret": …}`."""
        return {"serverUrl": self.server_url, "clientId": self.client_id, "clientSecret": self.client_secret}

    @property
    def links(self) -> dict[str, JsonObject]:
        """A copy of all links, by their key, in the order they were made."""
        with self._lock:
            return {str(link): values for link, values in self._links.snapshot().items()}

    def add_link(self, link: str, **fields: Json) -> None:
        """Add a link, or replace the one of that name; `fields` over a sample's.

        Raises ConfigurationError for a field that a link does not have, or a value that does not fit it.
        """
        if not link:
            raise ConfigurationError("A link needs a name.", property="link", value=link)
        try:
            checked = check_fields({**fields, "Link": link}, self._links.entity_set.type)
        except ODataError as error:
            raise ConfigurationError(error.message, property=error.target) from None
        with self._lock:
            self._links.add({**sample_link(link, len(self._links) + 1), "Id": None, **checked})

    def entities(self, name: str) -> list[JsonObject]:
        """Copies of the entities of the set or singleton `name` (`Users`), all fields, in the order they were made.

        Raises UnknownNameError if the set does not exist.
        """
        with self._lock:
            store = self._service.store(name)
            if store is None:
                known = [n for n in self._service.names() if self._service.entity_set(n) is not None]
                raise UnknownNameError("entity set", name, known)
            return list(store.snapshot().values())

    def etag(self, link: str) -> str:
        """The link's ETag as it is now. Raises KeyError if the link does not exist."""
        with self._lock:
            entity = self._links.get(link)
            if entity is None:
                # As a dict would: `links` is one.
                raise KeyError(link)
            return entity.etag

    @property
    def requests(self) -> list[LoggedRequest]:
        """What was asked so far, the oldest first, secrets masked; those still unanswered are not in it."""
        return self._log.snapshot()

    def clear_requests(self) -> None:
        """Empty the log."""
        self._log.clear()

    @property
    def tokens_issued(self) -> int:
        """How many tokens the token endpoint has granted."""
        with self._lock:
            return self._tokens.issued

    def expire_tokens(self) -> None:
        """End the token that is out: the next call with it is answered 401. A fixed `access_token` stays good."""
        with self._lock:
            self._tokens.expire()

    async def serve(self, on_ready: Callable[[ThreeCXSandbox], None] | None = None) -> None:
        """Serve within the running event loop until cancelled, then close every connection.

        `on_ready` is called once with the sandbox when it listens: `server_url` and `credential` are good then.
        Raises ConfigurationError if the port is not free.
        """
        application = SandboxApplication(self.options, self._service, self._tokens, self._log, self._lock)
        server = HttpServer(application, host=_HOST, port=self.options.port, max_body=self.options.max_body)
        # The state has one lock and one address; two servers over it would answer with each other's.
        if self._port is not None:
            raise ConfigurationError("The sandbox is serving already.")
        try:
            self._port = await server.start()
        except OSError as error:
            raise ConfigurationError(
                f"The sandbox cannot listen on {_HOST}:{self.options.port}: {error.strerror or error}.",
                hint="Use port=0 for a free port.",
            ) from None
        # Only now is the port known, and OData's answers name their own address.
        self._service.root_url = self.server_url + API_PATH
        try:
            if on_ready is not None:
                on_ready(self)
            await asyncio.get_running_loop().create_future()
        finally:
            await server.stop()
            self._port = None

    def start(self) -> ThreeCXSandbox:
        """Serve from a thread of its own; returns when it listens. Raises what `serve` raises."""
        if self._thread is not None:
            raise ConfigurationError("The sandbox is serving already.")
        self._failure = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve_in_thread, args=(ready,), name=_THREAD, daemon=True)
        self._thread.start()
        ready.wait()
        self._raise_failure()
        return self

    def stop(self) -> None:
        """Stop serving; returns when the thread and every socket are gone. Stopping twice is fine.

        Raises what ended the thread, if anything but this did.
        """
        thread = self._thread
        if thread is None:
            return
        self._cancel()
        thread.join()
        self._thread = None
        self._raise_failure()

    def _raise_failure(self) -> None:
        """Raise what ended the thread, if something did; the thread is over then."""
        if self._failure is not None:
            self._thread = None
            raise self._failure

    def _serve_in_thread(self, ready: threading.Event) -> None:
        async def serve() -> None:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()

            def cancel() -> None:
                # The loop is closed when the thread ended by itself; what ended it is raised by `stop`.
                if task is not None:
                    with suppress(RuntimeError):
                        loop.call_soon_threadsafe(task.cancel)

            self._cancel = cancel
            await self.serve(on_ready=lambda _: ready.set())

        try:
            asyncio.run(serve())
        except asyncio.CancelledError:
            return
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that called start or stop
            self._failure = error
        finally:
            ready.set()

    def __enter__(self) -> ThreeCXSandbox:
        return self if self._thread is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
