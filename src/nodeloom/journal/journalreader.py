"""Reading a journal: of a run that ended, crashed, or goes on. Nothing is changed by it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from nodeloom.errors import JournalError
from nodeloom.journal.databaselayout import check_log
from nodeloom.journal.entries import COLUMNS, FAILURES, Entry, State, broken_off
from nodeloom.journal.examination import examine, lenient
from nodeloom.journal.hold import Glance
from nodeloom.journal.journalplace import JournalPlace
from nodeloom.journal.namelock import is_held

_CHUNK = 1000

# How a state is called where people read it.
NAMES = {
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.FAILED_OPEN: "failed",
    State.UNKNOWN: "unknown",
    State.IN_FLIGHT: "in flight",
}


@dataclass(frozen=True, slots=True)
class Account:
    """How many items a journal knows in each state.

    `not_run` is None if the number of items is not known, or the journal is damaged.
    """

    succeeded: int
    failed: int
    unknown: int
    in_flight: int
    not_run: int | None


class JournalReader:
    """A journal, opened for reading; a context manager. Raises JournalError if it is not one, or cannot be read.

    `live` says that a run is writing it now, `facts` what is known of the run, `repeatable` whether its operation may
    happen twice. `damage` is the error for a journal that does not hold together: then only what holds is given.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise JournalError(f"There is no journal {path}.", hint="Give the file that --journal named.")
        place = self._place = JournalPlace.of(self.path)
        with ExitStack() as undo, place.translated():
            glance = Glance(place.real)
            undo.callback(glance.end)
            self.live = glance.held or is_held(place.real)
            check_log(place.real)
            uri = f"{place.real.as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None)
            undo.callback(self._connection.close)
            lenient(self._connection)
            found = self._found = examine(self._connection, glance.read)
            self._close = undo.pop_all()
        self.facts = found.facts
        self.title: str = self.facts.get("title", "")
        self.repeatable: bool = self.facts.get("repeatable", False)
        self.damage = self._damage()

    def _damage(self) -> JournalError | None:
        found = self._found
        words = found.damage + ([found.words_for_lost] if found.lost else [])
        if not words:
            return None
        damage = self._place.damaged(*words)
        if not found.damage and self.repeatable:
            damage.hint = "Go on with the same run: what is missing is done again, which this operation allows."
        if not found.counts:
            self._close.close()
            raise damage
        return damage

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close.close()

    def account(self) -> Account:
        """The counts. What was in flight when a run died counts as unknown if it may not happen twice."""
        counts = self._found.counts
        in_flight, unknown = counts.get(State.IN_FLIGHT, 0), counts.get(State.UNKNOWN, 0)
        if not self.live and not self.repeatable:
            in_flight, unknown = 0, unknown + in_flight
        total = self.facts.get("items")
        begun = sum(counts.values()) - counts.get(State.NOT_RUN, 0)
        not_run = None if total is None or self.damage is not None else max(0, total - begun)
        failed = sum(counts.get(state, 0) for state in FAILURES)
        return Account(counts.get(State.SUCCEEDED, 0), failed, unknown, in_flight, not_run)

    def entries(self, states: Collection[State] | None = None) -> Iterator[Entry]:
        """The entries in the items' order, those in one of `states` only, a bounded number of them in memory.

        Without `states`, all but those of items that were not run.
        What was in flight when a run died is given as unknown if it may not happen twice.
        """
        wanted = set(NAMES if states is None else states)
        dead = not self.live and not self.repeatable
        if dead and State.UNKNOWN in wanted:
            wanted.add(State.IN_FLIGHT)
        # Both parts are made of constants: the states are numbers.
        chosen = ", ".join(str(int(state)) for state in sorted(wanted))
        query = (
            f"SELECT {COLUMNS} FROM item WHERE position >= ? AND state IN ({chosen}) ORDER BY position LIMIT {_CHUNK}"  # noqa: S608
        )
        start = 0
        while True:
            # A part at a time: one long look would keep a run that goes on from carrying its log over.
            with self._place.translated():
                rows = self._connection.execute(query, (start,)).fetchall()
            for row in rows:
                *content, tick, checksum = row
                if self._found.checksums.row_holds(content, tick, checksum):
                    entry = Entry.of(row)
                    yield _as_unknown(entry) if dead and entry.state is State.IN_FLIGHT else entry
            if len(rows) < _CHUNK:
                return
            start = rows[-1][0] + 1


def _as_unknown(entry: Entry) -> Entry:
    error = json.dumps(broken_off(entry.position).to_dict())
    return Entry(entry.position, entry.digest, State.UNKNOWN, entry.at, entry.item, None, error, None, 0)


def to_dict(entry: Entry) -> dict[str, Any]:
    """An entry as JSON; `schemas/journal-entry.schema.json` describes it."""
    document: dict[str, Any] = {
        "item": entry.position,
        "state": NAMES[entry.state],
        "at": datetime.fromtimestamp(entry.at, UTC).isoformat().replace("+00:00", "Z"),
        "statuses": json.loads(entry.statuses) if entry.statuses is not None else [],
        "retries": entry.retries,
    }
    if entry.state is not State.IN_FLIGHT:
        document["results"] = entry.outcome().results()
    if entry.item is not None:
        document["input"] = json.loads(entry.item)
    return document
