"""The tables of a journal, and what tells its file from any other.

`fact` holds what is known of the run as a whole, `item` what became of each item. Every row says which commit wrote it
(`tick`, counted over the journal's life), what it held (`checksum`), and the sum of all rows' checksums after that
commit (`total`): docs/journal.md says what that shows. `mark` is empty for ever; see `commitmark.py`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from nodeloom.journal.journalplace import DamagedFile, UnfitFile

# What `PRAGMA application_id` says of a journal ("NLjr"), and the version of its layout.
APPLICATION = 0x4E4C6A72
FORMAT = 2

PAGE_BYTES = 4096

_TABLES = {
    "fact": """CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    tick INTEGER NOT NULL,
    total INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID""",
    "item": """CREATE TABLE item (
    position INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    state INTEGER NOT NULL,
    at REAL NOT NULL,
    item TEXT,
    results TEXT,
    error TEXT,
    statuses TEXT,
    retries INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    total INTEGER NOT NULL,
    checksum INTEGER NOT NULL
)""",
    "mark": "CREATE TABLE mark (unused)",
}


def log_path(place: Path) -> Path:
    """SQLite's write-ahead log of the database at `place`."""
    return place.with_name(f"{place.name}-wal")


def check_log(place: Path) -> None:
    """Raise DamagedFile when there is a log without its journal; SQLite would throw it away."""
    log = log_path(place)
    if log.exists() and log.stat().st_size and not place.stat().st_size:
        raise DamagedFile(f"nothing is in it, and its log {log.name} is still there")


def lay_out(connection: sqlite3.Connection) -> None:
    """Make the tables, inside a transaction."""
    for statement in _TABLES.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def check_kind(connection: sqlite3.Connection) -> None:
    """Raise UnfitFile if the database is not a journal of this format, DamagedFile if its tables were changed.

    Raises sqlite3.Error if it is not a database.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    if application == 0 and not tables:
        raise UnfitFile("The journal {path} is empty.", hint="A run that is given it with --journal fills it.")
    if application != APPLICATION:
        raise UnfitFile("{path} is a database, but no journal of Nodeloom.", hint="Name another file for the journal.")
    if version != FORMAT:
        raise UnfitFile(
            f"The journal {{path}} is of format {version}, this Nodeloom writes format {FORMAT}.",
            hint="Go on with it by the version of Nodeloom that made it, or name another file for the journal.",
        )
    if dict(tables) != _TABLES:
        raise DamagedFile("its tables are not those of a journal any more")


def mark_offset(connection: sqlite3.Connection) -> int:
    """Where in the file the mark is: in the free space of the page that the empty table has."""
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'mark'").fetchone()
    return (int(page) - 1) * PAGE_BYTES + 64
