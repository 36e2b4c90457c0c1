"""The public face: nodes, credential types and runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nodeloom.descriptor.catalogue import Node, credential_type
from nodeloom.descriptor.files import read_json
from nodeloom.errors import ConfigurationError, CredentialError, ItemError, NodeloomError, UnknownNameError
from nodeloom.plugins import PluginInfo, Plugins, Source
from nodeloom.run.result import Outcome, RunReport, RunResult
from nodeloom.run.stop import Stop

if TYPE_CHECKING:
    import httpx
    from anyio.from_thread import BlockingPortal

    from nodeloom.credential import Credentials, CredentialSession
    from nodeloom.descriptor.models import CredentialReference, CredentialType
    from nodeloom.expression import Dialect, Environment
    from nodeloom.plan.address import UrlValues
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.run.runner import OnError, Runner
    from nodeloom.transport import Limits, RetryPolicy, Sender

Value = TypeVar("Value")
Item = dict[str, Any]
Items = Iterable[Any] | AsyncIterable[Any]
GivenCredentials = Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """The first request an item would send, secrets masked; or why it would send none.

    `url` is absolute and encoded, `headers` as they would go out, `body` text.
    """

    item: int
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] | None = None
    body: str | None = None
    error: NodeloomError | None = None

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON, with `pairedItem`."""
        paired = {"item": self.item}
        if self.error is not None:
            return {"error": self.error.to_dict(), "pairedItem": paired}
        return {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers or {}),
            "body": self.body,
            "pairedItem": paired,
        }


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C during `Runtime.run`: what was in flight is finished, and `result` holds every outcome."""

    def __init__(self, result: RunResult) -> None:
        super().__init__("the run was interrupted")
        self.result = result


class Runtime:
    """Loads nodes and credential types, and runs operations.

    Args:
        transport: an httpx transport for all requests; by default httpx's own, one connection a request in flight.
        url_values: `"strict"` refuses a value that would change an address, `"raw"` interpolates as n8n does.
        timezone: IANA name of the zone `$now`, `$today` and date functions use.
        plugins: plugin objects besides those found through the entry-point group `nodeloom`.
        discover_plugins: whether to look for those.
        env: what `$env` shows in expressions; None blocks it.
        vars: what `$vars` shows.
        javascript: whether expressions beyond plain paths may run (in QuickJS).
        retries: how often a request is repeated that did not happen or may happen twice.
        timeout: seconds to wait for an answer.
        max_answer_bytes: the largest answer read, in bytes.
        credential_providers: where credentials are looked for, instead of environment, plugins, file and keyring.

    A runtime may be used from several threads. Use it as a context manager, or call `close()`.
    """

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        url_values: UrlValues = "strict",
        timezone: str = "UTC",
        plugins: Iterable[Any] = (),
        discover_plugins: bool = True,
        env: Mapping[str, str] | None = None,
        vars: Mapping[str, Any] | None = None,  # noqa: A002 - n8n's name
        javascript: bool = True,
        retries: int = 2,
        timeout: float = 60.0,
        max_answer_bytes: int = 256 * 1024 * 1024,
        credential_providers: Sequence[Any] | None = None,
    ) -> None:
        if url_values not in ("strict", "raw"):
            raise ConfigurationError("url_values is 'strict' or 'raw'.", value=url_values)
        if retries < 0 or timeout <= 0 or max_answer_bytes <= 0:
            raise ConfigurationError("retries, timeout and max_answer_bytes must be positive.")
        _check_zone(timezone)
        self._given_transport = transport
        self._url_values: UrlValues = url_values
        self._timezone = timezone
        self._env = env
        self._vars = vars
        self._javascript = javascript
        self._retries = retries
        self._timeout = timeout
        self._max_answer_bytes = max_answer_bytes
        self._providers = credential_providers
        self._plugins = Plugins(plugins, discover=discover_plugins)
        self._node_sources: dict[str, Source | Node] = {
            name: source for name, (_plugin, source) in self._plugins.collect("nodeloom_nodes").items()
        }
        self._type_sources: dict[str, Any] = {
            name: source for name, (_plugin, source) in self._plugins.collect("nodeloom_credential_types").items()
        }
        self._functions: dict[str, Callable[..., Any]] | None = None
        self._portal: BlockingPortal | None = None
        self._portal_exit = contextlib.ExitStack()
        self._sender: Sender | None = None

    # -- what there is --------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name. Reading one loads its document."""
        return _Loaded(self._node_sources, self.node)

    @property
    def credential_types(self) -> Mapping[str, CredentialType]:
        """All credential types by name. Reading one loads its document."""
        return _Loaded(self._type_sources, self.credential_type)

    @property
    def plugins(self) -> list[PluginInfo]:
        """The plugins this runtime found, failed ones among them."""
        return self._plugins.infos()

    @property
    def plugin_failures(self) -> Sequence[NodeloomError]:
        """One PluginError for each plugin that could not be loaded or registered."""
        return tuple(self._plugins.failures)

    def node(self, name: str) -> Node:
        """The node of that name (without case). Raises UnknownNameError, or DescriptorError when it is broken."""
        found = _find(self._node_sources, name)
        if found is None:
            found = next((n for n in self._node_sources if self._label_is(n, name)), None)
        if found is None:
            raise UnknownNameError("node", name, self._node_sources)
        source = self._node_sources[found]
        if not isinstance(source, Node):
            source = _load_node(source)
            self._node_sources[found] = source
        return source

    def _label_is(self, name: str, label: str) -> bool:
        source = self._node_sources[name]
        return isinstance(source, Node) and source.label.casefold() == label.casefold()

    def credential_type(self, name: str) -> CredentialType:
        """The credential type of that name (without case). Raises UnknownNameError, or DescriptorError."""
        found = _find(self._type_sources, name)
        if found is None:
            raise UnknownNameError("credential type", name, self._type_sources)
        source = self._type_sources[found]
        if isinstance(source, (Mapping, Path)):
            raw = read_json(source) if isinstance(source, Path) else source
            source = credential_type(raw, source=str(found))
            self._type_sources[found] = source
        return source  # type: ignore[no-any-return]

    def add_node(self, source: Mapping[str, Any] | str | Path) -> Node:
        """Add a node: its document, a JSON file, or a folder with `node.json`; it replaces one of the same name.

        Raises DescriptorError, with the JSON path, when it is not a node descriptor.
        """
        node = _load_node(Path(source) if isinstance(source, str) else source)
        self._node_sources[node.name] = node
        return node

    def add_credential_type(self, source: Mapping[str, Any] | str | Path) -> CredentialType:
        """Add a credential type: its document or a JSON file. Raises DescriptorError when it is none."""
        raw = read_json(Path(source)) if isinstance(source, (str, Path)) else source
        loaded = credential_type(raw, source=str(source) if isinstance(source, (str, Path)) else "given")
        self._type_sources[loaded.name] = loaded
        return loaded

    def describe(self, node: str, resource: str | None = None, operation: str | None = None) -> dict[str, Any]:
        """What a node offers, what a resource offers, or one operation: JSON Schema of its parameters, form fields.

        Names match without case; UnknownNameError has the nearest one.
        """
        from nodeloom.descriptor.forms import describe

        return describe(self.node(node), resource, operation)

    # -- runs -----------------------------------------------------------------------------------------------------

    def compile(self, node: str, parameters: Mapping[str, Any], *, dialect: Dialect = "author") -> OperationPlan:
        """The plan of one operation. Raises what is wrong with the parameters, before anything is sent."""
        from nodeloom.plan.compile import compile_plan

        return compile_plan(self.node(node), parameters, dialect=dialect, url_values=self._url_values)

    def run(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        *,
        credentials: GivenCredentials = None,
        on_error: OnError = "stop",
        concurrency: int = 8,
        stop: Stop | None = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
    ) -> RunResult:
        """Run an operation for every item, and give one result or more for each, in input order.

        Args:
            node: the node's name.
            parameters: flat, as in n8n, `resource` and `operation` among them.
            items: bare JSON objects, or n8n items `{"json": {…}}`; without, the operation runs once.
            credentials: fields, or a stored credential's name, by credential type; or the one name.
            on_error: `"stop"` raises the first item's error, with the outcomes so far in its `result`; `"continue"`
                gives failed items a result that holds their error.
            concurrency: how many items are in flight at most.
            stop: ends the run early when set.
            nodes: items of other nodes by name, for `$("Name")`.
            dialect: `"n8n"` for parameters copied out of n8n.

        Works inside a running event loop too. Raises ConfigurationError before anything is sent. Ctrl-C finishes what
        is in flight and raises RunInterrupted.
        """
        stop = stop or Stop()
        options = _RunOptions(on_error, concurrency, stop, nodes, dialect)
        opened = self._open(node, parameters, items, credentials, options)
        future = self._blocking_portal().start_task_soon(self._collect, opened)
        try:
            result = future.result()
        except KeyboardInterrupt:
            stop.set()
            raise RunInterrupted(future.result()) from None
        return _raise_first(result, on_error)

    async def arun(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Items | None = None,
        *,
        credentials: GivenCredentials = None,
        on_error: OnError = "stop",
        concurrency: int = 8,
        stop: Stop | None = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
    ) -> RunResult:
        """`run` on the event loop of the caller; `items` may be an async iterable."""
        options = _RunOptions(on_error, concurrency, stop or Stop(), nodes, dialect)
        opened = self._open(node, parameters, items, credentials, options)
        sender = self._new_sender()
        try:
            return _raise_first(await self._collect(opened, sender), on_error)
        finally:
            await sender.aclose()

    def stream(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        *,
        credentials: GivenCredentials = None,
        on_error: OnError = "stop",
        concurrency: int = 8,
        stop: Stop | None = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
        report: RunReport | None = None,
    ) -> Iterator[Outcome]:
        """`run`, an outcome at a time, in input order, with memory that does not grow with the number of items.

        Takes any iterable; it is read in a thread of its own. Failed items are outcomes with an `error`; nothing is
        raised for them. `report`, when given, is filled in as the run goes.
        """
        options = _RunOptions(on_error, concurrency, stop or Stop(), nodes, dialect)
        opened = self._open(node, parameters, items, credentials, options, report)
        return self._stream(opened)

    def _stream(self, opened: _Opened) -> Iterator[Outcome]:
        portal = self._blocking_portal()
        runner = portal.call(self._start, opened, self._shared_sender())
        started = time.perf_counter()
        try:
            while batch := portal.call(runner.next_batch):
                for outcome in batch:
                    opened.report.add(outcome)
                    opened.report.duration = time.perf_counter() - started
                    yield outcome
        finally:
            portal.call(runner.aclose)
            opened.report.stopped = runner.stopped if not runner.complete or opened.report.counts.not_run else None
            opened.report.complete = runner.complete
            opened.report.duration = time.perf_counter() - started

    async def astream(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Items | None = None,
        *,
        credentials: GivenCredentials = None,
        on_error: OnError = "stop",
        concurrency: int = 8,
        stop: Stop | None = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
        report: RunReport | None = None,
    ) -> AsyncIterator[Outcome]:
        """`stream` on the event loop of the caller; `items` may be an async iterable."""
        options = _RunOptions(on_error, concurrency, stop or Stop(), nodes, dialect)
        opened = self._open(node, parameters, items, credentials, options, report)
        sender = self._new_sender()
        runner = await self._start(opened, sender)
        started = time.perf_counter()
        try:
            async for outcome in runner.outcomes():
                opened.report.add(outcome)
                yield outcome
        finally:
            await runner.aclose()
            await sender.aclose()
            opened.report.complete = runner.complete
            opened.report.duration = time.perf_counter() - started

    def plan(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        *,
        credentials: GivenCredentials = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
    ) -> Iterator[PlannedRequest]:
        """The exact first request of every item, secrets masked, without sending anything.

        An item that could not be sent has its `error`. A token that would be fetched shows as `***`.
        """
        from nodeloom.run.planning import plan_requests

        options = _RunOptions("continue", 1, Stop(), nodes, dialect)
        opened = self._open(node, parameters, items, credentials, options, dry=True)
        for index, outcome in plan_requests(opened.plan, opened.session, opened.work(None, self), opened.items):
            yield (
                PlannedRequest(index, error=outcome)
                if isinstance(outcome, NodeloomError)
                else PlannedRequest(index, outcome.method, outcome.url, outcome.headers, outcome.text)
            )

    def test_credential(self, type_name: str, wanted: Mapping[str, Any] | str | None = None) -> str:
        """Find out whether a credential works, with its type's test request; says how that was found out.

        `wanted` is its fields, a stored credential's name, or None for the default one of the type. Raises
        CredentialError, ResponseError when the service refuses it, RequestError when no answer came.
        """
        session = self._session(self.credential_type(type_name), wanted)
        return self._blocking_portal().call(self._check, session)

    async def _check(self, session: CredentialSession) -> str:
        from nodeloom.credential import Masker

        try:
            return await session.check(self._shared_sender().send)
        except NodeloomError as error:
            error.mask(Masker(session.secrets))
            raise

    # -- inside ---------------------------------------------------------------------------------------------------

    def _open(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Items | None,
        credentials: GivenCredentials,
        options: _RunOptions,
        report: RunReport | None = None,
        *,
        dry: bool = False,
    ) -> _Opened:
        if options.on_error not in ("stop", "continue"):
            raise ConfigurationError("on_error is 'stop' or 'continue'.", value=options.on_error)
        if not isinstance(options.concurrency, int) or options.concurrency < 1:
            raise ConfigurationError("concurrency is a whole number from 1.", value=options.concurrency)
        plan = self.compile(node, parameters, dialect=options.dialect)
        session = self._session_for(plan, credentials, dry=dry)
        report = report or RunReport(plan.node.name)
        report.node, report.resource = plan.node.name, plan.resource
        report.operation = str(plan.operation.value) if plan.operation else None
        return _Opened(plan, session, [{"json": {}}] if items is None else items, options, report)

    def _session_for(
        self, plan: OperationPlan, credentials: GivenCredentials, *, dry: bool
    ) -> CredentialSession | None:
        references = plan.credential_references()
        chosen = _chosen_credential(references, credentials, plan.title)
        for reference, wanted in chosen:
            if not self._knows_type(reference.name):
                if wanted is None and not reference.required:
                    continue
                if isinstance(wanted, Mapping):
                    self.add_credential_type(_type_for(reference.name, wanted))
            try:
                return self._session(self.credential_type(reference.name), wanted, dry=dry)
            except CredentialError as error:
                if error.code == "credential_not_found" and wanted is None and not reference.required:
                    continue
                raise
        return None

    def _knows_type(self, name: str) -> bool:
        return _find(self._type_sources, name) is not None

    def _session(self, kind: CredentialType, wanted: Any, *, dry: bool = False) -> CredentialSession:
        from nodeloom.credential import CredentialSession, StoredCredential

        stored = self._credentials().resolve(kind, wanted)
        if dry and kind.token is not None and not stored.values.get(kind.token.field):
            stored = StoredCredential(
                stored.name, stored.type, {**stored.values, kind.token.field: "***"}, stored.source
            )
        return CredentialSession(kind, stored)

    def _credentials(self) -> Credentials:
        from nodeloom.credential import Credentials, default_providers
        from nodeloom.run.providers import PluginProvider

        if self._providers is not None:
            return Credentials(list(self._providers))
        return Credentials(default_providers(plugins=[PluginProvider(self._plugins)], type_names=self._type_sources))

    def environment(self, nodes: Mapping[str, Sequence[Any]] | None = None) -> Environment:
        """The constants expressions see in a run of this runtime."""
        from nodeloom.expression import Environment

        if self._functions is None:
            found = self._plugins.collect("nodeloom_expression_functions")
            self._functions = {name: function for name, (_plugin, function) in found.items()}
        return Environment(
            timezone=self._timezone,
            env=self._env,
            vars=self._vars,
            nodes=nodes,
            functions=self._functions or None,
            javascript=self._javascript,
        )

    async def _start(self, opened: _Opened, sender: Sender) -> Runner:
        from nodeloom.run.runner import Runner
        from nodeloom.run.source import open_source

        items = opened.items
        if opened.plan.needs_all_items and not isinstance(items, Sequence):
            items = [i async for i in items] if isinstance(items, AsyncIterable) else list(items)
            opened.items = items
        options = opened.options
        runner: Runner | None = None
        work = opened.work(sender.send, self, stopping=lambda: runner is not None and runner.halted)
        runner = Runner(
            work,
            open_source(items),
            concurrency=options.concurrency,
            on_error=options.on_error,
            stop=options.stop,
        )
        return runner

    async def _collect(self, opened: _Opened, sender: Sender | None = None) -> RunResult:
        started = time.perf_counter()
        runner = await self._start(opened, sender or self._shared_sender())
        outcomes: list[Outcome] = []
        try:
            async for outcome in runner.outcomes():
                opened.report.add(outcome)
                outcomes.append(outcome)
        finally:
            await runner.aclose()
        report = opened.report
        report.duration = time.perf_counter() - started
        report.complete = runner.complete
        report.stopped = runner.stopped if report.counts.not_run or not runner.complete else None
        return RunResult(outcomes, report)

    def _new_sender(self) -> Sender:
        from nodeloom.transport import Sender

        transport = self._given_transport or self._plugins.transport()
        return Sender(transport, self._limits())

    def _shared_sender(self) -> Sender:
        if self._sender is None:
            self._sender = self._new_sender()
        return self._sender

    def _limits(self) -> Limits:
        from nodeloom.transport import Limits

        return Limits(read_seconds=self._timeout, answer_bytes=self._max_answer_bytes)

    def retry_policy(self) -> RetryPolicy:
        """How requests of this runtime are repeated."""
        from nodeloom.transport import RetryPolicy

        return RetryPolicy(retries=self._retries)

    def _blocking_portal(self) -> BlockingPortal:
        if self._portal is None:
            from anyio.from_thread import start_blocking_portal

            self._portal = self._portal_exit.enter_context(start_blocking_portal(name="nodeloom"))
        return self._portal

    def close(self) -> None:
        """Close connections and the thread that sync runs use. The runtime opens new ones when it is used again."""
        if self._portal is not None and self._sender is not None:
            self._portal.call(self._sender.aclose)
        self._sender = None
        self._portal = None
        self._portal_exit.close()

    def __enter__(self) -> Runtime:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Runtime:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.close()


