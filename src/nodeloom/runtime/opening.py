"""From what a run was asked for to its runner. Read from the top, this file is how a run is opened and started."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nodeloom.inputs.frames import as_items
from nodeloom.inputs.items import AllItems
from nodeloom.inputs.itemsource import WholeSource, open_source
from nodeloom.messages import Request, Response
from nodeloom.outcomes import Outcome, RunReport
from nodeloom.run.itemscopes import ItemScopes
from nodeloom.run.itemwork import ItemWork
from nodeloom.run.politeness import breaker, deadline, paced, retry_budget
from nodeloom.run.redactor import Redactor
from nodeloom.run.runlog import run_log
from nodeloom.run.runner import Runner, Work
from nodeloom.run.unverifiedtls import Unverified
from nodeloom.transport.retry import RetryingSender
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.trip import Trip

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.descriptor.models import BulkTwin
    from nodeloom.expression import Environment
    from nodeloom.journal.journal import Journal
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.plugins import Plugins
    from nodeloom.run.runoptions import RunOptions
    from nodeloom.run.watching import Watch
    from nodeloom.runtime.plans import Plans
    from nodeloom.runtime.sessions import Sessions
    from nodeloom.transport.politeness.budget import RetryBudget
    from nodeloom.transport.retry import RetryPolicy
    from nodeloom.transport.trip import Send
    from nodeloom.values import Item


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens runs by what one runtime has: its plans, credentials and plugins, and how it repeats requests."""

    plans: Plans
    sessions: Sessions
    plugins: Plugins
    environment: Callable[..., Environment]
    policy: RetryPolicy

    def open_run(
        self,
        node: str,
        parameters: Mapping[str, Any],
        items: Any,
        options: RunOptions,
        report: RunReport | None = None,
        *,
        dry: bool = False,
    ) -> OpenedRun:
        """The run of an operation.

        Args:
            node: the node's name.
            parameters: the author's.
            items: what it is run for; None for once.
            options: what the run was asked for.
            report: is filled in as the run goes.
            dry: whether no service is asked for a token.
        """
        items = [{"json": {}}] if items is None else as_items(items)
        plan = self.plans.compile(node, parameters, dialect=options.dialect, version=options.version)
        return self.open_plan(plan, items, options, report, dry=dry)

    def open_plan(
        self,
        plan: OperationPlan,
        items: Any,
        options: RunOptions,
        report: RunReport | None = None,
        *,
        dry: bool = False,
    ) -> OpenedRun:
        """The run of a plan. Raises CredentialError and JournalError; nothing was sent then."""
        twin = self.plans.bulk(plan) if options.coalesce > 1 else None
        session = self.sessions.for_plan(plan, options.credentials, dry=dry)
        environment = self.environment(nodes=options.nodes)
        redactor = Redactor(self.plans.names_of(plan), session, plan.values)
        journal = None
        if options.journal is not None:
            journal = _open_journal(options.journal, plan, session, environment, items, options)
        report = report or RunReport(plan.node.name)
        report.node, report.resource = plan.node.name, plan.resource
        report.operation = str(plan.operation.value) if plan.operation else None
        report.journal = journal.report if journal is not None else None
        return OpenedRun(
            plan, twin, items, options, report, session, environment, redactor, self.plugins, self.policy, journal
        )


