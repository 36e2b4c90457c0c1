"""Whether a journal says what was written into it: each row, all rows together, and none of the last is missing."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nodeloom.journal.checksum import Checksums, wrapped
from nodeloom.journal.commitmark import SIZE, Mark
from nodeloom.journal.databaselayout import check_kind, mark_offset
from nodeloom.journal.entries import COLUMNS, State
from nodeloom.journal.journalplace import DamagedFile

_ITEMS = f"SELECT {COLUMNS}, total FROM item ORDER BY position"  # noqa: S608 - a constant
_FACTS = "SELECT name, value, tick, checksum, total FROM fact"
_NEEDED = {"identity", "repeatable"}
# Where SQLite's header says which versions of it may write and read the file.
_VERSIONS_AT = 18
# So many items with damaged rows are named.
_NAMED = 5


def lenient(connection: sqlite3.Connection) -> None:
    """Let a connection read texts that are damaged: what holds by its checksum is not changed by it."""
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")


@dataclass(slots=True)
class Examination:
    """What a look at all of a journal found.

    `facts` are those that hold, with `fact_checksums`; `journal` is the journal's name for itself. `counts` are the
    items that hold by their state, `end` the position after the last of them. `tick` and `total` are those of the last
    commit.
    `damage` says in words what does not hold, and `lost` how many commits are known of that cannot be found.
    """

    checksums: Checksums
    journal: bytes
    facts: dict[str, Any] = field(default_factory=dict)
    fact_checksums: dict[str, int] = field(default_factory=dict)
    counts: Counter[State] = field(default_factory=Counter)
    end: int = 0
    tick: int = 0
    total: int = 0
    damage: list[str] = field(default_factory=list)
    lost: int = 0
    _sum: int = 0
    _bad: list[int] = field(default_factory=list)

    @property
    def words_for_lost(self) -> str:
        """What is missing."""
        commits = "last commit is" if self.lost == 1 else f"last {self.lost} commits are"
        return f"its log has lost its end: the {commits} missing"

    def _see(self, tick: int, total: Any, checksum: int) -> None:
        self._sum += checksum
        if tick > self.tick:
            self.tick = tick
            self.total = total


def examine(connection: sqlite3.Connection, read: Callable[[int, int], bytes]) -> Examination:
    """Look at all of the journal behind a `lenient` connection.

    `read(size, offset)` gives bytes of the file itself. Raises UnfitFile for what is not a journal of this
    format, and DamagedFile for one that does not even say what it is about.
    """
    check_kind(connection)
    # Read before the rows: a run that goes on writes the mark after them.
    mark = read(SIZE, mark_offset(connection))
    connection.execute("BEGIN")
    try:
        found = _with_facts(connection)
        try:
            _add_items(connection, found)
        except (sqlite3.Error, OverflowError) as fault:
            found.damage.append(f"SQLite cannot read on after item {found.end - 1}: {fault}")
        _check_pages(connection, found)
    finally:
        connection.execute("COMMIT")
    _check_together(found)
    _check_mark(found, mark)
    if not set(read(2, _VERSIONS_AT)) <= {1, 2}:
        # SQLite would read it and not write it, as if a later version had made it.
        found.damage.append("its header was changed")
    return found


def _with_facts(connection: sqlite3.Connection) -> Examination:
    rows = connection.execute(_FACTS).fetchall()
    journal = next((value for name, value, *_ in rows if name == "journal"), None)
    try:
        name = bytes.fromhex(json.loads(str(journal)))
    except (TypeError, ValueError):
        raise DamagedFile("what it knows of its run is missing") from None
    found = Examination(Checksums(name), name)
    for fact, value, tick, checksum, total in rows:
        if not found.checksums.fact_holds(fact, value, tick, checksum):
            if fact == "journal":
                raise DamagedFile("what it knows of its run was changed")
            found.damage.append(f"what it knows of its run was changed ({fact})")
            continue
        found.facts[fact] = json.loads(value)
        found.fact_checksums[fact] = checksum
        found._see(tick, total, checksum)
    if not found.damage and not found.facts.keys() >= _NEEDED:
        found.damage.append("what it knows of its run is missing")
    return found


def _add_items(connection: sqlite3.Connection, found: Examination) -> None:
    holds = found.checksums.row_holds
    for *row, tick, checksum, total in connection.execute(_ITEMS):
        if not holds(row, tick, checksum):
            found._bad.append(row[0])
            continue
        found.counts[State(row[2])] += 1
        found.end = row[0] + 1
        found._see(tick, total, checksum)


def _check_pages(connection: sqlite3.Connection, found: Examination) -> None:
    try:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as fault:
        answer = (str(fault),)
    if answer != ("ok",):
        found.damage.append(f"its pages do not hold together (SQLite: {' '.join(str(answer and answer[0]).split())})")


def _check_together(found: Examination) -> None:
    bad = found._bad
    if bad:
        named = ", ".join(map(str, bad[:_NAMED])) + (f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else "")
        items = "item" if len(bad) == 1 else "the items"
        found.damage.insert(0, f"what it says of {items} {named} was changed")
    elif not found.damage and wrapped(found._sum) != found.total:
        found.damage.append("rows are missing, or were put in the place of others")


def _check_mark(found: Examination, raw: bytes) -> None:
    try:
        mark = Mark.of(raw)
    except ValueError:
        found.damage.append("the mark of its last commit was changed")
        return
    if mark is None:
        return
    if mark.journal != found.journal:
        # What is seen is the other's.
        raise DamagedFile("its log {path}-wal is that of another journal")
    if mark.tick > found.tick:
        found.lost = mark.tick - found.tick
