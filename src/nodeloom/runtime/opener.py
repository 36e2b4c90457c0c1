"""From what a run was asked for to a run that is ready to start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nodeloom.descriptor.once import once
from nodeloom.inputs.handover import as_parameters
from nodeloom.outcomes import RunReport
from nodeloom.run.runoptions import RunOptions
from nodeloom.runtime.registry import Registry
from nodeloom.runtime.sessions import Sessions

if TYPE_CHECKING:
    from nodeloom.credential import Send
    from nodeloom.expression import Dialect, Environment
    from nodeloom.messages import Request, Response
    from nodeloom.plan.address import UrlValues
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.plugins import Plugins
    from nodeloom.redaction import SecretNames
    from nodeloom.runtime.opening import OpenedRun
    from nodeloom.transport import RetryPolicy
    from nodeloom.transport.policy import Policy


class Opener:
    """Compiles plans and opens runs, by the settings of one runtime.

    `secret_names` are those besides the usual ones, `retries` how often a request is repeated.
    """

    def __init__(
        self,
        registry: Registry,
        plugins: Plugins,
        sessions: Sessions,
        environment: Callable[..., Environment],
        *,
        url_values: UrlValues,
        javascript: bool,
        retries: int,
        policy: Policy | None,
        secret_names: Sequence[str],
    ) -> None:
        self._registry = registry
        self._plugins = plugins
        self._sessions = sessions
        self._environment = environment
        self._url_values: UrlValues = url_values
        self._javascript = javascript
        self._retries = retries
        self._policy = policy
        self._more_secret_names = secret_names

    @once
    def secret_names(self) -> SecretNames:
        """Which fields' values are masked in all that is told."""
        from nodeloom.redaction import DEFAULT_SECRET_NAMES, SecretNames

        return SecretNames((*DEFAULT_SECRET_NAMES, *self._more_secret_names))

    def _names_of(self, plan: OperationPlan) -> SecretNames:
        """Which fields' values are masked in all that is told of a plan: the node's own secret ones too (n8n)."""
        fields = plan.descriptor.sensitive_output_fields
        if not fields:
            return self.secret_names
        from nodeloom.redaction import DEFAULT_SECRET_NAMES, SecretNames

        own = [field.rpartition(".")[2].removesuffix("[*]") for field in fields]
        return SecretNames((*DEFAULT_SECRET_NAMES, *self._more_secret_names, *filter(None, own)))

    def retry_policy(self) -> RetryPolicy:
        """How requests are repeated."""
        from nodeloom.transport import RetryPolicy

        return RetryPolicy(retries=self._retries)

    def compile(
        self, node: str, parameters: Mapping[str, Any], *, dialect: Dialect, version: int | float | None
    ) -> OperationPlan:
        """The plan of one operation. Raises what is wrong with the parameters."""
        from nodeloom.descriptor.patterns import refuse_patterns
        from nodeloom.javascript import allowed
        from nodeloom.plan.compiler import compile_plan

        found = self._registry.node(node)
        parameters = as_parameters(parameters)
        with allowed(self._javascript):
            plan = compile_plan(
                found,
                parameters,
                dialect=dialect,
                url_values=self._url_values,
                version=version,
                untold=self.secret_names,
            )
            refuse_patterns(plan.descriptor.properties, {name: c.source for name, c in plan.parameters.items()})
        return plan

    def compile_choices(self, node: str, property_name: str, parameters: Mapping[str, Any]) -> OperationPlan:
        """The plan that loads a property's choices. Raises as `nodeloom.plan.servicechoices.compile_choices` does."""
        from nodeloom.javascript import allowed
        from nodeloom.plan.servicechoices import compile_choices

        found = self._registry.node(node)
        parameters = as_parameters(parameters)
        with allowed(self._javascript):
            return compile_choices(
                found, property_name, parameters, url_values=self._url_values, untold=self.secret_names
            )

    def open(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Any,
        options: RunOptions,
        report: RunReport | None = None,
        *,
        dry: bool = False,
    ) -> OpenedRun:
        """The run of an operation; without `items`, it runs once. A `dry` one asks nobody for a token."""
        from nodeloom.inputs.frames import as_items

        items = [{"json": {}}] if items is None else as_items(items)
        plan = self.compile(node, parameters, dialect=options.dialect, version=options.version)
        return self.opened(plan, items, options, report, dry=dry)

    def opened(
        self,
        plan: OperationPlan,
        items: Any,
        options: RunOptions,
        report: RunReport | None = None,
        *,
        dry: bool = False,
    ) -> OpenedRun:
        """The run of a plan. Raises CredentialError and JournalError; nothing was sent then."""
        from nodeloom.run.redactor import Redactor
        from nodeloom.runtime.opening import OpenedRun

        session = self._sessions.for_plan(plan, options.credentials, dry=dry)
        self._bound(plan)
        report = report or RunReport(plan.node.name)
        report.node, report.resource = plan.node.name, plan.resource
        report.operation = str(plan.operation.value) if plan.operation else None
        environment = self._environment(nodes=options.nodes)
        redactor = Redactor(self._names_of(plan), session, plan.values)
        opened = OpenedRun(
            plan, session, items, options, report, environment, self._plugins, self.retry_policy(), redactor
        )
        if options.coalesce > 1:
            from nodeloom.run.coalescing import bulk_plan

            opened.twin = bulk_plan(plan, self._url_values)
            self._bound(opened.twin[1])
        if options.journal is not None:
            opened.open_journal(options.journal)
        return opened

    def _bound(self, plan: OperationPlan) -> None:
        policy = self._policy
        if policy is not None:
            plan.bound(max_pages=policy.max_pages, max_items=policy.max_items)

    def retrying(self, send: Send) -> Send:
        """`send` with retries, for requests that belong to no run."""
        from nodeloom.run.unverifiedtls import Unverified
        from nodeloom.transport import RetryingSender

        policy, unverified = self.retry_policy(), Unverified()

        async def sent(request: Request) -> Response:
            unverified.note(request)
            return await RetryingSender(send, policy).send(request)

        return sent
