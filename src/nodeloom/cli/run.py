"""`nodeloom run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.app import FAILED, INTERRUPTED, show_error
from nodeloom.cli.options import job_options
from nodeloom.cli.terminal import say

if TYPE_CHECKING:
    from nodeloom.cli.job import Job, Options
    from nodeloom.cli.sink import Sink
    from nodeloom.run.result import RunReport


@click.command("run")
@job_options
def run(**options: Any) -> int:
    """Run OPERATION of RESOURCE of NODE for every item; without items, once.

    Results go to standard output as NDJSON, in the items' order, each with the item it came from (pairedItem).
    NODE may also be a path to a node descriptor. A node without resources takes its operation as the second argument.

    \b
    Example:
      nodeloom run threecx "Website Links" "List Weblink" --set Options.Top=5
      nodeloom run threecx "Website Links" "Delete Weblink" --set 'Link=<<$json.Link>>' --items links.csv
      echo '{"Link": "link-1"}' | nodeloom run threecx "Website Links" "Delete Weblink" --set 'Link={{ $json.Link }}'
    """
    from nodeloom.cli.job import open_job, open_runtime
    from nodeloom.cli.sink import Sink, open_output, open_sink
    from nodeloom.printable import json_text
    from nodeloom.run.result import RunReport

    note = _quiet if options["quiet"] else say
    with open_runtime(options) as runtime:
        job = open_job(runtime, options, note)
        # Both files are opened before anything is sent, so that a run is not made whose results nobody gets.
        report_file = open_output(options["report"], options["items_from"]) if options["report"] else None
        report = RunReport(job.node)
        with Sink(report_file, options["report"] or "") as report_sink, open_sink(options) as sink:
            try:
                interrupted = _run(job, options, sink, report)
            finally:
                if report_file is not None and sink.begun:
                    report_sink.write([json_text(report.to_dict(), 2).encode() + b"\n"])
    return _ended(report, interrupted, [sink, report_sink], options)


def _quiet(_text: str) -> None:
    return


def _run(job: Job, options: Options, sink: Sink, report: RunReport) -> bool:
    """The run itself: every outcome written as it comes, also those after a signal. Whether there was a signal."""
    from nodeloom.cli.interruption import Interruption
    from nodeloom.cli.progress import progress_bar
    from nodeloom.cli.sink import json_line
    from nodeloom.run.stop import Stop

    stop = Stop()
    bar_wanted = not options["quiet"] and (options["output"] not in (None, "-") or not sys.stdout.isatty())
    failure = None
    with progress_bar(job.total, wanted=bar_wanted) as progress, Interruption(stop, options["concurrency"]) as signals:
        outcomes = job.runtime.stream(
            job.node,
            job.parameters,
            job.items,
            credentials=job.credentials,
            on_error=options["on_error"],
            concurrency=options["concurrency"],
            coalesce=options["coalesce"],
            ordered=not options["unordered"],
            stop=stop,
            dialect=job.dialect,
            version=job.version,
            report=report,
        )
        sink.begin()
        for outcome in outcomes:
            if not sink.write(map(json_line, outcome.results())):
                stop.set()
            if failure is None and outcome.error is not None and outcome.error.code != "not_run":
                failure = outcome.error
            progress.show(report)
    if failure is not None and options["on_error"] == "stop":
        show_error(failure)
    return signals.interrupted


def _ended(report: RunReport, interrupted: bool, sinks: list[Sink], options: Options) -> int:
    from nodeloom.cli.progress import summary

    broken = [sink for sink in sinks if sink.fault is not None and not sink.closed_by_reader]
    for sink in broken:
        say(f"error: {sink.message}")
    if not options["quiet"]:
        say(summary(report))
    if interrupted:
        return INTERRUPTED
    return 0 if report.succeeded and not broken else FAILED