def _open_journal(
    path: str | os.PathLike[str],
    plan: OperationPlan,
    session: CredentialSession | None,
    environment: Environment,
    items: Any,
    options: RunOptions,
) -> Journal:
    """The journal of a run that is about to begin. Raises JournalError.

    Args:
        path: the journal's file.
        plan: what the run does.
        session: the run's credential, whose secrets are not written down.
        environment: what the plan's templates see besides items.
        items: those of the run; they may be counted here.
        options: what the run was asked for.
    """
    from nodeloom.journal.identity import Identity
    from nodeloom.journal.journal import Journal
    from nodeloom.journal.journalplace import JournalPlace

    method = plan.method(ItemScopes(plan, session, environment).of(0, {"json": {}}))
    return Journal(
        JournalPlace.of(path),
        Identity.of_run(plan, session, dialect=options.dialect, nodes=options.nodes),
        title=plan.title,
        repeatable=method is not None and Request(method, "").idempotent,
        total=len(items) if isinstance(items, Sequence) else None,
        masker=None if session is None else lambda: session.masker,
    )


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """A run that is ready to start; nothing was sent yet."""

    plan: OperationPlan
    twin: tuple[BulkTwin, OperationPlan] | None
    items: Any
    options: RunOptions
    report: RunReport
    session: CredentialSession | None
    environment: Environment
    redactor: Redactor
    plugins: Plugins
    policy: RetryPolicy
    journal: Journal | None

    def start(self, send: Send) -> StartedRun:
        """The run on the running event loop; it begins when its outcomes are asked for.

        `send` sends one request. What goes around it is there only if the run needs it.
        """
        options, plan, journal = self.options, self.plan, self.journal
        control = RunControl()
        source = open_source(self.items, whole=plan.needs_all_items)
        watch = self._watch(source.size)

        # From the network to the item: who is told of a request, what is on record before it, its turn, its repeats.
        if watch is not None:
            send = watch.send(send)
        if journal is not None:
            from nodeloom.journal.intents import recorded

            send = recorded(send)
        pacing = paced(send, options, self.session, self.report, control)
        budget = retry_budget(options)
        sender = RetryingSender(
            send if pacing is None else pacing.send, self.policy, control=control, budget=budget, pacing=pacing
        )

        # From the item to the runner: one item alone or several in one call, who is told of it, what is written down.
        unverified = Unverified()
        scopes = self.scopes(AllItems(source.items) if isinstance(source, WholeSource) else ())
        single = self._work(plan, scopes, sender, unverified)
        work: Work = single
        in_flight = options.concurrency
        if self.twin is not None:
            from nodeloom.run.coalescing import CoalescingWork

            twin, bulk = self.twin
            in_bulk = self._work(bulk, ItemScopes(bulk, self.session, self.environment), sender, unverified)
            work = CoalescingWork(
                single, in_bulk, plan, scopes, twin, size=options.coalesce, concurrency=options.concurrency
            )
            in_flight *= options.coalesce
        if watch is not None:
            work = watch.work(work)
            watch.started()
        if journal is not None:
            work = journal.work(work, control, retry_failed=options.retry_failed)
        runner = Runner(
            work,
            source,
            control,
            concurrency=in_flight,
            on_error=options.on_error,
            stop=options.stop,
            ordered=options.ordered,
            held_bytes=options.in_flight_bytes,
            batching=plan.transfer.batching,
            breaker=breaker(options),
            deadline=deadline(options),
            closing=journal.aclose if journal is not None else None,
            masking=self.redactor.knowing,
        )
        return StartedRun(runner, self.report, budget, watch)

    def scopes(self, items: Sequence[Item] = ()) -> ItemScopes:
        """The scopes of the plan's items; `items` are all of them, if a template looks at more than its own."""
        return ItemScopes(self.plan, self.session, self.environment, items)

    def _work(
        self, plan: OperationPlan, scopes: ItemScopes, sender: RetryingSender, unverified: Unverified
    ) -> ItemWork:
        return ItemWork(
            plan,
            scopes,
            sender,
            session=self.session,
            plugins=self.plugins,
            redactor=self.redactor,
            unverified=unverified,
        )

    def _watch(self, total: int | None) -> Watch | None:
        """What tells observers and the log of this run; None if it has neither."""
        log = run_log()
        observers = [*self.options.observers, *([log] if log is not None else [])]
        if not observers:
            return None
        from nodeloom.run.events import ObservedRun
        from nodeloom.run.watching import Watch

        report = self.report
        run = ObservedRun(report.node, report.resource, report.operation, total, started_at=report.started_at)
        return Watch(observers, run, self.redactor.text, self.redactor.knowing)


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run under way: its runner, and the account of it. `began` is when it was started, by `time.perf_counter()`."""

    runner: Runner
    report: RunReport
    budget: RetryBudget
    watch: Watch | None
    began: float = field(default_factory=time.perf_counter)

    def count(self, outcome: Outcome) -> None:
        """Count an outcome that is given, and the time until then."""
        self.report.add(outcome)
        self.report.duration = time.perf_counter() - self.began

    def close_report(self, unseen: Sequence[Outcome] = ()) -> None:
        """Say in the report how the run ended.

        What was not taken any more is counted too: the `unseen` outcomes, and those the runner still has.
        """
        report, runner = self.report, self.runner
        for outcome in unseen:
            report.add(outcome)
        while left := runner.left():
            for outcome in left:
                report.add(outcome)
        report.duration = time.perf_counter() - self.began
        report.retries_denied = self.budget.denied
        report.complete = runner.complete
        cut_short = report.counts.not_run or not runner.complete or runner.broke_off
        report.stopped = runner.control.why if cut_short else None
        if self.watch is not None:
            self.watch.ended(report)


def retrying(send: Send, policy: RetryPolicy) -> Callable[[Request], Any]:
    """`send` with retries, for requests that belong to no run."""
    sender, unverified = RetryingSender(send, policy), Unverified()

    async def sent(request: Request) -> Response:
        unverified.note(request)
        return await sender.send(request, Trip.none())

    return sent
