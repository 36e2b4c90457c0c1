"""The public face: nodes, credential types and runs."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

import nodeloom.forking  # noqa: F401 - it registers what is to happen at a fork
from nodeloom.descriptor.catalogue import Node
from nodeloom.errors import NodeloomError
from nodeloom.expression.engines import Engines
from nodeloom.inputs.handover import as_variables
from nodeloom.outcomes import Outcome, RunReport, RunResult
from nodeloom.plugins import PluginInfo, Plugins
from nodeloom.run.runoptions import GivenCredentials, RunKeywords, RunOptions, RuntimeOptions, run_options
from nodeloom.runtime.boundary import shielded
from nodeloom.runtime.collecting import Outcomes, collected, collected_in, given, raise_first, waited_out
from nodeloom.runtime.planning import PlannedRequest, plan_requests
from nodeloom.runtime.plans import Plans
from nodeloom.runtime.registry import Registry
from nodeloom.runtime.sessions import Sessions, check
from nodeloom.runtime.settings import (
    bounds_of,
    check_transport,
    closed_runtime,
    policy_of,
    secret_names_of,
    way_of,
)
from nodeloom.runtime.waiting import waited_for

if TYPE_CHECKING:
    import httpx

    from nodeloom.credential import Granted
    from nodeloom.descriptor.models import CredentialType
    from nodeloom.expression import Dialect, Environment
    from nodeloom.plan.address import UrlValues
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.redaction import SecretNames
    from nodeloom.runtime.background import Background
    from nodeloom.runtime.loops import Loops
    from nodeloom.runtime.opening import Opener
    from nodeloom.transport import RetryPolicy, Sender
    from nodeloom.transport.policy import Policy

Items = Iterable[Any] | AsyncIterable[Any]


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C during `Runtime.run`: what was in flight is finished, and `result` holds every outcome."""

    def __init__(self, result: RunResult) -> None:
        super().__init__("the run was interrupted")
        self.result = result


