"""A run that is ready to start: its plan, its credential, its items, and what was asked of it."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeloom.errors import CredentialError, ItemError, RequestError, UnknownNameError
from nodeloom.inputs.items import as_item
from nodeloom.inputs.itemsource import WholeSource, open_source
from nodeloom.outcomes import Outcome, RunReport
from nodeloom.run.itemwork import ItemWork
from nodeloom.run.politeness import breaker, deadline, paced, retry_budget
from nodeloom.run.runlog import run_log
from nodeloom.run.runner import Runner, Work
from nodeloom.run.runoptions import GivenCredentials, RunOptions
from nodeloom.run.unverifiedtls import Unverified
from nodeloom.values import Item
from nodeloom.valuewords import kind_of

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.descriptor.models import BulkTwin, CredentialReference
    from nodeloom.expression import Environment
    from nodeloom.journal.journal import Journal
    from nodeloom.messages import Request, Response
    from nodeloom.plan.operation import OperationPlan
    from nodeloom.plugins import Plugins
    from nodeloom.run.itemwork import Send
    from nodeloom.run.redactor import Redactor
    from nodeloom.run.watching import Watch
    from nodeloom.transport import RetryPolicy
    from nodeloom.transport.politeness.budget import RetryBudget
    from nodeloom.transport.retry import Pacing


@dataclass(slots=True)
class OpenedRun:
    """A run that is ready to start; nothing was sent yet."""

    plan: OperationPlan
    session: CredentialSession | None
    items: Any
    options: RunOptions
    report: RunReport
    environment: Environment
    plugins: Plugins
    policy: RetryPolicy
    redactor: Redactor
    twin: tuple[BulkTwin, OperationPlan] | None = None
    budget: RetryBudget | None = None
    watch: Watch | None = None
    journal: Journal | None = None

    def start(self, send: Send) -> Runner:
        """The runner, for the running event loop; it begins when its outcomes are asked for."""
        source = open_source(self.items, whole=self.plan.needs_all_items)
        watch = self.watch = self._watch(source.size)
        if watch is not None:
            send = watch.send(send)
        if self.journal is not None:
            from nodeloom.run.intent import recorded

            send = recorded(send)
        everything = AllItems(source.items) if isinstance(source, WholeSource) else ()
        how: dict[str, Any] = {"stopping": lambda: runner.halted, "pause": lambda s: runner.pause(s)}
        how["unverified"] = Unverified()
        how["budget"] = self.budget = retry_budget(self.options)
        pacing = paced(
            send, self.options, self.session, self.report, pause=how["pause"], stopped=lambda: runner.stopped
        )
        if pacing is not None:
            send, how["pacing"] = pacing.send, pacing
        single = self.work(send, everything, **how)
        work: Work = single
        again: Work = functools.partial(single, maybe_done=True)
        in_flight = self.options.concurrency
        if self.twin is not None:
            from nodeloom.run.coalescing import CoalescingWork

            twin, plan = self.twin
            work = CoalescingWork(
                single,
                self.work(send, plan=plan, **how),
                self.plan,
                twin,
                size=self.options.coalesce,
                concurrency=in_flight,
            )
            in_flight *= self.options.coalesce
        if watch is not None:
            work, again = watch.work(work), watch.work(again)
            watch.started()
        if self.journal is not None:
            work = self.journal.work(
                work,
                again=again,
                retry_failed=self.options.retry_failed,
                abort=lambda fault: runner.fail(fault, "the run's journal cannot be used any further"),
            )
        runner: Runner = Runner(
            work,
            source,
            concurrency=in_flight,
            on_error=self.options.on_error,
            stop=self.options.stop,
            ordered=self.options.ordered,
            held_bytes=self.options.in_flight_bytes,
            batching=self.plan.transfer.batching,
            breaker=breaker(self.options),
            deadline=deadline(self.options),
            closing=self.journal.aclose if self.journal is not None else None,
            masking=self.redactor.knowing,
        )
        return runner

    def _watch(self, total: int | None) -> Watch | None:
        """What tells observers and the log of this run; None where nobody wants to know."""
        observers = list(self.options.observers)
        log = run_log()
        if log is not None:
            observers.append(log)
        if not observers:
            return None
        from nodeloom.run.events import ObservedRun
        from nodeloom.run.watching import Watch

        report = self.report
        run = ObservedRun(report.node, report.resource, report.operation, total, started_at=report.started_at)
        return Watch(observers, run, self.redactor.text, self.redactor.knowing)

    def open_journal(self, path: str | os.PathLike[str]) -> None:
        """Open the run's journal, before anything is sent. Raises JournalError."""
        from nodeloom.runtime.journalopening import open_journal

        scope = self.work(_unsent).scope(0, {"json": {}})
        total = len(self.items) if isinstance(self.items, Sequence) else None
        self.journal = open_journal(path, self.plan, scope, self.session, self.options, total)
        self.report.journal = self.journal.report

    def work(
        self,
        send: Send,
        items: Sequence[Item] = (),
        *,
        plan: OperationPlan | None = None,
        stopping: Callable[[], bool] = lambda: False,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        budget: RetryBudget | None = None,
        pacing: Pacing | None = None,
        unverified: Unverified | None = None,
    ) -> ItemWork:
        """The work on one item. `items` are all of them, where a template looks at more than its own.

        `plan` is another plan than the run's own, for the same credential.
        """
        return ItemWork(
            plan or self.plan,
            send,
            session=self.session,
            environment=self.environment,
            plugins=self.plugins,
            policy=self.policy,
            redactor=self.redactor,
            items=items,
            stopping=stopping,
            pause=pause,
            budget=budget,
            pacing=pacing,
            unverified=unverified,
        )

    def close_report(self, runner: Runner, started: float, unseen: Sequence[Outcome] = ()) -> None:
        """Say in the report how the run ended; `started` is `time.perf_counter()` at its beginning.

        What nobody took any more is counted too: the `unseen` outcomes, and those the runner still has.
        """
        report = self.report
        for outcome in unseen:
            report.add(outcome)
        while left := runner.left():
            for outcome in left:
                report.add(outcome)
        report.duration = time.perf_counter() - started
        report.retries_denied = self.budget.denied if self.budget is not None else 0
        report.complete = runner.complete
        cut_short = report.counts.not_run or not runner.complete or runner.broke_off
        report.stopped = runner.stopped if cut_short else None
        if self.watch is not None:
            self.watch.ended(report)