@dataclass(slots=True)
class _RunOptions:
    on_error: OnError
    concurrency: int
    stop: Stop
    nodes: Mapping[str, Sequence[Any]] | None
    dialect: Dialect


@dataclass(slots=True)
class _Opened:
    """A run that is ready to start."""

    plan: OperationPlan
    session: CredentialSession | None
    items: Any
    options: _RunOptions
    report: RunReport

    def work(self, send: Any, runtime: Runtime, stopping: Callable[[], bool] = lambda: False) -> Any:
        """The work on one item, for the runner."""
        from nodeloom.run.items import as_item
        from nodeloom.run.work import ItemWork

        everything: Sequence[Item] = ()
        if self.plan.needs_all_items:
            if not isinstance(self.items, Sequence):
                self.items = list(self.items)
            everything = _AllItems(self.items, as_item)
        return ItemWork(
            self.plan,
            send,
            session=self.session,
            environment=runtime.environment(self.options.nodes),
            plugins=runtime._plugins,
            policy=runtime.retry_policy(),
            items=everything,
            stopping=stopping,
        )


class _AllItems(Sequence[Item]):
    """All items of a run in n8n's form; one that is no object counts as empty for the others."""

    def __init__(self, raw: Sequence[Any], as_item: Callable[[Any, int], Item]) -> None:
        self._items: list[Item] = []
        for index, value in enumerate(raw):
            try:
                self._items.append(as_item(value, index))
            except ItemError:
                self._items.append({"json": {}})

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]


