"""What a run gives back: outcomes, results, the report."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nodeloom.errors import Effect, NodeloomError, NotRunError
from nodeloom.values import Item, JsonObject


@dataclass(slots=True)
class Outcome:
    """What became of one input item: the items it turned into, or the error it ended with.

    `statuses` are the HTTP statuses of its answers, `retries` how many requests were repeats, `size` the bytes of the
    answers. `told` says that nothing was sent: it is what the run's journal knew already. `cut_short` says that it
    would have been tried again if the run had gone on. `redirect` is the status of the redirect that was followed by
    another method (a 302 after a POST makes a GET): the service took the request, and what it did with it only it can
    say. `effect` is what the item's requests may have done.
    """

    index: int
    items: list[Item] = field(default_factory=list)
    error: NodeloomError | None = None
    statuses: tuple[int, ...] = ()
    retries: int = 0
    size: int = 0
    told: bool = False
    cut_short: bool = False
    redirect: int | None = None
    effect: Effect = Effect.NONE

    def results(self) -> list[Item]:
        """The results: `{"json": …, "pairedItem": {"item": index}}`, or one that holds the error."""
        paired = {"item": self.index}
        if self.error is not None:
            error = self.error.to_dict()
            return [{"json": {"error": error}, "error": error, "pairedItem": paired}]
        marks = {} if self.redirect is None else {"redirect": self.redirect}
        return [{**item, **marks, "pairedItem": paired} for item in self.items]


@dataclass(slots=True)
class Counts:
    """How many items were read, and what became of them; `results` counts the items that came out."""

    items: int = 0
    succeeded: int = 0
    failed: int = 0
    not_run: int = 0
    results: int = 0

    def to_dict(self) -> dict[str, int]:
        """The counts as JSON, in the report and in progress events."""
        return {
            "items": self.items,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "notRun": self.not_run,
            "results": self.results,
        }


@dataclass(slots=True)
class JournalReport:
    """What a run has to do with its journal, the `file`.

    `told` counts the outcomes that were there from an earlier run, `repeated` the items that one may have sent already
    and that were sent again, `unknown` the items of which only the service can tell whether they were done. `lost` is
    how many commits at the end of its log were missing, after a power failure as a rule; what they said was done again.
    """

    file: str
    told: int = 0
    repeated: int = 0
    unknown: int = 0
    lost: int = 0

    def to_dict(self) -> JsonObject:
        """The same as JSON; `lost` only if something was lost."""
        counts = {"told": self.told, "repeated": self.repeated, "unknown": self.unknown}
        return {"file": self.file, **counts, **({"lost": self.lost} if self.lost else {})}


@dataclass(slots=True)
class RunReport:
    """The account of one run. `duration` is in seconds; `statuses` and `errors` count by HTTP status and error code.

    `refused` counts requests whose refusal paced the run, `waited` the seconds in which a rate or a pause held it back,
    `retries_denied` repeats that its retry budget did not allow. `complete` is False when a stopped run left input
    unread. `journal` is there when the run has one.
    """

    node: str
    resource: str | None = None
    operation: str | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration: float = 0.0
    counts: Counts = field(default_factory=Counts)
    retries: int = 0
    retries_denied: int = 0
    refused: int = 0
    waited: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    stopped: str | None = None
    complete: bool = True
    journal: JournalReport | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        counts = self.counts
        counts.items += 1
        self.retries += outcome.retries
        for status in outcome.statuses:
            self.statuses[status] += 1
        if outcome.error is None:
            counts.succeeded += 1
            counts.results += len(outcome.items)
            return
        self.errors[outcome.error.code] += 1
        if isinstance(outcome.error, NotRunError):
            counts.not_run += 1
        else:
            counts.failed += 1

    @property
    def succeeded(self) -> bool:
        """Whether every item was run and succeeded."""
        return self.counts.failed == 0 and self.counts.not_run == 0 and self.complete

    def to_dict(self) -> JsonObject:
        """The report as JSON; `schemas/run-report.schema.json` describes it."""
        from nodeloom import __version__

        return {
            "nodeloom": __version__,
            "node": self.node,
            "resource": self.resource,
            "operation": self.operation,
            "startedAt": self.started_at.isoformat().replace("+00:00", "Z"),
            "duration": round(self.duration, 6),
            "counts": self.counts.to_dict(),
            "retries": self.retries,
            "retriesDenied": self.retries_denied,
            "refused": self.refused,
            "waited": round(self.waited, 6),
            "statuses": {str(k): self.statuses[k] for k in sorted(self.statuses)},
            "errors": {k: self.errors[k] for k in sorted(self.errors)},
            "stopped": self.stopped,
            "complete": self.complete,
            "journal": self.journal.to_dict() if self.journal is not None else None,
        }


class Kept:
    """Outcomes in the order they were added.

    The garbage collector goes through everything that may be part of a cycle, again and again while a run's outcomes
    pile up. Nearly all of them are one item of JSON and nothing else to tell: of these the JSON is kept, a dict the
    collector mostly passes by, and the outcome is made when it is asked for. All others are kept as they came.
    """

    __slots__ = ("_indexes", "_rows", "_sizes", "_statuses")

    def __init__(self, whole: Iterable[Outcome] = ()) -> None:
        # What an outcome's one item holds under "json", with its index and size in the arrays; or the outcome.
        self._rows: list[JsonObject | Outcome] = list(whole)
        self._indexes = array("q")
        self._sizes = array("q")
        self._statuses: tuple[int, ...] | None = None

    def add(self, outcome: Outcome) -> None:
        """Keep one more."""
        items = outcome.items
        plain = outcome.error is None and outcome.effect is Effect.DONE and outcome.redirect is None
        if plain and len(items) == 1 and not outcome.retries and not outcome.told:
            item = items[0]
            json = item.get("json")
            if type(json) is dict and len(item) == 1:
                if self._statuses is None:
                    self._statuses = outcome.statuses
                if outcome.statuses == self._statuses:
                    self._rows.append(json)
                    self._indexes.append(outcome.index)
                    self._sizes.append(outcome.size)
                    return
        self._rows.append(outcome)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Outcome]:
        """The outcomes; those made for it are new ones each time."""
        statuses = self._statuses or ()
        plain = zip(self._indexes, self._sizes, strict=True)
        for row in self._rows:
            if type(row) is Outcome:
                yield row
            else:
                index, size = next(plain)
                yield Outcome(index, [{"json": row}], None, statuses, 0, size, effect=Effect.DONE)

    def results(self) -> Iterator[Item]:
        """The results of all outcomes."""
        indexes = iter(self._indexes)
        for row in self._rows:
            if type(row) is Outcome:
                yield from row.results()
            else:
                yield {"json": row, "pairedItem": {"item": next(indexes)}}

    def whole(self) -> Iterator[Outcome]:
        """The outcomes that were kept as they came; those with an error are among them."""
        return (row for row in self._rows if type(row) is Outcome)


class RunResult:
    """All outcomes of a run, in the order the run gave them (input order by default), and its report."""

    __slots__ = ("_kept", "_outcomes", "report")

    def __init__(self, outcomes: Kept | Iterable[Outcome], report: RunReport) -> None:
        self._kept = outcomes if isinstance(outcomes, Kept) else Kept(outcomes)
        self._outcomes: list[Outcome] | None = None
        self.report = report

    def __repr__(self) -> str:
        return f"RunResult({len(self._kept)} outcomes, {self.report!r})"

    @property
    def outcomes(self) -> list[Outcome]:
        """One outcome for each item, the same list each time."""
        if self._outcomes is None:
            self._outcomes = list(self._kept)
            # A change to an outcome shows in the items.
            self._kept = Kept(self._outcomes)
        return self._outcomes

    @property
    def items(self) -> list[Item]:
        """The results of all outcomes, failed items among them; each has `pairedItem`."""
        return list(self._kept.results())

    @property
    def errors(self) -> list[NodeloomError]:
        """The errors of the items that failed or were not run."""
        return [outcome.error for outcome in self._kept.whole() if outcome.error is not None]