async def _unsent(request: Request) -> Response:
    raise RequestError("Nothing is sent before the run begins.", method=request.method)


class AllItems(Sequence[Item]):
    """All items of a run in n8n's form, made when first looked at; one that is no object counts as empty."""

    def __init__(self, raw: Sequence[Any]) -> None:
        self._raw = raw
        self._items: list[Item] | None = None

    def _made(self) -> list[Item]:
        if self._items is None:
            self._items = [_or_empty(value, index) for index, value in enumerate(self._raw)]
        return self._items

    def __len__(self) -> int:
        return len(self._raw)

    def __getitem__(self, index: Any) -> Any:
        return self._made()[index]


def _or_empty(value: Any, index: int) -> Item:
    try:
        return as_item(value, index)
    except ItemError:
        return {"json": {}}


def choose_credential(
    references: Sequence[CredentialReference], credentials: GivenCredentials, title: str
) -> list[tuple[CredentialReference, Any]]:
    """The credential types to try, the first choice first, with what was given for each."""
    if credentials is None:
        return [(reference, None) for reference in references]
    if not isinstance(credentials, (str, Mapping)):
        raise CredentialError(
            f"Credentials cannot be given as {kind_of(credentials)}.",
            hint="Give a stored credential's name, or a mapping from credential type to fields or name.",
        )
    if not references and credentials:
        raise CredentialError(f"{title} takes no credential.", hint="Leave the credential out.")
    if isinstance(credentials, str):
        return [(references[0], credentials)] if references else []
    known = {reference.name.casefold(): reference for reference in references}
    given = {str(name).casefold(): value for name, value in credentials.items()}
    for name in credentials:
        if str(name).casefold() not in known:
            raise _unknown_type(str(name), references, title)
    chosen = [(r, given[r.name.casefold()]) for r in references if r.name.casefold() in given]
    return chosen or [(reference, None) for reference in references]


def _unknown_type(name: str, references: Sequence[CredentialReference], title: str) -> UnknownNameError:
    error = UnknownNameError("credential type", name, [r.name for r in references], within=title)
    if error.details.get("nearest") is None:
        # The fields themselves, in place of a mapping from type to fields, are the usual slip.
        error.hint = f'Give the fields under their type: {{"{references[0].name}": {{…}}}}.'
    return error
