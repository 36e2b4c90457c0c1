"""`nodeloom plan`."""

from __future__ import annotations

from typing import Any

import click

from nodeloom.cli.app import FAILED
from nodeloom.cli.options import PlanningCommand, declared_options, job_options
from nodeloom.cli.terminal import say
from nodeloom.run.optionchecks import OnOff
from nodeloom.run.runoptions import Group, Option

_CURL = Option(
    name="as_curl",
    flag="--curl",
    group=Group.OUTPUT,
    default=False,
    check=OnOff(),
    help="Print curl commands for a POSIX shell, secrets masked as ***.",
    planned=True,
)


@click.command("plan", cls=PlanningCommand)
@job_options
@declared_options(_CURL)[0]
def plan(**options: Any) -> int:
    """Show the exact first request of every item, secrets masked, without sending anything.

    It takes the arguments of `nodeloom run`. It prints one line of JSON for each item: method, url, headers, body,
    pairedItem; for an item that could not be sent, its error.

    \b
    Example:
      nodeloom plan threecx "Website Links" "Delete Weblink" --set "Link=O'Brien"
      nodeloom plan threecx "Website Links" "Delete Weblink" --set 'Link=<<$json.Link>>' --items links.csv --curl
    """
    from nodeloom.cli.curl import curl_command
    from nodeloom.cli.job import open_job, open_runtime
    from nodeloom.cli.sink import check_files, json_line, open_sink

    check_files(options)
    failed = 0
    with open_runtime(options) as runtime:
        job = open_job(runtime, options, (lambda _text: None) if options["quiet"] else say)
        with open_sink(options) as sink:
            requests = runtime.plan(
                job.node,
                job.parameters,
                job.items,
                credentials=job.credentials,
                dialect=job.dialect,
                version=job.version,
            )
            sink.begin()
            for planned in requests:
                failed += planned.error is not None
                if options["as_curl"]:
                    line = curl_command(planned).encode("utf-8", "backslashreplace") + b"\n"
                else:
                    line = json_line(planned.to_dict())
                if not sink.write([line]) or not sink.flush():
                    break
    if sink.fault is not None and not sink.closed_by_reader:
        say(f"error: {sink.message}")
    if failed and not options["quiet"]:
        say("1 item could not be sent" if failed == 1 else f"{failed} items could not be sent")
    return FAILED if failed or sink.fault is not None else 0
