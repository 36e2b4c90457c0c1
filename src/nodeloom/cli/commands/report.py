"""`nodeloom report`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.terminal import say, show
from nodeloom.errors import ConfigurationError

if TYPE_CHECKING:
    from nodeloom.journal.entries import Entry
    from nodeloom.journal.journalreader import JournalReader

# How many items are told by name below the summary; `--json` tells all.
_TOLD = 20
# What was in flight at a crash and may not happen twice counts as unknown, so that the rest is repeated.
_REPEATED = "repeated when the run is gone on with"


@click.command("report")
@click.argument("journal", type=click.Path(path_type=str), metavar="JOURNAL")
@click.option("--failed", is_flag=True, help="Print the items that failed, as NDJSON, to be run again.")
@click.option(
    "--unknown",
    is_flag=True,
    help="Print the items that may have been done or not, as NDJSON; to be checked before they are run again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every outcome, as NDJSON.")
def report(journal: str, failed: bool, unknown: bool, as_json: bool) -> int:
    """Tell what became of every item of a run, by its JOURNAL (run --journal JOURNAL).

    Works while the run goes on, and after it was killed. The journal is not changed. Of one that is damaged, what is
    whole is printed, and the exit code is 2. With --failed and --unknown, what
    is printed are the items themselves as they were given, secrets masked; together with --json, their outcomes.

    \b
    Example:
      nodeloom report run.journal
      nodeloom report run.journal --json | jq 'select(.state != "succeeded")'
      nodeloom report run.journal --failed > again.ndjson
    """
    from nodeloom.journal.entries import FAILURES, State
    from nodeloom.journal.journalreader import JournalReader

    wanted = [*(FAILURES if failed else ()), *([State.UNKNOWN] if unknown else ())] or None
    with JournalReader(journal) as reader:
        if as_json:
            _print(_outcomes(reader, wanted))
        elif wanted is not None:
            _print(_items(reader, wanted))
        else:
            for line in _summary(reader):
                show(line)
        if reader.damage is not None:
            # Said after what could be read, and by the exit code: nothing above is all there was.
            raise reader.damage
    return 0


def _outcomes(reader: JournalReader, states: Any) -> Iterator[Any]:
    from nodeloom.journal.journalreader import to_dict

    yield from map(to_dict, reader.entries(states))


def _items(reader: JournalReader, states: Any) -> Iterator[Any]:
    without = 0
    for entry in reader.entries(states):
        if entry.item is None:
            without += 1
        else:
            yield json.loads(entry.item)
    if without:
        items = "1 item" if without == 1 else f"{without} items"
        say(f"{items} could not be read from the input, and so cannot be printed.")


def _print(values: Iterator[Any]) -> None:
    """Write values to standard output as NDJSON, as long as somebody reads them."""
    from nodeloom.cli.sink import Sink, json_line

    with Sink() as sink:
        for value in values:
            if not sink.write([json_line(value)]):
                break
    if sink.fault is not None and not sink.closed_by_reader:
        raise ConfigurationError(sink.message)


def _summary(reader: JournalReader) -> Iterator[str]:
    from nodeloom.cli.columns import columns
    from nodeloom.journal.entries import FAILURES, State

    account = reader.account()
    rows: list[tuple[str, str, str]] = [
        ("succeeded", str(account.succeeded), ""),
        ("failed", str(account.failed), "run again with: --retry-failed" if account.failed else ""),
        ("unknown", str(account.unknown), "may have been done; never sent again by itself" if account.unknown else ""),
        ("in flight", str(account.in_flight), "" if reader.live or not account.in_flight else _REPEATED),
    ]
    if account.not_run is None:
        whole = reader.damage is None
        rows.append(("not run", "?", "the input was not read to its end" if whole else "the journal is damaged"))
    else:
        rows.append(("not run", str(account.not_run), ""))
    notes = [" (a run is going on)"] if reader.live else []
    notes += [" (damaged: what is whole is counted)"] if reader.damage is not None else []
    yield f"{reader.path}: {reader.title}{''.join(notes)}"
    width = max(len(count) for _state, count, _note in rows)
    yield from columns([(f"  {state}", count.rjust(width), note) for state, count, note in rows])
    yield from map(_line, itertools.islice(reader.entries((*FAILURES, State.UNKNOWN)), _TOLD))
    more = account.failed + account.unknown - _TOLD
    if more > 0:
        yield f"  … and {more} more: nodeloom report {reader.path} --json"


def _line(entry: Entry) -> str:
    from nodeloom.journal.entries import State

    error = entry.outcome().error
    if error is None:
        raise ConfigurationError(f"Item {entry.position} of the journal failed without an error.")
    state = "unknown" if entry.state is State.UNKNOWN else "failed"
    code = "" if error.code == state else f" ({error.code})"
    return f"  item {entry.position} {state}{code}: {error.message}"
