"""`nodeloom run`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from nodeloom.cli.app import FAILED, INTERRUPTED, in_own_process, show_error
from nodeloom.cli.options import GroupedCommand, job_options, naming_flags, run_keywords
from nodeloom.cli.terminal import say
from nodeloom.errors import NodeloomError
from nodeloom.redaction import forget_locals

if TYPE_CHECKING:
    from nodeloom.cli.interruption import Interruption
    from nodeloom.cli.job import Job, Options
    from nodeloom.cli.sink import Sink
    from nodeloom.outcomes import RunReport
    from nodeloom.run.events import Observer
    from nodeloom.run.runoptions import RunKeywords


@click.command("run", cls=GroupedCommand)
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
    from nodeloom.cli.interruption import Interruption
    from nodeloom.cli.job import open_job, open_runtime
    from nodeloom.cli.logoption import logs
    from nodeloom.cli.sink import Sink, check_files, open_output, open_sink
    from nodeloom.outcomes import RunReport

    check_files(options)
    keywords = run_keywords(options)
    note = _say_nothing if options["quiet"] else say
    broken = False
    # The outermost block, so that the second signal ends the command, no matter what it waits for.
    with Interruption(own_process=in_own_process()) as signals:
        with logs(options["log"], options["log_level"], options["log_file"]), open_runtime(options) as runtime:
            job = open_job(runtime, options, note)
            # Both files are opened before anything is sent: a run whose results cannot be written is not begun.
            report_file = open_output(options["report"]) if options["report"] else None
            report = RunReport(job.node)
            with Sink(report_file, options["report"] or "") as report_sink, open_sink(options) as sink:
                try:
                    _run(job, keywords, options, [sink, report_sink], report, signals)
                except NodeloomError as fault:
                    if not _has_sent(report):
                        raise
                    # Something was sent, so the run ends as any other does: with its summary and its report.
                    forget_locals(fault)
                    show_error(fault)
                    broken = True
                finally:
                    if report_file is not None and sink.begun:
                        _write_report(report, report_sink)
        return _tell_end(report, signals, [sink, report_sink], options) or (FAILED if broken else 0)


def _has_sent(report: RunReport) -> bool:
    told = report.journal.told if report.journal is not None else 0
    return report.counts.succeeded + report.counts.failed > told


def _say_nothing(_text: str) -> None:
    return


def _write_report(report: RunReport, sink: Sink) -> None:
    from nodeloom.printable import json_text

    sink.write([json_text(report.to_dict(), 2).encode() + b"\n"])
    sink.flush()


def _run(
    job: Job,
    keywords: RunKeywords,
    options: Options,
    sinks: list[Sink],
    report: RunReport,
    signals: Interruption,
) -> None:
    """The run itself: each outcome is written to the first of `sinks` as it comes, after a signal too.

    Args:
        job: what to run.
        keywords: how it is run, by the options of the table.
        options: the command's own.
        sinks: the results', then the report's.
        report: what is filled in.
        signals: what ends the run early.
    """
    from nodeloom.cli.progress.display import chosen, progress
    from nodeloom.cli.progress.standing import Gauge
    from nodeloom.cli.sink import encoder
    from nodeloom.run.stop import Stop

    stop = Stop()
    failure = None
    sink = sinks[0]

    def give_up() -> None:
        for each in sinks:
            each.give_up()

    signals.watch(stop, options["concurrency"], give_up)
    with contextlib.ExitStack() as opened:
        keywords = {
            **keywords,
            "credentials": job.credentials,
            "version": job.version,
            "dialect": job.dialect,
            "stop": stop,
            "observer": _telemetry() if options["telemetry"] else None,
        }
        with naming_flags():
            outcomes = job.runtime.stream(job.node, job.parameters, job.items, report=report, **keywords)
        on_screen = options["output"] in (None, "-") and sys.stdout is not None and sys.stdout.isatty()
        kind = chosen(options["progress"], quiet=options["quiet"], results_on_screen=on_screen)
        opened.enter_context(progress(kind, Gauge(report, lambda: job.meter.total)))
        # However the loop ends, the run ends with it, and the report is whole.
        opened.enter_context(contextlib.closing(outcomes))
        sink.begin()
        encode = encoder(0)
        for outcome in outcomes:
            well = sink.write(map(encode, outcome.results()))
            if not outcomes.ready:
                # No outcome is left to write now, and the next may take long.
                well = sink.flush()
                encode = encoder(report.counts.results)
            if not well:
                stop.set()
            if failure is None and outcome.error is not None and outcome.error.code != "not_run":
                failure = outcome.error
    if failure is not None and options["on_error"] == "stop":
        show_error(failure)


def _telemetry() -> Observer:
    from nodeloom.telemetry import Telemetry, is_set_up

    if not is_set_up():
        say("warning: --telemetry records nothing: no OpenTelemetry SDK is set up (opentelemetry-instrument).")
    return Telemetry()


def _tell_end(report: RunReport, signals: Interruption, sinks: list[Sink], options: Options) -> int:
    from nodeloom.cli.progress.display import journal_line, summary

    broken = [sink for sink in sinks if sink.fault is not None and not sink.closed_by_reader]
    for sink in broken:
        say(f"error: {sink.message}")
    if not options["quiet"]:
        say(summary(report))
        if report.journal is not None:
            say(journal_line(report, report.journal))
    if signals.interrupted:
        return INTERRUPTED
    return 0 if report.succeeded and not broken else FAILED