class Runtime:
    """Loads nodes and credential types, and runs operations.

    Args:
        transport: an httpx transport for all requests; by default httpx's own, one connection a request in flight. One
            that is given is used on the event loop of the run, and stays open.
        url_values: Whether a value may change an address: strict refuses such a value, raw writes it as n8n does.
            Default: "strict".
        timezone: The time zone of dates in expressions, by its IANA name: Europe/Berlin. Default: "UTC".
        plugins: plugin objects besides those found through the entry-point group `nodeloom`.
        discover_plugins: whether to look for those.
        env: what `$env` shows in expressions; None blocks it.
        vars: what `$vars` shows.
        javascript: Whether expressions may be more than member paths and text. True: with QuickJS in this process.
            "process": in a process of their own, which is killed at its limit, for parameters of authors who are not
            trusted. False: not at all. Default: True.
        retries: How often a request is repeated, if it did not happen or may happen twice. Default: 2.
        timeout: Seconds of each wait for the service: to take what is written, to answer, for each further part.
            Default: 60.0.
        connect_timeout: Seconds to connect, TLS included. Without it 10, or `timeout` if that is less.
        request_timeout: Seconds of a whole request with its answer, without its repeats. Default: 3600.0.
        max_answer_bytes: The largest answer that is read, in bytes, after decompression. Parsed it may take four times
            as much. Default: 256 MiB.
        max_answer_values: The most values, in lists and objects, that are read of one answer in JSON. Default:
            10000000.
        policy: what requests may do at most (hosts, addresses, methods, sizes), as a `Policy` or its JSON.
        credential_providers: where credentials are looked for, instead of environment, plugins, files and keyring.
        secret_names: names of fields whose values are masked in all that is told, besides the usual ones
            (`nodeloom.redaction.DEFAULT_SECRET_NAMES`): case and punctuation do not count, `*` stands for anything,
            `!` in front takes a name out. Results keep them whole. By default those in `$NODELOOM_SECRET_NAMES`,
            parted by commas.

    A runtime may be used from several threads, and in a forked child. Use it as a context manager, or call `close()`;
    after that its methods raise ConfigurationError. `async with` also keeps connections open between runs on that
    event loop.
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
        javascript: bool | Literal["process"] = True,
        retries: int = 2,
        timeout: float = 60.0,
        connect_timeout: float | None = None,
        request_timeout: float | None = 3600.0,
        max_answer_bytes: int = 256 * 1024 * 1024,
        max_answer_values: int = 10_000_000,
        policy: Policy | Mapping[str, Any] | None = None,
        credential_providers: Sequence[Any] | None = None,
        secret_names: Iterable[str] | None = None,
    ) -> None:
        options = RuntimeOptions(
            url_values=url_values,
            timezone=timezone,
            javascript=javascript,
            retries=retries,
            timeout=timeout,
            connect_timeout=connect_timeout,
            request_timeout=request_timeout,
            max_answer_bytes=max_answer_bytes,
            max_answer_values=max_answer_values,
        )
        check_transport(transport)
        self._policy = policy_of(policy)
        self._bounds = bounds_of(options, self._policy)
        self._given_transport = transport
        more_secret_names = secret_names_of(secret_names)
        self._plugins = Plugins(plugins, discover=discover_plugins)
        self._registry = Registry(self._plugins)
        self._engines = Engines(process=javascript == "process")
        # A function of its own, not a method: what holds it must not hold the runtime.
        self._environment = functools.partial(
            _environment,
            timezone=timezone,
            env=env,
            vars=None if vars is None else as_variables(vars),
            functions=self._plugins.functions(_taken_names) or None,
            javascript=bool(javascript),
            engines=self._engines,
        )
        self._sessions = Sessions(
            self._registry,
            self._plugins,
            self._environment,
            providers=credential_providers,
            lenient=url_values == "raw",
            way=way_of(transport, self._policy),
        )
        self._plans = Plans(
            self._registry,
            url_values=url_values,
            javascript=bool(javascript),
            policy=self._policy,
            secret_names=more_secret_names,
        )
        self._retries = retries
        self._closed = False
        self._opened_loops: Loops | None = None
        self._all_loops: list[Loops] = []

    # -- what there is --------------------------------------------------------------------------------------------

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name. Reading one loads its document."""
        return self._registry.nodes

    @property
    def credential_types(self) -> Mapping[str, CredentialType]:
        """All credential types by name. Reading one loads its document."""
        return self._registry.credential_types

    @property
    def plugins(self) -> list[PluginInfo]:
        """The plugins this runtime found, failed ones among them."""
        return self._plugins.infos()

    @property
    def plugin_failures(self) -> Sequence[NodeloomError]:
        """One PluginError for each plugin that could not be loaded or registered."""
        return tuple(self._plugins.failures)

    def check_plugins(self) -> Sequence[NodeloomError]:
        """Read every document that plugins bring, and give what is wrong: `plugin_failures`, broken documents among it.

        A broken document takes nothing with it: the other nodes and credential types are there.
        """
        self._refuse_closed()
        self._registry.check()
        return self.plugin_failures

    def node(self, name: str) -> Node:
        """The node of that name or label (without case). Raises UnknownNameError, or DescriptorError when broken."""
        self._refuse_closed()
        return self._registry.node(name)

    def credential_type(self, name: str) -> CredentialType:
        """The credential type of that name (without case). Raises UnknownNameError, or DescriptorError."""
        self._refuse_closed()
        return self._registry.credential_type(name)

    def add_node(self, source: Mapping[str, Any] | str | Path) -> Node:
        """Add a node: its document, a JSON file, or a folder with `node.json`; it replaces one of the same name.

        Raises DescriptorError, with the JSON path, when it is not a node descriptor.
        """
        self._refuse_closed()
        return self._registry.add_node(source)

    def add_credential_type(self, source: Mapping[str, Any] | str | Path) -> CredentialType:
        """Add a credential type: its document or a JSON file. Raises DescriptorError if it is not one."""
        self._refuse_closed()
        return self._registry.add_credential_type(source)

    def describe(self, node: str, resource: str | None = None, operation: str | None = None) -> dict[str, Any]:
        """What a node offers, what a resource offers, or one operation: JSON Schema of its parameters, form fields.

        Names match without case; UnknownNameError has the nearest one.
        """
        self._refuse_closed()
        from nodeloom.descriptor.forms import describe

        return describe(self.node(node), resource, operation)

    @property
    def secret_names(self) -> SecretNames:
        """Which fields' values are masked in all that is told."""
        return self._plans.secret_names

    # -- runs -----------------------------------------------------------------------------------------------------

    def compile(
        self,
        node: str,
        parameters: Mapping[str, Any],
        *,
        dialect: Dialect = "author",
        version: int | float | None = None,
    ) -> OperationPlan:
        """The plan of one operation. Raises what is wrong with the parameters, before anything is sent."""
        self._refuse_closed()
        return self._plans.compile(node, parameters, dialect=dialect, version=version)

    @shielded("credentials")
    def run(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        **keywords: Unpack[RunKeywords],
    ) -> RunResult:
        """Run an operation for every item, and give one result or more for each, in input order.

        Args:
            node: the node's name.
            parameters: flat, as in n8n, `resource` and `operation` among them.
            items: bare JSON objects, or n8n items `{"json": {…}}`; without, the operation runs once.
            **keywords: how it is run, see below.

        Keywords:
            credentials: The fields of a credential, or the name of a stored one, by credential type; or only the name.
                Without it, the default one of the node's type.
            on_error: What happens when an item fails: stop ends the run; continue gives the item a result that holds
                its error, and goes on. Default: "stop".
            concurrency: How many items are in flight at most. Default: 8.
            ordered: Whether results come in the order of the items, or as they are ready. Default: True.
            in_flight_bytes: Begin no further item while answers that were not taken yet hold so many bytes. Default: 64
                MiB.
            stop: A `Stop` that ends the run early when it is set.
            nodes: The items of other nodes, or tables, by the name of the node, for `$("Name")` in expressions.
            dialect: "n8n" if the parameters were copied out of n8n, where only a text that begins with = is an
                expression. Default: "author".
            version: The version of a node that has several. Without it, the newest.
            coalesce: Do up to so many items in one call, if the operation has a bulk twin. Each item keeps its own
                result; if a bulk call fails, its items are sent one by one. An item with If-Match is always sent alone.
                Default: 1.
            rate: At most so many requests in a time: 20/s, 1200/min, 10/2s. A number alone is per second. Runs in one
                process with the same credential share it.
            burst: How many requests of `rate` may go at once after a pause. Without it, as many as 10 ms of the rate
                hold.
            adaptive: Slow down to what the service takes when it refuses requests (429, 503). Default: True.
            retry_budget: What share of all requests may be repeats, besides the first 50: 20%, or 0.2. "none" is no
                limit. Default: "20%".
            break_after: With `on_error="continue"`, end the run when so many items in a row failed through no fault of
                theirs: no connection, 5xx, 401. Eight of one kind are enough until an item succeeds. 0 never ends it.
                Default: 20.
            deadline: Begin no further item after this time: 90s, 2h, 1h30m. A number alone is seconds. What is in
                flight then has five seconds.
            observer: An `Observer`, or several in a list, that is told how the run goes.
            journal: Write down each item in this file before it is sent, and what became of it. After a crash, the same
                call goes on with the run: what was done is not sent again.
            retry_failed: Run again what failed according to `journal`, if it did not happen or may happen twice.
                Without it, a failed item keeps its error. Default: False.

        Works inside a running event loop too. Raises ConfigurationError before anything is sent. What an iterable of
        items raises is raised again, with the outcomes so far in its `result`. Ctrl-C finishes what is in flight and
        raises RunInterrupted; a second one abandons it.
        """
        self._refuse_closed()
        options = run_options(keywords)
        opened = self._opener.open_run(node, parameters, items, options)
        future = None
        try:
            future = self._loops.submit(collected_in, opened)
            end = waited_for(future)
        except KeyboardInterrupt:
            if future is None:
                # Whatever was begun by then ends, though nobody gets its result.
                options.stop.set()
                raise
            raise RunInterrupted(waited_out(future, options.stop)) from None
        return raise_first(end, options.on_error)

    @shielded("credentials")
    async def arun(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Items | None = None,
        **keywords: Unpack[RunKeywords],
    ) -> RunResult:
        """`run` on the event loop of the caller; `items` may be an async iterable.

        Cancelling the task abandons what is in flight; `stop` finishes it.
        """
        self._refuse_closed()
        options = run_options(keywords)
        opened = self._opener.open_run(node, parameters, items, options)
        sender, own = self._loops.sender_here()
        try:
            end = await collected(opened, sender)
        finally:
            if own:
                await sender.aclose()
        return raise_first(end, options.on_error)

    @shielded("credentials")
    def stream(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        *,
        report: RunReport | None = None,
        **keywords: Unpack[RunKeywords],
    ) -> Outcomes:
        """`run`, an outcome at a time, with memory that does not grow with the number of items.

        Takes any iterable; it is read in a thread of its own, 64 items ahead at most. Failed items are outcomes with
        an `error`; nothing is raised for them. What the iterable raises is raised after the outcomes of the items it
        gave. Closing the iterator early finishes what is in flight. `report`, when given, is filled in as the run goes;
        it counts also what a closed iterator did not give. The iterator's `ready` says how many outcomes can be taken
        without waiting.
        """
        self._refuse_closed()
        return Outcomes(self._loops, self._opener.open_run(node, parameters, items, run_options(keywords), report))

    @shielded("credentials")
    async def astream(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Items | None = None,
        *,
        report: RunReport | None = None,
        **keywords: Unpack[RunKeywords],
    ) -> AsyncIterator[Outcome]:
        """`stream` on the event loop of the caller; `items` may be an async iterable."""
        self._refuse_closed()
        opened = self._opener.open_run(node, parameters, items, run_options(keywords), report)
        sender, own = self._loops.sender_here()
        run = opened.start(sender.send)
        batch: list[Outcome] = []
        try:
            async with run.runner as runner:
                while batch := await runner.next_batch():
                    for outcome in given(batch, run):
                        yield outcome
                if runner.control.fault is not None:
                    raise runner.control.fault
        finally:
            run.close_report(unseen=batch)
            if own:
                await sender.aclose()

    @shielded("credentials")
    def plan(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Iterable[Any] | None = None,
        *,
        credentials: GivenCredentials = None,
        nodes: Mapping[str, Sequence[Any]] | None = None,
        dialect: Dialect = "author",
        version: int | float | None = None,
    ) -> Iterator[PlannedRequest]:
        """The exact first request of every item, secrets masked, without sending anything.

        An item that could not be sent has its `error`. A token that would be fetched shows as `***`. The plugins' hooks
        for requests are not called. What is wrong with the parameters is raised at once, not with the first request.
        """
        self._refuse_closed()
        options = RunOptions(
            credentials=credentials, on_error="continue", concurrency=1, nodes=nodes, dialect=dialect, version=version
        )
        opened = self._opener.open_run(node, parameters, items, options, dry=True)
        if self._policy is None:
            return plan_requests(opened)
        from nodeloom.transport.gate import Gate

        return plan_requests(opened, Gate(self._policy).check)

    @shielded("credentials")
    def choices(
        self,
        node: str,
        property: str,  # noqa: A002 - the descriptor's own word
        parameters: Mapping[str, Any],
        *,
        credentials: GivenCredentials = None,
    ) -> list[dict[str, Any]]:
        """The choices a service offers for a property: `name` and `value` each (n8n's declarative `loadOptions`).

        `parameters` are what the form holds so far. Raises UnknownNameError for a property the operation does not
        show, ParameterError when its choices are fixed or loaded by JavaScript, and what fails the request.
        """
        self._refuse_closed()
        from nodeloom.plan.servicechoices import as_choices

        plan = self._plans.compile_choices(node, property, parameters)
        opened = self._opener.open_plan(plan, [{"json": {}}], RunOptions(credentials=credentials, concurrency=1))
        return as_choices(raise_first(waited_for(self._loops.submit(collected_in, opened)), "stop").items)

    @shielded("wanted", 1)
    def test_credential(self, type_name: str, wanted: Mapping[str, Any] | str | None = None) -> str:
        """Find out whether a credential works, with its type's test request; says how that was found out.

        `wanted` is its fields, a stored credential's name, or None for the default one of the type. Raises
        CredentialError, ResponseError when the service refuses it, RequestError when no answer came.
        """
        self._refuse_closed()
        session = self._sessions.open(self.credential_type(type_name), wanted)

        from nodeloom.runtime.opening import retrying

        async def checked(background: Background) -> str:
            return await check(session, retrying(background.sender.send, self.retry_policy()))

        return waited_for(self._loops.submit(checked))

    @shielded("name")
    def connect_credential(
        self, type_name: str, name: str | None, redirect_uri: str, authorize: Callable[[str], str]
    ) -> Granted:
        """Let a user sign in for a stored credential (OAuth 2.0 authorization code), and keep the tokens with it.

        `authorize` gets the address to send the user to, and returns the one the browser came back to, which begins
        with `redirect_uri` (or its path and query). Raises CredentialError when the sign-in was refused or is not the
        one that was begun, CredentialStoreError when tokens cannot be kept, ResponseError when the service issues none.
        """
        self._refuse_closed()
        session = self._sessions.open(self.credential_type(type_name), name)
        sign_in = session.sign_in(redirect_uri)
        code = sign_in.code(authorize(sign_in.url))

        from nodeloom.runtime.opening import retrying

        async def finished(background: Background) -> Granted:
            return await session.finish(sign_in, code, retrying(background.sender.send, self.retry_policy()))

        return waited_for(self._loops.submit(finished))

    # -- inside ---------------------------------------------------------------------------------------------------

    def environment(self, nodes: Mapping[str, Sequence[Any]] | None = None) -> Environment:
        """The constants expressions see in a run of this runtime."""
        self._refuse_closed()
        return self._environment(nodes=nodes)

    @property
    def _opener(self) -> Opener:
        from nodeloom.runtime.opening import Opener

        return Opener(self._plans, self._sessions, self._plugins, self._environment, self.retry_policy())

    @property
    def _loops(self) -> Loops:
        if self._opened_loops is None:
            from nodeloom.runtime.loops import Loops

            # The first of several threads wins, without a lock: a child forked meanwhile would find it held for ever.
            self._all_loops.append(Loops(self._sender_opener()))
            self._opened_loops = self._all_loops[0]
        return self._opened_loops

    def _sender_opener(self) -> Callable[[], Sender]:
        """Opens senders; holds no reference to the runtime, so that one that is not used any more can go."""
        given, plugins, bounds, policy = self._given_transport, self._plugins, self._bounds, self._policy

        def open_sender() -> Sender:
            from nodeloom.transport import Limits, Sender

            limits = Limits(**bounds)
            if given is not None:
                return Sender(given, limits, policy=policy)
            return Sender(plugins.transport(), limits, owned=True, policy=policy)

        return open_sender

    def retry_policy(self) -> RetryPolicy:
        """How requests of this runtime are repeated."""
        from nodeloom.transport import RetryPolicy

        return RetryPolicy(retries=self._retries)

    def close(self) -> None:
        """End what is running (what is in flight is finished, the rest not run), close connections and the thread.

        The runtime cannot be used any more afterwards; closing it twice does nothing.
        """
        self._closed = True
        if self._opened_loops is not None:
            self._opened_loops.close()
        self._engines.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise closed_runtime()

    def __enter__(self) -> Runtime:
        self._refuse_closed()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    async def __aenter__(self) -> Runtime:
        self._refuse_closed()
        self._loops.enter()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._closed = True
        await self._loops.leave()
        self._engines.close()


def _taken_names() -> frozenset[str]:
    from nodeloom.expression.knownnames import taken_names

    return taken_names()


def _environment(**constants: Any) -> Environment:
    from nodeloom.expression import Environment

    return Environment(**constants, is_run=True)