class _Loaded(Mapping[str, Value]):
    """Names and what they load, loaded when asked for."""

    def __init__(self, sources: Mapping[str, Any], load: Callable[[str], Value]) -> None:
        self._sources = sources
        self._load = load

    def __getitem__(self, name: str) -> Value:
        if name not in self._sources:
            raise KeyError(name)
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


def _find(sources: Mapping[str, Any], name: str) -> str | None:
    if name in sources:
        return name
    return next((known for known in sources if known.casefold() == name.casefold()), None)


def _load_node(source: Source) -> Node:
    return Node.from_path(source) if isinstance(source, Path) else Node(source)


def _check_zone(name: str) -> None:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"There is no time zone {name!r}.", hint="Use an IANA name such as Europe/Berlin."
        ) from None


def _chosen_credential(
    references: Sequence[CredentialReference], credentials: GivenCredentials, title: str
) -> list[tuple[CredentialReference, Any]]:
    """The credential types to try, with what was given for each."""
    if credentials is None:
        return [(reference, None) for reference in references]
    if isinstance(credentials, str):
        if not references:
            raise CredentialError(f"{title} takes no credential.", hint="Leave the credential out.")
        return [(references[0], credentials)]
    known = {r.name.casefold(): r for r in references}
    for name in credentials:
        if name.casefold() not in known and references:
            raise UnknownNameError("credential type", name, [r.name for r in references], within=title)
    given = {name.casefold(): value for name, value in credentials.items()}
    chosen = [(r, given[r.name.casefold()]) for r in references if r.name.casefold() in given]
    return chosen or [(r, None) for r in references]


def _type_for(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A credential type for fields whose type no plugin brings: they are shown to expressions, and all are secret."""
    fields = [{"name": key, "type": "string", "typeOptions": {"password": True}} for key in values]
    return {"name": name, "displayName": name, "properties": fields}


def _raise_first(result: RunResult, on_error: str) -> RunResult:
    if on_error == "stop":
        for outcome in result.outcomes:
            if outcome.error is not None and outcome.error.code != "not_run":
                outcome.error.result = result
                raise outcome.error
    return result
